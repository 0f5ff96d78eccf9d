"""``fullgraph verify PATH:FUNCTION``: what Dynamo does with a function of the user, beside what the linter says."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import io
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from fullgraph.cli import check, evidence, terminal
from fullgraph.cli.files import File
from fullgraph.cli.verify import NEEDS_TORCH
from fullgraph.paths import absolute_path, display_path
from fullgraph.project import Target, find_root, is_root

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fullgraph.engine.finding import Finding
    from fullgraph.engine.seen import RunTime
    from fullgraph.report.verified import Verdict, Verified
    from fullgraph.verify.usercode import Answer, Request

_NOT_OURS = frozenset({"site-packages", "dist-packages"})


def run(target: str, *, calls: tuple[str, ...], init: str, as_is: bool, timeout: float, output_format: str) -> int:
    """Run the function, lint the files that Dynamo came to, and report."""
    from fullgraph.report import verified as report  # noqa: PLC0415

    if not calls:
        raise click.UsageError('say how to call it, as in --call "torch.ones(3), 2"; --call "" gives no argument')
    for arguments in (*calls, init):
        _check_arguments(arguments)
    where = _Where.parse(target)
    request = where.request(calls, init, as_is=as_is)
    if importlib.util.find_spec("torch") is None:
        raise click.ClickException(NEEDS_TORCH)
    answer = _ask(request, timeout)
    if answer.error:
        raise click.ClickException(answer.error)
    verified = _verified(where, request, answer)
    draw = report.as_json if output_format == "json" else report.as_text
    style = terminal.style_for(sys.stdout)
    terminal.write(draw(verified, style), colour=style.colour)
    return int(verified.guilty)


def _check_arguments(arguments: str) -> None:
    """Refuse what is no list of arguments, before anything runs.

    Raises:
        click.UsageError: it is none.
    """
    try:
        tree: ast.AST | None = ast.parse(f"f({arguments})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name):
        raise click.UsageError(f'{arguments!r} is not a list of arguments in Python, as in "torch.ones(3), 2"')


@dataclass(frozen=True, slots=True)
class _Where:
    """The module of a function: its file, its dotted name, the directory to import it from, and the function's name."""

    file: Path
    module: str
    folder: Path
    name: str

    @classmethod
    def parse(cls, target: str) -> _Where:
        """Find what ``PATH:FUNCTION`` or ``MODULE:FUNCTION`` means.

        Raises:
            click.UsageError: it is neither.
        """
        place, colon, name = target.rpartition(":")
        if not colon or not place or not all(part.isidentifier() for part in name.split(".")):
            raise click.UsageError(f"{target!r} is not PATH:FUNCTION or MODULE:FUNCTION")
        file = Path(absolute_path(place if place.endswith(".py") else _file_of(place)))
        if not file.is_file():
            raise click.UsageError(f"no such file: {place}")
        parts = [file.stem] if file.name != "__init__.py" else []
        folder = file.parent
        while (folder / "__init__.py").exists():
            parts.insert(0, folder.name)
            folder = folder.parent
        return cls(file, ".".join(parts), folder, name)

    def request(self, calls: tuple[str, ...], init: str, *, as_is: bool) -> Request:
        """What the child process is to run."""
        from fullgraph.verify.usercode import Request  # noqa: PLC0415

        importable = all(part.isidentifier() for part in self.module.split("."))
        file = None if importable else str(self.file)
        return Request(self.module, file, str(self.folder), self.name, calls, init, as_is)


def _file_of(module: str) -> str:
    """The file of a module, looked for in the working directory first; nothing is imported but packages around it."""
    relative = Path(*module.split("."))
    for folder in (Path.cwd(), Path.cwd() / "src"):
        for path in (folder / relative.with_suffix(".py"), folder / relative / "__init__.py"):
            if path.is_file():
                return str(path)
    try:
        spec = importlib.util.find_spec(module) if "." not in module else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise click.UsageError(f"no module named {module!r} here; PATH:FUNCTION names its file")
    return spec.origin


def _ask(request: Request, timeout: float) -> Answer:
    """Have a child process run it.

    Raises:
        click.ClickException: it does not end as it should.
    """
    from fullgraph.verify.child import ChildEndedError, child  # noqa: PLC0415
    from fullgraph.verify.usercode import Answer  # noqa: PLC0415

    try:
        sys.stderr.fileno()
        output: int | TextIO = sys.stderr
    except (OSError, io.UnsupportedOperation, AttributeError):
        output = subprocess.DEVNULL
    try:
        with child("usercode", dataclasses.asdict(request), output) as process:
            return Answer(**process.answer(timeout))
    except ChildEndedError as error:
        raise click.ClickException(f"the run {error}") from error


def _verified(where: _Where, request: Request, answer: Answer) -> Verified:
    """Lint what Dynamo came to, and hold the findings against what it did."""
    from fullgraph.report.verified import Verified  # noqa: PLC0415
    from fullgraph.verify.logfile import RunLog  # noqa: PLC0415
    from fullgraph.verify.usercode import event_of  # noqa: PLC0415

    log = RunLog(tuple(event_of(kind, fields) for kind, fields in answer.events))
    traced = None
    if answer.traced is not None:
        traced = {absolute_path(path): frozenset(rows) for path, rows in answer.traced.items()}
    home = find_root(where.file.parent)
    paths = dict.fromkeys([str(where.file), *(path for path in traced or () if _is_ours(Path(path), home))])
    shown = [display_path(path) for path in paths]
    findings = _lint(shown, where, answer.torch)
    files = [File(path, name) for path, name in zip(paths, shown, strict=True)]
    run_time = evidence.judge(files, findings, log)
    if run_time.unforeseen:
        every = _lint(shown, where, answer.torch, without_ignores=True)
        run_time = replace(run_time, unforeseen=evidence.judge(files, every, log).unforeseen)
    verdicts = tuple(_verdict(finding, run_time, traced) for finding in findings if _is_about_dynamo(finding))
    counts = {kind: sum(name == kind for name, _ in answer.events) for kind in ("Break", "Recompilation", "Limit")}
    return Verified(answer.torch, len(request.calls), answer.graphs, counts, verdicts, run_time.unforeseen)


def _is_ours(path: Path, home: Path) -> bool:
    return path.is_file() and path.is_relative_to(home) and not _NOT_OURS.intersection(path.parts)


def _is_about_dynamo(finding: Finding) -> bool:
    """Whether what the rule says would be seen in such a run."""
    from fullgraph.api import Effect  # noqa: PLC0415
    from fullgraph.verify.runtime import effect_of  # noqa: PLC0415

    return effect_of(finding) in {Effect.GRAPH_BREAK, Effect.RECOMPILATION, Effect.DEVICE_MOVE}


def _lint(paths: Sequence[str], where: _Where, torch: str, *, without_ignores: bool = False) -> tuple[Finding, ...]:
    """Lint files for the torch that ran them, with the function as one that is compiled."""
    from fullgraph.torchfacts import TorchRange, TorchVersion  # noqa: PLC0415

    is_alone = not is_root(find_root(where.file.parent))
    run = check.prepare(tuple(paths), None, isolated=False, config=None, jobs=1, no_cache=is_alone)
    modules = {where.module, f"*.{where.module}"}
    roots = tuple(f"{module}:{where.name}{rest}" for module in sorted(modules) for rest in ("", ".forward"))
    config = evidence.without_ignores(run.config) if without_ignores else run.config
    config = replace(config, traced=(*(run.config.traced or ()), *roots))
    target = Target(TorchRange.only(TorchVersion.parse(torch)), "the installed release")
    return check.lint(replace(run, config=config, target=target)).report.findings


def _verdict(finding: Finding, run_time: RunTime, traced: Mapping[str, frozenset[int]] | None) -> Verdict:
    from fullgraph.report.verified import Outcome, Verdict  # noqa: PLC0415

    seen = run_time.seen.get(finding)
    rows = range(finding.start.row, finding.end.row + 1)
    if run_time.confirms(finding):
        return Verdict(finding, Outcome.CONFIRMED, seen)
    if traced is not None and not traced.get(absolute_path(finding.filename), frozenset()).intersection(rows):
        return Verdict(finding, Outcome.NOT_REACHED, seen)
    return Verdict(finding, Outcome.NOT_SEEN, seen)
