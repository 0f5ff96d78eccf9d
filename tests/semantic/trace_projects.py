"""Runs projects under torch and says which functions Dynamo traced; no test in itself.

usage: trace_projects.py ANSWERS FOLDER...

ANSWERS gets, for each folder, the files and first rows of the functions that Dynamo traced while ``drive.py`` ran.
Each runs in a fork of its own, since the projects have modules of the same names.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import torch
from torch._dynamo import symbolic_convert


def watch(seen: set[tuple[str, int]]) -> None:
    """Note the code that Dynamo goes through, and compile with the backend that takes no time."""
    run = symbolic_convert.InstructionTranslatorBase.run
    compile_ = torch.compile

    def noting(translator: Any) -> Any:
        code = translator.f_code
        if code.co_name == "<lambda>" or not code.co_name.startswith("<"):
            seen.add((code.co_filename, code.co_firstlineno))
        return run(translator)

    def compile_at_once(model: Any = None, **options: Any) -> Any:
        return compile_(model, **{**options, "backend": "eager"})

    symbolic_convert.InstructionTranslatorBase.run = noting
    torch.compile = compile_at_once


def traced(folder: Path) -> dict[str, list[int]]:
    """Run one project."""
    seen: set[tuple[str, int]] = set()
    watch(seen)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    runpy.run_path(str(folder / "drive.py"))
    found: dict[str, list[int]] = {}
    for filename, row in sorted(seen):
        path = Path(filename)
        if path.is_relative_to(folder):
            found.setdefault(path.relative_to(folder).as_posix(), []).append(row)
    return found


def in_a_fork(folder: Path) -> Any:
    """The answer for one project, or the error that it ended with."""
    with tempfile.NamedTemporaryFile("r") as file:
        child = os.fork()
        if not child:
            try:
                answer: Any = traced(folder)
            except BaseException:
                answer = traceback.format_exc()
            Path(file.name).write_text(json.dumps(answer))
            os._exit(0)
        os.waitpid(child, 0)
        return json.load(file)


def main() -> None:
    """Answer."""
    answers, *folders = sys.argv[1:]
    torch.ones(1) + 1
    found = {folder: in_a_fork(Path(folder).resolve()) for folder in folders}
    Path(answers).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
