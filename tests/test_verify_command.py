"""``fullgraph verify``: the user's own code on the real torch, in a process that may fail in any way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fullgraph.cli import main
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.verify import worker
from fullgraph.verify.records import Data, loaded, records

torch = pytest.importorskip("torch")

MODEL = """
import os
import sys
import time

import torch
from torch import nn

TABLE = {(i, j): torch.ones(3) for i in range(3) for j in range(4)}
OTHER = {(i, j): torch.ones(3) for i in range(3) for j in range(4)}


def shout(x):
    print("loud")
    return x


class Net(nn.Module):
    def __init__(self, scale=1):
        super().__init__()
        self.scale = scale

    def forward(self, x, i, j):
        y = x * self.scale + TABLE[i, j]
        if i > 1:
            y = OTHER[i, j] + shout(y)
        return y


@torch.compile
def stack(rows):
    scaled = []
    for row in rows:
        scaled.append(row * 2)
    return torch.stack(scaled)


@torch.compile(fullgraph=True)
def refused(x):
    return x if x.sum() > 0 else -x


def fine(x, *, twice=False):
    return x + x if twice else x


def driver():
    net = torch.compile(Net())
    return net(torch.ones(3), 2, 1)


def wrong(x):
    raise ValueError("no good\\nat all")


def crash(x):
    os.abort()


def leave(x):
    sys.exit(0)


def hang(x):
    time.sleep(60)


async def later(x):
    return x + 1
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "app"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "__init__.py").touch()
    (root / "pkg" / "model.py").write_text(MODEL, encoding="utf-8")
    (root / "pyproject.toml").write_text('[project]\nname = "app"\n[tool.fullgraph]\nselect = ["TFG3"]\n')
    monkeypatch.chdir(root)
    return root


def row_of(line: str) -> int:
    return MODEL.splitlines().index(line) + 1


def verified(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    status = main(["verify", *arguments, "--output-format", "json"])
    out, err = capsys.readouterr()
    assert out, err
    return status, json.loads(out)


def outcomes(data: Any) -> dict[int, str]:
    return {item["location"]["row"]: item["outcome"] for item in data["findings"]}


LOOKUP, SECOND = "        y = x * self.scale + TABLE[i, j]", "            y = OTHER[i, j] + shout(y)"


def test_what_dynamo_did_is_held_against_the_findings(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls = [f"--call=torch.ones(3), {i}, 0" for i in (0, 1)]
    status, data = verified(capsys, "pkg/model.py:Net", *calls, "--init", "scale=2")
    assert outcomes(data) == {
        row_of(LOOKUP): "confirmed",
        row_of(SECOND): "not reached",
        row_of("    return torch.stack(scaled)"): "not reached",
    }
    assert (status, data["calls"], data["graph_breaks"], data["recompilations"]) == (1, 2, 0, 1)
    assert data["torch"] == torch.__version__
    assert data["unforeseen"] == []


def test_what_no_rule_foresaw_and_what_is_not_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["verify", "pkg.model:Net", "--call", "torch.ones(3), 2, j=0"])
    out = capsys.readouterr().out
    assert status == 1
    assert f"pkg/model.py:{row_of(SECOND)}:17: TFG301 " in out
    assert "\n    not seen: Dynamo came to this line and did nothing of the kind\n" in out
    where = f"pkg/model.py:{row_of('    print(' + chr(34) + 'loud' + chr(34) + ')')}"
    assert f"{where}: seen at run time, foreseen by no rule: 2 graph breaks: Failed to trace builtin operator" in out
    assert f"torch {torch.__version__}, 1 call, 2 graphs: 2 graph breaks.\n" in out
    assert "Findings: 0 confirmed, 2 not seen, 1 not reached; 1 seen that no rule foresaw.\n" in out
    assert "loud" not in out, "what the code prints is not mixed into the report"


def test_lists_of_several_lengths(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = verified(capsys, "pkg.model:stack", *(f"--call=[torch.ones(3)] * {n}" for n in (1, 2, 3)))
    assert outcomes(data)[row_of("    return torch.stack(scaled)")] == "confirmed"
    assert (status, data["recompilations"]) == (1, 2)


def test_code_that_compiles_something_itself(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = verified(capsys, "pkg/model.py:driver", "--as-is", "--call", "")
    assert (status, data["graph_breaks"]) == (1, 2)


def test_refusal_of_a_full_graph_is_a_break(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, data = verified(capsys, "pkg/model.py:refused", "--call", "torch.ones(3)")
    assert (status, data["graph_breaks"]) == (1, 1)
    assert data["unforeseen"][0]["location"]["row"] == row_of("    return x if x.sum() > 0 else -x")
    assert data["unforeseen"][0]["message"] == "1 graph break: Data-dependent branching (GB0170)"


def test_clean_code(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "pkg.model:fine", "--call", "torch.ones(3), twice=True"]) == 0
    assert "1 call, 1 graph: no graph break and no recompilation.\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wrong", "fullgraph: call 1 raised ValueError: no good ("),
        ("crash", "fullgraph: the run crashed (SIGABRT)\n"),
        ("leave", "fullgraph: call 1 raised SystemExit: 0 ("),
        ("hang", "fullgraph: the run did not end within 8 seconds\n"),
        (
            "nothing",
            "fullgraph: looking for nothing raised AttributeError: module 'pkg.model' has no attribute 'nothing'",
        ),
    ],
)
def test_code_that_fails_is_one_line(project: Path, capfd: pytest.CaptureFixture[str], name: str, said: str) -> None:
    timeout = "8" if name == "hang" else "100"
    assert main(["verify", f"pkg/model.py:{name}", "--call", "torch.ones(3)", "--timeout", timeout]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines(keepends=True)[-1].startswith(said)
    assert "Traceback" not in err


def test_async_code_is_no_accident(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "pkg/model.py:later", "--call", "torch.ones(3)"]) in {0, 1, 2}
    assert "Traceback" not in capfd.readouterr().err


def test_module_that_cannot_be_imported(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "broken-name.py").write_text("import nothing_like_it\n\n\ndef f():\n    pass\n", encoding="utf-8")
    assert main(["verify", "broken-name.py:f", "--call", ""]) == 2
    assert (
        "fullgraph: importing it raised ModuleNotFoundError: No module named 'nothing_like_it' ("
        in capfd.readouterr().err
    )


def test_module_that_is_no_python(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "bad.py").write_text("x = 1\n\ndef f(:\n", encoding="utf-8")
    assert main(["verify", "bad.py:f", "--call", ""]) == 2
    assert capfd.readouterr().err.endswith(f"SyntaxError: invalid syntax ({project / 'bad.py'}:3)\n")


def test_the_place_of_an_exception_is_the_users(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (project / "reads.py").write_text("import json\n\n\ndef f():\n    json.loads('{')\n", encoding="utf-8")
    assert main(["verify", "reads.py:f", "--call", "", "--as-is"]) == 2
    assert f"({project / 'reads.py'}:5)" in capfd.readouterr().err


def test_nothing_captured_is_said(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "idle.py").write_text("def f():\n    return 3\n", encoding="utf-8")
    assert main(["verify", "idle.py:f", "--call", "", "--as-is"]) == 0
    assert "0 graphs: no graph break and no recompilation, but nothing was captured either." in capsys.readouterr().out


@pytest.mark.parametrize("marker", ["pyproject.toml", ""])
def test_a_script_outside_of_any_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], marker: str
) -> None:
    monkeypatch.chdir(tmp_path)
    if marker:
        (tmp_path / marker).touch()
    code = "import torch\n\n\ndef step(x, n):\n    if x.sum() > n:\n        return x\n    return -x\n"
    (tmp_path / "script.py").write_text(code, encoding="utf-8")
    status, data = verified(capsys, "script.py:step", "--call", "torch.ones(3), 1")
    assert (status, outcomes(data), data["unforeseen"]) == (1, {5: "confirmed"}, [])
    assert (tmp_path / ".fullgraph_cache").exists() == bool(marker), "a script's directory is left as it is"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give PATH:FUNCTION with --call, or --rules"),
        (["pkg/model.py:Net"], 'say how to call it, as in --call "torch.ones(3), 2"'),
        (["pkg/model.py", "--call", ""], "'pkg/model.py' is not PATH:FUNCTION or MODULE:FUNCTION"),
        (["pkg/models.py:f", "--call", ""], "no such file: pkg/models.py"),
        (["pkg.models:f", "--call", ""], "no module named 'pkg.models' here"),
        (["pkg/model.py:f", "--call", "[3"], "'[3' is not a list of arguments in Python"),
        (["pkg/model.py:f", "--call", "1) + (2"], "'1) + (2' is not a list of arguments in Python"),
        (["pkg/model.py:f", "--call", "", "--record"], "--select and --record go with --rules"),
        (["--rules", "--select", "TFG9"], "unknown rule 'TFG9'"),
        (["--rules", "--select", "TFG101,tfg102"], "unknown rule 'tfg102'; did you mean 'TFG102'?"),
    ],
)
def test_wrong_use(project: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert main(["verify", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_without_torch(project: Path) -> None:
    code = "import sys; sys.modules['torch'] = None; from fullgraph.cli import main; sys.exit(main(sys.argv[1:]))"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, "verify", "pkg/model.py:fine", "--call", ""],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "fullgraph: this needs torch, which cannot be imported here: pip install 'fullgraph[verify]'\n"
    )


def test_help_says_that_code_is_executed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--help"]) == 0
    assert "This is the only command of fullgraph that executes your code" in capsys.readouterr().out


def test_examples_of_a_rule_are_recorded(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--rules", "--select", "TFG302", "--record", "seen"]) == 0
    assert "examples as claimed.\nWrote seen/" in capsys.readouterr().out
    (path,) = (project / "seen").glob("*.json")
    record = loaded(path.read_text(encoding="utf-8"))
    assert torch.__version__.startswith(record.torch)
    assert all(data["as_claimed"] for data in record.rules["TFG302"].values())


def test_examples_are_run_without_recording(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--rules", "--select", "private-api-with-public-equivalent"]) == 0
    assert "2 of 2 examples as claimed.\n" in capsys.readouterr().out


def test_what_a_rule_knows_of_the_release_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = registry()["TFG216"]
    silent = {"as_claimed": False, "contradictions": ["breaks at lines [], not at [7]"]}
    known = next(name for name in records()[-1].of(rule) if not records()[-1].of(rule)[name]["as_claimed"])

    def run(_: object) -> Iterator[tuple[RegisteredRule, str, Data]]:
        yield rule, known, silent

    monkeypatch.setattr(worker, "run_examples", run)
    monkeypatch.setattr(worker, "installed", lambda: ("2.15.0", "3.11"))
    assert main(["verify", "--rules", "--select", "TFG216"]) == 0
    assert capsys.readouterr().out == (
        "torch 2.15.0: 0 of 1 examples as claimed, 1 otherwise, as the rules know of this release.\n"
    )
    monkeypatch.setattr(worker, "installed", lambda: ("2.9.0", "3.11"))
    assert main(["verify", "--rules", "--select", "TFG216"]) == 1
    assert capsys.readouterr().out == (
        f"TFG216 {known}: breaks at lines [], not at [7]\ntorch 2.9.0: 0 of 1 examples as claimed.\n"
    )
