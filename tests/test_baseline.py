"""``fullgraph baseline``: what it lets pass, what it follows, and that it only ever shrinks."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullgraph.engine import baseline_file
from fullgraph.engine.baseline import Entry, Matched, match, see
from fullgraph.engine.check import check_source
from fullgraph.engine.fingerprint import Definitions, digest, normalised
from fullgraph.engine.settings import Settings
from fullgraph.tomlfile import ConfigError
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

NAME = "fullgraph-baseline.toml"
USE = "torch._dynamo.mark_dynamic(x, 0)"
MODEL = (
    f"import torch\n\n\nclass A:\n    def f(self, x):\n        {USE}\n        return {USE}\n\n\ndef g(x):\n    {USE}\n"
)
"""Two TFG102 in A.f and one in g, whatever the torch version."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def make(name: str, text: str = MODEL) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def run(*arguments: str, status: int | None = None, cwd: str = ".") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fullgraph", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, cwd=cwd, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    assert "internal error" not in done.stderr, done.stderr
    assert status is None or done.returncode == status, done.stdout + done.stderr
    return done


def reported(*arguments: str) -> list[str]:
    done = run("check", "--output-format=json", *arguments)
    found = json.loads(done.stdout)
    assert done.returncode == bool(found)
    return [f"{each['filename']}:{each['location']['row']} {each['code']}" for each in found]


def baseline() -> str:
    return Path(NAME).read_text(encoding="utf-8")


def edit(name: str, old: str, new: str) -> None:
    text = Path(name).read_text(encoding="utf-8")
    assert old in text
    Path(name).write_text(text.replace(old, new), encoding="utf-8")


def test_create() -> None:
    make("pkg/a.py")
    done = run("baseline", "create", status=0)
    assert done.stdout == f"Wrote {NAME}: 3 findings in 2 entries (unexplained: 2).\n"
    head, *entries = baseline().split("\n\n")
    assert "version = 1" in head
    assert entries[0] == (
        '[[entry]]\npath = "pkg/a.py"\nin = "A.f"\ncode = "TFG102"\nsnippet = "torch._dynamo.mark_dynamic"\n'
        'hash = "88c77acd4559"\ncount = 2\nowner = ""\nreason = ""'
    )
    assert 'in = "g"' in entries[1]
    done = run("check", status=0)
    assert done.stdout.splitlines()[1] == f"Baseline: {NAME} lets pass 3 findings (unexplained: 2)."
    assert run("check", "--output-format=json", status=0).stdout == "[]\n"
    assert reported("--no-baseline") == ["pkg/a.py:6 TFG102", "pkg/a.py:7 TFG102", "pkg/a.py:11 TFG102"]
    assert len(reported("--isolated")) == 3


def test_create_does_not_overwrite() -> None:
    make(NAME, "version = 1\n")
    done = run("baseline", "create", status=2)
    assert done.stderr == f"{NAME}: there is one already; `fullgraph baseline update` keeps it up to date\n"


def test_explained_entries_are_not_counted_as_unexplained() -> None:
    make("a.py")
    run("baseline", "create", "--owner=jd", "--reason=old code", status=0)
    assert "unexplained" not in run("check", status=0).stdout
    run("baseline", "check", "--require-reasons", status=0)
    edit(NAME, 'in = "g"', 'in = "g"\n#')
    edit(NAME, 'reason = "old code"\n\n', 'reason = " "\n\n')
    done = run("baseline", "check", "--require-reasons", status=1)
    assert done.stdout.startswith(f"{NAME}:5:1: TFG004 this entry has no reason; write it into the file\n")
    run("baseline", "check", status=0)


def test_new_findings_are_reported() -> None:
    make("a.py")
    run("baseline", "create", status=0)
    make("a.py", MODEL + "    torch._dynamo.disable(x)\n")
    assert reported() == ["a.py:12 TFG101"]
    make("a.py", MODEL.replace(f"        {USE}\n", f"        {USE}\n        {USE}\n"))
    assert reported() == ["a.py:8 TFG102"], "an entry lets pass only so many"
    done = run("baseline", "update", status=1)
    assert "a.py:8:16: TFG102" in done.stdout
    assert done.stderr == "1 finding not let pass; --allow-new adds entries for them\n"
    assert run("baseline", "update", "--allow-new", status=0).stdout == (
        f"{NAME}: 0 gone, 0 moved, 1 new; 4 findings in 2 entries (unexplained: 2).\n"
    )
    assert reported() == []


def test_stale_entries_are_reported_and_taken_out() -> None:
    make("a.py")
    run("baseline", "create", "--reason=old", status=0)
    make("a.py", MODEL.replace(f"        {USE}\n", "").replace(f"    {USE}\n", "    pass\n"))
    assert reported() == [f"{NAME}:5 TFG004", f"{NAME}:15 TFG004"]
    messages = run("baseline", "check", status=1).stdout.splitlines()
    assert "this entry lets pass 2 of TFG102 in A.f of a.py, of which 1 can be found" in messages[0]
    assert "this entry stands for nothing: TFG102 is not found in g of a.py any more" in messages[1]
    assert reported("--extend-ignore=TFG004") == []
    assert run("baseline", "update", status=0).stdout == f"{NAME}: 2 gone, 0 moved, 0 new; 1 finding in 1 entry.\n"
    assert 'reason = "old"' in baseline()
    assert reported() == []
    make("a.py", "")
    run("baseline", "update", status=0)
    assert "[[entry]]" not in baseline()
    run("baseline", "update", status=0)


def test_formatting_and_lines_do_not_matter() -> None:
    make(
        "a.py",
        "import torch\n\ndef f(ts, k):\n    return torch._foreach_mul(ts, k)[{'a': (1,)}['a'][0]], torch._C._a\n",
    )
    run("baseline", "create", status=0)
    edit("a.py", "import torch\n", "# more\nimport torch\nimport os\n")
    edit("a.py", "torch._C._a", "(\n        torch . _C # why\n        ._a\n    )")
    assert reported() == []


def test_moved_code_keeps_its_owner_and_reason() -> None:
    make("a.py")
    run("baseline", "create", "--owner=jd", "--reason=old", status=0)
    make("a.py", MODEL.replace("class A", "class B").replace("def g", "def h"))
    assert reported() == []
    assert "2 entries moved; `fullgraph baseline update` follows." in run("check", status=0).stdout
    assert run("baseline", "update", status=0).stdout.startswith(f"{NAME}: 0 gone, 2 moved, 0 new; ")
    assert ('in = "B.f"' in baseline(), 'in = "h"' in baseline()) == (True, True)
    assert baseline().count('owner = "jd"\nreason = "old"') == 2
    Path("a.py").rename("b.py")
    assert reported() == []
    run("baseline", "update", status=0)
    assert baseline().count('path = "b.py"') == baseline().count('reason = "old"') == 2


def test_code_that_moves_to_a_file_beside_keeps_its_reason_once_it_is_allowed() -> None:
    make("a.py")
    run("baseline", "create", "--reason=old", status=0)
    make("b.py")
    make("a.py", "")
    assert len(reported()) == 5
    run("baseline", "update", "--allow-new", status=0)
    assert baseline().count('path = "b.py"') == baseline().count('reason = "old"') == 2


def test_expired_entries_let_nothing_pass() -> None:
    make("a.py", f"import torch\n{USE}\n")
    run("baseline", "create", status=0)
    for until in ("until = 2020-01-31", 'until = "2020-01-31"'):
        Path(NAME).write_text(f"{baseline()}{until}\n", encoding="utf-8")
        assert reported() == ["a.py:2 TFG102", f"{NAME}:5 TFG004"]
        run("baseline", "update", status=0)
        edit(NAME, f"{until}\n", "")
    Path(NAME).write_text(f"{baseline()}until = 2999-01-31\n", encoding="utf-8")
    assert reported() == []


def test_a_part_of_the_project_says_nothing_of_the_rest() -> None:
    for name in ("a.py", "b/c.py", "b/d.py"):
        make(name)
    run("baseline", "create", status=0)
    before = baseline()
    for name in ("a.py", "b/c.py", "b/d.py"):
        make(name, "")
    Path("b/d.py").unlink()
    assert len(reported("a.py")) == 2
    assert len(reported("b")) == 4, "a file that is gone from a directory that was looked through"
    assert reported("--select=TFG3") == []
    make("a.py", "x = (\n")
    assert reported("a.py") == ["a.py:1 TFG000"], "of a file that cannot be parsed nothing is known"
    run("baseline", "update", "a.py", status=0)
    assert baseline() == before
    run("baseline", "update", "b", status=0)
    assert ("a.py" in baseline(), "b/" in baseline()) == (True, False)


def test_from_another_directory_and_place() -> None:
    make("pyproject.toml", '[tool.fullgraph]\nbaseline = "lint/old.toml"\n')
    make("pkg/a.py")
    done = run("check", status=2)
    assert done.stderr.startswith("pyproject.toml:2: no baseline lint/old.toml; `fullgraph baseline create` writes one")
    Path("lint").mkdir()
    run("baseline", "create", ".", cwd="pkg", status=0)
    assert 'path = "../pkg/a.py"' in Path("lint/old.toml").read_text(encoding="utf-8")
    run("check", status=0)
    run("check", "a.py", cwd="pkg", status=0)
    run("check", "--baseline=../lint/old.toml", "a.py", cwd="pkg", status=0)


def test_suppressed_findings_need_no_entry() -> None:
    make("a.py", f"import torch\n{USE}\n")
    run("baseline", "create", status=0)
    make("a.py", f"import torch\n{USE}  # fullgraph: ok TFG102 why\n")
    assert reported() == [f"{NAME}:5 TFG004"]


def test_findings_about_comments_and_files_are_never_let_pass() -> None:
    make("a.py", "x = 1  # fullgraph: ok\n")
    make("b.py", "x = (\n")
    assert run("baseline", "create", status=0).stdout == f"Wrote {NAME}: 0 findings in 0 entries.\n"
    assert reported() == ["a.py:1 TFG003", "b.py:1 TFG000"]


def test_add_noqa_leaves_alone_what_is_let_pass() -> None:
    make("a.py")
    run("baseline", "create", status=0)
    make("a.py", f"{MODEL}    torch._dynamo.disable(x)\n")
    assert run("check", "--add-noqa", status=0).stdout == "Hid 1 finding with `# noqa` in 1 file.\n"
    assert Path("a.py").read_text(encoding="utf-8").count("noqa") == 1


ENTRY = '[[entry]]\npath = "a.py"\ncode = "TFG102"\nhash = "x"\n'
BROKEN = {
    "toml": ("version = 1\n[[entry]\n", ":2:"),
    "no-version": (ENTRY, ":1: no version"),
    "version": (f"\nversion = 2\n{ENTRY}", ":2: version 2 is not known"),
    "top-key": ("version = 1\nentries = 3\n", ":2: unknown key 'entries'"),
    "no-tables": ("version = 1\nentry = 3\n", ":2: 'entry' must be a list of tables"),
    "key": (f"version = 1\n{ENTRY}{ENTRY}reasn = ''\n", ":10: unknown key 'reasn'; did you mean 'reason'?"),
    "type": (f"version = 1\n{ENTRY}owner = 3\n", ":6: 'owner' must be a string, found 3"),
    "count": (f"version = 1\n{ENTRY}count = 0\n", ":6: 'count' must be a number from 1 up, found 0"),
    "boolean": (f"version = 1\n{ENTRY}count = true\n", ":6: 'count' must be a number from 1 up, found True"),
    "date": (f"version = 1\n{ENTRY}until = 'soon'\n", ":6: 'until' must be a date as in 2027-01-31, found 'soon'"),
    "time": (f"version = 1\n{ENTRY}until = 2027-01-31T01:00:00\n", ":6: 'until' must be a date"),
    "missing": ('version = 1\n\n[[entry]]\npath = "a.py"\n', ":3: this entry has no 'code'"),
    "code": (f"version = 1\n{ENTRY.replace('TFG102', 'TFG10x')}", ":4: unknown rule 'TFG10x'; did you mean 'TFG10"),
    "internal": (f"version = 1\n{ENTRY.replace('TFG102', 'TFG000')}", ":4: unknown rule 'TFG000'; only findings of"),
    "twice": (f"version = 1\n{ENTRY}{ENTRY}", ":6: the same path, in, code and hash as at line 2"),
}


@pytest.mark.parametrize(("text", "message"), BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize("command", [("check",), ("baseline", "update"), ("baseline", "check")], ids=" ".join)
def test_a_broken_file_is_one_line(text: str, message: str, command: tuple[str, ...]) -> None:
    make(NAME, text)
    make("a.py")
    done = run(*command, status=2)
    assert done.stdout == ""
    assert done.stderr.startswith(f"{NAME}{message}"), done.stderr
    assert done.stderr.count("\n") == 1


def test_not_utf8_and_not_readable() -> None:
    Path(NAME).write_bytes(b"version = 1\n\xff\n")
    assert run("check", status=2).stderr == f"{NAME}:2: invalid TOML: not UTF-8\n"
    Path(NAME).unlink()
    Path(NAME).mkdir()
    assert run("check", status=2).stderr.startswith(f"{NAME}: cannot read it: ")


def test_wrong_requests() -> None:
    assert "not from stdin" in run("baseline", "create", "-", status=2).stderr
    assert "no such file" in run("baseline", "create", "nowhere.py", status=2).stderr
    assert run("baseline", "update", status=2).stderr.startswith(f"{NAME}: no baseline {NAME}; ")
    assert "say where it is with --baseline" in run("baseline", "create", "--isolated", status=2).stderr
    assert "Usage: fullgraph baseline" in run("baseline", status=2).stderr
    assert run("check", "--baseline=nowhere.toml", status=2).stderr.startswith(
        "fullgraph: --baseline: no baseline nowhere"
    )


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("f( a , b )", "f(a,b)"),
        ("f(\n    a,\n    b,  # why\n)", "f(a, b)"),
        ("f('a')", 'f("a")'),
        ("not  x", "not x"),
        ("a \\\n  .b", "a.b"),
    ],
)
def test_equal_code(code: str, other: str) -> None:
    assert normalised(code) == normalised(other)


@pytest.mark.parametrize(
    ("code", "other"), [("f('a b')", "f('ab')"), ("not x", "notx"), ("'# a'", "'# b'"), ("a.b", "a.c")]
)
def test_unequal_code(code: str, other: str) -> None:
    assert normalised(code) != normalised(other)


def test_digests_never_change() -> None:
    """They stand in files of other people."""
    assert digest(normalised("torch._dynamo.mark_dynamic")) == "88c77acd4559"
    assert digest(normalised("self.heads[ 'a', (1,\n) ]  # b")) == digest('self.heads["a",(1)]') == "c40863e937b8"


def test_names_of_definitions() -> None:
    import ast

    text = "@d\nclass A:\n    x = 1\n    @d\n    async def f(self):\n        def g(): pass\n"
    text += "\ny = 1\nif y:\n    def h():\n        pass\n"
    names = Definitions(ast.parse(text))
    assert [names.around(row) for row in range(1, 12)] == [
        "A", "A", "A", "A.f", "A.f", "A.f.g", "", "", "", "h", "h",
    ]  # fmt: skip


WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
ENTRIES = st.lists(
    st.builds(
        Entry,
        path=WORDS.filter(bool),
        inside=WORDS,
        code=st.sampled_from(["TFG101", "TFG102", "TFG301"]),
        snippet=WORDS,
        hash=WORDS.filter(bool),
        count=st.integers(1, 5),
        owner=WORDS,
        reason=WORDS,
        until=st.none() | st.dates(),
    ),
    unique_by=lambda entry: entry.key,
    max_size=5,
)


@given(ENTRIES)
def test_what_is_written_is_read(entries: list[Entry]) -> None:
    text = baseline_file.write(entries)
    assert baseline_file.read(text, NAME) == sorted(entries, key=lambda entry: entry.key)
    assert baseline_file.write(reversed(entries)) == text


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    for each in (text, f"version = 1\n[[entry]]\n{text}"):
        with contextlib.suppress(ConfigError):
            baseline_file.read(each, NAME)


USES = st.lists(st.sampled_from([USE, "torch._dynamo.disable(x)", "torch._C._a"]), max_size=3)
PROJECTS = st.dictionaries(
    st.sampled_from(["a.py", "b.py", "c.py"]),
    st.dictionaries(st.sampled_from(["f", "g", "h"]), USES, max_size=3),
    max_size=3,
)


def matched(project: dict[str, dict[str, list[str]]], entries: list[Entry], only: str | None = None) -> Matched:
    """Match a project of files with functions with uses, or one file of it."""
    looked_at = {name: definitions for name, definitions in project.items() if only in {None, name}}
    sources = {
        name: (
            "import torch\n" + "".join(f"def {each}(x):\n    {uses}\n" for each, uses in texts(definitions))
        ).encode()
        for name, definitions in looked_at.items()
    }
    everything = Settings.with_everything(TorchRange.only(NEWEST_KNOWN))
    findings = [each for name, data in sources.items() for each in check_source(data, name, everything)]
    gone = [entry for entry in entries if entry.path not in project]
    judged = [entry for entry in entries if only in {None, entry.path}]
    return match(entries, see(findings, sources, str), gone, judged)


def texts(definitions: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(name, "; ".join(uses) or "pass") for name, uses in definitions.items()]


def totals(entries: list[Entry]) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        counts[entry.code, entry.hash] += entry.count
    return counts


@settings(deadline=None, max_examples=200)
@given(before=PROJECTS, after=PROJECTS, only=st.sampled_from([None, "a.py"]))
def test_it_only_shrinks(
    before: dict[str, dict[str, list[str]]], after: dict[str, dict[str, list[str]]], only: str | None
) -> None:
    entries = matched(before, []).updated(allow_new=True)
    assert matched(before, entries).others == ()
    assert matched(before, entries).updated(allow_new=False) == entries
    entries = [
        Entry(*each.key[:3], each.snippet, each.hash, each.count, "jd", "old", date(2999, 1, 1)) for each in entries
    ]
    first = matched(after, entries, only)
    fewer = first.updated(allow_new=False)
    assert totals(fewer) <= totals(entries)
    assert all((each.owner, each.reason, each.until) == ("jd", "old", date(2999, 1, 1)) for each in fewer)
    second = matched(after, fewer, only)
    assert second.passed == first.passed, "an update changes nothing of what is let pass"
    assert len(second.others) == len(first.others)
    assert (second.outdated(), second.updated(allow_new=False)) == ([], fewer)
    if only is None:
        assert sum(each.count for each in fewer) == len(first.passed)
        assert matched(after, first.updated(allow_new=True)).others == ()
