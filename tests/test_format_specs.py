"""Format specs of numbers that Dynamo leaves open on some releases only, as tried on these."""

from __future__ import annotations

import textwrap

import pytest

from fullgraph.engine.check import check_source
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion

RELEASES = {
    text: TorchVersion(*map(int, text.split("."))) for text in ("2.4", "2.6", "2.9", "2.11", "2.13", "2.14", "2.15")
}
RESUMED = "2.6 2.9 2.14 2.15"
COUNTED = "2.4 2.6 2.9 2.14 2.15"
EVERYWHERE = " ".join(RELEASES)


def fails_on(source: str) -> str:
    """The releases on which a source is reported."""
    data = source.encode()
    found = {
        text: check_source(data, "example.py", Settings(TorchRange(release, release), frozenset({"TFG227"})))
        for text, release in RELEASES.items()
    }
    return " ".join(text for text, findings in found.items() if findings)


OF_TENSORS = """
import torch

@torch.compile{mode}
def step(x: torch.Tensor, loss: torch.Tensor):
    {lines}
    return x
"""


@pytest.mark.parametrize(
    ("lines", "releases"),
    [
        ("print(f'{loss.item():.3f}')", RESUMED),
        ("number = loss.item()\nprint(f'{number:.3f}')", RESUMED),
        ("x = f'{float(loss) * 2:.3f}'", RESUMED),
        ("x = f'{int(loss):d}'", RESUMED),
        ("x = f'{x.shape[0]:d}'", EVERYWHERE),
        ("x = f'{loss.item()}'", ""),
        ("x = f'{loss.item():>5}'", ""),
        ("x = '{:.3f}'.format(loss.item())", ""),
        ("x = f'{loss.detach():.3f}'", ""),
        ("for part in x:\n    print(f'{part.item():.3f}')", ""),
        ("try:\n    print(f'{loss.item():.3f}')\nexcept ValueError:\n    pass", ""),
        ("for part in x:\n    number = part.item()\nprint(f'{number:.3f}')", ""),
    ],
)
def test_a_number_out_of_a_tensor(lines: str, releases: str) -> None:
    assert fails_on(OF_TENSORS.format(mode="", lines=textwrap.indent(lines, "    ").strip())) == releases


def test_a_whole_graph_captures_what_is_taken_out_since_a_release() -> None:
    whole = OF_TENSORS.format(mode="(fullgraph=True)", lines="x = f'{loss.item():.3f}'")
    assert fails_on(whole) == "2.6 2.9"


LOOP = """
import torch

@torch.compile
def step(x, epoch: int, other: int):
    return x + 1, {text}

def train(x, other):
    for epoch in range(100):
        step(x, epoch, other)
"""


@pytest.mark.parametrize(("text", "releases"), [("f'{epoch:03d}'", COUNTED), ("f'{other:03d}'", "")])
def test_a_parameter_that_a_loop_counts(text: str, releases: str) -> None:
    assert fails_on(LOOP.format(text=text)) == releases
