"""Which functions Dynamo traces, how surely, and by which chain."""

from __future__ import annotations

import ast
import time
from textwrap import dedent

import pytest

from fullgraph.semantic.model import FileModel
from fullgraph.semantic.source import split_lines
from fullgraph.semantic.traced import Traced
from fullgraph.semantic.walk import FunctionInfo

N, P, C = Traced.NONE, Traced.POSSIBLE, Traced.CERTAIN
HEAD = "import torch, functools\nfrom torch import nn\n"


def qualified(info: FunctionInfo) -> str:
    return info.node.name if info.owner is None else f"{info.owner.name}.{info.node.name}"


class Code:
    """One file and what is traced in it."""

    def __init__(self, source: str) -> None:
        text = HEAD + dedent(source)
        self.model = FileModel(ast.parse(text), split_lines(text), "file.py")
        self.lines = split_lines(text)

    def degrees(self) -> dict[str, Traced]:
        """The degree of every ``def``, by its name."""
        functions = self.model.walked.functions.values()
        return {
            qualified(info): self.model.region.traced_by(info.scope, info.node.body[0].lineno).degree
            for info in functions
        }

    def marks(self) -> list[Traced]:
        """The degree at every call of ``mark()``."""
        found = []
        for call, scope in self.model.walked.calls:
            if isinstance(call.func, ast.Name) and call.func.id == "mark":
                found.append(self.model.region.traced_by(scope, call.lineno).degree)
        return found

    def chain(self, name: str) -> list[str]:
        for info in self.model.walked.functions.values():
            if qualified(info) == name:
                steps = self.model.region.traced_by(info.scope, info.node.body[0].lineno).chain
                assert all(step.filename == "file.py" for step in steps)
                return [f"{step.name}@{step.row - 2}" for step in steps]
        raise AssertionError(name)


def degrees(source: str) -> dict[str, Traced]:
    return Code(source).degrees()


CERTAIN_ROOTS = {
    "bare decorator": "@torch.compile\ndef f(x): ...",
    "called decorator": "@torch.compile(fullgraph=True)\ndef f(x): ...",
    "decorator without arguments": "@torch.compile()\ndef f(x): ...",
    "imported": "from torch import compile\n@compile\ndef f(x): ...",
    "imported under a name": "from torch import compile as jit\n@jit(dynamic=True)\ndef f(x): ...",
    "aliased": "fast = torch.compile\n@fast\ndef f(x): ...",
    "partial decorator": "@functools.partial(torch.compile, fullgraph=True)\ndef f(x): ...",
    "partial by name": (
        "from functools import partial\nfast = partial(torch.compile, dynamic=True)\n@fast\ndef f(x): ..."
    ),
    "options by name": "fast = torch.compile(mode='max-autotune')\n@fast\ndef f(x): ...",
    "conditional decorator": "fast = torch.compile if cuda else (lambda g: g)\n@fast\ndef f(x): ...",
    "below another decorator": "@functools.wraps(h)\n@torch.compile\n@other\ndef f(x): ...",
    "call": "def f(x): ...\ng = torch.compile(f)",
    "call with keyword": "def f(x): ...\ng = torch.compile(model=f, fullgraph=True)",
    "call of options": "def f(x): ...\ng = torch.compile(fullgraph=True)(f)",
    "call of a partial": "fast = functools.partial(torch.compile, dynamic=True)\ndef f(x): ...\ng = fast(f)",
    "call before the definition": "g = torch.compile(f)\ndef f(x): ...",
    "call inside a function": "def f(x): ...\ndef main():\n    return torch.compile(f)",
    "nested": "def make():\n    @torch.compile\n    def f(x): ...\n    return f",
    "nested in a class in a function": "def make():\n    class K:\n        @torch.compile\n        def f(self): ...",
    "async": "@torch.compile\nasync def f(x): ...",
    "export": "def f(x): ...\ntorch.export.export(f, (1,))",
}


@pytest.mark.parametrize("name", CERTAIN_ROOTS)
def test_certain_function(name: str) -> None:
    found = {key.rpartition(".")[2]: value for key, value in degrees(CERTAIN_ROOTS[name]).items()}
    assert found["f"] is C
    assert {value for key, value in found.items() if key != "f"} <= {N}


NET = "class Net(nn.Module):\n    def forward(self, x): ...\n    def other(self): ...\n"
CERTAIN_MODULES = {
    "instance": "torch.compile(Net())",
    "instance with options": "torch.compile(Net().cuda(), mode='reduce-overhead')",
    "by name": "model = Net()\nmodel = torch.compile(model)",
    "by name in a function": "def main():\n    model = Net().to('cuda')\n    return torch.compile(model)",
    "local class": "def main():\n    class Local(Net):\n        pass\n    return torch.compile(Local())",
    "self.net": "class T:\n    def __init__(self):\n        self.net = torch.compile(Net())",
    "self.net again": (
        "class T:\n    def __init__(self):\n        self.net = Net()\n        self.net = torch.compile(self.net)"
    ),
    "in place": "model = Net()\nmodel.compile()",
    "in place with options": "Net().compile(fullgraph=True)",
    "in place on an attribute": (
        "class T:\n    def __init__(self):\n        self.net = Net()\n        self.net.compile()"
    ),
    "forward": "model = Net()\nmodel.forward = torch.compile(model.forward)",
    "own forward": "class Sub(Net):\n    def __init__(self):\n        self.forward = torch.compile(self.forward)",
    "export": "torch.export.export(Net(), (1,))",
    "export with keyword": "torch.export.export(mod=Net(), args=(1,))",
    "subclass": "class Sub(Net):\n    pass\ntorch.compile(Sub())",
}


@pytest.mark.parametrize("name", CERTAIN_MODULES)
def test_certain_module(name: str) -> None:
    found = degrees(NET + CERTAIN_MODULES[name])
    assert found["Net.forward"] is C
    assert found["Net.other"] is N


NO_ROOTS = {
    "another compile": "import re\ndef f(x): ...\nre.compile(f)",
    "a compile of one's own": "def compile(f): return f\n@compile\ndef f(x): ...",
    "builtin compile": "def f(x): ...\ncompile(f)",
    "compiler": "@torch.compiler.something\ndef f(x): ...",
    "parameter called torch": "def make(torch):\n    @torch.compile\n    def f(x): ...",
    "unknown object's compile": "def f(x): ...\nthing.compile(f)",
    "a class with its own compile": (
        "class Query(nn.Module):\n    def compile(self): ...\n    def forward(self): ...\nq = Query()\nq.compile()"
    ),
    "no module": "class Query:\n    def forward(self): ...\nq = Query()\nq.compile()",
    "the class itself": "class K:\n    def forward(self): ...\ntorch.compile(K)",
    "export of something else": "import sqlalchemy\ndef f(x): ...\nsqlalchemy.export(f)",
    "script": "@torch.jit.script\ndef f(x): ...",
    "dataset": "class D(torch.utils.data.Dataset):\n    def forward(self): ...",
    "autograd function": "class F(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): ...",
    "plain class": "class K:\n    def forward(self, x): ...",
    "partial of something else": "@functools.partial(other, torch.compile)\ndef f(x): ...",
    "option that is a function": "def f(x): ...\n@torch.compile(backend=f)\ndef g(x): ...",
}


@pytest.mark.parametrize("name", NO_ROOTS)
def test_no_certain_root(name: str) -> None:
    code = Code(NO_ROOTS[name])
    found = {key: value for key, value in code.degrees().items() if key != "g"}
    assert C not in found.values()
    if name != "a class with its own compile":
        assert set(found.values()) == {N}


def test_forward_of_a_module_is_possible_and_what_it_calls() -> None:
    assert degrees("""
        def helper(x): return inner(x)
        def inner(x): ...
        def unused(x): ...
        class Block(nn.Module):
            def forward(self, x): ...
        class Net(nn.Module):
            def __init__(self):
                self.block = Block()
                self.reset()
            def reset(self): ...
            def forward(self, x): return helper(self._mask(self.block(x)))
            def _mask(self, x): ...
    """) == {
        "helper": P,
        "inner": P,
        "unused": N,
        "Block.forward": P,
        "Net.__init__": N,
        "Net.reset": N,
        "Net.forward": P,
        "Net._mask": P,
    }  # fmt: skip


def test_certain_wins_over_possible() -> None:
    assert degrees("""
        def shared(x): ...
        def only(x): ...
        class Net(nn.Module):
            def forward(self, x): return shared(only(x))
        @torch.compile
        def step(x): return shared(x)
    """) == {"shared": C, "only": P, "Net.forward": P, "step": C}


def test_chains_are_shortest_and_name_every_step() -> None:
    code = Code("""
        def leaf(x): ...
        def near(x): return leaf(x)
        def far(x): return near(x)
        class Net(nn.Module):
            def forward(self, x): return self.mask(x)
            def mask(self, x): return leaf(x)
        @torch.compile
        def long(x): return far(x)
        @torch.compile(fullgraph=True)
        def short(x):
            return near(x)
    """)
    assert code.chain("leaf") == ["torch.compile@10", "short@11", "near@3", "leaf@2"]
    assert code.chain("far") == ["torch.compile@8", "long@9", "far@4"]
    assert code.chain("Net.mask") == ["Net.forward@6", "Net.mask@7"]
    assert Code("def f(): ...").chain("f") == []


def test_chain_begins_at_the_compile_site() -> None:
    assert Code("def f(x): ...\n\n\ng = torch.compile(f)").chain("f") == ["torch.compile@4", "f@1"]
    code = Code("class Net(nn.Module):\n    def forward(self): ...\nnet = Net()\nnet.compile()")
    assert code.chain("Net.forward") == ["Module.compile@4", "Net.forward@2"]


def test_the_first_of_equal_chains_counts() -> None:
    code = Code("""
        def leaf(x): ...
        @torch.compile
        def b(x): return leaf(x)
        @torch.compile
        def a(x): return leaf(x)
    """)
    assert code.chain("leaf") == ["torch.compile@3", "b@4", "leaf@2"]


def test_inheritance_and_super() -> None:
    # a Base may be compiled by itself, so its own body is possible
    assert degrees("""
        class Base(nn.Module):
            def forward(self, x): return self.head(self.body(x))
            def body(self, x): ...
            def head(self, x): ...
        class Net(Base):
            def forward(self, x): return super().forward(x)
            def body(self, x): ...
        torch.compile(Net())
    """) == {"Base.forward": C, "Base.body": P, "Base.head": C, "Net.forward": C, "Net.body": C}


def test_cycles_end() -> None:
    assert degrees("""
        @torch.compile
        def f(x): return g(x)
        def g(x): return f(h(x))
        def h(x): return h(g(x))
    """) == {"f": C, "g": C, "h": C}


def test_nested_functions_go_with_the_function_around() -> None:
    assert degrees("""
        @torch.compile
        def f(x):
            def inner(y):
                def innermost(): ...
                return innermost
            class K:
                def method(self): ...
            return [mark() for _ in x], lambda: mark()
        def g():
            def inner2(): ...
    """) == {"f": C, "inner": C, "innermost": C, "K.method": N, "g": N, "inner2": N}
    assert Code("@torch.compile\ndef f(x):\n    return [mark() for _ in x], lambda: mark()\nmark()").marks() == [
        C,
        C,
        N,
    ]


DISABLED = {
    "bare": "@torch.compiler.disable\ndef h(x): return deep(x)",
    "called": "@torch.compiler.disable(recursive=True)\ndef h(x): return deep(x)",
    "private": "@torch._dynamo.disable\ndef h(x): return deep(x)",
    "private called": "@torch._dynamo.disable()\ndef h(x): return deep(x)",
    "imported": "from torch.compiler import disable\n@disable\ndef h(x): return deep(x)",
    "rebound": "def h(x): return deep(x)\nh = torch.compiler.disable(h)",
    "custom op": (
        "@torch.library.custom_op('a::h', mutates_args=())\ndef h(x: torch.Tensor) -> torch.Tensor: return deep(x)"
    ),
    "allowed in graph": "@torch.compiler.allow_in_graph\ndef h(x): return deep(x)",
    "nonstrict": "@torch._dynamo.nonstrict_trace\ndef h(x): return deep(x)",
    "either": "try:\n    from torch.compiler import disable\nexcept ImportError:\n"
    "    from torch._dynamo import disable\n@disable\ndef h(x): return deep(x)",
}


@pytest.mark.parametrize("name", DISABLED)
def test_disabling_is_a_barrier(name: str) -> None:
    code = Code(f"def deep(x): ...\n{DISABLED[name]}\n@torch.compile\ndef f(x): return h(x)\n")
    assert code.degrees() == {"deep": N, "h": N, "f": C}
    info = next(item for item in code.model.walked.functions.values() if item.node.name == "h")
    assert code.model.region.is_disabled(info.scope)


def test_disabling_under_another_name_leaves_the_function() -> None:
    source = "def h(x): ...\neager = torch.compiler.disable(h)\n@torch.compile\ndef f(x): return {0}(x)\n"
    assert degrees(source.format("h"))["h"] is C
    assert degrees(source.format("eager"))["h"] is N


def test_disabled_method_forward_and_nested() -> None:
    assert degrees("""
        class Net(nn.Module):
            def __init__(self):
                self.log = torch.compiler.disable(self.log)
            def forward(self, x): return self.stats(self.log(x))
            @torch.compiler.disable
            def stats(self, x):
                def inner(): ...
            def log(self, x): ...
        class Off(nn.Module):
            @torch.compiler.disable
            def forward(self, x): ...
        torch.compile(Net())
        torch.compile(Off())
    """) == {
        "Net.__init__": N,
        "Net.forward": C,
        "Net.stats": N,
        "inner": N,
        "Net.log": N,
        "Off.forward": N,
    }  # fmt: skip


GUARDS = [
    ("if torch.compiler.is_compiling():\n    mark()\nelse:\n    mark()", [C, N]),
    ("if not torch.compiler.is_compiling():\n    mark()\nelse:\n    mark()", [N, C]),
    ("if torch._dynamo.is_compiling():\n    pass\nelse:\n    mark()", [N]),
    ("if torch.compiler.is_dynamo_compiling():\n    pass\nelse:\n    mark()", [N]),
    ("if torch._utils.is_compiling():\n    pass\nelse:\n    mark()", [N]),
    ("if torch.jit.is_scripting():\n    mark()\nelse:\n    mark()", [N, C]),
    ("if torch.jit.is_tracing():\n    mark()\nmark()", [N, C]),
    ("if torch.onnx.is_in_onnx_export():\n    mark()\nmark()", [N, C]),
    ("if torch.jit.is_scripting() or torch.jit.is_tracing():\n    mark()\nelse:\n    mark()", [N, C]),
    ("if torch.jit.is_scripting() or x:\n    mark()\nelse:\n    mark()", [C, C]),
    ("if torch.jit.is_scripting() and x:\n    mark()\nelse:\n    mark()", [N, C]),
    ("if not torch.jit.is_scripting() and x:\n    mark()\nelse:\n    mark()", [C, C]),
    ("if not torch.jit.is_scripting() and not torch.jit.is_tracing():\n    mark()\nelse:\n    mark()", [C, N]),
    ("if x and not torch.compiler.is_compiling():\n    mark()\nelse:\n    mark()", [N, C]),
    ("if not (torch.compiler.is_compiling() or x):\n    mark()\nelse:\n    mark()", [N, C]),
    ("if torch.compiler.is_compiling() and x:\n    mark()\nelse:\n    mark()", [C, C]),
    ("if x:\n    mark()\nelif torch.compiler.is_compiling():\n    mark()\nelse:\n    mark()", [C, C, N]),
    ("if torch.compiler.is_compiling():\n    return mark()\nmark()\nfor _ in x:\n    mark()", [C, N, N]),
    ("if not torch.compiler.is_compiling():\n    mark()\nelse:\n    raise E\nmark()", [N, N]),
    ("if not torch.compiler.is_compiling():\n    return mark()\nmark()", [N, C]),
    ("if x:\n    if torch.compiler.is_compiling():\n        return 1\n    mark()\nmark()", [N, C]),
    ("for _ in x:\n    if torch.compiler.is_compiling():\n        continue\n    mark()\nmark()", [N, C]),
    ("eager = not torch.compiler.is_compiling()\nif eager:\n    mark()\nelse:\n    mark()", [N, C]),
    ("c = torch.compiler.is_compiling()\nc = x\nif c:\n    mark()\nelse:\n    mark()", [C, C]),
    (
        "from transformers.utils import is_torchdynamo_compiling as c\nif not c():\n    mark()\nmark()",
        [N, C],
    ),
    ("from .utils import is_compiling\nif not is_compiling():\n    mark()\nmark()", [N, C]),
    ("if is_compiling():\n    pass\nelse:\n    mark()", [C]),
    ("if x.layout == torch.sparse_coo:\n    mark()\nelse:\n    mark()", [N, C]),
    ("if x.layout is not torch.sparse_csr:\n    return mark()\nmark()", [C, N]),
    ("if x.layout == torch.strided or x.layout == y.layout:\n    mark()\nelse:\n    mark()", [C, C]),
    ("if torch.compiler.is_compiling:\n    pass\nelse:\n    mark()", [C]),
    ("if x.is_compiling():\n    pass\nelse:\n    mark()", [C]),
    ("c = c\nif c:\n    mark()", [C]),
    ("debug = False\nif debug:\n    mark()\nmark()", [N, C]),
    ("fast = True\nif fast:\n    mark()\nelse:\n    mark()", [C, N]),
    ("found = False\nif found:\n    mark()\nfound = True", [C]),
    ("count = 0\nif count:\n    mark()", [C]),
]


@pytest.mark.parametrize(("body", "marks"), GUARDS)
def test_guards(body: str, marks: list[Traced]) -> None:
    lines = "\n".join("    " + line for line in body.split("\n"))
    assert Code(f"@torch.compile\ndef f(x):\n{lines}\n").marks() == marks


def test_guarded_calls_reach_nothing() -> None:
    assert degrees("""
        def eager(x): ...
        def traced(x): ...
        @torch.compile
        def f(x):
            if torch.compiler.is_compiling():
                return traced(x)
            return eager(x)
    """) == {"eager": N, "traced": C, "f": C}


@pytest.mark.parametrize("test", ["not " * 150 + "x", " or ".join(["x"] * 3000), "(" * 60 + "x" + " or y)" * 60])
def test_deep_conditions_are_no_failure(test: str) -> None:
    assert Code(f"@torch.compile\ndef f(x, y):\n    if {test}:\n        mark()\n").marks() == [C]


def test_a_condition_too_deep_for_recursion() -> None:
    text = HEAD + "@torch.compile\ndef f(x):\n    if x:\n        mark()\n"
    tree = ast.parse(text)
    guard = next(node for node in ast.walk(tree) if isinstance(node, ast.If))
    for _ in range(5000):
        guard.test = ast.copy_location(ast.UnaryOp(ast.Not(), guard.test), guard)
    region = FileModel(tree, split_lines(text), "file.py").region
    assert region.has_certain_roots


def test_is_root_and_has_certain_roots() -> None:
    code = Code("@torch.compile\ndef f(x): return g(x)\ndef g(x): ...\n")
    by_name = {info.node.name: node for node, info in code.model.walked.functions.items()}
    region = code.model.region
    assert region.is_root(by_name["f"])
    assert not region.is_root(by_name["g"])
    assert region.has_certain_roots
    possible = Code("class Net(nn.Module):\n    def forward(self): ...\n").model.region
    assert not possible.has_certain_roots
    assert not Code("def f(x): ...\n").model.region.has_certain_roots


def test_overloaded_forward_is_entered_at_its_body() -> None:
    code = Code("""
        import typing
        class Net(nn.Module):
            @typing.overload
            def forward(self, x: int): ...
            def forward(self, x): mark()
    """)
    assert code.marks() == [P]


def test_thousands_of_functions_take_no_time() -> None:
    source = "".join(f"def f{n}(x): return f{n + 1}(x), f{n + 2}(x)\n" for n in range(1500))
    started = time.process_time()
    found = degrees(source + "torch.compile(f0)\n")
    assert set(found.values()) == {C}
    assert time.process_time() - started < 10


def test_what_is_bound_elsewhere_is_read_where_it_stands() -> None:
    found = degrees("""
        def build():
            global step
            def inner(x):
                return x
            step = torch.compile(inner)

        def build_each(functions):
            def other(x):
                return x
            return [step for each in [other] if (step := torch.compile(each))]
    """)
    assert found["inner"] is C
    assert found["other"] is C
