"""Values as other files are told of them."""

from __future__ import annotations

import ast

import pytest

from fullgraph.semantic.flow import value as v
from fullgraph.semantic.flow.written import joined, value_of, written

BOOL = v.tensor_of(v.Dtype.BOOL, 2)
TOLD = [
    v.TENSOR,
    BOOL,
    v.tensor_of(None, 0, static=True),
    v.OPTIONAL_TENSOR,
    v.Array(v.Dtype.INTEGER, 1),
    v.data_of(v.Number.INT),
    v.sequence_of((BOOL, v.TENSOR)),
    v.Sequence(v.TENSOR, None, mutable=True),
    v.Mapping(v.OPTIONAL_TENSOR),
]
SILENT = [
    v.UNKNOWN,
    v.BOTTOM,
    v.NONE,
    v.STATIC_INT,
    v.STRING,
    v.ANY_SEQUENCE,
    v.join(v.TENSOR, v.STATIC_INT),
    v.join(v.TENSOR, v.sequence_of((v.TENSOR,))),
    v.Tensor(v.Dtype.INTEGER, 0, drawn=True),
    v.Path(("torch.ones",)),
]


@pytest.mark.parametrize("value", TOLD, ids=lambda value: type(value).__name__)
def test_what_is_written_is_read_again(value: v.Value) -> None:
    told = written(value)
    assert told is not None
    assert value_of(ast.literal_eval(repr(told))) == value


@pytest.mark.parametrize("value", SILENT, ids=lambda value: type(value).__name__)
def test_what_tells_nothing_surely_is_not_written(value: v.Value) -> None:
    assert written(value) is None


def test_what_is_of_one_file_is_unknown_in_another() -> None:
    node = ast.parse("class Own: pass").body[0]
    assert isinstance(node, ast.ClassDef)
    told = written(v.sequence_of((v.TENSOR, v.Instance(node))))
    assert told is not None
    assert value_of(told) == v.Sequence(v.UNKNOWN, (v.TENSOR, v.UNKNOWN))


def test_what_may_be_of_several_kinds_is_unknown() -> None:
    told = written(v.sequence_of((v.TENSOR, v.join(v.TENSOR, v.STATIC_INT))))
    assert told is not None
    assert value_of(told) == v.Sequence(v.UNKNOWN, (v.TENSOR, v.UNKNOWN))


def test_items_of_every_kind() -> None:
    told = written(v.sequence_of((BOOL, v.STATIC_INT, v.SHAPE, v.STRING)))
    assert told is not None
    assert value_of(told) == v.Sequence(v.UNKNOWN, (BOOL, v.STATIC_INT, v.SHAPE, v.STRING))


def test_several_are_told_only_if_they_agree() -> None:
    floating, unknown = written(v.tensor_of(v.Dtype.FLOATING)), written(v.TENSOR)
    assert joined([floating, floating]) == floating
    assert joined([floating, unknown]) == unknown
    assert joined([floating, None]) is None
    assert joined([floating, written(v.data_of(None))]) is None
    assert joined([]) is None
