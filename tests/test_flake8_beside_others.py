"""The built package in a fresh virtual environment, beside other flake8 plugins. Needs the package index."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = """import torch


@torch._dynamo.disable
def f(x, seen=[]):
    torch._assert(x.ndim == 1, "documented in spite of its name")
    return torch.solve(x, torch._foreach_norm(seen))
"""
FINDINGS = ["4:2: TFG101", "5:15: B006", "7: TOR001", "7:27: TFG101"]
"""TorchFix counts its columns differently, so its column is left out."""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=600)


def test_beside_bugbear_and_torchfix(tmp_path: Path) -> None:
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    work = tmp_path / "work"
    (work / ".git").mkdir(parents=True)
    for command in (
        [sys.executable, "-m", "venv", tmp_path / "venv"],
        [python, "-m", "pip", "install", "--quiet", "flake8", "flake8-bugbear", "torchfix", ROOT],
    ):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
    for name in ("a.py", "b.py"):
        (work / name).write_text(FILE)
    done = run(python, "-m", "flake8", "-j2", ".", cwd=work)
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == ""
    found = [" ".join(line.split(" ")[:2]) for line in done.stdout.splitlines()]
    found = [re.sub(r":\d+: TOR", ": TOR", place) for place in found]
    assert found == [f"./{name}:{place}" for name in ("a.py", "b.py") for place in FINDINGS]
    assert "use `torch.foreach.norm`, public since torch 2.15" in done.stdout, "the tables must be in the package"
