"""What is traced, as a user sees it: ``fullgraph map``, ``--traced`` and functions that are compiled from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "pyproject.toml": "",
    "pkg/__init__.py": "",
    "pkg/net.py": """
import torch
from torch import nn
from .helpers import mix

class Net(nn.Module):
    def forward(self, x):
        return mix(x)

class Other(nn.Module):
    def forward(self, x):
        return x.to("cuda")
""",
    "pkg/helpers.py": """
import torch

def mix(x):
    return x.to("cuda")

def named(x):
    return x.to("cuda")
""",
    "train.py": """
import torch
from pkg.net import Net

model = torch.compile(Net())
""",
}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONWARNINGS": "error"}
COMPILED = "torch.compile  train.py:5"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        path = Path(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fullgraph", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False)
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done


def found(*arguments: str) -> dict[str, str]:
    done = run("check", "--select", "TFG401", "--output-format", "json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    return {f"{each['filename']}:{each['location']['row']}": each["severity"] for each in json.loads(done.stdout)}


def test_map_shows_what_each_root_reaches() -> None:
    done = run("map")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "CERTAIN:",
        f"  {COMPILED}",
        "    Net.forward  pkg/net.py:7",
        "      mix  pkg/helpers.py:4",
    ]
    assert done.stderr == "Traced functions: 2 certain, 1 possible (4 files).\n"


def test_map_lists_what_is_possible_when_asked() -> None:
    lines = run("map", "--traced", "possible").stdout.splitlines()
    assert lines[4:] == ["POSSIBLE:", "  Other.forward  pkg/net.py:11"]


def test_map_of_one_file_knows_the_project() -> None:
    assert run("map", "pkg/helpers.py").stdout.splitlines()[1] == f"  {COMPILED}"


def test_map_as_json() -> None:
    answer = json.loads(run("map", "--output-format", "json").stdout)
    assert [(each["function"], each["traced"]) for each in answer] == [("Net.forward", "certain"), ("mix", "certain")]
    assert answer[1]["chain"] == [
        {"filename": "train.py", "row": 5, "name": "torch.compile"},
        {"filename": str(Path("pkg", "net.py")), "row": 7, "name": "Net.forward"},
        {"filename": str(Path("pkg", "helpers.py")), "row": 4, "name": "mix"},
    ]


def test_map_of_what_is_not_there() -> None:
    done = run("map", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_severity_follows_how_surely_code_is_traced() -> None:
    assert found() == {"pkg/helpers.py:5": "error", "pkg/net.py:12": "warning"}


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("certain", {"pkg/helpers.py:5"}),
        ("possible", {"pkg/helpers.py:5", "pkg/net.py:12"}),
        ("all", {"pkg/helpers.py:5", "pkg/net.py:12"}),
    ],
)
def test_level(level: str, kept: set[str]) -> None:
    assert set(found("--traced", level)) == kept
    Path("pyproject.toml").write_text(f"[tool.fullgraph]\ntraced-level = '{level}'\n", encoding="utf-8")
    assert set(found()) == kept


def test_level_in_flake8() -> None:
    Path("pyproject.toml").write_text("[tool.fullgraph]\ntraced-level = 'certain'\n", encoding="utf-8")
    command = [sys.executable, "-m", "flake8", "--select", "TFG4", "."]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=60, check=False)
    assert [line.split(" ")[0] for line in done.stdout.splitlines()] == ["./pkg/helpers.py:5:12:"], done.stderr


def test_functions_that_are_compiled_from_outside() -> None:
    Path("pyproject.toml").write_text("[tool.fullgraph]\ntraced = ['pkg.*:na*']\n", encoding="utf-8")
    assert found()["pkg/helpers.py:8"] == "warning"
    assert "named  pkg/helpers.py:7" in run("map", "--traced", "all").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("traced-level = 'sure'", "pyproject.toml:2: 'traced-level' must be 'certain', 'possible' or 'all'"),
        ("traced = ['forward']", "pyproject.toml:2: bad function 'forward'; write it as in 'pkg.mod:Class.method'"),
    ],
)
def test_bad_settings(text: str, said: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.fullgraph]\n{text}\n", encoding="utf-8")
    done = run("check")
    assert done.returncode == 2
    assert done.stderr.startswith(said)


@pytest.mark.parametrize("flags", [("--traced", "sure"), ("--traced-functions", "forward")])
def test_bad_flags(flags: tuple[str, str]) -> None:
    done = run("check", *flags)
    assert done.returncode == 2
    assert done.stderr.startswith(f"fullgraph: {flags[0]}: bad ")
