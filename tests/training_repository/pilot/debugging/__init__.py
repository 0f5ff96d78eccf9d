"""For the day on which nothing works. Nothing here is imported by a run."""
