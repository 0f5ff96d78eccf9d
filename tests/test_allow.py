"""The allow-list: what it allows, what fails, what it follows, and that nobody's text is lost, in the real programs."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullgraph.cli import main
from fullgraph.config import Config
from fullgraph.engine import allow
from fullgraph.engine.allow import Entry, Spot, Target, TargetError
from fullgraph.engine.allow_file import AllowList, Place
from fullgraph.engine.allow_follow import follow
from fullgraph.engine.allow_layout import Change, Format, Layout, Value, Verbatim, changed
from fullgraph.engine.allow_toml import Toml
from fullgraph.engine.allow_yaml import Yaml
from fullgraph.engine.finding import Finding, Position
from fullgraph.tomlfile import ConfigError

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
USE = "torch._dynamo.mark_dynamic(x, 0)"
MODEL = (
    f"import torch\n\n\nclass A:\n    def f(self, x):\n        {USE}\n        return {USE}\n\n\ndef g(x):\n    {USE}\n"
)
"""Two TFG102 in A.f and one in g, whatever the torch version."""
F, G = ["a.py:6 TFG102", "a.py:7 TFG102"], ["a.py:11 TFG102"]
YESTERDAY, TODAY = date.today() - timedelta(1), date.today()
CONFIG = '[tool.fullgraph]\nallow-file = "ci/allow.yaml"\n'
BOTH = ["pyproject.toml", "ci/allow.yaml"]


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def make(name: str, text: str = MODEL) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(text.encode())


def text_of(name: str) -> str:
    return Path(name).read_bytes().decode()


def edit(name: str, old: str, new: str) -> None:
    assert old in text_of(name)
    make(name, text_of(name).replace(old, new))


def real(*arguments: str, status: int, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "fullgraph", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=120, input=stdin
    )
    assert "Traceback" not in done.stderr, done.stderr
    return checked(done, status)


def run(*arguments: str, status: int, cwd: str = ".") -> subprocess.CompletedProcess[str]:
    """Run the command in this process, which is quicker."""
    output, errors = io.StringIO(), io.StringIO()
    here = Path.cwd()
    os.chdir(cwd)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            done = subprocess.CompletedProcess(arguments, main(arguments), "", "")
    finally:
        os.chdir(here)
    done.stdout, done.stderr = output.getvalue(), errors.getvalue()
    return checked(done, status)


def checked(done: subprocess.CompletedProcess[str], status: int) -> subprocess.CompletedProcess[str]:
    assert "internal error" not in done.stderr, done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done


def findings(*arguments: str, cwd: str = ".") -> list[dict[str, Any]]:
    done = run("check", "-q", "--exit-zero", "--output-format=json", *arguments, status=0, cwd=cwd)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    run("check", "-q", *arguments, status=bool(found), cwd=cwd)
    return found


def reported(*arguments: str, cwd: str = ".") -> list[str]:
    return [f"{each['filename']}:{each['location']['row']} {each['code']}" for each in findings(*arguments, cwd=cwd)]


def said(code: str, *arguments: str) -> list[str]:
    return [each["message"] for each in findings(*arguments) if each["code"] == code]


def flake8(*arguments: str) -> list[str]:
    command = [sys.executable, "-m", "flake8", "-j1", "--select=TFG", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return (done.stdout + done.stderr).splitlines()


def entry(path: str, code: str = "TFG102", **others: object) -> dict[str, object]:
    return {"path": path, "code": code, "reason": "why", **others}


def toml(*entries: dict[str, object], head: str = "", table: str = "tool.fullgraph.allow") -> str:
    written = [
        "\n".join([f"[[{table}]]", *(f"{key} = {_written(value)}" for key, value in each.items())]) for each in entries
    ]
    return head + "\n\n".join(written) + "\n"


def yaml(*entries: dict[str, object]) -> str:
    written = ["\n    ".join(f"{key}: {_written(value)}" for key, value in each.items()) for each in entries]
    return "allow:\n" + "".join(f"  - {each}\n" for each in written)


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value)


def keep(*entries: dict[str, object], where: str = "pyproject.toml") -> None:
    """Write a list of entries into one of the two places."""
    if where == "pyproject.toml":
        make(where, toml(*entries))
    else:
        make("pyproject.toml", CONFIG)
        make(where, yaml(*entries))


@pytest.mark.parametrize("where", BOTH)
def test_what_is_allowed_is_silent_and_counted(where: str) -> None:
    make("a.py")
    keep(entry("a.py:A.f", count=2, owner="jd", expires=TODAY), entry("a.py:g"), where=where)
    done = real("check", status=0)
    assert done.stdout.splitlines()[1] == f"Allow-list: {where} allows 3 findings."
    assert real("check", "--output-format=json", status=0).stdout == "[]\n"
    assert flake8(".") == []
    assert reported("--isolated") == F + G


def test_each_entry_is_for_its_place_only() -> None:
    make("a.py")
    keep(entry("a.py:g"))
    assert reported() == F
    assert [line.partition(" ")[0] for line in flake8("a.py")] == ["a.py:6:9:", "a.py:7:16:"]
    keep(entry("a.py:A", "private-api", count=2))
    assert reported() == G, "a class covers its methods, and a rule may go by its name"
    keep(entry("a.py", count=3))
    assert reported() == []
    keep(entry("a.py:<module>"))
    assert reported() == [*F, *G, "pyproject.toml:1 TFG005"]


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("pkg/", True),
        ("pkg", True),
        ("pkg/**", True),
        ("pkg/*/a.py", True),
        ("./pkg/sub/a.py", True),
        ("**/a.py", True),
        ("**/a.py:g", True),
        ("pkg/**:A.*", True),
        ("pkg/s?b/[a-c].py", True),
        ("pkg/s?b/[!a-c].py", False),
        ("pkg/*", False),
        ("*/a.py", False),
        ("a.py", False),
        ("pkg/su", False),
        ("pkg/**:B.*", False),
    ],
)
def test_patterns(path: str, found: bool) -> None:
    make("pkg/sub/a.py")
    keep(entry(path, count="any"))
    codes = {each.rpartition(" ")[2] for each in reported()}
    assert ("TFG005" not in codes) == found
    flake8_says = flake8(".")
    assert (len(flake8_says) < 3) == found
    assert not any("TFG005" in line for line in flake8_says), "it sees one file only"


def test_at_most_the_count() -> None:
    make("a.py")
    keep(entry("a.py:A.f"), entry("a.py:g"))
    done = run("check", "--output-format=concise", status=1)
    assert done.stdout.startswith("a.py:7:16: TFG102 ")
    assert "(not allowed: pyproject.toml:1 allows 1 of TFG102 in a.py:A.f)" in done.stdout
    assert "Found 1 finding in 1 file" in done.stdout
    (line,) = flake8("a.py")
    assert line.startswith("a.py:7:16: TFG102 ")
    assert "(not allowed: pyproject.toml:1 allows 1 of TFG102 in a.py:A.f)" in line


def test_the_most_exact_entry_counts_first() -> None:
    make("a.py")
    keep(entry("**/a.py", count=1), entry("a.py", count=1), entry("a.py:A.f", count=1))
    assert reported() == []
    assert flake8("a.py") == []


@pytest.mark.parametrize("where", BOTH)
def test_a_stale_entry_fails_by_name(where: str) -> None:
    make("a.py")
    keep(entry("a.py:A.f", count=3), entry("a.py:g"), entry("a.py:h"), where=where)
    rows = [1, 12] if where == "pyproject.toml" else [2, 9]
    assert reported() == [f"{where}:{row} TFG005" for row in rows]
    done = real("check", "--output-format=concise", status=1)
    assert "TFG005 entry 1 (a.py:A.f TFG102) allows 3, of which 2 can be found; let it say 2\n" in done.stdout
    assert "entry 3 (a.py:h TFG102) stands for nothing: TFG102 is not found in a.py:h; `fullgraph al" in done.stdout
    assert sorted(flake8("a.py")) == sorted(
        [
            f"a.py:1:1: TFG005 {where}:{rows[0]}: entry 1 (a.py:A.f TFG102) allows 3, of which 2 can be found; "
            "let it say 2",
            f"a.py:1:1: TFG005 {where}:{rows[1]}: entry 3 (a.py:h TFG102) stands for nothing: TFG102 is not found "
            "in a.py:h; `fullgraph allow --update --prune` takes it out",
        ]
    )
    assert reported("--extend-ignore=TFG005") == []


def test_the_full_output_shows_the_entry() -> None:
    make("a.py")
    make("pyproject.toml", toml(entry("a.py:h"), head="[tool.fullgraph]\nselect = ['TFG102']\n\n"))
    assert "4 | [[tool.fullgraph.allow]]" in run("check", status=1).stdout


@pytest.mark.parametrize("where", BOTH)
def test_an_expired_entry_fails_and_its_findings_are_back(where: str) -> None:
    make("a.py")
    keep(entry("a.py:A.f", count=2), entry("a.py:g", expires=YESTERDAY), where=where)
    row = 7 if where == "pyproject.toml" else 6
    assert reported() == [*G, f"{where}:{row} TFG005"] if where > "a.py" else [f"{where}:{row} TFG005", *G]
    message = f"entry 2 (a.py:g TFG102) has expired: it counted until {YESTERDAY}; renew it or mend the code"
    assert said("TFG005") == [message]
    shown, finding = flake8("a.py")
    assert shown == f"a.py:1:1: TFG005 {where}:{row}: {message}"
    assert finding.startswith("a.py:11:5: TFG102 ")


def test_what_a_run_does_not_see_is_not_judged() -> None:
    make("a.py")
    make("sub/b.py", "import torch\n")
    make("sub/c.py", "import torch\n")
    keep(
        entry("a.py", count=3),
        entry("sub/b.py"),
        entry("sub/"),
        entry("**/*.py", "TFG101"),
        entry("sub/gone.py"),
        entry("lost/*.py", "TFG301"),
    )
    rows = {"b": 7, "sub": 12, "glob": 17, "gone": 22, "lost": 27}
    stale = {name: f"pyproject.toml:{row} TFG005" for name, row in rows.items()}
    always = [stale["gone"]]
    assert reported("a.py") == always
    assert reported("sub/b.py") == [stale["b"], *always]
    assert reported("sub") == [stale["b"], stale["sub"], *always]
    assert reported() == list(stale.values())
    assert reported("--select=TFG301") == [stale["lost"]], "a rule must have run"
    assert flake8("sub/c.py") == []
    assert flake8("sub") == [
        "sub/b.py:1:1: TFG005 pyproject.toml:7: entry 2 (sub/b.py TFG102) stands for nothing: TFG102 is not found in "
        "sub/b.py; `fullgraph allow --update --prune` takes it out"
    ]


def test_a_file_that_cannot_be_parsed_is_not_judged() -> None:
    make("a.py", "import torch\ndef f(:\n")
    keep(entry("a.py"), entry("*.py"))
    assert reported() == ["a.py:2 TFG000"]


def test_rules_turned_off_for_a_file_or_by_a_level_are_not_judged() -> None:
    make("a.py", "import torch\n")
    make(
        "pyproject.toml",
        toml(entry("a.py"), entry("a.py", "TFG401")) + "[tool.fullgraph.per-file-ignores]\n'a.py' = ['TFG1']\n",
    )
    assert reported() == ["pyproject.toml:6 TFG005"]
    assert reported("--traced=certain") == []


def test_stdin_is_a_file_like_any_other() -> None:
    make("a.py")
    keep(entry("a.py:A.f", count=2), entry("a.py:g"), entry("b.py"))
    make("b.py", "")
    done = real("check", "-", "--stdin-filename=a.py", stdin=MODEL, status=0)
    assert "allows 3 findings" in done.stdout
    assert "TFG102" in real("check", "-", stdin=MODEL, status=1).stdout


def test_paths_count_from_the_configuration() -> None:
    make("sub/a.py")
    keep(entry("sub/a.py:A.f", count=2), entry("sub/a.py:g"))
    assert reported(cwd="sub") == []
    assert reported("sub") == []
    make("pyproject.toml", '[tool.fullgraph]\nallow-file = "ci/allow.toml"\n')
    make("ci/allow.toml", toml(entry("sub/a.py", count=3), table="allow", head="version = 1\n"))
    assert reported(cwd="sub") == []
    assert flake8("sub") == []
    make("pyproject.toml", "[tool.fullgraph]\n")
    assert reported("--allow-file=ci/allow.toml") == []


def test_fullgraph_toml_wins_beside_pyproject() -> None:
    make("a.py")
    make("pyproject.toml", '[tool.fullgraph]\nignore = ["TFG102"]\n')
    make("fullgraph.toml", toml(entry("a.py:A.f", count=2), table="allow"))
    assert reported() == G
    assert len(flake8("a.py")) == 1


def test_a_stub_allows_nothing() -> None:
    make("a.py")
    keep(entry("a.py:A.f", count=2, reason=" "), entry("a.py:g", owner="", reason="--"))
    assert reported() == [*F, *G, "pyproject.toml:1 TFG006", "pyproject.toml:7 TFG006"]
    assert said("TFG006") == [
        "entry 1 (a.py:A.f TFG102) allows nothing: reason missing; write it into the list",
        "entry 2 (a.py:g TFG102) allows nothing: owner and reason missing; write it into the list",
    ]
    assert len(flake8("a.py")) == 5
    make("ci/allow.yaml", "allow:\n  - path: a.py\n    code: TFG102\n    count: 3\n    reason:\n")
    make("pyproject.toml", CONFIG)
    assert reported() == [*F, *G, "ci/allow.yaml:2 TFG006"]


def test_comments_come_first_and_a_baseline_last() -> None:
    make("a.py", MODEL.replace(f"return {USE}", f"return {USE}  # fullgraph: ok TFG102 because"))
    keep(entry("a.py:A.f"))
    run("baseline", "create", status=0)
    assert text_of("fullgraph-baseline.toml").count("[[entry]]") == 1
    assert "Allow-list" in run("check", status=0).stdout
    assert reported("--no-baseline") == G


def test_show_allowed() -> None:
    make("a.py")
    keep(entry("a.py:A.f", count=2, owner="jd", expires=TODAY), entry("a.py:g"))
    found = json.loads(run("check", "--show-allowed", "--output-format=json", status=0).stdout)
    assert [each["allowed"] for each in found] == [
        {"entry": "pyproject.toml:1", "owner": "jd", "reason": "why", "expires": str(TODAY)},
        {"entry": "pyproject.toml:1", "owner": "jd", "reason": "why", "expires": str(TODAY)},
        {"entry": "pyproject.toml:9", "owner": None, "reason": "why", "expires": None},
    ]
    keep(entry("a.py:A.f", count=2, owner="jd"))
    found = json.loads(run("check", "--show-allowed", "--output-format=json", status=1).stdout)
    assert [each["allowed"] is None for each in found] == [False, False, True]
    done = run("check", "--show-allowed", status=1)
    assert done.stdout.count("(allowed by pyproject.toml:1: jd: why)") == 2
    assert "Found 1 finding in 1 file" in done.stdout
    assert "allowed" not in run("check", "--output-format=json", status=1).stdout


def test_fixes_leave_alone_what_is_allowed() -> None:
    text = "import torch\n" + "".join(f"\n\n@torch._dynamo.disable\ndef {name}(x):\n    return x\n" for name in "fg")
    make("a.py", text)
    keep(entry("a.py:f", "TFG101"))
    run("check", "--fix", status=0)
    assert text_of("a.py") == text[:40] + text[40:].replace("_dynamo", "compiler")
    run("check", status=0)


def test_never_allow() -> None:
    make("a.py")
    make("pyproject.toml", toml(entry("a.py"), head='[tool.fullgraph]\nnever-allow = ["private-api"]\n\n'))
    done = real("check", status=2)
    assert done.stderr == (
        "pyproject.toml:6: allow entry 1: TFG102 may never be allowed, says never-allow at pyproject.toml:2\n"
    )
    assert "may never be allowed" in flake8("a.py")[1]
    make("pyproject.toml", '[tool.fullgraph]\nnever-allow = ["TFG1"]\n')
    assert reported() == F + G
    done = real("allow", "--generate", status=1)
    assert "3 findings left out, since never-allow names the rule\n" in done.stderr
    assert text_of("pyproject.toml") == '[tool.fullgraph]\nnever-allow = ["TFG1"]\n'
    make("pyproject.toml", '[tool.fullgraph]\nnever-allow = ["TFG1O1"]\n')
    assert real("check", status=2).stderr == "pyproject.toml:2: unknown rule 'TFG1O1'; did you mean 'TFG101'?\n"


BROKEN_TOML = {
    "pat = 'a.py'\ncode = 'TFG102'\nreason = 'why'": "2: allow entry 1: unknown key 'pat'; did you mean 'path'?",
    "code = 'TFG102'\nreason = 'why'": "1: allow entry 1: no 'path'",
    "path = 'a.py'\ncode = 'TFG102'": "1: allow entry 1: no 'reason'",
    "path = 'a.py'\ncode = 'TFG02'\nreason = 'why'": "3: allow entry 1: unknown rule 'TFG02'; did you mean 'TFG102'?",
    "path = 'a.py'\ncode = 'TFG000'\nreason = ''": (
        "3: allow entry 1: TFG000 is no rule's finding and cannot be allowed"
    ),
    "path = 'a.py'\ncode = 'TFG102'\nreason = 1": "4: allow entry 1: 'reason' must be a text, found 1",
    "path = ''\ncode = 'TFG102'\nreason = 'why'": "2: allow entry 1: 'path' must be a text, found ''",
    "path = '/a.py'\ncode = 'TFG102'\nreason = 'why'": (
        "2: allow entry 1: write the path from the directory of the configuration, with slashes"
    ),
    "path = 'a.py:f()'\ncode = 'TFG102'\nreason = 'why'": (
        "2: allow entry 1: 'f()' is no function; write it as in 'src/model.py:Policy.forward'"
    ),
    "path = '[z-a].py'\ncode = 'TFG102'\nreason = 'why'": (
        "2: allow entry 1: bad pattern '[z-a].py': bad character range z-a at position 1"
    ),
    "path = 'a.py'\ncode = 'TFG102'\nreason = 'why'\ncount = 0": (
        "5: allow entry 1: 'count' must be a number from 1 up, or \"any\", found 0"
    ),
    "path = 'a.py'\ncode = 'TFG102'\nreason = 'why'\ncount = true": (
        "5: allow entry 1: 'count' must be a number from 1 up, or \"any\", found True"
    ),
    "path = 'a.py'\ncode = 'TFG102'\nreason = 'why'\nexpires = '2027-2-30'": (
        "5: allow entry 1: 'expires' must be a date as in 2027-01-31, found '2027-2-30'"
    ),
    "path = 'a.py'\ncode = 'TFG102'\nreason = 'why'\nhash = [1]": (
        "5: allow entry 1: 'hash' must be a text or a list of them, found [1]"
    ),
    "path = 'a.py'\ncode = 'TFG102'\nreason = 'why'\n"
    "[[tool.fullgraph.allow]]\npath = './a.py'\ncode = 'private-api'\nreason = 'x'": (
        "6: allow entry 2: the same path and code as entry 1 at line 1; add up their counts"
    ),
    "path = 'a.py'\ncode = 'TFG102'\nreason = 'why'\nreason = 'why'": "5:15: invalid TOML: Cannot overwrite a value",
    "path = 'a.py'\ncode = 'TFG102'\nreason = '''\n[[tool.fullgraph.allow]]\n'''\ncount = 'all'": (
        "7: allow entry 1: 'count' must be a number from 1 up, or \"any\", found 'all'"
    ),
}


@pytest.mark.parametrize(("body", "message"), BROKEN_TOML.items(), ids=BROKEN_TOML.values())
def test_a_broken_entry_is_one_line_with_its_place(body: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    make("a.py")
    make("pyproject.toml", f"[[tool.fullgraph.allow]]\n{body}\n")
    assert main(["check"]) == 2
    assert capsys.readouterr() == ("", f"pyproject.toml:{message}\n")


BROKEN_YAML = {
    "- path: a.py": ":1:1: an allow-list has 'version' and 'allow'",
    "allow: a.py": ":1:1: 'allow' must be a list, one '- path: ...' for each entry",
    "allow:\n  - a.py": ":2:5: an entry is written as '- path: ...'",
    "allow:\n  - {}": ":2:5: an empty entry",
    "version: 2": ":1:10: this version is not known; this is 1",
    "alow: []": ":1:1: unknown key 'alow'; an allow-list has 'version' and 'allow'",
    "allow: []\nallow: []": ":2:1: the key 'allow' is there already, at line 1",
    "allow:\n  - path: a.py\n    code: TFG102\n    path: b.py": ":4:5: the key 'path' is there already, at line 2",
    "allow:\n  - path: a.py\n    code: [TFG102]\n    reason: x": (
        ":3: allow entry 1: 'code' must be a text, found ['TFG102']"
    ),
    "allow:\n  - path: a.py\n    code: TFG102\n    count: '2'\n    reason: x": (
        ":4: allow entry 1: 'count' must be a number from 1 up, or \"any\", found '2'"
    ),
    "allow:\n  - path: a.py\n    code: TFG102\n    reason: {a: b}": (
        ":4: allow entry 1: 'reason' must be a text, found {}"
    ),
    "allow:\n  - path: a.py\n    code: TFG102\n    why: x": (
        ":4: allow entry 1: unknown key 'why'; the keys are path, code, count, owner, reason, expires, hash"
    ),
    "allow:\n  - &a\n    path: a.py\n    code: TFG102\n    reason: x\n  - <<: *a": (
        ":6: allow entry 2: unknown key '<<'; the keys are path, code, count, owner, reason, expires, hash"
    ),
    "allow: []\n---\nallow: []": ":2:1: invalid YAML: expected a single document in the stream",
    "allow: [": ":2:1: invalid YAML: ",
    "allow: *x": ":1:8: invalid YAML: found undefined alias",
    "allow: !!python/object/apply:os.system ['touch hacked']": ":1:41: an entry is written",
    "\x07": ": invalid YAML: ",
    "allow:" + " [" * 6000 + "]" * 6000: ": invalid YAML: it cannot be read",
}


@pytest.mark.parametrize(("text", "message"), BROKEN_YAML.items(), ids=range(len(BROKEN_YAML)))
def test_broken_yaml_is_one_line_with_its_place(text: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    make("a.py")
    make("pyproject.toml", CONFIG)
    make("ci/allow.yaml", text + "\n")
    assert main(["check"]) == 2
    assert not Path("hacked").exists()
    out, error = capsys.readouterr()
    assert not out
    assert error.count("\n") == 1
    assert error.startswith(f"ci/allow.yaml{message}")


def test_yaml_needs_pyyaml_and_says_so() -> None:
    make("a.py")
    keep(entry("a.py"), where="ci/allow.yaml")
    make("hidden/yaml.py", "raise ImportError\n")
    command = [sys.executable, "-m", "fullgraph", "check"]
    path = f"hidden{os.pathsep}{ENVIRONMENT['PYTHONPATH']}"
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**ENVIRONMENT, "PYTHONPATH": path}, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr == "ci/allow.yaml: to read YAML, install PyYAML: pip install 'fullgraph[yaml]'\n"


def test_where_a_list_may_be(capsys: pytest.CaptureFixture[str]) -> None:
    make("a.py")
    make("pyproject.toml", CONFIG)
    assert main(["check"]) == 2
    assert capsys.readouterr().err == (
        "pyproject.toml:2: no allow-list ci/allow.yaml; `fullgraph allow --generate` writes one\n"
    )
    make("pyproject.toml", CONFIG + toml(entry("a.py")))
    assert main(["check"]) == 2
    assert "allow entries stand in pyproject.toml and in ci/allow.yaml; keep them in one" in capsys.readouterr().err
    make("pyproject.toml", '[tool.fullgraph]\nallow-file = "allow.json"\n')
    assert main(["check"]) == 2
    assert "bad allow-file 'allow.json'; it ends in .toml, .yaml or .yml" in capsys.readouterr().err
    make("pyproject.toml", "[tool.fullgraph.allow]\npath = 'a.py'\n")
    assert main(["check"]) == 2
    assert capsys.readouterr().err == ("pyproject.toml:1: 'allow' must be a list of tables, [[tool.fullgraph.allow]]\n")
    make("pyproject.toml", '[tool.fullgraph]\nallow-file = "a.toml"\n')
    make("a.toml", "[[alow]]\npath = 'a.py'\n")
    assert main(["check"]) == 2
    assert capsys.readouterr().err == "a.toml:1: unknown key 'alow'; an allow-list has 'version' and [[allow]]\n"
    Path("a.toml").write_bytes(b"# \xff\n")
    assert main(["check"]) == 2
    assert capsys.readouterr().err == "a.toml:1: cannot read it: not UTF-8\n"
    make("pyproject.toml", "[tool.fullgraph]\nallow = [{path = 'a.py', code = 'TFG102', reason = 'why', count = 3}]\n")
    assert main(["check", "-q"]) == 0


def test_generate_begins_a_list_that_allows_nothing_yet() -> None:
    make("a.py")
    done = real("allow", "--generate", status=0)
    assert done.stdout == "Wrote 2 entries for 3 findings to fullgraph.toml; fill in owner and reason.\n"
    assert text_of("fullgraph.toml") == (
        "# Findings that fullgraph allows, each for a reason. An entry without one allows nothing.\n"
        "# `fullgraph allow --update` follows code that has moved.\n\n"
        '[[allow]]\npath = "a.py:A.f"\n# torch._dynamo.mark_dynamic(x, 0)\n# return torch._dynamo.mark_dynamic(x, 0)\n'
        'code = "TFG102"\ncount = 2\nowner = ""\nreason = ""\nhash = ["dd6b3d2f1136", "8629331f46b2"]\n\n'
        '[[allow]]\npath = "a.py:g"\n# torch._dynamo.mark_dynamic(x, 0)\ncode = "TFG102"\nowner = ""\nreason = ""\n'
        'hash = "dd6b3d2f1136"\n'
    )
    assert len(reported()) == 5
    assert real("allow", "--generate", status=0).stdout == "fullgraph.toml: nothing to add.\n"
    edit("fullgraph.toml", 'reason = ""', 'reason = "why"')
    assert said("TFG006")[0].endswith("allows nothing: owner missing; write it into the list")
    edit("fullgraph.toml", 'owner = ""', 'owner = "jd"')
    assert reported() == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("where", "before"),
    [
        ("pyproject.toml", "[tool.fullgraph]\n# mine\n\n[tool.other]  # x\na = 1"),
        ("pyproject.toml", '\ufeff[tool.fullgraph]\n[[tool.fullgraph.allow]]\npath = "b.py"\ncode = "TFG102"\n'
         "reason = 'x'  # y\n\n[tool.other]\na = '''\n[[tool.fullgraph.allow]]\n'''\n"),
        ("ci/allow.yaml", "# mine\nversion: 1\nallow:\n- path: b.py  # x\n  code: TFG102\n  reason: >\n    a\n    b\n\n"
         "# end\n"),
        ("ci/allow.yaml", "# mine\nallow: []  # none\n"),
        ("ci/allow.yaml", "allow:\nversion: 1"),
        ("ci/allow.yaml", "# nothing"),
        ("ci/allow.yaml", 'allow:\n    - {path: b.py, code: TFG102, reason: "x"}\n'),
        ("ci/allow.yaml", ""),
    ],
)  # fmt: skip
def test_generate_adds_and_changes_nothing_else(
    where: str, before: str, newline: str, capsys: pytest.CaptureFixture[str]
) -> None:
    make("a.py", MODEL)
    make("b.py", MODEL[: MODEL.index("    def f")] + f"    {USE}\n")
    make("pyproject.toml", CONFIG)
    make(where, before.replace("\n", newline))
    assert main(["allow", "--generate", "--owner=jd"]) == 0
    assert "fill in reason." in capsys.readouterr().out
    after = text_of(where)
    assert ("\r\n" in after) == (newline == "\r\n" and "\n" in before)
    if newline == "\r\n" and "\n" in before:
        assert "\n" not in after.replace("\r\n", "")
    kept = iter(after.replace("\r\n", "\n").split("\n"))
    for line in before.replace("allow: []", "allow:").split("\n"):
        assert line in kept, f"{line!r} is gone, or in another place"
    assert main(["allow", "--generate"]) == 0
    assert text_of(where) == after
    make(where, after.replace('reason: ""', "reason: r").replace('reason = ""', 'reason = "r"'))
    capsys.readouterr()
    assert main(["check"]) == 0, capsys.readouterr().out


def test_generate_where_the_list_cannot_be_added_to(capsys: pytest.CaptureFixture[str]) -> None:
    make("a.py")
    text = "[tool.fullgraph]\nallow = []\n"
    make("pyproject.toml", text)
    assert main(["allow", "--generate"]) == 2
    assert capsys.readouterr().err.startswith("pyproject.toml: it cannot be changed as wanted (invalid TOML: ")
    assert text_of("pyproject.toml") == text
    assert main(["allow"]) == 2
    assert main(["allow", "--generate", "--update"]) == 2
    assert main(["allow", "--generate", "-"]) == 2
    assert main(["allow", "--generate", "nowhere.py"]) == 2
    assert main(["allow", "--generate", "--isolated"]) == 2
    make("pyproject.toml", "[tool.fullgraph]\n")
    assert main(["allow", "--update"]) == 2
    assert capsys.readouterr().err.count("\n") == 7


def test_generate_beside_what_is_there() -> None:
    make("a.py")
    keep(entry("a.py:A.f"))
    assert run("allow", "--generate", status=0).stdout.startswith("Wrote 2 entries for 2 findings")
    assert len(reported()) == 4, "two stubs, and what they are for"
    make("a.py", MODEL + f"    {USE}\n")
    done = run("allow", "--generate", status=1)
    assert done.stdout.startswith("pyproject.toml: nothing to add.\na.py:12:5: TFG102 ")
    assert done.stderr == "1 finding left out: the entry is there; raise its count by hand\n"


def test_generate_and_the_baseline() -> None:
    make("a.py")
    run("baseline", "create", status=0)
    assert run("allow", "--generate", status=0).stdout == "fullgraph.toml: nothing to add.\n"
    assert run("allow", "--generate", "--no-baseline", status=0).stdout.startswith("Wrote 2 entries for 3")


NAMED = "names with [brackets], * and a:colon?.py"


def test_odd_names_of_files() -> None:
    make(NAMED)
    make("names with b, x and a:colon!.py")
    run("allow", "--generate", NAMED, status=0)
    edit("fullgraph.toml", 'owner = ""\nreason = ""', 'reason = "\u00e9"')
    assert {each.rpartition(":")[0] for each in reported()} == {"names with b, x and a:colon!.py"}
    Path(NAMED).rename("plain.py")
    assert run("allow", "--update", "plain.py", status=0).stdout.endswith("fullgraph.toml: 2 entries moved.\n")
    assert 'path = "plain.py:A.f"' in text_of("fullgraph.toml")


@pytest.mark.parametrize("where", BOTH)
def test_update_follows_a_renamed_function_and_touches_nothing_else(where: str) -> None:
    make("a.py")
    make("pyproject.toml", CONFIG if where != "pyproject.toml" else "[tool.fullgraph]\n")
    run("allow", "--generate", status=0)
    text = (
        text_of(where)
        .replace('owner: ""', "owner: jd  # he knows")
        .replace('reason: ""', "reason: >-\n      long\n      one")
    )
    text = text.replace('owner = ""', "owner = 'jd'  # he knows").replace('reason = ""', "reason = '''\n[[x]] one'''")
    text = f"# mine\n\n{text}\n# end"
    make(where, text)
    assert reported() == []
    make("a.py", MODEL.replace("def g(x):", "def h( x ):").replace("def f", "def ff").replace("0)\n", " 0 )\n"))
    assert said("TFG005")[0].endswith("`fullgraph allow --update` follows its code to a.py:A.ff")
    done = run("allow", "--update", status=0)
    assert done.stdout == (
        f"entry 1 (a.py:A.f TFG102) -> a.py:A.ff\nentry 2 (a.py:g TFG102) -> a.py:h\n{where}: 2 entries moved.\n"
    )
    assert text_of(where) == text.replace("a.py:A.f", "a.py:A.ff").replace("a.py:g", "a.py:h")
    assert reported() == []
    assert run("allow", "--update", status=0).stdout == f"{where}: 0 entries moved.\n"


@pytest.mark.parametrize("where", BOTH)
def test_update_follows_a_function_that_was_taken_apart(where: str) -> None:
    lines = [f"torch._dynamo.mark_dynamic(x, {number})" for number in range(4)]
    make("a.py", "import torch\ndef run(x):\n" + "".join(f"    {line}\n" for line in lines))
    make("pyproject.toml", CONFIG if where != "pyproject.toml" else "[tool.fullgraph]\n")
    run("allow", "--generate", "--owner=jd", status=0)
    edit(where, '""', '"why"')
    with Path(where).open("a") as file:
        file.write("    expires: 2999-01-02\n" if where != "pyproject.toml" else "expires = 2999-01-02\n")
    assert reported() == []
    make("a.py", f"import torch\ndef run(x):\n    {lines[0]}\ndef two(x):\n    {lines[1]}\n    {lines[3]}\n")
    make("b.py", f"import torch\nclass B:\n    def run(self, x):\n        {lines[2]}\n")
    done = run("allow", "--update", status=0)
    assert done.stdout == (
        f"entry 1 (a.py:run TFG102) -> a.py:two\nentry 1 (a.py:run TFG102) -> b.py:B.run\n{where}: 1 entry moved.\n"
    )
    assert reported() == []
    text = text_of(where)
    assert text.count('"why"') == text.count('"jd"') == text.count("2999-01-02") == 3
    found = json.loads(run("check", "--show-allowed", "--output-format=json", status=0).stdout)
    assert {(each["allowed"]["owner"], each["allowed"]["expires"]) for each in found} == {("jd", "2999-01-02")}
    assert len(found) == 4
    assert run("allow", "--update", status=0).stdout == f"{where}: 0 entries moved.\n"
    assert text_of(where) == text


def test_update_follows_files() -> None:
    make("a.py")
    keep(entry("a.py:A", count=2), entry("a.py:g"))
    assert run("allow", "--update", status=0).stdout == "pyproject.toml: 0 entries moved.\n"
    assert text_of("pyproject.toml").count("hash = ") == 2, "entries written by hand get theirs"
    edit("pyproject.toml", "a.py:g", "a.py")
    Path("pkg").mkdir()
    Path("a.py").rename("pkg/b.py")
    assert said("TFG005", "pkg")[0].endswith("`fullgraph allow --update` follows its code to pkg/b.py:A")
    run("allow", "--update", status=0)
    assert [line for line in text_of("pyproject.toml").split("\n") if "path" in line] == [
        'path = "pkg/b.py:A"', 'path = "pkg/b.py"'
    ]  # fmt: skip
    assert reported() == []


def test_update_says_what_is_nowhere_and_prune_takes_it_out() -> None:
    make("a.py")
    keep(
        entry("a.py:A.f", count=3), entry("a.py:g"), entry("a.py:h"), entry("*.py", count=2), entry("a.py:A.*", count=9)
    )
    text = text_of("pyproject.toml")
    edit(
        "pyproject.toml",
        '\n\n[[tool.fullgraph.allow]]\npath = "*.py"',
        '\n\n# mine\n[[tool.fullgraph.allow]]\npath = "*.py"',
    )
    done = run("allow", "--update", status=1)
    assert done.stderr.splitlines()[0] == (
        "pyproject.toml:1: entry 1 (a.py:A.f TFG102) allows 3, of which 2 can be found; --prune takes it out"
    )
    assert done.stderr.count("\n") == 4
    done = run("allow", "--prune", status=0)
    assert done.stdout == "pyproject.toml: 0 entries moved, 13 findings taken out.\n"
    assert text_of("pyproject.toml").startswith(toml(entry("a.py:A.f", count=2)).rstrip("\n"))
    assert "# mine\n" in text_of("pyproject.toml")
    assert text_of("pyproject.toml").count("[[") == 2
    assert reported() == []
    assert text != text_of("pyproject.toml")


def test_update_counts_what_it_followed_as_found() -> None:
    lines = [f"    torch._dynamo.mark_dynamic(x, {number})\n" for number in range(3)]
    make("a.py", "import torch\ndef run(x):\n" + "".join(lines))
    run("allow", "--generate", "--owner=jd", status=0)
    Path("a.py").unlink()
    make("b.py", "import torch\ndef run(x):\n" + "".join(lines[:2]))
    done = run("allow", "--update", status=1)
    assert "entry 1 (a.py:run TFG102) allows 3, of which 2 can be found; --prune takes it out\n" in done.stderr


def test_update_of_what_has_no_lines_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    make("a.py")
    make("pyproject.toml", "[tool.fullgraph]\nallow = [{path = 'a.py:h', code = 'TFG102', reason = 'why'}]\n")
    assert main(["allow", "--prune"]) == 2
    assert capsys.readouterr().err == (
        "pyproject.toml:2: entry 1 (a.py:h TFG102) has no lines of its own; change it by hand\n"
    )
    make("pyproject.toml", CONFIG)
    make("ci/allow.yaml", "allow:\n  - path: &p a.py:h\n    code: TFG102\n    reason: *p\n")
    assert main(["allow", "--prune"]) == 2
    assert "has no lines of its own" in capsys.readouterr().err


def test_flow_style_is_kept() -> None:
    make("a.py")
    make("pyproject.toml", CONFIG)
    make(
        "ci/allow.yaml",
        "allow:\n  - {path: a.py:g, code: TFG102, reason: why}  # x\n"
        "  - {path: 'a.py:A.f', code: TFG102, reason: y, count: 2}\n",
    )
    run("allow", "--update", status=0)
    assert 'reason: why, hash: "dd6b3d2f1136"}  # x\n' in text_of("ci/allow.yaml")
    make("a.py", MODEL.replace("def g", "def h"))
    run("allow", "--update", status=0)
    assert '- {path: "a.py:h", code: TFG102' in text_of("ci/allow.yaml")
    assert reported() == []


KINDS: list[Format] = [Toml(("allow",), is_alone=True), Yaml()]
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\\\0"), min_size=1, max_size=8).filter(
    lambda name: name not in {".", ".."}
)
"""Of files; ``.`` and ``..`` are none, as paths are shown without such parts."""
items = st.fixed_dictionaries(
    {"path": texts, "code": st.just("TFG102"), "reason": texts},
    optional={
        "owner": texts,
        "count": st.integers(1, 99),
        "hash": st.lists(texts, min_size=1, max_size=3),
        "expires": st.dates().map(lambda day: Verbatim(day.isoformat())),
    },
)


def written(kind: Format, entries: list[dict[str, Value]], newline: str) -> Layout:
    layout = Layout("# mine\n".replace("\n", newline))
    new = "".join(kind.item(values, ["a: b"], None, newline) for values in entries)
    return kind.layout(kind.added(layout, new, newline), "list")


@pytest.mark.parametrize("kind", KINDS, ids=["toml", "yaml"])
@settings(max_examples=80, deadline=None)
@given(st.lists(items, min_size=1, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_is_read(kind: Format, entries: list[dict[str, Value]], newline: str) -> None:
    layout = written(kind, entries, newline)
    for item, values in zip(layout.items, entries, strict=True):
        assert item.is_editable
        for key, value in values.items():
            expected = value.text if isinstance(value, Verbatim) else value
            expected = expected[0] if isinstance(expected, list) and len(expected) == 1 else expected
            found = item.fields[key].value
            assert (str(found) if key == "expires" else found) == expected


@pytest.mark.parametrize("kind", KINDS, ids=["toml", "yaml"])
@settings(max_examples=80, deadline=None)
@given(st.lists(items, min_size=2, max_size=4), st.data(), st.sampled_from(["\n", "\r\n"]))
def test_a_change_changes_nothing_else(
    kind: Format, entries: list[dict[str, Value]], data: st.DataObject, newline: str
) -> None:
    layout = written(kind, entries, newline)
    index = data.draw(st.integers(0, len(entries) - 1))
    values = data.draw(st.dictionaries(st.sampled_from(["path", "hash"]), texts))
    behind = tuple(data.draw(st.lists(items, max_size=2)))
    after = kind.layout(changed(layout, {index: Change(values, behind)}, kind), "list")
    read = [{key: field.value for key, field in item.fields.items()} for item in layout.items]
    assert [{key: field.value for key, field in item.fields.items()} for item in after.items] == [
        *read[:index],
        {**read[index], **values},
        *(
            {key: field.value for key, field in item.fields.items()}
            for item in written(kind, list(behind), newline).items
        ),
        *read[index + 1 :],
    ]
    begin, end = layout.items[index].start, layout.items[index].end
    assert after.text.startswith(layout.text[:begin])
    assert after.text.endswith(layout.text[end:])
    gone = kind.layout(changed(layout, {index: Change(is_removed=True)}, kind), "list")
    assert len(gone.items) == len(entries) - 1


@given(st.lists(names, min_size=1, max_size=3), st.none() | st.sampled_from(["<module>", "A", "A.f", "A.f.g"]))
def test_a_target_made_for_a_path_is_for_just_that(parts: list[str], inside: str | None) -> None:
    path = "/".join(parts)
    try:
        target = Target.parse(str(Target.of(path, inside)))
    except TargetError:
        assert not path or path.startswith("/")
        return
    assert target.is_exact
    assert target.path == path.rstrip("/")
    assert target.matches(path)
    assert not target.matches(f"{path}x")
    assert not target.matches(f"x{path}")
    assert target.covers("A.f.g") == (inside != "<module>")
    assert target.covers("") == (inside in {None, "<module>"})
    assert not target.covers("AB") or inside is None


spots = st.builds(
    lambda row, path, inside, code, line: Spot(
        Finding(path, Position(row, 1), Position(row, 2), code, "", ""), path, inside, line
    ),
    st.integers(1, 10**9),
    st.sampled_from(["a.py", "p/a.py", "p/b.py"]),
    st.sampled_from(["", "A", "A.f", "g"]),
    st.sampled_from(["TFG101", "TFG102"]),
    st.sampled_from("uvw"),
)


@st.composite
def lists_of_entries(draw: st.DrawFn) -> list[Entry]:
    targets = ["a.py", "a.py:A", "a.py:A.f", "p/a.py", "p/", "p/*.py:g", "**/a.py", "p/b.py:<module>"]
    return [
        Entry(
            number,
            number,
            Target.parse(draw(st.sampled_from(targets))),
            draw(st.sampled_from(["TFG101", "TFG102"])),
            draw(st.none() | st.integers(1, 3)),
            reason="why",
            hashes=tuple(draw(st.lists(st.sampled_from("uvw"), max_size=2))),
            missing=draw(st.sampled_from([(), (), ("reason",)])),
        )
        for number in range(1, draw(st.integers(1, 6)))
    ]


@settings(max_examples=150, deadline=None)
@given(lists_of_entries(), st.lists(spots, max_size=12, unique_by=lambda spot: spot.finding))
def test_no_entry_allows_more_than_it_says_and_no_finding_is_lost(entries: list[Entry], found: list[Spot]) -> None:
    matched = allow.match(entries, found)
    groups = [
        *(spot for _, taken in matched.found for spot in taken),
        *(spot for spot, _ in matched.over),
        *matched.others,
    ]
    assert sorted(groups, key=repr) == sorted(found, key=repr)
    for one, taken in matched.found:
        assert one.count is None or len(taken) <= one.count
        for spot in taken:
            assert one.target.matches(spot.path)
            assert one.target.covers(spot.inside)
            assert spot.finding.code == one.code
            assert (matched.allowed.get(spot.finding) is one) == (not one.missing)
    for spot, one in matched.over:
        assert one.target.matches(spot.path)
        assert spot.finding not in matched.allowed
    followed = follow(matched, lambda entry: True, matched.others)
    carried = [spot.finding for each in followed.moves.values() for move in each for spot in move.spots]
    assert len(set(carried)) == len(carried), "code goes to one entry"
    held = [spot.finding for _, spots in followed.found for spot in spots]
    assert len({*held, *carried}) == len(held) + len(carried)
    for one, taken in followed.found:
        moved = sum(len(move.spots) for move in followed.moves.get(one.number, ()))
        assert one.count is None or len(taken) + moved <= one.count


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("allow:\n -[]{}&*'\"#!x1|>\t"), max_size=60), st.sampled_from([".yaml", ".toml"]))
def test_no_text_is_more_than_an_error(text: str, suffix: str) -> None:
    path = Path(f"list{suffix}")
    path.write_text(text, encoding="utf-8")
    config = Config(allow_file=str(path))
    place = Place.of(config, Path.cwd())
    assert place is not None
    try:
        said, entries = "", AllowList.read(place, config).entries
    except ConfigError as error:
        said, entries = str(error), ()
    assert not entries
    assert said.startswith(path.name) or not said
    assert "\n" not in said


def rearranged(places: list[str]) -> None:
    """Put line number n into the function that ``places`` names at n."""
    for name in ("a.py", "b.py"):
        text = "import torch\n"
        for function in "fgh":
            lines = [number for number, place in enumerate(places) if place == f"{name}:{function}"]
            body = "".join(f"    torch._dynamo.mark_dynamic(x, {number})\n" for number in lines)
            text += f"def {function}(x):\n{body}    return x\n"
        make(name, text)


homes = st.lists(
    st.sampled_from([f"{name}:{function}" for name in ("a.py", "b.py") for function in "fgh"]), min_size=5, max_size=5
)


@pytest.mark.parametrize("where", BOTH)
@settings(max_examples=20, deadline=None)
@given(homes, homes)
def test_update_follows_whatever_is_moved_around(where: str, before: list[str], after: list[str]) -> None:
    make("pyproject.toml", CONFIG if where != "pyproject.toml" else "[tool.fullgraph]\n")
    Path(where).unlink(missing_ok=where != "pyproject.toml")
    make("pyproject.toml", CONFIG if where != "pyproject.toml" else "[tool.fullgraph]\n")
    rearranged(before)
    run("allow", "--generate", "--no-cache", status=0)
    owners = {path: f"owner of {path}" for path in before}
    text = text_of(where)
    for path, owner in owners.items():
        start = text.index(f'path{text[text.index("path") + 4 :][:3].rstrip(chr(34))}"{path}"')
        text = text[:start] + text[start:].replace('""', f'"{owner}"', 2)
    make(where, text)
    run("check", "--no-cache", status=0)
    rearranged(after)
    run("allow", "--update", "--no-cache", status=0)
    done = run("check", "--no-cache", "--show-allowed", "--output-format=json", status=0)
    found = json.loads(done.stdout)
    rows = {path: Path(path).read_text().split("\n") for path in ("a.py", "b.py")}
    for each in found:
        line = rows[each["filename"]][each["location"]["row"] - 1]
        number = int(line.rpartition(", ")[2].rstrip(")"))
        assert each["allowed"]["owner"] == each["allowed"]["reason"] == owners[before[number]]
    assert len(found) == 5
