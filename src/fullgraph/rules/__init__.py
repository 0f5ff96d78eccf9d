"""The rules: one file each, found by their place in this package."""
