"""What may be asked about source code: text and positions, scopes, names, kinds and the traced region.

Everything here is computed from one file's bytes, without importing or executing it, and never raises on user code.
"""
