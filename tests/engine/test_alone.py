"""Where no enabled rule asks what is traced, a project is neither summarised nor linked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fullgraph.engine.check import examine
from fullgraph.engine.finding import Finding
from fullgraph.engine.index import Projects
from fullgraph.engine.looked import Source
from fullgraph.engine.many import check_many
from fullgraph.engine.places import Roots
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.project import is_root
from fullgraph.torchfacts import TorchRange

TARGET = TorchRange.parse("2.13")
ABOUT_NAMES = frozenset(code for code, rule in registry().items() if not rule.asks_project)
FILES = {
    "train.py": "import torch\nfrom net import step\n\nrun = torch.compile(step)\n",
    "net.py": "import torch\n\n@torch._dynamo.disable\ndef helper(x):\n    return x\n\n"
    "def step(x):\n    # fullgraph: ok TFG102 is faster\n    return torch._foreach_norm(helper(x).item())\n",
}


def examples() -> Iterator[str]:
    for code in sorted(ABOUT_NAMES):
        rule = registry()[code]
        yield from (block.source for block in rule.page.blocks)
        yield from rule.cases.split("---\n")


@pytest.mark.parametrize("source", list(examples()))
def test_rules_about_names_never_ask_what_is_traced(source: str) -> None:
    looked = examine(source.encode(), "net.py", Settings(TARGET, ABOUT_NAMES))
    assert looked.summary is not None
    assert looked.findings is not None
    assert looked.findings.is_final


def test_which_rules_these_are() -> None:
    assert {code for code in registry() if code.startswith("TFG1")} == ABOUT_NAMES


def checked(root: Path, codes: frozenset[str]) -> tuple[list[list[Finding]], bool]:
    projects = Projects(Roots([str(root)], is_root))
    settings = Settings(TARGET, codes)
    found = check_many(
        [(str(root / name), Source.of(text.encode(), name, settings)) for name, text in FILES.items()], projects
    )
    project = projects.of(str(root / "net.py"))
    assert project is not None
    return found, project.is_linked


def test_linked_or_not_they_say_the_same(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    everything, linked = checked(tmp_path, frozenset(registry()))
    assert linked
    alone, linked = checked(tmp_path, ABOUT_NAMES)
    assert not linked
    assert [[each for each in found if each.code in ABOUT_NAMES] for found in everything] == alone
    assert [finding.code for finding in alone[1]] == ["TFG101"]
    assert checked(tmp_path, ABOUT_NAMES) == (alone, False), "the cache says something else"
    more, linked = checked(tmp_path, ABOUT_NAMES | {"TFG202"})
    assert linked
    assert [finding.code for finding in more[1]] == ["TFG101", "TFG202"]
