"""``python -m fullgraph``: the command line."""

from __future__ import annotations

import sys

from fullgraph.cli import main

if __name__ == "__main__":
    sys.exit(main())
