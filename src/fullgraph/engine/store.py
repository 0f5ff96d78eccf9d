"""Values by key, kept between runs in one file. Nothing that goes wrong with it is an error: it only keeps less.

SQLite's rollback journal makes a run that is killed, and runs at the same time, safe. Each value carries a checksum,
and only plain data and the classes that are named to `load` are ever read back, so that a file that somebody else put
into the project cannot run code.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import pickle
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

DIRECTORY = ".fullgraph_cache"
_FILE = "cache-1.sqlite3"
_FILES = (_FILE, f"{_FILE}-journal", ".gitignore", "CACHEDIR.TAG")
_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by fullgraph; may be deleted at any time.\n"
_MOST_BYTES = 256 * 1024 * 1024
_CHECKSUM = 8
_SECONDS_TO_WAIT = 2.0
_AT_ONCE = 500


class Store:
    """A directory's cache; without a directory, nothing is kept."""

    def __init__(self, directory: Path | None, most_bytes: int = _MOST_BYTES) -> None:
        self._directory = directory
        self._most_bytes = most_bytes
        self._new: dict[bytes, bytes] = {}
        self._used: set[bytes] = set()

    def get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that have one."""
        wanted = list(dict.fromkeys(keys))
        found = {key: self._new[key] for key in wanted if key in self._new}
        wanted = [key for key in wanted if key not in found]
        if not wanted or self._directory is None or not (self._directory / _FILE).is_file():
            return found

        def read(connection: Any) -> None:
            for start in range(0, len(wanted), _AT_ONCE):
                some = wanted[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, value, used FROM entries WHERE key IN ({marks})"  # noqa: S608 - only marks
                for key, value, used in connection.execute(query, some):
                    if value[:_CHECKSUM] == _checksum(value[_CHECKSUM:]):
                        found[key] = value[_CHECKSUM:]
                        if used != _today():
                            self._used.add(key)

        self._attempt(read)
        return found

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value, at first only here; `flush` writes it."""
        self._new[key] = value

    def flush(self) -> None:
        """Write what was put, in one step, and drop what was not used for longest where it has become too much."""
        if self._directory is None or not (self._new or self._used) or not _prepared(self._directory):
            return
        written = self._attempt(self._write)
        if not written and not (self._directory / _FILE).exists():  # it was broken, and is gone
            written = self._attempt(self._write)
        if written:
            self._new.clear()
            self._used.clear()

    def _write(self, connection: Any) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS entries (key BLOB PRIMARY KEY, size INTEGER, used INTEGER, value BLOB)"
        )
        rows = [(key, len(value), _today(), _checksum(value) + value) for key, value in self._new.items()]
        connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", rows)
        connection.executemany("UPDATE entries SET used = ? WHERE key = ?", [(_today(), key) for key in self._used])
        (total,) = connection.execute("SELECT total(size) FROM entries").fetchone()
        if total > self._most_bytes:
            gone = []
            for key, size in connection.execute("SELECT key, size FROM entries ORDER BY used, rowid"):
                if total <= self._most_bytes * 3 // 4:
                    break
                gone.append((key,))
                total -= size
            connection.executemany("DELETE FROM entries WHERE key = ?", gone)
        connection.execute("COMMIT")

    def _attempt(self, work: Callable[[Any], None]) -> bool:
        """Do something with a connection of its own, since none must live through a fork; whether it went well."""
        assert self._directory is not None
        try:
            import sqlite3  # noqa: PLC0415 - some builds of Python lack it
        except ImportError:
            return False
        path = self._directory / _FILE
        try:
            with contextlib.closing(
                sqlite3.connect(path, timeout=_SECONDS_TO_WAIT, isolation_level=None)
            ) as connection:
                connection.execute("PRAGMA synchronous = OFF")  # after a crash of the machine the checksums tell
                work(connection)
        except sqlite3.OperationalError:
            return False  # locked, read-only or full
        except (sqlite3.Error, TypeError, ValueError, OverflowError):  # no database, or not one of ours
            for name in (_FILE, f"{_FILE}-journal"):
                with contextlib.suppress(OSError):
                    (self._directory / name).unlink(missing_ok=True)
            return False
        return True


def clean(directory: Path) -> bool:
    """Remove a cache directory with what this module put into it; whether there was one."""
    if directory.is_symlink() or not directory.is_dir():
        return False
    for name in _FILES:
        with contextlib.suppress(OSError):
            (directory / name).unlink(missing_ok=True)
    try:
        directory.rmdir()
    except OSError:
        return False
    return True


def _prepared(directory: Path) -> bool:
    try:
        directory.mkdir(exist_ok=True)
        for name, text in ((".gitignore", "*\n"), ("CACHEDIR.TAG", _TAG)):
            if not (directory / name).exists():
                (directory / name).write_text(text, encoding="utf-8")
    except OSError:
        return False
    return True


def _checksum(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=_CHECKSUM).digest()


def _today() -> int:
    return int(time.time()) // 86400


def digest(data: bytes) -> bytes:
    """A short name for these bytes, which no others have."""
    return hashlib.blake2b(data, digest_size=16).digest()


def key_of(*parts: str | bytes) -> bytes:
    """The key of a value that follows from these parts and from fullgraph's own code."""
    whole = [_program()]
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        whole += (b"%d:" % len(data), data)
    return hashlib.blake2b(b"".join(whole), digest_size=16).digest()


@cache
def _program() -> bytes:
    """A name for this Python and for the very files that fullgraph consists of, so that a change of any tells."""
    package = Path(__file__).parents[1]
    made = hashlib.blake2b(f"{sys.implementation.cache_tag} {sys.version}".encode(), digest_size=16)
    for path in sorted(package.rglob("*")):
        if path.suffix != ".pyc" and path.is_file():
            status = path.stat()
            made.update(f"{path.relative_to(package)}|{status.st_size}|{status.st_mtime_ns}\n".encode())
    return made.digest()


class _Loader(pickle.Unpickler):
    def __init__(self, data: bytes, classes: tuple[type, ...]) -> None:
        super().__init__(io.BytesIO(data))
        self._classes = {(each.__module__, each.__qualname__): each for each in classes}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "getattr"):  # which members of an enumeration are read by in Python 3.11
            return _member
        try:
            return self._classes[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} has no place here") from None


def _member(cls: Any, name: str) -> Any:
    return cls.__members__[name]


def dump(value: object) -> bytes:
    """Bytes from which `load` makes an equal value."""
    return pickle.dumps(value, protocol=4)


def load(data: bytes | None, classes: tuple[type, ...] = (), *, missing: object = None) -> Any:
    """A value that `dump` was given, made of plain data and these classes; ``missing`` if the bytes do not say so."""
    if data is None:
        return missing
    try:
        return _Loader(data, classes).load()
    except Exception:  # whatever else bytes of unknown origin lead to
        return missing
