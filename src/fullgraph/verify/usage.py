"""The evidence for rules about how torch.compile is used: who asked for what, and whether it was compiled."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from fullgraph.api import Effect
from fullgraph.engine.page import Block
from fullgraph.verify.observation import Observation
from fullgraph.verify.observe import observe

_OF_DYNAMO = ("Unsupported:", "UserError:", "TorchRuntimeError:", "InternalTorchDynamoError:", "BackendCompilerFailed:")
_Check = Callable[[Block, Observation], Iterator[str]]
_ASSIGNED = re.compile(r"^(\s*[^=]+ = )(.+?)(\s+#.*)?$")


def marked_rows(block: Block) -> set[int]:
    """The lines that a block marks."""
    return {row for row, _ in block.marked}


def unlike(what: str, found: frozenset[int] | set[int], block: Block) -> Iterator[str]:
    """Compare the lines where something was seen with those that are marked."""
    if set(found) != marked_rows(block):
        yield f"{what} at lines {sorted(found)}, not at {sorted(marked_rows(block))}"


def _with_changed(block: Block, change: Callable[[str], str]) -> Observation:
    """What torch does with the block when its marked lines are others."""
    marked = marked_rows(block)
    rows = [change(row) if number in marked else row for number, row in enumerate(block.source.splitlines(), 1)]
    return observe("\n".join(rows) + "\n")


def _without_marked(block: Block) -> Observation:
    """What torch does with the block when nothing stands in its marked lines."""
    return _with_changed(block, lambda row: row[: len(row) - len(row.lstrip())] + "pass")


def _uncaptured(block: Block, seen: Observation) -> Iterator[str]:
    """Have every operation on tensors be captured."""
    eager = observe(block.source, compiled=False)
    lines = {stack[-1] for stack in eager.operations}
    if not lines:
        yield "nothing is computed"
    elif left := lines - seen.captured_lines:
        yield f"not captured: lines {sorted(left)}"


def _bypassed(block: Block, seen: Observation) -> Iterator[str]:
    eager = observe(block.source, compiled=False)
    behind: dict[int, set[int]] = {}
    for line, operation in eager.entries:
        behind.setdefault(line, set()).add(operation)
    bypassed = {line for line, operations in behind.items() if seen.captured_lines.isdisjoint(operations)}
    yield from unlike("what is to be compiled is bypassed", bypassed, block)


def _never_called(block: Block, seen: Observation) -> Iterator[str]:
    yield from unlike("compiled", set(seen.compile_lines), block)
    if seen.graphs:
        yield f"{seen.graphs} graphs are captured"
    if not observe(block.source, compiled=False).operations:
        yield "nothing is computed"


def _never_compiled(block: Block, seen: Observation) -> Iterator[str]:
    """Have nothing be captured, and have it be where the marked lines give what they assign to `torch.compile`."""
    if seen.graphs:
        yield f"{seen.graphs} graphs are captured"
    if not observe(block.source, compiled=False).operations:
        yield "nothing is computed"
    other = _with_changed(block, lambda row: _ASSIGNED.sub(r"\1torch.compile(\2)\3", row))
    yield from unlike("with `torch.compile` compiled", set(other.compile_lines), block)
    if not other.graphs:
        yield "with `torch.compile` nothing is captured either"


def _no_effect(block: Block, seen: Observation) -> Iterator[str]:
    if not seen.graphs:
        yield "nothing is captured"
    other = _without_marked(block)
    if (other.graphs, other.captured_lines, other.reports, other.errors) != (
        seen.graphs,
        seen.captured_lines,
        seen.reports,
        seen.errors,
    ):
        yield "without the marked lines torch does something else"


def _captures_nothing(_block: Block, seen: Observation) -> Iterator[str]:
    if not seen.compile_lines:
        yield "nothing is to be compiled"
    if seen.graphs:
        yield f"{seen.graphs} graphs are captured"


def _switched_off(block: Block, seen: Observation) -> Iterator[str]:
    yield from _captures_nothing(block, seen)
    other = _without_marked(block)
    if not other.graphs and not any(error.startswith(_OF_DYNAMO) for error in other.errors):
        yield "without the marked lines nothing is captured either, and Dynamo raises nothing"


def _raised_later(block: Block, seen: Observation) -> Iterator[str]:
    yield from unlike("compiled", set(seen.compile_lines), block)
    if not seen.errors or not all(error.startswith(_OF_DYNAMO) for error in seen.errors):
        yield f"raised {', '.join(seen.errors) or 'nothing'}, not what Dynamo raises"
    if seen.error_lines & marked_rows(block):
        yield "the marked lines raise"


def _each_time(block: Block, seen: Observation) -> Iterator[str]:
    calls = len(seen.result) if isinstance(seen.result, list) else 1
    often = {line for line, count in Counter(seen.compile_lines).items() if count >= max(calls, 2)}
    yield from unlike(f"compiled {max(calls, 2)} times", often, block)
    if not seen.graphs:
        yield "nothing is captured"


def _once(block: Block, seen: Observation) -> Iterator[str]:
    if often := sorted(line for line, count in Counter(seen.compile_lines).items() if count > 1):
        yield f"compiled more than once at lines {often}"
    yield from _uncaptured(block, seen)


def _only_with_marked(is_seen: Callable[[Observation], object], not_seen: str, still_seen: str) -> _Check:
    """Have something be seen, and not be without the marked lines, where torch captures all the same."""

    def check(block: Block, seen: Observation) -> Iterator[str]:
        if not is_seen(seen):
            yield not_seen
        other = _without_marked(block)
        if is_seen(other):
            yield f"without the marked lines {still_seen}, too"
        if not other.graphs or other.errors:
            yield "without the marked lines nothing is captured"

    return check


def _not_once_more(_block: Block, seen: Observation) -> Iterator[str]:
    if seen.recompilations:
        yield f"compiled again {seen.recompilations} times"
    if not seen.graphs:
        yield "nothing is captured"


def _static(block: Block, seen: Observation) -> Iterator[str]:
    """Have the limit be met, and not be without `dynamic=False` in the marked lines."""
    yield from unlike("compiled", set(seen.compile_lines), block)
    if not seen.limit_lines:
        yield "the limit is not met"
    other = _with_changed(block, lambda row: re.sub(r"(, *)?\bdynamic=False\b", "", row))
    if other.limit_lines:
        yield "without `dynamic=False` the limit is met, too"


def _captures_something(_block: Block, seen: Observation) -> Iterator[str]:
    if not seen.graphs:
        yield "nothing is captured"


def _never_reached(block: Block, seen: Observation) -> Iterator[str]:
    """Have nothing be compiled, and have it be where the conditions in front of the marked lines hold."""
    if seen.graphs or seen.compile_lines:
        yield "something is compiled"
    tests = [
        node.test
        for node in ast.walk(ast.parse(block.source))
        if isinstance(node, ast.If) and any(node.lineno <= row <= (node.end_lineno or 0) for row in marked_rows(block))
    ]
    rows = block.source.splitlines()
    for test in sorted(tests, key=lambda test: (test.lineno, test.col_offset), reverse=True):
        row, otherwise = rows[test.lineno - 1], f"not ({ast.unparse(test)})"
        rows[test.lineno - 1] = row[: test.col_offset] + otherwise + row[test.end_col_offset :]
    other = observe("\n".join(rows) + "\n")
    yield from unlike("with the contrary conditions compiled", set(other.compile_lines), block)
    if not other.graphs:
        yield "with the contrary conditions nothing is captured"


def _again(block: Block, seen: Observation) -> Iterator[str]:
    yield from unlike("compiled again", seen.again_lines, block)


def _not_again(block: Block, seen: Observation) -> Iterator[str]:
    if seen.again_lines:
        yield f"compiled again at lines {sorted(seen.again_lines)}"
    yield from _uncaptured(block, seen)


def _prefixed(block: Block, seen: Observation) -> Iterator[str]:
    yield from unlike("states with a prefix", seen.prefixed_lines, block)


def _not_prefixed(_block: Block, seen: Observation) -> Iterator[str]:
    if seen.prefixed_lines:
        yield f"states with a prefix at lines {sorted(seen.prefixed_lines)}"
    if not seen.compile_lines:
        yield "nothing is to be compiled"


def _host_sync(block: Block, _seen: Observation) -> Iterator[str]:
    """Have the marked lines, and no others, wait more than once while the calls are made."""
    yield from unlike("waits again and again", _repeated_waits(block), block)


def _waits_once(block: Block, _seen: Observation) -> Iterator[str]:
    if lines := _repeated_waits(block):
        yield f"waits again and again at lines {sorted(lines)}"


def _repeated_waits(block: Block) -> set[int]:
    return {line for line, count in Counter(observe(block.source, away=True).waits).items() if count > 1}


_changed = _only_with_marked(lambda seen: seen.limit_lines, "the limit is not met", "the limit is met")
_once_more = _only_with_marked(
    lambda seen: seen.recompilations, "nothing is compiled again", "something is compiled again"
)

USAGE: Mapping[Effect, _Check] = MappingProxyType(
    {
        Effect.BYPASSED: _bypassed,
        Effect.NEVER_CALLED: _never_called,
        Effect.NEVER_COMPILED: _never_compiled,
        Effect.NO_EFFECT: _no_effect,
        Effect.SWITCHED_OFF: _switched_off,
        Effect.RAISED_LATER: _raised_later,
        Effect.SET_UP_EACH_TIME: _each_time,
        Effect.COMPILED_AGAIN: _again,
        Effect.PREFIXED_STATE: _prefixed,
        Effect.CHANGED_BETWEEN_CALLS: _changed,
        Effect.STATIC_SHAPES: _static,
        Effect.COMPILED_ONCE_MORE: _once_more,
        Effect.NEVER_REACHED: _never_reached,
        Effect.HOST_SYNC: _host_sync,
    }
)
"""In what way a bad block does not show the effect."""

USAGE_REMEDIES: Mapping[Effect, _Check] = MappingProxyType(
    {
        Effect.BYPASSED: _uncaptured,
        Effect.NEVER_CALLED: _uncaptured,
        Effect.NEVER_COMPILED: _uncaptured,
        Effect.NO_EFFECT: _captures_nothing,
        Effect.SWITCHED_OFF: _uncaptured,
        Effect.SET_UP_EACH_TIME: _once,
        Effect.COMPILED_AGAIN: _not_again,
        Effect.PREFIXED_STATE: _not_prefixed,
        Effect.CHANGED_BETWEEN_CALLS: _captures_something,
        Effect.STATIC_SHAPES: _captures_something,
        Effect.COMPILED_ONCE_MORE: _not_once_more,
        Effect.NEVER_REACHED: _uncaptured,
        Effect.HOST_SYNC: _waits_once,
    }
)
"""In what way a good block, clean as it is, shows it still."""
