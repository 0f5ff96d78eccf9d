"""TFG2xx: what splits or stops the graph."""
