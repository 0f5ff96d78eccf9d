"""A file that is kept open between the two looks at it has the findings of one that is read again."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullgraph.engine.finding import Finding
from fullgraph.engine.index import Projects
from fullgraph.engine.kept import Kept
from fullgraph.engine.looked import Source
from fullgraph.engine.many import check_many
from fullgraph.engine.places import Roots
from fullgraph.engine.settings import Settings
from fullgraph.project import is_root
from fullgraph.torchfacts import TorchRange

SETTINGS = Settings.with_everything(TorchRange.parse("2.13"))
FILES = {
    "train.py": (
        "import torch\nfrom net import step\n\nrun = torch.compile(step)\n\n"
        "def loop(items):\n    for item in items:\n        print(item.sum().item())\n"
    ),
    "net.py": (
        "import torch\n\ndef step(x: torch.Tensor):\n    # compile\n    if x.sum() > 0:\n        return x.to('cuda')\n"
        "    return x[x > 0]  # noqa: TFG205\n\ndef other(x):\n    return x.item()\n"
    ),
    "eager.py": "import torch\n\nclass Eager(torch.nn.Module):\n    def forward(self, x):\n        return x.item()\n",
}


def found(root: Path, most: int) -> tuple[list[list[Finding]], int]:
    """The findings of each file, and how many files were kept."""
    projects = Projects(Roots([str(root)], is_root), cached=False)
    sources = [(str(root / name), Source.of(text.encode(), name, SETTINGS)) for name, text in FILES.items()]
    project = projects.of(sources[0][0])
    assert project is not None
    kept: list[str] = []

    class Counting(Kept):
        def put(self, filename: str, *others: object) -> None:
            kept.append(filename)
            super().put(filename, *others)  # type: ignore[arg-type]

    project.kept = Counting(most)
    findings = check_many(sources, projects)
    return findings, len(kept)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_same_is_found_however_much_is_kept(root: Path) -> None:
    nothing, everything = found(root, 0), found(root, 10_000)
    assert nothing[1] == 0
    assert everything[1] == len(FILES)
    assert nothing[0] == everything[0]
    assert {each.code for file in nothing[0] for each in file} >= {"TFG201", "TFG202", "TFG401"}


def test_nothing_stays_open(root: Path) -> None:
    projects = Projects(Roots([str(root)], is_root), cached=False)
    sources = [(str(root / name), Source.of(text.encode(), name, SETTINGS)) for name, text in FILES.items()]
    check_many(sources, projects)
    project = projects.of(sources[0][0])
    assert project is not None
    assert project.kept == Kept()
