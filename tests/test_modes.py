"""How a project compiles, and what it sets of Dynamo's settings, decides about what breaks the graph."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HELPERS = """
import torch

def total(x: torch.Tensor):
    return x.sum().item() * x

def kept(x: torch.Tensor):
    return x[x > 0]

def chosen(x: torch.Tensor):
    if x.sum() > 0:
        return x
    return -x

def step(x: torch.Tensor):
    return total(x) + kept(x).sum() + chosen(x)
"""
MAIN = """
import torch
import torch._dynamo
from helpers import chosen, kept, step, total

{lines}
"""
BREAKS = {"TFG201": "chosen", "TFG202": "total", "TFG203": "kept"}
WHOLE = "whole = torch.compile(step, fullgraph=True)"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pyproject.toml").touch()
    Path("helpers.py").write_text(HELPERS, encoding="utf-8")


def found(lines: str, target: str = "2.13", *flags: str) -> set[str]:
    return set(messages(lines, target, *flags))


def messages(lines: str, target: str = "2.13", *flags: str) -> dict[str, str]:
    Path("main.py").write_text(MAIN.format(lines=lines), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONWARNINGS": "error"}
    arguments = ["check", "--select", "TFG2", "--target-torch", target, "--output-format", "json", *flags]
    command = [sys.executable, "-m", "fullgraph", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.returncode in (0, 1), done.stderr
    return {each["code"]: each["message"] for each in json.loads(done.stdout)}


ALL, ALWAYS = set(BREAKS), {"TFG201"}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("part = torch.compile(step)", ALL),
        (WHOLE, ALWAYS),
        (f"{WHOLE}\npart = torch.compile(step)", ALL),
        (f"{WHOLE}\npart = torch.compile(total)", ALWAYS | {"TFG202"}),
        ("flag = bool(torch.ones(1))\nwhole = torch.compile(step, fullgraph=flag)", ALL),
        ("@torch.compile(fullgraph=True)\ndef run(x):\n    return step(x)", ALWAYS),
        ("@torch.compile\ndef run(x):\n    return step(x)", ALL),
        ("torch._dynamo.config.capture_scalar_outputs = True\npart = torch.compile(step)", ALL - {"TFG202"}),
        ("torch._dynamo.config.capture_scalar_outputs = False\npart = torch.compile(step)", ALL),
        (
            "with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True):\n    torch.compile(step)",
            ALL - {"TFG203"},
        ),
        ("torch._dynamo.config.patch('capture_scalar_outputs', True)(torch.compile(step))", ALL - {"TFG202"}),
        ("torch._dynamo.config.patch({'capture_scalar_outputs': True})(torch.compile(step))", ALL - {"TFG202"}),
        (
            "from torch._dynamo import config as it\nit.capture_scalar_outputs = True\ntorch.compile(step)",
            ALL - {"TFG202"},
        ),
    ],
)
def test_what_breaks_the_graph(lines: str, expected: set[str]) -> None:
    assert found(lines, "2.13", "--no-cache") == expected


@pytest.mark.parametrize(
    ("target", "expected"), [("2.9", ALL), (">=2.9,<2.16", ALL), ("2.10", ALWAYS), (">=2.10,<2.16", ALWAYS)]
)
def test_a_whole_graph_captures_scalars_and_shapes_since_a_release(target: str, expected: set[str]) -> None:
    assert found(WHOLE, target) == expected


def test_the_answer_is_the_same_from_the_cache() -> None:
    for lines, expected in (("torch.compile(step)", ALL), (WHOLE, ALWAYS), ("torch.compile(step)", ALL)):
        assert found(lines) == expected
        assert found(lines) == expected


def test_a_file_by_itself() -> None:
    Path("pyproject.toml").unlink()
    text = HELPERS + "\nwhole = torch.compile(step, fullgraph=True)\n"
    Path("alone.py").write_text(text, encoding="utf-8")
    assert found("", "2.13", "alone.py") == ALWAYS


RAISES = "compiled with `fullgraph=True`, so it raises"


def test_it_says_where_a_break_raises() -> None:
    for flags in ((), ("--no-cache",)):
        assert RAISES in messages(WHOLE, "2.13", *flags)["TFG201"]
        old = messages(WHOLE, "2.9", *flags)
        assert set(old) == ALL
        assert all(RAISES in each for each in old.values())
        assert not any(RAISES in each for each in messages("part = torch.compile(step)", "2.13", *flags).values())
        assert not any(RAISES in each for each in messages(f"{WHOLE}\npart = torch.compile(step)").values())


AUTOGRAD = """
import torch
import torch._dynamo

{lines}

@torch.compile(fullgraph=True, backend="eager")
def forces(x: torch.Tensor):
    place = x.detach().requires_grad_()
    energy = (place**2).sum()
    (force,) = torch.autograd.grad(energy, (place,))
    return force

@torch.compile(fullgraph=True, backend="eager")
def trained(x: torch.Tensor):
    (x * x).sum().backward()
    return x + 1

@torch.compile(fullgraph=True, backend="eager")
def torn(x: torch.Tensor):
    torch.autograd.backward((x * x).sum())
    return x + 1
"""
CALLS = """
for function in (forces, trained, torn):
    try:
        function(torch.ones(3, requires_grad=True))
    except torch._dynamo.exc.Unsupported:
        print(function.__name__)
"""


@pytest.mark.parametrize(
    ("lines", "breaking"),
    [
        ("torch._dynamo.config.trace_autograd_ops = True", ["torn"]),
        ("torch._dynamo.config.trace_autograd_ops = False", ["forces", "trained", "torn"]),
    ],
)
def test_autograd_in_the_graph(lines: str, breaking: list[str]) -> None:
    text = AUTOGRAD.format(lines=lines)
    Path("autograd.py").write_text(text, encoding="utf-8")
    rows = [row for row, line in enumerate(text.splitlines(), 1) if line.startswith("def ")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    arguments = ["check", "--select", "TFG216", "--target-torch", "2.13", "--output-format", "json", "autograd.py"]
    command = [sys.executable, "-m", "fullgraph", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    places = [each["location"]["row"] for each in json.loads(done.stdout)]
    names = dict(zip(rows, ("forces", "trained", "torn"), strict=True))
    said = [names[max(row for row in rows if row < place)] for place in places]
    assert list(dict.fromkeys(said)) == breaking
    Path("seen.py").write_text(text + CALLS, encoding="utf-8")
    seen = subprocess.run(
        [sys.executable, "seen.py"], capture_output=True, text=True, env=environment, timeout=120, check=True
    )
    assert seen.stdout.split() == breaking
