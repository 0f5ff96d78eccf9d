"""CPU time (user and system) that the plugin adds to flake8 on the same files.

    python benchmarks/flake8_overhead.py [--rounds N] PATH...

Each PATH is one row. flake8 runs with ``-j1 --isolated --select=F,TFG``, once with the plugin and once with the plugin
hidden from flake8's search for plugins, so that it is neither imported nor run. Both are started in the same way, one
after the other, other plugins are hidden from both, and the median of the rounds' ratios is shown. The last row is
``flake8 --version``: the start alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = """
import importlib.metadata, sys

seen = {"flake8", "mccabe", "pycodestyle", "pyflakes", *sys.argv.pop(1).split()}
found = importlib.metadata.distributions
importlib.metadata.distributions = lambda: (each for each in found() if each.metadata["name"] in seen)
from flake8.main.cli import main
raise SystemExit(main())
"""
VERSION = ["--version"]


@dataclass(frozen=True)
class Pair:
    """CPU seconds without and with the plugin, and how many findings it had."""

    without: float
    plugged: float
    findings: int


def run(plugin: str, arguments: list[str]) -> tuple[float, str]:
    """CPU seconds and output of one flake8 run with this plugin or, if empty, with none."""
    command = [sys.executable, "-c", LAUNCHER, plugin, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        output = process.stdout.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise SystemExit(f"flake8 failed: {output}")
    return usage.ru_utime + usage.ru_stime, output


def pair(arguments: list[str]) -> Pair:
    """Run flake8 without and with the plugin."""
    without, _ = run("", arguments)
    plugged, output = run("fullgraph", arguments)
    return Pair(without, plugged, output.count(" TFG"))


def row(name: str, rounds: list[Pair]) -> str:
    """Lay out the medians of one package."""
    added = [(each.plugged / each.without - 1) * 100 for each in rounds]
    cells = (
        name,
        str(rounds[0].findings),
        f"{statistics.median(each.without for each in rounds):.2f}",
        f"{statistics.median(each.plugged for each in rounds):.2f}",
        f"{statistics.median(added):+.1f} %",
        f"{min(added):+.1f} to {max(added):+.1f} %",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    versions = [" ".join(run(plugin, VERSION)[1].split()) for plugin in ("", "fullgraph")]
    if ["fullgraph" in version for version in versions] != [False, True]:
        raise SystemExit(f"the plugin is not installed here, or cannot be hidden: {versions}")
    print(f"flake8 {versions[1]}, {given.rounds} rounds\n")
    print("| Package | Findings | Without, s | With, s | Added | Range |")
    print("| --- | --: | --: | --: | --: | --: |")
    for path in given.paths:
        arguments = ["-j1", "--isolated", "--select=F,TFG", str(path)]
        print(row(path.resolve().name, [pair(arguments) for _ in range(given.rounds)]), flush=True)
    print(row("(only the start)", [pair(VERSION) for _ in range(4 * given.rounds)]))


if __name__ == "__main__":
    main()
