"""Settings: one dataclass, from whose fields every front end derives its options.

The TOML keys, the command line's flags, flake8's options and the table in the documentation all come from the fields'
metadata, so that none of them can say something else than the others. Only the standard library is imported, and most
of it lazily: this module is on the path of every run, flake8's included.
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fullgraph.paths import absolute_path, display_path
from fullgraph.tomlfile import ConfigError, key_line, nearest, parse_toml, read_toml, table_of, value_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ALLOW = "allow"
_TYPE_NAMES = {str: "a string", bool: "a boolean", int: "an integer", float: "a float", list: "a list", dict: "a table"}


DEGREES = ("certain", "possible", "all")
"""How surely code must be traced, for findings that say what tracing costs."""


class Kind(enum.Enum):
    """What a setting holds; the value is its name in the documentation."""

    RULES = "list of rules"
    PATTERNS = "list of patterns"
    VERSION = "version"
    PER_FILE = "table of lists of rules by pattern"
    PATH = "path"
    FUNCTIONS = "list of patterns for functions"
    PACKAGES = "list of packages"
    DEGREE = "certain, possible or all"
    CODES = "list of codes and prefixes"

    @property
    def many(self) -> bool:
        """Whether it holds several values, which flags give with commas or repeated."""
        return self not in {Kind.VERSION, Kind.PATH, Kind.DEGREE}


_EXPECTED = {
    Kind.VERSION: "a string, as in '2.4'",
    Kind.PATH: "a path",
    Kind.RULES: "a list of strings",
    Kind.CODES: "a list of strings",
    Kind.PATTERNS: "a list of strings",
    Kind.FUNCTIONS: "a list of strings",
    Kind.PACKAGES: "a list of strings",
    Kind.DEGREE: "'certain', 'possible' or 'all'",
    Kind.PER_FILE: 'a table, as in { "tests/*" = ["TFG101"] }',
}


@dataclass(frozen=True, slots=True)
class Option:
    """One setting, as every front end sees it."""

    name: str
    kind: Kind
    help: str
    default: str
    metavar: str
    flake8: str | None = None
    flag_name: str | None = None

    @property
    def key(self) -> str:
        """Key in ``[tool.fullgraph]``."""
        return self.name.replace("_", "-")

    @property
    def flag(self) -> str:
        """Flag of ``fullgraph check``."""
        return self.flag_name or f"--{self.key}"

    @property
    def adds(self) -> bool:
        """Whether a flag adds to the file's value; otherwise it takes its place."""
        return self.name.startswith("extend_")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value was given, and the directory that its patterns are relative to."""

    where: str
    directory: str


@dataclass(frozen=True, slots=True)
class Source:
    """The file that settings were read from, its table that holds them, and whether an allow-list stands there too."""

    file: str
    table: tuple[str, ...]
    has_allow: bool


def _rules(text: str, default: str) -> Mapping[str, object]:
    return {"kind": Kind.RULES, "help": text, "default": default, "metavar": "RULES"}


def _patterns(text: str, default: str) -> Mapping[str, object]:
    return {"kind": Kind.PATTERNS, "help": text, "default": default, "metavar": "PATTERNS"}


_TARGET_HELP = "Torch releases that findings are for, as in 2.4 or >=2.4,<2.16."


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting. ``None`` means: not given.

    ``origins`` says for a field and one of its values where it was given; a value without one was set by the program.
    """

    select: tuple[str, ...] | None = field(
        default=None,
        metadata=_rules(
            "Rules to apply, by code, code prefix or name; ALL means every rule.", "the rules that are on by default"
        ),
    )
    ignore: tuple[str, ...] | None = field(default=None, metadata=_rules("Rules not to apply.", "none"))
    extend_select: tuple[str, ...] = field(
        default=(), metadata=_rules("Rules to apply on top of the selection.", "none")
    )
    extend_ignore: tuple[str, ...] = field(
        default=(), metadata=_rules("Rules not to apply, on top of `ignore`.", "none")
    )
    exclude: tuple[str, ...] | None = field(
        default=None,
        metadata=_patterns(
            "Files and directories to leave out, as in a .gitignore file; takes the place of the defaults.",
            "version control, virtual environments, caches and build results",
        ),
    )
    extend_exclude: tuple[str, ...] = field(
        default=(), metadata=_patterns("Files and directories to leave out on top of `exclude`.", "none")
    )
    target_torch: str | None = field(
        default=None,
        metadata={
            "kind": Kind.VERSION,
            "help": _TARGET_HELP,
            "default": "what the project's own torch requirement allows, else the newest release known",
            "metavar": "VERSION",
            "flake8": "--fullgraph-target-torch",
        },
    )
    per_file_ignores: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "kind": Kind.PER_FILE,
            "help": "Rules not to apply to files that match a pattern as in a .gitignore file, or with ! to others.",
            "default": "none",
            "metavar": "PATTERN:RULE",
        },
    )
    """Each as ``pattern:rule``."""
    baseline: str | None = field(
        default=None,
        metadata={
            "kind": Kind.PATH,
            "help": "File of findings that are let pass.",
            "default": "`fullgraph-baseline.toml` beside the configuration, if it exists",
            "metavar": "FILE",
        },
    )
    allow_file: str | None = field(
        default=None,
        metadata={
            "kind": Kind.PATH,
            "help": "File of findings that are allowed, each with a reason: TOML or YAML.",
            "default": "the `allow` tables of the configuration",
            "metavar": "FILE",
        },
    )
    never_allow: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "kind": Kind.CODES,
            "help": "Rules that no entry of the allow-list may name, by code, code prefix or name.",
            "default": "none",
            "metavar": "RULES",
        },
    )
    traced: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "kind": Kind.FUNCTIONS,
            "help": "Functions that are compiled from outside, as in pkg.mod:Class.method or pkg.*:*.forward.",
            "default": "none",
            "metavar": "FUNCTIONS",
            "flag_name": "--traced-functions",
        },
    )
    follow: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "kind": Kind.PACKAGES,
            "help": "Installed packages whose code is linked with the project's, to see what it traces in there.",
            "default": "none",
            "metavar": "PACKAGES",
        },
    )
    hot: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "kind": Kind.FUNCTIONS,
            "help": "Functions that run again and again, as in pkg.mod:Trainer.step; turns on host-sync-in-hot-code.",
            "default": "none",
            "metavar": "FUNCTIONS",
        },
    )
    traced_level: str | None = field(
        default=None,
        metadata={
            "kind": Kind.DEGREE,
            "help": "How surely code must be traced for findings that say what tracing costs.",
            "default": "`all`",
            "metavar": "DEGREE",
            "flag_name": "--traced",
        },
    )
    origins: Mapping[tuple[str, str], Origin] = field(default_factory=dict, compare=False, repr=False)
    source: Source | None = field(default=None, compare=False)

    def origin(self, name: str, value: str) -> Origin:
        """Where a field's value was given."""
        return self.origins.get((name, value), Origin(name.replace("_", "-"), os.curdir))

    def overridden_by(self, flags: Config) -> Config:
        """Put the command line's settings on top of these, read from a file.

        A flag takes the place of the file's value, and an ``--extend-`` flag adds to it. ``--select`` starts afresh:
        what the file selects or ignores counts no more, as in ruff.
        """
        base = self if flags.select is None else replace(self, ignore=None, extend_select=(), extend_ignore=())
        values: dict[str, Any] = {}
        for option in options():
            ours, theirs = getattr(base, option.name), getattr(flags, option.name)
            values[option.name] = ours + theirs if option.adds else ours if theirs is None else theirs
        origins = {**base.origins, **flags.origins}
        return Config(**values, origins=origins, source=self.source)


def options() -> tuple[Option, ...]:
    """Every setting, in the order of the fields."""
    return tuple(Option(name=each.name, **each.metadata) for each in fields(Config) if each.metadata)


def flake8_options() -> Iterator[tuple[str, dict[str, object]]]:
    """Give flag and keyword arguments for flake8's ``add_option``, for each option that flake8 does not have itself."""
    for option in options():
        if option.flake8 is not None:
            keywords: dict[str, object] = {"help": option.help, "metavar": option.metavar}
            keywords |= {"default": None, "parse_from_config": True}
            yield option.flake8, keywords


def config_table() -> str:
    """Lay out the settings as a Markdown table, for the documentation."""
    lines = ["| Key | Flag | flake8 | Type | Default | Meaning |", "| --- | --- | --- | --- | --- | --- |"]
    for option in options():
        flake8 = f"`{option.flake8}`" if option.flake8 else ""
        cells = (f"`{option.key}`", f"`{option.flag}`", flake8, option.kind.value, option.default, option.help)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def from_flags(values: Mapping[str, Iterable[str] | str | None]) -> Config:
    """Take the settings from the command line: lists may be given with commas, repeated, or both.

    Raises:
        ConfigError: a torch version that is none, or a rule for files without a pattern.

    """
    here = str(Path.cwd())
    given: dict[str, Any] = {}
    origins = {}
    for option in options():
        value = values.get(option.name)
        items: tuple[str, ...]
        if value is None or value == ():
            continue
        if isinstance(value, str):
            if option.kind is Kind.VERSION:
                _check_version(value, option.flag)
            if option.kind is Kind.DEGREE and value not in DEGREES:
                raise ConfigError(option.flag, f"bad value {value!r}; it is {_EXPECTED[Kind.DEGREE]}")
            given[option.name], items = value, (value,)
        else:
            items = tuple(item.strip() for text in value for item in text.split(",") if item.strip())
            if option.kind is Kind.PER_FILE:
                items = tuple(_with_patterns(items, option.flag))
            if option.kind is Kind.FUNCTIONS:
                _check_functions(items, option.flag)
            if option.kind is Kind.PACKAGES:
                _check_packages(items, option.flag)
            given[option.name] = items
        origins.update({(option.name, item): Origin(option.flag, here) for item in items})
    return Config(**given, origins=origins)


def load_config(path: Path) -> Config:
    """Read a configuration file: ``[tool.fullgraph]`` in ``pyproject.toml``, top-level keys in any other TOML file.

    Raises:
        ConfigError: a file that cannot be read, is not TOML, or holds a key or a value that does not fit.

    """
    text = read_toml(path)
    document = parse_toml(text, display_path(path))
    prefix: tuple[str, ...] = ("tool", "fullgraph")
    table = table_of(document)
    if table is None:
        prefix, table = (prefix, {}) if path.name == "pyproject.toml" else ((), document)
    config = _Reader(text, display_path(path), str(path.absolute().parent), prefix).config(table)
    return replace(config, source=Source(absolute_path(path), prefix, _ALLOW in cast("dict[str, object]", table)))


def _with_patterns(items: Iterable[str], where: str) -> Iterator[str]:
    """Give each rule the pattern in front of it: ``a.py:TFG1,TFG3`` names one pattern for both."""
    pattern = ""
    for item in items:
        before, colon, rule = item.rpartition(":")
        pattern = before if colon else pattern
        if not pattern or not rule:
            raise ConfigError(where, f"bad value {item!r}; write it as in 'tests/*:TFG101'")
        yield f"{pattern}:{rule}"


def _check_packages(packages: Iterable[str], where: str) -> None:
    for package in packages:
        if not all(part.isidentifier() for part in package.split(".")):
            raise ConfigError(where, f"bad package {package!r}; write it as in 'pkg' or 'pkg.sub'")


def _check_functions(patterns: Iterable[str], where: str) -> None:
    for pattern in patterns:
        module, colon, name = pattern.partition(":")
        if not (module and colon and name):
            raise ConfigError(where, f"bad function {pattern!r}; write it as in 'pkg.mod:Class.method'")


def _check_version(text: str, where: str) -> None:
    from fullgraph.torchfacts import TorchRange  # noqa: PLC0415 - most runs set no version

    try:
        TorchRange.parse(text)
    except ValueError as error:
        raise ConfigError(where, f"bad torch version {text!r}; write it as in '2.4' or '>=2.4,<2.16'") from error


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns one TOML table into settings, and knows the lines for the errors."""

    text: str
    shown: str
    directory: str
    prefix: tuple[str, ...]

    def config(self, table: object) -> Config:
        if not isinstance(table, dict):
            raise self._error(self.prefix, f"[tool.fullgraph] must be a table, found {_type_name(table)}")
        by_key = {option.key: option for option in options()}
        values: dict[str, Any] = {}
        origins: dict[tuple[str, str], Origin] = {}
        for key, value in table.items():
            option = by_key.get(key)
            if key == _ALLOW:  # read by whoever asks for the allow-list
                continue
            if option is None:
                raise self._unknown(key, (*by_key, _ALLOW))
            values[option.name] = self._value(option, value)
            origins.update(self._origins(option, values[option.name]))
        return Config(**values, origins=origins)

    def _value(self, option: Option, value: object) -> tuple[str, ...] | str:
        path = (*self.prefix, option.key)
        match option.kind, value:
            case Kind.PATH, str(text) if text:
                return text
            case Kind.PER_FILE, dict(table):
                return tuple(self._per_file(path, cast("dict[str, object]", table)))
            case Kind.VERSION, str(version):
                _check_version(version, self._where(key_line(self.text, path)))
                return version
            case Kind.DEGREE, str(text) if text in DEGREES:
                return text
            case Kind.RULES | Kind.CODES | Kind.PATTERNS | Kind.FUNCTIONS | Kind.PACKAGES, [*items]:
                odd = [_type_name(item) for item in items if not isinstance(item, str)]
                if not odd:
                    if option.kind is Kind.FUNCTIONS:
                        _check_functions(map(str, items), self._where(key_line(self.text, path)))
                    if option.kind is Kind.PACKAGES:
                        _check_packages(map(str, items), self._where(key_line(self.text, path)))
                    return tuple(map(str, items))
                found = f"{odd[0]} in it"
            case _:
                found = _type_name(value)
        raise self._error(path, f"{option.key!r} must be {_EXPECTED[option.kind]}, found {found}")

    def _per_file(self, path: tuple[str, ...], table: Mapping[str, object]) -> Iterator[str]:
        for pattern, value in table.items():
            rules = value if isinstance(value, list) else [value]
            odd = [_type_name(rule) for rule in rules if not isinstance(rule, str)]
            if odd or not isinstance(value, list):
                found = f"{odd[0]} in it" if odd and isinstance(value, list) else _type_name(value)
                raise self._error((*path, pattern), f"rules for {pattern!r} must be a list of strings, found {found}")
            yield from (f"{pattern}:{rule}" for rule in rules)

    def _origins(self, option: Option, value: tuple[str, ...] | str) -> Iterator[tuple[tuple[str, str], Origin]]:
        for item in (value,) if isinstance(value, str) else value:
            path: tuple[str, ...] = (*self.prefix, option.key)
            text = item
            if option.kind is Kind.PER_FILE:
                pattern, _, text = item.rpartition(":")
                path = (*path, pattern)
            line = value_line(self.text, path, text)
            yield (option.name, item), Origin(self._where(line), self.directory)

    def _unknown(self, key: str, valid: Iterable[str]) -> ConfigError:
        table = f" in [{'.'.join(self.prefix)}]" if self.prefix else ""
        near = nearest(key, valid)
        hint = f"did you mean {near!r}?" if near else f"the keys are {', '.join(valid)}"
        return self._error((*self.prefix, key), f"unknown key {key!r}{table}; {hint}")

    def _error(self, path: tuple[str, ...], message: str) -> ConfigError:
        return ConfigError(self._where(key_line(self.text, path)), message)

    def _where(self, line: int) -> str:
        return f"{self.shown}:{line}"


def _type_name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), "a date or time")
