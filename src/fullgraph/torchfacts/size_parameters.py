"""Which arguments of torch's functions are sizes or other integers, where Dynamo reads a number out of a tensor.

Only of those that are passed by their place. What wants a number of any kind is in `number_parameters`. A test runs
each on the installed torch, apart from ``resize_``, which breaks the graph whatever it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FUNCTIONS: Mapping[str, slice] = MappingProxyType(
    {
        "torch.arange": slice(None),
        "torch.empty": slice(None),
        "torch.eye": slice(None),
        "torch.full": slice(0, 1),
        "torch.narrow": slice(1, None),
        "torch.nn.functional.pad": slice(1, 2),
        "torch.ones": slice(None),
        "torch.rand": slice(None),
        "torch.randn": slice(None),
        "torch.randperm": slice(None),
        "torch.reshape": slice(1, None),
        "torch.select": slice(1, None),
        "torch.split": slice(1, None),
        "torch.tril": slice(1, None),
        "torch.triu": slice(1, None),
        "torch.zeros": slice(None),
    }
)
"""The arguments of functions."""
METHODS = frozenset(
    {
        "expand",
        "narrow",
        "new_empty",
        "new_ones",
        "new_zeros",
        "repeat",
        "reshape",
        "resize_",
        "select",
        "split",
        "split_with_sizes",
        "tile",
        "tril",
        "triu",
        "unfold",
        "unflatten",
        "view",
    }
)
"""Methods of a tensor of which every argument may be one."""
