"""Learning to steer points to their targets."""
