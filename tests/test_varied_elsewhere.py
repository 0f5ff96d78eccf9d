"""TFG305 to TFG309 across files: what ``tests/varied`` has marked is found, and torch compiles again there alone."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fullgraph.verify.messages import break_of
from fullgraph.verify.torchlog import listening
from marked_projects import copied, found, importable, marked, run

FOLDER = Path(__file__).parent / "varied"
LIMIT = 8
GUILTY = "generate", "grow", "grow_table", "count", "count_assigned", "count_by_module", "count_by_package"
GUILTY += (
    "decode",
    "set_level",
    "set_mode",
    "set_of_bare",
    "index",
    "index_in_place",
    "name",
    "name_of_held",
    "slices",
    "step",
)
INNOCENT = "as_number", "constant", "dynamic", "few", "held", "inside", "not_compiled", "one_size", "passed_on"
INNOCENT += "plain_net", "set_few", "set_for_eager", "set_for_some", "set_once", "set_what_nobody_reads"
HELPERS = "advance", "tag", "step_of_any"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, to stand in."""
    return copied(FOLDER, tmp_path, monkeypatch)


def test_what_is_marked_is_found_and_nothing_else(project: Path) -> None:
    assert found(run("--no-cache")) == marked(project)
    assert found(run("--no-cache", "loops/steps.py")) == {each for each in marked(project) if "steps" in each[0]}


def test_it_says_where_the_loop_is(project: Path) -> None:
    out = run("--no-cache")
    passing = [each for each in marked(project) if each[2] not in ("TFG227", "TFG309")]
    assert out.count("the loop at loops/train.py:") == len(passing)
    assert out.count("reads it as a constant (loops/steps.py:") == 3


@pytest.mark.parametrize(("before", "after"), [("range(1, 13)", "range(1, 4)"), ("again(x, n)", "again(x, 3)")])
def test_an_edit_of_another_file_counts_at_once(project: Path, before: str, after: str) -> None:
    train = project / "loops" / "train.py"
    assert run() == run("--no-cache")
    train.write_text("\n" + train.read_text(), encoding="utf-8")
    assert run() == run("--no-cache")
    text = train.read_text().replace("n=n)\n\n\ndef count_by_package", "n=3)\n\n\ndef count_by_package")
    train.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert run() == run("--no-cache")
    assert ("loops/steps.py", 11, "TFG305") not in found(run())


def test_every_function_is_tried() -> None:
    for name, tried in (("train", GUILTY), ("well", INNOCENT)):
        text = (FOLDER / "loops" / f"{name}.py").read_text()
        names = {line[4:].partition("(")[0] for line in text.splitlines() if line[:4] == "def "}
        assert names.difference(HELPERS) == set(tried)


@pytest.fixture
def loops(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The modules of the project, freshly imported."""
    torch = pytest.importorskip("torch")
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    with importable(FOLDER, monkeypatch, "loops"):
        yield importlib.import_module("loops.nets")


@pytest.mark.parametrize("name", [*GUILTY, *INNOCENT])
def test_torch_compiles_again_where_it_is_said(loops: ModuleType, name: str) -> None:
    import torch

    module = importlib.import_module("loops.train" if name in GUILTY else "loops.well")
    function = getattr(module, name)
    x = torch.ones(3)
    function(x, loops.Trainer()) if "trainer" in inspect.signature(function).parameters else function(x)
    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    assert (graphs >= LIMIT) is (name in GUILTY), graphs


def test_torch_breaks_the_graph_at_a_number_that_a_loop_counts(loops: ModuleType) -> None:
    train = importlib.import_module("loops.train")
    with listening("") as log:
        train.tag(loops.torch.ones(3))
    places = [(Path(place.path).name, place.row) for each in map(break_of, log.breaks) if each for place in each.places]
    rows = [row for path, row, code in marked(FOLDER) if code == "TFG227"]
    assert places[0] == ("steps.py", *rows)
