"""``per-file-ignores``, in the configuration and as a flag."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph.config import Config, from_flags, load_config
from fullgraph.tomlfile import ConfigError

GUILTY = "import torch\nf = torch._dynamo.disable\ng = torch._dynamo.mark_dynamic\n"
"""One TFG101 and one TFG102, whatever the torch version."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()
    for name in ("a.py", "tests/a.py", "tests/sub/b.py", "src/a.py"):
        make(name, GUILTY)


def make(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def run(*arguments: str, cwd: str = ".") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fullgraph", "check", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=cwd)
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    return done


def reported(*arguments: str, cwd: str = ".") -> dict[str, list[int]]:
    """Each file with the last digits of its codes."""
    found: dict[str, list[int]] = {}
    for each in json.loads(run("--output-format=json", *arguments, cwd=cwd).stdout):
        found.setdefault(each["filename"], []).append(int(each["code"][3:]))
    return found


ALL = [101, 102]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('"tests" = ["TFG101"]', {"a.py": ALL, "src/a.py": ALL, "tests/a.py": [102], "tests/sub/b.py": [102]}),
        ('"tests/" = ["TFG1"]', {"a.py": ALL, "src/a.py": ALL}),
        ('"tests/*" = ["private-api"]', {"a.py": ALL, "src/a.py": ALL, "tests/a.py": [101], "tests/sub/b.py": [101]}),
        ('"./a.py" = ["ALL"]', {"src/a.py": ALL, "tests/a.py": ALL, "tests/sub/b.py": ALL}),
        ('"a.py" = ["ALL"]', {"tests/sub/b.py": ALL}),
        ('"!src/**" = ["ALL"]', {"src/a.py": ALL}),
        ('"*.pyi" = ["ALL"]', dict.fromkeys(("a.py", "src/a.py", "tests/a.py", "tests/sub/b.py"), ALL)),
        ('"tests" = ["TFG101"]\n"b.py" = ["TFG102"]', {"a.py": ALL, "src/a.py": ALL, "tests/a.py": [102]}),
    ],
)
def test_patterns(table: str, expected: dict[str, list[int]]) -> None:
    make("pyproject.toml", f"[tool.fullgraph.per-file-ignores]\n{table}\n")
    assert reported() == expected
    below = {name.removeprefix("tests/"): codes for name, codes in expected.items() if name.startswith("tests/")}
    assert reported(cwd="tests") == below, "patterns count from the configuration's directory"


def test_flag_takes_the_place_of_the_table() -> None:
    make("pyproject.toml", '[tool.fullgraph]\nper-file-ignores = { "src" = ["ALL"], "a.py" = ["TFG101"] }\n')
    assert reported() == {"tests/sub/b.py": ALL, "a.py": [102], "tests/a.py": [102]}
    flags = ["--per-file-ignores", "tests:TFG101,TFG102", "--per-file-ignores", "src/a.py:TFG101"]
    assert reported(*flags) == {"a.py": ALL, "src/a.py": [102]}


def test_what_is_ignored_for_a_file_makes_no_comment_look_vain() -> None:
    make("a.py", "x = 1  # fullgraph: ok TFG101 why\ny = 1  # noqa: TFG101\n")
    assert reported("a.py") == {"a.py": [2, 2]}
    assert reported("--per-file-ignores=a.py:TFG101", "a.py") == {}


def test_internal_codes_by_their_full_code_only() -> None:
    make("a.py", "x = (\n")
    assert reported("--per-file-ignores=a.py:ALL", "a.py") == {"a.py": [0]}
    assert reported("--per-file-ignores=a.py:TFG000", "a.py") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[tool.fullgraph.per-file-ignores]\n"a" = ["TFG101"]\n"b.py" = ["TFG10x"]',
            ":3: unknown rule 'TFG10x'; did you",
        ),
        ('[tool.fullgraph]\nper-file-ignores = {"a" = ["TFG9"]}', ":2: unknown rule 'TFG9'; did you mean 'TFG"),
        (
            '[tool.fullgraph.per-file-ignores]\n"a" = "TFG101"',
            ":2: rules for 'a' must be a list of strings, found a string",
        ),
        (
            '[tool.fullgraph.per-file-ignores]\n\n"a" = [1]',
            ":3: rules for 'a' must be a list of strings, found an integer in it",
        ),
        ('[tool.fullgraph]\nper-file-ignores = ["a"]', ":2: 'per-file-ignores' must be a table, as in"),
        ('[tool.fullgraph.per-file-ignores]\n"/" = ["ALL"]', ":2: bad pattern '/'"),
        (
            "[tool.fullgraph]\nper-file-ignore = {}",
            ":2: unknown key 'per-file-ignore' in [tool.fullgraph]; did you mean 'per-file-ig",
        ),
    ],
)
def test_mistakes_name_the_line(text: str, message: str) -> None:
    make("pyproject.toml", f"{text}\n")
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"pyproject.toml{message}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("value", ["TFG101", "a.py:", ":TFG101"])
def test_a_flag_without_pattern_or_rule(value: str) -> None:
    with pytest.raises(ConfigError, match=r"bad value .* write it as in 'tests/"):
        from_flags({"per_file_ignores": [value]})


def test_values() -> None:
    make("x.toml", '"per-file-ignores" = {"a:b" = ["TFG1", "ALL"], "c" = []}\nbaseline = "old.toml"\n')
    assert load_config(Path("x.toml")) == Config(per_file_ignores=("a:b:TFG1", "a:b:ALL"), baseline="old.toml")
    assert from_flags({"per_file_ignores": ["a:TFG1,TFG3", "b:ALL"]}).per_file_ignores == ("a:TFG1", "a:TFG3", "b:ALL")
