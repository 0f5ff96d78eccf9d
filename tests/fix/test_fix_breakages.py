"""Fixes of another linter that are known to raise or to be lost, translated to renames: here they must not be."""

from __future__ import annotations

import pytest
from support import fix, reasons, text


@pytest.mark.parametrize("call", ["torch._dynamo.disable(f, **kw)", "torch._grouped_mm(a, b, **kw)"])
def test_a_keyword_is_never_given_twice(call: str) -> None:
    """``f(p, **kw)`` -> ``f(p, **kw, weights_only=True)``."""
    source = f"import torch\n{call}\n"
    assert text(fix(source)) == source
    assert reasons(fix(source))


@pytest.mark.parametrize(
    ("imports", "use", "fixed_use"),
    [
        ("import torch as th", "th._dynamo.reset()", "th.compiler.reset()"),
        ("import torch as t", "t._dynamo.reset()", "t.compiler.reset()"),
        ("import torch\nfrom torch import _dynamo as to", "to.reset()", "torch.compiler.reset()"),
        ("import torch\nimport torch._dynamo as torch_dynamo", "torch_dynamo.reset()", "torch.compiler.reset()"),
    ],
)
def test_an_alias_is_never_cut(imports: str, use: str, fixed_use: str) -> None:
    """``import functorch as ft; ft.vmap(f)`` -> ``ft.torch.func.vmap(f)``."""
    assert text(fix(f"{imports}\n{use}\n")) == f"{imports.splitlines()[0]}\n{fixed_use}\n"


@pytest.mark.parametrize(
    "source", ["from torch._dynamo import reset\nreset()\n", "from torch import _dynamo\n_dynamo.reset()\n"]
)
def test_every_new_name_is_imported(source: str) -> None:
    """``from torch import qr; qr(a)`` -> ``torch.linalg.qr(a)`` with no ``import torch``."""
    after = text(fix(source))
    assert after != source
    exec(compile(after, "after", "exec"), {})


def test_a_star_is_never_dropped() -> None:
    """``chain_matmul(*ms)`` -> ``multi_dot([ms])``."""
    source = "import torch\na = torch._foreach_norm(*ms)\nb = torch._foreach_addcmul(x, *ms)\n"
    assert text(fix(source)) == source
    assert text(fix("import torch\na = torch._foreach_mul(*ms)\n")) == "import torch\na = torch.foreach.mul(*ms)\n"


def test_a_fix_inside_a_fix_is_never_lost() -> None:
    """``cholesky(cholesky(a))`` -> ``linalg.cholesky(cholesky(a))``."""
    source = "import torch\nx = torch._foreach_norm(torch._foreach_norm(a, 2), 1)\n"
    fixed = fix(source)
    assert text(fixed) == "import torch\nx = torch.foreach.norm(torch.foreach.norm(a, ord=2), ord=1)\n"
    assert (fixed.fixed, fixed.remaining) == (2, ())
