"""The cache: bounded, checked, and unable to run code."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from fullgraph.engine.deferred import Deferred, Findings
from fullgraph.engine.finding import ChainStep, Finding, FixSummary, Position, Severity, Traced, TracedBy
from fullgraph.engine.packed import findings_of, pack_findings
from fullgraph.engine.store import Store, key_of, load
from fullgraph.intents import Rename

CLASSES = (Finding, Severity)


def test_values_live_on(tmp_path: Path) -> None:
    store = Store(tmp_path / "cache")
    store.put(b"a", b"1")
    assert store.get([b"a", b"b"]) == {b"a": b"1"}
    store.flush()
    assert Store(tmp_path / "cache").get([b"a", b"b"]) == {b"a": b"1"}


def test_without_a_directory_values_live_in_the_run() -> None:
    store = Store(None)
    store.put(b"a", b"1")
    store.flush()
    assert store.get([b"a"]) == {b"a": b"1"}


def test_the_size_is_bounded(tmp_path: Path) -> None:
    for number in range(30):
        store = Store(tmp_path / "cache", most_bytes=100_000)
        store.put(b"%d" % number, os.urandom(10_000))
        store.flush()
    kept = Store(tmp_path / "cache").get(b"%d" % number for number in range(30))
    assert b"29" in kept
    assert b"0" not in kept
    assert sum(map(len, kept.values())) <= 100_000
    assert sum(path.stat().st_size for path in (tmp_path / "cache").iterdir()) < 250_000


def test_keys_are_not_confused() -> None:
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc"), key_of("abc", "")}) == 4


def test_what_was_packed_is_unpacked() -> None:
    fix = FixSummary("safe", "rename", (Rename("torch.a", "torch", keywords=((1, "b"),)),))
    by = TracedBy(Traced.CERTAIN, (ChainStep("a.py", 3, "f"),))
    finding = Finding("a.py", Position(1, 2), Position(1, 3), "TFG101", "n", "m", Severity.ERROR, traced=by, fix=fix)
    deferred = Deferred(finding, True, False, False, (3, 1), ("allow_rnn",))
    findings = Findings([finding], [deferred])
    assert findings_of(pack_findings(findings)) == findings
    assert findings_of(pack_findings(None)) is None
    with pytest.raises(ValueError, match="no findings"):
        findings_of(b"nonsense")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("made-by-a-cache",)


def test_no_code_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(pickle.dumps(Evil()), CLASSES) is None
    assert load(pickle.dumps(getattr), CLASSES) is not getattr
    assert load(b"nonsense", missing=3) == 3
    assert not Path("made-by-a-cache").exists()
