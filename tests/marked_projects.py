"""Projects with what is to be found in comments beside their lines: copied, linted, and imported anew."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent / "src"), "PYTHONWARNINGS": "error"}
_FOUND = re.compile(r"^([^:]+):(\d+):\d+: (TFG\d+) ", re.MULTILINE)
_MARK = re.compile(r"# (TFG\d+)$")


def copied(folder: Path, to: Path, monkeypatch: pytest.MonkeyPatch, *left_out: str) -> Path:
    """A copy of a project, as a repository of its own and as the directory to stand in."""
    copy = to / "project"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("__pycache__", *left_out))
    (copy / ".git").mkdir()
    monkeypatch.chdir(copy)
    return copy


def run(*arguments: str, **environment: str) -> str:
    """The findings, one in each line."""
    command = [sys.executable, "-m", "fullgraph", "check", "--quiet", "--output-format", "concise", *arguments]
    done = subprocess.run(
        command, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in {0, 1}, done.stderr
    assert done.stderr == ""
    return done.stdout


def marked(folder: Path) -> set[tuple[str, int, str]]:
    """What is to be found, by file and row."""
    return {
        (path.relative_to(folder).as_posix(), row, mark.group(1))
        for path in folder.rglob("*.py")
        for row, line in enumerate(path.read_text().splitlines(), 1)
        if (mark := _MARK.search(line))
    }


def found(out: str) -> set[tuple[str, int, str]]:
    """What was found, by file and row."""
    return {(path, int(row), code) for path, row, code in _FOUND.findall(out)}


@contextmanager
def importable(folder: Path, monkeypatch: pytest.MonkeyPatch, *packages: str) -> Iterator[None]:
    """Have a project's packages be imported anew, and be forgotten afterwards."""
    monkeypatch.syspath_prepend(str(folder))
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]
