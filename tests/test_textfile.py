"""Files: written whole or not at all, and never over somebody else's changes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph.textfile import ChangedError, TextFile

BEFORE, AFTER = b"before\r\n", b"after\r\n"


def write(path: str, before: bytes, after: bytes) -> None:
    TextFile(Path(path), before).replace(after)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes(BEFORE)
    return path


def test_mode_is_kept(path: Path) -> None:
    path.chmod(0o755)
    write(str(path), BEFORE, AFTER)
    assert path.read_bytes() == AFTER
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    assert [each.name for each in path.parent.iterdir()] == ["a.py"]


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    link, chain = tmp_path / "deep" / "link.py", tmp_path / "chain.py"
    link.symlink_to("../a.py")
    chain.symlink_to(link)
    write(str(chain), BEFORE, AFTER)
    assert chain.is_symlink()
    assert link.is_symlink()
    assert path.read_bytes() == AFTER


def test_a_changed_file_is_not_overwritten(path: Path) -> None:
    path.write_bytes(b"mine")
    with pytest.raises(ChangedError, match="somebody else changed it"):
        write(str(path), BEFORE, AFTER)
    assert path.read_bytes() == b"mine"
    assert [each.name for each in path.parent.iterdir()] == ["a.py"]


def test_a_removed_file_does_not_come_back(path: Path) -> None:
    path.unlink()
    with pytest.raises(FileNotFoundError):
        write(str(path), BEFORE, AFTER)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
def test_a_failing_step_leaves_the_file_and_nothing_else(
    path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    owner = os if step == "fsync" else Path
    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(OSError, match="No space"):
        write(str(path), BEFORE, AFTER)
    monkeypatch.undo()
    assert path.read_bytes() == BEFORE
    assert [each.name for each in path.parent.iterdir()] == ["a.py"]


@pytest.mark.parametrize("step", ["os.fsync", "Path.chmod", "Path.replace"])
def test_a_kill_leaves_the_file_whole(path: Path, step: str) -> None:
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom fullgraph.textfile import TextFile\n"
        f"{step} = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"TextFile(Path({str(path)!r}), {BEFORE!r}).replace({AFTER!r})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == -9
    assert path.read_bytes() == BEFORE


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("locked", ["file", "directory"])
def test_what_may_not_be_written_is_left(path: Path, locked: str) -> None:
    target = path if locked == "file" else path.parent
    target.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            write(str(path), BEFORE, AFTER)
    finally:
        target.chmod(0o700)
    assert path.read_bytes() == BEFORE


def test_a_file_that_is_read_only_is_left(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError):
        write(str(path), BEFORE, AFTER)
    assert path.read_bytes() == BEFORE
