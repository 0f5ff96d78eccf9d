"""Reading the small projects in ``tests/projects``: code with the expected region beside it.

Each ``def`` and ``lambda`` has a comment on its line that says how surely it is traced, and by which chain:

    def forward(self, x):  # CERTAIN: torch.compile@train.py:4 -> Policy.forward -> Encoder.forward

``; fails: reason`` behind it marks what is true but is not found yet. ``# ROOTS:`` gives patterns of the user.
``drive.py`` runs the project under torch; it is no part of it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fullgraph.semantic.link import link
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.project import ProjectFile, module_name
from fullgraph.semantic.references import function_nodes
from fullgraph.semantic.source import split_lines
from fullgraph.semantic.traced import FileRegion, TracedBy

FOLDER = Path(__file__).parent.parent / "projects"
PROJECTS = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
DRIVER = "drive.py"
_MARK = re.compile(r"# (CERTAIN|POSSIBLE|NONE)(?:: (.*?))?(?:; fails: (.*))?$")
_ROOTS = re.compile(r"^# ROOTS: (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Mark:
    """What is expected of the function in one row: ``CERTAIN: chain``, and why that is not found, if it is not."""

    text: str
    fails: str | None

    @property
    def degree(self) -> str:
        return self.text.partition(":")[0]


def read(name: str) -> dict[str, str]:
    """The files of a project, in the order of their paths."""
    folder = FOLDER / name
    paths = sorted(path for path in folder.rglob("*.py") if path.name != DRIVER)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def patterns(sources: dict[str, str]) -> list[str]:
    """The patterns for roots that a project gives."""
    return [each for text in sources.values() for found in _ROOTS.findall(text) for each in found.split()]


def marks(source: str) -> dict[int, Mark]:
    """Expectations by row."""
    found: dict[int, Mark] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (match := _MARK.match(token.string)) is not None:
            degree, chain, fails = match.groups()
            found[token.start[0]] = Mark(f"{degree}: {chain}" if chain else degree, fails)
    return found


def parse(filename: str, source: str) -> ProjectFile:
    """One file as linking sees it."""
    model = FileModel(ast.parse(source), split_lines(source), filename)
    parts = Path(filename).parts
    module, is_package = module_name(parts[1:] if parts[0] == "src" else parts)
    return ProjectFile(filename, module, is_package, model.summary)


def linked(sources: dict[str, str]) -> dict[str, FileRegion]:
    """The region of each file."""
    files = [parse(filename, source) for filename, source in sources.items()]
    return dict(zip(sources, link(files, patterns(sources)), strict=True))


def found(sources: dict[str, str]) -> dict[str, dict[int, list[str]]]:
    """What linking says of the functions in each file, by row, in the words of the marks."""
    regions = linked(sources)
    return {filename: dict(_found(filename, source, regions[filename])) for filename, source in sources.items()}


def _found(filename: str, source: str, region: FileRegion) -> Iterator[tuple[int, list[str]]]:
    model = FileModel(ast.parse(source), split_lines(source), filename, linked=region)
    by_row: dict[int, list[str]] = {}
    for node in function_nodes(model.walked):
        info = model.walked.functions.get(node)
        row = node.lineno  # type: ignore[attr-defined]
        scope = info.scope if info is not None else model.walked.lambdas[node]
        by_row.setdefault(row, []).append(described(model.region.traced_by(scope, row)))
    yield from by_row.items()


def described(traced: TracedBy) -> str:
    """A degree and its chain in the words of the marks; the functions of a chain go without their places."""
    steps = []
    for place, step in enumerate(traced.chain):
        is_site = place == 0 and not (len(traced.chain) == 1 or _is_function(step.name))
        steps.append(f"{step.name}@{step.filename}:{step.row}" if is_site else step.name)
    return f"{traced.degree.name}: {' -> '.join(steps)}" if steps else traced.degree.name


def _is_function(name: str) -> bool:
    return not name.startswith("torch.") and name not in ("Module.compile", "torch_compile=True")
