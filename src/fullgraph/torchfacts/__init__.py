"""Facts about torch's API that the rules rely on; torch itself is never imported."""

from __future__ import annotations

from fullgraph.torchfacts.call_shapes import CallShapes, Parameters, call_shapes, imported_with_torch
from fullgraph.torchfacts.private_names import (
    PrivateName,
    PublicEquivalent,
    Relation,
    documented_names,
    is_documented,
    is_private,
    private_name,
    private_names,
)
from fullgraph.torchfacts.returns import method_returns_tensor, returns_tensor
from fullgraph.torchfacts.versions import NEWEST_KNOWN, OLDEST_KNOWN, TorchRange, TorchVersion

__all__ = [
    "NEWEST_KNOWN",
    "OLDEST_KNOWN",
    "CallShapes",
    "Parameters",
    "PrivateName",
    "PublicEquivalent",
    "Relation",
    "TorchRange",
    "TorchVersion",
    "call_shapes",
    "documented_names",
    "imported_with_torch",
    "is_documented",
    "is_private",
    "method_returns_tensor",
    "private_name",
    "private_names",
    "returns_tensor",
]
