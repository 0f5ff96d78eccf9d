"""What parameters, attributes and results are, by all that a file says."""

from __future__ import annotations

import pytest
from values_of import asked

MODULE = """
class Inner(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.layer = nn.Linear(width, width)
        self.width = width

    def forward(self, x):
        return self.layer(x) > 0

class Net(nn.Module):
    table: Tensor

    def __init__(self, config, size: int = 3):
        super().__init__()
        self.size = size
        self.config = config
        self.weight = nn.Parameter(torch.zeros(3))
        self.register_buffer("ready", torch.tensor(False))
        self.register_buffer("nothing", None)
        self.inner = Inner(size)
        self.layers = nn.ModuleList([Inner(size) for _ in range(3)])
        self.act = nn.ReLU()
        self.cache = None

    @property
    def first(self) -> Tensor:
        return self.weight[0]

    def mask(self, x):
        return x > 0

    @staticmethod
    def plain(x):
        return x.shape[0]

    def forward(self, x: Tensor):
        ask({0})
"""
ATTRIBUTES = {
    "self": "instance Net",
    "self.training": "static bool",
    "self.size": "static int",
    "self.config": "unknown",
    "self.config.width": "unknown",
    "self.weight": "tensor",
    "self.ready": "tensor bool",
    "self.nothing": "unknown",
    "self.table": "tensor",
    "self.inner": "instance Inner",
    "self.inner.width": "static int",
    "self.inner(x)": "tensor bool",
    "self.layers[0](x)": "tensor bool",
    "[layer(x) for layer in self.layers]": "[tensor bool*]",
    "self.act(x)": "tensor",
    "self.cache": "unknown",
    "self.first": "tensor",
    "self.mask": "function mask",
    "self.mask(x)": "tensor bool",
    "self.plain(x)": "static int",
    "Net.plain(x)": "static int",
    "Net(3)": "instance Net",
    "self.missing": "unknown",
    "super().forward(x)": "unknown",
}


@pytest.mark.parametrize("expression", ATTRIBUTES)
def test_attribute(expression: str) -> None:
    assert asked(MODULE.replace("{0}", expression)) == [ATTRIBUTES[expression]]


ANNOTATIONS = {
    "Tensor": "tensor",
    "torch.Tensor": "tensor",
    "'Tensor'": "tensor",
    "'torch.Tensor | None'": "None | tensor",
    "torch.LongTensor": "tensor integer",
    "torch.BoolTensor | None": "None | tensor bool",
    "typing.Optional[Tensor]": "None | tensor",
    "Tensor | int": "unknown",
    "int | None": "None | static int",
    "list[Tensor]": "[tensor*]",
    "tuple[Tensor, int]": "[tensor, static int]",
    "tuple[Tensor, ...]": "[tensor*]",
    "dict[str, Tensor]": "{tensor}",
    "float": "static float",
    "str": "string",
    "torch.dtype": "dtype",
    "torch.Size": "shape",
    "Point": "instance Point",
    "Missing": "unknown",
}


@pytest.mark.parametrize("annotation", ANNOTATIONS)
def test_annotation(annotation: str) -> None:
    assert asked(f"import typing\nclass Point: pass\ndef f(a: {annotation}):\n    ask(a)") == [ANNOTATIONS[annotation]]


ALIASES = {
    "Maybe = typing.Optional[Tensor]": "None | tensor",
    "Maybe = Tensor | None": "None | tensor",
    "Maybe: typing.TypeAlias = Tensor": "tensor",
    "Again = Tensor | None\nMaybe = typing.List[Again]": "[None | tensor*]",
    "Maybe = Maybe | None": "unknown",
    "Maybe = Tensor | None\nMaybe = int | None": "unknown",
    "Maybe = typing.Optional[int]": "None | static int",
    "Maybe = TABLE[0]": "unknown",
    "def Maybe(): pass": "unknown",
    "from jaxtyping import Float\nMaybe = Float[Tensor, 'batch 3']": "tensor floating",
    "from jaxtyping import Int64\nMaybe = Int64[torch.Tensor, 'batch']": "tensor integer",
    "from jaxtyping import Bool\nMaybe = Bool[Tensor, '...']": "tensor bool",
    "from jaxtyping import Shaped\nMaybe = Shaped[Tensor, '...'] | None": "None | tensor",
    "from jaxtyping import Float\nMaybe = Float[np.ndarray, '3']": "unknown",
    "from torchtyping import TensorType\nMaybe = TensorType['batch', 3]": "tensor",
}


@pytest.mark.parametrize("alias", ALIASES)
def test_annotation_by_an_alias(alias: str) -> None:
    assert asked(f"import typing\n{alias}\ndef f(a: Maybe):\n    ask(a)") == [ALIASES[alias]]


PARAMETERS = {
    "a method of tensors proves it": ("def f(a):\n    b = a.unsqueeze(0)\n    ask(a)", "tensor"),
    "a default of None is kept": ("def f(a=None):\n    b = a.unsqueeze(0)\n    ask(a)", "None | tensor"),
    "a function of torch proves it": ("def f(a):\n    ask(a)\n    return torch.isnan(a)", "tensor"),
    "a comparison that is reduced": ("def f(a):\n    m = a > 0\n    ask(a)\n    return m.sum()", "tensor"),
    "a question about its type does not": (
        "def f(a):\n    if isinstance(a, list): return\n    a.sum()\n    ask(a)",
        "unknown",
    ),
    "not after it was assigned": ("def f(a):\n    ask(a)\n    a = torch.tensor(a)\n    return a.sum()", "unknown"),
    "a method of many things does not": ("def f(a):\n    a.to('cpu').split(',')\n    ask(a)", "unknown"),
    "callers agree": ("def g(a):\n    ask(a)\ndef f(x: Tensor):\n    g(x > 0)\n    g(x < 0)", "tensor bool"),
    "callers disagree": ("def g(a):\n    ask(a)\ndef f(x: Tensor):\n    g(x)\n    g(3)", "unknown"),
    "one caller is unknown": ("def g(a):\n    ask(a)\ndef f(x: Tensor, y):\n    g(x)\n    g(y)", "unknown"),
    "by keyword": ("def g(*, a):\n    ask(a)\ndef f(x: Tensor):\n    g(a=x)", "tensor"),
    "an int that is a tensor": ("def g(a: int):\n    ask(a)\ndef f(x: Tensor):\n    g(x.max())", "static tensor 0d"),
    "what callers pass is more precise": (
        "def g(mask: Tensor):\n    ask(mask)\ndef f(x: Tensor):\n    g(x > 0)",
        "tensor bool",
    ),
    "callers of callers": ("def h(a):\n    ask(a)\ndef g(a):\n    h(a)\ndef f(x: Tensor):\n    g(x)", "tensor"),
    "a shape that is annotated as a tensor": (
        "def g(shape: Tensor):\n    ask(shape)\ndef f(x: Tensor):\n    g(x.shape)",
        "shape",
    ),
    "a shape is no tensor after it was asked for": (
        "def g(shape: Tensor):\n    if isinstance(shape, tuple): return\n"
        "    if isinstance(shape, torch.Tensor): ask(int(shape[0]))\ndef f(x: Tensor):\n    g(x.shape)",
        "bottom",
    ),
    "star arguments": ("def f(*a, **b):\n    ask(a)", "[unknown*]"),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter(name: str) -> None:
    source, expected = PARAMETERS[name]
    assert asked(source) == [expected]


RESULTS = {
    "def g(a): return a > 0": "tensor bool",
    "def g(a): return a.shape[0]": "static int",
    "def g(a):\n    if a is None: return 3\n    return a": "static int | tensor",
    "def g(a) -> torch.Tensor: return unknown(a)": "tensor",
    "def g(a) -> int: return unknown(a)": "static int",
    "def g(a): yield a": "unknown",
    "async def g(a): return a": "unknown",
    "def g(a): return g(a)": "unknown",
    "def g(a): return [a, 3]": "[tensor, static int]",
    "def g(a, b=None): return b": "None",
    "def g(a):\n    def h(): return 3\n    return a": "tensor",
    "def g(a): pass": "None",
    "def g(a, n: int = 2):\n    if isinstance(n, torch.Tensor): return a\n    return n": "static int | tensor",
    "g = lambda a: a": "unknown",
}


@pytest.mark.parametrize("definition", RESULTS)
def test_result(definition: str) -> None:
    assert asked(f"{definition}\ndef f(x: Tensor):\n    ask(g(x))") == [RESULTS[definition]]


SIZES = {
    "def g(n: int):\n    if isinstance(n, torch.Tensor): return n.ceil()\n    return n + 1": "static int",
    "def g(n: int):\n    return n.ceil() if torch.is_tensor(n) else n + 1": "static int",
    "def g(n: int):\n    if not isinstance(n, torch.Tensor):\n        return n + 1\n    return n.ceil()": "static int",
    "def g(n: int):\n    if isinstance(n, (int, torch.Tensor)): return n + 1\n    return n": "static int",
    "def g(n):\n    if isinstance(n, torch.Tensor): return n.ceil()\n    return n + 1": "static int",
}


@pytest.mark.parametrize("definition", SIZES)
def test_result_for_a_size(definition: str) -> None:
    assert asked(f"{definition}\ndef f(x: Tensor):\n    h, w = x.size()[-2:]\n    ask(g(h))") == [SIZES[definition]]


def test_shadowing() -> None:
    assert asked("def f(torch):\n    ask(torch.zeros(3))") == ["unknown"]
    assert asked("def torch(a): return 3\ndef f(x: Tensor):\n    ask(len(x))") == ["static int"]


def test_module_level_names() -> None:
    assert asked("LIMIT = 3\nEPS = 1e-5\ndef f():\n    ask(LIMIT)\n    ask(EPS)") == ["static int", "static float"]
    assert asked("LIMIT = 3\nLIMIT = load()\ndef f():\n    ask(LIMIT)") == ["unknown"]
    assert asked("import logging\nlog = logging.getLogger()\ndef f():\n    ask(log)") == ["logger"]
