"""Passes names on."""

from .types import MaybeTensor as OptTensor
from .types import Pair
