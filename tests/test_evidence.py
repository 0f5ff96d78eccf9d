"""The recorded evidence: complete, current, and what the linter says of every release that it was recorded on."""

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
from fullgraph.verify.blocks import block_ids
from fullgraph.verify.evidence import contradictions, evidence
from fullgraph.verify.observe import observe
from fullgraph.verify.records import DIRECTORY, Record, disagreements, loaded, records, seen_lines, seen_on
from fullgraph.verify.seen_table import seen_section

ROOT = Path(__file__).parent.parent
RECORDS = {str(record.release): record for record in records()}
REFERENCE = "2.13"  # the release that the tests run every block on; others are recorded less often
ANY_RULE = next(iter(registry().values()))
BAD = Block("bad", "one\ntwo\nthree  # TFG999\n")
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
    "says": list,
    "contradictions": list,
}


def recorded(release: str) -> list[tuple[str, str, Any]]:
    rules = RECORDS[release].rules
    return [(code, name, data) for code, blocks in rules.items() for name, data in blocks.items()]


def tool() -> Any:
    spec = importlib.util.spec_from_file_location("record_evidence", ROOT / "tools" / "record_evidence.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("release", RECORDS)
def test_record_is_well_formed(release: str) -> None:
    record = RECORDS[release]
    assert re.fullmatch(r"2\.\d+\.\d+", record.torch)
    assert re.fullmatch(r"3\.\d+", record.python)
    for code, name, data in recorded(release):
        assert re.fullmatch(r"TFG\d{3}", code)
        assert re.fullmatch(r"(bad|good|fixed)-\d+-[0-9a-f]{12}", name)
        assert data.keys() >= {"as_claimed"}
        known = {field: value for field, value in data.items() if field in FIELDS}
        assert all(type(value) is FIELDS[field] for field, value in known.items())
        assert all(value for field, value in data.items() if field != "as_claimed"), "what is empty is left out"
        assert data["as_claimed"] is ("contradictions" not in data)
        assert str(Path.home()) not in json.dumps(data), "nothing of the machine that recorded it"
        assert "site-packages" not in json.dumps(data)


@pytest.mark.parametrize("release", RECORDS)
def test_file_is_as_it_is_written(release: str) -> None:
    text = (DIRECTORY / f"{release}.json").read_text(encoding="utf-8")
    assert loaded(text).dumped() == text
    assert len(text) < 200_000, "records go with the package"


def test_at_least_five_releases_are_recorded() -> None:
    assert len(RECORDS) >= 5
    assert list(RECORDS) == [str(release) for release in sorted(map(TorchVersion.parse, RECORDS))]
    assert TorchVersion.parse(next(iter(RECORDS))) <= TorchVersion(2, 4)


def test_recording_some_rules_keeps_the_others() -> None:
    record = Record("2.1.2", "3.11", {"TFG101": {"bad-0-x": {"as_claimed": True}}, "TFG999": {}})
    known = ["TFG101", "TFG102"]
    merged = record.with_rules({"TFG102": {"bad-0-y": {"as_claimed": True}}}, known)
    assert list(merged.rules) == known
    assert merged.with_rules({"TFG101": {}}, known).rules["TFG101"] == {}
    assert loaded(merged.dumped()) == merged


def test_changed_blocks_are_named() -> None:
    rules = RECORDS[REFERENCE].rules
    first, *others = rules[ANY_RULE.code]
    old = {**rules, ANY_RULE.code: {name: rules[ANY_RULE.code][name] for name in others}}
    assert replace(RECORDS[REFERENCE], rules=old).missing(registry().values()) == [f"{ANY_RULE.code} {first}"]


@pytest.mark.parametrize("release", RECORDS)
def test_every_block_of_every_page_is_recorded_as_it_is_now(release: str) -> None:
    record = RECORDS[release]
    assert not record.missing(registry().values()), "run tools/record_evidence.py"
    wanted = {code: sorted(block_ids(rule)) for code, rule in registry().items()}
    assert {code: sorted(blocks) for code, blocks in record.rules.items()} == wanted, "run tools/record_evidence.py"


def test_every_page_is_right_on_the_release_of_the_tests() -> None:
    assert [(code, name) for code, name, data in recorded(REFERENCE) if not data["as_claimed"]] == []


@pytest.mark.parametrize("rule", [pytest.param(rule, id=code) for code, rule in registry().items()])
def test_the_linter_says_of_each_release_what_was_seen_on_it(rule: RegisteredRule) -> None:
    """A rule's range of releases, and whatever else it makes of the target, must be what the evidence says."""
    assert [fault for record in RECORDS.values() for fault in disagreements(rule, record)] == []


def of_a_break(**data: Any) -> tuple[RegisteredRule, Record]:
    """A rule about graph breaks on one release: its page has one bad block, which did this."""
    block = "import torch\n\n\n@torch.compile\ndef f(t: torch.Tensor):\n    t = t.to('meta')  # TFG401\n    return t\n"
    rule = replace(registry()["TFG401"], docstring=f"Title.\n\n```python bad\n{block}```\n")
    (name,) = block_ids(rule)
    return rule, Record("2.9.1", "3.11", {"TFG401": {name: data}})


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"as_claimed": True, "move_lines": [6]}, ""),
        ({"as_claimed": False, "move_lines": [6, 7]}, ""),
        ({"as_claimed": False, "errors": ["AttributeError: x"]}, ""),
        ({"as_claimed": False, "move_lines": [7]}, "reported at line 6, where nothing was seen"),
        ({"as_claimed": False}, "reported at line 6, where nothing was seen"),
    ],
)
def test_a_report_without_evidence_is_found(data: dict[str, Any], fault: str) -> None:
    rule, record = of_a_break(**data)
    (name,) = block_ids(rule)
    assert disagreements(rule, record) == ([f"torch 2.9: {name}: {fault}"] if fault else [])


def test_silence_where_there_is_evidence_is_found() -> None:
    rule, record = of_a_break(as_claimed=True, move_lines=[6])
    rule = replace(rule, docstring=rule.docstring.replace("t = t.to('meta')", "t = g(t)"))
    (name,) = block_ids(rule)
    record = replace(record, rules={"TFG401": {name: {"as_claimed": True, "move_lines": [6]}}})
    assert disagreements(rule, record) == [f"torch 2.9: {name}: seen at line 6, and not reported"]
    assert seen_lines(rule, {"move_lines": [6], "break_lines": [8], "error_lines": [9]}) == {6, 8}


def test_page_says_where_it_was_seen() -> None:
    section = seen_section(ANY_RULE)
    for release, found in seen_on(ANY_RULE).items():
        assert found
        assert f"| {RECORDS[str(release)].torch} | {RECORDS[str(release)].python} |" in section
    assert section in (ROOT / "docs" / "rules" / f"{ANY_RULE.code}.md").read_text(encoding="utf-8")


def test_tool_says_what_is_left_to_do() -> None:
    assert tool().faults() == []


SEEN: dict[Effect, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    Effect.GRAPH_BREAK: ({"break_lines": {3}}, [{"break_lines": {2}}, {"break_lines": {2, 3}}, {"break_lines": set()}]),
    Effect.RECOMPILATION: (
        {"recompilations": 7, "limit_lines": {1}, "recompile_lines": {3}},
        [{"recompilations": 6}, {"limit_lines": set()}, {"recompile_lines": {2}}, {"breaks": 1}],
    ),
    Effect.DEVICE_MOVE: ({"move_lines": {3}}, [{"move_lines": {2, 3}}, {"break_lines": {1}}, {"move_lines": set()}]),
    Effect.INTERNAL_ERROR: (
        {"failed_lines": {3}, "errors": ("InternalTorchDynamoError: x",)},
        [{"failed_lines": {2}}, {"failed_lines": {2, 3}}, {"failed_lines": set()}],
    ),
    Effect.DEPRECATION: ({"warned_lines": {3}}, [{"warned_lines": {2, 3}}, {"warned_lines": set()}]),
}


def observation(seen: dict[str, Any]) -> Observation:
    values: dict[str, Any] = {name: frozenset(v) if isinstance(v, set) else v for name, v in seen.items()}
    return Observation(f"{REFERENCE}.0", **values)


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
    seen = replace(observation({**right, **others}), torch=change.get("torch", f"{REFERENCE}.0"))
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


DRAWS = """import numpy as np
import torch

np.random.seed(0)


@torch.compile
def step(x):
    return x * torch.from_numpy(np.random.rand(3))  # TFG214


CALL = step, torch.ones(3)
"""


def test_wrong_result_must_differ_from_eager_mode() -> None:
    pytest.importorskip("torch")
    rule, bad, seen = ruled(Effect.WRONG_RESULT), Block("bad", DRAWS), observe(DRAWS)
    eager = observe(DRAWS, compiled=False)
    assert not contradictions(rule, bad, seen)
    assert contradictions(rule, bad, eager) == ("the result is that of eager mode",)
    assert contradictions(rule, Block("good", DRAWS), seen) == ("the result is not that of eager mode",)


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
        "says": ["Failed to trace builtin operator (GB0059)"],
        **({} if bad.as_claimed else {"contradictions": ["no good block gives the same result"]}),
    }
