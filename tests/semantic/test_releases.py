"""Conditions on torch's release: what they hold on, and what stands behind them."""

from __future__ import annotations

import ast

import pytest

from fullgraph.engine.check import check_source
from fullgraph.engine.settings import Settings
from fullgraph.semantic.names import Names
from fullgraph.semantic.releases import NOT_KNOWN, RELEASES, Releases
from fullgraph.semantic.summarise import SUMMARY_NODES
from fullgraph.semantic.walk import walk
from fullgraph.torchfacts import TorchRange, TorchVersion

HEAD = """
import torch
import packaging.version
from packaging import version
from packaging.version import Version, parse
from torch import __version__ as spelled
TORCH = version.parse(torch.__version__)
NUMBERS = tuple(int(part) for part in torch.__version__.split(".")[:2])
LEAST = "2.6"
AGAIN = "2.6"
AGAIN = "2.7"
"""


def since(minor: int) -> tuple[bool | None, ...]:
    return tuple(release >= TorchVersion(2, minor) for release in RELEASES)


def truth(condition: str) -> tuple[bool | None, ...]:
    """On which releases a condition holds."""
    walked = walk(ast.parse(f"{HEAD}RESULT = {condition}\n"), set(SUMMARY_NODES))
    return dict(Releases(walked, Names(walked)).flags()).get("RESULT", NOT_KNOWN)


@pytest.mark.parametrize(
    "condition",
    [
        'torch.__version__ >= "2.6"',
        '"2.6.0" <= torch.__version__',
        'not torch.__version__ < "2.6"',
        'spelled >= "2.6"',
        'version.parse(torch.__version__) >= version.parse("2.6")',
        'packaging.version.parse(torch.version.__version__) >= Version("2.6.0")',
        'parse(parse(torch.__version__).base_version) >= parse("2.6")',
        'parse(torch.__version__.split("+")[0]) >= parse(LEAST)',
        'TORCH >= parse("2.6") and TORCH >= parse("2.4")',
        "TORCH.release >= (2, 6)",
        "TORCH.release[:2] >= (2, 6)",
        "TORCH.major >= 2 and TORCH.minor >= 6",
        "NUMBERS >= (2, 6)",
        "NUMBERS[1] >= 6",
        'tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 6)',
        'int(torch.__version__.split(".")[1]) > 5',
        "torch.__version__ >= (2, 6)",
    ],
)
def test_known(condition: str) -> None:
    assert truth(condition) == since(6)


@pytest.mark.parametrize(
    "condition",
    [
        'torch.__version__ >= "2.6.0rc1"',
        'torch.__version__.split("+")[0] >= "2.6"',
        'TORCH.base_version >= "2.6"',
        'version.parse(other.__version__) >= version.parse("2.6")',
        "torch.__version__ >= AGAIN",
        'torch.version.cuda >= "2.6"',
        'torch.__version__ in ("2.6", "2.7")',
        'hasattr(torch, "compile") or unknown',
        'int(torch.__version__.split(".")[2]) >= 6',
        'torch.__version__ >= unknown("2.6")',
        '"2.4" <= torch.__version__ <= "2.6"',
    ],
)
def test_not_known(condition: str) -> None:
    assert truth(condition) == NOT_KNOWN


def test_a_patch_release_may_differ() -> None:
    assert truth('torch.__version__ > "2.6.0"') == tuple(
        None if each.minor == 6 else each.minor > 6 for each in RELEASES
    )
    assert truth('torch.__version__ == "2.6.0" and unknown')[5] is False


def test_what_decides_decides() -> None:
    assert truth("NUMBERS >= (2, 0) or unknown") == since(0)
    assert truth("NUMBERS < (2, 0) or unknown") == NOT_KNOWN


def reported(condition: str, oldest: int, newest: int) -> bool:
    source = f"{HEAD}\n@torch.compile\ndef step(x):\n    if {condition}:\n        print(x)\n    return x\n"
    releases = TorchRange(TorchVersion(2, oldest), TorchVersion(2, newest))
    return bool(check_source(source.encode(), "step.py", Settings(releases, frozenset({"TFG210"}))))


@pytest.mark.parametrize(
    ("condition", "oldest", "newest", "expected"),
    [
        ('torch.__version__ < "2.6"', 6, 15, False),
        ('torch.__version__ < "2.6"', 5, 15, True),
        ('torch.__version__ >= "2.6"', 4, 5, False),
        ('torch.__version__ >= "2.6"', 4, 6, True),
        ('x.ndim and torch.__version__ < "1.13"', 4, 15, False),
        ('x.ndim or torch.__version__ < "1.13"', 4, 15, True),
    ],
)
def test_a_break_that_no_release_aimed_at_comes_to(condition: str, oldest: int, newest: int, expected: bool) -> None:
    assert reported(condition, oldest, newest) is expected


def test_what_is_called_for_older_releases_only_is_not_traced() -> None:
    older = "def older(x):\n    print(x)\n\n"
    source = f"{HEAD}\n{older}@torch.compile\ndef step(x):\n    if NUMBERS < (2, 0):\n        older(x)\n"
    settings = Settings(TorchRange.only(TorchVersion(2, 13)), frozenset({"TFG210"}))
    assert not [each for each in check_source(source.encode(), "step.py", settings) if each.severity.value == "error"]
