"""All rules, found by where their files lie; nobody keeps a list."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import fullgraph.rules
from fullgraph.api import Effect, Rule, Severity
from fullgraph.engine.page import Page, parse_page

INTERNAL_CODES: Mapping[str, str] = MappingProxyType(
    {
        "TFG000": "invalid-file",
        "TFG001": "internal-error",
        "TFG002": "unused-suppression",
        "TFG003": "malformed-suppression",
        "TFG004": "outdated-baseline-entry",
        "TFG005": "outdated-allow-entry",
        "TFG006": "incomplete-allow-entry",
    }
)
"""Codes that no rule file stands behind, with their names: they are on whatever is selected."""

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "private_api": "TFG1",
        "graph_break": "TFG2",
        "recompile": "TFG3",
        "device": "TFG4",
        "compile_usage": "TFG5",
    }
)
"""Folder of a rule file -> prefix of its code."""

_EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "private_api": Effect.PRIVATE_NAME,
        "graph_break": Effect.GRAPH_BREAK,
        "recompile": Effect.RECOMPILATION,
        "device": Effect.DEVICE_MOVE,
    }
)
"""Folder of a rule file -> what its rules are about, where they do not say so."""

_TRACING_CATEGORIES = frozenset({"graph_break", "recompile", "device"})
_ABOUT_NAMES = "private_api"
_NOT_OF_PLACES = frozenset({Effect.CHANGED_BETWEEN_CALLS, Effect.HOST_SYNC, Effect.STATIC_SHAPES})
"""Effects that do not depend on whether the place that is reported is traced."""


@dataclass(frozen=True, slots=True)
class RegisteredRule:
    """A rule with what its place says of it."""

    rule: Rule
    name: str
    category: str
    module: str
    docstring: str
    cases: str

    @property
    def code(self) -> str:
        """``TFG`` and three digits."""
        return self.rule.code

    @property
    def message(self) -> str:
        """Template of the message."""
        return self.rule.message

    @property
    def since(self) -> str:
        """Version of fullgraph that first had the rule."""
        return self.rule.since

    @property
    def default(self) -> bool:
        """Whether the rule is on unless somebody turns it off."""
        return self.rule.default

    @property
    def severity(self) -> Severity | None:
        """Fixed weight, or None where it follows from how surely the code is traced."""
        return self.rule.severity

    @property
    def effect(self) -> Effect | None:
        """What is seen on real torch where the rule reports; None where nobody has said what that is."""
        return self.rule.effect or _EFFECTS.get(self.category)

    @property
    def concerns_tracing(self) -> bool:
        """Whether the cost arises only in code that Dynamo traces."""
        return self.category in _TRACING_CATEGORIES and self.effect not in _NOT_OF_PLACES

    @property
    def asks_project(self) -> bool:
        """Whether what it says of a file may depend on others: rules about names never ask what is traced."""
        return self.category != _ABOUT_NAMES

    @property
    def page(self) -> Page:
        """The rule's documentation."""
        return parse_page(self.docstring)

    @property
    def url(self) -> str:
        """Path of the rule's page inside the project's documentation."""
        return f"docs/rules/{self.code}.md"


@cache
def registry() -> Mapping[str, RegisteredRule]:
    """Every rule by its code, in the order of the codes.

    Raises:
        RuntimeError: a rule file is not as it must be; a fault of fullgraph, which its tests exclude.
    """
    found: dict[str, RegisteredRule] = {}
    for info in pkgutil.walk_packages(fullgraph.rules.__path__, fullgraph.rules.__name__ + "."):
        if info.ispkg:
            continue
        registered = _load(info.name)
        if registered.code in found:
            raise RuntimeError(f"{registered.code} stands in {registered.module} and {found[registered.code].module}")
        found[registered.code] = registered
    return MappingProxyType(dict(sorted(found.items())))


def _load(module_name: str) -> RegisteredRule:
    module = importlib.import_module(module_name)
    *_, category, name = module_name.split(".")
    rule = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        raise RuntimeError(f"{module_name} declares no RULE")
    if category not in CATEGORIES or not rule.code.startswith(CATEGORIES[category]):
        raise RuntimeError(f"{rule.code} does not belong into {category}")
    cases = getattr(module, "CASES", "")
    return RegisteredRule(rule, name.replace("_", "-"), category, module_name, module.__doc__ or "", cases)
