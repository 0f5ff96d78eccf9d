"""Call functions and Tensor methods of the torch that is installed; no test in itself.

usage: torch_returns.py ASKED ANSWERS

ASKED is a JSON file with pairs: the path of a function, or the name of a method or an
attribute, after the word which of these it is. ANSWERS gets a line for each, with every
different result: its kind, how many it is if it is Tensors, and their dtypes. Some
functions change torch for the whole process, or end it.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

Result = tuple[str, int, tuple[str, ...]]

KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (torch.Tensor, "tensor"), (torch.Size, "size"), (bool, "bool"), (int, "int"), (float, "float"),
    (complex, "number"), (str, "str"), (torch.dtype, "dtype"), (torch.device, "device"), (torch.layout, "layout"),
    (type(None), "none"), (torch.Generator, "generator"), ((torch.UntypedStorage, torch.TypedStorage), "storage"),
    (np.ndarray, "numpy"),
)  # fmt: skip


def result(value: object) -> Result:
    """Return what a value is."""
    if isinstance(value, (tuple, list)) and value and all(isinstance(each, torch.Tensor) for each in value):
        return "tensors", len(value), tuple(sorted({dtype(each) for each in value}))
    if isinstance(value, (tuple, list)) and not value and not isinstance(value, torch.Size):
        return "empty", 0, ()
    for types, kind in KINDS:
        if isinstance(value, types):
            return kind, 0, (dtype(value),) if isinstance(value, torch.Tensor) else ()
    return ("list" if isinstance(value, list) else "other"), 0, ()


def dtype(tensor: torch.Tensor) -> str:
    """Return the class of dtype of a tensor."""
    if tensor.dtype is torch.bool:
        return "bool"
    return "floating" if tensor.is_floating_point() else "complex" if tensor.is_complex() else "integer"


def inputs() -> Iterator[torch.Tensor]:
    """Return tensors to try."""
    square = torch.rand(3, 3) + torch.eye(3)
    yield from (square, square @ square.T, torch.ones(3, 3, dtype=torch.int64), square > 1)
    yield from (square.to(torch.uint8), torch.rand(4), torch.rand(2, 3, 4, 4), torch.tensor(2.0))


def calls() -> Iterator[tuple[Any, ...]]:
    """Return arguments to try after a tensor."""
    yield from ((), (1,), (2,), (0, 1), (0, 0), (1, 1, 1), ([1, 2],), (0.5,), ((2, 2),), (3,), (torch.int8,))


def arguments() -> Iterator[tuple[Any, ...]]:
    """Return arguments to try."""
    yield from ((), (3,), (2, 3), (torch.float32, torch.int8), (torch.float32,), (1.5,), ("highest",), ("cpu",))
    for tensor in inputs():
        yield from ((tensor.clone(), *more) for more in calls())
        yield from ((tensor.clone(), tensor), (tensor.clone(), tensor, tensor), ([tensor, tensor],))


x = torch.rand(3, 3)
wave = torch.rand(16)
waves = torch.stft(wave, 4, window=torch.ones(4), return_complex=True)
scalar = torch.tensor(2.0, requires_grad=True)
SPECIAL: dict[str, Callable[[], object]] = {
    "torch.einsum": lambda: torch.einsum("ij,jk->ik", x, x),
    "torch.broadcast_shapes": lambda: torch.broadcast_shapes((2, 1), (1, 3)),
    "torch.chain_matmul": lambda: torch.chain_matmul(x, x),
    "torch.istft": lambda: torch.istft(waves, 4, window=torch.ones(4)),
    "torch.nn.functional.upsample_bilinear": lambda: torch.nn.functional.upsample_bilinear(torch.rand(1, 1, 2, 2), 4),
    "torch.nn.functional.one_hot": lambda: torch.nn.functional.one_hot(torch.tensor([0, 1])),
    "torch.bucketize": lambda: torch.bucketize(x, wave.sort().values, out_int32=True),
    "torch.searchsorted": lambda: torch.searchsorted(wave.sort().values, x, out_int32=True),
    "torch.unravel_index": lambda: torch.unravel_index(torch.tensor(5), (2, 3)),
    "torch.nonzero_static": lambda: torch.nonzero_static(x, size=2),
    "Tensor.backward": scalar.backward,
    "Tensor.istft": lambda: waves.istft(4, window=torch.ones(4)),
    "Tensor.stft": lambda: wave.stft(4, window=torch.ones(4), return_complex=True),
    "Tensor.unflatten": lambda: x.unflatten(0, (1, 3)),
    "Tensor.nonzero_static": lambda: x.nonzero_static(size=2),
    "Tensor.retain_grad": (scalar * 2).retain_grad,
}


def results(name: str, uses: Iterator[Callable[[], object]]) -> list[Result]:
    """Return the different results of those uses that are possible."""
    found: set[Result] = set()
    for use in [SPECIAL[name]] if name in SPECIAL else uses:
        with contextlib.suppress(Exception):  # arguments that do not suit
            found.add(result(use()))
    return sorted(found)


def of_function(path: str) -> list[Result]:
    """Return the results of a function."""
    home, _, last = path.rpartition(".")
    function = getattr(functools.reduce(getattr, home.split(".")[1:], torch), last, None)
    return results(path, (functools.partial(function, *given) for given in arguments() if callable(function)))


def of_method(name: str) -> list[Result]:
    """Return the results of a Tensor method."""
    found = [(tensor, more) for tensor in inputs() for more in (*calls(), (tensor,), (tensor, tensor), (0, tensor))]
    uses = (functools.partial(getattr(tensor.clone(), name, str), *more) for tensor, more in found)
    return results(f"Tensor.{name}", uses if hasattr(x, name) else iter(()))


def of_attribute(name: str) -> list[Result]:
    """Return what an attribute of different tensors holds."""
    return results(f"Tensor.{name}", (functools.partial(getattr, tensor, name) for tensor in [*inputs(), waves]))


def main() -> None:
    """Answer."""
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    asked = json.loads(Path(sys.argv[1]).read_text())
    parts = {"methods": of_method, "attributes": of_attribute, "functions": of_function}
    with Path(sys.argv[2]).open("a") as answers:
        for part, name in asked:
            answers.write(json.dumps([part, name, parts[part](name)]) + "\n")
            answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
