"""The evidence for a rule's page: what its blocks do on the installed torch, and whether that is what the page claims.

Nothing here knows a rule: what counts as evidence follows from the effect that the rule declares or its category has,
and a rule without one has no proof. `fullgraph.verify.records` keeps the answers of several torch releases.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from fullgraph.api import Effect
from fullgraph.engine.check import check_source
from fullgraph.engine.finding import Finding
from fullgraph.engine.page import Block
from fullgraph.engine.registry import RegisteredRule
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion, private_name
from fullgraph.verify.observation import Observation, OracleError
from fullgraph.verify.observe import INTERNAL_ERROR, observe
from fullgraph.verify.usage import USAGE, USAGE_REMEDIES, marked_rows, unlike
from fullgraph.verify.values import same_result

LIMIT = 8
"""How many compiled versions of one function torch keeps by default, as the pages say."""

_LINES = ("break_lines", "move_lines", "recompile_lines", "list_lines", "warned_lines", "error_lines", "failed_lines")
_USAGE_LINES = ("compile_lines", "again_lines", "prefixed_lines")
_RAISES = frozenset({Effect.INTERNAL_ERROR, Effect.MISSING_NAME, Effect.RAISED_LATER})
"""Effects that are errors."""
_OF_THIS_RUN = re.compile(r" \(/[^)]*\)| at 0x[0-9a-f]+|( in file)? /[^\s'\",]+")
_NAME = re.compile(r"`(torch\.[\w.]+)`")


def contradictions(rule: RegisteredRule, block: Block, seen: Observation) -> tuple[str, ...]:
    """Say in what way the block, once run, was not what the page claims: nothing, where it was.

    A bad block must misbehave exactly at its marked lines, in the way that the rule says; any other must be clean.

    Raises:
        OracleError: nobody has said what the rule's effect is.
    """
    if rule.effect is None:
        raise OracleError(f"{rule.code}: it is not known what shows a rule of category {rule.category!r} to be right")
    is_bad = block.kind == "bad"
    if seen.errors and not (is_bad and rule.effect in _RAISES):
        return tuple(dict.fromkeys(f"raised {error}" for error in seen.errors))
    if is_bad:
        return tuple({**_EVIDENCE, **USAGE}[rule.effect](block, seen))
    if rule.effect is Effect.WRONG_RESULT and not same_result(
        seen.result, observe(block.source, compiled=False).result
    ):
        return ("the result is not that of eager mode",)
    warns = rule.effect is Effect.DEPRECATION and seen.warned_lines
    if not seen.clean or warns:
        return ("not clean",)
    return tuple(USAGE_REMEDIES[rule.effect](block, seen)) if rule.effect in USAGE_REMEDIES else ()


def has_remedy(rule: RegisteredRule, block: Block) -> bool:
    """Whether a good or fixed block of the page returns, run eagerly, what the bad `block` returns.

    A bad block that works only with the compiled module is compared as it runs compiled. One that must raise returns
    nothing to compare with; there it is enough that the other blocks return something.
    """
    if rule.effect is Effect.MISSING_NAME:
        others = (observe(other.source, compiled=False) for other in rule.page.blocks if other.kind != "bad")
        return any(other.result is not None and not other.errors for other in others)
    wanted = observe(block.source, compiled=False)
    if wanted.errors:
        wanted = observe(block.source)
    if wanted.errors or wanted.result is None:  # without CALL or CALLS there is nothing to compare
        return False
    remedies = (observe(other.source, compiled=False) for other in rule.page.blocks if other.kind != "bad")
    return any(same_result(wanted.result, remedy.result) for remedy in remedies if not remedy.errors)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one block did on one release of torch."""

    seen: Observation
    """What was observed when it ran compiled."""
    contradictions: tuple[str, ...]
    """In what way this was not what the page claims."""
    effect: Effect | None = None
    """What the rule is about."""

    @property
    def as_claimed(self) -> bool:
        """Whether the block did what the page claims."""
        return not self.contradictions

    def data(self) -> dict[str, object]:
        """Give the evidence as plain data, without what is empty; `as_claimed` is always there."""
        data: dict[str, object] = {"as_claimed": self.as_claimed}
        values: dict[str, object] = {"breaks": self.seen.breaks, "recompilations": self.seen.recompilations}
        values |= {name: sorted(getattr(self.seen, name)) for name in _LINES}
        if self.effect in USAGE:
            values |= {name: sorted(getattr(self.seen, name)) for name in _USAGE_LINES} | {"graphs": self.seen.graphs}
        values |= {
            "limit_met": bool(self.seen.limit_lines),
            "errors": list(dict.fromkeys(map(_told, self.seen.errors))),
        }
        values |= {"says": sorted({_told(why) for _, why in self.seen.break_reasons if why})}
        values |= {"contradictions": list(dict.fromkeys(map(_told, self.contradictions)))}
        return data | {name: value for name, value in values.items() if value}


def _told(error: str) -> str:
    """An error without what is different in each run."""
    return _OF_THIS_RUN.sub("", error)


def evidence(rule: RegisteredRule, block: Block) -> Evidence:
    """Run one block of a page on the installed torch, and judge what it did."""
    seen = observe(block.source)
    found = contradictions(rule, block, seen)
    if block.kind == "bad" and not has_remedy(rule, block):
        found += ("no good block gives the same result",)
    return Evidence(seen, found, rule.effect)


def _graph_break(block: Block, seen: Observation) -> Iterator[str]:
    yield from unlike("breaks", seen.break_lines, block)


def _recompile(block: Block, seen: Observation) -> Iterator[str]:
    if seen.breaks:
        yield f"{seen.breaks} graph breaks"
    if seen.recompilations < LIMIT - 1:
        yield f"only {seen.recompilations} recompilations"
    if not seen.limit_lines:
        yield "the limit is not met"
    if set(seen.list_lines) != marked_rows(block):
        yield from unlike("recompilations", seen.recompile_lines, block)


def _device(block: Block, seen: Observation) -> Iterator[str]:
    yield from unlike("moves or breaks", seen.move_lines | seen.break_lines, block)


def _wrong_result(block: Block, seen: Observation) -> Iterator[str]:
    """Have the block give another result when it runs eagerly, and the linter say why at the marked lines."""
    if same_result(seen.result, observe(block.source, compiled=False).result):
        yield "the result is that of eager mode"
    yield from unlike("findings", {finding.start.row for finding in _linted(block, seen)}, block)


def _missing(block: Block, seen: Observation) -> Iterator[str]:
    """Have each marked line alone raise, and the linter say so for the torch that ran it."""
    if not any(error.startswith(("AttributeError", "ImportError", "ModuleNotFoundError")) for error in seen.errors):
        yield f"raised {', '.join(seen.errors) or 'nothing'}"
    yield from unlike("errors", seen.error_lines, block)
    found = _linted(block, seen)
    yield from unlike("findings", {finding.start.row for finding in found}, block)
    yield from (f"{name} exists" for name in map(_first_name, found) if resolves(name))


def _internal_error(block: Block, seen: Observation) -> Iterator[str]:
    """Have Dynamo alone fail, and only while it traces the marked lines."""
    yield from unlike("errors of Dynamo", seen.failed_lines, block)
    yield from (f"raised {error}" for error in dict.fromkeys(seen.errors) if not error.startswith(INTERNAL_ERROR))


def _deprecation(block: Block, seen: Observation) -> Iterator[str]:
    yield from unlike("warnings", seen.warned_lines, block)
    for finding in _linted(block, seen):
        yield from (f"{name} does not exist" for name in _NAME.findall(finding.text) if not resolves(name))


def _first_name(finding: Finding) -> str:
    return str(_NAME.findall(finding.text)[0])


def _linted(block: Block, seen: Observation) -> list[Finding]:
    """Lint the block for the torch that ran it, with the rules that it marks."""
    codes = frozenset(code for _, code in block.marked)
    settings = Settings(TorchRange.only(TorchVersion.parse(seen.torch)), codes)
    return check_source(block.source.encode(), "block.py", settings)


def _private(block: Block, seen: Observation) -> Iterator[str]:
    """Have the block linted for the torch that ran it, and hold every name in the messages against that torch."""
    installed = TorchVersion.parse(seen.torch)
    found = _linted(block, seen)
    yield from unlike("findings", {finding.start.row for finding in found}, block)
    for finding in found:
        private, *others = _NAME.findall(finding.text)
        if not resolves(private):
            yield f"{private} does not exist"
            continue
        known = private_name(private)
        public = known.public_at(installed) if known is not None else None
        if public is None:
            yield from (f"{other} exists already" for other in others if resolves(other))
        elif not resolves(others[0]):
            yield f"{others[0]} does not exist"
        elif (lost := lost_keywords(private, others[0])) != (told := _taken(private, public.dropped_keywords)):
            yield f"{others[0]} lacks the keywords {sorted(lost)}, not {sorted(told)}"


_EVIDENCE: Mapping[Effect, Callable[[Block, Observation], Iterator[str]]] = MappingProxyType(
    {
        Effect.PRIVATE_NAME: _private,
        Effect.MISSING_NAME: _missing,
        Effect.INTERNAL_ERROR: _internal_error,
        Effect.DEPRECATION: _deprecation,
        Effect.GRAPH_BREAK: _graph_break,
        Effect.RECOMPILATION: _recompile,
        Effect.DEVICE_MOVE: _device,
        Effect.WRONG_RESULT: _wrong_result,
    }
)


def resolves(path: str) -> bool:
    """Whether the installed torch has something of this dotted name."""
    try:
        _resolve(path)
    except AttributeError:
        return False
    return True


def lost_keywords(private: str, public: str) -> set[str]:
    """Find the keywords that the callable named `private` takes and the one named `public` does not."""
    return _keywords(_resolve(private)) - _keywords(_resolve(public))


def _taken(private: str, dropped: tuple[str, ...]) -> set[str]:
    """Keep the keywords that the callable named `private` has in this release: it may have got some only later."""
    return _keywords(_resolve(private)).intersection(dropped)


def _resolve(path: str) -> Any:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            value = getattr(value, part)
        return value
    raise AttributeError(path)


def _keywords(value: Any) -> set[str]:
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name for name, item in inspect.signature(value).parameters.items() if item.kind in kinds}
