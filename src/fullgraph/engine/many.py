"""Checks many files: each with what its project says of it, from the cache or anew."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from fullgraph.config import absolute_path, display_path
from fullgraph.engine.check import Settings, check_source
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
    contents = [_content_key(source, project.root) for _, source in sources]
    found: dict[int, list[Finding]] = {}
    depends: set[int] = set()
    kept = store.get(contents)
    for index, key in enumerate(contents):
        if key in kept and _take(found, index, kept[key]):
            depends.add(index)
    left = [index for index in range(len(sources)) if index not in found]
    if not left:
        store.flush()
        return [found[index] for index in range(len(sources))]
    wanted = {
        path: source if index in left and index not in depends else replace(source, settings=None)
        for index, (path, source) in enumerate(sources)
    }
    early = project.link(wanted)
    for index in left:
        path, _ = sources[index]
        if path in early and index not in depends:
            found[index] = early[path]
            if _is_sure(early[path]):
                store.put(contents[index], pack_findings(early[path]))
    _check_linked([index for index in left if index not in found], sources, project, contents, found)
    store.flush()
    return [found[index] for index in range(len(sources))]


def _check_linked(
    left: list[int],
    sources: Sequence[tuple[str, Source]],
    project: Project,
    contents: Sequence[bytes],
    found: dict[int, list[Finding]],
) -> None:
    """The findings that depend on other files."""
    keys = {index: key_of("linked", contents[index], project.region_name(sources[index][0])) for index in left}
    kept = project.store.get(keys.values())
    for index in left:
        if keys[index] in kept:
            _take(found, index, kept[keys[index]])
    rest = [index for index in left if index not in found]
    tasks = [_Task(sources[index][1], project.region(sources[index][0], sources[index][1].shown)) for index in rest]
    for index, findings in zip(rest, mapped(_check, tasks, project.jobs), strict=True):
        found[index] = findings
        if _is_sure(findings):
            project.store.put(contents[index], pack_findings(None))
            project.store.put(keys[index], pack_findings(findings))


def _is_sure(findings: list[Finding]) -> bool:
    """Whether no error of our own is among the findings, which another run may not meet."""
    return not any(finding.code == "TFG001" for finding in findings)


def _take(found: dict[int, list[Finding]], index: int, data: bytes) -> bool:
    """Take findings from the cache; whether it says that they depend on other files."""
    try:
        findings = findings_of(data)
    except ValueError:
        return False
    if findings is None:
        return True
    found[index] = findings
    return False


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
