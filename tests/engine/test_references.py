"""Uses of private names: where each is reported."""

from __future__ import annotations

import ast

import pytest

from fullgraph.engine.references import private_references
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.source import split_lines


def uses(source: str) -> list[str]:
    """Every reported expression with its row."""
    model = FileModel(ast.parse(source), split_lines(source), "file.py")
    found = private_references(model, "torch", model.names.bound_names(("torch",)))
    return [f"{expr.lineno}: {ast.unparse(expr)}" for expr, _ in found]


CASES = {
    "import torch\ntorch._a": ["2: torch._a"],
    "import torch\ntorch._a.b.c()": ["2: torch._a.b.c"],
    "import torch\ntorch.a": [],
    "import torch\ntorch.__version__": [],
    "import torch\ntorch.a.__init__": [],
    "import torch\ntorch._a.__name__": ["2: torch._a.__name__"],
    "import torch\ntorch.f()._a": [],
    "import torch\nx._a": [],
    "import torch as t\nt._a; t._b": ["2: t._a", "2: t._b"],
    "import torch._dynamo": [],
    "import torch._dynamo as d\nd.reset()\nd.disable": ["2: d.reset", "3: d.disable"],
    "from torch import _dynamo\n_dynamo.reset()": ["2: _dynamo.reset"],
    "from torch import _dynamo": [],
    "from torch._dynamo import reset\nreset()\nreset()": ["2: reset", "3: reset"],
    "from torch._dynamo import reset as again\nf(again)": ["2: again"],
    "from torch._a import B\nclass C(B): pass": ["2: B"],
    "from torch._a import B\ndef f(x: B) -> B: pass": ["2: B", "2: B"],
    "from torch._a import b\n@b\ndef f(x): pass": ["2: b"],
    "import torch\ntorch._a.b = 1": ["2: torch._a.b"],
    "import torch\ndel torch._a.b": ["2: torch._a.b"],
    "import torch\ntorch._a.b += 1": ["2: torch._a.b"],
    "import torch\na = torch._a\na()\na()": ["2: torch._a"],
    "import torch\nd = torch._d\nd.x()\nd.y()": ["3: d.x", "4: d.y"],
    "import torch\nd = torch._d\nd.x()\nf(d)": ["3: d.x"],
    "import torch\nd = torch\nd._x": ["3: d._x"],
    "import torch\ngetattr(torch, '_a')": ["2: getattr(torch, '_a')"],
    "import torch\ngetattr(torch._c, 'a', None)": ["2: getattr(torch._c, 'a', None)"],
    "import torch\ngetattr(torch._c, name)": ["2: torch._c"],
    "import torch\nhasattr(torch._c, 'a')": [],
    "import torch\nhasattr(torch, '_c')": [],
    "import torch\nif hasattr(torch._c, 'a'): torch._c.a()": ["2: torch._c.a"],
    "import torch\ntorch.ops.aten._a.default": [],
    "import torch\ndef f(torch): torch._a": [],
    "import torch\n[torch._a for torch in x]": [],
    "import torch\n[torch._a for x in torch._b]": ["2: torch._a", "2: torch._b"],
    "from .torch import _a\n_a": [],
    "from mypkg import torch\ntorch._a": [],
    "try:\n    from torch.c import a\nexcept ImportError:\n    from torch._d import a\na": [],
    "try:\n    from torch._c import a\nexcept ImportError:\n    from torch._d import a\na": ["5: a"],
    "import torch\ntry:\n    a = torch.b\nexcept AttributeError:\n    a = torch._b\na": [],
    "import torch\na = torch.b if c else torch._b\na": ["2: torch._b"],
    "import torch\ntry:\n    from torch._a import b\nexcept ImportError:\n    b = None\nb": ["6: b"],
    "import torch\nfrom .c import b\nif x:\n    b = torch._b\nb": ["4: torch._b"],
    "import torch\nx = f'{torch._a}'": ["2: torch._a"],
    "import torch\nlambda: torch._a": ["2: torch._a"],
    "import torch\nwith torch._a() as b: b._c": ["2: torch._a"],
    "import torch\nclass C:\n    a = torch._a\n    def f(self): return self.a._b": ["3: torch._a"],
    "import torch\n'torch._a'": [],
}


@pytest.mark.parametrize("source", CASES)
def test_uses(source: str) -> None:
    assert uses(source) == CASES[source]


def test_order_is_that_of_the_file_whatever_the_names_are() -> None:
    names = [f"n{number}" for number in range(40)]
    imports = "".join(f"from torch import _{name} as {name}\n" for name in names)
    assert uses(imports + "".join(f"{name}()\n" for name in reversed(names))) == [
        f"{row}: {name}" for row, name in enumerate(reversed(names), 41)
    ]
