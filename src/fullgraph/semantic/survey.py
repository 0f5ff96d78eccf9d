"""The traced region as a map: what each traced function was reached from, and where following its calls ended."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fullgraph.semantic.link import Linker
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.summary import CallSite, FileSummary, Ref
from fullgraph.semantic.traced import ChainStep, Traced
from fullgraph.semantic.values import ClassId, Elements, External, Function, Instance, Value
from fullgraph.torchfacts import availability

_OF_CONTAINERS = frozenset(name for kind in (dict, list, set, str) for name in dir(kind))
_TRACED_INTO = frozenset({"torch", "builtins", *sys.stdlib_module_names})
"""Packages that Dynamo knows its way about in."""
_DEPTH = 6
"""How deep a callee is spelled out."""


class End(enum.Enum):
    """Why a call was not followed."""

    DISABLED = "kept out of the compiler"
    NOT_COMPILED = "not reached when compiling"
    OUTSIDE = "code of another package"
    UNKNOWN = "unknown callee"


@dataclass(frozen=True, slots=True)
class Stop:
    """A call in traced code that was not followed: its row, what is called and why."""

    row: int
    callee: str
    end: End
    definition: ChainStep | None = None
    """What is kept out, where that is a function of the project."""


@dataclass(frozen=True, slots=True)
class TracedFunction:
    """One traced function.

    Attributes:
        step: where and what it is.
        degree: how surely it is traced.
        compiled_at: what compiles it, if tracing begins here and that is a call or decorator.
        caller: number of the place that it was reached from first; None where tracing begins.
        stops: what it calls that was not followed, in the order of the rows.
    """

    step: ChainStep
    degree: Traced
    compiled_at: ChainStep | None
    caller: int | None
    stops: tuple[Stop, ...]


def survey(files: Sequence[ProjectFile], roots: Sequence[str] = ()) -> list[TracedFunction]:
    """Every traced function of a project, by file and row; ``roots`` are as for `link`."""
    ordered = sorted(files, key=lambda file: file.filename)
    linker = Linker(ordered, roots)
    linker.close()
    keys = sorted(key for key in linker.first if key not in linker.kept_out.functions)
    numbers = {key: number for number, key in enumerate(keys)}
    return [_place(linker, linker.first[key], numbers) for key in keys]


def _place(linker: Linker, function: Function, numbers: dict[tuple[int, int], int]) -> TracedFunction:
    reached = linker.reached[function]
    caller = reached.caller
    return TracedFunction(
        _step(linker, function),
        reached.degree,
        reached.site,
        None if caller is None else numbers.get((caller.file, caller.number)),
        tuple(sorted(set(_stops(linker, function)), key=lambda stop: (stop.row, stop.callee))),
    )


def _step(linker: Linker, function: Function) -> ChainStep:
    summary = linker.evaluator.function(function)
    return linker.files[function.file].step(summary.row, summary.name)


def _stops(linker: Linker, function: Function) -> Iterator[Stop]:
    summary = linker.evaluator.function(function)
    file = linker.files[function.file].summary
    frame = linker.evaluator.frame(function.file, function.receiver)
    for site in summary.skipped_calls:
        yield Stop(file.rows[site.row], spelled(site.callee, file), End.NOT_COMPILED)
    for site in summary.calls:
        values = linker.evaluator.values(site.callee, frame)
        if values:
            yield from _ends(linker, site, values, file)
        elif _is_of_interest(linker, site.callee, function.receiver):
            yield Stop(file.rows[site.row], spelled(site.callee, file), End.UNKNOWN)


def _ends(linker: Linker, site: CallSite, values: Sequence[Value], file: FileSummary) -> Iterator[Stop]:
    """Where what is called, as far as it is known, is not entered."""
    for value in values:
        match value:
            case External(path) if path.partition(".")[0] not in _TRACED_INTO:
                yield Stop(file.rows[site.row], path, End.OUTSIDE)
            case Function() | Instance() | Elements():
                for entered in linker.calls.entered(value):
                    if (entered.file, entered.number) in linker.kept_out.functions:
                        yield Stop(
                            file.rows[site.row], spelled(site.callee, file), End.DISABLED, _step(linker, entered)
                        )
            case _:
                continue


def _is_of_interest(linker: Linker, callee: Ref, receiver: ClassId | None) -> bool:
    """Whether what is called may be of the project.

    Methods with the names of a tensor's or container's hardly are, nor are attributes of which the class only says that
    torch or a constant made them.
    """
    match callee:
        case (".", ("s", _), name):
            return receiver is None or any(
                linker.evaluator.class_(each).attributes.get(name) for each in linker.evaluator.lineage(receiver)
            )
        case (".", _, name):
            return name not in _OF_CONTAINERS and availability(f"torch.Tensor.{name}") is None
        case _:
            return True


def spelled(ref: Ref, file: FileSummary, depth: int = _DEPTH) -> str:
    """A reference as it may stand in the code."""
    if depth <= 0:
        return "..."
    match ref:
        case ("n", key):
            return next((spelled(each, file, depth - 1) for each in file.names[key] if each), "...")
        case (".", base, name):
            return f"{spelled(base, file, depth - 1)}.{'...' if name == '*' else name}"
        case ("()", callee, *_):
            return f"{spelled(callee, file, depth - 1)}(...)"
        case ("[]", base):
            return f"{spelled(base, file, depth - 1)}[...]"
        case ("|" | "[", refs):
            return next((spelled(each, file, depth - 1) for each in refs if each), "...")
        case ("@" | "d", inner):
            return spelled(inner, file, depth - 1)
        case _:
            return _name(ref, file)


def _name(ref: Ref, file: FileSummary) -> str:
    match ref:
        case ("i", str(path)) if path.startswith("."):
            return path.rpartition(".")[2]
        case ("i" | "*", path):
            return str(path).removeprefix("builtins.")
        case ("f", number):
            return file.functions[number].name
        case ("c", number):
            return file.classes[number].name
        case ("p", _, name):
            return str(name)
        case ("s" | "C" | "S" as kind, _):
            return {"s": "self", "C": "cls", "S": "super()"}[kind]
        case _:
            return "..."
