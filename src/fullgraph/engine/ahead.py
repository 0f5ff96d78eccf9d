"""Findings of files for which somebody asks later, one at a time and with lines instead of bytes, as flake8 does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fullgraph.engine.finding import Finding
from fullgraph.engine.index import Projects
from fullgraph.engine.looked import Source
from fullgraph.engine.many import check_many
from fullgraph.engine.places import TooLargeError, scan
from fullgraph.engine.settings import Settings
from fullgraph.engine.store import digest
from fullgraph.paths import display_path
from fullgraph.semantic.source import SourceError, decode


def text_name(text: str) -> bytes:
    """What a text is known by, whatever its line ends."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return digest(plain.encode("utf-8", "surrogatepass"))


def text_name_of(data: bytes) -> bytes | None:
    """The same for the text that bytes stand for; None if they stand for none."""
    try:
        return text_name(decode(data))
    except SourceError:
        return None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is found in files before anybody asks; comments count, apart from ``# noqa``."""

    _files: Mapping[str, tuple[bytes | None, list[Finding]]] = field(default_factory=dict)
    """Findings by path, with what the text is known by."""

    def of(self, path: str, lines: Sequence[str]) -> list[Finding] | None:
        """What was found in a file; None if nobody has looked at this very text."""
        text, findings = self._files.get(path, (None, []))
        return findings if text is not None and text == text_name("".join(lines)) else None


def look_ahead(
    projects: Projects, members: Iterable[str], settings: Settings, is_asked_for: Callable[[str], bool]
) -> Ahead:
    """Check those files in the projects of these members for which somebody will ask."""
    for path in members:
        projects.of(path)
    found: dict[str, tuple[bytes | None, list[Finding]]] = {}
    sources = list(_sources(projects, settings, is_asked_for))
    for (path, source), findings in zip(sources, check_many(sources, projects), strict=True):
        if all(finding.code != "TFG001" for finding in findings):  # which another look may not meet
            found[path] = text_name_of(source.data), findings
    return Ahead(found)


def _sources(
    projects: Projects, settings: Settings, is_asked_for: Callable[[str], bool]
) -> Iterator[tuple[str, Source]]:
    for path in dict.fromkeys(path for project in projects.known() for path in _paths(project.root)):
        data = _read(path) if is_asked_for(path) and path not in projects.overlay else projects.overlay.get(path)
        if data is not None:
            yield path, Source.of(data, display_path(path), settings, with_noqa=False)


def _paths(root: str) -> list[str]:
    try:
        return [each.path for each in scan(root)]
    except TooLargeError:
        return []


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None
