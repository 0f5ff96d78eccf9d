"""What one file says of another: the projects in ``tests/across``, with what is to be found beside their lines.

Where a project has a ``drive.py``, torch breaks the graph at just these lines.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from marked_projects import ENVIRONMENT, copied, found, marked, run

HERE = Path(__file__).parent
FOLDER = HERE / "across"
PROJECTS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


@pytest.fixture
def project(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of one project, to stand in."""
    return copied(FOLDER / request.param, tmp_path, monkeypatch, "drive.py")


@pytest.mark.parametrize("project", PROJECTS, indirect=True)
def test_what_is_marked_is_found_and_nothing_else(project: Path) -> None:
    assert found(run("--no-cache")) == marked(project)


@pytest.mark.parametrize("project", PROJECTS, indirect=True)
def test_neither_cache_nor_jobs_nor_order_nor_seed_changes_anything(project: Path) -> None:
    plain = run("--no-cache", "-j1")
    for number in range(60):  # enough for several processes
        Path(f"pkg/more{number}.py").write_text("import torch\nfrom .net import Net\n", encoding="utf-8")
    files = sorted(map(str, Path("pkg").rglob("*.py")))
    for arguments in (("--no-cache", "-j2"), ("-j2",), ("-j1",), (*reversed(files), "--no-cache"), (*files, "-j2")):
        assert run(*arguments) == plain, arguments
    for seed in ("0", "1"):
        assert run("--no-cache", PYTHONHASHSEED=seed) == plain
    assert run("pkg/net.py", "--no-cache") == plain


@pytest.mark.parametrize("project", PROJECTS, indirect=True)
def test_flake8_finds_the_same(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--isolated", "--select=TFG2", "-j1"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert found(done.stdout.replace("./", "")) == marked(project)


@pytest.mark.parametrize("project", ["disabled"], indirect=True)
def test_an_edit_of_another_file_counts_at_once(project: Path) -> None:
    host = project / "pkg" / "host.py"
    before = run()
    assert "(see save at pkg/host.py:7)" in before
    host.write_text("\n" + host.read_text(), encoding="utf-8")
    assert run() == re.sub(r"(host.py:)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 1}", before)
    host.write_text(host.read_text().replace("@torch.compiler.disable\ndef save", "def save"), encoding="utf-8")
    assert found(run()) == {each for each in marked(project) if "save" not in line_of(project, *each[:2])}


def line_of(project: Path, path: str, row: int) -> str:
    return (project / path).read_text().splitlines()[row - 1]


@pytest.mark.parametrize("name", PROJECTS)
def test_torch_breaks_the_graph_at_the_marked_lines(name: str) -> None:
    pytest.importorskip("torch")
    script = HERE / "semantic" / "break_project.py"
    done = subprocess.run(
        [sys.executable, str(script), str(FOLDER / name)],
        env={**os.environ, "PYTHONPATH": str(HERE.parent / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {tuple(each) for each in json.loads(done.stdout)} == {(path, row) for path, row, _ in marked(FOLDER / name)}


BASE = "from torch import nn\n\nclass Base(nn.Module):\n    pass\n"
COUNTING = """\
import torch
from pkg.parts.base import Base

class Net(Base):
    def __init__(self):
        super().__init__()
        self.calls = 0
        self.rows = []

    def forward(self, x):
        self.calls += 1  # TFG303
        self.rows.append(x)
        return x * 2

    def joined(self, parts: list[torch.Tensor]):
        return torch.cat([part.flatten() for part in parts])
"""


def test_a_class_is_a_module_by_its_bases_in_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where these lie in a directory of the package that has no `__init__.py`; what they do there is not known."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    files = {"pkg/__init__.py": "", "pkg/parts/base.py": BASE, "pkg/net.py": COUNTING}
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="utf-8")
    assert found(run("--no-cache")) == marked(tmp_path)
    assert found(run()) == found(run("pkg/net.py")) == marked(tmp_path)
