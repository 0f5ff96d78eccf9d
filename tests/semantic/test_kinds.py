"""What a value is."""

from __future__ import annotations

import ast
import time

import pytest

from fullgraph.semantic.kinds import Kind, Kinds, is_dtype
from fullgraph.semantic.names import Names
from fullgraph.semantic.walk import walk


def kinds_of(source: str) -> list[Kind]:
    """The kind of the argument of every call ``ask(...)``."""
    walked = walk(ast.parse("import torch, typing\nfrom torch import Tensor, nn\n" + source))
    kinds = Kinds(walked, Names(walked))
    calls = [call for call, _ in walked.calls if isinstance(call.func, ast.Name) and call.func.id == "ask"]
    return [kinds.of(call.args[0]) for call in calls]


EXPRESSIONS = {
    "1": Kind.NUMBER,
    "-1.5": Kind.NUMBER,
    "1 + 2 * 3": Kind.NUMBER,
    "True": Kind.UNKNOWN,
    "None": Kind.NONE,
    "...": Kind.UNKNOWN,
    "b''": Kind.UNKNOWN,
    "'x'": Kind.STRING,
    "'cuda'": Kind.DEVICE,
    "'cuda:1'": Kind.DEVICE,
    "'cpu'": Kind.DEVICE,
    "'cpus'": Kind.STRING,
    "f'cuda:{i}'": Kind.DEVICE,
    "f'{i}'": Kind.STRING,
    "f'{i}cuda'": Kind.STRING,
    "{}": Kind.DICT,
    "dict()": Kind.DICT,
    "{1: 2 for x in y}": Kind.DICT,
    "[1]": Kind.SEQUENCE,
    "(1, 2)": Kind.SEQUENCE,
    "list(x)": Kind.SEQUENCE,
    "{1}": Kind.SEQUENCE,
    "[x for x in y]": Kind.SEQUENCE,
    "torch.float16": Kind.DTYPE,
    "torch.bool": Kind.DTYPE,
    "torch.floaty.x": Kind.UNKNOWN,
    "torch.device('cuda')": Kind.DEVICE,
    "torch.device": Kind.UNKNOWN,
    "torch.x.device": Kind.UNKNOWN,
    "torch.zeros(3)": Kind.TENSOR,
    "torch.zeros(3) + 1": Kind.TENSOR,
    "1 + torch.zeros(3)": Kind.TENSOR,
    "-torch.zeros(3)": Kind.TENSOR,
    "not torch.zeros(3)": Kind.UNKNOWN,
    "torch.zeros(3) + x": Kind.UNKNOWN,
    "torch.zeros(3).sum().exp()": Kind.TENSOR,
    "torch.zeros(3).item()": Kind.UNKNOWN,
    "torch.zeros(3).max(0)": Kind.UNKNOWN,
    "torch.zeros(3).shape": Kind.UNKNOWN,
    "torch.zeros(3) > 1": Kind.UNKNOWN,
    "torch.zeros(3) if x else torch.ones(3)": Kind.TENSOR,
    "torch.zeros(3) if x else 1": Kind.UNKNOWN,
    "len(x)": Kind.NUMBER,
    "nn.Parameter(x)": Kind.TENSOR,
    "nn.Linear(1, 2)": Kind.UNKNOWN,
    "x.device": Kind.DEVICE,
    "x.dtype": Kind.DTYPE,
    "x": Kind.UNKNOWN,
    "device": Kind.UNKNOWN,
    "f(x)": Kind.UNKNOWN,
    "lambda: 1": Kind.UNKNOWN,
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression(expression: str) -> None:
    assert kinds_of(f"ask({expression})") == [EXPRESSIONS[expression]]


NAMES = {
    "x = torch.zeros(3)\nask(x)": Kind.TENSOR,
    "x = torch.zeros(3)\ny = x\nz = y * 2\nask(z)": Kind.TENSOR,
    "x = torch.zeros(3)\nx = 1\nask(x)": Kind.UNKNOWN,
    "x = torch.zeros(3)\nx = f(x)\nask(x)": Kind.UNKNOWN,
    "x = torch.zeros(3)\nx = x.view(3)\nx = x * 2\nx = -x\nask(x)": Kind.TENSOR,
    "x = x.view(3)\nask(x)": Kind.UNKNOWN,
    "a = b + 1\nb = a + 1\nask(a)": Kind.UNKNOWN,
    "a = torch.zeros(3)\na = b + 1\nb = a + 1\nask(b)": Kind.TENSOR,
    "a = torch.zeros(3)\na = b + 1\nb = a + 1\na = g()\nask(b)": Kind.UNKNOWN,
    "x = 1\nx += 1\nask(x)": Kind.UNKNOWN,
    "x: Tensor = f()\nask(x)": Kind.TENSOR,
    "x: 'torch.Tensor'\nask(x)": Kind.TENSOR,
    "for x in y: ask(x)": Kind.UNKNOWN,
    "def f(x: torch.Tensor): ask(x)": Kind.TENSOR,
    "def f(x: Tensor | None): ask(x)": Kind.TENSOR,
    "def f(x: None | Tensor): ask(x)": Kind.TENSOR,
    "def f(x: Tensor | int): ask(x)": Kind.UNKNOWN,
    "def f(x: typing.Optional[Tensor]): ask(x)": Kind.TENSOR,
    "def f(x: typing.Annotated[Tensor, 3]): ask(x)": Kind.TENSOR,
    "def f(x: list[Tensor]): ask(x)": Kind.SEQUENCE,
    "def f(x: dict[str, Tensor]): ask(x)": Kind.DICT,
    "def f(x: torch.device): ask(x)": Kind.DEVICE,
    "def f(x: int): ask(x + 1)": Kind.NUMBER,
    "def f(x: Unknown): ask(x)": Kind.UNKNOWN,
    "def f(Tensor, x: Tensor): ask(x)": Kind.TENSOR,
    "def f():\n Tensor = 1\n x: Tensor = g()\n ask(x)": Kind.UNKNOWN,
    "def f(device): ask(device)": Kind.DEVICE,
    "def f(my_device, x): ask(my_device)": Kind.DEVICE,
    "def f(devices): ask(devices)": Kind.UNKNOWN,
    "device = 'auto'\nask(device)": Kind.STRING,
    "device = f()\nask(device)": Kind.DEVICE,
    "from .config import settings\nask(settings.device)": Kind.DEVICE,
    "device = 3\nask(device)": Kind.NUMBER,
    "device = torch.zeros(3)\nask(device)": Kind.TENSOR,
    "def f(dtype): ask(dtype)": Kind.DTYPE,
    "x = None\nx = torch.zeros(3)\nask(x)": Kind.UNKNOWN,
    "if c:\n  x = torch.zeros(3)\nelse:\n  x = torch.ones(3)\nask(x)": Kind.TENSOR,
}


@pytest.mark.parametrize("source", NAMES)
def test_name(source: str) -> None:
    assert kinds_of(source) == [NAMES[source]]


def test_order_of_questions_does_not_matter() -> None:
    source = "a = torch.zeros(3)\na = b + 1\nb = c + 1\nc = a.view(3)\n"
    for asked in ("ask(a)\nask(b)\nask(c)", "ask(c)\nask(b)\nask(a)", "ask(b)\nask(c)\nask(a)"):
        assert kinds_of(source + asked) == [Kind.TENSOR] * 3
        assert kinds_of(source + "c = f()\n" + asked) == [Kind.UNKNOWN] * 3


@pytest.mark.parametrize("names", [1, 3, 12])
def test_many_rebindings_take_no_time(names: int) -> None:
    lines = [f"v{n} = torch.zeros(3)" for n in range(names)]
    for number in range(30):
        lines += [f"v{n} = v{(n + number) % names} * v{(n + 2 * number) % names} + v{n}.view(3)" for n in range(names)]
    started = time.process_time()
    assert kinds_of("\n".join([*lines, "ask(v0)"])) == [Kind.TENSOR]
    assert time.process_time() - started < 5


@pytest.mark.parametrize("links", [20, 5000])
def test_long_chains_end(links: int) -> None:
    lines = ["v0 = torch.zeros(3)", *(f"v{n + 1} = v{n}" for n in range(links)), f"ask(v{links})"]
    assert kinds_of("\n".join(lines)) == [Kind.TENSOR if links < 30 else Kind.UNKNOWN]


def element(annotation: str) -> str | None:
    walked = walk(ast.parse(f"import torch, typing\nfrom collections.abc import Sequence\nx: {annotation}"))
    node = next(item for item in walked.root.bindings["x"] if isinstance(item, ast.AnnAssign))
    found = Kinds(walked, Names(walked)).element_annotation(node.annotation)
    return None if found is None else ast.unparse(found)


@pytest.mark.parametrize(
    ("annotation", "inner"),
    [
        ("list[torch.Tensor]", "torch.Tensor"),
        ("typing.List[int]", "int"),
        ("Sequence[int]", "int"),
        ("tuple[int, ...]", "int"),
        ("tuple[int, str]", None),
        ("dict[str, int]", "int"),
        ("list[int] | None", "int"),
        ("None | list[int]", "int"),
        ("list", None),
        ("int", None),
        ("Mine[int]", None),
        (" | ".join(["int"] * 900), None),
    ],
)
def test_element_annotation(annotation: str, inner: str | None) -> None:
    assert element(annotation) == inner


@pytest.mark.parametrize(
    "path", ["torch.float16", "torch.bfloat16", "torch.int8", "torch.bool", "torch.complex64", "torch.long"]
)
def test_dtypes(path: str) -> None:
    assert is_dtype(path)


@pytest.mark.parametrize(
    "path", ["torch.float16.x", "torch.nn.half", "numpy.float32", "torch.int_repr", "torch.longer", "float"]
)
def test_what_is_no_dtype(path: str) -> None:
    assert not is_dtype(path)
