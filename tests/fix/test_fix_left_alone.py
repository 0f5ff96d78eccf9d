"""What is not surely right is left, and the output says why."""

from __future__ import annotations

import pytest
from support import fix, reasons, text

from fullgraph.fix import rounds
from fullgraph.torchfacts import TorchVersion

LEFT = {
    "import torch\nf = torch._dynamo.disable(f, wrapping=False)\n": (
        "`wrapping=` is not taken by `torch.compiler.disable`"
    ),
    "import torch\nf = torch._dynamo.disable(f, **kw)\n": (
        "`**` may pass `wrapping=`, which is not taken by `torch.compiler.disable`"
    ),
    "import torch\nx = torch._foreach_norm(*a)\n": "`*` may pass more than `torch.foreach.norm` takes by position",
    "import torch\nx = torch._foreach_norm(ord=1, self=a)\n": "`self=` is not taken by `torch.foreach.norm`",
    "import torch\nx = torch._foreach_lerp_(*a, weight=w)\n": "`weight=` is not taken by `torch.foreach.lerp_`",
    "import torch\nx = torch._foreach_lerp_(a, weight=w)\n": "`weight=` is not taken by `torch.foreach.lerp_`",
    "import torch\nx = torch._foreach_lerp_(a, b, **kw, weight=w)\n": "`weight=` is not taken by `torch.foreach.lerp_`",
    "import torch\nx = torch._foreach_mul_(a, scalar=2)\n": "`scalar=` is not taken by `torch.foreach.mul_`",
    "import torch\nx = torch._foreach_mul(a, b, c)\n": "`torch.foreach.mul` does not take 3 arguments by position",
    "import torch\ngetattr(torch._dynamo, 'reset')()\n": "the name is not spelled out",
    "import torch\ntorch._dynamo.reset = None\n": (
        "it is assigned to, which would not reach the private name any more"
    ),
    "import torch\ndel torch._dynamo.reset\n": "it is deleted",
    "from torch._dynamo import reset\n__all__ = ['reset']\nreset()\n": (
        "`reset` is in `__all__`, so others may import it from here"
    ),
    "try:\n    from torch._dynamo import reset\nexcept ImportError:\n    def reset(): ...\nreset()\n": (
        "`reset` is also bound to something else"
    ),
    "try:\n    from torch._dynamo import disable\nexcept ImportError:\n"
    "    from torch._compile import _disable_dynamo as disable\ndisable(f)\n": (
        "`disable` may stand for several things: `torch._dynamo.disable`, `torch._compile._disable_dynamo`"
    ),
    "from torch import _dynamo\ndef f(torch):\n    _dynamo.reset()\n": (
        "`torch` stands for something else here, or only sometimes for torch"
    ),
    "import torch\nx = torch.distributed._tensor.DTensor\n": "`torch.distributed.tensor` would have to be imported",
    "import torch\nx = (torch  # why\n ._dynamo.reset)\n": "a comment stands inside the name",
    "from torch._dynamo import (\n    disable,  # why\n    mark_dynamic,\n)\ndisable(mark_dynamic)\n": (
        "a comment stands inside its import"
    ),
    "import torch\ntorch._dynamo.reset()\nreturn\n": "the file does not compile as it is",
}


@pytest.mark.parametrize(("source", "reason"), LEFT.items())
def test_left_with_the_reason(source: str, reason: str) -> None:
    fixed = fix(source, unsafe=True)
    assert text(fixed) == source
    assert reasons(fixed) == [reason]


def test_a_keyword_that_is_newer_than_the_target() -> None:
    source = "import torch\nf = torch._dynamo.disable(f, reason='x')\n"
    fixed = fix(source, target=TorchVersion(2, 7))
    assert text(fixed) == source
    assert reasons(fixed) == ["`reason=` is not taken by `torch.compiler.disable` before torch 2.8"]
    assert "compiler" in text(fix(source, target=TorchVersion(2, 8)))


def test_a_name_that_is_public_later_than_the_target() -> None:
    source = "import torch\nx = torch._foreach_norm(a)\n"
    assert text(fix(source, target=TorchVersion(2, 14))) == source


def test_a_difference_that_is_no_parameter_is_unsafe() -> None:
    source = "import torch\n@torch._disable_dynamo\ndef f(x): return x\n"
    assert text(fix(source)) == source
    assert "the private one imports torch._dynamo only at the first call" in reasons(fix(source))[0]
    assert "@torch.compiler.disable" in text(fix(source, unsafe=True))


def test_one_use_that_stays_keeps_its_import() -> None:
    before = "from torch._dynamo import disable\ndisable(f)\ndisable(g, wrapping=False)\n"
    after = "import torch\nfrom torch._dynamo import disable\ntorch.compiler.disable(f)\ndisable(g, wrapping=False)\n"
    assert text(fix(before)) == after


@pytest.mark.parametrize(
    "source",
    [
        "import torch\ntorch._dynamo.reset()\nx = t'{1}'\n",  # a grammar newer than LibCST's, or than Python's
        "import torch\ntorch._dynamo.reset()\nx = (\n",
    ],
)
def test_what_cannot_be_parsed_is_left(source: str) -> None:
    assert text(fix(source)) == source


@pytest.mark.parametrize("depth", [50, 300, 600, 900])
def test_deep_code_is_left_or_fixed_but_never_broken(depth: int) -> None:
    source = f"import torch\nx = {'+'.join(['y'] * depth)}\ntorch._dynamo.reset()\n"
    fixed = fix(source)
    assert text(fixed) in (source, source.replace("_dynamo", "compiler"))
    assert fixed.fixed or reasons(fixed)


def test_our_own_fault_leaves_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise KeyError("oops")

    monkeypatch.setattr(rounds, "rewrite", fail)
    source = "import torch\ntorch._dynamo.reset()\n"
    fixed = fix(source)
    assert text(fixed) == source
    assert reasons(fixed) == ["internal error of fullgraph: KeyError: 'oops'; please report it"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("import torch\ntorch.compiler.reset(\n", "the result would not compile"),
        ("torch.compiler.reset()\n", "the result would differ in other lines as well"),
        ("import torch\ntorch.compiler.reset()\n", "a comment would be lost"),
    ],
)
def test_a_wrong_outcome_is_not_taken_over(wrong: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "rewrite", lambda *_: wrong)
    source = "import torch\ntorch._dynamo.reset()  # why\n"
    fixed = fix(source)
    assert text(fixed) == source
    assert reasons(fixed) == [reason]
