"""Finds the rules, plans who looks at what, runs them over one file, and applies suppressions."""
