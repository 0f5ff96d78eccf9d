"""Time of whole runs over a project, on the clock and of the processors, as ratios to ``ast.parse`` of the same files.

    python benchmarks/project_run.py DIRECTORY...

Each DIRECTORY is copied, made a project and linted in new processes: without any cache in one process and in two, with
a warm cache, after a function was moved by a comment, and after a function was added that calls another. The parse is
timed in a process of its own before and after these, and the mean of both is the unit. The first run also compiles
fullgraph itself, as the first run after an installation does. Memory is the largest peak of
the main process and of a worker.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PARSE = """
import ast, gc, sys, time, warnings
from pathlib import Path

warnings.simplefilter("ignore")
gc.disable()
data = [path.read_bytes() for path in sorted(Path(sys.argv[1]).rglob("*.py"))]
wall, cpu = time.perf_counter(), time.process_time()
for each in data:
    try:
        ast.parse(each)
    except SyntaxError:
        pass
print(time.perf_counter() - wall, time.process_time() - cpu)
"""
CHECK = """
import resource, sys, time
from fullgraph.cli import main

status = main(sys.argv[1:])
peaks = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
print(max(peaks), time.process_time() + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]), file=sys.stderr)
raise SystemExit(2 if status == 2 else 0)
"""


@dataclass(frozen=True)
class Run:
    """Seconds, also those of the processors, peak memory in MiB and output of one run."""

    seconds: float
    cpu: float
    peak: float
    output: str


def parse(directory: Path) -> tuple[float, float]:
    """Seconds that parsing takes, and those of the processor."""
    done = subprocess.run([sys.executable, "-c", PARSE, directory], capture_output=True, text=True, check=True)
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def check(directory: Path, *flags: str) -> Run:
    """Run ``fullgraph check`` on a directory."""
    command = [sys.executable, "-c", CHECK, "check", ".", "--quiet", "--output-format", "concise", *flags]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True, env=environment)
    seconds = time.perf_counter() - start
    *_, peak, cpu = done.stderr.split()
    return Run(seconds, float(cpu), int(peak) / 1024, done.stdout)


def edited(directory: Path, addition: str) -> None:
    """Add lines to the top of the largest file."""
    path = max(directory.rglob("*.py"), key=lambda each: each.stat().st_size)
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if line.startswith(("class ", "def ", "@")))
    path.write_text("".join([*lines[:place], addition, *lines[place:]]), encoding="utf-8")


def measure(original: Path) -> None:
    """Print one row for each kind of run."""
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made, original.name)
        shutil.copytree(original, directory, ignore=shutil.ignore_patterns("__pycache__", ".fullgraph_cache"))
        (directory / ".git").mkdir(exist_ok=True)
        for path in directory.rglob("*.py"):
            os.utime(path, (0, 0))
        before = parse(directory)
        moved = "# a comment\n\n\n"
        more = "def _added_by_the_benchmark(value):\n    return str(_added_by_the_benchmark(value))\n\n\n"
        steps: list[tuple[str, Callable[[], object], tuple[str, ...]]] = [
            ("no cache, one process", lambda: None, ("--no-cache", "-j1")),
            ("cold, one process", lambda: None, ("-j1",)),
            ("cold, two processes", lambda: shutil.rmtree(directory / ".fullgraph_cache"), ("-j2",)),
            ("warm", lambda: None, ("-j1",)),
            ("one file changed: lines moved", lambda: edited(directory, moved), ("-j1",)),
            ("one file changed: a function added", lambda: edited(directory, more), ("-j1",)),
        ]
        runs = []
        for name, prepare, flags in steps:
            prepare()
            runs.append((name, check(directory, *flags)))
        wall, cpu = (sum(pair) / 2 for pair in zip(before, parse(directory), strict=True))
        assert len({run.output for _, run in runs[:4]}) == 1, "the findings depend on the cache or the processes"
    count = len(runs[0][1].output.splitlines())
    print(f"{original.name}: ast.parse takes {wall:.2f} s ({cpu:.2f} s CPU); {count} findings")
    for name, run in runs:
        ratios = f"{run.seconds / wall:.2f} x | {run.cpu:.2f} s CPU | {run.cpu / cpu:.2f} x"
        print(f"| {name} | {run.seconds:.2f} s | {ratios} | {run.peak:.0f} MiB |")


def main() -> None:
    """Measure each directory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directories", nargs="+", type=Path, metavar="DIRECTORY")
    for directory in parser.parse_args().directories:
        measure(directory)


if __name__ == "__main__":
    main()
