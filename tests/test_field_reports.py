"""The five findings that the project began with, in code shaped like the code they were found in."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph.engine.check import check_source
from fullgraph.engine.finding import Finding, Severity
from fullgraph.engine.page import marked_lines
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange, TorchVersion

FOLDER = Path(__file__).parent / "field_reports"
FILES = sorted(FOLDER.glob("*.py"))


def findings(name: str, target: TorchVersion) -> list[Finding]:
    return check_source((FOLDER / name).read_bytes(), name, Settings.with_everything(TorchRange.only(target)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_marked_line_and_no_other(path: Path) -> None:
    found = findings(path.name, TorchVersion(2, 9))
    assert [(item.start.row, item.code) for item in found] == list(marked_lines(path.read_text(encoding="utf-8")))


def test_all_five_are_there() -> None:
    marked = {code for path in FILES for _, code in marked_lines(path.read_text(encoding="utf-8"))}
    assert marked >= {"TFG101", "TFG102", "TFG301", "TFG302", "TFG401"}


def test_disable_names_its_public_equivalent() -> None:
    found, call = findings("causal_mask.py", TorchVersion(2, 9))
    assert "calling it in traced code splits the graph" in call.text
    assert "use `torch.compiler.disable`, public since torch 2.1" in found.text
    assert found.start.column == len("        @") + 1


def test_a_justified_private_call_is_a_note() -> None:
    justified, bare = findings("gradient_health.py", TorchVersion(2, 9))
    assert (justified.severity, bare.severity) == (Severity.NOTE, Severity.WARNING)
    assert "no public equivalent in torch 2.9 (`torch.foreach.norm` comes with 2.15)" in bare.text


def test_private_call_has_a_public_equivalent_from_2_15_on() -> None:
    found = findings("gradient_health.py", NEWEST_KNOWN)
    assert [item.code for item in found] == ["TFG101", "TFG101"]
    assert all("use `torch.foreach.norm`, public since torch 2.15" in item.text for item in found)


@pytest.mark.parametrize("name", ["layer_gradients.py", "pair_sums.py", "running_statistics.py"])
def test_what_no_compile_root_reaches_is_a_note_that_says_so(name: str) -> None:
    for found in findings(name, TorchVersion(2, 9)):
        assert found.severity is Severity.NOTE
        assert "none is in sight" in found.text


@pytest.mark.parametrize("name", ["pair_sums.py", "running_statistics.py"])
def test_no_graph_break_is_claimed(name: str) -> None:
    for found in findings(name, TorchVersion(2, 9)):
        assert "no graph break" in found.text
        assert "warnings.warn" not in found.text


def test_the_command_line_and_flake8_say_the_same() -> None:
    command = [sys.executable, "-m", "fullgraph", "check", "--isolated", "--target-torch", "2.9"]
    run = subprocess.run([*command, "--output-format", "json", "."], cwd=FOLDER, capture_output=True, check=False)
    assert run.returncode == 1
    places = [(item["filename"], item["location"], item["code"]) for item in json.loads(run.stdout)]
    ours = {(filename, place["row"], place["column"], code) for filename, place, code in places}
    flake8 = [sys.executable, "-m", "flake8", "--isolated", "--select", "TFG", "--fullgraph-target-torch", "2.9", "."]
    lines = subprocess.run(flake8, cwd=FOLDER, capture_output=True, text=True, check=False).stdout.splitlines()
    matches = [re.fullmatch(r"\./(\S+?):(\d+):(\d+): (TFG\d+) .*", line) for line in lines]
    theirs = {(found[1], int(found[2]), int(found[3]), found[4]) for found in matches if found is not None}
    assert len(matches) == len(theirs)
    assert ours == theirs
    assert len(ours) == len([mark for path in FILES for mark in marked_lines(path.read_text(encoding="utf-8"))])
