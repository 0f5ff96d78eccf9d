"""The command line, mostly as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from fullgraph import __version__
from fullgraph.cli import main
from fullgraph.cli.commands import cli
from fullgraph.engine import many
from fullgraph.engine.registry import registry
from fullgraph.torchfacts import NEWEST_KNOWN

GUILTY = "import torch\n\n\n@torch._dynamo.disable\ndef f(x):\n    return x\n"
LINE = "{}:4:2: TFG101 "
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONWARNINGS": "error"}
for _name in ("NO_COLOR", "FORCE_COLOR", "PYTHONIOENCODING"):
    ENVIRONMENT.pop(_name, None)


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def make(name: str, text: str = GUILTY) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def run(*arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    options = {"capture_output": True, "text": True, "env": ENVIRONMENT, "timeout": 60, **more}
    done = subprocess.run([sys.executable, "-m", "fullgraph", *arguments], check=False, **options)  # type: ignore[call-overload]
    assert "Traceback" not in (done.stderr or "")
    assert "internal error" not in (done.stderr or "")
    return done


def codes(*arguments: str, **more: object) -> list[str]:
    done = run("check", "--output-format", "json", *arguments, **more)
    assert done.returncode in (0, 1), done.stderr
    return [each["code"] for each in json.loads(done.stdout)]


def test_clean() -> None:
    make("a.py", "import torch\n")
    make("b/c.py", "")
    done = run("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"All clear: 2 files checked, torch {NEWEST_KNOWN}.\nTarget: torch {NEWEST_KNOWN}, the newest known.\n"
    )


def test_findings() -> None:
    make("pkg/a.py")
    make("pkg/b.py", "x = (\n")
    make("c.py", "")
    done = run("check", "pkg", "c.py")
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(LINE.format(Path("pkg", "a.py")))
    assert lines[1:6] == ["  |", "4 | @torch._dynamo.disable", "  |  ^^^^^^^^^^^^^^^^^^^^^", "5 | def f(x):", "  |"]
    assert lines[6:9] == [
        "  = help: use `torch.compiler.disable`, public since torch 2.1",
        "  = fix: rename to `torch.compiler.disable`",
        "",
    ]
    assert "b.py:1:5: TFG000 " in lines[9]
    assert lines[-3:-1] == ["Found 2 findings in 2 files (3 files checked).", "1 fixable with --fix."]


def test_concise_and_quiet() -> None:
    make("a.py")
    done = run("check", "--output-format", "concise", "-q")
    assert done.stdout.startswith(LINE.format("a.py"))
    assert done.stdout.count("\n") == 1


def test_json_keeps_stdout_pure() -> None:
    make("a.py")
    done = run("check", "--output-format", "json", "a.py", "nope.py")
    (finding,) = json.loads(done.stdout)
    assert finding["filename"] == "a.py"
    assert finding["location"] == {"row": 4, "column": 2}
    assert finding["end_location"] == {"row": 4, "column": 23}
    assert done.stderr.splitlines()[0] == "fullgraph: no such file or directory: nope.py"
    assert "Found 1 finding" in done.stderr
    assert done.returncode == 2


def test_missing_path_does_not_stop_the_rest() -> None:
    make("a.py")
    done = run("check", "nope", "a.py", "a.py/b")
    assert done.returncode == 2
    assert done.stderr == "fullgraph: no such file or directory: nope\nfullgraph: no such file or directory: a.py/b\n"
    assert LINE.format("a.py") in done.stdout


def test_exit_zero_does_not_hide_a_failed_run() -> None:
    make("a.py")
    assert run("check", "--exit-zero").returncode == 0
    assert run("check", "--exit-zero", "nope").returncode == 2


def test_directory_without_python() -> None:
    Path("empty").mkdir()
    done = run("check", "empty")
    assert done.returncode == 0
    assert done.stderr == "fullgraph: warning: no Python files found in empty\n"


def test_unreadable_file_is_a_finding() -> None:
    make("a.py")
    Path("loop.py").symlink_to("loop.py")
    done = run("check", "loop.py", "a.py", "--output-format", "concise")
    assert done.returncode == 1
    assert "loop.py:1:1: TFG000 cannot read it: Too many levels of symbolic links\n" in done.stdout
    assert "Found 2 findings in 2 files (1 file checked)." in done.stdout


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and does not read")
def test_file_that_fails_while_it_is_read() -> None:
    assert "/proc/self/mem:1:1: TFG000 cannot read it: " in run("check", "/proc/self/mem").stdout


def test_stdin() -> None:
    make("pyproject.toml", "[tool.fullgraph]\nignore = ['TFG101']\n")
    assert codes("-", input="x = (") == ["TFG000"]
    assert codes("-", input=GUILTY) == []
    done = run("check", "--stdin-filename", "sub/x.py", "--isolated", "--output-format", "concise", input=GUILTY)
    assert done.stdout.startswith(LINE.format("sub/x.py"))
    assert run("check", "-", "--isolated", input=GUILTY).stdout.startswith(LINE.format("-"))


def test_closed_streams() -> None:
    make("a.py")
    for redirection in ("<&-", ">&-", "2>&-"):
        command = ["sh", "-c", f'"{sys.executable}" -m fullgraph check - a.py {redirection}']
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, input="", check=False)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert ("stdin is closed" in done.stdout) == (redirection == "<&-")


def test_selection_by_flag_and_file() -> None:
    make("a.py")
    make("pyproject.toml", "[tool.fullgraph]\nselect = ['TFG3']\n")
    assert codes() == []
    assert codes("--select", "TFG1") == ["TFG101"]
    assert codes("--select=TFG3,private-api-with-public-equivalent") == ["TFG101"]
    assert codes("--extend-select", "TFG101") == ["TFG101"]
    assert codes("--isolated") == ["TFG101"]
    assert codes("--isolated", "--ignore", "TFG1") == []
    assert codes("--isolated", "--ignore", "ALL", "--extend-select", "TFG1") == ["TFG101"]
    make("other.toml", "select = ['ALL']\n")
    assert codes("--config", "other.toml") == ["TFG101"]


def test_internal_codes_can_only_be_ignored_by_name() -> None:
    make("a.py", "x = (")
    assert codes("--select", "TFG3") == ["TFG000"]
    assert codes("--ignore", "ALL") == ["TFG000"]
    assert codes("--ignore", "TFG000") == []


def test_a_selection_of_nothing_is_said() -> None:
    make("a.py")
    done = run("check", "--ignore", "ALL")
    assert (done.returncode, done.stderr) == (0, "fullgraph: warning: no rule is selected\n")
    assert run("check", "--select", "TFG3").stderr == ""


def test_exclude() -> None:
    make("a.py")
    make("gen/b.py")
    assert codes("--extend-exclude", "gen") == ["TFG101"]
    make("pyproject.toml", "[tool.fullgraph]\nextend-exclude = ['gen', 'a.py']\n")
    assert codes() == []
    assert codes("gen/b.py") == ["TFG101"]


def test_noqa() -> None:
    make("a.py", GUILTY.replace("disable\n", "disable  # noqa: TFG101\n"))
    assert codes() == []


def test_target_torch_and_where_it_came_from() -> None:
    make("a.py")

    def line(*arguments: str) -> str:
        return run("check", *arguments).stdout.splitlines()[-1]

    assert line() == f"Target: torch {NEWEST_KNOWN}, the newest known."
    make("requirements.txt", "numpy\ntorch>=2.4\n")
    assert line() == "Target: torch 2.4 to 2.15, as requirements.txt:2 allows."
    assert line("--isolated") == f"Target: torch {NEWEST_KNOWN}, the newest known."
    make("pyproject.toml", "[tool.fullgraph]\ntarget-torch = '2.0'\n")
    assert line() == "Target: torch 2.0, set by pyproject.toml:2."
    assert codes("--select", "TFG101") == []
    assert line("--target-torch", "2.6") == "Target: torch 2.6, set by --target-torch."
    assert codes("--select", "TFG101", "--target-torch", "2.1") == ["TFG101"]


def test_statistics() -> None:
    make("a.py")
    make("b.py", "x = (")
    make("c.py", "x = (")
    done = run("check", "--statistics", "-q")
    assert done.stdout == "2  TFG000  invalid-file\n1  TFG101  private-api-with-public-equivalent\n"
    assert done.returncode == 1


def test_output_file() -> None:
    make("a.py")
    done = run("check", "-o", "out.json", "--output-format", "json")
    assert json.loads(Path("out.json").read_text(encoding="utf-8"))[0]["code"] == "TFG101"
    assert done.stdout == ""
    assert done.stderr.startswith("Found 1 finding")
    done = run("check", "--output-file", "no/such/dir", env={**ENVIRONMENT, "FORCE_COLOR": "1"})
    assert done.returncode == 2
    assert done.stderr == "fullgraph: --output-file: cannot write no/such/dir: No such file or directory\n"
    run("check", "-o", "out.txt", env={**ENVIRONMENT, "FORCE_COLOR": "1"})
    assert "\x1b" not in Path("out.txt").read_text(encoding="utf-8")


def test_json_lines() -> None:
    make("a.py", GUILTY.replace("return x", "return x  # \u2713\n    return 'a\\\\n'"))
    make("b.py", "x = (")
    done = run("check", "--output-format", "jsonl")
    listed = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(each["filename"], each["code"], each["severity"]) for each in listed] == [
        ("a.py", "TFG101", "warning"),
        ("b.py", "TFG000", "error"),
    ]
    assert listed == json.loads(run("check", "--output-format", "json").stdout)
    assert done.stderr.startswith("Found 2 findings in 2 files")
    counted = run("check", "--output-format", "jsonl", "--statistics", "-q").stdout.splitlines()
    assert [json.loads(line)["count"] for line in counted] == [1, 1]
    make("a.py", "")
    make("b.py", "")
    assert run("check", "--output-format", "jsonl").stdout == ""


def test_the_switches_of_a_ci_job_by_other_names() -> None:
    make("a.py")
    arguments = ("--format", "jsonl", "--fail-on", "error", "--fail-on-unanalyzed", "--output", "out.jsonl")
    done = run("check", *arguments)
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads(Path("out.jsonl").read_text(encoding="utf-8"))["code"] == "TFG101"
    assert "--fail-on error: 0 of 1 count.\n" in done.stderr
    make("b.py", "x = (")
    done = run("check", *arguments)
    assert done.returncode == 1
    assert "--fail-on error: 1 of 2 count.\n" in done.stderr


CERTAIN = "import torch\n\n\n@torch.compile\ndef f(x: torch.Tensor):\n    return x.sum().item()\n"


@pytest.mark.parametrize(
    ("text", "severity", "failing"),
    [
        (CERTAIN, "error", ["any", "warning", "error"]),
        (GUILTY, "warning", ["any", "warning"]),
        ("import torch\n\n\ndef f(m):\n    return m._orig_mod\n", "note", ["any"]),
    ],
)
def test_fail_on_a_severity(text: str, severity: str, failing: list[str]) -> None:
    make("a.py", text)
    (found,) = json.loads(run("check", "--output-format", "json").stdout)
    assert found["severity"] == severity
    for fail_on in ("any", "warning", "error"):
        done = run("check", "--output-format", "concise", "--fail-on", fail_on)
        assert done.stdout.startswith("a.py:")
        assert done.returncode == (fail_on in failing)
        assert run("check", "--fail-on", fail_on, "--exit-zero").returncode == 0


def test_fail_on_an_entry_that_does_not_hold_any_more() -> None:
    make("a.py", "")
    make("pyproject.toml", "[[tool.fullgraph.allow]]\npath = 'a.py'\ncode = 'TFG101'\nreason = 'old'\n")
    done = run("check", "--fail-on", "error", "--output-format", "concise")
    assert "pyproject.toml:1:1: TFG005 " in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--ignore", "TFG000"),
        ("--per-file-ignores", "b.py:TFG000"),
        ("--exit-zero", "--statistics"),
        ("--diff",),
        ("--add-noqa", "--ignore", "TFG000"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_fail_on_what_was_not_analyzed(arguments: tuple[str, ...]) -> None:
    make("a.py", "")
    make("b.py", "x = (")
    assert run("check", *arguments).returncode == 0
    done = run("check", *arguments, "--fail-on-unanalyzed")
    assert done.returncode == 1
    assert "fullgraph: not analyzed: b.py\n" in done.stderr
    make("b.py", "")
    assert run("check", *arguments, "--fail-on-unanalyzed").returncode == 0


def test_what_was_not_analyzed_is_named_once() -> None:
    make("b.py", "x = (")
    done = run("check", "--exit-zero", "--fail-on-unanalyzed", "--output-format", "concise", "-q")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("b.py:1:5: TFG000 ")
    assert run("check", "nowhere.py", "b.py", "--fail-on-unanalyzed").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--slect", "x"], "fullgraph: no such option"),
        (["check", "--select", "TFG109"], "fullgraph: --select: unknown rule 'TFG109'; did you mean 'TFG101'?"),
        (["check", "--ignore", "private-apy"], "--ignore: unknown rule 'private-apy'; did you mean 'private-api'?"),
        (["check", "--target-torch", "new"], "fullgraph: --target-torch: bad torch version 'new'"),
        (["check", "--target-torch", ""], "fullgraph: --target-torch: bad torch version ''"),
        (["check", "--exclude", "!"], "fullgraph: --exclude: bad pattern '!'"),
        (["check", "--output-format", "xml"], "fullgraph: invalid value for '--output-format'"),
        (["check", "--isolated", "--config", "x"], "fullgraph: --isolated and --config contradict each other"),
        (["check", "--config", "no.toml"], "no.toml: cannot read the configuration file: No such file"),
        (["check", "--select"], "fullgraph: option '--select' requires an argument"),
        (["chek"], "fullgraph: no such command"),
        (["rule"], "fullgraph: give the code or the name of a rule, or --all"),
        (["rule", "TFG101", "--all"], "fullgraph: give the code or the name of a rule, or --all"),
        (["rule", "TFG999x"], "fullgraph: unknown rule 'TFG999x'"),
        (["rule", "privat-api"], "fullgraph: unknown rule 'privat-api'; did you mean 'private-api'?"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make("a.py")
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.fullgraph]\nslect = []\n", "pyproject.toml:2: unknown key 'slect' in [tool.fullgraph]; did you"),
        ("[tool.fullgraph]\nselect = [\n  'TFG1',\n  'TFG199',\n]\n", "pyproject.toml:4: unknown rule 'TFG199'; did"),
        ("[tool.fullgraph]\n\nselect = 1\n", "pyproject.toml:3: 'select' must be a list of strings, found an integer"),
        ("[tool.fullgraph]\nx = [\n", "pyproject.toml:"),
    ],
)
def test_bad_configuration(text: str, message: str) -> None:
    make("pyproject.toml", text)
    make("sub/a.py")
    done = run("check", "sub")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert run("check", "sub", "--isolated").returncode == 1


def test_configuration_is_named_from_where_the_user_stands(tmp_path: Path) -> None:
    make("pyproject.toml", "[tool.fullgraph]\nslect = []\n")
    make("sub/a.py")
    done = run("check", cwd=tmp_path / "sub")
    assert done.stderr.startswith(f"{tmp_path / 'pyproject.toml'}:2: unknown key")


def test_rule_pages() -> None:
    done = run("rule", "TFG101")
    assert done.returncode == 0
    assert done.stdout.startswith("# private-api-with-public-equivalent (TFG101)\n\n")
    assert run("rule", "private-api-with-public-equivalent").stdout == done.stdout
    everything = run("rule", "--all").stdout
    assert done.stdout in everything
    assert all(f"({code})\n" in everything for code in registry())
    assert run("rule", "TFG000").stdout.startswith("# invalid-file (TFG000)\n\nReported where a file cannot be read")
    assert "bug in fullgraph" in run("rule", "internal-error").stdout


def test_version_and_help() -> None:
    assert run("--version").stdout == f"fullgraph {__version__}\n"
    assert "Commands:" in run("-h").stdout
    for option in ("--select", "--target-torch", "--stdin-filename", "--output-format", "-q, --quiet"):
        assert option in run("check", "-h").stdout
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Commands:" in done.stderr


def test_with_click_s_own_runner() -> None:
    make("a.py")
    result = CliRunner().invoke(cli, ["check", "--output-format", "concise"], standalone_mode=False)
    assert result.exception is None
    assert result.return_value == 1
    assert result.stdout.startswith(LINE.format("a.py"))


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": ""}, True),
    ],
)
def test_colour_in_a_pipe(variables: dict[str, str], coloured: bool) -> None:
    make("a.py")
    assert ("\x1b[" in run("check", env={**ENVIRONMENT, **variables}).stdout) == coloured


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_on_a_terminal(variables: dict[str, str], coloured: bool) -> None:
    pty = pytest.importorskip("pty")
    make("a.py")
    ours, theirs = pty.openpty()
    environment = {**ENVIRONMENT, "TERM": "xterm", **variables}
    command = [sys.executable, "-m", "fullgraph", "check"]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 1
    assert (b"\x1b[" in shown) == coloured
    assert b"TFG101" in shown


def test_terminal_that_is_not_utf8() -> None:
    make("é.py", GUILTY.replace("return x", "return '漢'").replace("def", "# é\ndef"))
    done = run("check", env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert done.stdout.startswith("\\xe9.py:4:2: TFG101")
    assert "5 | # \\xe9" in done.stdout
    done = run("check", "nö.py", env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii:strict"})
    assert done.stderr == "fullgraph: no such file or directory: n\\xf6.py\n"


def test_file_names_that_are_no_text() -> None:
    name = os.fsdecode(b"caf\xe9.py")
    try:
        make(name)
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    assert run("check").stdout.startswith("caf\\udce9.py:4:2: TFG101")
    assert codes(name) == ["TFG101"]
    assert run("check", os.fsdecode(b"\xff")).returncode == 2


def test_undecodable_source_is_shown() -> None:
    Path("a.py").write_bytes(b"x = '\xe9'\n")
    done = run("check")
    assert done.returncode == 1
    assert "1 | x = '\ufffd'" in done.stdout


def test_reader_that_goes_away() -> None:
    for number in range(200):
        make(f"a{number}.py")
    command = [sys.executable, "-m", "fullgraph", "check"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 1
    process.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_full_disk() -> None:
    make("a.py")
    with Path("/dev/full").open("w") as full:
        done = run("check", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, "fullgraph: cannot write to <stdout>: No space left on device\n")


def test_interrupt() -> None:
    command = [sys.executable, "-m", "fullgraph", "check", "-"]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == b""
    assert b"Traceback" not in err


def test_working_directory_that_is_gone(tmp_path: Path) -> None:
    command = f'mkdir gone && cd gone && rmdir ../gone && "{sys.executable}" -m fullgraph check'
    done = subprocess.run(["sh", "-c", command], env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "fullgraph: the working directory does not exist any more\n")


def test_a_bug_in_the_command_line_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make("a.py")

    def broken(*_: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(many, "check_many", broken)
    assert main(["check"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("fullgraph: internal error at ")
    assert error.endswith("RuntimeError: two lines; please report it\n")
    assert error.count("\n") == 1


def loaded_by(*arguments: str) -> set[str]:
    code = "import sys, fullgraph.cli; fullgraph.cli.main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    command = [sys.executable, "-c", code, *arguments]
    return set(subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True).stderr.split())


def test_nothing_is_loaded_that_is_not_needed() -> None:
    make("a.py", "import torch\n")
    heavy = {"torch", "libcst", "rich", "flake8", "numpy", "packaging", "asyncio"}
    assert not loaded_by("--version") & (heavy | {"pathspec", "tomllib", "fullgraph.engine", "fullgraph.api"})
    assert not loaded_by("check", "a.py") & (heavy | {"pathspec", "tomllib"})
    assert not loaded_by("check", ".") & heavy
    assert "pathspec" in loaded_by("check", ".")
