"""What a run left behind, beside the findings: the log and the trace of several releases, and of the installed one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fullgraph.cli import main
from fullgraph.verify.logfile import LogError, read_log
from fullgraph.verify.matching import Matcher, Source
from fullgraph.verify.messages import Break, Limit, Place, Recompilation, break_of

LOGS = Path(__file__).parent / "run_logs"
MODEL = (LOGS / "model.py.txt").read_text(encoding="utf-8")
RUN = """
import torch

from pkg.model import TABLE, stack, step

for key in list(TABLE)[:3]:
    step(torch.ones(3), *key)
for length in range(1, 12):
    stack([torch.ones(3)] * length)
"""
Check = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "app"
    (root / "pkg").mkdir(parents=True)
    (root / "pkg" / "__init__.py").touch()
    (root / "pkg" / "model.py").write_text(MODEL, encoding="utf-8")
    (root / "run.py").write_text(RUN, encoding="utf-8")
    (root / "pyproject.toml").write_text('[project]\nname = "app"\n', encoding="utf-8")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    def run(*arguments: str) -> tuple[int, Any, str]:
        status = main(["check", "--no-cache", "--output-format", "json", "--select", "TFG3", *arguments])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out else None, err

    return run


def by_code(listed: Any) -> dict[str | None, list[Any]]:
    found: dict[str | None, list[Any]] = {}
    for item in listed:
        found.setdefault(item["code"], []).append(item)
    return found


def rows(items: list[Any]) -> dict[int, int]:
    return {item["location"]["row"]: item["run_time"]["count"] for item in items}


@pytest.mark.parametrize("release", ["2.6", "2.9", "2.15"])
def test_log_of_a_release(project: Path, check: Check, release: str) -> None:
    status, listed, err = check("--evidence", str(LOGS / f"torch-{release}.txt"))
    found = by_code(listed)
    assert status == 1
    assert rows(found[None]) == {7: 2, 14: 1}
    assert {item["filename"] for item in found[None]} == {"pkg/model.py"}
    assert found["TFG301"][0]["run_time"]["confirmed"]
    assert found["TFG301"][0]["run_time"]["what"] == "recompilation"
    of_stack = found["TFG302"][0]["run_time"]
    assert (of_stack["confirmed"], of_stack["what"]) == (
        False,
        "its function was compiled again 8 times; no guard names this line",
    )
    assert "Run time: 1 of 2 findings confirmed, 2 seen that no rule foresaw." in err


def test_log_and_trace_of_the_installed_torch(project: Path, check: Check) -> None:
    pytest.importorskip("torch")
    environ = {**os.environ, "TORCH_LOGS": "graph_breaks,recompiles", "TORCH_TRACE": str(project / "trace")}
    done = subprocess.run([sys.executable, "run.py"], capture_output=True, text=True, check=True, env=environ)
    (project / "log.txt").write_text(done.stdout + done.stderr, encoding="utf-8")
    for evidence in ("log.txt", "trace"):
        status, listed, err = check("--evidence", evidence)
        found = by_code(listed)
        assert status == 1
        assert rows(found[None]) == {7: 2, 14: 1}
        assert found[None][1]["run_time"]["why"] == "Data-dependent branching (GB0170)"
        assert (found["TFG301"][0]["run_time"]["count"], found["TFG301"][0]["run_time"]["confirmed"]) == (2, True)
        assert "not understood" not in err
        assert "other files" not in err
    status, listed, err = check("--evidence", "log.txt", "--evidence", "trace", ".")
    assert rows(by_code(listed)[None]) == {7: 4, 14: 2}


def test_full_report_names_what_was_seen(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(LOGS / "torch-2.15.txt")
    assert main(["check", "--no-cache", "--evidence", log, "--select", "TFG3"]) == 1
    out = capsys.readouterr().out
    assert "   = seen at run time: 2 recompilations: j == 0\n" in out
    assert (
        "pkg/model.py:14: seen at run time, foreseen by no rule: 1 graph break: Data-dependent branching (GB0170)\n"
        in out
    )
    assert main(["check", "--no-cache", "--evidence", log, "--select", "TFG3", "--output-format", "concise"]) == 1
    assert "pkg/model.py:7: seen at run time, foreseen by no rule: 2 graph breaks:" in capsys.readouterr().out


def accepted(project: Path) -> None:
    model = project / "pkg" / "model.py"
    text = MODEL.replace('print("loud")', 'print("loud")  # noqa: T201').replace("> 0:", "> 0:  # noqa")
    model.write_text(text, encoding="utf-8")


def log_of(project: Path) -> str:
    """A log of the code as it stands: of the accepted lines, torch quotes the comments, too."""
    text = (LOGS / "torch-2.9.txt").read_text(encoding="utf-8")
    text = text.replace('print("loud")\n', 'print("loud")  # noqa: T201\n').replace("> 0:\n", "> 0:  # noqa\n")
    (project / "log.txt").write_text(text, encoding="utf-8")
    return "log.txt"


def test_fail_only_on_what_is_confirmed(project: Path, check: Check) -> None:
    accepted(project)
    log = log_of(project)
    status, listed, _ = check("--evidence", log, "--fail-on", "confirmed")
    assert status == 1
    assert None not in by_code(listed), "an accepted line is nothing new"
    status, listed, _ = check("--evidence", log, "--fail-on", "confirmed", "--ignore", "TFG301")
    assert (status, list(by_code(listed))) == (0, ["TFG302"])
    assert check("--evidence", log, "--ignore", "TFG301")[0] == 1


def test_an_unforeseen_break_fails(project: Path, check: Check) -> None:
    status, listed, _ = check("--evidence", str(LOGS / "torch-2.9.txt"), "--fail-on", "confirmed", "--ignore", "TFG3")
    assert (status, list(by_code(listed))) == (1, [None])


def test_what_is_let_pass_or_ignored_was_foreseen(project: Path, check: Check) -> None:
    log = ("--evidence", str(LOGS / "torch-2.9.txt"), "--select", "TFG2")

    def unforeseen(*arguments: str) -> list[int]:
        return list(rows(by_code(check(*arguments)[1])[None]))

    assert unforeseen(*log) == [14]
    assert unforeseen(*log, "--ignore", "TFG210") == [14]
    assert unforeseen(*log, "--per-file-ignores", "pkg/:TFG210") == [14]
    entry = '[[allow]]\npath = "pkg/model.py"\ncode = "TFG210"\nreason = "wanted"\n'
    (project / "allow.toml").write_text(entry, encoding="utf-8")
    assert unforeseen(*log, "--allow-file", "allow.toml") == [14]
    assert unforeseen(*log[:2]) == [7, 14], "what no selected rule says is listed"


def test_breaks_in_other_files_of_the_project_are_no_matter_of_their_callers(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (LOGS / "torch-2.9.txt").read_text(encoding="utf-8").replace("/builds/team/app", str(project))
    (project / "log.txt").write_text(text, encoding="utf-8")
    flags = ("--no-cache", "--evidence", "log.txt", "--select", "TFG101")
    assert main(["check", *flags, "run.py"]) == 0
    assert re.search(r"Run time: 0 of 0 findings confirmed, \d+ in other files\.\n", capsys.readouterr().out)
    assert main(["check", *flags]) == 1
    out = capsys.readouterr().out
    assert "pkg/model.py:14: seen at run time, foreseen by no rule: " in out
    assert "No findings (3 files checked).\n" in out


def test_changed_code_is_not_compared(project: Path, check: Check) -> None:
    model = project / "pkg" / "model.py"
    model.write_text("# one more line\n" + MODEL, encoding="utf-8")
    status, listed, err = check("--evidence", str(LOGS / "torch-2.9.txt"))
    assert status == 1
    assert all(item["run_time"] is None or not item["run_time"]["confirmed"] for item in listed)
    assert None not in by_code(listed)
    assert "where the code has changed since" in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "fullgraph: --evidence: log.txt cannot be read: no such file or directory\n"),
        (b"\x00\x01", "fullgraph: --evidence: log.txt is no text, so no log of torch\n"),
        (b"\xff\xfeV\x00", "fullgraph: --evidence: log.txt is UTF-16; save it as UTF-8\n"),
    ],
)
def test_bad_log_is_one_line(project: Path, check: Check, content: bytes | None, said: str) -> None:
    if content is not None:
        (project / "log.txt").write_bytes(content)
    assert check("--evidence", "log.txt") == (2, None, said)


def test_directory_without_a_trace(project: Path, check: Check) -> None:
    assert check("--evidence", "pkg")[2] == (
        "fullgraph: --evidence: pkg holds no dedicated_log_torch_trace_*.log, as TORCH_TRACE writes\n"
    )


def test_log_without_a_line_of_torch_is_told(project: Path, check: Check) -> None:
    status, _, err = check("--evidence", "run.py")
    assert status == 1
    assert err.startswith("fullgraph: warning: no line of torch's log in run.py: ")


def test_contradictions_are_refused(project: Path, check: Check) -> None:
    assert check("--fail-on", "confirmed")[2] == "fullgraph: --fail-on confirmed needs --evidence\n"
    assert check("--evidence", "x", "--fix")[0] == 2


HEAD = "V1121 14:05:14.860000 1 torch/_dynamo/symbolic_convert.py:5] [0/0] [__graph_breaks] "


def log_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "some.log"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_messages_of_several_processes_may_be_mixed(tmp_path: Path) -> None:
    other = HEAD.replace(" 1 torch", " 2 torch")
    log = read_log(
        log_file(
            tmp_path,
            f"[rank0]:{HEAD}Graph break in user code at /a/b.py:1",
            "something printed",
            f"[rank1]:{other}Graph break in user code at /a/b.py:2",
            f"\x1b[33m2026-11-21 INFO {HEAD}Reason: one\x1b[0m",
            f"[rank1]:{other}Reason: two",
            f"{HEAD}Graph break in user code at /a/b.py:3",
            f"{HEAD}Reason: three",
        )
    )
    found = {(event.places[0].row, event.reason) for event in log.events if isinstance(event, Break)}
    assert found == {(1, "one"), (2, "two"), (3, "three")}
    assert (log.strange, log.by_torch) == (0, True)


def test_messages_that_are_not_understood_are_counted(tmp_path: Path) -> None:
    log = read_log(log_file(tmp_path, f"{HEAD}Graph break, somewhere", f"{HEAD.replace('breaks', 'code')}Graph"))
    assert (log.events, log.strange) == ((), 1)


def test_a_break_whose_stack_is_suppressed_has_that_of_the_first(tmp_path: Path) -> None:
    log = read_log(
        log_file(
            tmp_path,
            f"{HEAD}Graph break in user code at /lib/x.py:9",
            f"{HEAD}Graph Break Reason: Some reason",
            f"{HEAD}  Explanation: more",
            f"{HEAD}User code traceback:",
            f'{HEAD}  File "/a/b.py", line 4, in f',
            f"{HEAD}    g(x)",
            f"{HEAD}    ^^^^",
            f'{HEAD}  File "/lib/x.py", line 9, in g',
            f"{HEAD}    h(x)",
            f"{HEAD}Graph break (user stack suppressed due to duplicate graph break) in user code at /lib/x.py:9",
            f"{HEAD}Graph Break Reason: Some reason",
            f"{HEAD}  Explanation: more",
        )
    )
    places = (Place("/lib/x.py", 9, "h(x)"), Place("/a/b.py", 4, "g(x)"))
    assert log.events == (Break(places, "Some reason"), Break(places, "Some reason"))


def test_log_that_vanishes(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="cannot be read"):
        read_log(tmp_path / "nothing")


def source(path: str, own: int, *lines: str) -> Source:
    return Source(path.rpartition("/")[2] if own == 1 else path, Path(path), own, lambda: lines)


@pytest.mark.parametrize(
    ("path", "quoted", "found"),
    [
        ("/here/app/pkg/model.py", "", True),
        ("/there/app/pkg/model.py", "", True),
        ("app/pkg/model.py", "", True),
        ("pkg/model.py", "", True),
        ("C:\\work\\pkg\\model.py", "", True),
        ("/there/other/model.py", "", False),
        ("/there/other/model.py", "x = f(1) + g(2)", True),
        ("/there/other/model.py", "return x", False),
        ("/there/other/model.py", "y = 1", False),
        ("/venv/lib/python3.12/site-packages/pkg/model.py", "", False),
        ("/venv/lib/python3.12/site-packages/pkg/model.py", "x = f(1) + g(2)", True),
        ("/there/app/pkg/model2.py", "x = f(1) + g(2)", False),
        ("model.py", "", False),
    ],
)
def test_paths_of_another_machine(path: str, quoted: str, found: bool) -> None:
    event = Break((Place(path, 1, quoted),), "")
    line = quoted if quoted == "return x" else "x = f(1) + g(2)"
    matcher = Matcher([source("/here/app/pkg/model.py", 2, line)], [event])
    assert (matcher.locate(event.places[0]) is not None) is found


def test_a_path_that_may_mean_two_files_means_none() -> None:
    event = Break((Place("/there/utils.py", 1, "x = 1"),), "")
    files = [source(f"/here/{name}/utils.py", 2, "x = 1") for name in ("one", "two")]
    assert Matcher(files, [event]).locate(event.places[0]) is None
    assert Matcher(files, [event]).locate(Place("/elsewhere/two/utils.py", 1)) is not None


def test_lines_that_torch_quotes_otherwise_are_stale() -> None:
    events = [Break((Place("/there/pkg/model.py", 1, "x = 2"),), ""), Limit(Place("there/pkg/model.py", 2), "f")]
    matcher = Matcher([source("/here/pkg/model.py", 2, "x = 1", "y = 1")], events)
    assert [matcher.locate(place).stale for place in (events[0].places[0], events[1].function)] == [True, True]  # type: ignore[union-attr]


def test_message_of_torch_2_4() -> None:
    said = break_of(
        "Graph break: from user code at:\n"
        '  File "/a/b.py", line 4, in f\n    g(\n  File "/a/b.py", line 9, in g\n    print(x)\n'
        'Traceback (most recent call last):\n  File "/lib/torch/_dynamo/x.py", line 1, in y\n    raise\n'
        "torch._dynamo.exc.Unsupported: builtin: print [] False"
    )
    places = (Place("/a/b.py", 9, "print(x)"), Place("/a/b.py", 4, "g("))
    assert said == Break(places, "builtin: print [] False")


def test_recompilations_of_a_trace_name_guards_alone() -> None:
    events = read_log(LOGS / "torch-2.15.txt").events
    guards = {guard.row for event in events if isinstance(event, Recompilation) for guard in event.guards}
    assert guards == {15, 22}
