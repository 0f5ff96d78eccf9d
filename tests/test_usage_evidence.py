"""The evidence for rules about the use of torch.compile: each effect is seen where it is, and only there."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from fullgraph.api import Effect  # noqa: E402
from fullgraph.engine.page import Block, marked_lines  # noqa: E402
from fullgraph.engine.registry import RegisteredRule, registry  # noqa: E402
from fullgraph.verify import observe  # noqa: E402
from fullgraph.verify.evidence import contradictions  # noqa: E402

MODULE = """
import torch
from torch import nn

class Net(nn.Module):
    def forward(self, x):
        return x * 2

    def act(self, x):
        return x + 1

    def act_through(self, x):
        return self(x)

"""
WRAPPED = MODULE + "net = torch.compile(Net())\n"
IN_PLACE = MODULE + "net = Net()\nnet.compile()\n"


def block(kind: str, source: str) -> Block:
    return Block(kind, textwrap.dedent(source))


def ruled(effect: Effect) -> RegisteredRule:
    rule = next(iter(registry().values()))
    return replace(rule, rule=replace(rule.rule, effect=effect))


def wrong(effect: Effect, kind: str, source: str) -> tuple[str, ...]:
    example = block(kind, source)
    return contradictions(ruled(effect), example, observe(example.source))


@pytest.mark.parametrize(
    ("source", "is_bypassed"),
    [
        (WRAPPED + "def run(x):\n    return net.act(x)  # TFG999\nCALL = run, torch.ones(2)", True),
        (WRAPPED + "def run(x):\n    return net.act_through(x)  # TFG999\nCALL = run, torch.ones(2)", True),
        (WRAPPED + "def run(x):\n    return net(x)  # TFG999\nCALL = run, torch.ones(2)", False),
        (WRAPPED + "def run(x):\n    return net.forward(x)  # TFG999\nCALL = run, torch.ones(2)", False),
        (IN_PLACE + "def run(x):\n    return net.act(x)  # TFG999\nCALL = run, torch.ones(2)", True),
        (IN_PLACE + "def run(x):\n    return net.act_through(x)  # TFG999\nCALL = run, torch.ones(2)", False),
    ],
)
def test_what_is_bypassed(source: str, is_bypassed: bool) -> None:
    assert (wrong(Effect.BYPASSED, "bad", source) == ()) is is_bypassed
    assert (wrong(Effect.BYPASSED, "good", source.replace("  # TFG999", "")) == ()) is not is_bypassed


STEP = """
def step(x):
    return x * 2 + 1

"""


@pytest.mark.parametrize(
    ("effect", "source", "why"),
    [
        (Effect.NEVER_CALLED, "torch.compile(step)  # TFG999\nCALL = step, torch.ones(2)", ""),
        (Effect.NEVER_CALLED, "f = torch.compile(step)  # TFG999\nCALL = f, torch.ones(2)", "1 graphs are captured"),
        (Effect.NEVER_CALLED, "torch.compile(step)  # TFG999\nCALL = len, []", "nothing is computed"),
        (Effect.NO_EFFECT, "torch.compiler.disable()  # TFG999\nCALL = torch.compile(step), torch.ones(2)", ""),
        (
            Effect.NO_EFFECT,
            "torch._dynamo.config.disable = True  # TFG999\nCALL = torch.compile(step), torch.ones(2)",
            "nothing is captured",
        ),
        (
            Effect.NO_EFFECT,
            "step = torch.compile(step)  # TFG999\nCALL = step, torch.ones(2)",
            "without the marked lines torch does something else",
        ),
        (
            Effect.SWITCHED_OFF,
            "torch._dynamo.config.disable = True  # TFG999\nCALL = torch.compile(step), torch.ones(2)",
            "",
        ),
        (
            Effect.SWITCHED_OFF,
            "torch._dynamo.config.verbose = True  # TFG999\nCALL = torch.compile(step), torch.ones(2)",
            "1 graphs are captured",
        ),
        (
            Effect.SWITCHED_OFF,
            "torch._dynamo.config.verbose = True  # TFG999\ntorch.compile(step)\nCALL = step, torch.ones(2)",
            "without the marked lines nothing is captured either, and Dynamo raises nothing",
        ),
        (Effect.RAISED_LATER, "f = torch.compile(step)  # TFG999\nCALL = f, torch.ones(2)", "raised nothing, not what"),
        (
            Effect.RAISED_LATER,
            "def f(x):\n    return torch.compile(step)(x.nothing)  # TFG999\nCALL = f, torch.ones(2)",
            "raised AttributeError",
        ),
        (
            Effect.SET_UP_EACH_TIME,
            "def f(x):\n    return torch.compile(step)(x)  # TFG999\nCALLS = f, [(torch.ones(2),)] * 3",
            "",
        ),
        (
            Effect.SET_UP_EACH_TIME,
            "f = torch.compile(step)  # TFG999\nCALLS = f, [(torch.ones(2),)] * 3",
            "compiled 3 times at lines []",
        ),
        (
            Effect.CHANGED_BETWEEN_CALLS,
            "def f():\n    for n in range(12):\n        step.n = n\n        g(torch.ones(2))  # TFG999\n"
            "g = torch.compile(lambda x: x * 2)\nCALLS = f, [()]",
            "the limit is not met",
        ),
        (
            Effect.STATIC_SHAPES,
            "f = torch.compile(step, dynamic=False)  # TFG999\nCALLS = f, [(torch.ones(n),) for n in range(2, 14)]",
            "",
        ),
        (
            Effect.STATIC_SHAPES,
            "f = torch.compile(step, dynamic=False)  # TFG999\nCALLS = f, [(torch.ones(n),) for n in range(2, 6)]",
            "the limit is not met",
        ),
        (
            Effect.STATIC_SHAPES,
            "f = torch.compile(lambda x, s: x * len(s), dynamic=False)  # TFG999\n"
            "CALLS = f, [(torch.ones(2), 'a' * n) for n in range(12)]",
            "without `dynamic=False` the limit is met, too",
        ),
        (
            Effect.COMPILED_ONCE_MORE,
            "net = torch.compile(torch.nn.Embedding(3, 2))\nnet(torch.tensor(1))\nnet.float()  # TFG999\n"
            "CALL = net, torch.tensor(1)",
            "nothing is compiled again",
        ),
        (
            Effect.COMPILED_ONCE_MORE,
            "net = torch.compile(torch.nn.Embedding(3, 2))\nnet(torch.tensor(1))\nnet.half()  # TFG999\n"
            "CALL = net, torch.tensor(1)",
            "",
        ),
        (
            Effect.NEVER_REACHED,
            "if not hasattr(torch, 'compile'):\n    step = torch.compile(step)  # TFG999\nCALL = step, torch.ones(2)",
            "",
        ),
        (
            Effect.NEVER_REACHED,
            "if hasattr(torch, 'compile'):\n    step = torch.compile(step)  # TFG999\nCALL = step, torch.ones(2)",
            "something is compiled",
        ),
        (
            Effect.NEVER_REACHED,
            "if not hasattr(torch, 'compile'):\n    torch.compile(step)  # TFG999\nCALL = step, torch.ones(2)",
            "with the contrary conditions nothing is captured",
        ),
        (Effect.COMPILED_AGAIN, "f = torch.compile(torch.compile(step))  # TFG999\nCALL = f, torch.ones(2)", ""),
        (
            Effect.COMPILED_AGAIN,
            "torch.compile(step)\nf = torch.compile(step)  # TFG999\nCALL = f, torch.ones(2)",
            "compiled again at lines []",
        ),
        (
            Effect.PREFIXED_STATE,
            "net = torch.compile(torch.nn.Linear(2, 2))\nkeys = list(net.state_dict())  # TFG999",
            "",
        ),
        (
            Effect.PREFIXED_STATE,
            "net = torch.compile(torch.nn.Linear(2, 2))\n"
            "net.load_state_dict(torch.nn.Linear(2, 2).state_dict(), strict=False)  # TFG999",
            "",
        ),
        (
            Effect.PREFIXED_STATE,
            "net = torch.compile(torch.nn.Linear(2, 2))\nnet.load_state_dict({}, strict=False)  # TFG999",
            "states with a prefix at lines []",
        ),
        (Effect.NEVER_COMPILED, "compiled = step  # TFG999\nCALL = compiled, torch.ones(2)", ""),
        (
            Effect.NEVER_COMPILED,
            "compiled = torch.compile(step)  # TFG999\nCALL = compiled, torch.ones(2)",
            "1 graphs are captured",
        ),
        (Effect.NEVER_COMPILED, "compiled = step  # TFG999\nCALL = len, []", "nothing is computed"),
        (
            Effect.NEVER_COMPILED,
            "compiled = step  # TFG999\nCALL = step, torch.ones(2)",
            "with `torch.compile` nothing is captured either",
        ),
        (
            Effect.PREFIXED_STATE,
            "net = torch.nn.Linear(2, 2)\nnet.compile()\nkeys = list(net.state_dict())  # TFG999",
            "states with a prefix at lines []",
        ),
    ],
)
def test_what_shows_an_effect(effect: Effect, source: str, why: str) -> None:
    found = wrong(effect, "bad", "import torch\n" + STEP + source)
    assert found[0].startswith(why) if why else not found


def test_the_marked_line_is_the_one() -> None:
    source = "import torch\n" + STEP + "torch.compile(step)\nCALL = step, torch.ones(2)  # TFG999"
    assert [row for row, _ in marked_lines(source)] == [7]
    assert wrong(Effect.NEVER_CALLED, "bad", source) == ("compiled at lines [6], not at [7]",)


def test_of_a_module_that_is_compiled_twice_a_function_is_left() -> None:
    source = (
        "import torch\nnet = torch.compile(torch.compile(torch.nn.Linear(2, 2)))\nCALL = (lambda: hasattr(net, {!r}),)"
    )
    for name in ("parameters", "train", "state_dict"):
        assert observe(source.format(name)).result is False
