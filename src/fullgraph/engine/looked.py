"""Files of a project with what their contents and structures are known by, and their summaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fullgraph.engine.check import examine
from fullgraph.engine.deferred import Findings
from fullgraph.engine.kept import Kept
from fullgraph.engine.packed import Packed, rows_of, summary_of
from fullgraph.engine.places import Place
from fullgraph.engine.pool import mapped
from fullgraph.engine.settings import Settings
from fullgraph.engine.store import Store, digest, dump, key_of, load
from fullgraph.semantic.summary import FileSummary

BROKEN = b""
"""The name of the structure of a file that has none."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to look at.

    Attributes:
        data: its contents.
        shown: what to call it in findings.
        settings: how to check it, if it is to be checked.
        content: what the contents are known by.
        with_noqa: whether ``# noqa`` counts.
    """

    data: bytes
    shown: str
    settings: Settings | None
    content: bytes
    with_noqa: bool = True

    @classmethod
    def of(cls, data: bytes, shown: str, settings: Settings | None, *, with_noqa: bool = True) -> Source:
        """A file with these contents."""
        return cls(data, shown, settings, digest(data), with_noqa)


@dataclass(slots=True)
class File:
    """A file of a project.

    Attributes:
        place: where it is.
        content: what its contents are known by.
        structure: what its summary is known by, once that is found out; `BROKEN` if it has none.
        data: its contents, if they were read.
    """

    place: Place
    content: bytes
    structure: bytes | None = None
    data: bytes | None = None

    def source(self) -> Source:
        """The file as it is looked at for its summary."""
        return Source(self._read(), self.place.name, None, self.content)

    def _read(self) -> bytes:
        if self.data is not None:
            return self.data
        try:
            return Path(self.place.path).read_bytes()
        except OSError:
            return b""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look at a file gives, ready for the cache.

    Attributes:
        packed: its summary.
        findings: what was found, if it was looked for.
    """

    packed: Packed | None
    findings: Findings | None


def look(source: Source, kept: Kept | None = None) -> Looked:
    """Summarise a file, and check it too as far as that can be done without its project (`check.examine`)."""
    found = examine(source.data, source.shown, source.settings, with_noqa=source.with_noqa, kept=kept)
    return Looked(None if found.summary is None else Packed.of(found.summary), found.findings)


@dataclass(frozen=True, slots=True)
class Summaries:
    """Summaries of files, from the cache or by a look at the file.

    Attributes:
        store: the cache.
        jobs: how many processes may look at files.
        kept: files that this process has open.
    """

    store: Store
    jobs: int = 1
    kept: Kept = field(default_factory=Kept)

    def find(self, files: Sequence[File], sources: Mapping[str, Source]) -> dict[str, Findings]:
        """Find out the structure of each file; gives findings that came up on the way, by path."""
        unknown = [file for file in files if file.structure is None]
        kept = self.store.get(_key(file) for file in unknown)
        for file in unknown:
            match load(kept.get(_key(file))):
                case (bytes(structure), bytes()):
                    file.structure = structure
                case _:
                    continue
        return self._look_at([file for file in unknown if file.structure is None], sources)

    def _look_at(self, files: Sequence[File], sources: Mapping[str, Source]) -> dict[str, Findings]:
        tasks = [sources.get(file.place.path) or file.source() for file in files]
        early: dict[str, Findings] = {}
        done = mapped(look, tasks, self.jobs, here=partial(look, kept=self.kept))
        for file, source, looked in zip(files, tasks, done, strict=True):
            packed = looked.packed or Packed(BROKEN, BROKEN, b"")
            file.structure = packed.name
            self.store.put(_key(file), dump((packed.name, packed.rows)))
            self.store.put(structure_key(packed.name), packed.structure)
            if source.settings is not None and looked.findings is not None:
                early[file.place.path] = looked.findings
        self.store.flush()
        return early

    def of(self, files: Sequence[File]) -> list[FileSummary | None]:
        """The summaries of files whose structure is known; None where a file changed on the disk meanwhile."""
        keys = [structure_key(file.structure or BROKEN) for file in files]
        kept = self.store.get(keys)
        found = (summary_of(kept.get(key)) for key in keys)
        return [self._anew(file) if each is None else each for file, each in zip(files, found, strict=True)]

    def _anew(self, file: File) -> FileSummary | None:
        """The summary of a file that the cache lost."""
        packed = look(file.source()).packed
        return None if packed is None else summary_of(packed.structure)

    def rows(self, files: Iterable[File]) -> dict[str, Sequence[int]]:
        """The rows that places of summaries stand for, by the names of files."""
        files = list(files)
        kept = self.store.get(_key(file) for file in files)
        return {file.place.name: self._rows(file, kept.get(_key(file))) for file in files}

    def _rows(self, file: File, kept: bytes | None) -> Sequence[int]:
        match load(kept):
            case (bytes(), bytes(rows)):
                return rows_of(rows)
            case _:
                packed = look(file.source()).packed
                return () if packed is None else rows_of(packed.rows)


def structure_key(structure: bytes) -> bytes:
    """The key by which the cache has a summary without its rows."""
    return key_of("structure", structure)


def _key(file: File) -> bytes:
    return key_of("summary", file.content)
