"""A project after an edit: what the cache has of it from before changes no finding, chain, degree or count."""

from __future__ import annotations

import ast
import json
import random
from pathlib import Path

import pytest

from fullgraph.engine.index import Project, Projects
from fullgraph.engine.linked import Links
from fullgraph.engine.looked import File, Source
from fullgraph.engine.many import check_many
from fullgraph.engine.places import Roots
from fullgraph.engine.settings import Settings
from fullgraph.project import is_root
from fullgraph.report.as_json import finding_data
from fullgraph.torchfacts import TorchRange

SETTINGS = Settings.with_everything(TorchRange.parse("2.13"))
FILES = {
    "pkg/__init__.py": "from .layers import Block\n",
    "pkg/layers.py": """
import torch
from torch import nn

from pkg import helpers
from pkg.base import Base, Protocolled


def scale(x, by=2.0):
    return x * by


class Block(Base):
    def __init__(self, act=None, size: int = 4):
        super().__init__()
        self.act = act
        self.linear = nn.Linear(size, size)
        self.parts = nn.ModuleList([Part() for _ in range(3)])

    def forward(self, x: torch.Tensor):
        x = self.linear(x)
        for part in self.parts:
            x = part(x)
        if self.act is not None:
            x = self.act(x)
        y = helpers.masked(x)
        print(y.sum().item())
        return scale(self.common(x))

    def unused(self, x):
        return helpers.count(x)


class Part(nn.Module):
    def forward(self, x):
        return helpers.move(x)


def use(given: Protocolled, x):
    return given.step(x)
""",
    "pkg/base.py": """
from typing import Protocol

import torch
from torch import nn


class Base(nn.Module):
    def common(self, x):
        if x.sum() > 0:
            return x
        return self.hook(x)

    def hook(self, x):
        return x.cpu()

    @property
    def width(self):
        return torch.zeros(3).tolist()


class Protocolled(Protocol):
    def step(self, x): ...


class Stepping:
    def step(self, x):
        return x.item()
""",
    "pkg/helpers.py": """
import torch


def masked(x) -> torch.Tensor:
    return x[x > 0]


def count(x):
    return x.item()


def move(x):
    return x.to("cuda")


def apply(fn, x):
    return fn(x)


def decorate(function):
    def inner(*args):
        return function(*args)

    return inner
""",
    "pkg/tools.py": """
from pkg.helpers import apply, count, decorate


@decorate
def quiet(x):
    return [item for item in x]


def report(x):
    return apply(count, x)


def extra(x):
    return list(map(lambda item: item + 1, x))
""",
    "train.py": """
import torch

from pkg import Block
from pkg.layers import use
from pkg.tools import report


def act(x):
    return x.numpy()


model = Block(act)
step = torch.compile(model)


@torch.compile(fullgraph=True)
def loss(x):
    return report(x)


def main(x, stepping):
    use(stepping, x)
    for _ in range(10):
        print(loss(step(x)))
""",
    "pkg/kinds.py": """
from typing import Optional

import torch
from torch import Tensor

MaybeTensor = Optional[Tensor]
MODERN = torch.__version__ >= "2"
""",
    "pkg/table.py": """
import torch


class Table:
    def rows(self):
        return torch.zeros(3)

    def names(self):
        return []
""",
    "reads.py": """
import torch

from pkg import table
from pkg.kinds import MODERN, MaybeTensor
from pkg.table import Table


class Upper(Table):
    def rows(self):
        found = super().rows()
        return found if found.any() else None


@torch.compile
def read(x, mask: MaybeTensor, upper: Upper):
    known = Table()
    if known.rows().sum() > 0 or upper.rows():
        x = x + 1
    if known.names():
        x = x + 2
    if not MODERN:
        print(x)
    if table.first(x):
        x = x + 3
    return x + int(mask.max())
""",
    "pkg/policy.py": """
import torch
from torch import nn


class Network(nn.Module):
    def forward(self, x):
        return x

    def act(self, x):
        return self(x) + 1

    def idle(self, x):
        return x


class Policy:
    def __init__(self):
        self.network = torch.compile(Network())
""",
    "agent.py": """
import torch

from pkg.policy import Policy


def play(policy: Policy, x):
    return policy


def rest(x):
    return x
""",
    "pkg/player.py": """
import torch

from pkg.policy import Network


class Player:
    def __init__(self):
        self.inner = Network()

    def play(self, x):
        return self.inner.act(x)
""",
    "coach.py": """
import torch

from pkg.player import Player


def coach(player: Player):
    return player
""",
    "steps.py": """
import torch


@torch.compile
def stepped(x, n):
    for _ in range(n):
        x = x + 1
    return x


def halved(x, n):
    for _ in range(n):
        x = x / 2
    return x


fast = torch.compile(halved)
loose = torch.compile(halved)


class Runner:
    def __init__(self, given):
        self.given = given
        self.halved = torch.compile(halved)
""",
    "levels.py": """
import torch

import level_steps


def levels(x):
    for n in range(100):
        level_steps.level = n
        level_steps.leveled(x)
        level_steps.height = n
        level_steps.bare(x)
""",
    "level_steps.py": """
import torch

level = 0
height = 0


@torch.compile
def leveled(x):
    return x * level


def bare(x):
    return x * height
""",
    "loops.py": """
from steps import Runner, fast, halved, loose, stepped
from steps import halved as bare


def count(x):
    for n in range(100):
        stepped(x, n)
        bare(x, n)


def keep(x, runner: Runner):
    for n in range(100):
        fast(x, 3)
        loose(x[:n], 3)
        runner.given(x, n)


def rest(x):
    return x
""",
    "alone.py": "import torch\n\n\ndef alone(x):\n    return torch.compile(x)\n",
}
SWAP = tuple[str, str, str]
EDITS: dict[str, list[SWAP]] = {
    "a function": [("pkg/layers.py", "\n\ndef use(", "\n\ndef added(x):\n    return x + 1\n\n\ndef use(")],
    "a function that calls others": [
        ("pkg/helpers.py", "\n\ndef move(", "\n\ndef more(x):\n    return move(masked(x))\n\n\ndef move(")
    ],
    "a function that passes something": [
        ("pkg/tools.py", "def extra(", "def more(x):\n    return apply(extra, x)\n\n\ndef extra(")
    ],
    "a function for which somebody asks": [
        ("pkg/tools.py", "from pkg.helpers import", "from pkg.new import nothing\nfrom pkg.helpers import"),
        ("pkg/__init__.py", "Block\n", "Block\n\n\ndef report(x):\n    return x\n"),
    ],
    "a method": [("pkg/layers.py", "    def unused(", "    def added(self, x):\n        return x\n\n    def unused(")],
    "a method that overrides": [
        ("pkg/layers.py", "    def unused(", "    def hook(self, x):\n        return x.item()\n\n    def unused(")
    ],
    "a method of a protocol": [
        ("pkg/base.py", "def step(self, x): ...", "def step(self, x): ...\n    def later(self, x): ...")
    ],
    "a forward": [("pkg/base.py", "class Stepping:", "class Stepping:\n    def forward(self, x):\n        pass\n")],
    "a nested function": [
        (
            "pkg/layers.py",
            "        y = helpers",
            "        def inner(z):\n            return z.item()\n\n        y = helpers",
        )
    ],
    "a lambda": [
        ("pkg/tools.py", "    return apply(count, x)", "    f = lambda y: y.cpu()\n    return apply(count, x)")
    ],
    "a type": [("pkg/kinds.py", "Optional[Tensor]", "Optional[int]")],
    "a type less": [("pkg/kinds.py", "MaybeTensor = Optional[Tensor]\n", "")],
    "a flag": [("pkg/kinds.py", '>= "2"', '< "2"')],
    "what a method returns": [("pkg/table.py", "return []", "return torch.ones(3)")],
    "a method that returns nothing": [("pkg/table.py", "return torch.zeros(3)", "return None")],
    "a method less": [("pkg/table.py", "    def names(self):\n        return []\n", "")],
    "a function that others call": [
        ("pkg/table.py", "class Table:", "def first(x):\n    return torch.ones(3)\n\n\nclass Table:")
    ],
    "a call that passes by": [("agent.py", "return policy\n", "return policy.network.act(x)\n")],
    "a call that passes by nothing": [("agent.py", "return policy\n", "return policy.network.idle(x)\n")],
    "a method that is passed by later": [
        ("agent.py", "return policy\n", "return policy.network.idle(x)\n"),
        ("pkg/policy.py", "    def idle(self, x):\n        return x", "    def idle(self, x):\n        return self(x)"),
    ],
    "a call that passes by, and rows": [
        ("agent.py", "return policy\n", "return policy.network.act(x)\n"),
        ("pkg/policy.py", "class Policy:", "# one\n\n\nclass Policy:"),
    ],
    "a module that another file compiles": [
        ("coach.py", "return player\n", "player.inner = torch.compile(player.inner)\n    return player\n")
    ],
    "a module that another file puts elsewhere": [
        ("coach.py", "return player\n", "player.outer = torch.compile(player.inner)\n    return player\n")
    ],
    "a global that is set once": [("levels.py", "level_steps.level = n", "level_steps.level = 3")],
    "another global that is set": [("levels.py", "level_steps.level = n", "level_steps.more = n")],
    "a global that starts otherwise": [("level_steps.py", "level = 0", "level = 0.5")],
    "a global that is not read": [("level_steps.py", "x * level", "x * 2")],
    "a reader that is compiled": [("level_steps.py", "def bare", "@torch.compile\ndef bare")],
    "a reader that is compiled no more": [("level_steps.py", "@torch.compile\n", "")],
    "a reader that moves": [("level_steps.py", "def leveled(x):\n", "def leveled(x):\n    # one\n")],
    "a function before what sets": [("levels.py", "def levels", "def before():\n    pass\n\n\ndef levels")],
    "a setter in compiled code": [("levels.py", "def levels", "@torch.compile\ndef levels")],
    "a setter that compiled code comes to": [
        ("train.py", "import torch\n", "import torch\n\nfrom levels import levels\n"),
        ("train.py", "    return report(x)", "    levels(x)\n    return report(x)"),
    ],
    "a loop that counts": [("loops.py", "fast(x, 3)", "fast(x, n)")],
    "a loop that counts no more": [("loops.py", "stepped(x, n)", "stepped(x, 3)")],
    "a shorter loop": [("loops.py", "range(100)", "range(3)")],
    "a loop that counts, and rows": [
        ("loops.py", "fast(x, 3)", "fast(x, n)"),
        ("steps.py", "import torch", "# one\n\nimport torch"),
    ],
    "rows of a loop": [("loops.py", "def count", "# one\ndef count")],
    "a function before a loop": [("loops.py", "def count", "def before(x):\n    return x\n\n\ndef count")],
    "a function before what a loop calls": [
        ("steps.py", "@torch.compile\n", "def before(x):\n    return x\n\n\n@torch.compile\n")
    ],
    "a loop in compiled code": [
        ("loops.py", "from steps import Runner", "import torch\nfrom steps import Runner"),
        ("loops.py", "def count", "@torch.compile\ndef count"),
    ],
    "a loop that compiled code comes to": [
        ("train.py", "import torch\n", "import torch\n\nfrom loops import count\n"),
        ("train.py", "    return report(x)", "    count(x)\n    return report(x)"),
    ],
    "what a loop calls is compiled no more": [("steps.py", "@torch.compile\n", "")],
    "what a loop calls is compiled": [("steps.py", "def halved", "@torch.compile\ndef halved")],
    "what a loop calls is compiled by a name": [("steps.py", "fast = torch.compile(halved)", "fast = halved")],
    "another parameter": [("steps.py", "def stepped(x, n)", "def stepped(n, x)")],
    "another import of what a loop calls": [("loops.py", "import halved as bare", "import fast as bare")],
    "a compile for constant sizes": [
        ("steps.py", "loose = torch.compile(halved)", "loose = torch.compile(halved, dynamic=False)")
    ],
    "a compiled attribute": [("steps.py", "self.given = given", "self.given = torch.compile(halved)")],
    "a function less in another file": [("agent.py", "def rest(x):\n    return x\n", "")],
    "a compiled function": [("pkg/tools.py", "def extra(", "import torch\n\n\n@torch.compile\ndef extra(")],
    "a compile of something": [("train.py", "def main(", "later = torch.compile(act)\n\n\ndef main(")],
    "no compile": [("train.py", "torch.compile(model)", "model")],
    "a rename": [("pkg/helpers.py", "def count(", "def counted(")],
    "a function less": [("pkg/tools.py", "def extra(x):\n    return list(map(lambda item: item + 1, x))\n", "")],
    "a call more": [("pkg/layers.py", "        y = helpers", "        helpers.count(x)\n        y = helpers")],
    "a helper that traced code calls": [
        ("pkg/layers.py", "        y = ", "        assist(x, self.hook)\n        y = "),
        ("pkg/layers.py", "\n\ndef use(", "\n\ndef assist(x, fn):\n    return second(x).item()\n\n\ndef use("),
        ("pkg/layers.py", "\n\ndef use(", "\n\ndef second(x):\n    return scale(x.cpu())\n\n\ndef use("),
    ],
    "a method that traced code calls": [
        ("pkg/layers.py", "        y = ", "        self.assist(x)\n        y = "),
        ("pkg/layers.py", "    def unused(", "    def assist(self, x):\n        return x.item()\n\n    def unused("),
    ],
    "a helper of fullgraph code": [
        ("pkg/tools.py", "    return apply(count, x)", "    assist(x)\n    return apply(count, x)"),
        ("pkg/tools.py", "def extra(", "def assist(x):\n    return x.item()\n\n\ndef extra("),
    ],
    "what shortens a chain": [("pkg/layers.py", "        y = ", "        self.hook(x)\n        y = ")],
    "what is entered from elsewhere, too": [("pkg/layers.py", "        y = ", "        scale(x)\n        y = ")],
    "a call less": [("pkg/layers.py", "        y = helpers.masked(x)\n", "        y = x\n")],
    "a call in eager code": [("pkg/layers.py", "return helpers.count(x)", "return helpers.count(scale(x))")],
    "a call of torch": [("pkg/layers.py", "        y = helpers", "        torch.relu(x)\n        y = helpers")],
    "an argument": [("train.py", "Block(act)", "Block(torch.relu)")],
    "an attribute": [("pkg/layers.py", "self.act = act", "self.act = act\n        self.other = Part()")],
    "an attribute that is called": [
        ("pkg/layers.py", "self.act = act", "self.act = act\n        self.other = act"),
        ("pkg/layers.py", "        y = ", "        self.other(x)\n        y = "),
    ],
    "an attribute that is called in eager code": [
        ("pkg/layers.py", "self.act = act", "self.act = act\n        self.other = size"),
        ("pkg/layers.py", "        return helpers.count(x)", "        return self.other(x)"),
    ],
    "a parameter that is called": [("pkg/layers.py", "    return x * by\n", "    return by(x)\n")],
    "what is returned": [("pkg/helpers.py", "def masked(x) -> torch.Tensor:", "def masked(x):")],
    "a base": [("pkg/layers.py", "class Part(nn.Module)", "class Part(Base)")],
    "no base": [("pkg/layers.py", "class Part(nn.Module)", "class Part")],
    "an import": [
        ("pkg/tools.py", "from pkg.helpers import apply", "from pkg.layers import use\nfrom pkg.helpers import apply")
    ],
    "another import": [("train.py", "from pkg.layers import use", "from pkg.tools import extra as use")],
    "a star import": [("train.py", "from pkg import Block", "from pkg import *")],
    "kept out": [("pkg/helpers.py", "def move(", "@torch.compiler.disable\ndef move(")],
    "replaced by what is kept out": [
        ("pkg/helpers.py", "\n\ndef apply(", "\nmove = torch.compiler.disable(move)\n\n\ndef apply(")
    ],
    "a setting": [("alone.py", "\n\n\n", "\n\ntorch._dynamo.config.capture_scalar_outputs = True\n\n\n")],
    "a setting that reaches the others": [
        ("train.py", "import torch\n", "import torch\n\ntorch._dynamo.config.capture_scalar_outputs = True\n")
    ],
    "only rows": [
        ("pkg/layers.py", "import torch\n", "# moved\n\nimport torch\n"),
        ("train.py", "def act", "# moved\ndef act"),
    ],
    "two files": [
        ("pkg/layers.py", "\n\ndef use(", "\n\ndef added(x):\n    return x + 1\n\n\ndef use("),
        ("pkg/tools.py", "def extra(", "def other(x):\n    return x.cpu()\n\n\ndef extra("),
    ],
    "a broken file": [("pkg/tools.py", "def extra(x)", "def extra(x")],
    "a new file": [("pkg/new.py", "", "from pkg.layers import Part\n\n\nclass New(Part):\n    pass\n")],
    "a file less": [("alone.py", "", "")],
}


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    for name, text in FILES.items():
        write(name, text)


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def answers(*, cached: bool, entries: tuple[str, ...] = ()) -> dict[str, object]:
    """All that is said of the project: its findings as JSON has them, and the region of each file."""
    root = Path.cwd()
    projects = Projects(Roots([str(root)], is_root), cached=cached, entries=entries)
    paths = sorted(root.rglob("*.py"))
    sources = [(str(path), Source.of(path.read_bytes(), str(path.relative_to(root)), SETTINGS)) for path in paths]
    findings = check_many(sources, projects)
    found: dict[str, object] = {
        source.shown: [json.dumps(finding_data(each)) for each in file]
        for (_, source), file in zip(sources, findings, strict=True)
    }
    found["regions"] = [projects.region(path, source.shown) for path, source in sources]
    assert not projects.trouble
    return found


def edit(swaps: list[SWAP]) -> None:
    for name, before, after in swaps:
        if not before and not after:
            Path(name).unlink()
        elif not before:
            write(name, after)
        else:
            text = Path(name).read_text(encoding="utf-8")
            assert before in text, (name, before)
            write(name, text.replace(before, after, 1))


@pytest.mark.parametrize("swaps", EDITS.values(), ids=EDITS.keys())
def test_an_edit(swaps: list[SWAP]) -> None:
    answers(cached=True)
    edit(swaps)
    assert answers(cached=True) == answers(cached=False)


def test_one_edit_after_the_other(whole: list[str]) -> None:
    answers(cached=True)
    for name, swaps in EDITS.items():
        if name in ("a broken file", "a call less", "a parameter that is called", "a rename", "a star import"):
            continue  # what others need stands there no more
        try:
            edit(swaps)
        except AssertionError:
            continue
        assert answers(cached=True) == answers(cached=False), name
    assert whole


def test_a_method_comes_to_run_the_module_that_calls_pass_by() -> None:
    edit(EDITS["a call that passes by nothing"])
    answers(cached=True)
    edit(
        [
            (
                "pkg/policy.py",
                "    def idle(self, x):\n        return x",
                "    def idle(self, x):\n        return self(x)",
            )
        ]
    )
    found = answers(cached=True)
    assert found == answers(cached=False)
    assert "TFG501" in str(found["agent.py"])


def test_a_module_that_another_file_compiles() -> None:
    answers(cached=True)
    for swap, count in (
        (("return player\n", "player.inner = torch.compile(player.inner)\n    return 1\n"), 1),
        (("player.inner = torch", "player.outer = torch"), 0),
        (("player.outer = torch", "player.inner = torch"), 1),
        (("def coach(", "def before():\n    pass\n\n\ndef coach("), 1),
        (("player: Player", "player"), 0),
    ):
        edit([("coach.py", *swap)])
        found = answers(cached=True)
        assert str(found["pkg/player.py"]).count("TFG501") == 2 * count, swap
        assert found == answers(cached=False)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a loop that counts", ["TFG305"], ["TFG305", "TFG305"]),
        ("a loop that counts no more", ["TFG305"], []),
        ("a shorter loop", ["TFG305"], []),
        ("a loop in compiled code", ["TFG305"], []),
        ("a loop that compiled code comes to", ["TFG305"], []),
        ("what a loop calls is compiled no more", ["TFG305"], []),
        ("what a loop calls is compiled", ["TFG305"], ["TFG305", "TFG305"]),
        ("another parameter", ["TFG305"], []),
        ("another import of what a loop calls", ["TFG305"], ["TFG305", "TFG305"]),
        ("a compile for constant sizes", ["TFG305"], ["TFG305", "TFG308"]),
        ("a compiled attribute", ["TFG305"], ["TFG305", "TFG305"]),
    ],
)
def test_a_loop_of_another_file(name: str, before: list[str], after: list[str]) -> None:
    assert codes(answers(cached=True)["steps.py"]) == before
    edit(EDITS[name])
    found = answers(cached=True)
    assert codes(found["steps.py"]) == after
    assert found == answers(cached=False)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("a global that is set once", 0),
        ("another global that is set", 0),
        ("a global that starts otherwise", 0),
        ("a global that is not read", 0),
        ("a reader that is compiled", 2),
        ("a reader that is compiled no more", 0),
        ("a reader that moves", 1),
        ("a function before what sets", 1),
        ("a setter in compiled code", 0),
        ("a setter that compiled code comes to", 0),
    ],
)
def test_a_global_of_another_file(name: str, count: int) -> None:
    assert codes(answers(cached=True)["levels.py"]).count("TFG309") == 1
    edit(EDITS[name])
    found = answers(cached=True)
    assert codes(found["levels.py"]).count("TFG309") == count
    assert found == answers(cached=False)


def codes(findings: object) -> list[str]:
    assert isinstance(findings, list)
    return sorted(code for each in findings if (code := json.loads(each)["code"]).startswith("TFG3"))


def test_another_configuration() -> None:
    answers(cached=True)
    entries = ("pkg.tools:extra",)
    assert answers(cached=True, entries=entries) == answers(cached=False, entries=entries)
    edit(EDITS["a function"])
    assert answers(cached=True, entries=entries) == answers(cached=False, entries=entries)
    write("pkg/tools.py", Path("pkg/tools.py").read_text(encoding="utf-8").replace("extra", "other"))
    assert answers(cached=True, entries=entries) == answers(cached=False, entries=entries)
    assert answers(cached=True) == answers(cached=False)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Says how often all files were linked."""
    counted: list[str] = []
    linked = Links._linked

    def counting(self: Links, files: list[File], key: bytes) -> object:
        counted.append("all")
        return linked(self, files, key)

    monkeypatch.setattr(Links, "_linked", counting)
    return counted


@pytest.mark.parametrize(
    "name",
    [
        "a function",
        "a function that calls others",
        "a method",
        "a function less",
        "a call in eager code",
        "a call of torch",
        "a helper that traced code calls",
        "a method that traced code calls",
        "a helper of fullgraph code",
        "only rows",
        "two files",
    ],
)
def test_what_links_nothing_again(name: str, whole: list[str]) -> None:
    answers(cached=True)
    edit(EDITS[name])
    whole.clear()
    answers(cached=True)
    assert not whole


def test_a_cache_that_lost_some_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(cached=True)
    edit(EDITS["a function"])
    expected = answers(cached=False)
    monkeypatch.setattr("fullgraph.engine.linked._Reader.__call__", lambda *_: (_ for _ in ()).throw(KeyError))
    assert answers(cached=True) == expected


def test_regions_that_the_cache_lost(monkeypatch: pytest.MonkeyPatch, whole: list[str]) -> None:
    answers(cached=True)
    expected = answers(cached=False)
    real, lost = Project.link, []

    def losing(self: Project, sources: dict[str, Source]) -> object:
        early = real(self, sources)
        self.store._directory = None
        lost.append(self)
        return early

    monkeypatch.setattr(Project, "link", losing)
    edit([("alone.py", "", "import torch\n\n\n@torch.compile\ndef alone(x):\n    return x.item()\n")])
    again = answers(cached=True)
    assert lost
    assert {name: said for name, said in again.items() if name not in ("alone.py", "regions")} == {
        name: said for name, said in expected.items() if name not in ("alone.py", "regions")
    }


# Random edits


CALLS = [
    "x.relu()",
    "torch.relu(x)",
    "self.hook(x)",
    "helpers.count(x)",
    "apply(act, x)",
    "move(x)",
    "print(x)",
    "fn(x)",
    "stepped(x, n)",
    "fast(x, n)",
    "level_steps.leveled(x)",
    "torch.compile(halved)",
]
LOOPED = "for n in range(100):\n    level_steps.level = n\n    {}"


def changed(text: str, chance: random.Random) -> str:
    """A file with one thing changed at random."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    text = chance.choice(["", "y = ", "x.y = ", "x.inner = "]) + chance.choice(CALLS)
    statement = ast.parse(LOOPED.format(text) if chance.random() < 0.3 else text).body[0]
    name = chance.choice(["added", "count", "hook", "forward", "more"])
    match chance.randrange(6):
        case 0:
            added = ast.parse(f"def {name}(x, fn=None):\n    return {chance.choice(CALLS)}").body[0]
            tree.body.insert(chance.randint(min(1, len(tree.body)), len(tree.body)), added)
        case 1 if classes:
            added = ast.parse(f"def {name}(self, x):\n    return {chance.choice(CALLS)}").body[0]
            chance.choice(classes).body.append(added)
        case 2 | 3 if functions:
            body = chance.choice(functions).body
            body.insert(chance.randint(0, len(body)), statement)
        case 4 if functions:
            body = chance.choice(functions).body
            body[chance.randrange(len(body))] = ast.Pass()
        case _:
            tree.body.append(statement)
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


@pytest.mark.parametrize("seed", range(12))
def test_random_edits(seed: int) -> None:
    chance = random.Random(seed)
    answers(cached=True)
    for _ in range(6):
        name = chance.choice([each for each in FILES if each != "pkg/__init__.py"])
        write(name, changed(Path(name).read_text(encoding="utf-8"), chance))
        assert answers(cached=True) == answers(cached=False), Path(name).read_text(encoding="utf-8")
