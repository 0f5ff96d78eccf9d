"""Which dotted paths an expression may stand for."""

from __future__ import annotations

import ast
import itertools
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullgraph.semantic.names import Names
from fullgraph.semantic.walk import Walked, walk


def names_of(source: str) -> tuple[tuple[str, ...], ...]:
    """What the argument of every call ``ask(...)`` may be, in the order of the file."""
    walked = walk(ast.parse(source), [ast.Call])
    names = Names(walked)
    calls = [node for node, _ in walked.buckets[ast.Call] if isinstance(node, ast.Call)]
    asked = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "ask"]
    assert asked, "the example asks for nothing"
    return tuple(names.of(call.args[0]) for call in asked)


def model(source: str) -> tuple[Walked, Names]:
    walked = walk(ast.parse(source))
    return walked, Names(walked)


ONE = {
    "import torch\nask(torch.a.b)": "torch.a.b",
    "import torch.nn.functional\nask(torch.nn.functional.relu)": "torch.nn.functional.relu",
    "import torch.nn.functional as F\nask(F.relu)": "torch.nn.functional.relu",
    "from torch import nn\nask(nn.Linear)": "torch.nn.Linear",
    "from torch.nn import functional as F\nask(F)": "torch.nn.functional",
    "def f():\n    import torch as t\n    ask(t.a)": "torch.a",
    "class C:\n    import torch as t\n    ask(t.a)": "torch.a",
    "from .torch import a\nask(a.b)": ".torch.a.b",
    "from . import a\nask(a)": ".a",
    "from .. import a as b\nask(b.c)": "..a.c",
    "from ..x.y import a\nask(a)": "..x.y.a",
    "import torch\nt = torch\nu = t.nn\nv = u.functional\nask(v.relu)": "torch.nn.functional.relu",
    "import torch\nt: object = torch\nask(t.a)": "torch.a",
    "import torch\na, (b, c) = 1, (torch, torch.nn)\nask(c.x)": "torch.nn.x",
    "import torch\na = b = torch.x\nask(a)": "torch.x",
    "import torch\nask(getattr(torch, '_C'))": "torch._C",
    "import torch\nask(getattr(getattr(torch, '_C'), 'x', None).y)": "torch._C.x.y",
    "import torch\n(t := torch)\nask(t.a)": "torch.a",
    "import torch\ndef f(o):\n    [t := torch for x in o]\n    ask(t.a)": "torch.a",
    "import torch\nask((lambda: 0) and torch.x)": "torch.x",
    "ask(print)": "builtins.print",
    "def f():\n    ask(len)": "builtins.len",
    "def f():\n    global t\n    import torch as t\nask(t.a)": "torch.a",
    "import torch\ndef f():\n    t = torch\n    def g():\n        nonlocal t\n        ask(t.a)": "torch.a",
    "def f():\n    def g():\n        nonlocal t\n        import torch as t\n    t = None\n    ask(t.a)": "torch.a",
    "import torch\ndef f(torch=ask(torch.a)): pass": "torch.a",
    "import torch\n@ask(torch.a)\ndef f(torch): pass": "torch.a",
    "import torch\ndef f(torch: ask(torch.a)): pass": "torch.a",
    "import torch\ndef f(torch) -> ask(torch.a): pass": "torch.a",
    "import torch\nlambda torch=ask(torch.a): 0": "torch.a",
    "import torch\n[0 for torch in ask(torch.a)]": "torch.a",
    "import torch\nclass C(ask(torch.a)):\n    torch = 1": "torch.a",
    "import torch\nclass C(metaclass=ask(torch.a)):\n    torch = 1": "torch.a",
    "import torch\nclass C:\n    torch = 1\n    def f(self):\n        ask(torch.a)": "torch.a",
    "import torch\nclass C:\n    torch = 1\n    x = [ask(torch.a) for y in z]": "torch.a",
    "ask(torch.a)\nimport torch": "torch.a",
    "def f():\n    ask(torch.a)\nimport torch": "torch.a",
    "import torch\ndel torch\nask(torch.a)": "torch.a",
    "import torch\nask(torch._C._x.__class__)": "torch._C._x.__class__",
    "import torch\nif c:\n    import torch\nask(torch.a)": "torch.a",
    "import torch as _t\nt = _t\n[ask(t.x) for t2 in t]": "torch.x",
    "import torch\ntry:\n    pass\nexcept E as e:\n    ask(torch.a)": "torch.a",
}

MANY = {
    "try:\n    from torch.compiler import disable\nexcept ImportError:\n"
    "    from torch._dynamo import disable\nask(disable)": (
        "torch.compiler.disable",
        "torch._dynamo.disable",
    ),
    "import torch\nf = torch.a if c else torch.b\nask(f)": ("torch.a", "torch.b"),
    "import torch\nf = torch.a or torch.b or 1\nask(f.x)": ("torch.a.x", "torch.b.x"),
    "import torch\nask(torch.a if c else (torch.b if d else torch.c))": ("torch.a", "torch.b", "torch.c"),
    "if c:\n    import a as m\nelif d:\n    import b as m\nelse:\n    import a as m\nask(m)": ("a", "b"),
    "import torch\nm = torch\nm = m.x\nask(m)": ("torch", "torch.x"),
    "import torch\ntry:\n    from x import y\nexcept ImportError:\n    y = None\nask(y)": ("x.y",),
    "import torch\ndef f():\n    global m\n    m = torch.b\nm = torch.a\nask(m)": ("torch.b", "torch.a"),
}

NONE = {
    "parameter": "import torch\ndef f(torch):\n    ask(torch.a)",
    "keyword-only, star and double star": "import torch\ndef f(*torch, t=0, **u):\n    ask(torch.a)",
    "lambda parameter": "import torch\nlambda torch: ask(torch.a)",
    "loop variable": "import torch\ndef f(o):\n    for torch in o:\n        ask(torch.a)",
    "loop variable in a tuple": "import torch\ndef f(o):\n    for i, torch in o:\n        ask(torch.a)",
    "comprehension variable": "import torch\n[ask(torch.a) for torch in o]",
    "nested comprehension variable": "import torch\n[[ask(torch.a) for x in torch] for torch in o]",
    "definition": "import torch as t\ndef torch(): pass\nask(torch.a)",
    "class": "class torch: pass\nask(torch.a)",
    "with": "import torch\ndef f(o):\n    with o as torch:\n        ask(torch.a)",
    "except": "import torch\ndef f(o):\n    try: pass\n    except E as torch:\n        ask(torch.a)",
    "match capture": "import torch\ndef f(o):\n    match o:\n        case [torch]:\n            ask(torch.a)",
    "match star": "import torch\ndef f(o):\n    match o:\n        case [*torch]:\n            ask(torch.a)",
    "match rest": "import torch\ndef f(o):\n    match o:\n        case {**torch}:\n            ask(torch.a)",
    "match as": "import torch\ndef f(o):\n    match o:\n        case 1 as torch:\n            ask(torch.a)",
    "augmented": "import torch\ndef f(o):\n    torch += 1\n    ask(torch.a)",
    "unpacked": "import torch\ndef f(o):\n    torch, x = o\n    ask(torch.a)",
    "starred": "import torch\ndef f(o):\n    *torch, x = 1, 2\n    ask(torch.a)",
    "annotation only": "import torch\ndef f():\n    torch: int\n    ask(torch.a)",
    "local del": "import torch\ndef f():\n    del torch\n    ask(torch.a)",
    "used before bound in a function": "import torch\ndef f():\n    ask(torch.a)\n    torch = g()",
    "literal": "ask(1)",
    "call": "import torch\nask(torch.f())",
    "attribute of a call": "import torch\nask(torch.f().g)",
    "subscript": "import torch\nask(torch.f[0].g)",
    "getattr with a variable": "import torch\nask(getattr(torch, name))",
    "star import hides the builtins": "from torch import *\nask(print)",
    "star import in a class file": "from x import *\ndef f():\n    ask(tensor)",
    "cycle": "a = b\nb = a\nask(a.x)",
    "self": "a = a\nask(a)",
    "self with attribute": "a = a.b\nask(a)",
    "class attribute is not a name of its methods": "class C:\n    import torch as t\n    def f(self):\n        ask(t)",
    "global that nobody binds, under a function that does": (
        "from x import *\ndef f():\n    import torch\n    def g():\n        global torch\n        ask(torch.a)"
    ),
    "nonlocal does not mean the class": (
        "def f(t):\n    class C:\n        import torch as t\n        def m(self):\n"
        "            nonlocal t\n            ask(t)"
    ),
    "getattr of a shadowed name": "import torch\ndef f(torch):\n    ask(getattr(torch, 'a'))",
}


@pytest.mark.parametrize("source", ONE)
def test_one_path(source: str) -> None:
    assert names_of(source) == ((ONE[source],),)


@pytest.mark.parametrize("source", MANY)
def test_every_possible_path_in_the_order_of_the_file(source: str) -> None:
    assert names_of(source) == (MANY[source],)


@pytest.mark.parametrize("name", NONE)
def test_unknown(name: str) -> None:
    expected: tuple[str, ...] = ()
    if name == "class attribute is not a name of its methods":
        expected = ("builtins.t",)
    assert names_of(NONE[name]) == (expected,)


def test_builtins_only_when_unbound() -> None:
    source = "ask(print)\ndef f(print):\n    ask(print)\ndef g():\n    ask(print)\n    def h():\n        print = 1\n"
    assert names_of(source) == (("builtins.print",), (), ("builtins.print",))
    assert names_of("ask(print)\nprint = log\n") == (("builtins.log",),)
    assert names_of("def f():\n    global print\n    ask(print)\n") == (("builtins.print",),)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with Python 3.12")
def test_type_parameters_shadow() -> None:
    source = "import torch\ndef f[torch](x: ask(torch.a)) -> ask(torch.b):\n    ask(torch.c)\nask(torch.d)"
    assert names_of(source) == ((), (), (), ("torch.d",))
    source = "import torch\nclass C[torch](ask(torch.a)):\n    def f(self):\n        ask(torch.b)\n"
    source += "type X[torch] = ask(torch.c)"
    assert names_of(source) == ((), (), ())
    source = "import torch\ndef f[T](x: ask(torch.a), torch=ask(torch.b)) -> ask(torch.c): pass"
    assert names_of(source) == (("torch.a",), ("torch.b",), ("torch.c",))


def chain_of_aliases(length: int) -> str:
    lines = ["import torch as a0", *(f"a{n + 1} = a{n}.x" for n in range(length)), f"ask(a{length})"]
    return "\n".join(lines)


@pytest.mark.parametrize(("length", "known"), [(1, True), (7, True), (8, False), (100, False), (2000, False)])
def test_depth_is_bounded(length: int, known: bool) -> None:
    expected = ("torch" + ".x" * length,) if known else ()
    assert names_of(chain_of_aliases(length)) == (expected,)


@pytest.mark.parametrize("rebindings", [2, 5, 30, 300])
@pytest.mark.parametrize("names", [1, 2, 5])
def test_names_rebound_by_each_other_take_no_time(rebindings: int, names: int) -> None:
    variables = [f"v{number}" for number in range(names)]
    lines = ["import torch", *(f"{name} = torch" for name in variables)]
    for number in range(rebindings):
        lines += [f"{a} = {b}.a{number}" for a, b in itertools.product(variables, repeat=2)]
    started = time.process_time()
    names_of("\n".join([*lines, "ask(v0.x)"]))
    assert time.process_time() - started < 5


def test_conditions_inside_conditions_take_no_time() -> None:
    source = "import torch\nx = torch\n" + "x = (x or x) or (x.a if x else x.b)\n" * 20 + "ask(x)"
    started = time.process_time()
    names_of(source)
    assert time.process_time() - started < 5


def test_asking_twice_and_in_any_order_gives_the_same() -> None:
    source = "import torch\na = torch\na = a.x\nb = a\nb = b.y\na = b\n" + "f(a.m)\nf(b.n)\n"
    walked, names = model(source)
    asked = [call.args[0] for call, _ in walked.calls]
    first = [names.of(expr) for expr in asked]
    _, others = model(source)
    assert [names.of(expr) for expr in asked] == first
    walked, others = model(source)
    backwards = [others.of(call.args[0]) for call, _ in reversed(walked.calls)]
    assert backwards[::-1] == first
    assert first[0][0] == "torch.m"


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ("import torch", {"torch"}),
        ("import torch.nn as nn", {"nn"}),
        ("from torch import a, b as c", {"a", "c"}),
        ("import numpy", set()),
        ("def f():\n    import torch as t\n    class C:\n        from torch import x", {"t", "x"}),
        ("import torch\nt = torch\nu = t.x\ndef f():\n    v = u if c else w", {"torch", "t", "u", "v"}),
        ("v = u\nu = t\nt = torch\nimport torch", {"torch", "t", "u", "v"}),
        ("import torch\nx = getattr(torch, 'a').b or 1", {"torch", "x"}),
        ("import torch\n(t := torch)\n[u := t for x in y]", {"torch", "t", "u"}),
        ("import torch\nx = torch.f()", {"torch"}),
        ("from .torch import a", {"a"}),
    ],
)
def test_bound_names(source: str, bound: set[str]) -> None:
    assert model(source)[1].bound_names(("torch",)) == bound


def test_bound_names_of_a_long_chain_take_no_time() -> None:
    lines = [f"a{n} = a{n + 1}" for n in range(20_000)] + ["import torch as a20000"]
    started = time.process_time()
    assert len(model("\n".join(lines))[1].bound_names(("torch",))) == 20_001
    assert time.process_time() - started < 10


ATOMS = st.sampled_from(
    ["a", "b", "c", "torch", "a.x", "b.y", "c.x.y", "getattr(a, 'z')", "(a or b)", "(b if c else a)", "f()"]
)
LINES = st.tuples(st.sampled_from("abc"), ATOMS).map(lambda pair: f"{pair[0]} = {pair[1]}")


@given(st.lists(LINES, max_size=12), ATOMS)
def test_whatever_is_named_begins_with_an_import_or_a_builtin(lines: list[str], asked: str) -> None:
    source = "\n".join(["import torch", *lines, f"ask({asked})"])
    (paths,) = names_of(source)
    assert len(set(paths)) == len(paths)
    assert all(path == "torch" or path.startswith(("torch.", "builtins.")) for path in paths)
    walked, names = model(source)
    ask = walked.calls[-1][0] if walked.calls[-1][0].args else walked.calls[-2][0]
    if paths and any(path.startswith("torch") for path in paths):
        head = ask.args[0]
        loads = {node.id for node in ast.walk(head) if isinstance(node, ast.Name)}
        assert loads & names.bound_names(("torch",)), "candidates hold every name that leads to torch"
