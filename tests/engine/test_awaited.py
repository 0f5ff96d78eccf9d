"""A finding that counts only with others of the same file: alone, in a project, from the cache, selected by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fullgraph.cli import main
from fullgraph.engine.check import Settings, check_source
from fullgraph.torchfacts import TorchRange

BROKEN = """\
import torch

@torch.compile(fullgraph=True)
def step(x: torch.Tensor):
    return shown(x)

def shown(x: torch.Tensor):
    print(x)
    return x
"""
CAPTURED = """\
import torch

@torch.compile(fullgraph=True)
def step(x: torch.Tensor):
    return x * x.sum().item()
"""


def codes(source: str, releases: str, *enabled: str) -> list[tuple[int, str]]:
    settings = Settings(TorchRange.parse(releases), frozenset(enabled))
    return [(each.start.row, each.code) for each in check_source(source.encode(), "f.py", settings)]


def test_it_names_the_break() -> None:
    settings = Settings.with_defaults(TorchRange.parse("==2.13"))
    root, found = check_source(BROKEN.encode(), "f.py", settings)
    assert (root.code, found.code) == ("TFG512", "TFG210")
    assert root.message.endswith(": line 8 (TFG210)")


def test_what_it_needs_runs_unseen() -> None:
    assert codes(BROKEN, "==2.13", "TFG512") == [(3, "TFG512")]
    assert codes(BROKEN, "==2.13", "TFG210") == [(8, "TFG210")]


def test_what_is_captured_breaks_no_promise() -> None:
    assert codes(CAPTURED, "==2.9", "TFG512") == [(3, "TFG512")]
    assert codes(CAPTURED, "==2.13", "TFG512") == []
    plain = CAPTURED + "\n\nslow = torch.compile(step)\n"
    assert codes(plain, "==2.13", "TFG512") == []


@pytest.mark.parametrize("select", ["TFG512", "TFG2,TFG512"])
def test_a_project_says_the_same_cold_and_warm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, select: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.py").write_text(BROKEN)
    (tmp_path / "b.py").write_text("import torch\nfrom a import step\n\ndef run(x):\n    return step(x)\n")
    outputs = []
    for _ in range(2):
        assert main(["check", ".", "--select", select, "--output-format", "json"]) == 1
        outputs.append([(each["location"]["row"], each["code"]) for each in json.loads(capsys.readouterr().out)])
    assert outputs[0] == outputs[1]
    assert outputs[0] == [(3, "TFG512")] + [(8, "TFG210")] * (select != "TFG512")
