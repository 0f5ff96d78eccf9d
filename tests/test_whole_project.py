"""A project as a whole: findings that exist only across files, the same whatever the cache, the jobs and the order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONWARNINGS": "error"}
CACHE = Path(".fullgraph_cache")
DATABASE = CACHE / "cache-1.sqlite3"
TRAIN = """
import torch

from pkg.models import net


@torch.compile
def step(x):
    return net.forward_step(x)
"""
REEXPORT = "from .inner import net\n"
NET = """
import torch


def move(x):
    return x.to("cuda")


def forward_step(x):
    return move(x)


def unrelated(x):
    return x.to("cuda")
"""
FINDING = "pkg/models/inner/net.py:6:12: TFG401 "
CHAIN = "[traced from torch.compile at pkg/train.py:7 via step -> forward_step -> move]"


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def make(name: str, content: str | bytes) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def make_project(files: int = 0) -> None:
    make("pkg/__init__.py", "")
    make("pkg/train.py", TRAIN)
    make("pkg/models/__init__.py", REEXPORT)
    make("pkg/models/inner/__init__.py", "")
    make("pkg/models/inner/net.py", NET)
    for number in range(files):
        make(
            f"pkg/more/m{number}.py",
            f"import torch\nfrom pkg.models.inner import net\n\ndef f{number}(x):\n    return x\n",
        )


def run(*arguments: str, stdin: str = "", **environment: str) -> str:
    """Findings of ``fullgraph check``, one in each line."""
    command = [sys.executable, "-m", "fullgraph", "check", "--quiet", "--output-format", "concise", *arguments]
    done = subprocess.run(
        command,
        input=stdin,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {0, 1}, done.stderr
    assert done.stderr == ""
    return done.stdout


def flake8(*arguments: str, stdin: str = "", prelude: str = "") -> str:
    program = f"{prelude}\nfrom flake8.main.cli import main\nif __name__ == '__main__':\n    raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "--select=TFG", *arguments],
        input=stdin,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_a_finding_across_files_with_its_chain() -> None:
    make_project()
    out = run()
    assert out.count("\n") == 1
    assert out.startswith(FINDING)
    assert out.rstrip().endswith(CHAIN)


@pytest.mark.parametrize("cache", [(), ("--no-cache",)], ids=["cache", "no cache"])
def test_the_same_for_one_file_of_the_project(cache: tuple[str, ...]) -> None:
    make_project()
    everything = run(*cache)
    assert run("pkg/models/inner/net.py", *cache) == everything
    assert run("pkg/train.py", *cache) == ""
    assert CACHE.exists() != bool(cache)


def test_json_has_the_file_of_each_step() -> None:
    make_project()
    (finding,) = json.loads(run("--output-format", "json"))
    assert finding["traced"] == {
        "degree": "certain",
        "callers": 1,
        "chain": [
            {"filename": "pkg/train.py", "row": 7, "name": "torch.compile"},
            {"filename": "pkg/train.py", "row": 8, "name": "step"},
            {"filename": "pkg/models/inner/net.py", "row": 9, "name": "forward_step"},
            {"filename": "pkg/models/inner/net.py", "row": 5, "name": "move"},
        ],
    }


def test_paths_are_as_seen_from_where_one_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    make_project()
    run()
    root = Path.cwd()
    monkeypatch.chdir("pkg/models")
    out = run(".")
    assert out.startswith("inner/net.py:6:12: TFG401 ")
    assert f"[traced from torch.compile at {root}/pkg/train.py:7 via " in out


def test_stdin_takes_the_place_of_its_file() -> None:
    make_project()
    run()
    disk = run("pkg/models/inner/net.py")
    name = ("-", "--stdin-filename", "pkg/models/inner/net.py")
    assert run(*name, stdin=NET) == disk
    moved = run(*name, stdin="# moved\n" + NET)
    assert moved == disk.replace(":6:12:", ":7:12:")
    assert run(*name, stdin=NET.replace("return move(x)", "return x")) == ""
    assert run("-", "--stdin-filename", "pkg/train.py", stdin="import torch\n") == ""
    assert run("-", stdin=NET) == ""
    assert run() == disk
    other = NET.replace("def move", "@torch.compile\ndef new(x):\n    return x\n\n\ndef move")
    assert "pkg/models/inner/new.py" in run(
        "-", "--stdin-filename", "pkg/models/inner/new.py", stdin=other + "\nnew = torch.compile(unrelated)\n"
    )


def test_the_cache_changes_nothing() -> None:
    make_project(60)
    plain = run("--no-cache", "-j1")
    assert FINDING in plain
    for arguments in (("-j1",), ("-j1",), ("-j2",), ("--no-cache", "-j2")):
        assert run(*arguments) == plain
    subprocess.run([sys.executable, "-m", "fullgraph", "clean"], env=ENVIRONMENT, check=True, capture_output=True)
    assert not CACHE.exists()
    assert run("-j2") == plain


def test_neither_does_the_order_or_the_seed() -> None:
    make_project(3)
    plain = run("pkg/train.py", "pkg/models", "pkg/more", "--no-cache")
    for seed in ("0", "1", "2"):
        assert run("pkg/more", "pkg/models", "pkg/train.py", "--no-cache", PYTHONHASHSEED=seed) == plain
        assert run(PYTHONHASHSEED=seed) == plain


@pytest.mark.parametrize(
    ("name", "before", "after", "finds"),
    [
        ("pkg/train.py", "@torch.compile\n", "", False),
        ("pkg/models/__init__.py", "from .inner import net\n", "net = None\n", False),
        ("pkg/models/inner/net.py", "import torch\n", "import torch\n\n", True),
        ("pkg/train.py", "import torch\n", "import torch\n\n\n", True),
        ("pkg/train.py", "return net", "return nothing", False),
    ],
)
def test_a_change_of_any_file_counts(name: str, before: str, after: str, finds: bool) -> None:
    make_project()
    run()
    path = Path(name)
    status = path.stat()
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as after an edit within the clock's resolution
    warm = run()
    assert ("TFG401" in warm) == finds
    assert run("--no-cache") == warm
    assert run() == warm


def test_a_broken_file_breaks_nothing_else() -> None:
    make_project()
    make("pkg/broken.py", "def f(:\n")
    make("pkg/strange.py", b"# coding: nonsense\n")
    make("pkg/bytes.py", b"x = '\xff'\n")
    (Path("pkg") / "nowhere.py").symlink_to("missing.py")
    for _ in range(2):
        out = run()
        assert out.count("TFG000") == 3
        assert out.count(FINDING) == 1
        assert FINDING in run("pkg/models")


@pytest.mark.parametrize(
    "content",
    [b"", b"no database at all" * 1000, b"SQLite format 3\0" + b"\xff" * 8000],
    ids=["empty", "text", "header"],
)
def test_a_corrupt_cache_is_replaced(content: bytes) -> None:
    make_project()
    plain = run()
    DATABASE.write_bytes(content)
    assert run() == plain
    assert run() == plain
    assert DATABASE.read_bytes() != content


def test_flipped_bytes_in_the_cache_are_noticed() -> None:
    make_project()
    plain = run()
    data = bytearray(DATABASE.read_bytes())
    for place in range(4096, len(data), 97):
        data[place] ^= 0x5A
    DATABASE.write_bytes(data)
    assert run() == plain
    assert run() == plain


def test_a_cache_that_is_locked_is_done_without() -> None:
    import sqlite3

    make_project()
    plain = run()
    connection = sqlite3.connect(DATABASE, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    assert run() == plain
    connection.close()


def test_a_cache_that_cannot_be_made_is_done_without() -> None:
    make_project()
    make(".fullgraph_cache", "a file\n")
    assert FINDING in run()
    assert Path(".fullgraph_cache").read_text() == "a file\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_project() -> None:
    make_project()
    Path.cwd().chmod(0o555)
    try:
        assert FINDING in run()
        assert not CACHE.exists()
    finally:
        Path.cwd().chmod(0o755)


def test_killed_in_the_middle() -> None:
    make_project(400)
    plain = run("--no-cache")
    command = [sys.executable, "-m", "fullgraph", "check", "-q", "-j1"]
    for delay in (0.3, 0.6, 0.9, 1.2, 1.5):
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert run() == plain
    assert run() == plain


def test_two_at_once() -> None:
    make_project(100)
    plain = run("--no-cache")
    command = [sys.executable, "-m", "fullgraph", "check", "-q", "--output-format", "concise", "-j1"]
    processes = [
        subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [process.communicate(timeout=60) for process in processes] == [(plain, "")] * 3
    assert run() == plain


def test_the_cache_hides_itself_from_git_and_backups() -> None:
    make_project()
    run()
    assert (CACHE / ".gitignore").read_text() == "*\n"
    assert (CACHE / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


def test_clean_leaves_what_is_not_ours() -> None:
    make_project()
    run()
    make(".fullgraph_cache/mine.txt", "keep")
    subprocess.run([sys.executable, "-m", "fullgraph", "clean"], env=ENVIRONMENT, check=True, capture_output=True)
    assert [path.name for path in CACHE.iterdir()] == ["mine.txt"]


def test_fixes_and_comments_see_the_project() -> None:
    make_project()
    path = Path("pkg/models/inner/net.py")
    path.write_text(NET + "\n\n@torch._dynamo.disable\ndef g(x):\n    return x\n")
    out = run("--fix")
    assert "torch.compiler.disable" in path.read_text()
    assert out.count("\n") == 1
    assert FINDING in out
    subprocess.run(
        [sys.executable, "-m", "fullgraph", "check", "--add-noqa"], env=ENVIRONMENT, check=True, capture_output=True
    )
    assert 'x.to("cuda")  # noqa: TFG401' in path.read_text()
    assert run() == ""
    make("pkg/train.py", "import torch\n")
    assert "TFG002" in run(), "the comment hides nothing any more"


FLAKE8_SPAWN = "import multiprocessing\nmultiprocessing.set_start_method('spawn')"
FLAKE8_LINE = f"./{FINDING}"


def test_flake8_sees_the_project() -> None:
    make_project(6)
    out = flake8("--jobs=1")
    assert out.startswith(FLAKE8_LINE)
    assert out.rstrip().endswith(CHAIN)
    assert out.count("\n") == 1
    assert flake8("--jobs=2") == out
    assert flake8("--jobs=2", prelude=FLAKE8_SPAWN) == out
    assert flake8("--jobs=1", "pkg/models/inner/net.py") == out.replace("./pkg", "pkg", 1)
    assert flake8("--jobs=1", "--fullgraph-no-project") == ""


def test_flake8_with_stdin() -> None:
    make_project()
    name = "--stdin-display-name=pkg/models/inner/net.py"
    out = flake8(name, "-", stdin=NET)
    assert out.startswith(FINDING)
    assert flake8(name, "-", stdin="# moved\n" + NET) == out.replace(":6:12:", ":7:12:")
    assert flake8(name, "-", stdin=NET.replace("return move(x)", "return x")) == ""
    assert flake8("-", stdin=NET) == ""
    assert flake8("--stdin-display-name=/elsewhere/net.py", "-", stdin=NET) == ""


def test_flake8_with_a_broken_project() -> None:
    make_project()
    make("pkg/broken.py", "def f(:\n")
    make(".fullgraph_cache", "a file\n")
    assert flake8("--jobs=1", "pkg/models").startswith(FINDING)
