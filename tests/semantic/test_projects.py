"""The projects in ``tests/projects``: each function is traced as surely, and by the chain, that stands beside it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from projects import DRIVER, FOLDER, PROJECTS, found, marks, read


@pytest.mark.parametrize("name", PROJECTS)
def test_every_function_is_as_marked(name: str) -> None:
    sources = read(name)
    answers = found(sources)
    wrong = []
    for filename, source in sources.items():
        expected = marks(source)
        assert set(expected) == set(answers[filename]), f"{filename}: a function without a mark, or a mark without one"
        for row, mark in expected.items():
            (answer,) = answers[filename][row]
            if (answer == mark.text) is (mark.fails is not None):
                wrong.append(f"{filename}:{row}: marked {mark.text!r}, found {answer!r}, fails: {mark.fails}")
    assert not wrong, "\n".join(wrong)


DRIVEN = [name for name in PROJECTS if (FOLDER / name / DRIVER).exists()]


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[int]]]:
    """First rows of the functions that Dynamo traced in each project, by file."""
    pytest.importorskip("torch")
    answers = tmp_path_factory.mktemp("traced") / "answers.json"
    script = Path(__file__).parent / "trace_projects.py"
    command = [sys.executable, str(script), str(answers), *(str(FOLDER / name) for name in DRIVEN)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(answers.read_text())
    return {Path(folder).name: answer for folder, answer in found.items()}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="each project runs in a fork")
@pytest.mark.parametrize("name", DRIVEN)
def test_torch_traces_what_is_marked_certain_and_nothing_marked_none(
    name: str, traced: dict[str, dict[str, list[int]]]
) -> None:
    answer = traced[name]
    assert isinstance(answer, dict), answer
    wrong = []
    for filename, source in read(name).items():
        for row, first in first_rows(source).items():
            degree = marks(source)[row].degree
            is_traced = first in answer.get(filename, [])
            if degree != "POSSIBLE" and is_traced is not (degree == "CERTAIN"):
                wrong.append(f"{filename}:{row}: marked {degree}, torch traces it: {is_traced}")
    assert not wrong, "\n".join(wrong)


def first_rows(source: str) -> dict[int, int]:
    """The row that torch knows each function by, where its decorators begin, by the row of its ``def``."""
    return {
        node.lineno: min([node.lineno, *(item.lineno for item in getattr(node, "decorator_list", []))])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
    }
