"""Findings that come up while a project is linked, kept for who asks for one file at a time later, as flake8 does."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from fullgraph.engine.check import Findings, Settings, settings_name
from fullgraph.engine.packed import findings_of, pack_findings
from fullgraph.engine.store import Store, digest, dump, key_of, load
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


@dataclass(slots=True)
class Ahead:
    """What is known of the files of one project before anybody asks, whatever their comments say.

    Attributes:
        settings: how they are checked.
        is_asked_for: whether somebody will ask for the file with this path.
    """

    settings: Settings
    is_asked_for: Callable[[str], bool]
    _files: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    """Findings by the name of the file, with what its text is known by."""
    _is_new: bool = False

    def read(self, store: Store) -> None:
        """Take what an earlier run found from the cache."""
        key = self._key()
        found = load(store.get([key]).get(key), missing={})
        self._files = found if isinstance(found, dict) else {}

    def write(self, store: Store, names: Sequence[str]) -> None:
        """Put it into the cache, without files that are no longer there."""
        if self._is_new:
            present = set(names)
            store.put(self._key(), dump({name: kept for name, kept in self._files.items() if name in present}))

    def put(self, name: str, text: bytes, findings: Findings) -> None:
        """Keep what was found in a file."""
        if not any(each.code == "TFG001" for each in findings.found):  # which another run may not meet
            packed = b"" if findings == Findings([], []) else pack_findings(findings)
            self._files[name] = text, packed
            self._is_new = True

    def of(self, name: str, lines: Sequence[str]) -> Findings | None:
        """What was found in a file; None if nobody has looked at this very text."""
        match self._files.get(name):
            case (bytes(text), bytes(packed)) if text == text_name("".join(lines)):
                with contextlib.suppress(ValueError):
                    return findings_of(packed) if packed else Findings([], [])
        return None

    def _key(self) -> bytes:
        return key_of("ahead", settings_name(self.settings))
