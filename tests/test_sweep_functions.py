"""The tool that calls the functions which rules name: it finds calls that work, and what is said of them wrongly."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, TorchVersion
from fullgraph.verify.case_outcome import Outcome

TOOLS = Path(__file__).parent.parent / "tools"
SETTINGS = Settings(TorchRange.only(TorchVersion(2, 13)), frozenset({"TFG202", "TFG203", "TFG213"}))


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(TOOLS))
    import sweep_functions

    return sweep_functions


def test_every_function_of_a_table_is_swept(sweep: ModuleType) -> None:
    found = list(sweep.functions(["TFG2"]))
    assert len(found) == len(set(found)) > 350
    assert {("TFG202", "math.sqrt"), ("TFG213", "torch.rand"), ("TFG202", "torch.rand")} <= set(found)
    assert {code for code, _ in found} <= registry().keys()


def test_calls_that_the_rule_reports_are_tried_first(sweep: ModuleType) -> None:
    runs = {}
    for code in ("TFG202", "TFG213"):
        case = sweep.case_of(code, "torch.rand", 0, SETTINGS)
        lines = case.source.splitlines()
        name = next(line for line in lines if line.startswith("# run: ")).split()[2].partition("(")[0]
        (row,) = (number for number, line in enumerate(lines) if line.startswith(f"def {name}("))
        runs[code] = lines[row + 2].strip()
    assert runs == {"TFG202": "found = torch.rand(x.sum())", "TFG213": "found = torch.rand(3, generator=generator)"}


def test_what_became_of_a_call_is_told_by_its_line(sweep: ModuleType) -> None:
    case = sweep.case_of("TFG203", "torch.nonzero", 0, SETTINGS)
    row = next(row for row, line in enumerate(case.source.splitlines(), 1) if "found = torch.nonzero(x)" in line)
    call = "torch.nonzero(x)"
    assert sweep.judged(case, Outcome(confirmed=(row,))) == ("breaks", call)
    assert sweep.judged(case, Outcome(refuted=(row,), confirmed=(row + 1,))) == ("false alarm", call)
    assert sweep.judged(case, Outcome(unreported=(row,))) == ("missed alarm", call)
    assert sweep.judged(case, Outcome(raising=(row,))) == ("raises", call)
    assert sweep.judged(case, Outcome(unreported=(row + 1,), unreached=(row,))) == ("traced", "")
    assert sweep.judged(case, Outcome(unable="none of the calls works")) == ("not called", "none of the calls works")


def test_the_tool_prints_a_table() -> None:
    command = [sys.executable, str(TOOLS / "sweep_functions.py"), "TFG217", "--verbose"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *rows, total = done.stdout.splitlines()
    assert [row.split()[:3] for row in rows] == [
        ["breaks", "TFG217", f"torch.nn.utils.rnn.{name}"]
        for name in ("pack_padded_sequence", "pack_sequence", "pad_packed_sequence")
    ]
    assert total.endswith(": breaks: 3")
