"""Classes of one file: bases, methods, attributes, and which definitions a call enters."""

from __future__ import annotations

import ast
import time

import pytest

from fullgraph.semantic.classes import Classes, ModuleClass
from fullgraph.semantic.names import Names
from fullgraph.semantic.walk import Walked, walk


class Code:
    """One file, with its definitions by name."""

    def __init__(self, source: str) -> None:
        self.walked: Walked = walk(ast.parse("import torch\nfrom torch import nn\n" + source))
        self.classes = Classes(self.walked, Names(self.walked))
        self.by_name = {info.node.name: info.node for info in self.walked.classes.values()}

    def entered(self) -> list[list[str]]:
        """What every call ``ask(expression)``'s argument enters, as ``Class.method@row`` or ``function@row``."""
        found = []
        for call, scope in self.walked.calls:
            if isinstance(call.func, ast.Name) and call.func.id == "ask":
                nodes = self.classes.functions_of(call.args[0], scope)
                found.append([self.label(node) for node in nodes])
        return found

    def label(self, node: ast.AST) -> str:
        info = self.walked.functions[node]
        return f"{info.owner.name}.{info.node.name}" if info.owner is not None else info.node.name

    def is_module(self, name: str) -> ModuleClass:
        return self.classes.is_module(self.by_name[name])


MODULES = {
    "class C(nn.Module): pass": ModuleClass.YES,
    "class C(torch.nn.Sequential): pass": ModuleClass.YES,
    "class B(nn.Module): pass\nclass C(B): pass": ModuleClass.YES,
    "Base = nn.Module\nclass C(Base): pass": ModuleClass.YES,
    "class C(object, nn.Module): pass": ModuleClass.YES,
    "from lightning import LightningModule\nclass C(LightningModule): pass": ModuleClass.YES,
    "class C: pass": ModuleClass.NO,
    "class C(object): pass": ModuleClass.NO,
    "class C(torch.autograd.Function): pass": ModuleClass.NO,
    "from torch.autograd import Function\nclass C(Function): pass": ModuleClass.NO,
    "from torch.utils.data import Dataset\nclass C(Dataset): pass": ModuleClass.NO,
    "from torch.optim import Optimizer\nclass C(Optimizer): pass": ModuleClass.NO,
    "from sklearn.base import BaseEstimator\nclass C(BaseEstimator):\n"
    " def initialize(self):\n  self.module_ = nn.Linear(1, 1)": ModuleClass.NO,
    "class C(unknown()): pass": ModuleClass.NO,
    "class C(C): pass": ModuleClass.NO,
    "class B(C): pass\nclass C(B): pass": ModuleClass.NO,
    "class B: pass\nclass C(B): pass": ModuleClass.NO,
    "import typing\nT = typing.TypeVar('T')\nclass C(typing.Generic[T]): pass": ModuleClass.NO,
    "import typing\nT = typing.TypeVar('T')\nclass C(nn.Module, typing.Generic[T]): pass": ModuleClass.YES,
    "from .base import Base\nclass C(Base):\n def __init__(self):\n  self.fc = nn.Linear(1, 1)": ModuleClass.MAYBE,
    "from .base import Base\nclass C(Base):\n def __init__(self):\n  self.register_buffer('x', y)": ModuleClass.MAYBE,
}


@pytest.mark.parametrize("source", MODULES)
def test_is_module(source: str) -> None:
    assert Code(source).is_module("C") is MODULES[source]


ENTERED = {
    "def f(): pass\nask(f)": ["f"],
    "def f(): pass\ng = f\nh = g\nask(h)": ["f"],
    "ask(f)\ndef f(): pass": ["f"],
    "if c:\n def f(): pass\nelse:\n def f(): pass\nask(f)": ["f", "f"],
    "def f(): pass\ndef g(f): ask(f)": [],
    "def f(): pass\ndef g():\n def f(): pass\n ask(f)": ["f"],
    "class C:\n def m(self): ask(self.n)\n def n(self): pass": ["C.n"],
    "class C:\n def m(this): ask(this.n)\n def n(self): pass": ["C.n"],
    "class C:\n def m(self, other): ask(other.n)\n def n(self): pass": [],
    "class C:\n @staticmethod\n def m(self): ask(self.n)\n def n(self): pass": [],
    "class C:\n def m(self):\n  self = f()\n  ask(self.n)\n def n(self): pass": [],
    "class C:\n def m(self):\n  def inner(): ask(self.n)\n def n(self): pass": ["C.n"],
    "class B:\n def n(self): pass\nclass C(B):\n def m(self): ask(self.n)": ["B.n"],
    "class B:\n def n(self): pass\nclass C(B):\n def n(self): pass\n def m(self): ask(self.n)": ["C.n"],
    "class B:\n def n(self): pass\nclass C(B):\n def n(self): ask(super().n)": ["B.n"],
    "class B:\n def n(self): pass\nclass C(B):\n def n(self): ask(super(C, self).n)": ["B.n"],
    "class A:\n def n(self): pass\nclass B(A): pass\nclass C(B):\n def n(self): ask(super().n)": ["A.n"],
    "class C:\n def n(self): ask(super().n)": [],
    "class N(nn.Module):\n def forward(self): pass\nask(N())": ["N.forward"],
    "class N(nn.Module):\n def forward(self): pass\nask(N().to('cuda').eval())": ["N.forward"],
    "class N(nn.Module):\n def forward(self): pass\nnet = N()\nask(net)": ["N.forward"],
    "class N(nn.Module):\n def forward(self): pass\nnet = N()\nnet = net.cuda()\nnet = torch.compile(net)\nask(net)": [
        "N.forward"
    ],
    "class N(nn.Module):\n def forward(self): pass\nask(N)": [],
    "class N(nn.Module):\n def forward(self): pass\nask(N().forward)": ["N.forward"],
    "class N(nn.Module):\n def __call__(self): pass\n def forward(self): pass\nask(N())": ["N.__call__"],
    "class N(nn.Module):\n def forward(self): pass\nclass C(nn.Module):\n"
    " def __init__(self): self.n = N()\n def forward(self): ask(self.n)": ["N.forward"],
    "class N(nn.Module):\n def forward(self): pass\nclass B(nn.Module):\n def __init__(self): self.n = N()\n"
    "class C(B):\n def forward(self): ask(self.n)": ["N.forward"],
    "class N(nn.Module):\n def forward(self): pass\nclass C(nn.Module):\n def __init__(self): self.n = N()\n"
    "class D(nn.Module):\n def __init__(self): self.c = C()\n def forward(self): ask(self.c.n)": ["N.forward"],
    "class N:\n def forward(self): pass\nclass C:\n def __init__(self): self.n = self.n\n def m(self): ask(self.n)": [],
    "import typing\nclass C:\n @typing.overload\n def n(self, a: int): ...\n"
    " @typing.overload\n def n(self, a: str): ...\n"
    " def n(self, a): pass\n def m(self): ask(self.n)": ["C.n"],
    "ask(print)": [],
    "f = f\nask(f)": [],
    "f = g\ng = f\nask(f)": [],
}


@pytest.mark.parametrize("source", ENTERED)
def test_functions_of(source: str) -> None:
    assert Code(source).entered() == [ENTERED[source]]


def test_the_last_definition_counts_and_setters_do_not() -> None:
    code = Code(
        "import typing\nclass C:\n @typing.overload\n def m(self): ...\n def m(self): real\n"
        " @property\n def p(self): getter\n @p.setter\n def p(self, v): setter\n"
        " def twice(self): first\n def twice(self): second\n"
    )
    bodies = {}
    for name in ("m", "p", "twice"):
        method = code.classes.method(code.by_name["C"], name)
        assert method is not None
        bodies[name] = ast.unparse(method.body[0])
    assert bodies == {"m": "real", "p": "getter", "twice": "second"}
    assert code.classes.method(code.by_name["C"], "nothing") is None


def test_lineage_is_nearest_first_and_ends() -> None:
    code = Code("class A(D): pass\nclass B(A): pass\nclass C(B, A): pass\nclass D(C): pass\n")
    assert [node.name for node in code.classes.lineage(code.by_name["C"])] == ["C", "B", "A", "D"]


def test_held_and_declared() -> None:
    code = Code(
        "class B:\n x: int = 1\n def set(self): self.y = 2\n"
        "class C(B):\n def set(self): self.y: int = 3\n def other(this): this.y, z.y = 4, 5\n"
    )
    held = code.classes.held(code.by_name["C"], "y")
    assert [ast.unparse(item.value) for item in held if item.value] == ["3", "4", "2"]
    assert len(code.classes.declared(code.by_name["C"], "x")) == 1
    assert code.classes.held(code.by_name["C"], "x") == ()


@pytest.mark.parametrize(
    "repeated",
    [
        "m = m.to({n})",
        "m = torch.compile(m)",
        "m = k\nk = m",
        "def g{n}(): pass\nm = k\nk = m",
    ],
)
def test_rebinding_takes_no_time(repeated: str) -> None:
    lines = ["class N(nn.Module):", " def forward(self): pass", "m = N()", "k = m"]
    lines += [repeated.format(n=number) for number in range(60)]
    started = time.process_time()
    assert Code("\n".join([*lines, "ask(m)"])).entered() == [["N.forward"]]
    assert time.process_time() - started < 5


def test_attributes_set_from_themselves_take_no_time() -> None:
    lines = [
        "class N(nn.Module):",
        " def forward(self): pass",
        "class C(nn.Module):",
        " def __init__(self):",
        "  self.m = N()",
    ]
    lines += [f"  self.m = self.m.to({number})" for number in range(60)]
    started = time.process_time()
    assert Code("\n".join([*lines, " def forward(self): ask(self.m)"])).entered() == [["N.forward"]]
    assert time.process_time() - started < 5
