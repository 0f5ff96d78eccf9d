"""Copying and comparing what blocks return."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from typing import Any


def snapshot(value: Any) -> Any:
    """Copy `value`, so that no later call can change its tensors."""
    torch = importlib.import_module("torch")
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if type(value) in (list, tuple):
        return type(value)(snapshot(item) for item in value)
    if type(value) is dict:
        return {key: snapshot(item) for key, item in value.items()}
    return value


def same_result(left: object, right: object, *, tolerance: float = 1e-5) -> bool:
    """Say whether two results are equal: structure, shapes, dtypes and devices; values within `tolerance`."""
    torch = importlib.import_module("torch")
    if isinstance(left, torch.Tensor) or isinstance(right, torch.Tensor):
        return _same_tensor(torch, left, right, tolerance)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            same_result(left[key], right[key], tolerance=tolerance) for key in left
        )
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(same_result(one, other, tolerance=tolerance) for one, other in pairs)
    if isinstance(left, float) and isinstance(right, float):
        close = math.isclose(left, right, rel_tol=tolerance, abs_tol=tolerance)
        return close or (math.isnan(left) and math.isnan(right))
    return type(left) is type(right) and bool(left == right)


def _same_tensor(torch: Any, left: Any, right: Any, tolerance: float) -> bool:
    if not (isinstance(left, torch.Tensor) and isinstance(right, torch.Tensor)):
        return False
    if (left.shape, left.dtype, left.device) != (right.shape, right.dtype, right.device):
        return False
    if left.device.type == "meta":  # a meta tensor has no values
        return True
    return bool(torch.allclose(left, right, rtol=tolerance, atol=tolerance, equal_nan=True))
