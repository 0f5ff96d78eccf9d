"""One file in, its findings out. Nothing that stands in the file makes this raise."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from fullgraph.engine.awaited import fulfilled
from fullgraph.engine.checker import Checker
from fullgraph.engine.deferred import Findings
from fullgraph.engine.faults import internal_error, invalid_file
from fullgraph.engine.finding import Finding, Position
from fullgraph.engine.kept import Kept
from fullgraph.engine.plan import Part
from fullgraph.engine.settings import Settings
from fullgraph.engine.suppression import settle
from fullgraph.semantic.link import link
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.source import SourceError, decode, parse, split_lines
from fullgraph.semantic.summary import FileSummary
from fullgraph.semantic.traced import FileRegion


def check_source(
    data: bytes,
    filename: str,
    settings: Settings,
    linked: FileRegion | None = None,
    early: Findings | None = None,
    hot: Sequence[str] = (),
    *,
    with_noqa: bool = True,
) -> list[Finding]:
    """Findings of a file's bytes, sorted by place, without those that a comment suppresses.

    ``linked`` is what the project says of the file; without it, the file is a project by itself, in which
    ``hot`` names functions. ``early`` is what is known from before the project was linked. ``with_noqa`` says whether
    ``# noqa`` counts. A file that cannot be decoded or parsed has one finding, TFG000; a rule that fails has TFG001; a
    comment that suppresses nothing has TFG002 or TFG003.
    """
    try:
        text = decode(data)
        tree = parse(text)
    except SourceError as error:
        return [invalid_file(filename, error.reason, error.row, error.column)]
    lines = split_lines(text)
    if linked is None and hot:
        alone = ProjectFile.alone(filename, FileModel(tree, lines, filename).summary)
        (linked,) = link([alone], hot=hot)
    if early is not None and linked is not None:
        findings = look_again(tree, lines, filename, settings, early, linked)
    else:
        findings = check_tree(tree, lines, filename, settings, linked)
    return settle(findings, lines, filename, settings.codes, with_noqa=with_noqa)


def check_tree(
    tree: ast.Module,
    lines: Sequence[str],
    filename: str,
    settings: Settings,
    linked: FileRegion | None = None,
    part: Part = Part.ALL,
) -> list[Finding]:
    """Findings of a parsed file, sorted by place, whatever its comments say.

    ``lines`` are its physical lines, with or without line ends; the tree is not changed.
    """
    if not any("torch" in line for line in lines):
        return []
    try:
        findings = _run(Checker.of(tree, lines, filename, settings, linked, part))
    except Exception as error:
        return [_failure(filename, error)]
    return settings.enabled(findings) if part is Part.ALL else findings


def _run(checker: Checker) -> list[Finding]:
    """All that a checker finds, sorted by place."""
    findings = checker.run()
    findings += fulfilled(checker.awaited, findings)
    checker.model.release()
    return sorted(findings, key=Finding.sort_key)


def _failure(filename: str, error: Exception) -> Finding:
    return internal_error(filename, Position(1, 1), "the analysis of the file", error)


@dataclass(frozen=True, slots=True)
class Examined:
    """What one look at a file gives: its summary, and its findings where these do not depend on other files.

    A file that cannot be decoded or parsed has no summary; one whose rules ask what is traced has no findings yet.
    """

    summary: FileSummary | None
    findings: Findings | None


def examine(
    data: bytes, filename: str, settings: Settings | None, *, with_noqa: bool = True, kept: Kept | None = None
) -> Examined:
    """Summarise a file, and, if there are settings, check it in the same go as far as that can be done.

    ``with_noqa`` says whether ``# noqa`` counts. If the file has to be looked at again, it is ``kept`` for that.
    """
    try:
        text = decode(data)
        tree = parse(text)
    except SourceError as error:
        invalid = invalid_file(filename, error.reason, error.row, error.column)
        return Examined(None, Findings([invalid], []))
    lines = split_lines(text)
    findings = None if settings is None else Findings([], [])
    try:
        if settings is None or not any("torch" in line for line in lines):
            checker, model = None, FileModel(tree, lines, filename)
        else:
            twice = kept is not None and kept.has_room_for(text)
            checker = Checker.before_linking(tree, lines, filename, settings, twice=twice)
            findings, model = _early(checker), checker.model
        summary = model.summary
        if checker is not None and kept is not None and twice and findings is not None and findings.has_more:
            kept.put(filename, text, checker)
        else:
            model.release()
    except Exception:  # the file is linted alone, and that says what is wrong
        return Examined(None, None)
    if findings is not None and settings is not None and findings.is_final:
        findings = Findings(settle(findings.found, lines, filename, settings.codes, with_noqa=with_noqa), [])
    return Examined(summary, findings)


def look_again(
    tree: ast.Module, lines: Sequence[str], filename: str, settings: Settings, early: Findings, linked: FileRegion
) -> list[Finding]:
    """All findings of a file, whatever its comments say, of which some are known from before it was linked."""
    if early.is_complete(linked):
        return early.linked(linked)
    more = check_tree(tree, lines, filename, settings, linked, Part.SECOND)
    return early.linked(linked, more)


def check_kept(checker: Checker, early: Findings, linked: FileRegion, *, with_noqa: bool = True) -> list[Finding]:
    """What `check_source` finds, of a file that was kept when it was looked at before its project was linked."""
    lines, filename, settings = checker.model.lines, checker.filename, checker.settings
    try:
        more = _run(checker.after_linking(linked))
    except Exception as error:
        more = [_failure(filename, error)]
    return settle(early.linked(linked, more), lines, filename, settings.codes, with_noqa=with_noqa)


def _early(checker: Checker) -> Findings | None:
    """Findings of a file whose project is not linked yet; None if what a rule says depends on that."""
    try:
        found = sorted(checker.run(), key=Finding.sort_key)
    except Exception:  # an error is said by the check that follows
        return None
    return Findings(found, checker.deferred, checker.has_more, tuple(checker.awaited), checker.hidden)
