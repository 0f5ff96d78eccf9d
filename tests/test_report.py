"""What a run prints."""

from __future__ import annotations

import json
import re
import unicodedata
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullgraph.engine.finding import ChainStep, Finding, FixSummary, Position, Severity, Traced, TracedBy
from fullgraph.report.model import FORMATS, Report, Style
from fullgraph.report.render import render, statistics, summary
from fullgraph.report.snippet import source_lines
from fullgraph.report.visible import cells, visible

PLAIN = Style()


def finding(start: tuple[int, int], end: tuple[int, int], filename: str = "net.py", **more: object) -> Finding:
    given = {"code": "TFG101", "name": "private-api", "message": "do not", **more}
    return Finding(filename, Position(*start), Position(*end), **given)  # type: ignore[arg-type]


def report(*findings: Finding, source: bytes = b"", checked: int = 1) -> Report:
    sources = {each.filename: source for each in findings}
    return Report(findings, checked, "2.13", "the newest known", sources)


def full(source: str, start: tuple[int, int], end: tuple[int, int], style: Style = PLAIN, **more: object) -> list[str]:
    text = render(report(finding(start, end, **more), source=source.encode()), "full", style)
    assert text.endswith("\n\n")
    return text[:-2].split("\n")


def test_concise() -> None:
    text = render(report(finding((1, 2), (1, 5)), finding((30, 1), (31, 2), code="TFG301")), "concise", PLAIN)
    assert text == "net.py:1:2: TFG101 do not\nnet.py:30:1: TFG301 do not\n"


def test_full() -> None:
    source = "import torch\n\n@torch._dynamo.disable\ndef f(x):\n    return x\n"
    chain = (ChainStep("train.py", 30, "step"), ChainStep("net.py", 3, "f"))
    drawn = full(
        source,
        (3, 2),
        (3, 23),
        traced=TracedBy(Traced.CERTAIN, chain),
        fix=FixSummary("safe", "use `torch.compiler.disable`"),
    )
    assert drawn == [
        "net.py:3:2: TFG101 do not",
        "  |",
        "3 | @torch._dynamo.disable",
        "  |  ^^^^^^^^^^^^^^^^^^^^^",
        "4 | def f(x):",
        "  |",
        "  = traced: step (train.py:30) -> f (net.py:3)",
        "  = fix: use `torch.compiler.disable`",
    ]


def test_possible_chain_and_long_chain() -> None:
    chain = tuple(ChainStep("m.py", row, f"f{row}") for row in range(1, 10))
    *_, line = full("x\n", (1, 1), (1, 2), traced=TracedBy(Traced.POSSIBLE, chain))
    expected = "f1 (m.py:1) -> f2 (m.py:2) -> ... 5 more ... -> f8 (m.py:8) -> f9 (m.py:9)"
    assert line == f"  = may be traced: {expected}"


def test_context_and_gutter_grow_with_the_number() -> None:
    source = "".join(f"line{number}\n" for number in range(1, 200))
    assert full(source, (100, 1), (100, 5))[1:] == [
        "    |",
        " 99 | line99",
        "100 | line100",
        "    | ^^^^",
        "101 | line101",
    ]


def test_several_lines() -> None:
    source = "f(\n    a,\n    b,\n)\nz\n"
    assert full(source, (1, 1), (4, 2))[1:] == [
        "  |",
        "1 | f(",
        "  | ^^",
        "2 |     a,",
        "  |     ^^",
        "3 |     b,",
        "  |     ^^",
        "4 | )",
        "  | ^",
        "5 | z",
    ]


def test_many_lines_are_shortened() -> None:
    source = "f(\n" + "    a,\n" * 50 + ")\n"
    assert full(source, (1, 1), (52, 2))[1:] == [
        "   |",
        " 1 | f(",
        "   | ^^",
        " 2 |     a,",
        "   |     ^^",
        "...",
        "52 | )",
        "   | ^",
    ]


def test_a_span_that_ends_in_front_of_a_line_does_not_show_it() -> None:
    assert full("abc\ndef\n", (1, 1), (2, 1))[1:] == ["  |", "1 | abc", "  | ^^^", "2 | def"]


@pytest.mark.parametrize(
    ("line", "start", "end", "drawn", "carets"),
    [
        ("\tx = 1", 2, 3, "    x = 1", "    ^"),
        ("a\tb", 3, 4, "a    b", "     ^"),
        ("é = x", 5, 6, "é = x", "    ^"),
        ("漢字 = x", 6, 7, "漢字 = x", "       ^"),
        ("漢字 = x", 1, 3, "漢字 = x", "^^^^"),
        ("e\u0301 = x", 6, 7, "e\u0301 = x", "    ^"),
        ("😀 = x", 5, 6, "😀 = x", "     ^"),
        ("a\x1b[31m", 2, 3, "a\\x1b[31m", " ^^^^"),
        ("a\u202eb", 3, 4, "a\\u202eb", "       ^"),
        ("a\x0cb", 3, 4, "a\\x0cb", "     ^"),
        ("x", 2, 2, "x", " ^"),
        ("x", 90, 95, "x", " ^"),
        ("xyz", 2, 2, "xyz", " ^"),
        ("xyz", 3, 1, "xyz", "  ^"),
    ],
)
def test_carets(line: str, start: int, end: int, drawn: str, carets: str) -> None:
    assert full(f"{line}\n", (1, start), (1, end))[2:] == [f"1 | {drawn}", f"  | {carets}"]


def test_what_the_output_cannot_encode_is_escaped_and_counted() -> None:
    assert full("é = x\n", (1, 5), (1, 6), Style(encoding="ascii"))[2:] == ["1 | \\xe9 = x", "  |        ^"]
    assert full("é = x\n", (1, 5), (1, 6), Style(encoding="no such encoding"))[2] == "1 | \\xe9 = x"


def columns(text: str) -> int:
    return sum(
        0 if unicodedata.category(each) in {"Mn", "Me", "Cf"} else 1 + (unicodedata.east_asian_width(each) in "WF")
        for each in text
    )


LINES = st.text(st.sampled_from("ab (\t漢é\u0301😀\x1b\u202e\u200d\uff21"), min_size=1, max_size=300)


@given(LINES, st.data(), st.sampled_from([60, 90, 120, 10_000]), st.sampled_from(["utf-8", "ascii", "latin-1"]))
def test_carets_lie_under_the_span(line: str, data: st.DataObject, width: int, encoding: str) -> None:
    start = data.draw(st.integers(0, len(line) - 1))
    end = data.draw(st.integers(start + 1, len(line)))
    style = Style(encoding=encoding, width=width)
    drawn = full(f"{line}\n", (1, start + 1), (1, end + 1), style)
    source, carets = drawn[2].removeprefix("1 |")[1:], drawn[3].removeprefix("  |")[1:]
    assert columns(source) <= width - 4
    assert re.fullmatch(r" *\^+", carets)
    before, under = carets.count(" "), carets.count("^")
    source.encode(encoding)
    assert source.isprintable() or "\u200d" in source
    shown = "".join(cell.text for cell in cells(line[start:end], encoding))
    prefix = "".join(cell.text for cell in cells(line[:start], encoding))
    if width == 10_000:
        assert before == columns(prefix)
        assert under == max(columns(shown), 1)
        assert source == (prefix + shown + "".join(cell.text for cell in cells(line[end:], encoding))).rstrip()
        return
    padded = source + " " * width  # trailing blanks are not drawn
    cut = next(number for number in range(len(padded)) if columns(padded[:number]) >= before)
    rest = source[cut:].removesuffix("...").lstrip("\u0301\u200d")
    shown = shown.lstrip("\u0301\u200d").rstrip()
    assert rest.startswith(shown) or (shown.startswith(rest) and columns(rest) >= min(columns(shown), width // 3))


def test_long_lines_are_cut_around_the_span() -> None:
    line = "x" * 5000 + "GUILTY" + "y" * 5000
    drawn = full(f"before\n{line}\nafter\n", (2, 5001), (2, 5007))
    source, carets = drawn[3][4:], drawn[4][4:]
    assert source.startswith("...x")
    assert source.endswith("y...")
    assert len(source) == 116
    assert source[carets.index("^") : carets.rindex("^") + 1] == "GUILTY"
    drawn = full("y" * 200 + "\n", (1, 1), (1, 3))
    assert drawn[2] == "1 | " + "y" * 113 + "..."
    assert drawn[3] == "  | ^^"


def test_a_place_outside_the_source_shows_no_snippet() -> None:
    for start in [(3, 1), (99, 1), (0, 0)]:
        assert full("x = 1\n", start, start) == [f"net.py:{start[0]}:{start[1]}: TFG101 do not"]
    assert full("", (1, 1), (1, 1)) == ["net.py:1:1: TFG101 do not"]
    missing = Report((finding((1, 1), (1, 2)),), 1, "2.13", "x")
    assert render(missing, "full", PLAIN) == "net.py:1:1: TFG101 do not\n\n"


def test_message_and_path_stay_on_one_line() -> None:
    text = render(report(finding((1, 1), (1, 2), "a\nb\x1b.py", message="x\ny\u202e")), "concise", PLAIN)
    assert text == "a\\nb\\x1b.py:1:1: TFG101 x\\ny\\u202e\n"


@given(st.binary(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_no_source_and_no_place_makes_it_fail(source: bytes, row: int, column: int, rows: int, end: int) -> None:
    result = report(finding((row, column), (row + rows, end)), source=source)
    for output_format in FORMATS:
        assert render(result, output_format, Style(encoding="ascii")).isascii()


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"a\nb\r\nc\rd\x0ce", ("a", "b", "c", "d\x0ce")),
        (b"\xef\xbb\xbfa", ("a",)),
        ("# coding: latin-1\né".encode("latin-1"), ("# coding: latin-1", "é")),
        ("# coding: latin-1\né".encode(), ("# coding: latin-1", "Ã©")),
        (b"# coding: nope\nx\xe9", ("# coding: nope", "x\ufffd")),
        (b"x\xe9", ("x\ufffd",)),
        ("a\u2028b\x85c".encode(), ("a\u2028b\x85c",)),
        (b"# coding: hex\nzz", ("# coding: hex", "zz")),
        (b"# coding: utf-16\nzz", ("# coding: utf-16", "zz")),
    ],
)
def test_source_lines(data: bytes, lines: tuple[str, ...]) -> None:
    assert source_lines(data) == lines


def test_colours_only_if_wanted() -> None:
    coloured = render(report(finding((1, 1), (1, 2)), source=b"x\n"), "full", Style(colour=True))
    plain = render(report(finding((1, 1), (1, 2)), source=b"x\n"), "full", PLAIN)
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_json_is_exact() -> None:
    chain = (ChainStep("train.py", 30, "step"),)
    one = finding(
        (1, 2), (3, 4), severity=Severity.NOTE, url="https://x", traced=TracedBy(Traced.POSSIBLE, chain),
        fix=FixSummary("unsafe", "rename"),
    )  # fmt: skip
    two = finding((5, 6), (5, 6), "caf\udce9 é.py")
    text = render(report(one, two), "json", Style(colour=True))
    assert text.isascii()
    assert json.loads(text) == [
        {
            "code": "TFG101",
            "name": "private-api",
            "message": "do not",
            "severity": "note",
            "filename": "net.py",
            "location": {"row": 1, "column": 2},
            "end_location": {"row": 3, "column": 4},
            "url": "https://x",
            "fix": {"applicability": "unsafe", "message": "rename"},
            "traced": {
                "degree": "possible",
                "callers": 0,
                "chain": [{"filename": "train.py", "row": 30, "name": "step"}],
            },
        },
        {
            "code": "TFG101",
            "name": "private-api",
            "message": "do not",
            "severity": "warning",
            "filename": "caf\udce9 é.py",
            "location": {"row": 5, "column": 6},
            "end_location": {"row": 5, "column": 6},
            "url": "",
            "fix": None,
            "traced": {"degree": "none", "callers": 0, "chain": []},
        },
    ]
    assert render(report(), "json", PLAIN) == "[]\n"


def test_statistics() -> None:
    many = [finding((row, 1), (row, 2), code="TFG301", name="tuple-keyed-dict") for row in range(1, 13)]
    result = report(finding((1, 1), (1, 2)), *many)
    assert statistics(result, "full", PLAIN) == "12  TFG301  tuple-keyed-dict\n 1  TFG101  private-api\n"
    assert json.loads(statistics(result, "json", PLAIN))[0] == {
        "code": "TFG301",
        "name": "tuple-keyed-dict",
        "count": 12,
    }
    assert statistics(report(), "full", PLAIN) == ""


def test_summary() -> None:
    two = [finding((1, 1), (1, 2)), finding((1, 1), (1, 2), "b.py"), finding((2, 1), (2, 2), "b.py")]
    assert summary(report(*two, checked=5), PLAIN) == dedent(
        """\
        Found 3 findings in 2 files (5 files checked).
        Target: torch 2.13, the newest known.
        """
    )
    assert summary(report(two[0]), PLAIN).startswith("Found 1 finding in 1 file (1 file checked).\n")
    assert summary(report(checked=12), PLAIN).startswith("All clear: 12 files checked, torch 2.13.\n")


def test_visible_keeps_what_is_harmless() -> None:
    assert visible("plain é 漢", "utf-8") == "plain é 漢"
    assert visible("\u2028\x00\ud800", "utf-8") == "\\u2028\\x00\\ud800"


def test_what_dynamo_calls_a_break_leads_to_its_page() -> None:
    found = finding((1, 1), (1, 2), message="decides (GB0170)")
    page = "https://meta-pytorch.github.io/compile-graph-break-site/gb/gb0170.html"
    assert f"= see: {page}\n" in render(report(found, source=b"x\n"), "full", PLAIN)
