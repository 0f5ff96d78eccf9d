"""Who looks at what: the triggers of the enabled rules, resolved once into dictionaries."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from fullgraph.api import (
    CallTrigger,
    Hit,
    Kind,
    MethodTrigger,
    NodeTrigger,
    PrivateReferenceTrigger,
    ReferenceTrigger,
    Traced,
)
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.torchfacts import TorchRange


@dataclass(frozen=True, slots=True)
class Subscription:
    """One handler of one rule, and the gates that it stands behind."""

    rule: RegisteredRule
    where: Traced
    handler: Callable[[Any, Any], Iterable[Hit]]
    of: Kind | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Subscriptions by node type, by dotted path of a callee, by method name and by package of private names."""

    nodes: dict[type[ast.AST], list[Subscription]]
    calls: dict[str, list[Subscription]]
    methods: dict[str, list[Subscription]]
    private: dict[str, list[Subscription]]
    references: dict[str, list[Subscription]]

    @property
    def packages(self) -> frozenset[str]:
        """Top-level packages whose names the enabled rules ask for."""
        return frozenset({*self.private, *self.references, *(path.partition(".")[0] for path in self.calls)})

    @property
    def builtins(self) -> frozenset[str]:
        """Builtin functions whose calls the enabled rules ask for."""
        return frozenset(path.removeprefix("builtins.") for path in self.calls if path.startswith("builtins."))


@cache
def _mentions() -> Mapping[str, tuple[str, ...]]:
    return {code: rule.rule.mentions for code, rule in registry().items() if rule.rule.mentions}


def codes_for(codes: frozenset[str], lines: Sequence[str]) -> frozenset[str]:
    """The enabled codes without those of rules that need a word which the file does not contain."""
    absent = {
        code
        for code, words in _mentions().items()
        if code in codes and not any(word in line for line in lines for word in words)
    }
    return codes - absent if absent else codes


@cache
def codes_at(codes: frozenset[str], releases: TorchRange) -> frozenset[str]:
    """The enabled codes without those of rules about releases none of which is aimed at."""
    return frozenset(
        code
        for code in codes
        if code not in registry() or not (seen := registry()[code].rule.torch) or TorchRange.parse(seen).meets(releases)
    )


@cache
def plan_for(codes: frozenset[str]) -> Plan:
    """The dispatch plan of a set of enabled codes; made once per process and set."""
    plan = Plan(defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list), defaultdict(list))
    for code, registered in registry().items():
        if code in codes:
            _subscribe(plan, registered)
    return plan


def _subscribe(plan: Plan, registered: RegisteredRule) -> None:
    for trigger in registered.rule.triggers:
        match trigger:
            case NodeTrigger(types, where, handler):
                for kind in types:
                    plan.nodes[kind].append(Subscription(registered, where, handler))
            case CallTrigger(paths, where, handler):
                for path in paths:
                    plan.calls[path].append(Subscription(registered, where, handler))
            case MethodTrigger(methods, of, where, handler):
                for method in methods:
                    plan.methods[method].append(Subscription(registered, where, handler, of))
            case ReferenceTrigger(packages, where, handler):
                for package in packages:
                    plan.references[package].append(Subscription(registered, where, handler))
            case PrivateReferenceTrigger(packages, where, handler):
                for package in packages:
                    plan.private[package].append(Subscription(registered, where, handler))
