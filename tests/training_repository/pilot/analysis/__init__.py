"""Looking at what was learned, after a run."""
