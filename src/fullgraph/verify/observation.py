"""What the oracle answers: plain values, without torch."""

from __future__ import annotations

from dataclasses import dataclass


class OracleError(RuntimeError):
    """The oracle cannot answer: it does not understand what torch said, or the block is not one that it can run."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What torch did when one block ran. Lines are lines of the block, counted from 1."""

    torch: str
    """The version of torch that was asked."""
    break_lines: frozenset[int] = frozenset()
    """Where Dynamo reported graph breaks; for one in library code, the innermost line of the block that led there."""
    break_reasons: tuple[tuple[int, str], ...] = ()
    """The line and the reason of each reported break that a line of the block led to, as Dynamo words it.

    One that is in the way of several functions, or met with other arguments again, is there more than once.
    """
    breaks: int = 0
    """How many graph breaks were reported, those that no line of the block led to included."""
    recompilations: int = 0
    """How often Dynamo compiled a frame again because a guard failed. An attempt that met the limit is not counted."""
    recompile_lines: frozenset[int] = frozenset()
    """The lines that Dynamo names for failed guards on values and lengths. Guards on tensors and modules name none."""
    recompiled: frozenset[int] = frozenset()
    """The first lines of the functions that were compiled again: of their decorator, where they have one."""
    limit_lines: frozenset[int] = frozenset()
    """The first lines of the functions that met the recompile limit: what was not compiled by then runs eagerly."""
    graphs: int = 0
    """How many graphs were captured; empty graphs are not."""
    move_lines: frozenset[int] = frozenset()
    """The innermost lines of captured operations that put the data of a tensor on another device."""
    list_lines: frozenset[int] = frozenset()
    """The lines of captured operations whose list of tensors is not equally long in all captured graphs."""
    warned_lines: frozenset[int] = frozenset()
    """The lines that Python names for warnings of a deprecation."""
    compile_lines: tuple[int, ...] = ()
    """The innermost lines of the block that had something compiled, once for each time, in that order."""
    again_lines: frozenset[int] = frozenset()
    """Those of them that were given what was compiled already, and whose outcome passes that by."""
    captured_lines: frozenset[int] = frozenset()
    """Every line of the block that an operation of some captured graph stems from, callers included."""
    traced_lines: frozenset[int] = frozenset()
    """Every line of the block that Dynamo traced, or began to, whatever became of it."""
    prefixed_lines: frozenset[int] = frozenset()
    """The innermost lines that got from a compiled module a state whose keys all have the prefix of its wrapper.

    And those that gave it a state without.
    """
    operations: frozenset[tuple[int, ...]] = frozenset()
    """Of eager code alone: the lines of the block that led to each operation on tensors, outermost first."""
    entries: frozenset[tuple[int, int]] = frozenset()
    """Likewise: a line that entered a module or function which was to be compiled, and one of an operation there."""
    waits: tuple[int, ...] = ()
    """Of tensors away from the host: the innermost lines that had their values brought there, once for each time."""
    errors: tuple[str, ...] = ()
    """What importing the block or making its calls raised, as `Type: first line`."""
    error_lines: frozenset[int] = frozenset()
    """The innermost lines of the block from which something was raised."""
    failed_lines: frozenset[int] = frozenset()
    """The innermost lines of the block that Dynamo was tracing when it raised an error of its own."""
    raised_lines: frozenset[int] = frozenset()
    """The innermost lines of the block that Dynamo was tracing when it raised what their operation raises for it."""
    result: object = None
    """What the call returned (`CALL`), or all that the calls returned (`CALLS`). Tensors are detached copies."""
    output: str = ""
    """What the block printed."""
    reports: tuple[str, ...] = ()
    """Torch's own messages about breaks, recompilations and limits."""

    @property
    def clean(self) -> bool:
        """Whether torch captured everything, once, without moving a tensor, and nothing failed."""
        return not (self.reports or self.move_lines or self.errors)
