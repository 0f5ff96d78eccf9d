"""Which releases of torch have a name: modules, their attributes, attributes of public classes.

Source of the table (``names.bin``): the Python files and type stubs in the
wheels of torch 2.0 to 2.15, read by ``tools/generate_torchfacts.py``, which
runs nothing of them. A name counts as existing where a statement binds it,
conditional or not; so a name that only some platforms or builds have exists.
It counts as absent only where nothing could have bound it. Where code that
would have to run decides (a module ``__getattr__``, names computed in a loop,
the inside of a C extension), the answer is unknown.

The table has all modules of torch, but only their own names: not what a module
imports for its own use. It leaves out names with two leading underscores, torch's
test programs, third-party code in torch, and the names in the deeper modules of
the compiler. Class attributes are those that the class itself has (as ``getattr``
finds them on it) for classes with a public name. Far from what users write
(``torch._C``, private names below the first level, attributes of lesser classes)
it leaves out names that exist wherever their module or class does: what is known
of that holds for them too.
"""

from __future__ import annotations

import enum
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fullgraph.torchfacts.versions import TorchVersion


class Presence(enum.Enum):
    """Whether a release has a name."""

    EXISTS = "exists"
    """The sources of the release bind the name, perhaps only on some platforms."""

    ABSENT = "absent"
    """Nothing in the sources of the release can bind the name."""

    UNKNOWN = "unknown"
    """The sources do not tell, or the release is not among those that were read."""


# "O" is a module or class that exists and may have attributes the sources do not show
_PRESENCE = {"E": Presence.EXISTS, "O": Presence.EXISTS, "A": Presence.ABSENT, "U": Presence.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Availability:
    """The releases of torch that have one name."""

    path: str
    """Dotted path, such as ``torch.nn.Module.compile``."""
    states: tuple[Presence, ...]
    """One per release that was read, in the order of ``releases_read``."""

    @property
    def releases(self) -> tuple[tuple[TorchVersion, TorchVersion], ...]:
        """First and last release of every unbroken run of releases that have the name."""
        runs: list[tuple[TorchVersion, TorchVersion]] = []
        previous = Presence.ABSENT
        for version, state in zip(releases_read(), self.states, strict=True):
            if state is Presence.EXISTS:
                start = runs.pop()[0] if previous is Presence.EXISTS else version
                runs.append((start, version))
            previous = state
        return tuple(runs)

    def exists_at(self, version: TorchVersion) -> Presence:
        """Whether release ``version`` has the name; UNKNOWN for a release that was not read."""
        read = releases_read()
        return self.states[read.index(version)] if version in read else Presence.UNKNOWN

    def describe(self) -> str:
        """Return the releases in words, such as ``since 2.4`` or ``gone after 2.6``."""
        oldest, newest = releases_read()[0], releases_read()[-1]
        runs = self.releases
        if not runs:
            known = all(state is Presence.ABSENT for state in self.states)
            return f"in no release {oldest} to {newest}" if known else "in releases that are not known"
        first, last = runs[0][0], runs[-1][1]
        if len(runs) > 1:
            return ", ".join(_run(*run) for run in runs)
        if (first, last) == (oldest, newest):
            return f"in every release {oldest} to {newest}"
        if last == newest:
            return f"since {first}" + self._doubt_before(first)
        if self.exists_at(_after(last)) is Presence.UNKNOWN:
            return f"{_run(first, last)} or later"
        return f"gone after {last}" if first == oldest else _run(first, last) + self._doubt_before(first)

    def _doubt_before(self, first: TorchVersion) -> str:
        read = releases_read()
        doubtful = first != read[0] and self.exists_at(read[read.index(first) - 1]) is Presence.UNKNOWN
        return " or earlier" if doubtful else ""


def _run(first: TorchVersion, last: TorchVersion) -> str:
    return f"only in {first}" if first == last else f"{first} to {last}"


def _after(version: TorchVersion) -> TorchVersion:
    read = releases_read()
    return read[read.index(version) + 1]


@dataclass(frozen=True, slots=True)
class _Home:
    """A module or a class: its states, what it inherits from, and groups of its attributes."""

    states: str
    root: str
    groups: tuple[tuple[str, str], ...]

    def find(self, name: str) -> str | None:
        """Return the states of an attribute that is listed here."""
        sought = f" {name} "
        for states, names in self.groups:
            if sought in names:
                return states
        return None


@dataclass(frozen=True, slots=True)
class _Index:
    releases: tuple[TorchVersion, ...]
    patterns: tuple[str, ...]
    shards: dict[str, tuple[int, int]]
    blob: bytes


@cache
def _index() -> _Index:
    """Return the head of the table, and its shards, still compressed."""
    head, _, blob = Path(__file__).with_name("names.bin").read_bytes().partition(b"\n\n")
    releases, *lines = head.decode("ascii").split("\n")
    shards: dict[str, tuple[int, int]] = {}
    offset = 0
    for line in lines:
        name, _, size = line.partition(" ")
        shards[name] = (offset, offset + int(size))
        offset += int(size)
    versions = tuple(TorchVersion.parse(release) for release in releases.split())
    start, end = shards.pop("patterns")
    return _Index(versions, tuple(zlib.decompress(blob[start:end]).decode("ascii").split()), shards, blob)


def releases_read() -> tuple[TorchVersion, ...]:
    """Return the releases that the table was made from, oldest first."""
    return _index().releases


@cache
def _shard(name: str) -> dict[str, str]:
    """Return the text of the modules and (with a leading ``=``) classes of one shard of the table."""
    index = _index()
    start, end = index.shards[name]
    text = zlib.decompress(index.blob[start:end]).decode("ascii")
    return {block.partition("\t")[0]: block for block in text.split("\n\n")}


@cache
def _home(path: str) -> _Home | None:
    """Return the module, or with a leading ``=`` the class, at ``path``."""
    index = _index()
    segments = path.split(".", 2)
    key = segments[1] if len(segments) > 1 and segments[1] in index.shards else ""
    block = _shard(key).get(path)
    if block is None:
        return None
    head, *lines = block.split("\n")
    _, number, *root = head.split("\t")
    states = index.patterns[int(number)]
    groups = []
    for line in lines:
        group, _, names = line.partition("\t")
        groups.append((index.patterns[int(group)] if group else states.replace("O", "E"), f" {names} "))
    return _Home(states, root[0] if root else "", tuple(groups))


def _member(path: str, name: str) -> str | None:
    """Return the states of attribute ``name`` of the class at ``path``, inherited or not."""
    home = _home(f"={path}")
    if home is None:
        return None
    states = home.find(name)
    if states is None and home.root:
        above = _member(home.root, name)
        if above is not None:
            pairs = zip(home.states, above, strict=True)
            return "".join(inherited if own in "EO" else own for own, inherited in pairs)
    return states


def _states(path: str) -> str | None:
    module = _home(path)
    if module is not None:
        return module.states
    parent, _, name = path.rpartition(".")
    home = _home(parent) if parent else None
    return home.find(name) if home is not None else _member(parent, name)


def availability(path: str) -> Availability | None:
    """Return the releases that have the name with exactly this dotted path.

    None says only that nothing is known of the name: no release that was read
    is known to have it, or it is none of the names that the table covers.
    """
    if path != "torch" and not path.startswith("torch."):
        return None
    states = _states(path)
    return None if states is None else Availability(path, tuple(_PRESENCE[state] for state in states))


def is_module(path: str) -> bool:
    """Whether ``path`` is a module of torch in some release that was read."""
    return (path == "torch" or path.startswith("torch.")) and _home(path) is not None
