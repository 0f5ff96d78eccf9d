"""Collecting and learning."""
