"""Linking ends soon, never raises, and says the same, whatever the code and the order of its files."""

from __future__ import annotations

import ast
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fullgraph.semantic.traced import FileRegion
from projects import PROJECTS, found, linked, read

SECONDS = 10
_NAME = re.compile(r"\b[A-Za-z_][A-Za-z0-9_]*\b")


def link_within_time(sources: dict[str, str]) -> dict[str, FileRegion]:
    """Link files, and fail if that takes long."""
    started = time.process_time()
    regions = linked(sources)
    assert time.process_time() - started < SECONDS
    return regions


ALL = {f"{name}/{filename}": source for name in PROJECTS for filename, source in read(name).items()}
SOURCES = list(ALL.values())


def renamed(source: str, chance: random.Random, names: list[str]) -> str:
    """The source with some identifiers replaced by others of the same project."""
    return _NAME.sub(lambda match: chance.choice(names) if chance.random() < 0.05 else match[0], source)


def moved(source: str, chance: random.Random) -> str:
    """The source with some lines dropped or moved."""
    lines = source.split("\n")
    for _ in range(chance.randrange(6)):
        place = chance.randrange(len(lines))
        line = lines.pop(place) if len(lines) > 1 and chance.random() < 0.7 else lines[place]
        if chance.random() < 0.7:
            lines.insert(chance.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_mutated_projects_link(seed: int) -> None:
    chance = random.Random(seed)
    sources = read(chance.choice(PROJECTS))
    names = sorted({name for source in sources.values() for name in _NAME.findall(source)})
    mutated = {filename: renamed(moved(source, chance), chance, names) for filename, source in sources.items()}
    kept = {filename: source if parses(source) else sources[filename] for filename, source in mutated.items()}
    regions = link_within_time(kept)
    assert list(regions) == list(kept)


def test_all_projects_at_once() -> None:
    regions = link_within_time(ALL)
    assert any(region.traced for region in regions.values())


N = 1000
HOSTILE = {
    "import cycle": {
        "a.py": "from b import f\nimport torch\ntorch.compile(f)",
        "b.py": "from c import f",
        "c.py": "from a import f",
    },
    "star cycle": {
        "a.py": "from b import *\nimport torch\ntorch.compile(f)\n@g\ndef h(): ...",
        "b.py": "from c import *\nfrom a import *",
        "c.py": "from a import *\nfrom b import *",
    },
    "package cycle": {
        "p/__init__.py": "from .q import *\nfrom . import q\nfrom .q import p",
        "p/q/__init__.py": "from .. import *\nfrom ... import x\nfrom .. import q as p\nfrom ...... import y",
        "m.py": "import torch, p\ntorch.compile(p.q.p.q.p.q.f)\ntorch.compile(p.q.q.q.q)",
    },
    "own base": {
        "a.py": "import torch\nclass K(K):\n    def forward(self): return super().forward()\ntorch.compile(K())",
    },
    "bases in a circle": {
        "a.py": "import torch\nfrom b import B\nclass A(B):\n    def forward(self): self.x()\ntorch.compile(A())",
        "b.py": "from a import A\nfrom c import C\nclass B(A, C):\n    def x(self): super().x()",
        "c.py": "from a import A\nfrom b import B\nclass C(B, A):\n    x = B\nclass D(C, C, D):\n    pass",
    },
    "no order of bases": {
        "a.py": "import torch\nfrom torch import nn\nclass A(nn.Module): pass\nclass B(A): pass\nclass C(A, B):\n"
        "    def forward(self): ...\ntorch.compile(C())",
    },
    "returns itself": {
        "a.py": "import torch\ndef f(): return f\ndef g(x): return g(g)(x)\nh = lambda: h()\n"
        "def i(x): return x(x)\ntorch.compile(f()()()())\ntorch.compile(g(g))\ntorch.compile(h())\ntorch.compile(i(i))",
    },
    "decorated by itself": {"a.py": "import torch\n@f\ndef f(x): return torch.compile(f(x))\n@f\nclass K: pass"},
    "attributes of each other": {
        "a.py": "import torch\nclass A:\n    def __init__(self):\n        self.a = self.b\n        self.b = self.a\n"
        "        self.c = self.c.c\n        self.d = [self.d]\n    @property\n    def e(self): return self.e.e\n"
        "    def forward(self): self.a(), self.c(), self.d[0](), self.e()\ntorch.compile(A().forward)",
    },
    "names of each other": {
        "a.py": "import torch\nx = y\ny = x\nz = z.z\nw = w()\nv = [v]\nu = u[0]\nt = t if t else u\n"
        + "".join(f"torch.compile({name})\n" for name in "xyzwvut"),
    },
    "aliases": {
        "a.py": "import torch\ndef f0(): ...\n"
        + "".join(f"f{n + 1} = f{n}\n" for n in range(N))
        + f"torch.compile(f{N})\n",
    },
    "aliases across files": {
        "m0.py": "def f(): ...",
        **{f"m{n + 1}.py": f"from m{n} import f" for n in range(N)},
        "main.py": f"import torch\nfrom m{N} import f\ntorch.compile(f)",
    },
    "calls in calls": {"a.py": "import torch\ndef f(x): return x\ntorch.compile(" + "f(" * 80 + "f" + ")" * 80 + ")"},
    "attributes in a row": {
        "a.py": "import torch\nimport b\ntorch.compile(b" + ".b" * N + ")",
        "b.py": "import b\nx = b.b",
    },
    "bases in a row": {
        "a.py": "import torch\nclass K0(torch.nn.Module):\n    def forward(self): self.g()\n    def g(self): ...\n"
        + "".join(f"class K{n + 1}(K{n}):\n    def g(self): super().g()\n" for n in range(N // 2))
        + f"torch.compile(K{N // 2}())",
    },
    "calls in a row": {
        "a.py": "import torch\ndef f0(): ...\n"
        + "".join(f"def f{n + 1}(): f{n}()\n" for n in range(5 * N))
        + f"torch.compile(f{5 * N})",
    },
    "functions in functions": {
        "a.py": "import torch\n@torch.compile\n"
        + "".join(" " * n + f"def f{n}():\n" for n in range(90)) + " " * 90 + "f0()",
    },
    "many of everything": {
        "a.py": "import torch\nfrom torch import nn\n"
        + "".join(f"class K{n}(nn.Module):\n    def __init__(self, k):\n        self.k = k\n"
                  f"    def forward(self, x): return self.k(x)\n" for n in range(300))
        + "def make(name, *a): return {" + ", ".join(f"'{n}': K{n}" for n in range(300)) + "}[name](*a)\n"
        + "torch.compile(make('1', make('2', make('3', make('4')))))\n",
    },
    "no names at all": {
        "a.py": "import torch\ntorch.compile(*[])\ntorch.compile(**{})\n(lambda: 0)()()\n[0]()\n'a'.b()",
    },
    "arguments without a model": {
        "a.py": "from transformers import T, A\na = A(torch_compile=True)\nT(args=a)\nT(*[], args=a)\nT(a, a)\n"
        "T(a, model=a)\nT(1, a)\nT(torch_compile=True)\nT(args=A(torch_compile=True)(torch_compile=True))",
    },
    "empty": {"__init__.py": "", "a/__init__.py": ""},
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_links(name: str) -> None:
    link_within_time(HOSTILE[name])


def test_annotations_that_name_themselves() -> None:
    link_within_time(
        {"a.py": "import torch\nclass P(P): pass\n@torch.compile\ndef f(x: 'f', y: \"'y'\", z: P[P[P]]): z()"}
    )


@pytest.mark.parametrize("name", PROJECTS)
def test_the_order_of_files_changes_nothing(name: str) -> None:
    sources = read(name)
    expected = found(sources)
    chance = random.Random(4)
    for _ in range(3):
        filenames = list(sources)
        chance.shuffle(filenames)
        assert found({filename: sources[filename] for filename in filenames}) == expected


def test_hashing_changes_nothing() -> None:
    script = (
        "import json, projects; print(json.dumps({n: projects.found(projects.read(n)) for n in projects.PROJECTS}))"
    )
    here = Path(__file__).parent
    answers = []
    for seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=here, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
    assert answers[0] == answers[1] == answers[2]
