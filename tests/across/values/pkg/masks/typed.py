from typing import TYPE_CHECKING, Optional

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .build import build_mask


class Size:
    """No tensor."""

    def __gt__(self, other: int) -> bool:
        return True


def positive(x) -> Tensor:
    return _signs(x)


def _signs(x):
    return x.sign()


def maybe(x, mask) -> Optional[Tensor]:
    return None if mask is None else x.sum()


def number(x) -> int:
    return x.shape[0]


def both(x) -> tuple[Tensor, int]:
    return x.sum(), x.shape[0]


def made(x) -> Size:
    return Size()


def twice(function):
    def wrapped(*args):
        return [function(*args), function(*args)]

    return wrapped


@twice
def wrapped(x) -> Tensor:
    return x.sum()


def replaced(x) -> Tensor:
    return x.sum()


replaced = twice(replaced)


if TYPE_CHECKING:

    def checked(x) -> Tensor: ...
else:
    checked = number


@torch.no_grad()
def summed(x) -> Tensor:
    return x.sum()
