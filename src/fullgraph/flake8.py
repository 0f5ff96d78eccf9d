"""The flake8 plugin. flake8 reads, parses, selects and heeds ``# noqa``; the plugin yields findings and never raises.

Comments of the form ``# fullgraph: ok`` are the plugin's own, since flake8 does not know them.
"""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from flake8.exceptions import ExecutionError  # type: ignore[import-untyped]
from flake8.style_guide import Decision, DecisionEngine  # type: ignore[import-untyped]
from flake8.utils import stdin_get_value  # type: ignore[import-untyped]

from fullgraph.config import Config, flake8_options, from_flags, load_config
from fullgraph.config import options as config_options
from fullgraph.engine.ahead import Ahead, look_ahead
from fullgraph.engine.allow_file import AllowList, Place
from fullgraph.engine.check import check_tree
from fullgraph.engine.index import Projects
from fullgraph.engine.many import path_of
from fullgraph.engine.places import Roots
from fullgraph.engine.registry import registry
from fullgraph.engine.selection import is_traced_enough
from fullgraph.engine.settings import Settings
from fullgraph.engine.suppression import settle
from fullgraph.project import common_directory, find_config, find_root, is_root, resolve_target
from fullgraph.tomlfile import ConfigError
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

if TYPE_CHECKING:
    import argparse
    import ast
    from collections.abc import Callable, Iterator, Sequence

    from fullgraph.engine.finding import Finding
    from fullgraph.semantic.traced import FileRegion

_STDIN = "-"


class _OptionManager(Protocol):
    """The part of flake8's option manager that is used here."""

    def add_option(self, *args: Any, **kwargs: Any) -> None: ...

    def extend_default_ignore(self, error_codes: Sequence[str]) -> None: ...


class Plugin:
    """What flake8 makes for each file, from the tree and the lines that it has already read.

    Attributes:
        settings: what the options say, for every file of the run.
        projects: what is traced in the projects of the run; None leaves each file to itself.
        ahead: what is found in files that flake8 will ask for.
        level: how surely code must be traced for findings that say what tracing costs.
        allowed: the allow-list; None if there is none.

    """

    # flake8 gives the options to the class and makes the instances itself, so this is the only place between the two.
    # It is set once per process and before the first file: workers that are forked inherit it, workers that are spawned
    # parse the options again. Nothing else is kept from one file to the next, so no finding depends on their order.
    settings: ClassVar[Settings | None] = None
    projects: ClassVar[Projects | None] = None
    ahead: ClassVar[Ahead] = Ahead()
    level: ClassVar[str] = "all"
    allowed: ClassVar[AllowList | None] = None

    def __init__(self, tree: ast.Module, filename: str, lines: Sequence[str]) -> None:
        # flake8 goes by these names. The tree is the one that every other plugin sees, so it must not be changed.
        self.tree = tree
        self.filename = filename
        self.lines = lines

    @classmethod
    def add_options(cls, option_manager: _OptionManager) -> None:
        """Add the options to flake8's own, and turn off the rules that are off unless somebody selects them."""
        for flag, keywords in flake8_options():
            option_manager.add_option(flag, **keywords)
        option_manager.add_option(
            "--fullgraph-no-project",
            action="store_true",
            default=False,
            parse_from_config=True,
            help="Look at each file by itself, and not at what the rest of its project calls and compiles.",
        )
        option_manager.extend_default_ignore([code for code, rule in registry().items() if not rule.default])

    # With a second parameter, flake8 would take a TypeError from inside for a wrong signature, and call again.
    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Settle what the run is for. A rule runs if flake8 would show what it finds.

        Raises:
            ExecutionError: an option or the project's configuration is wrong; flake8 prints it and stops.

        """
        try:
            config = _config(options)
            start = common_directory(_paths(options))
            everything = Settings.with_everything(resolve_target(config, find_root(start)).releases)
            heard = everything.codes - _turned_off(config) - _left_out(options)
            cls.settings = replace(everything, codes=heard)
            cls.level = config.traced_level or "all"
            cls.allowed = _allowed(config, start)
            cls.projects, cls.ahead = None, Ahead()
            if not options.fullgraph_no_project:
                cls.projects, cls.ahead = _projects(options, config, cls.settings)
        except (ConfigError, OSError) as error:
            raise ExecutionError(f"fullgraph: {error}") from error

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """Give row (from 1), column (from 0, in characters: flake8 adds 1) and text of each finding."""
        try:
            settings = self.settings or Settings.with_everything(TorchRange.only(NEWEST_KNOWN))
            kept = [each for each in self.found(settings) if is_traced_enough(each, self.level)]
            if self.allowed is not None and self.filename != _STDIN:
                kept = self.allowed.in_file(kept, self.tree, self.lines, self.filename)
            found = [(each.start.row, each.start.column - 1, f"{each.code} {each.text}") for each in kept]
        except Exception as error:  # anything that leaves this method ends flake8's whole run
            found = [(1, 0, f"TFG001 internal error of fullgraph: {type(error).__name__}; please report it")]
        for row, column, text in found:
            yield row, column, text, type(self)

    def found(self, settings: Settings) -> list[Finding]:
        """What is found, without what comments of our own hide; nearly always it is known ahead."""
        linked: FileRegion | None = None
        if self.projects is not None and self.filename != _STDIN:
            path = path_of(self.filename)
            if (known := self.ahead.of(path, self.lines)) is not None:
                return known
            linked = self.projects.region(path, self.filename)
        findings = check_tree(self.tree, self.lines, self.filename, settings, linked)
        return settle(findings, self.lines, self.filename, settings.codes, with_noqa=False)


def _turned_off(config: Config) -> frozenset[str]:
    """Rules that report nothing without a setting that is not given."""
    return frozenset(
        code
        for code, rule in registry().items()
        if rule.rule.turned_on_by and not getattr(config, rule.rule.turned_on_by)
    )


def _left_out(options: argparse.Namespace) -> frozenset[str]:
    """Rules of which flake8 shows nothing in any file, since they are not selected or are ignored."""
    decide = DecisionEngine(options).decision_for
    return frozenset(code for code in registry() if decide(code) is Decision.Ignored)


def _allowed(config: Config, start: Path) -> AllowList | None:
    """Read the allow-list of the project."""
    place = Place.of(config, find_root(start) if config.source is None else Path(config.source.file).parent)
    return None if place is None else AllowList.read(place, config)


def _projects(options: argparse.Namespace, config: Config, settings: Settings) -> tuple[Projects, Ahead]:
    """Check the files of the run with their projects, here, so that forked workers inherit the outcome."""
    paths = [path for path in _paths(options) if str(path) != _STDIN]
    overlay: dict[str, bytes] = {}
    if _STDIN in options.filenames and options.stdin_display_name != "stdin":
        overlay[path_of(options.stdin_display_name)] = stdin_get_value().encode("utf-8", "surrogatepass")
    projects = Projects(Roots(map(str, paths), is_root), _jobs(options), overlay=overlay)
    projects.entries, projects.follow, projects.hot = config.traced or (), config.follow or (), config.hot or ()
    try:
        members = [path_of(str(path / "any.py" if path.is_dir() else path)) for path in paths]
        ahead = look_ahead(projects, members, settings, _is_below(paths))
        gc.freeze()  # as the documentation of `gc` advises before a fork: what there is stays for the whole run
        return projects, ahead
    except Exception:  # each file is then linted alone
        return Projects(Roots((), is_root), overlay=overlay), Ahead()


def _is_below(paths: Sequence[Path]) -> Callable[[str], bool]:
    """Whether a file is among these paths, or in one of them."""
    files = {path_of(str(path)) for path in paths}
    directories = tuple(path_of(str(path)).rstrip(os.sep) + os.sep for path in paths)
    return lambda path: path in files or path.startswith(directories)


def _jobs(options: argparse.Namespace) -> int:
    """How many processes flake8 works with."""
    count: int = options.jobs.n_jobs
    return count if count > 0 else os.cpu_count() or 1


def _config(options: argparse.Namespace) -> Config:
    """Take the settings of the project, and flake8's options on top."""
    # flake8 keeps --isolated to itself, so the project is looked at even then.
    path = find_config(common_directory(_paths(options)))
    config = Config() if path is None else load_config(path)
    return config.overridden_by(_given(options))


def _paths(options: argparse.Namespace) -> list[Path]:
    return [Path(options.stdin_display_name if name == _STDIN else name) for name in options.filenames]


def _given(options: argparse.Namespace) -> Config:
    """Take the settings from flake8's options."""
    given = Config()
    for option in config_options():
        if option.flake8 is not None:
            value = getattr(options, option.flake8.removeprefix("--").replace("-", "_"))
            try:
                given = given.overridden_by(from_flags({option.name: value}))
            except ConfigError as error:
                raise ConfigError(option.flake8, error.message) from error
    return given
