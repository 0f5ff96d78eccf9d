"""TFG4xx: device moves and host synchronisation."""
