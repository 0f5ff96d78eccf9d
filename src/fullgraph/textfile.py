"""Changing text files of other people: nothing is lost on the way, and nothing is half written.

A file keeps its encoding, its byte order mark, its newlines and its mode, and a symbolic link stays one. What somebody
else changed since it was read is not overwritten.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import stat
import tempfile
import tokenize
from dataclasses import dataclass
from pathlib import Path


class ChangedError(OSError):
    """The file is no longer what was read."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file as it was read: where, and its bytes (``None`` for one that did not exist)."""

    path: Path
    data: bytes | None

    @classmethod
    def read(cls, path: Path | str) -> TextFile:
        """Read a file.

        Raises:
            OSError: it is there and cannot be read.

        """
        path = Path(path)
        try:
            return cls(path, path.read_bytes())
        except FileNotFoundError:
            return cls(path, None)

    def replace(self, data: bytes) -> None:
        """Put other bytes in its place, all at once; a link stays, and what it leads to is replaced.

        The new content is complete on the disk, in a file beside the old one, before it takes its place. Mode and,
        where the system allows it, owner are kept.

        Raises:
            ChangedError: somebody changed it in between.
            OSError: it cannot be written, or may not be, or is gone.

        """
        target = Path(os.path.realpath(self.path))
        if self.data is not None:
            target.stat()
            if not os.access(target, os.W_OK):
                raise PermissionError(13, "Permission denied", str(target))
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            self._copy_rights(target, name)
            if TextFile.read(target).data != self.data:
                raise ChangedError(0, "somebody else changed it meanwhile")
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise

    def _copy_rights(self, target: Path, name: str) -> None:
        if self.data is None:
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
            return
        status = target.stat()
        if hasattr(os, "chown") and (os.geteuid(), os.getegid()) != (status.st_uid, status.st_gid):
            with contextlib.suppress(OSError):
                os.chown(name, status.st_uid, status.st_gid)
        Path(name).chmod(stat.S_IMODE(status.st_mode))


def encode(text: str, like: bytes) -> bytes:
    """Encode a Python file's text as the file that it was read from, by its byte order mark and coding cookie.

    Raises:
        UnicodeEncodeError: the encoding has no such character.
        SyntaxError: the file names no encoding that there is.

    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(like).readline)
    mark = codecs.BOM_UTF8 if like.startswith(codecs.BOM_UTF8) else b""
    return mark + text.encode("utf-8" if mark else encoding)
