"""Checks many files: each with what its project says of it, from the cache or anew."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from fullgraph.engine.accepted import PREFILTER
from fullgraph.engine.check import check_kept, check_source
from fullgraph.engine.deferred import Findings
from fullgraph.engine.finding import Finding
from fullgraph.engine.index import Project, Projects
from fullgraph.engine.kept import Kept
from fullgraph.engine.looked import Source
from fullgraph.engine.packed import findings_of, pack_findings
from fullgraph.engine.plan import ask_project
from fullgraph.engine.pool import mapped, rare_collections
from fullgraph.engine.settings import settings_name
from fullgraph.engine.store import Store, dump, key_of, load
from fullgraph.paths import absolute_path, display_path
from fullgraph.semantic.traced import FileRegion

_PREFILTER = PREFILTER.encode()
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class _Said:
    """The findings of a file, and the name of the region with which they are right; None if they are with any."""

    region: bytes | None
    findings: list[Finding]

    @property
    def depends(self) -> bool:
        """Whether they depend on other files."""
        return self.region is not None

    def holds(self, project: Project, path: str) -> bool:
        """Whether they are right for this file as its project now is."""
        return self.region is None or self.region == project.region_name(path)


@dataclass(slots=True)
class _LastRun:
    """What was said of files when they were last linted: one entry of the cache for all, so that it is read at once."""

    _key: bytes
    _files: dict[str, tuple[bytes, bytes | None, bytes]]
    _is_new: bool = False

    @classmethod
    def read(cls, store: Store, *, with_noqa: bool) -> _LastRun:
        """Take it from the cache; runs in which ``# noqa`` counts have an entry of their own."""
        key = key_of("last run", "noqa" if with_noqa else "")
        files = load(store.get([key]).get(key), missing={})
        return cls(key, files if isinstance(files, dict) else {})

    def of(self, shown: str, content: bytes) -> _Said | None:
        """What was said of a file with this content."""
        match self._files.get(shown):
            case (bytes(key), region, bytes(packed)) if key == content:
                with contextlib.suppress(ValueError):
                    before = findings_of(packed) if packed else Findings([], [])
                    return None if before is None else _Said(region, before.found)
        return None

    def put(self, shown: str, content: bytes, region: bytes | None, findings: list[Finding]) -> None:
        """Remember what is said of a file."""
        self._files[shown] = content, region, pack_findings(Findings(findings, [])) if findings else b""
        self._is_new = True

    def write(self, store: Store) -> None:
        """Put it into the cache, if there is something new."""
        if self._is_new:
            kept = list(self._files.items())[-_MOST_REMEMBERED:]
            store.put(self._key, dump(dict(kept)))


@dataclass(frozen=True, slots=True)
class _Task:
    source: Source
    region: FileRegion | None
    early: Findings | None = None


def _check(task: _Task, kept: Kept | None = None) -> list[Finding]:
    source = task.source
    assert source.settings is not None
    checker = None if kept is None else kept.take(source.shown)
    if checker is not None and task.early is not None and task.region is not None:
        return check_kept(checker, task.early, task.region, with_noqa=source.with_noqa)
    return check_source(source.data, source.shown, source.settings, task.region, task.early, with_noqa=source.with_noqa)


@rare_collections()
def check_many(sources: Sequence[tuple[str, Source]], projects: Projects) -> list[list[Finding]]:
    """The findings of each file, given with its path; its source must have settings."""
    found: dict[int, list[Finding]] = {}
    alone: list[int] = []
    members: dict[str, list[int]] = {}
    for index, (path, _) in enumerate(sources):
        project = projects.of(path)
        if project is None:
            alone.append(index)
        else:
            members.setdefault(project.root, []).append(index)
    for indices in members.values():
        project = projects.of(sources[indices[0]][0])
        assert project is not None
        some = [sources[index] for index in indices]
        found.update(zip(indices, _check_project(some, project), strict=True))
    tasks = [_Task(sources[index][1], None) for index in alone]
    found.update(zip(alone, mapped(_check, tasks, projects.jobs), strict=True))
    return [found[index] for index in range(len(sources))]


def _check_project(sources: Sequence[tuple[str, Source]], project: Project) -> list[list[Finding]]:
    """The findings of files of one project; it is linked only if some of them depend on other files."""
    store = project.store
    keys = _content_keys(sources, project.root)
    last = _LastRun.read(store, with_noqa=sources[0][1].with_noqa)
    said = {
        index: before
        for index, (key, (_, source)) in enumerate(zip(keys, sources, strict=True))
        if (before := last.of(source.shown, key)) is not None
    }
    rest = [index for index in range(len(sources)) if index not in said]
    early = _early(rest, keys, store)
    if any(each.depends for each in said.values()) or any(
        (known := early.get(index)) is None or not known.is_final for index in rest
    ):
        look = _look if _may_depend(sources) else _look_alone
        early.update(look([index for index in rest if index not in early], sources, project, keys))
    found = {index: each.findings for index, each in said.items() if each.holds(project, sources[index][0])}
    moved = [index for index in said if index not in found]
    early.update(_early(moved, keys, store))
    found.update(_settled(sources, project, early))
    left = {index: early.get(index) for index in range(len(sources)) if index not in found}
    found.update(_check_linked(left, sources, project, keys))
    project.kept.clear()
    for index in (*rest, *moved):
        if not _has_failed(found[index]):
            is_alone = (each := early.get(index)) is not None and each.is_final
            path, source = sources[index]
            last.put(source.shown, keys[index], None if is_alone else project.region_name(path), found[index])
    last.write(store)
    store.flush()
    return [found[index] for index in range(len(sources))]


def _look(
    left: Sequence[int], sources: Sequence[tuple[str, Source]], project: Project, keys: Sequence[bytes]
) -> dict[int, Findings]:
    """Link the project, and look for findings of these files on the way."""
    wanted = {path: replace(source, settings=None) for path, source in sources}
    wanted.update(sources[index] for index in left)
    looked_at = project.link(wanted)
    found = {index: looked_at[sources[index][0]] for index in left if sources[index][0] in looked_at}
    for index, findings in found.items():
        if not _has_failed(findings.found):
            project.store.put(keys[index], pack_findings(findings))
    return found


def _may_depend(sources: Sequence[tuple[str, Source]]) -> bool:
    """Whether other files may matter for what is said of any of these."""
    return any(source.settings is not None and ask_project(source.settings.codes) for _, source in sources)


def _look_alone(
    left: Sequence[int], sources: Sequence[tuple[str, Source]], project: Project, keys: Sequence[bytes]
) -> dict[int, Findings]:
    """Look for findings of files in which no other file matters: there is nothing to summarise, and nothing to link."""
    done = mapped(_check, [_Task(sources[index][1], None) for index in left], project.jobs)
    found = {index: Findings(findings, []) for index, findings in zip(left, done, strict=True)}
    for index, findings in found.items():
        if not _has_failed(findings.found):
            project.store.put(keys[index], pack_findings(findings))
    return found


def _early(indices: Sequence[int], keys: Sequence[bytes], store: Store) -> dict[int, Findings | None]:
    """What the cache has of files as far as it does not depend on others."""
    kept = store.get(keys[index] for index in indices)
    early: dict[int, Findings | None] = {}
    for index in indices:
        if keys[index] in kept:
            with contextlib.suppress(ValueError):
                early[index] = findings_of(kept[keys[index]])
    return early


def _settled(
    sources: Sequence[tuple[str, Source]], project: Project, early: dict[int, Findings | None]
) -> Iterator[tuple[int, list[Finding]]]:
    """The findings that need no further look at the file."""
    for index, findings in early.items():
        if findings is None:
            continue
        if findings.is_final:
            yield index, findings.found
            continue
        path, source = sources[index]
        region = project.region(path, source.shown)
        if region is not None and findings.is_complete(region) and source.settings is not None:
            settings, with_noqa = source.settings, source.with_noqa
            yield index, findings.settled(region, source.data, source.shown, settings, with_noqa=with_noqa)


def _check_linked(
    left: Mapping[int, Findings | None],
    sources: Sequence[tuple[str, Source]],
    project: Project,
    contents: Sequence[bytes],
) -> dict[int, list[Finding]]:
    """The findings that need one, now that the project is linked."""
    keys = {index: key_of("linked", contents[index], project.region_name(sources[index][0])) for index in left}
    kept = project.store.get(keys.values())
    found: dict[int, list[Finding]] = {}
    for index in left:
        if keys[index] in kept:
            with contextlib.suppress(ValueError):
                if (before := findings_of(kept[keys[index]])) is not None:
                    found[index] = before.found
    rest = [index for index in left if index not in found]
    tasks = [
        _Task(sources[index][1], project.region(sources[index][0], sources[index][1].shown), left[index])
        for index in rest
    ]
    done = mapped(_check, tasks, project.jobs, here=partial(_check, kept=project.kept))
    for index, findings in zip(rest, done, strict=True):
        found[index] = findings
        if not _has_failed(findings):
            if left[index] is None:
                project.store.put(contents[index], pack_findings(None))
            project.store.put(keys[index], pack_findings(Findings(findings, [])))
    return found


def _has_failed(findings: list[Finding]) -> bool:
    """Whether an error of our own is among the findings, which another run may not meet."""
    return any(finding.code == "TFG001" for finding in findings)


def _content_keys(sources: Sequence[tuple[str, Source]], root: str) -> list[bytes]:
    """What the findings of files are known by, as far as they follow from the file and the settings."""
    here, today = display_path(root), date.today().isoformat()
    common: dict[tuple[int, bool], bytes] = {}
    keys = []
    for _, source in sources:
        assert source.settings is not None
        kind = id(source.settings), source.with_noqa
        if kind not in common:
            comments = "noqa" if source.with_noqa else ""
            common[kind] = key_of("settings", here, settings_name(source.settings), comments)
        day = today if _PREFILTER in source.data and b"fullgraph:" in source.data.lower() else ""
        keys.append(key_of("findings", common[kind], source.content, source.shown, day))
    return keys


def path_of(shown: str) -> str:
    """The path by which a project knows a file."""
    path = absolute_path(shown)
    return os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114 - asked for each file
