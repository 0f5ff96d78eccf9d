"""TFG1xx: torch's private surface."""
