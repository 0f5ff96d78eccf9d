"""What torch functions, and the methods and attributes of a Tensor, are known to return.

Source of the table of kinds (``returns.json``): annotations, type stubs and
docstring signatures in the wheels of torch 2.0 to 2.15, read by
``tools/generate_torchfacts.py``, and for the few names without any of these a
measurement on 2.13. It covers the public functions of ``torch``,
``torch.nn.functional``, ``torch.linalg``, ``torch.fft`` and ``torch.special``.
Names whose overloads, or releases, return different kinds are not in it.

The table of dtypes (``result_dtypes.json``) was written by hand and measured on
2.13. A name is in it if its result has a dtype of this class whatever the
arguments are, ``out=`` excepted.

The kinds are those of real Tensors and eager code. While Dynamo traces, an INT
may be a SymInt.
"""

from __future__ import annotations

import enum
from functools import cache

from fullgraph.torchfacts._data import load


class ReturnKind(enum.Enum):
    """What kind of value is returned."""

    TENSOR = "tensor"
    """One Tensor."""

    TENSORS = "tensors"
    """A tuple, named tuple or list of Tensors."""

    SIZE = "size"
    """A ``torch.Size``."""

    INT = "int"
    FLOAT = "float"
    BOOL = "bool"

    NUMBER = "number"
    """A bool, int, float or complex number of Python."""

    STR = "str"
    DTYPE = "dtype"
    DEVICE = "device"
    LAYOUT = "layout"

    NONE = "none"
    """None, always."""

    GENERATOR = "generator"
    """A ``torch.Generator``."""

    STORAGE = "storage"
    """A typed or untyped storage."""

    NUMPY = "numpy"
    """A numpy array."""

    OTHER = "other"
    """Something else: a tuple of different kinds, say."""


class ResultDtype(enum.Enum):
    """The class of dtype that the resulting Tensor, or each of the Tensors, surely has."""

    BOOL = "bool"
    """``torch.bool``."""

    INTEGER = "integer"
    """An integer dtype, mostly ``torch.int64``."""

    FLOATING = "floating"
    """A floating dtype, never a complex one."""


@cache
def _kinds(part: str) -> dict[str, str]:
    return {name: kind for kind, names in load("returns.json")[part].items() for name in names.split()}


@cache
def _dtypes(part: str) -> dict[str, ResultDtype]:
    table = load("result_dtypes.json")[part]
    return {name: ResultDtype(kind) for kind, names in table.items() for name in names}


def _kind(found: str | None) -> ReturnKind | None:
    return None if found is None else ReturnKind(found.partition(":")[0])


def _count(found: str | None) -> int | None:
    _, _, count = (found or "").partition(":")
    return int(count) if count else None


def return_kind(path: str) -> ReturnKind | None:
    """Return what every overload of the torch function ``path`` returns; None if that is not known."""
    return _kind(_kinds("functions").get(path))


def method_return_kind(name: str) -> ReturnKind | None:
    """Return what every overload of the Tensor method ``name``, such as ``sum``, returns; None if not known."""
    return _kind(_kinds("methods").get(name))


def attribute_kind(name: str) -> ReturnKind | None:
    """Return what the attribute ``name`` of a Tensor, such as ``shape``, always holds; None if not known."""
    return _kind(_kinds("attributes").get(name))


def returned_tensors(path: str) -> int | None:
    """Return how many Tensors the torch function ``path`` returns, if that is TENSORS and a fixed number."""
    return _count(_kinds("functions").get(path))


def method_returned_tensors(name: str) -> int | None:
    """Return how many Tensors the Tensor method ``name`` returns, if that is TENSORS and a fixed number."""
    return _count(_kinds("methods").get(name))


def result_dtype(path: str) -> ResultDtype | None:
    """Return the class of dtype of what the torch function ``path`` returns; None if it depends, or is not known."""
    return _dtypes("functions").get(path)


def method_result_dtype(name: str) -> ResultDtype | None:
    """Return the class of dtype of what the Tensor method ``name`` returns; None if it depends, or is not known."""
    return _dtypes("methods").get(name)


def returns_tensor(path: str) -> bool:
    """Whether every overload of the torch function ``path`` returns one Tensor.

    False says only that it is not known to.
    """
    return return_kind(path) is ReturnKind.TENSOR


def method_returns_tensor(name: str) -> bool:
    """Whether every overload of the Tensor method ``name`` returns one Tensor.

    ``name`` is the bare method name, such as ``sum``. False says only that it
    is not known to.
    """
    return method_return_kind(name) is ReturnKind.TENSOR
