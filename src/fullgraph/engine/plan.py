"""Who looks at what: the triggers of the enabled rules, resolved once into dictionaries."""

from __future__ import annotations

import ast
import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fullgraph.api import Hit, Kind, Traced
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.rule import (
    CallTrigger,
    MethodTrigger,
    NodeTrigger,
    PrivateReferenceTrigger,
    ReferenceTrigger,
    ToldTrigger,
)
from fullgraph.semantic.foreign import About
from fullgraph.semantic.traced import COLD
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
    """Subscriptions by node type, by dotted path of a callee, by method name and by package.

    Attributes:
        nodes: by the type of the node.
        calls: by a dotted path of the callee.
        methods: by the name of the method.
        private: by the package of the private names.
        references: by the package, and whether only names that may change count.
        packages: top-level packages whose names the rules ask for.
        builtins: builtin functions whose calls they ask for.
        callees: last names of the callees.
        asked: names of methods and last names of callees.
        asked_anywhere: those among them that are asked for in code that is not traced, too.
        told: to what linking tells of other files, by what that is about.
    """

    nodes: Mapping[type[ast.AST], list[Subscription]]
    calls: Mapping[str, list[Subscription]]
    methods: Mapping[str, list[Subscription]]
    private: Mapping[str, list[Subscription]]
    references: Mapping[tuple[str, bool], list[Subscription]]
    packages: frozenset[str]
    builtins: frozenset[str]
    callees: frozenset[str]
    asked: frozenset[str]
    asked_anywhere: frozenset[str]
    told: Mapping[About, list[Subscription]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is looked for."""
        return not (self.nodes or self.calls or self.methods or self.private or self.references or self.told)


@cache
def _mentions() -> Mapping[str, tuple[str, ...]]:
    return {code: rule.rule.mentions for code, rule in registry().items() if rule.rule.mentions}


def codes_for(codes: frozenset[str], text: str) -> frozenset[str]:
    """Those of some codes whose rules need no word that a file with this text does not contain."""
    needed = _mentions()
    return codes - {code for code in codes & needed.keys() if not any(word in text for word in needed[code])}


@cache
def codes_at(codes: frozenset[str], releases: TorchRange) -> frozenset[str]:
    """The enabled codes without those of rules about releases none of which is aimed at."""
    return frozenset(
        code
        for code in codes
        if code not in registry() or not (seen := registry()[code].rule.torch) or TorchRange.parse(seen).meets(releases)
    )


@cache
def ask_project(codes: frozenset[str]) -> bool:
    """Whether some of these rules may say something else of a file when other files of its project change."""
    return any(code in codes and rule.asks_project for code, rule in registry().items())


@cache
def with_needed(codes: frozenset[str]) -> frozenset[str]:
    """The enabled codes with those of rules whose findings an enabled one needs."""
    rules = registry()
    needed = {rules[code].rule.needs for code in codes if code in rules} - {None}
    return codes | {code for code, rule in rules.items() if needed and rule.default and rule.effect in needed}


class Part(enum.Enum):
    """Which handlers run: a project is linked between the first and the second look at a file."""

    ALL = "all"
    FIRST = "first"
    """Those that look at any code."""
    SECOND = "second"
    """Those that look only at traced code, or at code that is called hot."""

    def has(self, rule: RegisteredRule, where: Traced) -> bool:
        """Whether a handler of a rule belongs to it that looks at code that is traced at least so surely."""
        return self is Part.ALL or (where > Traced.NONE or COLD in rule.rule.unless) is (self is Part.SECOND)


@cache
def codes_in(codes: frozenset[str], part: Part) -> frozenset[str]:
    """Those codes whose rules have handlers that run in a part."""
    rules = registry()
    known = [rules[code] for code in codes if code in rules]
    return frozenset(each.code for each in known if any(part.has(each, item.where) for item in each.rule.triggers))


@cache
def plan_for(codes: frozenset[str], part: Part = Part.ALL) -> Plan:
    """The dispatch plan of a set of enabled codes; made once per process, set and part."""
    nodes, calls, methods, private, references, told = (defaultdict[Any, list[Subscription]](list) for _ in range(6))
    for code, registered in registry().items():
        for trigger in registered.rule.triggers if code in codes else ():
            if not part.has(registered, trigger.where):
                continue
            match trigger:
                case NodeTrigger(types, where, handler):
                    for kind in types:
                        nodes[kind].append(Subscription(registered, where, handler))
                case CallTrigger(paths, where, handler):
                    for path in paths:
                        calls[path].append(Subscription(registered, where, handler))
                case MethodTrigger(names, of, where, handler):
                    for method in names:
                        methods[method].append(Subscription(registered, where, handler, of))
                case ReferenceTrigger(packages, changing, where, handler):
                    for package in packages:
                        references[package, changing].append(Subscription(registered, where, handler))
                case PrivateReferenceTrigger(packages, where, handler):
                    for package in packages:
                        private[package].append(Subscription(registered, where, handler))
                case ToldTrigger(about, handler, where):
                    told[about].append(Subscription(registered, where, handler))
    tops = {*private, *(package for package, _ in references), *(path.partition(".")[0] for path in calls)}
    builtins = {path.removeprefix("builtins.") for path in calls if path.startswith("builtins.")}
    last = frozenset(path.rpartition(".")[2] for path in calls)
    by_name = [(path.rpartition(".")[2], each) for table in (calls, methods) for path, each in table.items()]
    anywhere = frozenset(name for name, each in by_name if any(item.where is Traced.NONE for item in each))
    return Plan(
        nodes,
        calls,
        methods,
        private,
        references,
        frozenset(tops),
        frozenset(builtins),
        last,
        last.union(methods),
        anywhere,
        told,
    )
