"""What a call proves of a value of which nothing else is known: some methods only tensors have."""

from __future__ import annotations

import ast

ONLY_TENSORS_GIVE = frozenset(
    {
        "clamp",
        "clamp_",
        "clamp_max",
        "clamp_min",
        "expand_as",
        "index_select",
        "isfinite",
        "isinf",
        "isnan",
        "log_softmax",
        "logical_and",
        "logical_not",
        "logical_or",
        "logsumexp",
        "masked_fill",
        "masked_fill_",
        "masked_select",
        "nanmean",
        "nansum",
        "new_empty",
        "new_full",
        "new_ones",
        "new_tensor",
        "new_zeros",
        "repeat_interleave",
        "scatter_add",
        "scatter_add_",
        "sigmoid",
        "softmax",
        "type_as",
        "unsqueeze",
        "unsqueeze_",
        "view_as",
    }
)
"""Methods that tensors have, and neither arrays nor modules nor anything else in common use; they give tensors."""
_WITHOUT_ARGUMENTS = frozenset({"bool", "detach", "int", "long"})
"""Those of which that holds where they are given nothing."""
KEEPS = frozenset({"bfloat16", "cpu", "cuda", "double", "float", "half", "to"})
"""Methods that tensors and modules have, and arrays do not, and that give the same kind of thing."""
_OF_ARRAYS = frozenset(
    {
        "abs", "all", "amax", "amin", "any", "argmax", "argmin", "clip", "cumsum", "exp", "flatten", "item", "log",
        "max", "mean", "min", "norm", "numel", "numpy", "permute", "prod", "quantile", "reshape", "round", "size",
        "sqrt", "squeeze", "std", "sum", "tolist", "transpose", "var", "view",
    }
)  # fmt: skip
"""Methods that tensors have, perhaps arrays too, and modules do not."""
_ACCELERATOR = frozenset({"gather", "gather_for_metrics", "pad_across_processes", "reduce"})
_FABRIC = frozenset({"all_gather", "all_reduce", "broadcast"})
PROVING = ONLY_TENSORS_GIVE | _WITHOUT_ARGUMENTS | _OF_ARRAYS
"""Last names of the calls for which `proven` is worth asking."""


def proven(call: ast.Call) -> ast.expr | None:
    """What a call proves to be a tensor: ``x`` of ``x.clamp(0)``, ``x.detach()`` and ``x.float().mean()``."""
    match call:
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in ONLY_TENSORS_GIVE:
            return value
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[], keywords=[]) if attr in _WITHOUT_ARGUMENTS:
            return value
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Attribute(value=value, attr=kept), args=given) as inner, attr=attr
            )
        ) if attr in _OF_ARRAYS and kept in KEEPS:
            return value if kept != "to" or given or inner.keywords else None
        case _:
            return None


def passed_on(call: ast.Call) -> ast.expr | None:
    """The argument of which a call gives another of its kind, by what libraries for training say of their methods.

    Accelerate's ``gather`` and its kin, called on something that is named ``accelerator``; Fabric's likewise.
    """
    match call:
        case ast.Call(func=ast.Attribute(attr="gather_for_metrics"), args=[argument, *_]):
            return argument
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr=attr), args=[argument, *_]
        ):
            is_known = (name == "accelerator" and attr in _ACCELERATOR) or (name == "fabric" and attr in _FABRIC)
            return argument if is_known else None
        case _:
            return None
