"""Which rules a configuration turns on.

The most specific selector wins: a code or a name over a longer prefix over a shorter one over ``ALL``. Between two
equally specific ones, ignoring wins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fullgraph.config import DEGREES, Config, Kind, options
from fullgraph.tomlfile import ConfigError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fullgraph.engine.finding import Finding

ALL = "ALL"
FAMILIES = ("TFG", "TFG1", "TFG2", "TFG3", "TFG4", "TFG5")
_EXACT = 1000


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The codes that exist: their names, which rules are on by default, and which codes are no rule's and always on."""

    names: Mapping[str, str]
    defaults: frozenset[str]
    internal: frozenset[str]
    turned_on_by: Mapping[str, str] = field(default_factory=dict)
    """Rules that a setting turns on, with its name."""

    def code_of(self, selector: str) -> str | None:
        """Find the one code that a code or a name stands for."""
        if selector in self.names:
            return selector
        return next((code for code, name in self.names.items() if name == selector), None)

    def is_valid(self, selector: str) -> bool:
        """Whether a selector is a code, a prefix, a family, a rule's name or ``ALL``."""
        if not selector:
            return False
        prefix = selector in FAMILIES or any(code.startswith(selector) for code in self.names)
        return selector == ALL or prefix or self.code_of(selector) is not None

    def codes(self, selector: str) -> frozenset[str]:
        """Give the rules that a valid selector stands for."""
        exact = self.code_of(selector)
        if exact is not None:
            return frozenset({exact})
        rules = self.names.keys() - self.internal
        return frozenset(code for code in rules if selector == ALL or code.startswith(selector))

    def specificity(self, selector: str) -> int:
        """How exactly a valid selector names a rule."""
        if selector == ALL:
            return 0
        return _EXACT if self.code_of(selector) is not None else len(selector)

    def nearest(self, word: str) -> str | None:
        """Find the code, family or name that a misspelt selector most likely stands for."""
        return self.nearest_rule(word) or nearest(word, (*FAMILIES, ALL))

    def nearest_rule(self, word: str) -> str | None:
        """Find the code or the name of one rule that a misspelt word most likely stands for."""
        return nearest(word, (*sorted(self.names), *self.names.values()))


def catalogue() -> Catalogue:
    """Collect the codes of this installation."""
    from fullgraph.engine.registry import INTERNAL_CODES, registry  # noqa: PLC0415 - loads every rule

    rules = registry()
    names = {**INTERNAL_CODES, **{code: rule.name for code, rule in rules.items()}}
    defaults = frozenset(code for code, rule in rules.items() if rule.default)
    turned_on_by = {code: rule.rule.turned_on_by for code, rule in rules.items() if rule.rule.turned_on_by}
    return Catalogue(names, defaults, frozenset(INTERNAL_CODES), turned_on_by)


def enabled_codes(config: Config, known: Catalogue | None = None) -> frozenset[str]:
    """Give the codes that a configuration turns on.

    The internal ones are among them, unless they are ignored by their exact code or name.

    Raises:
        ConfigError: a selector that stands for nothing; names where it was given and the nearest valid one.

    """
    known = catalogue() if known is None else known
    steps = [
        (known.specificity(selector), not enable, known.codes(selector))
        for selector, enable in _checked_selectors(config, known)
    ]
    enabled = set(known.internal)
    if config.select is None:
        enabled |= known.defaults | {code for code, name in known.turned_on_by.items() if getattr(config, name)}
    for _, disable, codes in sorted(steps, key=lambda step: step[:2]):
        if disable:
            enabled -= codes
        else:
            enabled |= codes
    return frozenset(enabled)


def ignored_per_file(config: Config, known: Catalogue | None = None) -> dict[str, frozenset[str]]:
    """Give the codes that a configuration turns off for the files of each pattern.

    Raises:
        ConfigError: a selector that stands for nothing; names where it was given and the nearest valid one.

    """
    ignored: dict[str, frozenset[str]] = {}
    for value in config.per_file_ignores or ():
        known = catalogue() if known is None else known
        pattern, _, selector = value.rpartition(":")
        _check(selector, config.origin("per_file_ignores", value).where, known)
        ignored[pattern] = ignored.get(pattern, frozenset()) | known.codes(selector)
    return ignored


def never_allowed(config: Config, known: Catalogue | None = None) -> dict[str, str]:
    """Give the codes that no entry of an allow-list may name, with where that is said.

    Raises:
        ConfigError: a selector that stands for nothing; names where it was given and the nearest valid one.

    """
    never: dict[str, str] = {}
    for selector in config.never_allow or ():
        known = catalogue() if known is None else known
        where = config.origin("never_allow", selector).where
        _check(selector, where, known)
        never.update(dict.fromkeys(sorted(known.codes(selector) - never.keys()), where))
    return never


def selected(selectors: str, where: str, known: Catalogue | None = None) -> frozenset[str]:
    """Give the rules that codes, prefixes and names with commas between them stand for.

    Raises:
        ConfigError: a selector that stands for nothing.

    """
    known = catalogue() if known is None else known
    codes: set[str] = set()
    for selector in (each.strip() for each in selectors.split(",")):
        _check(selector, where, known)
        codes |= known.codes(selector) - known.internal
    return frozenset(codes)


def _checked_selectors(config: Config, known: Catalogue) -> Iterator[tuple[str, bool]]:
    for option in options():
        if option.kind is not Kind.RULES:
            continue
        for selector in getattr(config, option.name) or ():
            _check(selector, config.origin(option.name, selector).where, known)
            yield selector, "select" in option.name


def _check(selector: str, where: str, known: Catalogue) -> None:
    if not known.is_valid(selector):
        near = known.nearest(selector)
        hint = f"did you mean {near!r}?" if near else "codes look like 'TFG101'"
        raise ConfigError(where, f"unknown rule {selector!r}; {hint}")


def is_traced_enough(finding: Finding, level: str) -> bool:
    """Whether a finding is wanted at a level of `config.DEGREES`; what does not depend on tracing always is."""
    return (
        level == "all" or not finding.reach or finding.traced.degree.name.lower() in DEGREES[: DEGREES.index(level) + 1]
    )
