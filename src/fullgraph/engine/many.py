"""Checks many files: each with what its project says of it, from the cache or anew."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from fullgraph.config import absolute_path, display_path
from fullgraph.engine.check import Findings, Settings, check_source
from fullgraph.engine.finding import Finding
from fullgraph.engine.index import Project, Projects, Source
from fullgraph.engine.packed import findings_of, pack_findings
from fullgraph.engine.pool import mapped
from fullgraph.engine.store import digest, key_of
from fullgraph.semantic.traced import FileRegion


@dataclass(frozen=True, slots=True)
class _Task:
    source: Source
    region: FileRegion | None


def _check(task: _Task) -> list[Finding]:
    settings = task.source.settings
    assert settings is not None
    return check_source(task.source.data, task.source.shown, settings, task.region)


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
    keys = [_content_key(source, project.root) for _, source in sources]
    early: dict[int, Findings | None] = {}
    kept = store.get(keys)
    for index, key in enumerate(keys):
        if key in kept:
            with contextlib.suppress(ValueError):
                early[index] = findings_of(kept[key])
    if any((each := early.get(index)) is None or each.deferred for index in range(len(sources))):
        wanted = {
            path: replace(source, settings=None) if index in early else source
            for index, (path, source) in enumerate(sources)
        }
        looked_at = project.link(wanted)
        for index, (path, _) in enumerate(sources):
            if index not in early and path in looked_at:
                early[index] = looked_at[path]
                if not _has_failed(looked_at[path].found):
                    store.put(keys[index], pack_findings(looked_at[path]))
    found = dict(_settled(sources, project, early))
    found.update(_check_linked([index for index in range(len(sources)) if index not in found], sources, project, keys))
    store.flush()
    return [found[index] for index in range(len(sources))]


def _settled(
    sources: Sequence[tuple[str, Source]], project: Project, early: dict[int, Findings | None]
) -> Iterator[tuple[int, list[Finding]]]:
    """The findings that need no further look at the file."""
    for index, findings in early.items():
        if findings is None:
            continue
        if not findings.deferred:
            yield index, findings.found
            continue
        path, source = sources[index]
        region = project.region(path, source.shown)
        if region is not None and source.settings is not None:
            yield index, findings.settled(region, source.data, source.settings)


def _check_linked(
    left: list[int], sources: Sequence[tuple[str, Source]], project: Project, contents: Sequence[bytes]
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
    tasks = [_Task(sources[index][1], project.region(sources[index][0], sources[index][1].shown)) for index in rest]
    for index, findings in zip(rest, mapped(_check, tasks, project.jobs), strict=True):
        found[index] = findings
        if not _has_failed(findings):
            project.store.put(contents[index], pack_findings(None))
            project.store.put(keys[index], pack_findings(Findings(findings, [])))
    return found


def _has_failed(findings: list[Finding]) -> bool:
    """Whether an error of our own is among the findings, which another run may not meet."""
    return any(finding.code == "TFG001" for finding in findings)


def _content_key(source: Source, root: str) -> bytes:
    """What a file's findings are known by, as far as they follow from the file and the settings."""
    assert source.settings is not None
    today = date.today().isoformat() if b"fullgraph:" in source.data.lower() else ""
    return key_of(
        "findings", digest(source.data), source.shown, display_path(root), _settings_name(source.settings), today
    )


def _settings_name(settings: Settings) -> str:
    return f"{settings.releases!r} {sorted(settings.codes)}"


def path_of(shown: str) -> str:
    """The path by which a project knows a file."""
    path = absolute_path(shown)
    return os.path.realpath(path) if Path(path).is_symlink() else path
