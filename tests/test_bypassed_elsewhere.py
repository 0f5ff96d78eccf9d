"""TFG501 across files: what is found in ``tests/bypassed``, and that torch captures nothing of it."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from marked_projects import copied, found, importable, marked, run

torch = pytest.importorskip("torch")


FOLDER = Path(__file__).parent / "bypassed"
AGENT = Path("rl/agent.py")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project, to stand in."""
    return copied(FOLDER, tmp_path, monkeypatch)


def test_what_is_marked_is_found_and_nothing_else(project: Path) -> None:
    assert found(run("--no-cache")) == marked(project)
    assert found(run("--no-cache", "rl/agent.py")) == {each for each in marked(project) if each[0] == "rl/agent.py"}


def test_it_says_where_the_module_is_compiled(project: Path) -> None:
    marks = [path for path, _, _ in marked(project)]
    places = ("rl/policy.py:17", "rl/policy.py:30")
    counts = [run().count(f"of the module that {place} compiles") for place in places]
    assert sum(counts) == marks.count("rl/agent.py")
    assert all(counts)
    assert run().count("of the module that line 17 compiles") == marks.count("rl/policy.py")


def test_an_edit_of_another_file_counts_at_once(project: Path) -> None:
    policy = project / "rl" / "policy.py"
    before, agent = run(), run("rl/agent.py")
    assert run() == before
    policy.write_text("\n" + policy.read_text(), encoding="utf-8")
    assert run("rl/agent.py") == re.sub(r"(policy.py:)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 1}", agent)
    assert len(run().splitlines()) == len(before.splitlines())
    policy.write_text(policy.read_text().replace("self._network = torch.compile", "other = torch.compile"))
    assert "policy.py:18 compiles" not in run()


def test_a_comment_lets_it_pass(project: Path) -> None:
    for path in project.rglob("*.py"):
        path.write_text(path.read_text().replace("# TFG501", "# noqa: TFG501"), encoding="utf-8")
    assert found(run("--no-cache")) == set()


def test_json_has_the_way_to_where_it_is_compiled(project: Path) -> None:
    found = json.loads(run("--no-cache", "rl/coach.py", "--output-format", "json"))
    assert [[(each["filename"], each["row"], each["name"]) for each in finding["hops"]] for finding in found] == [
        [("rl/coach.py", 10, "Coach.watch"), ("rl/trainer.py", 21, "critic")]
    ]
    (finding,) = found
    assert finding["message"].endswith(" [by way of Coach.watch (rl/coach.py:10) -> critic (rl/trainer.py:21)]")
    text = run("--no-cache", "rl/coach.py", "--output-format", "full")
    assert "= by way of: Coach.watch (rl/coach.py:10) -> critic (rl/trainer.py:21)\n" in text


@pytest.fixture
def agents(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module of the agent, freshly imported."""
    torch._dynamo.reset()
    with importable(FOLDER, monkeypatch, "rl"):
        yield importlib.import_module("rl.agent")


@pytest.mark.parametrize(("name", "is_captured"), [("learn", False), ("rest", False), ("well", True)])
def test_torch_captures_nothing_of_what_is_marked(agents: ModuleType, name: str, is_captured: bool) -> None:
    policy = sys.modules["rl.policy"].Policy()
    policy.compile()
    agent = agents.Agent(policy)
    x = torch.ones(3, 4)
    graphs: list[object] = []
    policy._network = torch.compile(policy.plain, backend=lambda graph, _: graphs.append(graph) or graph.forward)
    policy._network.later = torch.compile(policy.plain.later, backend="eager")
    getattr(agent, name)(*((policy, x) if name == "learn" else (x,)))
    assert bool(graphs) is is_captured


@pytest.mark.parametrize(
    ("module", "name", "is_captured"),
    [
        ("trainer", "evaluate", False),
        ("trainer", "well", True),
        ("trainer", "judge", False),
        ("trainer", "anew", False),
        ("coach", "watch", False),
        ("player", "act", False),
        ("player", "value", False),
    ],
)
def test_torch_captures_nothing_of_what_others_compile(
    agents: ModuleType, module: str, name: str, is_captured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = {each: importlib.import_module(f"rl.{each}") for each in ("coach", "player", "trainer")}
    x = torch.ones(3, 4)
    player = modules["player"].Player(x)
    trainer = modules["trainer"].Trainer(player)
    graphs: list[object] = []
    compiling = torch.compile

    def counting(model: object, backend: str) -> object:
        assert backend == "eager"
        return compiling(model, backend=lambda graph, _: graphs.append(graph) or graph.forward)

    monkeypatch.setattr(torch, "compile", counting)
    trainer.compile()
    modules["trainer"].critic(player)
    owners = {"evaluate": trainer, "well": trainer, "act": player, "value": player, "watch": modules["coach"].Coach(x)}
    function = getattr(owners.get(name, modules[module]), name)
    function(*((player, x) if name in ("judge", "watch") else (x,)))
    assert bool(graphs) is is_captured
