"""Rules are found by their place."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import pytest

import fullgraph.rules.graph_break
from fullgraph.api import Severity
from fullgraph.engine import registry as module
from fullgraph.engine.registry import CATEGORIES, INTERNAL_CODES, registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A second folder of rules beside the real ones; modules in it are forgotten again."""
    monkeypatch.setattr(fullgraph.rules, "__path__", [*fullgraph.rules.__path__, str(tmp_path)])
    before = set(sys.modules)
    for name in ("graph_break", "strange"):
        (tmp_path / name).mkdir()
    (tmp_path / "strange" / "__init__.py").write_text('"""Rules."""\n')
    here = fullgraph.rules.graph_break
    monkeypatch.setattr(here, "__path__", [*here.__path__, str(tmp_path / "graph_break")])
    registry.cache_clear()
    yield tmp_path
    registry.cache_clear()
    for name in set(sys.modules) - before:
        if name.startswith("fullgraph.rules."):
            del sys.modules[name]
    importlib.invalidate_caches()


def rule(code: str, more: str = "") -> str:
    return f'"""A rule."""\nfrom fullgraph.api import Rule\nRULE = Rule("{code}", "message", "", since="0.1"{more})\n'


def test_the_real_ones() -> None:
    found = registry()
    assert list(found) == sorted(found)
    assert {"TFG101", "TFG102", "TFG301", "TFG302", "TFG401"} <= set(found)
    assert not set(INTERNAL_CODES) & set(found)
    names = [item.name for item in found.values()]
    assert len(set(names)) == len(names)
    for code, item in found.items():
        assert item.code == code
        assert item.module == f"fullgraph.rules.{item.category}.{item.name.replace('-', '_')}"
        assert code.startswith(CATEGORIES[item.category])
        assert code in item.url
        assert item.page.title


def test_registry_is_read_only_and_made_once() -> None:
    assert registry() is registry()
    with pytest.raises(TypeError):
        registry()["TFG999"] = None  # type: ignore[index]


def test_concerns_tracing() -> None:
    assert not registry()["TFG101"].concerns_tracing
    assert registry()["TFG301"].concerns_tracing
    assert registry()["TFG401"].concerns_tracing


def test_a_new_file_is_a_new_rule(folder: Path) -> None:
    (folder / "graph_break" / "some_new_thing.py").write_text(
        rule("TFG299", ", default=False") + 'from fullgraph.api import Severity\nCASES = "pass"\n'
    )
    found = registry()["TFG299"]
    assert (found.name, found.category, found.default) == ("some-new-thing", "graph_break", False)
    assert (found.cases, found.docstring, found.message, found.since) == ("pass", "A rule.", "message", "0.1")
    assert found.severity is None
    assert found.concerns_tracing
    assert Severity.NOTE not in (found.severity,)


@pytest.mark.parametrize(
    ("place", "source", "complaint"),
    [
        ("graph_break/no_rule.py", '"""Nothing."""\n', "declares no RULE"),
        ("graph_break/not_a_rule.py", 'RULE = "TFG299"\n', "declares no RULE"),
        ("graph_break/elsewhere.py", rule("TFG399"), "TFG399 does not belong into graph_break"),
        ("strange/thing.py", rule("TFG299"), "TFG299 does not belong into strange"),
    ],
)
def test_a_wrong_file_is_named(folder: Path, place: str, source: str, complaint: str) -> None:
    (folder / place).write_text(source)
    with pytest.raises(RuntimeError, match=complaint):
        registry()


def test_a_code_stands_once(folder: Path) -> None:
    (folder / "graph_break" / "one.py").write_text(rule("TFG299"))
    (folder / "graph_break" / "two.py").write_text(rule("TFG299"))
    with pytest.raises(RuntimeError, match=r"TFG299 stands in .*two and .*one"):
        registry()


def test_categories_have_prefixes_of_their_own() -> None:
    assert len(set(module.CATEGORIES.values())) == len(module.CATEGORIES)


def test_rules_say_the_version_that_the_changelog_has_them_in() -> None:
    text = (Path(__file__).parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    since: dict[str, str] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        version = ".".join(section.split(".")[:2])
        spans = re.findall(r"TFG(\d{3})(?:\s+to\s+TFG(\d{3}))?", section)
        numbers = {number for first, last in spans for number in range(int(first), int(last or first) + 1)}
        since.update(dict.fromkeys((f"TFG{number}" for number in numbers), version))
    assert {code: rule.since for code, rule in registry().items()} == {code: since.get(code) for code in registry()}
