"""Findings that come up while a project is linked are those of a check, and stand only for the text looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullgraph.engine.ahead import text_name, text_name_of
from fullgraph.engine.check import Findings, Settings, check_tree, look_again
from fullgraph.engine.index import Projects
from fullgraph.engine.places import Roots
from fullgraph.project import is_root
from fullgraph.semantic.source import decode, parse, split_lines_with_ends
from fullgraph.torchfacts import TorchRange

SETTINGS = Settings.with_everything(TorchRange.parse(">=2.4"))
UNTRACED = Findings([], [], has_more=True)
FILES = {
    "train.py": "import torch\nfrom net import move\n\n@torch.compile\ndef step(x):\n    return move(x)\n",
    "net.py": "import torch\n\ndef move(x):\n    return x.to('cuda')  # noqa\n\ndef other(x):\n    return x.cpu()\n",
    "private.py": "import torch\r\ntorch._dynamo.disable  # fullgraph: ok TFG101 known\r\n",
    "empty.py": "",
    "broken.py": "def (:\n",
    "latin.py": b"# coding: latin-1\nimport torch\ntorch._dynamo.reset  # \xe4\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def linked(project: Path, *, cached: bool = True, only: str = "") -> Projects:
    projects = Projects(Roots([str(project)], is_root), cached=cached)
    projects.link([str(project / "train.py")], SETTINGS, lambda path: path.endswith(only))
    return projects


def lines_of(path: Path) -> list[str]:
    return split_lines_with_ends(decode(path.read_bytes()).replace("\r\n", "\n"))


@pytest.mark.parametrize("warm", [False, True])
def test_they_are_those_of_a_check(project: Path, warm: bool) -> None:
    if warm:
        linked(project)
    projects = linked(project)
    found = 0
    for name in FILES:
        path = project / name
        if name == "broken.py":
            continue
        lines = lines_of(path)
        ahead = projects.found_ahead(str(path), lines)
        region = projects.region(str(path), name)
        tree = parse("".join(lines))
        expected = check_tree(tree, lines, name, SETTINGS, region)
        assert ahead is not None
        assert region is not None
        assert look_again(tree, lines, name, SETTINGS, ahead, region) == expected, name
        found += len(expected)
    assert found == 3, "what comments hide counts here"


def test_other_text_is_not_known(project: Path) -> None:
    projects, path = linked(project), project / "net.py"
    lines = lines_of(path)
    assert projects.found_ahead(str(path), lines) is not None
    assert projects.found_ahead(str(path), [*lines, "x = 1\n"]) is None
    assert projects.found_ahead(str(project / "none.py"), lines) is None


def test_only_what_will_be_asked_for_is_looked_at(project: Path) -> None:
    projects = linked(project, only="train.py")
    assert projects.found_ahead(str(project / "train.py"), lines_of(project / "train.py")) == UNTRACED
    assert projects.found_ahead(str(project / "net.py"), lines_of(project / "net.py")) is None


def test_a_file_that_changes_is_known_anew(project: Path) -> None:
    linked(project)
    path = project / "net.py"
    path.write_text("import torch\n\ndef move(x):\n    return x\n", encoding="utf-8")
    assert linked(project).found_ahead(str(path), lines_of(path)) == UNTRACED


def test_names_of_texts() -> None:
    assert text_name("a\nb\n") == text_name("a\r\nb\r") == text_name_of(b"\xef\xbb\xbfa\nb\n") != text_name("a\nb")
    assert text_name_of(b"\xff") is None
