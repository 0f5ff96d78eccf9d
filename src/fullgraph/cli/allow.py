"""``fullgraph allow``: the list of findings that are allowed, each for a reason that somebody has written down."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fullgraph.cli import check, terminal
from fullgraph.cli.files import STDIN, reason_of
from fullgraph.paths import absolute_path, display_path
from fullgraph.project import OWN_CONFIG
from fullgraph.report.model import Style
from fullgraph.tomlfile import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fullgraph.cli.check import Linted, Run
    from fullgraph.engine.allow import Entry, Matched, Spot
    from fullgraph.engine.allow_change import Stub
    from fullgraph.engine.allow_file import AllowList, Place
    from fullgraph.engine.allow_follow import Followed
    from fullgraph.engine.allow_known import Known
    from fullgraph.engine.allow_layout import Change
    from fullgraph.engine.finding import Finding
    from fullgraph.report.model import Report

_HEAD = """\
# Findings that fullgraph allows, each for a reason. An entry without one allows nothing.
# `fullgraph allow --update` follows code that has moved.
"""


@click.command(short_help="Let findings pass, each for a reason.")
@click.option(
    "--generate",
    is_flag=True,
    help="Write entries to be filled in, one for each function and rule that has findings in PATHS.",
)
@click.option("--update", is_flag=True, help="Follow code that has moved; owners, reasons and comments are kept.")
@click.option("--prune", is_flag=True, help="Take out entries, or lower their counts, where the findings are gone.")
@click.option("--owner", default="", metavar="NAME", help="Who answers for the entries that --generate writes.")
@click.option("--no-baseline", is_flag=True, help="With --generate, count in what the baseline lets pass.")
@check.run_options
def allow(
    paths: tuple[str, ...], generate: bool, update: bool, prune: bool, owner: str, no_baseline: bool, **others: Any
) -> int:
    """Keep the list of findings that `fullgraph check` allows.

    An entry names a path, or a function as in `src/model.py:Policy.forward`, a rule, how many findings there may be,
    and why. The list is `allow-file` of the settings, else the `allow` tables of the configuration.
    """
    if generate == (update or prune):
        raise click.UsageError("say --generate, or --update, --prune or both")
    if STDIN in paths:
        raise click.UsageError("an allow-list is about files, not about stdin")
    run = check.prepare(paths, None, **others)
    if generate:
        return _generate(run, owner, with_baseline=not no_baseline)
    listed = _existing(run)
    checked = _Checked.of(listed, _complete(check.lint(run)), run)
    return _update(checked, follows=update, prunes=prune)


def find(run: Run) -> AllowList | None:
    """Read the allow-list of a run, if it has one.

    Raises:
        ConfigError: it is broken, or is named and not there.

    """
    source = run.config.source
    if run.config.allow_file is None and not (source is not None and source.has_allow):
        if run.config.never_allow:
            from fullgraph.engine.selection import never_allowed  # noqa: PLC0415

            never_allowed(run.config)
        return None
    from fullgraph.engine.allow_file import AllowList, Place  # noqa: PLC0415 - most runs have no list

    place = Place.of(run.config, run.home)
    return None if place is None else AllowList.read(place, run.config)


def apply(listed: AllowList, linted: Linted, run: Run) -> Linted:
    """Take what a list allows out of a report, and add what is wrong with the list."""
    from fullgraph.report.model import Allowed  # noqa: PLC0415

    report = linted.report
    checked = _Checked.of(listed, linted, run)
    matched = checked.matched
    allowed = tuple(
        Allowed(finding, listed.where(entry), entry.owner, entry.reason, str(entry.expires or ""))
        for finding, entry in matched.allowed.items()
    )
    findings = [*listed.left(report.findings, matched), *checked.about()]
    findings.sort(key=lambda finding: finding.sort_key())
    note = f"Allow-list: {listed.place.shown} allows {_counted(len(allowed), 'finding')}."
    sources = {**report.sources, listed.place.shown: listed.data}
    report = replace(report, findings=tuple(findings), sources=sources, notes=(*report.notes, note), allowed=allowed)
    return replace(linted, report=report)


@dataclass(frozen=True, slots=True)
class _Checked:
    """A list beside what a run found."""

    listed: AllowList
    linted: Linted
    run: Run
    matched: Matched
    judged: Callable[[Entry], bool]
    known: Known

    @classmethod
    def of(cls, listed: AllowList, linted: Linted, run: Run) -> _Checked:
        """Find out which entry stands for what."""
        from fullgraph.engine.allow_known import Known  # noqa: PLC0415

        known = Known(linted.projects)
        matched = listed.matched(_files(linted.report), known.definitions)
        known.flush()
        return cls(listed, linted, run, matched, _judge(listed, linted, run), known)

    def about(self) -> list[Finding]:
        """What is wrong with the entries, in words that name them."""
        from fullgraph.engine.allow_file import judgements  # noqa: PLC0415

        wanted = self.linted.per_file.settings.codes
        found = [each for each in judgements(self.matched, self.judged) if each[1] in wanted]
        has_gone = any(entry.hashes for entry, _ in self.matched.lacking(self.judged))
        moves = self.followed().moves if found and has_gone else {}
        findings = []
        for entry, code, said, remedy in found:
            places = ", ".join(str(move.target) for move in moves.get(entry.number, ()))
            follows = f"`fullgraph allow --update` follows its code to {places}"
            findings.append(self.listed.about(entry, code, said, follows if places else remedy))
        return findings

    def followed(self) -> Followed:
        """Where the code of entries has gone."""
        from fullgraph.engine.allow_follow import follow  # noqa: PLC0415

        return follow(self.matched, self.judged, self.others())

    def others(self) -> list[Spot]:
        """The findings of rules that no entry is for."""
        known = {spot.finding for _, spots in self.matched.found for spot in spots}
        known |= {spot.finding for spot, _ in self.matched.over}
        files = _files(self.linted.report)
        spots = [spot for each in files for spot in self.listed.all_spots(*each, self.known.definitions)]
        self.known.flush()
        return [spot for spot in spots if spot.finding not in known]


def _files(report: Report) -> list[tuple[str, bytes, list[Finding]]]:
    from fullgraph.engine.allow_file import by_file  # noqa: PLC0415

    return [(shown, report.sources.get(shown, b""), found) for shown, found in by_file(report.findings).items()]


def _judge(listed: AllowList, linted: Linted, run: Run) -> Callable[[Entry], bool]:
    """Say of which entries the run can tell whether there is something left of them."""
    from fullgraph.engine.allow import relative  # noqa: PLC0415
    from fullgraph.engine.registry import registry  # noqa: PLC0415

    base = listed.place.base
    files = {relative(file.shown, base) for file in linted.collected.files}
    failed = {relative(shown, base) for shown in linted.report.failed}
    walked = [absolute_path(path).rstrip(os.sep) + os.sep for path in linted.collected.walked]
    level = run.config.traced_level or "all"
    narrowed = level != "all" and run.config.origin("traced_level", level).where.startswith("-")

    def judged(entry: Entry) -> bool:
        target = entry.target
        top = absolute_path(Path(base, target.top))
        codes = linted.per_file.of_file(top).codes if target.path in files else linted.per_file.settings.codes
        if entry.code not in codes or (narrowed and registry()[entry.code].concerns_tracing):
            return False
        if any(target.matches(path) for path in failed):
            return False
        if target.path is not None and (target.path in files or not Path(top).exists()):
            return True
        is_file = target.path is not None and Path(top).is_file()
        return not is_file and any((top + os.sep).startswith(each) for each in walked)

    return judged


def _generate(run: Run, owner: str, *, with_baseline: bool) -> int:
    """Write stubs; the exit status is 1 if there are findings for which none can be written."""
    from fullgraph.engine.allow_change import stubs  # noqa: PLC0415
    from fullgraph.engine.selection import never_allowed  # noqa: PLC0415

    place = _place(run)
    listed = _listed(place, run)
    never = never_allowed(run.config)
    linted = _complete(check.lint(run))
    spots = _open_spots(_Checked.of(listed, linted, run), run, with_baseline=with_baseline)
    barred = [spot.finding for spot in spots if spot.finding.code in never]
    new, doubled = stubs([spot for spot in spots if spot.finding.code not in never], listed.entries, owner)
    if new:
        _write(listed, run, _with_stubs(listed, new, linted.report), added=len(new))
        count = _counted(sum(len(stub.spots) for stub in new), "finding")
        words = "reason" if owner else "owner and reason"
        terminal.write(f"Wrote {_counted(len(new), 'entry')} for {count} to {place.shown}; fill in {words}.\n")
    else:
        terminal.write(f"{place.shown}: nothing to add.\n")
    _list([*barred, *doubled], linted.report)
    if barred:
        terminal.complain(f"{_counted(len(barred), 'finding')} left out, since never-allow names the rule")
    if doubled:
        terminal.complain(f"{_counted(len(doubled), 'finding')} left out: the entry is there; raise its count by hand")
    return int(bool(barred or doubled))


def _open_spots(checked: _Checked, run: Run, *, with_baseline: bool) -> list[Spot]:
    """Where the findings are that neither the list nor the baseline lets pass."""
    from fullgraph.cli import baseline  # noqa: PLC0415 - it takes its run from check, too

    spots = [*checked.others(), *(spot for spot, _ in checked.matched.over)]
    old = baseline.find(run) if with_baseline else None
    if old is None:
        return spots
    report = replace(checked.linted.report, findings=tuple(spot.finding for spot in spots))
    left = set(baseline.apply(old, replace(checked.linted, report=report)).findings)
    return [spot for spot in spots if spot.finding in left]


def _with_stubs(listed: AllowList, new: Sequence[Stub], report: Report) -> str:
    """The text of a list with stubs at its end, each with the lines that it is for."""
    from fullgraph.engine.allow_layout import Layout, newline_of  # noqa: PLC0415
    from fullgraph.report.snippet import source_lines  # noqa: PLC0415

    newline = newline_of(listed.layout.text)
    like = next((item for item in reversed(listed.layout.items) if item.is_editable), None)
    kind = listed.place.kind
    written = ""
    for stub in new:
        lines = source_lines(report.sources.get(stub.spots[0].finding.filename, b""))
        comments = [_printable(lines[spot.finding.start.row - 1].strip()) for spot in stub.spots]
        written += kind.item(stub.values, comments, like, newline)
    return kind.added(listed.layout if listed.data else Layout(_HEAD), written, newline)


def _update(checked: _Checked, *, follows: bool, prunes: bool) -> int:
    """Rewrite entries for what has moved or is gone; the exit status is 1 if some are still wrong."""
    from fullgraph.engine.allow import too_much  # noqa: PLC0415
    from fullgraph.engine.allow_change import Plan  # noqa: PLC0415
    from fullgraph.engine.allow_follow import Followed  # noqa: PLC0415

    listed = checked.listed
    followed = checked.followed() if follows else Followed(checked.matched.found, {})
    changes: dict[int, Change] = {}
    lines, left = [], []
    gone = 0
    for entry, spots in followed.found:
        if not checked.judged(entry):
            continue
        plan = Plan(entry, spots, followed.moves.get(entry.number, ()), follows, prunes)
        change = plan.change()
        if change is not None:
            if not listed.layout.items[entry.number - 1].is_editable:
                raise ConfigError(listed.where(entry), f"{entry.name} has no lines of its own; change it by hand")
            changes[entry.number - 1] = change
        lines += [f"{entry.name} -> {move.target}\n" for move in plan.moves]
        gone += plan.gone
        if plan.gone and not prunes:
            left.append(f"{listed.where(entry)}: {too_much(entry, (entry.count or 1) - plan.gone)}")
    if changes:
        added = sum(len(change.behind) - change.is_removed for change in changes.values())
        _write(listed, checked.run, listed.edited(changes), added=added)
    taken_out = f", {_counted(gone, 'finding')} taken out" if prunes else ""
    terminal.write(
        f"{''.join(lines)}{listed.place.shown}: {_counted(len(followed.moves), 'entry')} moved{taken_out}.\n"
    )
    for each in left:
        terminal.complain(f"{each}; --prune takes it out")
    return int(bool(left))


def _existing(run: Run) -> AllowList:
    listed = find(run)
    if listed is None:
        raise click.UsageError("there is no allow-list; `fullgraph allow --generate` writes one")
    return listed


def _listed(place: Place, run: Run) -> AllowList:
    """The list to add to, which need not be there yet."""
    from fullgraph.engine.allow_file import AllowList  # noqa: PLC0415

    return AllowList.read(place, run.config, must_exist=False)


def _place(run: Run) -> Place:
    """Where the list is, or where it is to begin: in the configuration, else in a new one."""
    from fullgraph.engine.allow_file import Place  # noqa: PLC0415
    from fullgraph.engine.allow_toml import Toml  # noqa: PLC0415

    place = Place.of(run.config, run.home)
    if place is not None:
        return place
    base = absolute_path(run.home or Path.cwd())
    if run.config.source is not None:
        return Place.in_settings(run.config.source, base)
    if run.home is None:
        raise click.UsageError("--isolated leaves no place for an allow-list; say where it is with --allow-file")
    path = Path(base, OWN_CONFIG)
    return Place(path, display_path(path), base, Toml(("allow",), is_alone=False))


def _write(listed: AllowList, run: Run, text: str, *, added: int) -> None:
    """Write the list in one step, if what came of it can be read.

    Raises:
        ConfigError: it cannot be written, or it would not be what it should.

    """
    from fullgraph.textfile import TextFile  # noqa: PLC0415

    shown = listed.place.shown
    try:
        fault = "" if len(listed.rewritten(text, run.config).entries) == len(listed.entries) + added else "bad layout"
    except ConfigError as error:
        fault = error.message
    if fault:
        raise ConfigError(shown, f"it cannot be changed as wanted ({fault}); change it by hand")
    mark = b"\xef\xbb\xbf" if listed.data.startswith(b"\xef\xbb\xbf") else b""
    path = listed.place.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        TextFile(path, listed.data if path.exists() else None).replace(mark + text.encode())
    except OSError as error:
        raise ConfigError(shown, f"cannot write it: {reason_of(error)}") from error


def _complete(linted: Linted) -> Linted:
    if linted.collected.missing:
        raise click.UsageError("the allow-list stays as it is, since not every path is there")
    return linted


def _printable(line: str) -> str:
    return "".join(each if each.isprintable() else " " for each in line)


def _list(findings: Sequence[Finding], report: Report) -> None:
    from fullgraph.report.as_text import concise  # noqa: PLC0415

    terminal.write(concise(replace(report, findings=tuple(findings)), Style()))


def _counted(number: int, noun: str) -> str:
    many = "entries" if noun == "entry" else f"{noun}s"
    return f"{number} {noun if number == 1 else many}"
