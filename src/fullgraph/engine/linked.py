"""What linking says of each file of a project, from the cache as far as it still holds.

Regions are kept by what they say, and lists of them for all files by what these contain. If no list is right, one is
made of one that is right for the structure of all files, by putting rows in; if there is none, of that of the files
when all were last linked, if what changed since then changes nothing else (`semantic.relink`); else by linking them
all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fullgraph.engine.looked import BROKEN, File, Summaries, structure_key
from fullgraph.engine.packed import PackedRegion, region_of, summary_of, with_steps
from fullgraph.engine.store import Store, dump, key_of, load
from fullgraph.semantic.late import NO_SUMMARY, NotKnownError, Outcome, Plain, records
from fullgraph.semantic.link import link_ordered
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.relink import Before, Relinked, relinked
from fullgraph.semantic.roots import named
from fullgraph.semantic.summary import FileSummary
from fullgraph.semantic.traced import ChainStep, FileRegion

_MOST_CHANGED = 24
"""After more files have changed since all were linked, all are linked again."""


class _Placed(NamedTuple):
    """A file's region with places for rows: its name, and the files in which its chains have steps."""

    name: bytes
    files: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What the user says of how a project is linked.

    Attributes:
        entries: patterns of functions that are compiled from outside.
        follow: installed packages that are linked with the project.
        hot: patterns of functions that run again and again.
    """

    entries: tuple[str, ...] = ()
    follow: tuple[str, ...] = ()
    hot: tuple[str, ...] = ()

    def key(self, kind: str, parts: Iterable[str | bytes] = ()) -> bytes:
        """The key of what follows from these settings and more."""
        return key_of(kind, *self.entries, "", *self.follow, "", *self.hot, "", *parts)


@dataclass(slots=True)
class Links:
    """The linked regions of a project's files, which must be in the order of their names.

    Attributes:
        store: the cache.
        summaries: what is known of files alone.
        settings: how they are linked.
        trouble: why they could not be linked, for people.
    """

    store: Store
    summaries: Summaries
    settings: LinkSettings
    trouble: str = ""

    def known(self, files: Sequence[File]) -> dict[str, bytes] | None:
        """The names of the regions of all files by their own, if files with just these contents were linked before."""
        key = self._contents_key(files)
        found = load(self.store.get([key]).get(key))
        return found if isinstance(found, dict) else None

    def found(self, files: Sequence[File], *, anew: bool = False) -> dict[str, bytes]:
        """The same in any case, for files whose structures are known; ``anew`` without the cache."""
        whole = [file for file in files if file.structure != BROKEN]
        key = self.settings.key("places", (part for file in whole for part in _parts(file, file.structure or BROKEN)))
        placed = None if anew else self._table(key, len(whole)) or self._relinked(whole)
        if placed is None:
            placed = self._linked(whole, key)
        if len(placed) < len(whole):
            return {}
        self.store.put(key, dump([tuple(each) for each in placed]))
        names = self._resolved(whole, placed, anew=anew)
        if names is None:  # the cache has lost a region
            return {} if anew else self.found(files, anew=True)
        self.store.put(self._contents_key(files), dump(names))
        return names

    def region(self, name: bytes) -> FileRegion | None:
        """The region of this name, if the cache has it."""
        key = _region_key(name)
        return region_of(self.store.get([key]).get(key))

    def unmatched(self, files: Sequence[File]) -> list[str]:
        """The patterns of the settings that name no function of these files."""
        patterns = dict.fromkeys((*self.settings.entries, *self.settings.hot))
        if not patterns:
            return []
        key = self.settings.key("unmatched", (part for file in files for part in _parts(file, file.content)))
        match load(self.store.get([key]).get(key)):
            case list(known):
                return known
            case _:
                pass
        self.summaries.find(files, {})
        whole = [file for file in files if file.structure != BROKEN]
        pairs = zip(whole, self.summaries.of(whole), strict=True)
        known = [projected(file, summary) for file, summary in pairs if summary is not None]
        found = [pattern for pattern in patterns if next(named(known, pattern), None) is None]
        self.store.put(key, dump(found))
        return found

    def _contents_key(self, files: Sequence[File]) -> bytes:
        return self.settings.key("regions", (part for file in files for part in _parts(file, file.content)))

    def _table(self, key: bytes, count: int) -> list[_Placed] | None:
        """The regions with places for rows, if files of just these structures were linked before."""
        match load(self.store.get([key]).get(key)):
            case list(found) if len(found) == count:
                return [_Placed(*each) for each in found]
            case _:
                return None

    # Linking all

    def _linked(self, files: Sequence[File], key: bytes) -> list[_Placed]:
        """Link all files, which together are known by this key."""
        pairs = zip(files, self.summaries.of(files), strict=True)
        whole = [projected(file, summary or NO_SUMMARY) for file, summary in pairs]
        try:
            linker, regions = link_ordered(whole, self.settings.entries, self.settings.hot)
        except Exception as error:  # the files are then linted alone
            self.trouble = f"internal error of fullgraph in linking: {type(error).__name__}: {error}; please report it"
            return []
        places = {each.filename: index for index, each in enumerate(whole)}
        placed = [self._put(region, places) for region in regions]
        if not self.settings.hot:
            table = [(*_identity(file), file.structure, *each) for file, each in zip(files, placed, strict=True)]
            self.store.put(self.settings.key("before"), dump((key, table, Outcome.of(linker).plain())))
            for index, record in enumerate(records(linker)):
                self.store.put(_record_key(key, index), dump(record.plain()))
        return placed

    def _put(self, region: FileRegion, places: Mapping[str, int]) -> _Placed:
        """Keep a region with places for rows."""
        packed = PackedRegion.of(region)
        self.store.put(_region_key(packed.name), packed.data)
        return _Placed(packed.name, tuple(sorted({places[step.filename] for step in region.steps()})))

    # Linking what changed

    def _relinked(self, files: Sequence[File]) -> list[_Placed] | None:
        """The regions as they were when all files were linked, if what changed since then leaves them as they are."""
        key = self.settings.key("before")
        match load(self.store.get([key]).get(key)):
            case (bytes(then), list(table), outcome) if len(table) == len(files):
                before = [(tuple(identity), structure) for *identity, structure, _, _ in table]
            case _:
                return None
        if [_identity(file) for file in files] != [identity for identity, _ in before]:
            return None
        changed = [index for index, (_, structure) in enumerate(before) if files[index].structure != structure]
        summaries = self.summaries.of([files[index] for index in changed])
        if len(changed) > _MOST_CHANGED or None in summaries:
            return None
        structures = [structure for _, structure in before]
        bare = [projected(file, NO_SUMMARY) for file in files]
        placed = [_Placed(name, tuple(steps)) for *_, name, steps in table]
        read, region = _Reader(self.store, then, structures), _Regions(self, placed)
        project = Before(bare, Outcome(*outcome), read, region, self.settings.entries)
        now = {index: each for index, each in zip(changed, summaries, strict=True) if each is not None}
        try:
            found = relinked(project, now)
            return None if found is None else self._as_now(found, placed)
        except Exception:  # whatever bytes of unknown origin lead to: linking them all says what is right
            return None

    def _as_now(self, found: Relinked, placed: Sequence[_Placed]) -> list[_Placed]:
        """The same regions as they now are."""
        places = {each.filename: index for index, each in enumerate(found.files)}
        return [
            self._put(found.region(index), places) if found.touches(index, each.files) else each
            for index, each in enumerate(placed)
        ]

    # Rows

    def _resolved(self, files: Sequence[File], placed: Sequence[_Placed], *, anew: bool) -> dict[str, bytes] | None:
        """The names of the same regions with rows for places; None if one of them is lost."""
        key = self.settings.key("latest")
        before = {} if anew else load(self.store.get([key]).get(key), missing={})
        same = [before.get(file.place.name, ())[:1] == (file.content,) for file in files]
        names: dict[str, bytes] = {}
        left: list[tuple[File, _Placed]] = []
        for file, each in zip(files, placed, strict=True):
            if not each.files:
                names[file.place.name] = each.name
                continue
            last = before.get(file.place.name)
            if last is not None and last[1] == each.name and all(same[index] for index in each.files):
                names[file.place.name] = last[2]
            else:
                left.append((file, each))
        try:
            names.update(self._with_rows(files, left))
        except KeyError:
            return None
        latest = {
            file.place.name: (file.content, each.name, names[file.place.name])
            for file, each in zip(files, placed, strict=True)
        }
        if latest != before:
            self.store.put(key, dump(latest))
        return names

    def _with_rows(self, files: Sequence[File], left: Sequence[tuple[File, _Placed]]) -> Iterator[tuple[str, bytes]]:
        """The names of some regions in which rows stand for places."""
        rows = self.summaries.rows(files[index] for index in {index for _, each in left for index in each.files})
        regions = self._regions({each.name for _, each in left})

        def change(step: ChainStep) -> ChainStep:
            return ChainStep(step.filename, rows[step.filename][step.row], step.name)

        for file, each in left:
            packed = PackedRegion.of(with_steps(regions[each.name], change))
            self.store.put(_region_key(packed.name), packed.data)
            yield file.place.name, packed.name

    def _regions(self, names: Iterable[bytes]) -> dict[bytes, FileRegion]:
        """The regions of these names, as far as the cache has them."""
        keys = {name: _region_key(name) for name in names}
        kept = self.store.get(keys.values())
        found = {name: region_of(kept.get(key)) for name, key in keys.items()}
        return {name: region for name, region in found.items() if region is not None}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the files of a project as it was when all of it was linked."""

    store: Store
    key: bytes
    structures: Sequence[bytes]

    def __call__(self, index: int) -> tuple[FileSummary, Plain]:
        """The summary of a file, and what linking found out about it.

        Raises:
            NotKnownError: the cache lost it.
        """
        keys = structure_key(self.structures[index]), _record_key(self.key, index)
        kept = self.store.get(keys)
        summary, record = summary_of(kept.get(keys[0])), load(kept.get(keys[1]))
        if summary is None or record is None:
            raise NotKnownError(index)
        return summary, record


@dataclass(frozen=True, slots=True)
class _Regions:
    """Reads what was said of files when all of them were linked."""

    links: Links
    placed: Sequence[_Placed]

    def __call__(self, index: int) -> FileRegion:
        """What was said of a file.

        Raises:
            NotKnownError: the cache lost it.
        """
        region = self.links.region(self.placed[index].name)
        if region is None:
            raise NotKnownError(index)
        return region


def _identity(file: File) -> tuple[str, str, bool, bool]:
    place = file.place
    return place.name, place.module, place.is_package, place.is_own


def projected(file: File, summary: FileSummary) -> ProjectFile:
    """A file as it is linked."""
    place = file.place
    return ProjectFile(place.name, place.module, place.is_package, summary, place.is_own)


def _parts(file: File, known_by: bytes) -> tuple[str, str, bytes]:
    return file.place.name, file.place.module, known_by


def _region_key(name: bytes) -> bytes:
    return key_of("region", name)


def _record_key(key: bytes, index: int) -> bytes:
    return key_of("record", key, str(index))
