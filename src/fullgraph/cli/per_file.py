"""What is turned off for some files only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fullgraph.engine.selection import ignored_per_file
from fullgraph.paths import absolute_path

if TYPE_CHECKING:
    from fullgraph.cli.ignores import Patterns
    from fullgraph.config import Config
    from fullgraph.engine.settings import Settings


@dataclass(frozen=True, slots=True)
class _Ignore:
    """Codes that are off for the files that a pattern matches, or for all others."""

    patterns: Patterns
    others: bool
    codes: frozenset[str]

    def concerns(self, path: str) -> bool:
        return self.patterns.leaves_out(path) is not self.others


@dataclass(frozen=True, slots=True)
class PerFile:
    """The settings of each file: those of the run, less what is turned off for it."""

    settings: Settings
    ignores: tuple[_Ignore, ...]

    @classmethod
    def of(cls, config: Config, settings: Settings) -> PerFile:
        """Read the configuration's ``per-file-ignores``.

        Raises:
            ConfigError: a pattern or a rule that is none.

        """
        ignores = []
        codes = ignored_per_file(config)
        if codes:
            from fullgraph.cli.ignores import pattern_for  # noqa: PLC0415 - brings pathspec, which few runs need

            first = {value.rpartition(":")[0]: value for value in reversed(config.per_file_ignores or ())}
            for pattern, off in codes.items():
                compiled = pattern_for(config, "per_file_ignores", first[pattern], pattern.removeprefix("!"))
                ignores.append(_Ignore(compiled, pattern.startswith("!"), off))
        return cls(settings, tuple(ignores))

    def of_file(self, shown: str) -> Settings:
        """Give the settings of one file."""
        if not self.ignores:
            return self.settings
        path = absolute_path(shown)
        off = [ignore.codes for ignore in self.ignores if ignore.concerns(path)]
        return replace(self.settings, codes=self.settings.codes.difference(*off)) if off else self.settings
