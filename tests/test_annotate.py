"""``--add-noqa`` and ``--add-ok``: comments are written where they count, and nothing else changes."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fullgraph.engine.annotate import Annotated, annotate
from fullgraph.engine.check import check_source
from fullgraph.engine.finding import Finding
from fullgraph.engine.settings import Settings
from fullgraph.textfile import ChangedError, TextFile, encode
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

SETTINGS = Settings.with_everything(TorchRange.only(NEWEST_KNOWN))
USE = "torch._dynamo.mark_dynamic(x, 0)"
REASON = "jd 2026-11-01: needed"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}


def check(data: bytes) -> list[Finding]:
    return check_source(data, "a.py", SETTINGS)


def annotated(data: bytes, reason: str | None = None) -> Annotated:
    return annotate(data, check(data), check, reason)


def run(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=ENVIRONMENT)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == status, done.stdout + done.stderr
    return done


NOQA = {
    "plain": (f"{USE}\n", f"{USE}  # noqa: TFG102\n"),
    "no-newline": (USE, f"{USE}  # noqa: TFG102"),
    "comment": (f"{USE}  # why\n", f"{USE}  # why  # noqa: TFG102\n"),
    "blanks": (f"{USE} \t\n", f"{USE}  # noqa: TFG102\n"),
    "two-codes": (
        f"{USE}, torch._dynamo.disable\n",
        f"{USE}, torch._dynamo.disable  # noqa: TFG101, TFG102\n",
    ),
    "merge": (f"{USE}  # noqa: E501\n", f"{USE}  # noqa: E501, TFG102\n"),
    "merge-without-blank": (f"{USE}  # NOQA:E501,W291\n", f"{USE}  # NOQA:E501,W291, TFG102\n"),
    "merge-in-front-of-a-reason": (f"{USE}  # noqa: E501 - long\n", f"{USE}  # noqa: E501, TFG102 - long\n"),
    "string": (f'f({USE}, """\n""", 1)\n', f'f({USE}, """\n""", 1)  # noqa: TFG102\n'),
    "merge-behind-a-string": (f'f({USE}, """\n""")  # noqa: E1\n', f'f({USE}, """\n""")  # noqa: E1, TFG102\n'),
    "backslash": (f"y = \\\n    {USE}, \\\n    1\n", f"y = \\\n    {USE}, \\\n    1  # noqa: TFG102\n"),
    "row-of-many": (f"f(\n    {USE},\n)\n", f"f(\n    {USE},  # noqa: TFG102\n)\n"),
    "decorator": ("@torch._dynamo.disable\ndef f(): ...\n", "@torch._dynamo.disable  # noqa: TFG101\ndef f(): ...\n"),
}


@pytest.mark.parametrize(("before", "after"), NOQA.values(), ids=NOQA.keys())
def test_noqa(before: str, after: str) -> None:
    done = annotated(f"import torch\n{before}".encode())
    assert done.data.decode() == f"import torch\n{after}"
    assert (done.hidden, done.left) == (after.count("TFG"), ())


def test_ok_behind_the_line_or_above_it() -> None:
    text = f"import torch\n\ndef f(x):\n    {USE}\n    return  {USE}, 'a line that is quite long already'\n"
    assert annotated(text.encode(), REASON).data.decode() == (
        f"import torch\n\ndef f(x):\n    {USE}  # fullgraph: ok TFG102 {REASON}\n"
        f"    # fullgraph: ok TFG102 {REASON}\n    return  {USE}, 'a line that is quite long already'\n"
    )


def test_what_no_comment_can_hide_is_left() -> None:
    text = f"import torch\n{USE}, '# noqa: E501'\n{USE}\n".encode()
    done = annotated(text)
    assert done.hidden == 1
    assert [finding.start.row for finding in done.left] == [2]
    assert done.data == f"import torch\n{USE}, '# noqa: E501'\n{USE}  # noqa: TFG102\n".encode()
    accepted = annotated(text, REASON)
    assert (accepted.hidden, accepted.left) == (2, ())


def test_what_is_no_rules_finding_is_left() -> None:
    for text in (b"x = (\n", b"x = 1  # fullgraph: ok\n", b"x = 1  # noqa: TFG101\n"):
        assert annotated(text) == Annotated(text, 0, tuple(check(text)))


def test_a_reason_that_the_encoding_cannot_hold() -> None:
    text = f"# coding: latin-1\nimport torch\n{USE}, '\xe9'\n".encode("latin-1")
    assert annotated(text, "because \u4e2d").data == text
    assert annotated(text, "d\xe9j\xe0").data.endswith(b"TFG102 d\xe9j\xe0\n")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_newlines_and_mark_stay(newline: str, mark: bytes) -> None:
    text = f"import torch\n{USE}, 'a line that is long enough by itself, surely'\n{USE}\n\f\n"
    data = mark + text.replace("\n", newline).encode()
    for reason in (None, REASON):
        done = annotated(data, reason)
        assert done.left == ()
        assert done.data.startswith(mark + b"import")
        rows = done.data.decode("utf-8-sig").split(newline)
        assert not any("\n" in row or "\r" in row for row in rows)
        assert annotated(done.data, reason).data == done.data


PIECES = st.sampled_from(
    [
        "@torch._dynamo.disable\ndef f(x):\n    pass\n",
        f"y = {USE}\n",
        f"y = {USE}  # noqa: E501\n",
        f"y = {USE}  # noqa: E501 a reason, TFG\n",
        f"y = {USE}  # a comment\n",
        f"# a comment\ny = {USE}\n",
        f"y = {USE}, '# noqa: E501'\n",
        f"y = f({USE}, '''\n\n'''); z = 1\n",
        f"y = f('''\n{USE}''', {USE}, \\\n  '''\n  # noqa''')\n",
        f"y = f(\n    # why\n    {USE},\n    [{USE}\n    ],\n)\n",
        f"y = 1, \\\n    {USE}, \\\n    torch._dynamo.disable(g)\n",
        f"if {USE}:\n\tpass\nelif {USE}:\n\tpass\n",
        f"class A:\n    def f(self, x):\n        return {USE}, 'something long enough to make the line long'\n",
        f'y = f"""\n{{{USE}}}\n"""\n',
        "x = 1\n",
        "\f\n",
    ]
)


@settings(deadline=None, max_examples=150)
@given(
    pieces=st.lists(PIECES, max_size=6),
    newline=st.sampled_from(["\n", "\r\n"]),
    reason=st.sampled_from([None, REASON]),
    ending=st.booleans(),
)
def test_a_second_time_changes_nothing(pieces: list[str], newline: str, reason: str | None, ending: bool) -> None:
    text = "import torch\n" + "".join(pieces)
    data = (text if ending else text.rstrip("\n")).replace("\n", newline).encode()
    done = annotated(data, reason)
    assert ast.dump(ast.parse(done.data)) == ast.dump(ast.parse(data))
    again = check(done.data)
    assert sorted(each.code for each in again) == sorted(each.code for each in done.left)
    assert len(done.left) + done.hidden == len(check(data))
    assert annotated(done.data, reason).data == done.data


def test_flake8_reads_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, (before, _) in enumerate(NOQA.values()):
        Path(f"a{number}.py").write_text(f"import torch\n{before}", encoding="utf-8")
    assert run("flake8", "--isolated", "--select=TFG", status=1).stdout.count("TFG") == len(NOQA) + 1
    done = run("fullgraph", "check", "--isolated", "--add-noqa")
    assert done.stdout == f"Hid {len(NOQA) + 1} findings with `# noqa` in {len(NOQA)} files.\n"
    run("flake8", "--isolated", "--select=TFG")
    run("fullgraph", "check", "--isolated")
    assert run("fullgraph", "check", "--isolated", "--add-noqa").stdout == "Hid 0 findings with `# noqa` in 0 files.\n"


def test_flake8_heeds_what_add_ok_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for number, (before, _) in enumerate(NOQA.values()):
        Path(f"a{number}.py").write_text(f"import torch\n{before}", encoding="utf-8")
    run("fullgraph", "check", "--isolated", "--add-ok", REASON)
    run("flake8", "--isolated", "--select=TFG")
    run("fullgraph", "check", "--isolated")


def test_what_is_left_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.py").write_text(f"import torch\n{USE}, '# noqa: E501'\n", encoding="utf-8")
    Path("b.py").write_text("x = (\n", encoding="utf-8")
    done = run("fullgraph", "check", "--isolated", "--add-noqa", status=1)
    assert done.stderr.splitlines() == [
        "a.py:2:1: TFG102 left as it is: no comment hides it",
        "b.py:1:5: TFG000 left as it is: no comment hides it",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--add-noqa", "--add-ok", "x"], "--add-noqa and --add-ok contradict each other"),
        (["--add-noqa", "-"], "comments can be written into files only"),
        (["--add-ok", ""], "gives no reason"),
        (["--add-ok", "TFG102 is fine"], "put a comma in front of 'TFG102'"),
        (["--add-ok", "a\nb"], "write it in one line"),
        (["--add-ok", "until=soon x"], "bad date"),
    ],
)
def test_wrong_requests(arguments: list[str], message: str) -> None:
    done = run("fullgraph", "check", *arguments, status=2)
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "a.py", tmp_path / "a.py"
    real.parent.mkdir()
    real.write_bytes(b"old\n")
    real.chmod(0o754)
    link.symlink_to(real)
    TextFile.read(link).replace(b"new\n")
    assert link.is_symlink()
    assert real.read_bytes() == b"new\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o754
    assert [path.name for path in real.parent.iterdir()] == ["a.py"]


def test_a_change_in_between_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"old\n")
    before = TextFile.read(path)
    path.write_bytes(b"theirs\n")
    with pytest.raises(ChangedError, match="somebody else changed it"):
        before.replace(b"ours\n")
    path.unlink()
    with pytest.raises(OSError, match=r"a\.py"):
        before.replace(b"ours\n")
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_is_as_readable_as_any(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"")
    TextFile.read(tmp_path / "a").replace(b"x")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_a_directory_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"x")
    with pytest.raises(OSError):  # noqa: PT011 - whatever the system says
        TextFile(tmp_path / "nowhere" / "a.py", None).replace(b"x")


def test_encode() -> None:
    assert encode("\xe9", b"# coding: latin-1\n") == b"\xe9"
    assert encode("\xe9", b"\xef\xbb\xbfx") == b"\xef\xbb\xbf\xc3\xa9"
