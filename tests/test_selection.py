"""Which rules a configuration turns on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullgraph.config import Config, from_flags
from fullgraph.engine.registry import INTERNAL_CODES
from fullgraph.engine.selection import Catalogue, catalogue, enabled_codes
from fullgraph.tomlfile import ConfigError

NAMES = {
    "TFG000": "invalid-file",
    "TFG001": "internal-error",
    "TFG101": "private-api-with-public-equivalent",
    "TFG102": "private-api",
    "TFG120": "opinion",
    "TFG301": "tuple-keyed-dict",
}
KNOWN = Catalogue(NAMES, frozenset({"TFG101", "TFG102", "TFG301"}), frozenset({"TFG000", "TFG001"}))
INTERNAL = {"TFG000", "TFG001"}


def on(**given: tuple[str, ...]) -> set[str]:
    return set(enabled_codes(Config(**given), KNOWN)) - INTERNAL


def test_defaults() -> None:
    assert on() == {"TFG101", "TFG102", "TFG301"}


@pytest.mark.parametrize(
    ("selector", "codes"),
    [
        ("ALL", {"TFG101", "TFG102", "TFG120", "TFG301"}),
        ("TFG", {"TFG101", "TFG102", "TFG120", "TFG301"}),
        ("TFG1", {"TFG101", "TFG102", "TFG120"}),
        ("TFG10", {"TFG101", "TFG102"}),
        ("TFG2", set()),
        ("TFG120", {"TFG120"}),
        ("private-api", {"TFG102"}),
        ("T", {"TFG101", "TFG102", "TFG120", "TFG301"}),
    ],
)
def test_select(selector: str, codes: set[str]) -> None:
    assert on(select=(selector,)) == codes


def test_select_nothing() -> None:
    assert on(select=()) == set()


def test_the_most_specific_selector_wins() -> None:
    assert on(select=("TFG101",), ignore=("TFG1",)) == {"TFG101"}
    assert on(select=("TFG1",), ignore=("TFG101",)) == {"TFG102", "TFG120"}
    assert on(select=("TFG10",), ignore=("TFG1",)) == {"TFG101", "TFG102"}
    assert on(ignore=("ALL",)) == set()
    assert on(ignore=("ALL",), extend_select=("TFG3",)) == {"TFG301"}
    assert on(select=("private-api",), ignore=("TFG10",)) == {"TFG102"}


def test_ignoring_wins_a_tie() -> None:
    assert on(select=("TFG101",), ignore=("TFG101",)) == set()
    assert on(select=("TFG102",), extend_ignore=("private-api",)) == set()


def test_extending() -> None:
    assert on(extend_select=("TFG120",)) == {"TFG101", "TFG102", "TFG120", "TFG301"}
    assert on(extend_ignore=("TFG3",)) == {"TFG101", "TFG102"}
    assert on(select=("TFG3",), extend_select=("opinion",)) == {"TFG301", "TFG120"}


def test_internal_codes_go_only_by_their_exact_code_or_name() -> None:
    assert enabled_codes(Config(select=("TFG3",)), KNOWN) >= INTERNAL
    assert enabled_codes(Config(ignore=("ALL", "TFG", "TFG0")), KNOWN) == INTERNAL
    assert "TFG000" not in enabled_codes(Config(ignore=("TFG000",)), KNOWN)
    assert "TFG000" not in enabled_codes(Config(extend_ignore=("invalid-file",)), KNOWN)


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("TFG103", "TFG101"),
        ("TFG399", "TFG301"),
        ("tfg102", "TFG102"),
        ("private_api", "private-api"),
        ("tuple-key-dict", "tuple-keyed-dict"),
        ("all", "ALL"),
    ],
)
def test_unknown_selector_names_the_nearest_and_its_place(word: str, near: str) -> None:
    with pytest.raises(ConfigError) as caught:
        enabled_codes(from_flags({"extend_select": (word,)}), KNOWN)
    assert str(caught.value) == f"--extend-select: unknown rule {word!r}; did you mean {near!r}?"


def test_hopeless_selector() -> None:
    with pytest.raises(ConfigError, match="codes look like 'TFG101'"):
        enabled_codes(Config(ignore=("zzzzzz",)), KNOWN)


@pytest.mark.parametrize("family", ["TFG", "TFG1", "TFG2", "TFG3", "TFG4", "TFG5"])
def test_families_are_valid_even_without_rules(family: str) -> None:
    assert enabled_codes(Config(select=(family,)), Catalogue({}, frozenset(), frozenset())) == frozenset()


SELECTORS = st.lists(st.sampled_from(["ALL", "T", "TFG", "TFG1", "TFG10", "TFG3", *NAMES, *NAMES.values()])).map(tuple)


@given(SELECTORS, SELECTORS, SELECTORS, SELECTORS, st.randoms())
def test_order_never_matters_and_each_code_follows_its_most_specific_selector(
    select: tuple[str, ...], ignore: tuple[str, ...], more: tuple[str, ...], less: tuple[str, ...], random: object
) -> None:
    enabled = enabled_codes(Config(select, ignore, more, less), KNOWN)
    assert enabled == enabled_codes(Config(select[::-1], less[::-1], more[::-1], ignore[::-1]), KNOWN)
    for code in NAMES.keys() - INTERNAL:
        wanted = max((KNOWN.specificity(each) for each in select + more if code in KNOWN.codes(each)), default=-1)
        unwanted = max((KNOWN.specificity(each) for each in ignore + less if code in KNOWN.codes(each)), default=-1)
        assert (code in enabled) == (wanted > unwanted)


def test_the_real_catalogue() -> None:
    known = catalogue()
    assert known.code_of("private-api") == "TFG102"
    assert known.internal == INTERNAL_CODES.keys()
    assert known.defaults <= known.names.keys() - INTERNAL_CODES.keys()
    assert "TFG101" in enabled_codes(Config())
