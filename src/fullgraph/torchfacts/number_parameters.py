"""Parameters of torch's functions that want a Python number, and read it out of a tensor they are given instead.

From runs of each on torch 2.4, 2.9, 2.13 and 2.15: given a tensor that was computed in the graph, it breaks the graph
("Data dependent operator", GB0033 in later releases), where a number does not; but ``roll`` fails to compile on 2.4 and
2.9. An integer tensor on the CPU that is passed into the graph as it is was read without a break. Functions that take
a tensor there as it is, such as ``torch.full`` on 2.13, ``Tensor.masked_fill`` and ``Tensor.fill_``, are left out. A
test runs each on the installed torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

KEYWORD_ONLY = -1
"""The place of a parameter that is only given by its name."""
NumberParameters: TypeAlias = tuple[tuple[int, str], ...]
"""Places among the positional arguments, and names."""

FUNCTIONS: Mapping[str, NumberParameters] = MappingProxyType(
    {
        "torch.add": ((KEYWORD_ONLY, "alpha"),),
        "torch.addcmul": ((KEYWORD_ONLY, "value"),),
        "torch.cdist": ((2, "p"),),
        "torch.chunk": ((1, "chunks"),),
        "torch.diag": ((1, "diagonal"),),
        "torch.diagonal": ((1, "offset"),),
        "torch.full_like": ((1, "fill_value"),),
        "torch.nn.functional.celu": ((1, "alpha"),),
        "torch.nn.functional.cosine_similarity": ((3, "eps"),),
        "torch.nn.functional.elu": ((1, "alpha"),),
        "torch.nn.functional.layer_norm": ((4, "eps"),),
        "torch.nn.functional.leaky_relu": ((1, "negative_slope"),),
        "torch.nn.functional.pad": ((3, "value"),),
        "torch.nn.functional.softplus": ((1, "beta"), (2, "threshold")),
        "torch.nn.functional.threshold": ((1, "threshold"), (2, "value")),
        "torch.roll": ((1, "shifts"),),
        "torch.sub": ((KEYWORD_ONLY, "alpha"),),
        "torch.topk": ((1, "k"),),
    }
)
METHODS: Mapping[str, NumberParameters] = MappingProxyType(
    {
        "add": ((KEYWORD_ONLY, "alpha"),),
        "addcdiv": ((KEYWORD_ONLY, "value"),),
        "addcmul": ((KEYWORD_ONLY, "value"),),
        "chunk": ((0, "chunks"),),
        "diag": ((0, "diagonal"),),
        "diagonal": ((0, "offset"),),
        "exponential_": ((0, "lambd"),),
        "fill_diagonal_": ((0, "fill_value"),),
        "new_full": ((1, "fill_value"),),
        "roll": ((0, "shifts"),),
        "sub": ((KEYWORD_ONLY, "alpha"),),
        "topk": ((0, "k"),),
        "uniform_": ((0, "from"), (1, "to")),
    }
)
"""Of methods of a tensor, by their names."""
