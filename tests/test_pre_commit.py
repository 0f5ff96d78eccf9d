"""The hook in a real pre-commit run, on a throw-away git repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CLEAN = "import torch\n\n\n@torch.compiler.disable\ndef f(x):\n    return x\n"
GUILTY = CLEAN.replace("torch.compiler.disable", "torch._dynamo.disable")


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=tester", "-c", "user.email=tester@localhost", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def hook_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as pre-commit would fetch it: a git repository with the files as they are now."""
    folder = tmp_path_factory.mktemp("hook")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    for name in (os.fsdecode(item) for item in listed.split(b"\0") if item):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "benchmarks/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", "as it is")
    return folder


def pre_commit(folder: Path, hook: Path, home: Path, name: str = "fullgraph") -> subprocess.CompletedProcess[str]:
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {hook}\n    rev: HEAD\n    hooks:\n      - id: {name}\n", encoding="utf-8"
    )
    git(folder, "add", "--all")
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=folder,
        env={**os.environ, "PRE_COMMIT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_hook_fails_on_a_finding_and_passes_without(hook_repository: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet")
    (project / "notes.txt").write_text("torch._dynamo.disable\n", encoding="utf-8")
    (project / "a.py").write_text(GUILTY, encoding="utf-8")
    home = tmp_path / "home"
    failed = pre_commit(project, hook_repository, home)
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "Failed" in failed.stdout
    assert "a.py:4:2: TFG101 `torch._dynamo.disable` is private torch API" in failed.stdout
    (project / "a.py").write_text(CLEAN, encoding="utf-8")
    passed = pre_commit(project, hook_repository, home)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "Passed" in passed.stdout


def test_fixing_hook_fails_once_and_passes_on_what_it_wrote(hook_repository: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "--quiet")
    (project / "a.py").write_text(GUILTY, encoding="utf-8")
    home = tmp_path / "home"
    changed = pre_commit(project, hook_repository, home, "fullgraph-fix")
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert "files were modified by this hook" in changed.stdout
    assert (project / "a.py").read_text(encoding="utf-8") == CLEAN
    passed = pre_commit(project, hook_repository, home, "fullgraph-fix")
    assert passed.returncode == 0, passed.stdout + passed.stderr
