"""Columns: bytes become characters, from 1."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullgraph.semantic.positions import Position, characters_before, span
from fullgraph.semantic.source import split_lines

TEXT = st.text(st.sampled_from("ab é漢😀\u0301\t"), max_size=30)


@pytest.mark.parametrize(
    ("line", "offset", "characters"),
    [
        ("abc", 2, 2),
        ("é = x", 5, 4),
        ("漢字 = x", 9, 5),
        ("😀 x", 5, 2),
        ("", 0, 0),
        ("ab", 7, 7),
        ("é", 1, 0),
        ("é", 9, 1),
    ],
)
def test_characters_before(line: str, offset: int, characters: int) -> None:
    assert characters_before(line, offset) == characters


@given(TEXT, st.data())
def test_every_offset_is_the_length_of_its_prefix(line: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(line)))
    assert characters_before(line, len(line[:cut].encode())) == cut


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("before", ["", "'é' + ", "'😀漢' + "])
def test_span_cuts_the_node_out_of_its_line(before: str, newline: str) -> None:
    text = f"x = 1{newline}y = {before}guilty(1){newline}"
    node = next(node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call))
    lines = split_lines(text)
    start, end = span(node, lines)
    assert lines[start.row - 1][start.column - 1 : end.column - 1] == "guilty(1)"
    assert start.row == end.row == 2


def test_span_over_lines() -> None:
    text = "f(\n  'é',\n  2)\n"
    start, end = span(ast.parse(text).body[0].value, split_lines(text))  # type: ignore[attr-defined]
    assert (start, end) == (Position(1, 1), Position(3, 5))


def test_nodes_without_a_place() -> None:
    assert span(ast.Load(), ()) == (Position(1, 1), Position(1, 1))
    assert span(ast.Name("x", lineno=9, col_offset=4), ("x",)) == (Position(9, 5), Position(9, 5))


def test_positions_are_ordered_as_they_stand() -> None:
    assert sorted([Position(2, 1), Position(1, 9), Position(1, 2)]) == [Position(1, 2), Position(1, 9), Position(2, 1)]
