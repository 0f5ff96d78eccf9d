"""The project around the files of a run: its root, its configuration file, and the torch version it asks for.

Nothing here runs a project's code, and nothing fails on a broken file: a requirement that cannot be read counts as not
written. Only a broken configuration file is an error, since a run under the wrong settings would mislead.
"""

from __future__ import annotations

import ast
import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fullgraph.config import Config
from fullgraph.paths import display_path
from fullgraph.tomlfile import ConfigError, key_line, parse_toml, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fullgraph.torchfacts import TorchRange

_MARKERS = frozenset({".git", "pyproject.toml", "setup.cfg", "setup.py"})
OWN_CONFIG = "fullgraph.toml"
"""A configuration that holds settings of fullgraph only."""
_TORCH = re.compile(r"\s*torch\s*(?![\w.-])", re.IGNORECASE)
_POETRY = re.compile(r"(\^|~=|~|>=|<=|===|==|!=|>|<|)\s*v?(\d+(?:\.\d+)*)[\w.*+!-]*")
_POETRY_AS_SPECIFIER = {"^": ">=", "~": ">=", "": "=="}
_INCLUDE = re.compile(r"(?:-r|--requirement)[\s=]*(\S.*)")
_MAX_BYTES = 4 * 1024 * 1024
_MAX_INCLUDES = 30


@dataclass(frozen=True, slots=True)
class Target:
    """The torch releases that a run is for, and where they came from, in words that follow ``torch 2.4:``."""

    releases: TorchRange
    origin: str


@dataclass(frozen=True, slots=True)
class _Bound:
    releases: TorchRange
    where: str


def common_directory(paths: Iterable[Path]) -> Path:
    """Find the directory that holds all paths, a file's being its own; the working directory if there are no paths."""
    absolute = [path.absolute() for path in paths]
    directories = [os.path.normpath(path if path.is_dir() else path.parent) for path in absolute]
    if not directories:
        return Path.cwd()
    try:
        return Path(os.path.commonpath(directories))
    except ValueError:  # different drives
        return Path(directories[0])


def find_root(start: Path) -> Path:
    """Find the nearest directory upwards with packaging metadata, requirements or ``.git``; else ``start`` itself."""
    return next((directory for directory in (start, *start.parents) if is_root(directory)), start)


def is_root(directory: Path) -> bool:
    """Whether a directory has packaging metadata, requirements or ``.git``."""
    return any(name in _MARKERS or _is_requirements(name) for name in _names(directory))


def find_config(start: Path) -> Path | None:
    """Find the nearest ``fullgraph.toml``, or ``pyproject.toml`` with a ``[tool.fullgraph]`` table, upwards.

    Where both are in one directory, ``fullgraph.toml`` counts.

    The search ends at the root of the git repository: what lies above it does not travel with the repository, so a run
    on another machine would not see it. Without a repository it goes up to the root of the file system.

    Raises:
        ConfigError: a ``pyproject.toml`` on the way speaks of fullgraph, but is not TOML.

    """
    for directory in (start, *start.parents):
        if (own := directory / OWN_CONFIG).is_file():
            return own
        path = directory / "pyproject.toml"
        text = _read(path)
        if text is not None and "fullgraph" in text and table_of(parse_toml(text, display_path(path))) is not None:
            return path
        if (directory / ".git").exists():
            break
    return None


def resolve_target(config: Config, root: Path | None) -> Target:
    """Find the torch releases to aim at: those that are set, else those the project allows, else the newest known.

    ``root=None``: do not look at the project.
    """
    from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange  # noqa: PLC0415 - keeps this module cheap to import

    if config.target_torch is not None:
        where = config.origin("target_torch", config.target_torch).where
        return Target(TorchRange.parse(config.target_torch), f"set by {where}")
    required = None if root is None else required_torch(root)
    if required is not None:
        return Target(required[0], f"as {required[1]} allows")
    return Target(TorchRange.only(NEWEST_KNOWN), "the newest known")


def required_torch(root: Path) -> tuple[TorchRange, str] | None:
    """Find the torch releases that the project in ``root`` allows, and where it says so (``pyproject.toml:12``).

    The first place that names a lower bound decides: ``pyproject.toml`` (dependencies, then optional ones, dependency
    groups and Poetry's), ``setup.cfg``, literal strings in ``setup.py``, ``requirements*.txt``. Where one place names
    several, for different platforms, say, all of them together count.
    """
    for tier in _tiers(root):
        bounds = list(tier)
        if bounds:
            from fullgraph.torchfacts import TorchRange  # noqa: PLC0415 - keeps this module cheap to import

            lowest = min(bounds, key=lambda bound: bound.releases.oldest)
            newest = max(bound.releases.newest for bound in bounds)
            return TorchRange(lowest.releases.oldest, newest), lowest.where
    return None


def _tiers(root: Path) -> Iterator[Iterable[_Bound]]:
    text = _read(root / "pyproject.toml")
    if text is not None and "torch" in text.lower():
        try:
            document = parse_toml(text, "pyproject.toml")
        except ConfigError:
            document = {}
        yield _pep621(document, text)
        yield (*_pep621_optional(document, text), *_poetry(document, text))
    yield _setup_cfg(root / "setup.cfg")
    yield _setup_py(root / "setup.py")
    for name in sorted(filter(_is_requirements, _names(root)), key=lambda name: (name != "requirements.txt", name)):
        yield _requirements(root, root / name)


def _pep621(document: dict[str, object], text: str) -> Iterator[_Bound]:
    match document:
        case {"project": {"dependencies": [*items]}}:
            yield from _listed(items, text, "pyproject.toml")


def _pep621_optional(document: dict[str, object], text: str) -> Iterator[_Bound]:
    match document:
        case {"project": {"optional-dependencies": dict(extras)}}:
            for items in extras.values():
                yield from _listed(items, text, "pyproject.toml")
    match document:
        case {"dependency-groups": dict(groups)}:
            for items in groups.values():
                yield from _listed(items, text, "pyproject.toml")


def _poetry(document: dict[str, object], text: str) -> Iterator[_Bound]:
    match document:
        case {"tool": {"poetry": dict(poetry)}}:
            for path, wanted in _poetry_wants(poetry):
                where = f"pyproject.toml:{key_line(text, ('tool', 'poetry', *path, 'torch'))}"
                bounds = (bound for constraint in _poetry_constraints(wanted) for bound in _poetry_bounds(constraint))
                yield from (_Bound(bound, where) for bound in bounds)


def _poetry_wants(poetry: dict[str, object]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Find what each of Poetry's tables says of torch, with the table's place."""
    for key in ("dependencies", "dev-dependencies"):
        match poetry.get(key):
            case {"torch": wanted}:
                yield (key,), wanted
    match poetry.get("group"):
        case dict(groups):
            for name, group in groups.items():
                match group:
                    case {"dependencies": {"torch": wanted}}:
                        yield ("group", name, "dependencies"), wanted


def _poetry_constraints(wanted: object) -> Iterator[str]:
    match wanted:
        case str():
            yield wanted
        case {"version": str(version)}:
            yield version
        case [*alternatives]:
            for alternative in alternatives:
                if not isinstance(alternative, list):
                    yield from _poetry_constraints(alternative)


def _poetry_bounds(constraint: str) -> Iterator[TorchRange]:
    for alternative in constraint.split("||"):
        parts = _POETRY.findall(alternative)
        specifiers = [f"{_POETRY_AS_SPECIFIER.get(operator, operator)}{number}" for operator, number in parts]
        releases = _releases(",".join(specifiers))
        if releases is not None:
            yield releases


def _setup_cfg(path: Path) -> Iterator[_Bound]:
    text = _read(path)
    if text is None or "torch" not in text.lower():
        return
    from configparser import Error, RawConfigParser  # noqa: PLC0415 - most projects have no such file

    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except Error:
        return
    found = _listed(parser.get("options", "install_requires", fallback="").splitlines(), text, path.name)
    first = next(found, None)
    if first is not None:
        yield first
        yield from found
    elif parser.has_section("options.extras_require"):
        for _, value in parser.items("options.extras_require"):
            yield from _listed(value.splitlines(), text, path.name)


def _setup_py(path: Path) -> Iterator[_Bound]:
    text = _read(path)
    if text is None or "torch" not in text.lower():
        return
    try:
        pending: list[ast.AST] = [ast.parse(text)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    while pending:
        node = pending.pop()
        match node:
            case ast.Constant(value=str(value), lineno=line):
                version = _bound(value)
                if version is not None:
                    yield _Bound(version, f"{path.name}:{line}")
            case ast.JoinedStr() | ast.BinOp(left=ast.Constant()) | ast.BinOp(right=ast.Constant()):
                continue  # a piece of a string is not what it asks for
            case _:
                pending.extend(ast.iter_child_nodes(node))


def _requirements(root: Path, first: Path) -> Iterator[_Bound]:
    pending, seen = [first], {first}
    while pending:
        path = pending.pop()
        for number, line in _logical_lines(_read(path) or ""):
            include = _INCLUDE.match(line)
            if include is None:
                version = _bound(line)
                if version is not None:
                    yield _Bound(version, f"{_below(path, root)}:{number}")
            elif "://" not in line:
                included = Path(os.path.normpath(path.parent / include[1].strip("\"'")))
                if included not in seen and len(seen) < _MAX_INCLUDES:
                    seen.add(included)
                    pending.append(included)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines of a requirements file without comments and hashes, each with the number that it starts on."""
    start = 1
    pieces: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not pieces:
            start = number
        if line.endswith("\\"):
            pieces.append(line[:-1])
            continue
        pieces.append(line)
        whole = re.sub(r"(^|\s)#.*", "", "".join(pieces)).strip()
        pieces = []
        yield start, whole if whole.startswith("-") else re.split(r"\s--", whole, maxsplit=1)[0]


def _listed(items: object, text: str, shown: str) -> Iterator[_Bound]:
    for item in items if isinstance(items, list) else ():
        version = _bound(item) if isinstance(item, str) else None
        if version is not None:
            yield _Bound(version, f"{shown}:{_line_with(text, item.strip())}")


def _bound(requirement: str) -> TorchRange | None:
    """Give the releases of a requirement on torch; ``None`` for another package, no lower bound, or no requirement."""
    if not _TORCH.match(requirement):
        return None
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - only if torch is named

    try:
        specifiers = Requirement(requirement.strip()).specifier
    except InvalidRequirement:
        return None
    return _releases(",".join(str(each) for each in specifiers))


def _releases(specifiers: str) -> TorchRange | None:
    from fullgraph.torchfacts import TorchRange  # noqa: PLC0415 - keeps this module cheap to import

    try:
        return TorchRange.parse(re.sub(r"(?<=[=<>~])\s*\d+!", "", specifiers))
    except ValueError:
        return None


def _line_with(text: str, needle: str) -> int:
    """Line of a requirement, written between quotes or alone on its line."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() == needle or f'"{needle}"' in line or f"'{needle}'" in line:
            return number
    return text[: max(text.find(needle), 0)].count("\n") + 1


def _is_requirements(name: str) -> bool:
    return name.startswith("requirements") and name.endswith(".txt")


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - a path for each entry costs ten times as much
    except OSError:
        return []


def _read(path: Path) -> str | None:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return None
        data = path.read_bytes()
        encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
        return data.decode(encoding).replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError):
        return None


def _below(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
