"""A rename must hold on every release that the project supports."""

from __future__ import annotations

import pytest
from support import fix, reasons, text

from fullgraph.semantic import renames
from fullgraph.torchfacts import (
    Availability,
    CallShapes,
    Parameters,
    Presence,
    PrivateName,
    TorchRange,
    TorchVersion,
    availability,
    private_name,
    private_names,
    releases_read,
)

RESET = "import torch\ntorch._dynamo.reset()\n"
RANGE = TorchRange.parse(">=2.4,<2.16")


def test_a_range_is_fixed_where_every_release_agrees() -> None:
    assert text(fix(RESET, target=RANGE)) == "import torch\ntorch.compiler.reset()\n"


@pytest.mark.parametrize(
    ("call", "oldest", "reason"),
    [
        ("torch._dynamo.disable(f, reason='x')", "2.4", "`reason=` is not taken by `torch.compiler.disable` before"),
        (
            "torch._higher_order_ops.invoke_subgraph.mark_compile_region(f, options=None)",
            "2.8",
            "`options=` is not taken by `torch.compiler.nested_compile_region` before torch 2.11",
        ),
    ],
)
def test_a_keyword_that_only_newer_releases_take(call: str, oldest: str, reason: str) -> None:
    source = f"import torch\nx = {call}\n"
    fixed = fix(source, target=TorchRange.parse(f">={oldest},<2.16"), unsafe=True)
    assert text(fixed) == source
    assert reasons(fixed)[0].startswith(reason)


@pytest.mark.parametrize("gone", ["2.15", "2.7"])
def test_a_public_name_that_some_release_lacks(gone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = TorchVersion.parse(gone)
    states = tuple(Presence.ABSENT if each == missing else Presence.EXISTS for each in releases_read())
    monkeypatch.setattr(renames, "availability", lambda path: Availability(path, states))
    fixed = fix(RESET, target=RANGE, unsafe=True)
    assert text(fixed) == RESET
    assert reasons(fixed) == [f"torch {gone} has no `torch.compiler.reset`, and the target is torch 2.4 to 2.15"]
    assert text(fix(RESET, target=TorchVersion(2, 6))) != RESET


@pytest.mark.parametrize("state", [None, Presence.UNKNOWN])
def test_what_is_not_known_of_a_release_is_no_reason(state: Presence | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        renames, "availability", lambda path: state and Availability(path, (state,) * len(releases_read()))
    )
    assert text(fix(RESET, target=RANGE)) != RESET


def test_a_private_name_that_goes_within_the_range_is_unsafe(monkeypatch: pytest.MonkeyPatch) -> None:
    known = private_name("torch._dynamo.reset")
    assert known is not None
    short = PrivateName(known.name, known.since, TorchVersion(2, 9), known.public)
    monkeypatch.setattr("fullgraph.context.torch_names.private_name", lambda _: short)
    fixed = fix(RESET, target=RANGE)
    assert text(fixed) == RESET
    assert "`torch._dynamo.reset` is gone after torch 2.9, so later releases cannot be compared" in reasons(fixed)[0]
    assert text(fix(RESET, target=RANGE, unsafe=True)) != RESET
    assert text(fix(RESET, target=TorchVersion(2, 9))) != RESET


def test_positions_that_change_within_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = CallShapes(
        Parameters.parse("fn, recursive"), Parameters.parse("kind, fn, *, recursive"), {"kind": TorchVersion(2, 9)}
    )
    monkeypatch.setattr(renames, "call_shapes", lambda _: changed)
    source = "import torch\nx = torch._dynamo.disable(f, True)\n"
    fixed = fix(source, target=RANGE, unsafe=True)
    assert text(fixed) == source
    assert reasons(fixed) == ["`torch.compiler.disable` takes these arguments differently within torch 2.4 to 2.15"]
    assert (
        text(fix(source, target=TorchVersion(2, 6))) == "import torch\nx = torch.compiler.disable(f, recursive=True)\n"
    )


def test_no_public_name_of_the_table_goes_again() -> None:
    for path in private_names():
        known = private_name(path)
        assert known is not None
        if known.public is None:
            continue
        found = availability(known.public.name)
        assert found is not None, path
        later = [each for each in releases_read() if each >= known.public.since]
        assert all(found.exists_at(each) is Presence.EXISTS for each in later), path
