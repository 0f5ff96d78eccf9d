"""Comments beside a statement."""

from __future__ import annotations

import pytest

from fullgraph.semantic.comments import Comments
from fullgraph.semantic.source import split_lines

SOURCE = '''\
# far above

# above one
#   above two
x = 1  # beside
y = """
# in a string
"""  # behind
z = 2  # type: ignore[attr]
w = 3  # noqa: E501  nobody reads this
v = 4  # because  # type: ignore
u = "#"; t = 5
s = (  # first
    1,  # second
)
'''


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (5, 5, "above one\nabove two\nbeside"),
        (6, 8, "behind"),
        (6, 6, ""),
        (9, 9, ""),
        (10, 10, ""),
        (11, 11, "because"),
        (12, 12, ""),
        (13, 15, "first\nsecond"),
        (14, 14, "second"),
        (1, 1, "far above"),
        (400, 401, ""),
    ],
)
def test_beside(first: int, last: int, text: str) -> None:
    assert Comments(split_lines(SOURCE)).beside(first, last) == text


def test_a_trailing_comment_of_the_line_above_says_nothing() -> None:
    assert Comments(("x = 1  # of x", "y = 2")).beside(2, 2) == ""


@pytest.mark.parametrize(
    "lines", [("x = (  # open",), ("x = '  # torn", "# y"), ("  # a", " y  # b"), ("\0 # c",), ("$ # d",), ()]
)
def test_what_the_tokenizer_refuses_is_no_failure(lines: tuple[str, ...]) -> None:
    assert isinstance(Comments(lines).beside(1, 2), str)


def test_line_ends_do_not_matter() -> None:
    with_ends = tuple(line + "\r\n" for line in split_lines(SOURCE))
    for row in range(1, 16):
        assert Comments(with_ends).beside(row, row) == Comments(split_lines(SOURCE)).beside(row, row)
