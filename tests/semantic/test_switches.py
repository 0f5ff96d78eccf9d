"""Breaks behind a switch that the file only turns off are not reported."""

from __future__ import annotations

import pytest

from fullgraph.engine.check import check_source
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

TEXT = """
import torch
from torch import nn

class Net(nn.Module):
    {declared}

    def __init__(self):
        super().__init__()
        self.switch = {value}

    {method}

    def forward(self, x):
        if {test}:
            print(x)
        return x
"""


def rows(declared: str = "pass", value: str = "False", method: str = "pass", test: str = "self.switch") -> list[int]:
    text = TEXT.format(declared=declared, value=value, method=method, test=test)
    found = check_source(text.encode(), "net.py", Settings.with_everything(TorchRange.only(NEWEST_KNOWN)))
    return [each.start.row for each in found if each.code == "TFG210"]


@pytest.mark.parametrize("test", ["self.switch", "self.switch and self.training", "x is not None and self.switch"])
def test_off(test: str) -> None:
    assert rows(test=test) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"value": "True"},
        {"value": "flag()"},
        {"declared": "switch = True"},
        {"method": "def enable(self): self.switch = True"},
        {"test": "not self.switch"},
        {"test": "self.switch or self.training"},
        {"test": "self.other"},
    ],
)
def test_on(changed: dict[str, str]) -> None:
    assert rows(**changed) == [16]
