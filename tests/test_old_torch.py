"""What torch 2.4 does otherwise, without torch 2.4: its records are in the package, made with it."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from fullgraph.verify import old_torch


def test_skipped_frame_is_a_break() -> None:
    said = (
        "Skipping frame because there is a graph break in a for/while loop\n"
        "<FrameSummary file /tmp/a b.py, line 7 in step>"
    )
    assert (
        old_torch.skipped(said) == "Graph break in user code at /tmp/a b.py:7\nReason: graph break in a for/while loop"
    )
    assert old_torch.skipped("Skipping frame because of something else") is None


@pytest.mark.parametrize(("version", "found"), [("2.4.1+cu121", 2), ("2.6.0", 0)])
def test_breaks_that_are_only_counted(monkeypatch: pytest.MonkeyPatch, version: str, found: int) -> None:
    def reason(row: int) -> Any:
        return SimpleNamespace(reason="generic_jump TensorVariable()\nmore", user_stack=[place(row)])

    def place(row: int) -> Any:
        return SimpleNamespace(filename="/a/b.py", lineno=row)

    reasons = [reason(3), reason(5), SimpleNamespace(reason="return_value", user_stack=[])]
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(__version__=version))
    monkeypatch.setitem(sys.modules, "torch._dynamo.utils", SimpleNamespace(graph_break_reasons=reasons))
    logged = ['Graph break: from user code at:\n  File "/a/b.py", line 5, in f\n']
    in_loop = "Graph break in user code at /a/b.py:9\nReason: graph break in a for/while loop"
    told = old_torch.unlogged(logged, [in_loop])
    jump = "Graph break in user code at /a/b.py:3\nReason: generic_jump TensorVariable()"
    assert told == [in_loop, jump][:found]


def test_settings_that_cannot_be_saved_come_back() -> None:
    class Config:
        _config: dict[str, int] = {"limit": 8}  # noqa: RUF012

        def save_config(self) -> bytes:
            raise KeyError("constant_functions")

        def load_config(self, saved: bytes) -> None:
            raise AssertionError(saved)

    config = Config()
    restore = old_torch.restorer(config)
    config._config["limit"] = 2
    restore()
    assert config._config == {"limit": 8}
