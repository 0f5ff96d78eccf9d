"""TFG401: what is made on the host in the call that moves it is made on the device."""

from __future__ import annotations

import pytest
from support import fix, reasons, text

CODES = frozenset({"TFG401"})
HEAD = "import torch\n\n@torch.compile\ndef f(x: torch.Tensor, n, rng):\n"


def fixed(body: str, *, unsafe: bool = False) -> str:
    return text(fix(f"{HEAD}    {body}\n", unsafe=unsafe, codes=CODES)).removeprefix(HEAD)[4:-1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return torch.zeros(3).to(x.device)", "return torch.zeros(3, device=x.device)"),
        ("return torch.zeros(2, 3, dtype=torch.long).to(device=x.device)",
         "return torch.zeros(2, 3, dtype=torch.long, device=x.device)"),
        ("return torch.arange(len(x) + 1).to(x.device)[0]", "return torch.arange(len(x) + 1, device=x.device)[0]"),
        ("return torch.full((3,), 2.0,).to(x.device) + (torch.eye(3)).to('cuda')",
         "return torch.full((3,), 2.0, device=x.device,) + (torch.eye(3, device='cuda'))"),
        ("return torch.ones(\n        3,\n    ).to(\n        x.device\n    )",
         "return torch.ones(\n        3, device=x.device,\n    )"),
        ("return torch.zeros(*x.shape).to(x.device)", "return torch.zeros(*x.shape, device=x.device)"),
        ("return torch.zeros(torch.ones(3).to(x.device).dim()).to(x.device)",
         "return torch.zeros(torch.ones(3, device=x.device).dim(), device=x.device)"),
    ],
)  # fmt: skip
def test_it_is_made_there(before: str, after: str) -> None:
    assert fixed(before) == after


@pytest.mark.parametrize(
    "body",
    [
        "return torch.arange(0, 1, 0.1).to(x.device)",
        "return torch.arange(n).to(x.device)",
        "return torch.arange(3, dtype=torch.float).to(x.device)",
    ],
)
def test_floats_may_be_rounded_differently(body: str) -> None:
    assert fixed(body) == body
    assert fixed(body, unsafe=True) == body.replace(").to(x.device)", ", device=x.device)")


@pytest.mark.parametrize(
    "body",
    [
        "return torch.zeros(3).to(x.device, torch.float16)",
        "return torch.zeros(3).to(x.device, non_blocking=True)",
        "return torch.zeros(3, requires_grad=True).to(x.device)",
        "return torch.zeros(3, **n).to(x.device)",
        "return torch.rand(3).to(x.device)",
        "return torch.rand(3, generator=rng).to(x.device)",
        "return torch.linspace(0, 1, 3).to(x.device)",
        "return torch.tensor([1, 2]).to(x.device)",
        "return torch.zeros(3).float().to(x.device)",
        "return torch.zeros(3).cuda()",
        "return torch.zeros(3).to(x.device)  # noqa: TFG401",
    ],
)
def test_what_would_be_something_else_is_left(body: str) -> None:
    assert fixed(body, unsafe=True) == body


def test_a_comment_inside_is_kept() -> None:
    before = f"{HEAD}    return torch.zeros(\n        3  # three\n    ).to(x.device)\n"
    outcome = fix(before, codes=CODES)
    assert text(outcome) == before
    assert reasons(outcome) == ["a comment stands inside the call"]
