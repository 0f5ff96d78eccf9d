"""The project index: what linking all files of a project says of each, from the cache as far as that is right.

Four layers, each of which spares the ones below: the linked regions by the contents of all files; the regions with
places for rows, by the structure of all files; the summaries by content; the contents by size and time of change.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from fullgraph.engine.check import examine
from fullgraph.engine.deferred import Findings
from fullgraph.engine.follow import followed
from fullgraph.engine.kept import Kept
from fullgraph.engine.packed import (
    Packed,
    PackedRegion,
    pack_regions,
    regions_of,
    rows_of,
    summary_of,
    with_steps,
)
from fullgraph.engine.places import Place, Roots, TooLargeError, name_below, place, scan
from fullgraph.engine.pool import mapped, rare_collections
from fullgraph.engine.settings import Settings
from fullgraph.engine.store import DIRECTORY, Store, digest, dump, key_of, load
from fullgraph.paths import display_path
from fullgraph.semantic.link import link
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.survey import TracedFunction, survey
from fullgraph.semantic.traced import ChainStep, FileRegion

_RECENT = 2_000_000_000
"""A file that changed so few nanoseconds ago may change again without its time of change telling."""
_BROKEN = b""
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
class _File:
    place: Place
    content: bytes
    structure: bytes | None = None
    data: bytes | None = None


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


@dataclass(slots=True)
class Project:
    """The files of one project, and what linking them says.

    Attributes:
        root: its directory.
        store: its cache.
        jobs: how many processes may work for it.
        overlay: contents of files that are not, or not yet, what stands on the disk, by path.
        entries: patterns of functions that are compiled from outside.
        hot: patterns of functions that run again and again.
        follow: installed packages that are linked with the project.
        trouble: why it could not be linked, for people; its files are then linted alone.
        is_linked: whether it was tried to link it.
        kept: files that this process has open.
    """

    root: str
    store: Store
    jobs: int = 1
    overlay: Mapping[str, bytes] = field(default_factory=dict)
    entries: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    hot: tuple[str, ...] = ()
    trouble: str = ""
    is_linked: bool = False
    kept: Kept = field(default_factory=Kept)
    _regions: dict[str, PackedRegion] = field(default_factory=dict)
    _files: list[_File] = field(default_factory=list)

    def region(self, path: str, shown: str) -> FileRegion | None:
        """What is traced in a file that findings call ``shown``; None if the project does not know it."""
        packed = self._regions.get(self._name(path))
        if packed is None:
            return None
        names = {self._name(path): shown}

        def change(step: ChainStep) -> ChainStep:
            if step.filename not in names:
                names[step.filename] = display_path(Path(self.root, step.filename))
            return ChainStep(names[step.filename], step.row, step.name)

        return with_steps(packed.region, change)

    def region_name(self, path: str) -> bytes:
        """What the region of a file is known by."""
        packed = self._regions.get(self._name(path))
        return b"" if packed is None else packed.name

    def _name(self, path: str) -> str:
        return name_below(self.root, path)

    @rare_collections()
    def link(self, sources: Mapping[str, Source]) -> dict[str, Findings]:
        """Link the project; gives findings that came up on the way, by path.

        ``sources`` are files whose contents are already read, and, if they have settings, are to be checked.
        """
        self.is_linked = True
        try:
            places = scan(self.root)
            places += self._followed({each.path for each in places})
        except TooLargeError:
            self.trouble = "too many files to link; each is linted by itself"
            return {}
        stamps = load(self.store.get([key_of("stamps")]).get(key_of("stamps")), missing={})
        files = self._files = self._contents(places, sources, stamps if isinstance(stamps, dict) else {})
        parts = (part for file in files for part in (file.place.name, file.place.module, file.content))
        key = key_of("regions", *self.entries, "", *self.follow, "", *self.hot, "", *parts)
        regions = regions_of(self.store.get([key]).get(key))
        early: dict[str, Findings] = {}
        if regions is None:
            early = self._summarise(files, sources)
            regions = self._resolved(files, self._linked(files))
            self.store.put(key, pack_regions(regions))
            self._stamp(files, stamps)
        self._regions = regions
        return early

    def _followed(self, known: Set[str]) -> list[Place]:
        """The files of packages that are linked with the project, without those that are known to be its own."""
        places, missing = followed(self.follow, self.root)
        if missing:
            names = ", ".join(missing)
            self.trouble = f"cannot follow {names}: not installed in the project's environment, nor in fullgraph's"
        return [each for each in places if each.path not in known]

    def survey(self) -> list[TracedFunction]:
        """Every traced function of the project, and where following its calls ended; nothing if it was not linked."""
        self._summarise(self._files, {})
        whole = [file for file in self._files if file.structure != _BROKEN]
        kept = self.store.get(_summary_key(file.content) for file in whole)
        rows = {file.place.name: self._rows(file, kept) for file in whole}
        names = {file.place.name: display_path(Path(self.root, file.place.name)) for file in whole}
        return [_with_rows(each, rows, names) for each in survey(self._summaries(whole), self.entries)]

    # Contents

    def _contents(
        self, places: list[Place], sources: Mapping[str, Source], stamps: Mapping[str, tuple[object, bytes, bytes]]
    ) -> list[_File]:
        """The files that can be read, with what their contents are known by."""
        known = {each.path for each in places}
        packages: dict[str, bool] = {}
        places = [*places, *(place(self.root, path, None, packages) for path in self.overlay if path not in known)]
        files = []
        for each in sorted(places, key=lambda each: each.name):
            source = sources.get(each.path)
            data = self.overlay.get(each.path) if source is None else source.data
            stamp = stamps.get(each.name)
            if data is None and stamp is not None and stamp[0] == each.stamp:
                files.append(_File(each, stamp[1], stamp[2]))
                continue
            if data is None:
                try:
                    data = Path(each.path).read_bytes()
                except OSError:
                    continue
            content = digest(data) if source is None else source.content
            structure = stamp[2] if stamp is not None and stamp[1] == content else None
            files.append(_File(each, content, structure, data))
        return files

    def _stamp(self, files: list[_File], before: object) -> None:
        """Remember what the contents and structures are known by, unless a file changed just now."""
        recent = time.time_ns() - _RECENT
        stamps = {
            file.place.name: (
                file.place.stamp if file.place.stamp is not None and file.place.stamp[1] < recent else None,
                file.content,
                file.structure,
            )
            for file in files
            if file.place.path not in self.overlay
        }
        if stamps != before:
            self.store.put(key_of("stamps"), dump(stamps))

    # Summaries

    def _summarise(self, files: list[_File], sources: Mapping[str, Source]) -> dict[str, Findings]:
        """Find out the structure of each file; gives the findings that came up on the way."""
        unknown = [file for file in files if file.structure is None]
        kept = self.store.get(_summary_key(file.content) for file in unknown)
        for file in unknown:
            match load(kept.get(_summary_key(file.content))):
                case (bytes(structure), bytes()):
                    file.structure = structure
                case _:
                    continue
        missing = [file for file in unknown if file.structure is None]
        return self._look_at(missing, sources)

    def _look_at(self, files: list[_File], sources: Mapping[str, Source]) -> dict[str, Findings]:
        tasks = [sources.get(file.place.path) or _source(file) for file in files]
        early: dict[str, Findings] = {}
        done = mapped(look, tasks, self.jobs, here=partial(look, kept=self.kept))
        for file, source, looked in zip(files, tasks, done, strict=True):
            packed = looked.packed or Packed(_BROKEN, _BROKEN, b"")
            file.structure = packed.name
            self.store.put(_summary_key(file.content), dump((packed.name, packed.rows)))
            self.store.put(key_of("structure", packed.name), packed.structure)
            if source.settings is not None and looked.findings is not None:
                early[file.place.path] = looked.findings
        self.store.flush()
        return early

    # Linking

    def _linked(self, files: list[_File]) -> dict[str, PackedRegion]:
        """The regions of all files that have a summary, with places for rows."""
        whole = [file for file in files if file.structure != _BROKEN]
        key = key_of(
            "places",
            *self.entries,
            "",
            *self.follow,
            "",
            *self.hot,
            "",
            *(part for file in whole for part in (file.place.name, file.place.module, file.structure or b"")),
        )
        found = regions_of(self.store.get([key]).get(key))
        if found is not None:
            return found
        summaries = self._summaries(whole)
        try:
            regions = link(summaries, self.entries, self.hot)
        except Exception as error:  # the files are then linted alone
            self.trouble = f"internal error of fullgraph in linking: {type(error).__name__}: {error}; please report it"
            return {}
        packed = {each.filename: PackedRegion.of(region) for each, region in zip(summaries, regions, strict=True)}
        self.store.put(key, pack_regions(packed))
        return packed

    def _summaries(self, files: list[_File]) -> list[ProjectFile]:
        keys = [key_of("structure", file.structure or b"") for file in files]
        kept = self.store.get(keys)
        found = []
        for file, key in zip(files, keys, strict=True):
            summary = summary_of(kept.get(key))
            if summary is None:  # the cache lost it
                looked = look(_source(file))
                summary = None if looked.packed is None else summary_of(looked.packed.structure)
            if summary is not None:
                place = file.place
                found.append(ProjectFile(place.name, place.module, place.is_package, summary, place.is_own))
        return found

    def _resolved(self, files: list[_File], regions: Mapping[str, PackedRegion]) -> dict[str, PackedRegion]:
        """The same regions with rows for places."""
        kept = self.store.get(_summary_key(file.content) for file in files)
        rows = {file.place.name: self._rows(file, kept) for file in files if file.place.name in regions}

        def change(step: ChainStep) -> ChainStep:
            return ChainStep(step.filename, rows[step.filename][step.row], step.name)

        return {name: PackedRegion.of(with_steps(packed.region, change)) for name, packed in regions.items()}

    def _rows(self, file: _File, kept: Mapping[bytes, bytes]) -> Mapping[int, int]:
        match load(kept.get(_summary_key(file.content))):
            case (bytes(), bytes(rows)):
                return dict(enumerate(rows_of(rows)))
            case _:
                looked = look(_source(file))
                return {} if looked.packed is None else dict(enumerate(rows_of(looked.packed.rows)))


def _survey_alone(path: str, shown: str) -> list[TracedFunction]:
    """The traced functions of a file that is a project by itself."""
    try:
        summary = examine(Path(path).read_bytes(), shown, None).summary
    except OSError:
        return []
    return [] if summary is None else survey([ProjectFile.alone(shown, summary)])


def _with_rows(
    found: TracedFunction, rows: Mapping[str, Mapping[int, int]], names: Mapping[str, str]
) -> TracedFunction:
    """A traced function with rows instead of their ranks, and files as findings name them."""

    def real(step: ChainStep | None) -> ChainStep | None:
        return None if step is None else ChainStep(names[step.filename], rows[step.filename][step.row], step.name)

    mine = rows[found.step.filename]
    stops = [replace(stop, row=mine[stop.row], definition=real(stop.definition)) for stop in found.stops]
    stops.sort(key=lambda stop: (stop.row, stop.callee))
    return replace(found, step=real(found.step) or found.step, compiled_at=real(found.compiled_at), stops=tuple(stops))


def _summary_key(content: bytes) -> bytes:
    return key_of("summary", content)


def _source(file: _File) -> Source:
    return Source(_read(file), file.place.name, None, file.content)


def _read(file: _File) -> bytes:
    if file.data is not None:
        return file.data
    try:
        return Path(file.place.path).read_bytes()
    except OSError:
        return b""


@dataclass(slots=True)
class Projects:
    """The projects that the files of a run belong to."""

    roots: Roots
    jobs: int = 1
    cached: bool = True
    overlay: Mapping[str, bytes] = field(default_factory=dict)
    entries: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    hot: tuple[str, ...] = ()
    _by_root: dict[str, Project] = field(default_factory=dict)

    def of(self, path: str) -> Project | None:
        """The project of a file; None for one that is a project by itself."""
        root = self.roots.of(path)
        if root is None:
            return None
        if root not in self._by_root:
            store = Store(Path(root, DIRECTORY) if self.cached else None)
            mine = {each: data for each, data in self.overlay.items() if self.roots.of(each) == root}
            self._by_root[root] = Project(root, store, self.jobs, mine, self.entries, self.follow, self.hot)
        return self._by_root[root]

    def region(self, path: str, shown: str) -> FileRegion | None:
        """What its project says of a file that findings call ``shown``; links the project if that was not done."""
        project = self.of(path)
        if project is None:
            return None
        if not project.is_linked:
            project.link({})
            project.store.flush()
        return project.region(path, shown)

    def survey(self, files: Iterable[tuple[str, str]]) -> Iterator[list[TracedFunction]]:
        """The traced functions of each project that the files belong to, and of each file without one.

        A file is given with its path and what to call it; callers are places in the list of their project.
        """
        seen: set[str] = set()
        for path, shown in files:
            project = self.of(path)
            if project is None:
                yield _survey_alone(path, shown)
            elif project.root not in seen:
                seen.add(project.root)
                if not project.is_linked:
                    project.link({})
                yield project.survey()
                project.store.flush()

    def known(self) -> list[Project]:
        """The projects of the files that were asked about."""
        return list(self._by_root.values())

    @property
    def trouble(self) -> list[str]:
        """Why projects could not be linked."""
        return [f"{display_path(each.root)}: {each.trouble}" for each in self._by_root.values() if each.trouble]
