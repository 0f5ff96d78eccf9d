"""``fullgraph map``: what of a project is traced, by which chain, and where following the calls ended."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from fullgraph.cli import terminal
from fullgraph.cli.check import complain_of_unmatched, lint, open_projects, prepare, run_options, save
from fullgraph.cli.files import collect
from fullgraph.semantic.traced import Traced

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fullgraph.cli.check import Run
    from fullgraph.cli.files import Collected
    from fullgraph.engine.finding import Finding
    from fullgraph.engine.index import Projects
    from fullgraph.report.region import RegionMap
    from fullgraph.semantic.survey import TracedFunction

_FORMATS = ("text", "json", "mermaid", "dot", "html")


@click.command("map", short_help="Show what is traced.")
@click.option(
    "--output-format",
    "--format",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="How to show it.",
)
@click.option("-o", "--output-file", "--output", metavar="FILE", help="Write it to a file.")
@run_options
def map_region(paths: tuple[str, ...], output_format: str, output_file: str | None, **others: Any) -> int:
    """Show which functions in PATHS Dynamo traces: from each place that compiles, what it reaches.

    Below a function stand the calls that were not followed, and why. What is only possibly traced is counted; --traced
    possible shows it, too. The html format is a page with a search box that marks the findings.
    """
    from fullgraph.report import region as report  # noqa: PLC0415

    run = prepare(paths, None, **others)
    linted = lint(run) if output_format == "html" else None
    collected = linted.collected if linted is not None else _collected(run)
    projects = linted.projects if linted is not None else open_projects(run, collected)
    functions = list(_functions([file.shown for file in collected.files], projects))
    level = run.config.traced_level or ("all" if output_format == "html" else "certain")
    mine = {file.shown for file in collected.files}
    shown = [number for number, each in enumerate(functions) if each.step.filename in mine]
    wanted = frozenset(n for n in shown if level != "certain" or functions[n].degree is Traced.CERTAIN)
    found = {} if linted is None else _findings(linted.report.findings, functions)
    region = report.RegionMap(functions, wanted, found)
    draw = {
        "text": report.as_tree,
        "json": report.as_json,
        "mermaid": report.as_mermaid,
        "dot": report.as_dot,
        "html": report.as_html,
    }[output_format]
    text = draw(region)
    if output_file is None:
        terminal.write(text)
    else:
        save(output_file, text)
    if output_format == "text" or output_file is not None:
        said = _summary(replace(region, shown=frozenset(shown)), len(collected.files))
        terminal.write(said, to_stderr=True)
    if linted is None:
        for trouble in projects.trouble:
            terminal.complain(f"fullgraph: warning: {trouble}")
        complain_of_unmatched(run.config, projects)
    return 2 if collected.missing else 0


def _collected(run: Run) -> Collected:
    """The files of a run; complains about paths that are not there."""
    collected = collect(run.paths, run.config, None)
    for missing in collected.missing:
        terminal.complain(f"fullgraph: no such file or directory: {missing}")
    return collected


def _functions(files: Sequence[str], projects: Projects) -> Iterator[TracedFunction]:
    """The traced functions of the projects that the files belong to, and of files without one."""
    from fullgraph.engine.many import path_of  # noqa: PLC0415

    count = 0
    for surveyed in projects.survey([(path_of(file), file) for file in files]):
        for each in surveyed:
            yield replace(each, caller=None if each.caller is None else each.caller + count)
        count += len(surveyed)


def _findings(findings: Iterable[Finding], functions: Sequence[TracedFunction]) -> dict[int, list[Finding]]:
    """The findings in traced functions, by the place of the function."""
    places = {each.step: number for number, each in enumerate(functions)}
    found: dict[int, list[Finding]] = {}
    for finding in findings:
        number = places.get(finding.traced.chain[-1]) if finding.traced.chain else None
        if number is not None:
            found.setdefault(number, []).append(finding)
    return found


def _summary(region: RegionMap, files: int) -> str:
    counts = region.counts()
    said = ", ".join(f"{counts[name]} {name}" for name in ("certain", "possible"))
    return f"Traced functions: {said} ({files} file{'' if files == 1 else 's'}).\n"
