"""Which torch functions and Tensor methods always return one Tensor.

Source of the table (``returns_tensor.json``): torch's own type stubs and
annotations of 2.2, 2.13 and 2.15 where they agree, and the operator schemas of
2.13 for ``torch.fft``, ``torch.linalg``, ``torch.special`` and the functions
without a stub. A callable with any overload that returns something else (a
tuple, a bool, None) is not in the table.
"""

from __future__ import annotations

from functools import cache

from fullgraph.torchfacts._data import load


@cache
def _callables(kind: str) -> frozenset[str]:
    return frozenset(load("returns_tensor.json")[kind])


def returns_tensor(path: str) -> bool:
    """Whether every overload of the torch function ``path`` returns one Tensor.

    False says only that it is not known to.
    """
    return path in _callables("functions")


def method_returns_tensor(name: str) -> bool:
    """Whether every overload of the Tensor method ``name`` returns one Tensor.

    ``name`` is the bare method name, such as ``sum``. False says only that it
    is not known to.
    """
    return name in _callables("methods")
