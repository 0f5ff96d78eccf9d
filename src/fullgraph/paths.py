"""How paths are written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def display_path(path: Path | str) -> str:
    """Write a path as people should read it: relative where it lies below the working directory, else absolute."""
    here, absolute = os.getcwd(), absolute_path(path)  # noqa: PTH109 - asked for each file
    return os.curdir if absolute == here else absolute.removeprefix(here.rstrip(os.sep) + os.sep)


def absolute_path(path: Path | str) -> str:
    """Make a path absolute and plain, without following symbolic links."""
    return os.path.abspath(path)  # noqa: PTH100 - asked for each file
