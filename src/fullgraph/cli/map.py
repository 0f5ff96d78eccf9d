"""``fullgraph map``: what of a project is traced, and by which chain."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from fullgraph.cli import terminal
from fullgraph.cli.check import prepare, run_options
from fullgraph.cli.files import collect
from fullgraph.project import is_root

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fullgraph.semantic.traced import ChainStep, TracedBy

_FORMATS = ("text", "json")


@click.command("map", short_help="Show what is traced.")
@run_options
@click.option("--output-format", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to show it.")
def map_region(paths: tuple[str, ...], output_format: str, **others: Any) -> int:
    """Show which functions in PATHS Dynamo traces: from each place that compiles, what it reaches.

    What is only possibly traced is counted; --traced possible lists it, too.
    """
    from fullgraph.engine.index import Projects  # noqa: PLC0415
    from fullgraph.engine.many import path_of  # noqa: PLC0415
    from fullgraph.engine.places import Roots  # noqa: PLC0415

    run = prepare(paths, None, **others)
    collected = collect(run.paths, run.config, None)
    for missing in collected.missing:
        terminal.complain(f"fullgraph: no such file or directory: {missing}")
    entries = run.config.traced or ()
    projects = Projects(Roots(collected.walked, is_root), run.jobs, run.cached, entries=entries)
    found: list[TracedBy] = []
    for file in collected.files:
        region = projects.region(path_of(file.shown), file.shown)
        found += () if region is None else region.everything()
    for trouble in projects.trouble:
        terminal.complain(f"fullgraph: warning: {trouble}")
    found.sort(key=lambda each: (-each.degree, [(step.filename, step.row, step.name) for step in each.chain]))
    level = run.config.traced_level or "certain"
    shown = [each for each in found if level != "certain" or each.degree.name == "CERTAIN"]
    if output_format == "json":
        terminal.write(json.dumps([_as_json(each) for each in shown], indent=2) + "\n")
    else:
        terminal.write("".join(f"{line}\n" for line in _lines(shown)))
        terminal.write(_summary(found, len(collected.files)), to_stderr=True)
    return 2 if collected.missing else 0


@dataclass(slots=True)
class _Node:
    """One step of the chains, and what they go on to from there."""

    children: dict[ChainStep, _Node] = field(default_factory=dict)


def _lines(shown: Sequence[TracedBy]) -> Iterator[str]:
    """The chains as a tree, with a root for each place that compiles."""
    for degree in dict.fromkeys(each.degree for each in shown):
        tree = _Node()
        for each in shown:
            node = tree
            for step in each.chain if each.degree is degree else ():
                node = node.children.setdefault(step, _Node())
        yield f"{degree.name}:"
        yield from _branches(tree)


def _branches(tree: _Node) -> Iterator[str]:
    todo = [(step, node, 1) for step, node in reversed(tree.children.items())]
    while todo:
        step, node, depth = todo.pop()
        yield f"{'  ' * depth}{step.name}  {step.filename}:{step.row}"
        todo += [(below, child, depth + 1) for below, child in reversed(node.children.items())]


def _summary(found: Sequence[TracedBy], files: int) -> str:
    counts = Counter(each.degree.name.lower() for each in found)
    said = ", ".join(f"{counts[name]} {name}" for name in ("certain", "possible"))
    return f"Traced functions: {said} ({files} file{'' if files == 1 else 's'}).\n"


def _as_json(each: TracedBy) -> dict[str, object]:
    *_, last = each.chain
    chain = [{"filename": step.filename, "row": step.row, "name": step.name} for step in each.chain]
    return {
        "function": last.name,
        "filename": last.filename,
        "row": last.row,
        "traced": each.degree.name.lower(),
        "chain": chain,
    }
