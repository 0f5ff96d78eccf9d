"""Functions that the settings call hot, across the files of a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph.cli import main

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
TRAIN = """
from pkg.helpers import note


class Trainer:
    def step(self, x):
        note(x)

    def report(self, x):
        print(x)
"""
HELPERS = """
import torch
from torch import Tensor


def note(x: Tensor):
    return float(x)


def cold(x: Tensor):
    return float(x)


@torch.compiler.disable
def rows(x: Tensor):
    return [float(row) for row in x]
"""


def lint(root: Path, *arguments: str) -> list[tuple[int, str]]:
    command = [sys.executable, "-m", "fullgraph", "check", "--output-format", "json", *arguments, str(root)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert outcome.returncode in (0, 1), outcome.stderr
    found = json.loads(outcome.stdout)
    findings = found["findings"] if isinstance(found, dict) else found
    return [(each["location"]["row"], each["code"]) for each in findings]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "pkg"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "train.py").write_text(TRAIN)
    (package / "helpers.py").write_text(HELPERS)
    (tmp_path / "pyproject.toml").write_text('[tool.fullgraph]\nhot = ["pkg.train:Trainer.step"]\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_hot_functions_call_is_hot(project: Path) -> None:
    for _ in range(2):  # the second from the cache
        assert lint(project) == [(7, "TFG403"), (16, "TFG402")]
    assert lint(project, "--no-cache", "--jobs", "1") == [(7, "TFG403"), (16, "TFG402")]


def test_other_hot_functions_are_not_taken_from_the_cache(project: Path) -> None:
    lint(project)
    assert lint(project, "--hot", "pkg.helpers:cold") == [(11, "TFG403"), (16, "TFG402")]


def test_the_rule_is_off_unless_something_is_hot(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.fullgraph]\n")
    assert lint(project) == [(16, "TFG402")]
    assert lint(project, "--select", "TFG403") == []
    assert lint(project, "--hot", "*:cold", "--ignore", "TFG403") == [(16, "TFG402")]


def test_a_file_outside_of_any_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alone.py").write_text(HELPERS)
    assert lint(tmp_path / "alone.py") == [(16, "TFG402")]
    assert lint(tmp_path / "alone.py", "--hot", "alone:cold") == [(11, "TFG403"), (16, "TFG402")]


def test_a_pattern_that_names_no_function_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "pyproject.toml").write_text(
        '[tool.fullgraph]\nhot = [\n  "pkg.train:Trainer.step",\n  "pkg.trian:Trainer.*",\n]\n'
    )
    for _ in range(2):  # the second from the cache
        main(["check", "-q", "--traced-functions", "pkg.helpers:col"])
        assert capsys.readouterr().err == (
            "fullgraph: warning: --traced-functions: no function is called 'pkg.helpers:col'\n"
            "fullgraph: warning: pyproject.toml:4: no function is called 'pkg.trian:Trainer.*'\n"
        )
    main(["check", "-q", "--hot", "*:cold", "--traced-functions", "pkg.*:*"])
    assert capsys.readouterr().err == ""


RECORDS = """
from dataclasses import dataclass

from torch import Tensor


@dataclass
class Outcome:
    loss: Tensor
    name: str


def compute(x) -> Outcome:
    ...


def smallest(x) -> Tensor:
    ...
"""
READER = """
import torch

from .records import Outcome, compute, smallest


def step(outcome: Outcome, x):
    first = outcome.loss.item()
    if outcome.name:
        first = smallest(x).item()
    rows = [smallest(i).item() for i in range(100)]
    for epoch in range(3):
        rows.append(compute(x).loss.tolist())
    return first, rows, outcome.name.item()
"""


def test_what_other_files_say_counts_in_hot_code(project: Path) -> None:
    (project / "pkg" / "records.py").write_text(RECORDS)
    (project / "pkg" / "reader.py").write_text(READER)
    found = [(8, "TFG403"), (10, "TFG403"), (11, "TFG403"), (13, "TFG403")]
    for _ in range(2):
        assert lint(project / "pkg" / "reader.py", "--hot", "pkg.reader:step") == found
    text = RECORDS.replace("loss: Tensor", "loss: float").replace("-> Outcome", "")
    (project / "pkg" / "records.py").write_text(text)
    assert lint(project / "pkg" / "reader.py", "--hot", "pkg.reader:step") == found[1:3]


def test_of_each_loop_one_place_is_left_to_the_other_rule(project: Path) -> None:
    path = project / "pkg" / "loops.py"
    path.write_text(
        "import torch\nfrom torch import Tensor\n\n\ndef step(rows: list[Tensor]):\n    for row in rows:\n"
        "        print(row.max().item())\n        print(row.min().item())\n        if row.any():\n            break\n"
    )
    assert lint(path, "--hot", "pkg.loops:step") == [(7, "TFG402"), (8, "TFG403"), (9, "TFG403")]
    assert lint(path) == [(7, "TFG402")]
