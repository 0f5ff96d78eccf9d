"""Facts about torch's API that the rules rely on; torch itself is never imported."""

from __future__ import annotations

from fullgraph.torchfacts import number_parameters, size_parameters
from fullgraph.torchfacts.call_shapes import CallShapes, Parameters, call_shapes, imported_with_torch
from fullgraph.torchfacts.changes import may_change
from fullgraph.torchfacts.deprecated import Deprecation, Trigger, deprecated_names, deprecation
from fullgraph.torchfacts.names import Availability, Presence, availability, is_module, releases_read
from fullgraph.torchfacts.number_parameters import NumberParameters
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
from fullgraph.torchfacts.replacements import Replacement, replaced_names, replacement
from fullgraph.torchfacts.returns import (
    ResultDtype,
    ReturnKind,
    attribute_kind,
    method_result_dtype,
    method_return_kind,
    method_returned_tensors,
    method_returns_tensor,
    result_dtype,
    return_kind,
    returned_tensors,
    returns_tensor,
)
from fullgraph.torchfacts.versions import NEWEST_KNOWN, OLDEST_KNOWN, TorchRange, TorchVersion

__all__ = [
    "NEWEST_KNOWN",
    "OLDEST_KNOWN",
    "Availability",
    "CallShapes",
    "Deprecation",
    "NumberParameters",
    "Parameters",
    "Presence",
    "PrivateName",
    "PublicEquivalent",
    "Relation",
    "Replacement",
    "ResultDtype",
    "ReturnKind",
    "TorchRange",
    "TorchVersion",
    "Trigger",
    "attribute_kind",
    "availability",
    "call_shapes",
    "deprecated_names",
    "deprecation",
    "documented_names",
    "imported_with_torch",
    "is_documented",
    "is_module",
    "is_private",
    "may_change",
    "method_result_dtype",
    "method_return_kind",
    "method_returned_tensors",
    "method_returns_tensor",
    "number_parameters",
    "private_name",
    "private_names",
    "releases_read",
    "replaced_names",
    "replacement",
    "result_dtype",
    "return_kind",
    "returned_tensors",
    "returns_tensor",
    "size_parameters",
]
