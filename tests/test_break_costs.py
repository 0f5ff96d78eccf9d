"""What a graph break costs follows from where it stands: torch and the messages say the same."""

from __future__ import annotations

import pytest

from fullgraph.api import Severity
from fullgraph.engine.check import check_source
from fullgraph.engine.finding import Finding
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange
from fullgraph.verify.observe import observe

HEAD = """
import contextlib
import torch

@contextlib.contextmanager
def own():
    yield

class Own:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

"""
IMPORTS = "import math\nimport random\n"
WHOLE = {
    "for": "for _ in range(3):\n    x = x * 2\n    print(1)",
    "while": "n = 0\nwhile n < 3:\n    n += 1\n    x = x * 2\n    print(1)",
    "for continue": "for n in range(3):\n    if n == 1:\n        print(1)\n        continue\n    x = x * 2",
    "for for return": "for _ in range(3):\n    for _ in range(2):\n        print(1)\n        x = x + 1\n    return x",
    "try": "try:\n    x = x * 2\n    print(1)\nexcept ValueError:\n    pass",
    "handler": "try:\n    raise ValueError\nexcept ValueError:\n    print(1)",
    "before finally": "try:\n    x = x * 2\n    print(1)\nfinally:\n    x = x + 1",
    "generator": "with own():\n    x = x * 2\n    print(1)",
    "class": "with Own():\n    x = x * 2\n    print(1)",
}
RESUMED = {
    "plain": "x = x * 2\nprint(1)",
    "branch": "if x is not None:\n    print(1)",
    "no_grad": "with torch.no_grad():\n    x = x * 2\n    print(1)",
    "autocast": "with torch.autocast('cpu'):\n    x = x * 2\n    print(1)",
    "comprehension": "_ = [print(1) for _ in range(2)]",
    "for else": "for _ in range(3):\n    x = x * 2\nelse:\n    print(1)",
    "while break": "while x is not None:\n    x = x * 2\n    print(1)\n    break",
    "finally": "try:\n    x = x * 2\nfinally:\n    print(1)",
    "for return": "for n in range(3):\n    if n == 1:\n        print(1)\n        return x\n    x = x * 2",
    "for with return": (
        "for _ in range(3):\n    with torch.no_grad():\n        print(1)\n        return x\n    x = x * 2"
    ),
    "while else return": (
        "while x is not None:\n    if x.ndim > 3:\n        x = x * 2\n    else:\n        print(1)\n        return x"
    ),
    "over": "for _ in [print(1)]:\n    x = x * 2",
}


def source(body: str) -> str:
    lines = "".join(f"    {line}\n" for line in f"x = x + 1\n{body}\nreturn x * 2".splitlines())
    return f"{HEAD}@torch.compile\ndef step(x):\n{lines}\nCALL = step, torch.ones(3)\n"


def finding(text: str, releases: str = "2.13") -> Finding:
    (found,) = check_source(text.encode(), "step.py", Settings.with_everything(TorchRange.parse(releases)))
    return found


@pytest.mark.parametrize("name", WHOLE)
def test_in_a_block_the_whole_function_runs_eagerly(name: str) -> None:
    text = source(WHOLE[name])
    assert observe(text).graphs == 0
    assert "so the whole function runs eagerly" in finding(text).message


@pytest.mark.parametrize("name", RESUMED)
def test_elsewhere_dynamo_resumes(name: str) -> None:
    text = source(RESUMED[name])
    assert observe(text).graphs > 0
    assert "eagerly" not in finding(text).message


def test_a_generator_costs_the_whole_function_on_newer_releases_only() -> None:
    text = source(WHOLE["generator"])
    assert "runs eagerly" not in finding(text, ">=2.6").message
    assert "runs eagerly" in finding(source(WHOLE["class"]), ">=2.6").message


HANDLED = {
    "all": ("try:\n    x = x * 2\nexcept:\n    print(1)", Severity.NOTE, 1),
    "exception": ("try:\n    x = x * 2\nexcept Exception:\n    if x is not None:\n        print(1)", Severity.NOTE, 1),
    "memory": (
        "try:\n    x = x * 2\nexcept (RuntimeError, torch.cuda.OutOfMemoryError):\n    print(1)",
        Severity.NOTE,
        1,
    ),
    "raised": ("try:\n    raise RuntimeError\nexcept RuntimeError:\n    print(1)", Severity.ERROR, 0),
    "looked up": ("try:\n    x = {}[1]\nexcept LookupError:\n    print(1)", Severity.ERROR, 0),
}


@pytest.mark.parametrize("name", HANDLED)
def test_where_computing_failed_is_not_traced(name: str) -> None:
    body, severity, graphs = HANDLED[name]
    assert observe(source(body)).graphs == graphs
    assert finding(source(body)).severity is severity


def test_where_compiling_fails_nothing_is_said_of_what_runs_eagerly() -> None:
    text = source("for _ in range(2):\n    x = x * math.sqrt(random.uniform(1.0, 2.0))").replace(HEAD, IMPORTS + HEAD)
    assert any("InternalTorchDynamoError" in error for error in observe(text).errors)
    assert finding(text).severity is Severity.ERROR
    assert "compiling fails" in finding(text).message
    assert "eagerly" not in finding(text).message


def test_a_block_makes_a_warning_an_error() -> None:
    text = "import torch\n\nclass Net(torch.nn.Module):\n    def forward(self, x):\n{}        return x\n"
    plain = finding(text.format("        print(x)\n"))
    loop = finding(text.format("        for _ in range(2):\n            print(x)\n"))
    assert (plain.severity, loop.severity) == (Severity.WARNING, Severity.ERROR)


def test_a_break_that_many_functions_enter_is_one_finding_with_their_number() -> None:
    helper = "import torch\n\ndef helper(x):\n    print(x)\n    return x\n"
    callers = "".join(f"\n@torch.compile\ndef step{each}(x):\n    return helper(x)\n" for each in range(3))
    found = finding(helper + callers)
    assert found.traced.callers == 3
    assert "entered by 3 traced functions" in found.text
