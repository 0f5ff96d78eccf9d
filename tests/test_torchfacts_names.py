"""The table of torch's names and that of its deprecated names, without torch."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from fullgraph import torchfacts
from fullgraph.torchfacts import (
    NEWEST_KNOWN,
    OLDEST_KNOWN,
    Availability,
    Presence,
    TorchVersion,
    Trigger,
    availability,
    deprecated_names,
    deprecation,
    is_module,
    is_private,
    private_name,
    private_names,
    releases_read,
)
from fullgraph.torchfacts import names as names_module

V = TorchVersion.parse
DATA = Path(torchfacts.__file__).parent


def describe(path: str) -> str:
    found = availability(path)
    assert found is not None, path
    return found.describe()


def test_every_minor_release_was_read() -> None:
    assert releases_read() == tuple(TorchVersion(2, minor) for minor in range(16))
    assert (releases_read()[0], releases_read()[-1]) == (OLDEST_KNOWN, NEWEST_KNOWN)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("torch", "in every release 2.0 to 2.15"),
        ("torch.add", "in every release 2.0 to 2.15"),
        ("torch.nn.Linear", "in every release 2.0 to 2.15"),
        ("torch.Tensor.add_", "in every release 2.0 to 2.15"),
        ("torch.nn.Linear.register_forward_hook", "in every release 2.0 to 2.15"),
        ("torch._dynamo.disable", "in every release 2.0 to 2.15"),
        ("torch.compiler", "since 2.1"),
        ("torch.compiler.disable", "since 2.1"),
        ("torch.compiler.set_stance", "since 2.6"),
        ("torch.nn.RMSNorm", "since 2.4"),
        ("torch.nn.Module.compile", "since 2.1"),
        ("torch.foreach", "since 2.15"),
        ("torch.foreach.norm", "since 2.15"),
        ("torch._six", "in no release 2.0 to 2.15"),
    ],
)
def test_known_ranges(path: str, expected: str) -> None:
    assert describe(path) == expected


def test_a_member_of_a_subclass_follows_its_own_class() -> None:
    """RMSNorm came with 2.4, so none of what it inherits is there before."""
    found = availability("torch.nn.RMSNorm.register_forward_hook")
    assert found is not None
    assert found.exists_at(V("2.3")) is Presence.ABSENT
    assert found.exists_at(V("2.4")) is Presence.EXISTS


@pytest.mark.parametrize(
    "path",
    ["", "numpy.array", "torchvision", "torch.", "torch..nn", ".", "=torch.nn.Linear", "torch.no_such_name",
     "torch.nn.Linear.x.y", "torch.ops.aten.add", "torch.nn.Linear nn", "torch.nn.\tLinear"],
)  # fmt: skip
def test_nothing_is_known_of_other_names(path: str) -> None:
    assert availability(path) is None
    assert not is_module(path)


def test_modules_are_told_from_other_names() -> None:
    assert is_module("torch")
    assert is_module("torch.nn.functional")
    assert is_module("torch.foreach")
    assert not is_module("torch.nn.Linear")


def states(letters: str) -> tuple[Presence, ...]:
    letter = {"E": Presence.EXISTS, "A": Presence.ABSENT, "U": Presence.UNKNOWN}
    return tuple(letter[one] for one in letters)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("EEEEEEEEEEEEEEEE", "in every release 2.0 to 2.15"),
        ("AAAAEEEEEEEEEEEE", "since 2.4"),
        ("AAAUEEEEEEEEEEEE", "since 2.4 or earlier"),
        ("AEEEEEEAAAAAAAAA", "2.1 to 2.6"),
        ("AEEEEEEUAAAAAAAA", "2.1 to 2.6 or later"),
        ("EEEEEEEAAAAAAAAA", "gone after 2.6"),
        ("AAAAEAAAAAAAAAAA", "only in 2.4"),
        ("AAAAAAAAAAAAAAAE", "since 2.15"),
        ("EEAAEEEEEEEEEEEE", "2.0 to 2.1, 2.4 to 2.15"),
        ("AAAAAAAAAAAAAAAA", "in no release 2.0 to 2.15"),
        ("UUUUUUUUUUUUUUUU", "in releases that are not known"),
        ("EEEUEEEEEEEEEEEE", "2.0 to 2.2, 2.4 to 2.15"),
    ],
)
def test_ranges_in_words(letters: str, expected: str) -> None:
    assert Availability("torch.x", states(letters)).describe() == expected


def test_runs_of_releases() -> None:
    found = Availability("torch.x", states("EEAAEUEEEEEEEEEA"))
    assert found.releases == ((V("2.0"), V("2.1")), (V("2.4"), V("2.4")), (V("2.6"), V("2.14")))
    assert found.exists_at(V("2.2")) is Presence.ABSENT
    assert found.exists_at(V("2.5")) is Presence.UNKNOWN
    assert found.exists_at(V("1.13")) is Presence.UNKNOWN
    assert found.exists_at(V("2.16")) is Presence.UNKNOWN


def test_all_private_names_with_dates_agree() -> None:
    """Where the table of private names says since when, both tables say the same."""
    for name in private_names():
        old, new = private_name(name), availability(name)
        if old is None or new is None or old.since is None:
            continue
        last = old.until or NEWEST_KNOWN
        assert new.exists_at(old.since) is not Presence.ABSENT, name
        assert new.exists_at(last) is not Presence.ABSENT, name


def test_public_names_of_the_private_table_exist_since_then() -> None:
    for name in private_names():
        known = private_name(name)
        found = known and known.public and availability(known.public.name)
        if known and known.public and found:
            assert found.exists_at(known.public.since) is not Presence.ABSENT, name


def test_the_table_is_small_and_quick() -> None:
    assert (DATA / "names.bin").stat().st_size < 150_000
    for cached in (names_module._index, names_module._shard, names_module._home):
        cached.cache_clear()
    start = time.perf_counter()
    for path in ("torch.nn.Linear", "torch.compile", "torch._dynamo.disable"):
        assert availability(path) is not None
    # a few milliseconds; the limit leaves room for a busy machine
    assert time.perf_counter() - start < 0.2


@pytest.mark.parametrize(
    "home", ["torch", "torch.nn", "torch.Tensor", "torch.cuda", "torch.distributed", "torch.compiler", "torch._dynamo"]
)
def test_the_homes_that_users_know_keep_what_every_release_has(home: str) -> None:
    found = names_module._home(home) or names_module._home(f"={home}")
    assert found is not None
    listed = {name for _, names in found.groups for name in names.split()}
    lasting = [name for name in listed if describe(f"{home}.{name}") == describe(home)]
    assert len(lasting) >= {"torch.compiler": 5, "torch._dynamo": 15}.get(home, 50), lasting


def test_private_names_far_from_users_are_listed_only_where_they_tell_something() -> None:
    assert availability("torch._inductor.utils.sympy_product") is None
    assert describe("torch._inductor.utils.get_gpu_type") == "since 2.5"
    assert describe("torch._inductor.config.max_autotune") == "in every release 2.0 to 2.15"


def test_deprecated_names_are_well_formed() -> None:
    assert list(deprecated_names()) == sorted(deprecated_names())
    for name in deprecated_names():
        found = deprecation(name)
        assert found is not None
        assert OLDEST_KNOWN <= found.since <= (found.until or NEWEST_KNOWN) <= NEWEST_KNOWN
        assert found.category in {"FutureWarning", "DeprecationWarning", "UserWarning"}
        assert found.says
        assert re.fullmatch(r"torch(\.\w+)+", name)


def test_replacements_exist_are_public_and_not_deprecated() -> None:
    for name in deprecated_names():
        found = deprecation(name)
        assert found is not None
        if found.replacement:
            # a class that has a shorter path is in the table under that one only
            available = availability(found.replacement)
            assert available is None or available.exists_at(found.until or NEWEST_KNOWN) is Presence.EXISTS, name
            assert not is_private(found.replacement), name
            assert found.replacement.rpartition(".")[2] in found.says, name


@pytest.mark.parametrize(
    ("path", "since", "replacement", "trigger"),
    [
        ("torch.cuda.amp.autocast", "2.4", "torch.amp.autocast", Trigger.DECORATOR),
        ("torch.cuda.amp.GradScaler", "2.4", "torch.amp.GradScaler", Trigger.DECORATOR),
        ("torch.nn.init.xavier_uniform", "2.0", "torch.nn.init.xavier_uniform_", Trigger.CALL),
        ("torch.nn.functional.upsample", "2.0", "torch.nn.functional.interpolate", Trigger.CALL),
        ("torch.nn.utils.weight_norm", "2.1", "torch.nn.utils.parametrizations.weight_norm", Trigger.CALL),
        ("torch.library.impl_abstract", "2.4", "torch.library.register_fake", Trigger.DECORATOR),
    ],
)
def test_known_deprecations(path: str, since: str, replacement: str, trigger: Trigger) -> None:
    found = deprecation(path)
    assert found is not None
    assert (str(found.since), found.until, found.replacement, found.trigger) == (since, None, replacement, trigger)
    assert found.warns_at(V(since))
    assert found.warns_at(V("2.15"))
    assert found.warns_at(V("2.16"))
    assert not found.warns_at(V("1.13"))


@pytest.mark.parametrize("path", ["torch.add", "torch.amp.autocast", "torch", "torch.nn.utils.weight_norm.no_such", ""])
def test_other_names_are_not_deprecated(path: str) -> None:
    assert deprecation(path) is None


def test_torchscript_is_deprecated_late() -> None:
    found = deprecation("torch.jit.script")
    assert found is not None
    assert not found.warns_at(V("2.0"))
    assert found.warns_at(V("2.15"))
    # 2.10 began with a DeprecationWarning
    assert found.category == "FutureWarning"
    # torch names two
    assert found.replacement == ""


def test_names_that_stopped_warning_have_an_end() -> None:
    ended = [found for found in map(deprecation, deprecated_names()) if found is not None and found.until is not None]
    assert ended
    for found in ended:
        assert found.until is not None
        assert found.warns_at(found.until)
        assert not found.warns_at(TorchVersion(found.until.major, found.until.minor + 1))
