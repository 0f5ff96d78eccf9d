"""What a run prints: findings as text or JSON, the statistics and the summary.

Everything here is a function from findings to text. Nothing writes, so every front end can use it.
"""
