"""The project index: what linking all files of a project says of each, from the cache as far as that is right.

Four layers, each of which spares the ones below: the linked regions by the contents of all files; the regions with
places for rows, by the structure of all files (`engine.linked`); the summaries by content (`engine.looked`); the
contents by size and time of change.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path

from fullgraph.engine.check import examine
from fullgraph.engine.deferred import Findings
from fullgraph.engine.follow import followed
from fullgraph.engine.kept import Kept
from fullgraph.engine.linked import Links, LinkSettings, projected
from fullgraph.engine.looked import BROKEN, File, Source, Summaries
from fullgraph.engine.packed import with_steps
from fullgraph.engine.places import Place, Roots, TooLargeError, name_below, place, scan
from fullgraph.engine.pool import rare_collections
from fullgraph.engine.store import DIRECTORY, Store, digest, dump, key_of, load
from fullgraph.paths import display_path
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.survey import TracedFunction, survey
from fullgraph.semantic.traced import ChainStep, FileRegion

_RECENT = 2_000_000_000
"""A file that changed so few nanoseconds ago may change again without its time of change telling."""


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
        unmatched: the patterns among these settings that name no function of the project.
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
    unmatched: frozenset[str] = frozenset()
    _regions: dict[str, bytes] = field(default_factory=dict)
    _files: list[File] = field(default_factory=list)
    _links: Links | None = None

    def region(self, path: str, shown: str) -> FileRegion | None:
        """What is traced in a file that findings call ``shown``; None if the project does not know it."""
        name = self._name(path)
        region = self._region(name)
        names = {name: shown}

        def change(step: ChainStep) -> ChainStep:
            if step.filename not in names:
                names[step.filename] = display_path(Path(self.root, step.filename))
            return ChainStep(names[step.filename], step.row, step.name)

        return None if region is None else with_steps(region, change)

    def _region(self, name: str) -> FileRegion | None:
        known_by = self._regions.get(name)
        if known_by is None or self._links is None:
            return None
        region = self._links.region(known_by)
        if region is None:  # the cache lost it
            self._regions = self._links.found(self._files, anew=True)
            region = self._links.region(self._regions[name]) if name in self._regions else None
        return region

    def region_name(self, path: str) -> bytes:
        """What the region of a file is known by."""
        return self._regions.get(self._name(path), b"")

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
        summaries = self._summaries()
        links = self._links = Links(self.store, summaries, LinkSettings(self.entries, self.follow, self.hot))
        early: dict[str, Findings] = {}
        regions = links.known(files)
        if regions is None:
            early = summaries.find(files, sources)
            regions = links.found(files)
            self._stamp(files, stamps)
        self._regions = regions
        self.unmatched = frozenset(links.unmatched(files))
        self.trouble = links.trouble or self.trouble
        return early

    def _summaries(self) -> Summaries:
        return Summaries(self.store, self.jobs, self.kept)

    def _followed(self, known: Set[str]) -> list[Place]:
        """The files of packages that are linked with the project, without those that are known to be its own."""
        places, missing = followed(self.follow, self.root)
        if missing:
            names = ", ".join(missing)
            self.trouble = f"cannot follow {names}: not installed in the project's environment, nor in fullgraph's"
        return [each for each in places if each.path not in known]

    def survey(self) -> list[TracedFunction]:
        """Every traced function of the project, and where following its calls ended; nothing if it was not linked."""
        summaries = self._summaries()
        summaries.find(self._files, {})
        whole = [file for file in self._files if file.structure != BROKEN]
        rows = summaries.rows(whole)
        names = {file.place.name: display_path(Path(self.root, file.place.name)) for file in whole}
        pairs = zip(whole, summaries.of(whole), strict=True)
        files = [projected(file, summary) for file, summary in pairs if summary is not None]
        return [_with_rows(each, rows, names) for each in survey(files, self.entries)]

    # Contents

    def _contents(
        self, places: list[Place], sources: Mapping[str, Source], stamps: Mapping[str, tuple[object, bytes, bytes]]
    ) -> list[File]:
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
                files.append(File(each, stamp[1], stamp[2]))
                continue
            if data is None:
                try:
                    data = Path(each.path).read_bytes()
                except OSError:
                    continue
            content = digest(data) if source is None else source.content
            structure = stamp[2] if stamp is not None and stamp[1] == content else None
            files.append(File(each, content, structure, data))
        return files

    def _stamp(self, files: list[File], before: object) -> None:
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


def _survey_alone(path: str, shown: str) -> list[TracedFunction]:
    """The traced functions of a file that is a project by itself."""
    try:
        summary = examine(Path(path).read_bytes(), shown, None).summary
    except OSError:
        return []
    return [] if summary is None else survey([ProjectFile.alone(shown, summary)])


def _with_rows(found: TracedFunction, rows: Mapping[str, Sequence[int]], names: Mapping[str, str]) -> TracedFunction:
    """A traced function with rows instead of their ranks, and files as findings name them."""

    def real(step: ChainStep | None) -> ChainStep | None:
        return None if step is None else ChainStep(names[step.filename], rows[step.filename][step.row], step.name)

    mine = rows[found.step.filename]
    stops = [replace(stop, row=mine[stop.row], definition=real(stop.definition)) for stop in found.stops]
    stops.sort(key=lambda stop: (stop.row, stop.callee))
    return replace(found, step=real(found.step) or found.step, compiled_at=real(found.compiled_at), stops=tuple(stops))


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
    def unmatched(self) -> frozenset[str]:
        """The patterns of functions that name none, in any project that was linked."""
        found = [each.unmatched for each in self._by_root.values() if each.is_linked]
        return frozenset.intersection(*found) if found else frozenset()

    @property
    def trouble(self) -> list[str]:
        """Why projects could not be linked."""
        return [f"{display_path(each.root)}: {each.trouble}" for each in self._by_root.values() if each.trouble]
