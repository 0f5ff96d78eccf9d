"""What the use of a value of which nothing else is known proves of it, and what it does not."""

from __future__ import annotations

import pytest
from values_of import asked, inside

PROVING = {
    "other.clamp(0)": "tensor",
    "other[0].unsqueeze(1)": "tensor",
    "other.detach()": "tensor",
    "other.y.long()": "tensor integer",
    "other(3).masked_fill(x > 0, 0.0)": "tensor",
    "other.float().mean()": "tensor floating 0d",
    "other['a'].to(x.device).reshape(-1)": "tensor",
    "other.cpu().item()": "data",
    "other.isnan()": "tensor bool",
}
NOT_PROVING = [
    "got.mean()",
    "got.item()",
    "got.tolist()",
    "got.cpu()",
    "got.to('cpu')",
    "got.float()",
    "got.cuda().eval()",
    "got.to(n).state_dict()",
    "got.detach(3)",
    "got.int('PORT')",
    "got.expand(3)",
    "got.to().mean()",
    "got.gather(x)",
    "got.comm.reduce(x)",
    "got.accelerator.gather(got)",
]


@pytest.mark.parametrize("expression", PROVING)
def test_what_only_tensors_have_gives_what_tensors_give(expression: str) -> None:
    assert inside(f"ask({expression})") == [PROVING[expression]]


@pytest.mark.parametrize("expression", NOT_PROVING)
def test_what_others_have_too_proves_nothing(expression: str) -> None:
    assert inside("got = other.get('a')", f"ask({expression})") == ["unknown"]


def test_a_name_is_a_tensor_from_there_on() -> None:
    lines = ["got = other.get('a')", "ask(got)", "got.float().mean()", "ask(got)", "got = other.get('b')", "ask(got)"]
    assert inside(*lines) == ["unknown", "tensor", "unknown"]


def test_what_a_condition_may_skip_proves_nothing_behind_it() -> None:
    lines = ["got = other.a()", "if n > 3 and got.clamp(0).sum():", "    ask(got)", "ask(got)"]
    assert inside(*lines) == ["unknown", "unknown"]
    lines = ["got = other.a()", "part = got.detach() if n else got", "ask(got)"]
    assert inside(*lines) == ["unknown"]
    lines = ["got = other.a()", "if n:", "    got.clamp(0)", "    ask(got)", "ask(got)"]
    assert inside(*lines) == ["tensor", "unknown"]


@pytest.mark.parametrize("call", ["math.isnan(got)", "np.isnan(got)", "F.softmax(got, 0)", "torch.isnan(got)"])
def test_functions_of_these_names_are_no_methods(call: str) -> None:
    assert inside("got = other.get('a')", call, "ask(got)") == ["unknown"]


def test_what_libraries_for_training_pass_on() -> None:
    given = "ask(accelerator.gather(x)), ask(self.accelerator.reduce(x, 'mean')), ask(fabric.all_reduce(x))"
    assert inside(given, parameters="self, x: Tensor, accelerator, fabric") == ["tensor"] * 3
    assert inside("ask(trainer.gather_for_metrics(x.mean()))", parameters="trainer, x: Tensor") == ["tensor"]


def test_distributions_give_tensors() -> None:
    lines = [
        "dist = torch.distributions.Categorical(logits=x)",
        "ask(dist.log_prob(other)), ask(dist.entropy().mean()), ask(dist.probs)",
        "ask(dist.event_shape), ask(torch.distributions.kl_divergence(dist, dist))",
    ]
    assert inside(*lines) == ["tensor", "tensor floating 0d", "tensor", "unknown", "tensor"]
    given = "dist: torch.distributions.Normal, other"
    assert inside("ask(dist.rsample()), ask(dist.has_rsample)", parameters=given) == ["tensor", "unknown"]


def test_what_a_callable_returns() -> None:
    header = "from typing import Callable, Optional, TypedDict\n"
    source = """
Maker = Optional[Callable[[Tensor], Tensor]]

def f(loss: Callable[..., tuple[Tensor, int]], plain: Callable[[int], int], maybe: Maker):
    value, count = loss(1)
    ask(value), ask(count), ask(plain(2))
    if maybe is not None:
        ask(maybe(value))
"""
    assert asked(header + source) == ["tensor", "static int", "unknown", "tensor"]


def test_items_of_a_typed_dict() -> None:
    source = """
from typing import TypedDict

class Batch(TypedDict):
    seen: Tensor
    name: str

class Other:
    seen: Tensor

def f(batch: Batch, other: Other):
    ask(batch["seen"]), ask(batch["name"]), ask(batch["unknown"]), ask(other["seen"])
"""
    assert asked(source) == ["tensor", "string", "unknown", "unknown"]


def test_what_is_none_is_not_compared_by_size() -> None:
    assert inside("ask(x.sum() > limit)", parameters="x: Tensor, limit: int | None = None") == ["tensor bool 0d"]


def test_a_name_for_whether_it_compiles() -> None:
    lines = [
        "compiling = torch.compiler.is_compiling()",
        "y = None",
        "if not compiling:",
        "    y = x",
        "ask(y)",
    ]
    assert inside(*lines) == ["None"]
    assert inside("compiling = n > 3", *lines) == ["None | tensor"]
