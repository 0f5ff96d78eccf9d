"""``# noqa``: the same lines survive as under the real flake8."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from fullgraph.engine.finding import Finding
from fullgraph.engine.suppression import settle
from fullgraph.semantic.positions import span
from fullgraph.semantic.source import decode, split_lines

PLUGIN = """
import ast

class Plugin:
    name = "names"
    version = "1"

    def __init__(self, tree):
        self.tree = tree

    def run(self):
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name):
                yield node.lineno, node.col_offset, "TFG101 a name", type(self)
"""

COMMENTS = [
    "# noqa",
    "#noqa",
    "#  noqa",
    "# NOQA",
    "# NoQA: TFG101",
    "# noqa: TFG101",
    "# noqa:TFG101",
    "# noqa:  TFG101",
    "# noqa : TFG101",
    "# noqa : E501",
    "# noqa TFG101",
    "# noqa- TFG101",
    "# noqa: TFG1",
    "# noqa: TFG",
    "# noqa: T1",
    "# noqa: TFG102",
    "# noqa: TFG1011",
    "# noqa: TFG101, TFG102",
    "# noqa:TFG102,TFG101",
    "# noqa: TFG102 TFG101",
    "# noqa: TFG102;TFG101",
    "# noqa: E501, W503",
    "# noqa: E501,W503 TFG101 because",
    "# noqa: E501 because TFG101",
    "# noqa: because",
    "# noqa:because TFG101",
    "# noqa, TFG101",
    "# noqa: TFG101 # noqa: E501",
    "# noqa: E501 # noqa: TFG101",
    "# noqa: E501  # noqa",
    "# type: ignore # noqa: TFG101",
    "# why # noqa",
    "# noqaTFG101",
    "# nonoqa",
    "# flake8: noqa",
    "# ruff: noqa",
    "#: noqa",
    "# noqa:\tTFG101",
    "# noqa:\x0cTFG101",
    "# noqa: é TFG101",
]

FORMS = {
    "line": "a = b  {0}\nc = d\n",
    "string over lines": "a = '''\n{0}\n''' + b\nc = d\n",
    "behind a string over lines": "a = f(b, '''\nx\n''', c)  {0}\nd = e\n",
    "before a string over lines": "a = (b,  {0}\n'''\nx\n''', c)\nd = e\n",
    "backslash": "a = b + \\\n    c + \\\n    d  {0}\ne = f\n",
    "brackets, first row": "a = f(  {0}\n    b,\n    c,\n)\nd = e\n",
    "brackets, middle row": "a = f(\n    b,  {0}\n    c,\n)\nd = e\n",
    "brackets, last row": "a = f(\n    b,\n    c,\n)  {0}\nd = e\n",
    "decorator": "@a  {0}\n@b\ndef f(x=c):\n    d\n",
    "def below a decorator": "@a\n@b\ndef f(x=c):  {0}\n    d\n",
    "block": "if a:  {0}\n    b\n    c  {0}\nd\n",
    "alone": "a\n{0}\nb\n",
    "indented alone": "if a:\n    b\n    {0}\nc\n",
    "first row": "{0}\na\n",
    "no newline at the end": "a\nb  {0}",
    "backslash at the end": "a\nb  {0}\nc = \\\n  d\n",
    "in a string": "a = b, '{0}'\nc\n",
    "f-string": "a = f'{{b}} {0}'\nc\n",
    "form feed": "a\n\x0c\nb  {0}\n\x0cc\n",
    "semicolons": "a; b; c  {0}\nd\n",
}


def corpus() -> dict[str, str]:
    sources = {}
    for name, form in FORMS.items():
        for number, comment in enumerate(COMMENTS):
            if "\x0c" in comment and "string" in name:
                continue
            sources[f"{name.replace(' ', '_').replace(',', '')}_{number}.py"] = form.format(comment)
    for number, line in enumerate(FILE_LEVEL):
        sources[f"file_{number}.py"] = f"a = b\n{line}\nc = d\n"
        sources[f"file_indented_{number}.py"] = f"if a:\n    {line}\n    c\n"
        sources[f"file_behind_{number}.py"] = f"a = b;  {line}\nc = d\n"
    for number, newline in enumerate(["\r\n", "\r"]):
        for name, form in FORMS.items():
            sources[f"newline_{number}_{name.replace(' ', '_')}.py"] = form.format("# noqa: TFG101").replace(
                "\n", newline
            )
    sources["bom.py"] = "\ufeffa  # noqa\nb\n"
    sources["latin.py"] = "# coding: latin-1\na = 'é'  # noqa\nb = 'é'\n"
    sources["tab.py"] = "if a:\n\tb\t# noqa\n\tc\n"
    return sources


FILE_LEVEL = [
    "# flake8: noqa",
    "# flake8:noqa",
    "# flake8=noqa",
    "# FLAKE8: NOQA",
    "#flake8: noqa",
    "# flake8 : noqa",
    "# flake8: noqa  and why",
    "# flake8: noqa TFG102",
    "# flake8: noqa: because it is generated",
    "# flake8: noqa:",
    "# flake8: no-qa",
    "x # flake8: noqa  (behind code)",
]


def encoded(name: str, source: str) -> bytes:
    return source.encode("latin-1" if name == "latin.py" else "utf-8")


def keep_unsuppressed(findings: list[Finding], lines: Sequence[str]) -> list[Finding]:
    return settle(findings, lines, "file.py", frozenset(), with_noqa=True)


def ours(data: bytes, code: str = "TFG101") -> list[tuple[int, int]]:
    text = decode(data)
    lines = split_lines(text)
    names = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)]
    found = [Finding("file.py", *span(node, lines), code, "name", "a name") for node in names]
    return sorted((item.start.row, item.start.column) for item in keep_unsuppressed(found, lines))


@pytest.fixture(scope="module")
def flake8s(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[int, int]]]:
    """What the real flake8 leaves of a finding at every name, for every file of the corpus."""
    folder: Path = tmp_path_factory.mktemp("flake8")
    (folder / "every_name.py").write_text(PLUGIN)
    config = folder / "flake8.ini"
    config.write_text(
        "[flake8]\nselect = TFG\n[flake8:local-plugins]\nextension =\n  TFG = every_name:Plugin\npaths = .\n"
    )
    files = folder / "files"
    files.mkdir()
    for name, source in corpus().items():
        (files / name).write_bytes(encoded(name, source))
    template = '{"file": "%(path)s", "row": %(row)d, "column": %(col)d, "code": "%(code)s"}'
    command = [sys.executable, "-m", "flake8", "--config", str(config), "--format", template, "-j1", "."]
    run = subprocess.run(command, cwd=files, capture_output=True, text=True, check=False, encoding="utf-8")
    assert run.returncode in (0, 1), run.stderr
    left: dict[str, list[tuple[int, int]]] = {name: [] for name in corpus()}
    for line in run.stdout.splitlines():
        item = json.loads(line.replace("\\", "/"))
        assert item["code"] == "TFG101"
        left[item["file"].removeprefix("./")].append((item["row"], item["column"]))
    assert sum(map(len, left.values())) > 500
    return {name: sorted(places) for name, places in left.items()}


def test_the_same_findings_survive_as_under_flake8(flake8s: dict[str, list[tuple[int, int]]]) -> None:
    different = {}
    for name, source in corpus().items():
        mine = ours(encoded(name, source))
        if mine != flake8s[name]:
            different[name] = (source, mine, flake8s[name])
    assert not different


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("# flake8: noqa: TFG101", {"TFG101"}),
        ("# flake8: noqa:TFG101", {"TFG101"}),
        ("# flake8: noqa: tfg101", {"TFG101"}),
        ("# flake8: noqa: TFG1", {"TFG101", "TFG102"}),
        ("# flake8: noqa: TFG", {"TFG101", "TFG102", "TFG301"}),
        ("# flake8: noqa: E501, TFG102", {"TFG102"}),
        ("# flake8: noqa: E, W", set()),
        ("# flake8: noqa: E501 W503", set()),
        ("# flake8: noqa: E501\n# flake8: noqa: TFG301", {"TFG301"}),
        ("# flake8: noqa: E501\n# flake8: noqa", {"TFG101", "TFG102", "TFG301"}),
        ("# flake8: noqa: generated", {"TFG101", "TFG102", "TFG301"}),
    ],
)
def test_codes_for_a_file_hide_only_these_codes(line: str, hidden: set[str]) -> None:
    # flake8 skips the whole file, whatever codes follow; that hides more than anybody asked for
    source = f"{line}\na = b\n".encode()
    assert {code for code in ("TFG101", "TFG102", "TFG301") if not ours(source, code)} == hidden


def test_small_letters_name_the_same_code() -> None:
    # flake8 compares codes as they are spelt, so there this hides nothing
    assert ours(b"a  # noqa: tfg101\nb\n") == [(2, 1)]
    assert ours(b"a  # noqa: tfg102\nb\n") == [(1, 1), (2, 1)]


def test_without_noqa_the_findings_come_back_as_they_are() -> None:
    finding = [Finding("f.py", *span(ast.parse("a").body[0], ("a",)), "TFG101", "n", "m")]
    assert keep_unsuppressed(finding, ("a",)) is finding
    assert keep_unsuppressed([], ("# noqa",)) == []


@pytest.mark.parametrize("torn", ["(", "'''", "if x:", "  x\n y", "\\", "$"])
def test_a_file_that_does_not_tokenize_is_read_row_by_row(torn: str) -> None:
    lines = split_lines(dedent(f"a  # noqa\nb\n{torn}"))
    node = ast.parse("a\nb")
    found = [Finding("f.py", *span(item, lines), "TFG101", "n", "m") for item in node.body]
    assert [item.start.row for item in keep_unsuppressed(found, lines)] == [2]


def test_every_end_of_a_finding_counts_by_its_first_row() -> None:
    lines = ("f(", "  a,  # noqa", ")")
    call = ast.parse("\n".join(lines)).body[0]
    assert keep_unsuppressed([Finding("f.py", *span(call, lines), "TFG101", "n", "m")], lines)
