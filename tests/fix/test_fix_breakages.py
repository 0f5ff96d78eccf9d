"""Fixes of another linter that are known to raise or to be lost, translated to renames: here they must not be."""

from __future__ import annotations

import os
import subprocess
import sys

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


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    from torch._dynamo import disable\nexcept ImportError:\n    disable = None\ndisable(f)\n",
        "import torch\ntry:\n    import torch._dynamo as d\nexcept ImportError:\n    import other as d\nd.reset()\n",
        "try:\n    from torch._dynamo import reset as r\nexcept ImportError:\n    def r(): ...\nr()\n",
    ],
)
def test_a_name_that_a_try_may_bind_to_something_else_is_left(source: str) -> None:
    """``try: from torch import qr / except ImportError: from numpy.linalg import qr`` had its uses renamed."""
    fixed = fix(source, unsafe=True)
    assert text(fixed) == source
    assert fixed.fixed == 0


def test_the_result_does_not_depend_on_the_hash_seed() -> None:
    """Sets of imported names were written in the order of their hashes."""
    source = (
        "import torch._dynamo, torch._inductor\n"
        "from torch._dynamo import disable, reset, is_compiling, list_backends as backends\n"
        "from torch._C import Size, Generator, Event\nfrom torch.types import _device, _dtype\n"
        "from torch.distributed._tensor import DTensor, Shard, DeviceMesh\n"
        "x = [disable, reset, is_compiling, backends, Size, Generator, Event, _device, _dtype, DTensor, Shard]\n"
        "y = DeviceMesh, torch._dynamo.reset(), torch._inductor.cudagraph_mark_step_begin()\n"
    )
    program = (
        "import sys\nfrom fullgraph.engine.settings import Settings\nfrom fullgraph.fix import fix_source\n"
        "from fullgraph.torchfacts import TorchRange\n"
        "settings = Settings.with_defaults(TorchRange.parse('2.13'))\n"
        "fixed = fix_source(sys.argv[1].encode(), 'example.py', settings, unsafe=True)\n"
        "sys.stdout.write(fixed.data.decode() + ascii(fixed.remaining))\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, source],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("0", "1", "2", "3")
    }
    assert len(outputs) == 1
    assert "_dynamo" not in outputs.pop().partition("()")[0]
