"""The traced region for people and for other programs: a tree, JSON, Mermaid, DOT, or a page for a browser."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fullgraph.engine.finding import Finding
    from fullgraph.semantic.survey import Stop, TracedFunction
    from fullgraph.semantic.traced import ChainStep

_COLOURS = {
    "root": ("#ffffff", "#000000"),
    "certain": ("#fde0dc", "#b3261e"),
    "possible": ("#fff4ce", "#8a6d00"),
    "stop": ("#eeeeee", "#777777"),
}
"""Fill and outline of what a graph shows."""
_SHORT = {"DISABLED": "-", "NOT_COMPILED": "-", "OUTSIDE": "-", "UNKNOWN": "?"}


@dataclass(frozen=True, slots=True)
class RegionMap:
    """What is shown of the traced regions of a run.

    Attributes:
        functions: the traced functions; callers are places in this list.
        shown: which of them were asked for; those that lead to them are shown, too.
        findings: what is wrong in a function, by its place in the list.
    """

    functions: Sequence[TracedFunction]
    shown: frozenset[int]
    findings: dict[int, list[Finding]] = field(default_factory=dict)

    def chain(self, number: int) -> list[int]:
        """The functions by which one is reached, itself last."""
        chain = [number]
        while (caller := self.functions[chain[0]].caller) is not None and caller not in chain:
            chain.insert(0, caller)
        return chain

    def drawn(self) -> list[int]:
        """What is asked for and what leads there, in order."""
        wanted: set[int] = set()
        for number in self.shown:
            current: int | None = number
            while current is not None and current not in wanted:
                wanted.add(current)
                current = self.functions[current].caller
        return sorted(wanted)

    def counts(self) -> Counter[str]:
        """How many of the functions asked for are traced how surely."""
        return Counter(self.functions[number].degree.name.lower() for number in self.shown)


def as_tree(region: RegionMap) -> str:
    """A tree for each degree, with a root for each place that compiles."""
    drawn = region.drawn()
    children: dict[int | None, list[int]] = {}
    for number in drawn:
        children.setdefault(region.functions[number].caller, []).append(number)
    lines: list[str] = []
    tops = sorted(children.get(None, []), key=lambda number: _rank(region.functions[number]))
    degree, site = None, None
    for top in tops:
        function = region.functions[top]
        if function.degree is not degree:
            degree, site = function.degree, None
            lines.append(f"{degree.name}:")
        if function.compiled_at is not None and function.compiled_at != site:
            lines.append(f"  {_named(function.compiled_at)}")
        site = function.compiled_at
        lines += _branch(region, children, top, 1 if site is None else 2)
    return "".join(f"{line}\n" for line in lines)


def _rank(function: TracedFunction) -> tuple[int, bool, str, int]:
    """The surest first; below one place that compiles stands everything that is compiled there."""
    site = function.compiled_at or function.step
    return -function.degree, function.compiled_at is None, site.filename, site.row


def _branch(region: RegionMap, children: dict[int | None, list[int]], top: int, depth: int) -> Iterator[str]:
    todo = [(top, depth)]
    while todo:
        number, depth = todo.pop()
        function = region.functions[number]
        caller = None if function.caller is None else region.functions[function.caller]
        note = "" if caller is None or caller.degree is function.degree else f"  ({function.degree.name.lower()})"
        yield f"{'  ' * depth}{_named(function.step)}{note}"
        for stop in function.stops:
            yield f"{'  ' * (depth + 1)}{_SHORT[stop.end.name]} {stop.callee}  line {stop.row}: {reason(stop)}"
        todo += [(child, depth + 1) for child in reversed(children.get(number, []))]


def _named(step: ChainStep) -> str:
    return f"{step.name}  {step.filename}:{step.row}"


def reason(stop: Stop) -> str:
    """Why a call was not followed."""
    if stop.definition is None:
        return stop.end.value
    return f"{stop.end.value}: {stop.definition.name} at {stop.definition.filename}:{stop.definition.row}"


def as_json(region: RegionMap) -> str:
    """The functions asked for, each with its chain and with what it calls that was not followed."""
    ordered = sorted(region.shown, key=lambda number: (-region.functions[number].degree, _places(region, number)))
    return json.dumps([_function(region, number) for number in ordered], indent=2) + "\n"


def _places(region: RegionMap, number: int) -> list[tuple[str, int, str]]:
    return [(step.filename, step.row, step.name) for step in _steps(region, number)]


def _steps(region: RegionMap, number: int) -> list[ChainStep]:
    """The chain to a function, from what compiles it."""
    chain = [region.functions[each] for each in region.chain(number)]
    return [*([chain[0].compiled_at] if chain[0].compiled_at is not None else []), *(each.step for each in chain)]


def _function(region: RegionMap, number: int) -> dict[str, object]:
    function = region.functions[number]
    return {
        "function": function.step.name,
        "filename": function.step.filename,
        "row": function.step.row,
        "traced": function.degree.name.lower(),
        "chain": [_step(step) for step in _steps(region, number)],
        "stops": [_stop(stop) for stop in function.stops],
    }


def _step(step: ChainStep) -> dict[str, object]:
    return {"filename": step.filename, "row": step.row, "name": step.name}


def _stop(stop: Stop) -> dict[str, object]:
    definition = None if stop.definition is None else _step(stop.definition)
    return {"row": stop.row, "callee": stop.callee, "reason": stop.end.value, "definition": definition}


def as_mermaid(region: RegionMap) -> str:
    """A Mermaid flowchart, as GitHub and GitLab show it in Markdown."""

    def node(name: str, words: str, kind: str) -> str:
        text = words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("\n", "<br>")
        return f'  {name}["{text}"]:::{kind}'

    lines = ["flowchart LR", *_graph(region, node, "  {0} --> {1}", "  {0} -.-> {1}")]
    lines += [f"  classDef {kind} fill:{fill},stroke:{stroke},color:#000" for kind, (fill, stroke) in _COLOURS.items()]
    return "\n".join(lines) + "\n"


def as_dot(region: RegionMap) -> str:
    """A graph for Graphviz."""

    def node(name: str, words: str, kind: str) -> str:
        text = words.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        fill, stroke = _COLOURS[kind]
        return f'  {name} [label="{text}", class="{kind}", fillcolor="{fill}", color="{stroke}"];'

    lines = _graph(region, node, "  {0} -> {1};", "  {0} -> {1} [style=dashed];")
    return "\n".join(["digraph traced {", "  rankdir=LR;", "  node [shape=box, style=filled];", *lines, "}"]) + "\n"


def _graph(region: RegionMap, node: Callable[[str, str, str], str], edge: str, weak: str) -> list[str]:
    """The lines of a graph: places that compile, functions, and what stops at a barrier or is unknown."""
    lines: list[str] = []
    sites: dict[ChainStep, str] = {}
    for number in region.drawn():
        function = region.functions[number]
        lines.append(node(f"f{number}", _label(function.step), function.degree.name.lower()))
        site = function.compiled_at
        if site is not None:
            if site not in sites:
                sites[site] = f"r{len(sites)}"
                lines.append(node(sites[site], _label(site), "root"))
            lines.append(edge.format(sites[site], f"f{number}"))
        if function.caller is not None:
            lines.append(edge.format(f"f{function.caller}", f"f{number}"))
        for place, stop in enumerate(function.stops):
            lines.append(node(f"f{number}s{place}", f"{stop.callee}\n{reason(stop)}", "stop"))
            lines.append(weak.format(f"f{number}", f"f{number}s{place}"))
    return lines


def _label(step: ChainStep) -> str:
    return f"{step.name}\n{step.filename}:{step.row}"


def as_html(region: RegionMap) -> str:
    """A page for a browser that needs nothing but itself: a tree to open and close, to search, with the findings."""
    data = json.dumps([_node(region, number) for number in region.drawn()], separators=(",", ":"))
    page = files("fullgraph.report").joinpath("region.html").read_text(encoding="utf-8")
    return page.replace("/*REGION*/[]", data.replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def _node(region: RegionMap, number: int) -> dict[str, object]:
    function = region.functions[number]
    site = function.compiled_at
    return {
        "id": number,
        "name": function.step.name,
        "place": f"{function.step.filename}:{function.step.row}",
        "degree": function.degree.name.lower(),
        "site": None if site is None else _named(site),
        "caller": function.caller,
        "stops": [{"row": stop.row, "callee": stop.callee, "reason": reason(stop)} for stop in function.stops],
        "findings": [
            {"row": each.start.row, "code": each.code, "severity": each.severity.value, "text": each.text}
            for each in region.findings.get(number, ())
        ],
    }
