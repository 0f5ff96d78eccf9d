"""What is found ahead is what a check finds, and stands only for the text looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullgraph.engine.ahead import Ahead, look_ahead, text_name, text_name_of
from fullgraph.engine.check import check_tree
from fullgraph.engine.index import Projects
from fullgraph.engine.looked import Source
from fullgraph.engine.many import check_many
from fullgraph.engine.places import Roots
from fullgraph.engine.settings import Settings
from fullgraph.engine.suppression import settle
from fullgraph.project import is_root
from fullgraph.semantic.source import decode, parse, split_lines_with_ends
from fullgraph.torchfacts import TorchRange

SETTINGS = Settings.with_everything(TorchRange.parse(">=2.4"))
FILES = {
    "train.py": "import torch\nfrom net import move\n\n@torch.compile\ndef step(x):\n    return move(x)\n",
    "net.py": "import torch\n\ndef move(x):\n    return x.to('cuda')  # noqa\n\ndef other(x):\n    return x.cpu()\n",
    "private.py": "import torch\r\nf = torch._dynamo.disable  # fullgraph: ok TFG101 known\r\n",
    "empty.py": "",
    "broken.py": "def (:\n",
    "latin.py": b"# coding: latin-1\nimport torch\ntorch._dynamo.reset  # \xe4\n",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def looked(project: Path, *, only: str = "") -> tuple[Projects, Ahead]:
    projects = Projects(Roots([str(project)], is_root))
    return projects, look_ahead(projects, [str(project / "train.py")], SETTINGS, lambda path: path.endswith(only))


def lines_of(path: Path) -> list[str]:
    return split_lines_with_ends(decode(path.read_bytes()).replace("\r\n", "\n"))


@pytest.mark.parametrize("warm", [False, True])
def test_it_is_what_a_check_finds(project: Path, warm: bool) -> None:
    if warm:
        looked(project)
    projects, ahead = looked(project)
    found = 0
    for name in FILES:
        path = project / name
        if name == "broken.py":
            continue
        lines = lines_of(path)
        region = projects.region(str(path), name)
        expected = check_tree(parse("".join(lines)), lines, name, SETTINGS, region)
        assert region is not None
        assert ahead.of(str(path), lines) == settle(expected, lines, name, SETTINGS.codes, with_noqa=False), name
        found += len(expected)
    assert found == 3


def test_comments_of_our_own_count_and_noqa_does_not(project: Path) -> None:
    _, ahead = looked(project)
    hidden, shown = project / "private.py", project / "net.py"
    assert ahead.of(str(hidden), lines_of(hidden)) == []
    moves = ahead.of(str(shown), lines_of(shown))
    assert moves is not None
    assert [each.start.row for each in moves] == [4]


def test_other_text_is_not_known(project: Path) -> None:
    _, ahead = looked(project)
    path = project / "net.py"
    lines = lines_of(path)
    assert ahead.of(str(path), lines)
    assert ahead.of(str(path), [*lines, "x = 1\n"]) is None
    assert ahead.of(str(project / "none.py"), lines) is None


def test_only_what_will_be_asked_for_is_looked_at(project: Path) -> None:
    _, ahead = looked(project, only="train.py")
    assert ahead.of(str(project / "train.py"), lines_of(project / "train.py")) == []
    assert ahead.of(str(project / "net.py"), lines_of(project / "net.py")) is None


def test_a_file_that_changes_is_known_anew(project: Path) -> None:
    looked(project)
    path = project / "net.py"
    path.write_text("import torch\n\ndef move(x):\n    return x\n", encoding="utf-8")
    assert looked(project)[1].of(str(path), lines_of(path)) == []


def test_runs_with_noqa_and_without_have_findings_of_their_own(project: Path) -> None:
    path = project / "net.py"
    source = Source.of(path.read_bytes(), "net.py", SETTINGS)
    for _ in range(2):
        assert looked(project)[1].of(str(path), lines_of(path))
        assert check_many([(str(path), source)], Projects(Roots([str(project)], is_root))) == [[]]


def test_names_of_texts() -> None:
    assert text_name("a\nb\n") == text_name("a\r\nb\r") == text_name_of(b"\xef\xbb\xbfa\nb\n") != text_name("a\nb")
    assert text_name_of(b"\xff") is None
