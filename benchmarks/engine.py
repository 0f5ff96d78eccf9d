"""CPU time of the engine on already parsed files, as a ratio to ``ast.parse`` of the same files.

    python benchmarks/engine.py [--rounds N] PATH...

Each PATH is one row: a package's directory or a file. All in one process, garbage collector off; each round times the
parse and the check of every file, and the median of the rounds' ratios is shown.
"""

from __future__ import annotations

import argparse
import ast
import gc
import statistics
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

from fullgraph.engine.check import check_tree
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.semantic.source import SourceError, decode, parse, split_lines
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange


@dataclass(frozen=True)
class File:
    """One parsed file."""

    name: str
    text: str
    lines: tuple[str, ...]
    tree: ast.Module


@dataclass(frozen=True)
class Round:
    """CPU seconds of one round, and the number of findings."""

    parse: float
    check: float
    findings: int

    def __add__(self, other: Round) -> Round:
        return Round(self.parse + other.parse, self.check + other.check, self.findings + other.findings)


def read_all(path: Path) -> list[File]:
    """Read and parse the Python files below a path; what does not parse is left out."""
    paths = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [file for each in paths if (file := read(each)) is not None]


def read(path: Path) -> File | None:
    """Read and parse one file."""
    try:
        text = decode(path.read_bytes())
        return File(str(path), text, split_lines(text), parse(text))
    except SourceError as error:
        print(f"left out: {path}: {error}")
        return None


def measure(files: list[File], settings: Settings) -> Round:
    """Time the parse and the check of all files once."""
    start = time.process_time()
    for file in files:
        ast.parse(file.text)
    middle = time.process_time()
    findings = sum(len(check_tree(file.tree, file.lines, file.name, settings)) for file in files)
    end = time.process_time()
    gc.collect()
    return Round(middle - start, end - middle, findings)


def row(name: str, lines: int, rounds: list[Round]) -> str:
    """Lay out the medians of one package."""
    parse_us = statistics.median(each.parse for each in rounds) / lines * 1e6
    check_us = statistics.median(each.check for each in rounds) / lines * 1e6
    ratios = [each.check / each.parse for each in rounds]
    cells = (
        name,
        f"{lines:,}",
        str(rounds[0].findings),
        f"{parse_us:.2f}",
        f"{check_us:.2f}",
        f"{statistics.median(ratios):.2f}",
        f"{min(ratios):.2f}-{max(ratios):.2f}",
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    settings = Settings.with_everything(TorchRange.only(NEWEST_KNOWN))
    packages = {path.resolve().name: read_all(path) for path in given.paths}
    lines = {name: sum(len(file.lines) for file in files) for name, files in packages.items()}
    gc.collect()
    gc.disable()
    for files in packages.values():
        measure(files[:50], settings)
    rounds = [{name: measure(files, settings) for name, files in packages.items()} for _ in range(given.rounds)]
    print(f"{len(registry())} rules, {given.rounds} rounds\n")
    print("| Package | Lines | Findings | Parse, µs/line | Check, µs/line | Check / parse | Range |")
    print("| --- | --: | --: | --: | --: | --: | --: |")
    for name, count in lines.items():
        print(row(name, count, [each[name] for each in rounds]))
    if len(packages) > 1:
        total = [sum(each.values(), start=Round(0, 0, 0)) for each in rounds]
        print(row("together", sum(lines.values()), total))


if __name__ == "__main__":
    main()
