"""The tables of what torch's functions return against calls of the torch that is installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from fullgraph.torchfacts import (
    ReturnKind,
    attribute_kind,
    method_result_dtype,
    method_return_kind,
    method_returned_tensors,
    result_dtype,
    return_kind,
    returned_tensors,
)
from fullgraph.torchfacts import returns as returns_module

SCRIPT = Path(__file__).with_name("torch_returns.py")
TOOLS = Path(__file__).parent.parent / "tools"
NUMBERS = {"bool", "int", "float", "number"}
NOT_CALLED = {"torch.prepare_multiprocessing_environment", "torch.init_num_threads"}
"""They are for torch's own use, and change the process."""
CHANGE_ALL = {"torch.set_default_device", "torch.set_default_tensor_type", "torch.set_default_dtype"}
"""They change what all others return."""

Results = list[tuple[str, int, list[str]]]
Found = dict[str, dict[str, Results]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """All different results of each name."""
    folder = tmp_path_factory.mktemp("returns")
    names = {part: set(returns_module._kinds(part)) for part in ("methods", "attributes", "functions")}
    for part in ("functions", "methods"):
        names[part] |= set(returns_module._dtypes(part))
    asked = [(part, name) for part in names for name in sorted(names[part] - NOT_CALLED - CHANGE_ALL)]
    answers = folder / "answers"
    done: list[Any] = []
    for _ in range(20):  # some arguments make some functions of some releases crash
        (folder / "asked").write_text(json.dumps(asked[len(done) :]))
        command = [sys.executable, str(SCRIPT), str(folder / "asked"), str(answers)]
        ended = subprocess.run(command, check=False, capture_output=True, timeout=900, cwd=folder)
        done = [json.loads(line) for line in answers.read_text().splitlines()]
        if ended.returncode == 0:
            break
        assert ended.returncode < 0, ended.stderr
        done.append([*asked[len(done)], []])
        answers.write_text("".join(json.dumps(line) + "\n" for line in done))
    assert [(part, name) for part, name, _ in done] == asked
    return {part: {name: results for of, name, results in done if of == part} for part in names}


def agrees(kind: ReturnKind, count: int | None, actual: str, number: int) -> bool:
    if actual == "empty":  # of what there is nothing is not to be told
        return kind in {ReturnKind.TENSORS, ReturnKind.OTHER}
    if kind is ReturnKind.NUMBER:
        return actual in NUMBERS
    return actual == kind.value and (count is None or count == number)


def wrong(results: dict[str, Results], kind_of: Any, count_of: Any) -> dict[str, Results]:
    """The names that returned something else than the table says."""
    bad = {}
    for name, calls in results.items():
        kind, count = kind_of(name), count_of(name)
        if kind is not None and not all(agrees(kind, count, actual, number) for actual, number, _ in calls):
            bad[name] = calls
    return bad


def called(results: dict[str, Results]) -> set[str]:
    return {name for name, calls in results.items() if calls}


def test_functions_return_what_the_table_says(found: Found) -> None:
    assert wrong(found["functions"], return_kind, returned_tensors) == {}
    assert len(called(found["functions"])) > 600


def test_methods_return_what_the_table_says(found: Found) -> None:
    assert wrong(found["methods"], method_return_kind, method_returned_tensors) == {}
    assert len(called(found["methods"])) > 400


def test_attributes_hold_what_the_table_says(found: Found) -> None:
    assert wrong(found["attributes"], attribute_kind, lambda name: None) == {}
    assert len(called(found["attributes"])) > 25


def test_all_kinds_were_seen(found: Found) -> None:
    for part in ("functions", "methods"):
        kinds = {kind for calls in found[part].values() for kind, _, _ in calls}
        assert kinds >= {"tensor", "tensors", "bool", "int", "none"}


def test_dtypes_are_what_the_table_says(found: Found) -> None:
    for part, dtype_of in (("functions", result_dtype), ("methods", method_result_dtype)):
        listed = returns_module._dtypes(part)
        seen = {name: {dtype for _, _, dtypes in found[part][name] for dtype in dtypes} for name in listed}
        missing = [name for name in listed if not hasattr(torch, name.rpartition(".")[2])]
        assert [name for name in listed if not seen[name]] == [name for name in missing if not seen[name]]
        assert {name: dtypes for name, dtypes in seen.items() if dtypes and dtypes != {dtype_of(name).value}} == {}


def test_what_was_measured_by_hand_was_called(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    from torchfacts_returns import MEASURED

    by_hand = {f"{home}.{name}" for home, names in MEASURED.items() for name in names}
    seen = called(found["functions"]) | {f"Tensor.{name}" for name in called(found["methods"])}
    assert by_hand - seen == set()


def test_a_wrong_kind_is_noticed(found: Found) -> None:
    assert "torch.add" in wrong(found["functions"], lambda path: ReturnKind.INT, lambda path: None)
    assert "torch.topk" in wrong(found["functions"], return_kind, lambda path: 3)
