"""Writing a file: all of the new bytes or none of them, and only over the bytes that were read."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path


class ChangedUnderneathError(OSError):
    """Somebody else changed the file since it was read."""

    def __init__(self) -> None:
        super().__init__(0, "it was changed by somebody else in the meantime")


def write(path: str, before: bytes, after: bytes) -> None:
    """Replace a file's content in one step; a link stays, and what it leads to is replaced.

    The new content is complete on the disk, in a file beside the old one, before it takes its place. Mode and,
    where the system allows it, owner are kept.

    Raises:
        ChangedUnderneathError: the file no longer holds ``before``.
        OSError: it cannot be written, or may not be.
    """
    target = Path(os.path.realpath(path))
    status = target.stat()
    if not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied", str(target))
    descriptor, name = tempfile.mkstemp(prefix=".fullgraph-", suffix=".tmp", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as new:
            new.write(after)
            new.flush()
            os.fsync(new.fileno())
        _copy_rights(status, name)
        if target.read_bytes() != before:
            raise ChangedUnderneathError
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _copy_rights(status: os.stat_result, name: str) -> None:
    if hasattr(os, "chown") and (os.geteuid(), os.getegid()) != (status.st_uid, status.st_gid):
        with contextlib.suppress(OSError):
            os.chown(name, status.st_uid, status.st_gid)
    Path(name).chmod(stat.S_IMODE(status.st_mode))
