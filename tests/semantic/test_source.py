"""From bytes to text to tree: encodings, line ends, and the place of what is wrong."""

from __future__ import annotations

import ast
import codecs
import encodings
import pkgutil
import random
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullgraph.semantic.source import SourceError, decode, parse, split_lines

CODECS = sorted({module.name for module in pkgutil.iter_modules(encodings.__path__)})


def failure(data: bytes) -> SourceError:
    with pytest.raises(SourceError) as caught:
        parse(decode(data))
    return caught.value


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"x = 1\r\ny = 2\rz", "x = 1\r\ny = 2\rz"),
        (codecs.BOM_UTF8 + "é = 1".encode(), "é = 1"),
        (codecs.BOM_UTF8 + b"# coding: utf-8\nx", "# coding: utf-8\nx"),
        (b"# -*- coding: latin-1 -*-\nx = '\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (
            b"#!/bin/python\n# vim: set fileencoding=cp1252 :\n'\x80'",
            "#!/bin/python\n# vim: set fileencoding=cp1252 :\n'€'",
        ),
        (b"x = 1\n\n# coding: latin-1\n'\xc3\xa9'", "x = 1\n\n# coding: latin-1\n'é'"),
    ],
)
def test_decode(data: bytes, text: str) -> None:
    assert decode(data) == text


def test_a_cookie_does_not_make_the_parser_decode_again() -> None:
    tree = parse(decode(b"# coding: latin-1\nx = '\xe9'\n"))
    assert ast.literal_eval(tree.body[0].value) == "é"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("data", "row", "column", "reason"),
    [
        (b"bb = '\xff'\n", 1, 7, "cannot decode byte 0xff as utf-8"),
        (codecs.BOM_UTF8 + b"b = '\xff'\n", 1, 6, "cannot decode byte 0xff as utf-8"),
        (b"#\nbb = '\xff'\n", 2, 7, "cannot decode byte 0xff as utf-8"),
        (b"a = 1\nb = 2\ncc = '\xff'\n", 3, 7, "cannot decode byte 0xff as utf-8"),
        (b"a\r\nb\rc\n  \xff", 4, 3, "cannot decode byte 0xff as utf-8"),
        (codecs.BOM_UTF8 + b"a\nb\nc\xff", 3, 2, "cannot decode byte 0xff as utf-8"),
        ("a\nb\n'é' ".encode() + b"\xff", 3, 5, "cannot decode byte 0xff as utf-8"),
        (b"# coding: ascii\n\n x\xe9", 3, 3, "cannot decode byte 0xe9 as ascii"),
        (b"# coding: no-such-thing\n", 1, 1, "unknown encoding: no-such-thing"),
        (codecs.BOM_UTF8 + b"# coding: latin-1\n", 1, 1, "encoding problem: utf-8"),
        (b"# coding: hex\nx = 1\n", 1, 1, "cannot decode as hex"),
        (b"# coding: rot13\nx = 1\n", 1, 1, "cannot decode as rot13"),
        (b"# coding: undefined\nx = 1\n", 1, 1, "cannot decode as undefined"),
        (b"# coding: idna\n;\xfa\xf7@\x8d\n", 1, 1, "cannot decode"),
        ("x = 1".encode("utf-16"), 1, 1, "cannot decode byte 0xff as utf-8"),
    ],
)
def test_undecodable(data: bytes, row: int, column: int, reason: str) -> None:
    error = failure(data)
    assert (error.row, error.column) == (row, column)
    assert reason in error.reason


@pytest.mark.parametrize("codec", CODECS)
def test_no_codec_of_python_makes_it_raise(codec: str) -> None:
    chance = random.Random(codec)
    bodies = [b"", b"x", b"=\n", b"+2AA-\n", b"\\ud800", b"x = 1\n", chance.randbytes(60), chance.randbytes(7)]
    for body in bodies:
        for head in (b"", codecs.BOM_UTF8):
            data = head + b"# coding: " + codec.encode() + b"\n" + body
            try:
                parse(decode(data))
            except SourceError as error:
                found = error
            else:
                continue
            assert found.row >= 1
            assert found.column >= 1
            assert found.reason


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [
        ("x = (\n", 1, 5),
        ("a = 1\nb = = 2\n", 2, 5),
        ("a = 1\rb = = 2\r", 2, 5),
        ("a = 1\r\nb = = 2\r\n", 2, 5),
        ("é = y + = 2\n", 1, 9),
        ("\x0cx = = 1\n", 1, 6),
        ("def f():\npass\n", 2, 1),
        ("if x:\n\ty\n        z\n", 3, 10),
        ("x = 1\0\n", 1, 6),
        ("x\ny = '\0'", 2, 6),
    ],
)
def test_place_of_a_syntax_error(text: str, row: int, column: int) -> None:
    error = failure(text.encode())
    assert (error.row, error.reason[:13]) == (row, "syntax error:")
    if "\t" not in text:
        assert error.column == column


@pytest.mark.parametrize("opening", ["(", "[", "{", "-", "not ", "f(", "lambda: ", "x["])
def test_nesting_beyond_the_parser(opening: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        error = failure((opening * 50_000 + "1").encode())
    assert error.row == 1
    assert error.column >= 1


def test_long_chain_beyond_the_tree_builder_or_not() -> None:
    text = "x = " + " + ".join(["1"] * 20_000)
    try:
        tree = parse(text)
    except SourceError as error:
        reason = error.reason  # whether it happens depends on the release of Python
    else:
        reason = "" if tree.body else "nothing"
    assert reason in ("", "syntax error: nested too deeply to parse")


def test_warnings_of_the_parser_stay_inside() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tree = parse('x = "\\d"\nassert (1, "always true")\ny = 1 is 1\nz = 0x1for x\n'.replace("0x1for x", "1"))
    assert len(tree.body) == 4


def test_lone_surrogate() -> None:
    with pytest.raises(SourceError) as caught:
        parse("x = '\ud800'\n")
    assert caught.value.reason.startswith("syntax error:")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", ("",)),
        ("a\nb", ("a", "b")),
        ("a\r\nb\rc\n", ("a", "b", "c", "")),
        ("a\x0cb\x0bc\x1cd\x85e\u2028f", ("a\x0cb\x0bc\x1cd\x85e\u2028f",)),
        ("\n\r\n\r", ("", "", "", "")),
    ],
)
def test_split_lines(text: str, lines: tuple[str, ...]) -> None:
    assert split_lines(text) == lines


@given(
    st.lists(st.sampled_from(["x", "'é\x0c\u2028'", "# \x0b", "\x0c", ""]), max_size=8),
    st.sampled_from(["\n", "\r", "\r\n"]),
)
def test_lines_are_those_of_the_parser(parts: list[str], newline: str) -> None:
    text = newline.join([*parts, "last"])
    tree = parse(text)
    lines = split_lines(text)
    assert tree.body[-1].lineno == len(lines)
    assert lines[-1] == "last"


@given(st.binary(max_size=80))
def test_bytes_never_escape(data: bytes) -> None:
    try:
        tree = parse(decode(data))
    except SourceError as error:
        row, column = error.row, error.column
    else:
        row, column = len(tree.body) and tree.body[-1].lineno, 1
    assert row <= data.count(b"\n") + data.count(b"\r") + 2
    assert column <= len(data) + 2
