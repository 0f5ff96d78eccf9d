"""Which share of the lines that Dynamo traced lies in functions that linking calls CERTAIN or POSSIBLE.

usage: region_recall.py TRACED.json PACKAGES [--list]

TRACED.json gives, for each file, the ranges of lines that were traced when models were compiled, as in
``{"files": {"pkg/a.py": {"traced": [[first, last], ...]}}}``. PACKAGES is the directory that the package was unpacked
into. Every ``forward`` of a module counts as compiled, as it does for the linter. With --list, the functions that were
traced and not reached are named, those with the most lines first.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from fullgraph.semantic.link import link
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.project import ProjectFile, module_name
from fullgraph.semantic.source import SourceError, decode, parse, split_lines
from fullgraph.semantic.summarise import function_nodes
from fullgraph.semantic.traced import FileRegion, Traced


def main() -> None:
    """Link the package and count lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traced", type=Path)
    parser.add_argument("packages", type=Path)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    measured = json.loads(arguments.traced.read_text())["files"]
    names = {name.partition("/")[0] for name in measured}
    paths = [path for name in sorted(names) for path in sorted((arguments.packages / name).rglob("*.py"))]
    started = time.process_time()
    regions = linked(arguments.packages, paths)
    seconds = time.process_time() - started
    total: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for name, facts in measured.items():
        path = arguments.packages / name
        count_lines(path, name, facts["traced"], regions[path], total, missed)
    lines = sum(total.values())
    print(f"{len(paths)} files linked in {seconds:.1f} s; {lines} traced lines")
    for degree in (*Traced.__members__, "outside functions"):
        print(f"{degree:18} {total[degree]:6} {total[degree] / lines:6.1%}")
    for where, count in missed.most_common(60 if arguments.list else 0):
        print(f"{count:5} {where}")


def linked(root: Path, paths: list[Path]) -> dict[Path, FileRegion]:
    """The region of each file."""
    files: list[ProjectFile] = []
    for path in paths:
        try:
            text = decode(path.read_bytes())
            summary = FileModel(parse(text), split_lines(text), str(path)).summary
        except SourceError:
            continue
        files.append(ProjectFile(str(path), *module_name(path.relative_to(root).parts), summary))
    return {Path(file.filename): region for file, region in zip(files, link(files), strict=True)}


def count_lines(
    path: Path, name: str, traced: list[list[int]], region: FileRegion, total: Counter[str], missed: Counter[str]
) -> None:
    """Count the traced lines of one file by the degree of the innermost function around them that was reached."""
    text = decode(path.read_bytes())
    model = FileModel(parse(text), split_lines(text), str(path))
    degrees: dict[int, tuple[str, str]] = {}
    nodes = function_nodes(model.walked)
    for index, node in sorted(enumerate(nodes), key=lambda item: item[1].lineno):  # type: ignore[attr-defined]
        degree = region.traced.get(index, (Traced.NONE,))[0]
        label = getattr(node, "name", "<lambda>")
        for row in range(node.lineno, (node.end_lineno or node.lineno) + 1):  # type: ignore[attr-defined]
            outer = degrees.get(row, (Traced.NONE.name, ""))
            if degree is not Traced.NONE or outer[0] == Traced.NONE.name:
                degrees[row] = degree.name, label
    for first, last in traced:
        for row in range(first, last + 1):
            degree_name, label = degrees.get(row, ("outside functions", ""))
            total[degree_name] += 1
            if degree_name == Traced.NONE.name:
                missed[f"{name} {label}"] += 1


if __name__ == "__main__":
    main()
