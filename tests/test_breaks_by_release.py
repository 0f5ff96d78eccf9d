"""Graph breaks and wrong results on some releases of torch only, as tried on 2.9, 2.11, 2.13, 2.14 and 2.15."""

from __future__ import annotations

import textwrap

import pytest

from fullgraph.engine.check import check_source
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion

SOURCE = """
import dataclasses
import random
import types
from contextvars import ContextVar

import torch
from torch import nn

DEPTH = ContextVar("depth", default=2)
RNG = random.Random(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: torch.Tensor, y: torch.Tensor, given):
        {line}
        return x


compiled = torch.compile(Net())
"""

RELEASES = {text: TorchVersion(*map(int, text.split("."))) for text in ("2.9", "2.11", "2.13", "2.14", "2.15")}


def breaks_on(line: str) -> str:
    """The releases on which a line is reported, such as ``2.9 2.11``."""
    source = SOURCE.format(line=textwrap.dedent(line)).encode()
    row = SOURCE[: SOURCE.index("{line}")].count("\n") + 1
    codes = frozenset(code for code in registry() if code.startswith("TFG2"))
    found = []
    for text, release in RELEASES.items():
        findings = check_source(source, "example.py", Settings(TorchRange(release, release), codes))
        if any(each.start.row == row for each in findings):
            found.append(text)
    return " ".join(found)


@pytest.mark.parametrize(
    ("line", "releases"),
    [
        ("key = hash((1, 2))", "2.9 2.11"),
        ("place = x.to_sparse()", "2.11 2.13 2.14 2.15"),
        ("total = torch.sparse.sum(x.to_sparse())", "2.11 2.13 2.14 2.15"),
        ("total = torch.sparse.sum(given)", "2.9 2.11 2.13 2.14 2.15"),
        ("x.share_memory_()", "2.11 2.13 2.14 2.15"),
        ("x = x.to_sparse().to_dense()", "2.9 2.11 2.13 2.14 2.15"),
        ("torch.cuda.manual_seed(1)", "2.13 2.14 2.15"),
        ("torch.cuda.manual_seed_all(1)", "2.13 2.14 2.15"),
        ("torch.manual_seed(1)", "2.9 2.11 2.13 2.14 2.15"),
        ("known = vars(self)", "2.9 2.11"),
        ("known = vars(self)['training']", ""),
        ("known = dir(self)", "2.9 2.11 2.13 2.14 2.15"),
        ("plain = dataclasses.asdict(given)", "2.9 2.11"),
        ("space = types.SimpleNamespace(a=x)", "2.9 2.11 2.13 2.14"),
        ("depth = DEPTH.get()", "2.9 2.11 2.13"),
        ("DEPTH.set(3)", "2.9 2.11 2.13 2.14 2.15"),
        ("known = callable(x.sum)", "2.9 2.11 2.13"),
        ("torch._check(x.shape[0] > 1, lambda: 'short')", "2.9"),
        ("torch._check_value(x.shape[0] > 1, lambda: 'short')", "2.9 2.11"),
        ("torch._check(x.shape[0] > 1, 'short')", "2.11 2.13"),
        ("torch._assert((x > 0).all(), 'negative')", "2.9 2.11 2.13 2.14"),
        ("state = self.state_dict()", "2.9 2.11 2.14 2.15"),
        ("self.linear.to(x.device)", "2.9 2.11"),
        ("nn.utils.clip_grad_norm_(given, 1.0)", "2.9"),
        ("z = x * 2; z.register_hook(given)", "2.9"),
        ("x.register_hook(given)", ""),
        ("q = torch.quantize_per_tensor(x, 0.1, 0, torch.qint8)", "2.9 2.11"),
        ("pairs = torch.combinations(x)", "2.9 2.11 2.13"),
        ("z = x * random.random()", "2.9 2.11 2.13"),
        ("z = x if random.random() < 0.5 else y", "2.9 2.11 2.13 2.14 2.15"),
        ("names = ['a', 'b']; random.shuffle(names)", "2.9 2.11 2.13 2.14 2.15"),
        ("names = random.sample(['a', 'b'], 1)", "2.9 2.11 2.13 2.14 2.15"),
        ("names = random.sample(range(9), 2)", "2.9 2.11 2.13"),
        ("names = random.sample([x.ndim] * 30, 2)", "2.9 2.11 2.13"),
        ("names = random.sample(['a', 'b'], k=1)", "2.9 2.11 2.13"),
        ("names = random.sample(given, 2)", "2.9 2.11 2.13"),
        ("names = ['a', 'b']; RNG.shuffle(names)", "2.14 2.15"),
        ("names = RNG.sample(['a', 'b'], 1)", "2.14 2.15"),
        ("z = x * random.gauss(0, 1)", "2.9 2.11 2.13 2.14 2.15"),
        ("same = [x] == [y]", "2.9 2.11"),
        ("same = x == y", ""),
        ("place = [x, y].index(x)", "2.9 2.11"),
        ("x = x + 1 if x in [x, y] else x", "2.9 2.11 2.13"),
        ("x = x + 1 if x in [y, x] else x", "2.9 2.11 2.13"),
        ("x = x + 1 if x in [y, y + 1] else x", "2.9 2.11 2.13 2.14 2.15"),
        ("known = x in [y, x]", ""),
        ("numbers = x.argmax(0).tolist()", "2.11 2.13 2.14 2.15"),
        ("numbers = x.float().tolist()", "2.9 2.11 2.13 2.14 2.15"),
    ],
)
def test_a_break_is_reported_where_it_was_seen(line: str, releases: str) -> None:
    assert breaks_on(line) == releases
