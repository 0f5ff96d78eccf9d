"""What is traced, as a user sees it: ``fullgraph map``, ``--traced`` and functions that are compiled from outside."""

from __future__ import annotations

import json
import os
import shutil
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


STOPS = {
    "pkg/net.py": """
import einops
import torch
from torch import nn
from .helpers import mix, save

class Net(nn.Module):
    def __init__(self, blocks, act):
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.blocks = blocks
        self.act = act

    def forward(self, x, i):
        save(x)
        if not torch.compiler.is_compiling():
            mix(x)
        x = einops.rearrange(x, "a b -> b a")
        x = self.act(self.linear(x)).view(-1)
        return self.blocks[i](x)
""",
    "pkg/helpers.py": """
import torch

def mix(x):
    return x

@torch.compiler.disable
def save(x):
    torch.save(x, "x.pt")
""",
    "train.py": """
import torch
from pkg.net import Net

def start(blocks, act):
    return torch.compile(Net(blocks, act))
""",
}
ENDS = [
    (15, "save", "kept out of the compiler: save at pkg/helpers.py:8"),
    (17, "mix", "not reached when compiling"),
    (18, "einops.rearrange", "code of another package"),
    (19, "self.act", "unknown callee"),
    (20, "self.blocks[...]", "unknown callee"),
]


@pytest.fixture
def stops(project: Path) -> None:
    for name, text in STOPS.items():
        (project / name).write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("stops")
def test_map_says_where_following_ended_and_why() -> None:
    lines = run("map").stdout.splitlines()
    marks = {"unknown callee": "?"}
    assert lines == [
        "CERTAIN:",
        "  torch.compile  train.py:6",
        "    Net.forward  pkg/net.py:14",
        *(f"      {marks.get(why, '-')} {callee}  line {row}: {why}" for row, callee, why in ENDS),
    ]
    (answer,) = json.loads(run("map", "--output-format", "json").stdout)
    assert [(each["row"], each["callee"]) for each in answer["stops"]] == [each[:2] for each in ENDS]
    assert answer["stops"][0]["definition"] == {"filename": str(Path("pkg", "helpers.py")), "row": 8, "name": "save"}


def test_map_of_a_file_without_a_project(tmp_path: Path) -> None:
    Path("pyproject.toml").unlink()
    Path("alone.py").write_text("import torch\n\n@torch.compile\ndef step(x):\n    return x\n", encoding="utf-8")
    assert run("map", "alone.py").stdout.splitlines() == [
        "CERTAIN:",
        "  torch.compile  alone.py:3",
        "    step  alone.py:4",
    ]


@pytest.mark.usefixtures("stops")
def test_map_as_mermaid_and_dot() -> None:
    mermaid = run("map", "--output-format", "mermaid").stdout.splitlines()
    assert mermaid[:4] == [
        "flowchart LR",
        '  f0["Net.forward<br>pkg/net.py:14"]:::certain',
        '  r0["torch.compile<br>train.py:6"]:::root',
        "  r0 --> f0",
    ]
    assert '  f0s4["self.blocks[...]<br>unknown callee"]:::stop' in mermaid
    dot = run("map", "--output-format", "dot").stdout
    assert dot.startswith("digraph traced {\n")
    assert dot.endswith("}\n")
    assert '  f0s4 [label="self.blocks[...]\\nunknown callee", class="stop"' in dot
    assert dot.count(" -> ") == 1 + len(ENDS)


def test_graphviz_draws_the_map() -> None:
    program = shutil.which("dot")
    if program is None:
        pytest.skip("Graphviz is not installed (on Debian: graphviz)")
    text = run("map", "--output-format", "dot", "--traced", "all").stdout
    drawn = subprocess.run([program, "-Tsvg"], input=text, capture_output=True, text=True, timeout=60, check=True)
    assert "Other.forward" in drawn.stdout


def test_map_of_directories_that_are_no_packages(project: Path) -> None:
    helper = "def helper(x):\n    return x\n"
    imports = "import torch\nfrom net import helper\nfrom parts.deep import more\n"
    script = f"{imports}\ntorch.compile(helper)\ntorch.compile(more)\n"
    for folder in ("first", "second"):
        (project / folder / "parts").mkdir(parents=True)
        (project / folder / "net.py").write_text(helper, encoding="utf-8")
        (project / folder / "parts" / "deep.py").write_text(helper.replace("helper", "more"), encoding="utf-8")
        (project / folder / "run.py").write_text(script, encoding="utf-8")
    answer = json.loads(run("map", "--output-format", "json", "first", "second").stdout)
    found = {(each["filename"], each["chain"][0]["filename"]) for each in answer}
    assert found == {
        (f"{folder}/{name}", f"{folder}/run.py")
        for folder in ("first", "second")
        for name in ("net.py", "parts/deep.py")
    }


def test_map_into_a_file() -> None:
    done = run("map", "-o", "map.txt")
    assert (done.returncode, done.stdout) == (0, "")
    assert Path("map.txt").read_text(encoding="utf-8").startswith("CERTAIN:")
    failed = run("map", "-o", "nowhere/map.txt")
    assert failed.returncode == 2
    assert "nowhere/map.txt" in failed.stderr


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


def test_a_name_that_no_function_has_is_told() -> None:
    done = run("map", "--traced-functions", "pkg.helpers:nobody")
    assert "fullgraph: warning: --traced-functions: no function is called 'pkg.helpers:nobody'\n" in done.stderr


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
