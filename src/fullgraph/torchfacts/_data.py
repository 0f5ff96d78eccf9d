"""Reading the JSON tables that lie beside this module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def load(name: str) -> Any:
    """Return the parsed content of ``name``, a JSON file of this package.

    Raises:
        OSError: the file is missing, that is, the installation is damaged.

    """
    # importlib.resources would cost more to import than the table to read.
    return json.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))
