"""Runs ``drive.py`` of a project under torch and prints where Dynamo breaks the graph; no test in itself.

usage: break_project.py FOLDER
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from pathlib import Path
from typing import Any

import torch

from fullgraph.verify.messages import break_of
from fullgraph.verify.torchlog import listening


def main() -> None:
    """Print file and row of each break."""
    folder = Path(sys.argv[1]).resolve()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    compile_ = torch.compile

    def compile_at_once(model: Any = None, **options: Any) -> Any:
        return compile_(model, **{**options, "backend": "eager"})

    torch.compile = compile_at_once
    with listening("") as log:
        runpy.run_path(str(folder / "drive.py"))
    found: dict[tuple[str, int], None] = {}
    for each in map(break_of, log.breaks):
        assert each is not None
        places = [(Path(place.path), place.row) for place in each.places]
        mine = [(path.relative_to(folder).as_posix(), row) for path, row in places if path.is_relative_to(folder)]
        found[next(place for place in mine if place[0] != "drive.py")] = None
    sys.stdout.write(json.dumps(list(found)))


if __name__ == "__main__":
    main()
