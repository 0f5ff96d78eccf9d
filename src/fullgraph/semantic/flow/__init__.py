"""What values are where they stand: a flow-sensitive abstract interpreter over one function at a time."""
