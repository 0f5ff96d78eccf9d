"""The recorded evidence: complete, current, and as the pages claim on every release that it was recorded on."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fullgraph.api import Effect
from fullgraph.engine.page import Block
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.torchfacts import TorchVersion
from fullgraph.verify import Observation, OracleError
from fullgraph.verify.evidence import block_ids, contradictions, evidence

ROOT = Path(__file__).parent.parent
RELEASES: dict[str, dict[str, Any]] = json.loads((ROOT / "docs" / "evidence.json").read_text(encoding="utf-8"))
REFERENCE = "2.13.0"  # the release that the tests run every block on; others are recorded less often
ANY_RULE = next(iter(registry().values()))
BAD = Block("bad", "one\ntwo\nthree  # TFG999\n")

# what a page itself says of releases on which a block does something else: the rule, the release, the words of the page
SAID_BY_THE_PAGE = {
    ("TFG102", "2.15.0"): "`torch._foreach_norm` becomes `torch.foreach.norm` in 2.15; then TFG101 reports it instead",
}
FIELDS = {
    "as_claimed": bool,
    "breaks": int,
    "recompilations": int,
    "break_lines": list,
    "move_lines": list,
    "recompile_lines": list,
    "list_lines": list,
    "warned_lines": list,
    "error_lines": list,
    "compile_lines": list,
    "again_lines": list,
    "prefixed_lines": list,
    "graphs": int,
    "limit_met": bool,
    "errors": list,
    "contradictions": list,
}


def recorded(release: str) -> list[tuple[str, str, dict[str, Any]]]:
    rules = RELEASES[release]["rules"]
    return [(code, name, data) for code, blocks in rules.items() for name, data in blocks.items()]


def tool() -> Any:
    spec = importlib.util.spec_from_file_location("record_evidence", ROOT / "tools" / "record_evidence.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("release", RELEASES)
def test_evidence_is_well_formed(release: str) -> None:
    assert re.fullmatch(r"2\.\d+\.\d+", release)
    assert set(RELEASES[release]) == {"python", "rules"}
    assert re.fullmatch(r"3\.\d+", RELEASES[release]["python"])
    for code, name, data in recorded(release):
        assert re.fullmatch(r"TFG\d{3}", code)
        assert re.fullmatch(r"(bad|good|fixed)-\d+-[0-9a-f]{12}", name)
        assert [field for field in FIELDS if field in data] == list(data)
        assert all(type(value) is FIELDS[field] for field, value in data.items())
        assert all(value for field, value in data.items() if field != "as_claimed"), "what is empty is left out"
        assert data["as_claimed"] is ("contradictions" not in data)


def test_file_is_as_the_tool_writes_it() -> None:
    text = (ROOT / "docs" / "evidence.json").read_text(encoding="utf-8")
    assert text == tool().dumped(RELEASES)
    assert list(RELEASES) == sorted(RELEASES, key=TorchVersion.parse)


def test_recording_one_release_keeps_the_others() -> None:
    entry = {"python": "3.12", "rules": {}}
    merged = tool().merged(RELEASES, "2.1.0", entry)
    assert list(merged) == ["2.1.0", *RELEASES]
    assert merged == {**RELEASES, "2.1.0": entry}
    assert tool().merged(merged, "2.1.0", {})["2.1.0"] == {}
    assert json.loads(tool().dumped(merged)) == merged


def test_changed_blocks_of_other_releases_are_named() -> None:
    rules = RELEASES[REFERENCE]["rules"]
    code, blocks = next(iter(rules.items()))
    first, *others = blocks
    old = {**rules, code: {"bad-0-0123456789ab": {"as_claimed": True}, **{name: blocks[name] for name in others}}}
    assert tool().unrecorded({"2.1.0": {"python": "3.12", "rules": rules}}) == []
    assert tool().unrecorded({"2.1.0": {"python": "3.12", "rules": old}}) == [
        f"torch 2.1.0: {code} {first} is not recorded as it is now"
    ]


def test_every_block_of_every_page_is_recorded_as_it_is_now() -> None:
    rules = RELEASES[REFERENCE]["rules"]
    wanted = {code: sorted(block_ids(rule)) for code, rule in registry().items()}
    assert {code: list(blocks) for code, blocks in rules.items()} == wanted, "run tools/record_evidence.py"


@pytest.mark.parametrize("release", RELEASES)
def test_pages_are_right_or_say_where_they_are_not(release: str) -> None:
    wrong = {(code, release) for code, _, data in recorded(release) if not data["as_claimed"]}
    assert wrong == {(code, said_of) for code, said_of in SAID_BY_THE_PAGE if said_of == release}


@pytest.mark.parametrize(("code", "release"), SAID_BY_THE_PAGE)
def test_page_says_so(code: str, release: str) -> None:
    said = SAID_BY_THE_PAGE[code, release]
    assert str(TorchVersion.parse(release)) in said
    assert said in " ".join(registry()[code].page.text.split())


SEEN: dict[Effect, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    Effect.GRAPH_BREAK: ({"break_lines": {3}}, [{"break_lines": {2}}, {"break_lines": {2, 3}}, {"break_lines": set()}]),
    Effect.RECOMPILATION: (
        {"recompilations": 7, "limit_lines": {1}, "recompile_lines": {3}},
        [{"recompilations": 6}, {"limit_lines": set()}, {"recompile_lines": {2}}, {"breaks": 1}],
    ),
    Effect.DEVICE_MOVE: ({"move_lines": {3}}, [{"move_lines": {2, 3}}, {"break_lines": {1}}, {"move_lines": set()}]),
    Effect.DEPRECATION: ({"warned_lines": {3}}, [{"warned_lines": {2, 3}}, {"warned_lines": set()}]),
}


def observation(seen: dict[str, Any]) -> Observation:
    values: dict[str, Any] = {name: frozenset(v) if isinstance(v, set) else v for name, v in seen.items()}
    return Observation(REFERENCE, **values)


def ruled(effect: Effect) -> RegisteredRule:
    return replace(ANY_RULE, rule=replace(ANY_RULE.rule, effect=effect))


@pytest.mark.parametrize("effect", SEEN)
def test_what_shows_that_a_bad_block_misbehaves(effect: Effect) -> None:
    rule = ruled(effect)
    right, wrong = SEEN[effect]
    assert not contradictions(rule, BAD, observation(right))
    for change in [*wrong, {"errors": ("ValueError: x",)}]:
        assert len(contradictions(rule, BAD, observation({**right, **change}))) == 1, change


def test_list_lines_show_a_recompilation_too() -> None:
    seen = {**SEEN[Effect.RECOMPILATION][0], "recompile_lines": {2}, "list_lines": {3}}
    assert not contradictions(ruled(Effect.RECOMPILATION), BAD, observation(seen))


GONE = "import torch\n\ntorch.onnx.dynamo_export  # TFG104\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({}, ""),
        ({"errors": ("ValueError: x",)}, "raised ValueError: x"),
        ({"errors": ()}, "raised nothing"),
        ({"error_lines": {1}}, "errors at lines [1], not at [3]"),
        ({"torch": "2.8.0"}, "findings at lines [], not at [3]"),
    ],
)
def test_missing_name_must_raise_where_it_is_marked(change: dict[str, Any], why: str) -> None:
    pytest.importorskip("torch")
    right = {"errors": ("AttributeError: x",), "error_lines": {3}}
    others = {key: value for key, value in change.items() if key != "torch"}
    seen = replace(observation({**right, **others}), torch=change.get("torch", REFERENCE))
    assert contradictions(ruled(Effect.MISSING_NAME), Block("bad", GONE), seen) == ((why,) if why else ())


def test_good_block_of_a_deprecation_must_not_warn() -> None:
    good, seen = Block("good", BAD.source), observation({"warned_lines": {3}})
    assert contradictions(ruled(Effect.DEPRECATION), good, seen) == ("not clean",)
    assert not contradictions(ruled(Effect.GRAPH_BREAK), good, seen)


def test_good_block_must_be_clean() -> None:
    good = Block("good", BAD.source)
    assert not contradictions(ANY_RULE, good, observation({}))
    assert contradictions(ANY_RULE, good, observation({"move_lines": {3}})) == ("not clean",)
    assert contradictions(ANY_RULE, good, observation({"errors": ("ValueError: x",)})) == ("raised ValueError: x",)


def test_category_without_evidence_has_no_proof() -> None:
    with pytest.raises(OracleError, match="compile_usage"):
        contradictions(replace(ANY_RULE, category="compile_usage"), BAD, observation({}))


def test_blocks_are_named_by_what_they_are() -> None:
    page = "Title.\n\n" + "".join(f"```python {kind}\npass{kind}\n```\n" for kind in ("bad", "good", "bad"))
    names = block_ids(replace(ANY_RULE, docstring=page))
    assert [name.rpartition("-")[0] for name in names] == ["bad-0", "good-0", "bad-1"]
    assert names[0][-12:] == names[2][-12:] != names[1][-12:]
    changed = block_ids(replace(ANY_RULE, docstring=page.replace("passgood", "other")))
    assert [one == other for one, other in zip(names, changed, strict=True)] == [True, False, True]


PAGE = """A page.

```python bad
import torch


@torch.compile
def f(x):
    print("hello")  # TFG201
    return x + 1


CALL = f, torch.ones(3)
```

```python good
import torch


@torch.compile
def f(x):
    return x + ADDEND


CALL = f, torch.ones(3)
```
"""


@pytest.mark.parametrize("addend", [1, 2])
def test_evidence_of_a_page(addend: int) -> None:
    pytest.importorskip("torch")
    rule = replace(ANY_RULE, category="graph_break", docstring=PAGE.replace("ADDEND", str(addend)))
    bad, good = (evidence(rule, block) for block in rule.page.blocks)
    assert good.data() == {"as_claimed": True}
    assert bad.as_claimed is (addend == 1)
    assert bad.data() == {
        "as_claimed": bad.as_claimed,
        "breaks": 1,
        "break_lines": [6],
        **({} if bad.as_claimed else {"contradictions": ["no good block gives the same result"]}),
    }
