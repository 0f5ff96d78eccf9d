"""Applying fixes: the only part of fullgraph that changes a file, and the only importer of LibCST.

`fix_source` turns a file's bytes into fixed bytes, in rounds; `write` puts bytes into a file, all of them or none.
"""

from __future__ import annotations

from fullgraph.fix.rounds import Fixed, fix_source, is_applied

__all__ = ["Fixed", "fix_source", "is_applied"]
