"""What torch functions and the methods and attributes of a tensor give, for the values that they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from functools import cache
from typing import NamedTuple

from fullgraph.semantic.flow.value import (
    DEVICE,
    DTYPE,
    GENERATOR,
    NONE,
    SHAPE,
    STATIC_BOOL,
    STATIC_FLOAT,
    STATIC_INT,
    STRING,
    UNKNOWN,
    Array,
    Data,
    Dtype,
    Either,
    Number,
    Path,
    Sequence,
    Shape,
    Static,
    Tensor,
    Value,
    data_of,
    number_of,
    sequence_of,
    tensor_of,
)
from fullgraph.torchfacts.returns import (
    ResultDtype,
    ReturnKind,
    attribute_kind,
    method_result_dtype,
    method_return_kind,
    method_returned_tensors,
    result_dtype,
    return_kind,
    returned_tensors,
)

_KINDS: dict[ReturnKind, Value] = {
    ReturnKind.SIZE: SHAPE,
    ReturnKind.INT: STATIC_INT,
    ReturnKind.FLOAT: STATIC_FLOAT,
    ReturnKind.BOOL: STATIC_BOOL,
    ReturnKind.STR: STRING,
    ReturnKind.DTYPE: DTYPE,
    ReturnKind.DEVICE: DEVICE,
    ReturnKind.NONE: NONE,
    ReturnKind.GENERATOR: GENERATOR,
}
_DTYPES = {
    ResultDtype.BOOL: Dtype.BOOL,
    ResultDtype.INTEGER: Dtype.INTEGER,
    ResultDtype.FLOATING: Dtype.FLOATING,
}
_OF_VALUES = frozenset({"allclose", "equal", "is_nonzero"})
"""Give a bool that depends on what is in the tensors."""
_SAME_DTYPE = frozenset(
    {
        "abs",
        "alias",
        "as_strided",
        "atleast_1d",
        "atleast_2d",
        "atleast_3d",
        "broadcast_to",
        "clamp",
        "clamp_max",
        "clamp_min",
        "clip",
        "clone",
        "contiguous",
        "copy_",
        "cpu",
        "cuda",
        "data",
        "detach",
        "detach_",
        "diag",
        "diag_embed",
        "diagonal",
        "diff",
        "empty_like",
        "expand",
        "expand_as",
        "fill",
        "fill_",
        "flatten",
        "flip",
        "fliplr",
        "flipud",
        "full_like",
        "gather",
        "index_add",
        "index_add_",
        "index_copy",
        "index_fill",
        "index_fill_",
        "index_put",
        "index_put_",
        "index_select",
        "logical_and_",
        "logical_not_",
        "masked_fill",
        "masked_fill_",
        "masked_scatter",
        "masked_scatter_",
        "masked_select",
        "movedim",
        "moveaxis",
        "narrow",
        "neg",
        "new_empty",
        "new_full",
        "new_ones",
        "new_zeros",
        "ones_like",
        "permute",
        "pin_memory",
        "ravel",
        "repeat",
        "repeat_interleave",
        "requires_grad_",
        "reshape",
        "reshape_as",
        "resolve_conj",
        "resolve_neg",
        "roll",
        "rot90",
        "scatter",
        "scatter_",
        "scatter_add",
        "scatter_add_",
        "select",
        "squeeze",
        "squeeze_",
        "swapaxes",
        "swapdims",
        "t",
        "take",
        "take_along_dim",
        "tile",
        "to",
        "transpose",
        "tril",
        "triu",
        "unflatten",
        "unfold",
        "unique",
        "unsqueeze",
        "unsqueeze_",
        "view",
        "view_as",
        "zero_",
        "zeros_like",
        "bitwise_not",
        "bitwise_not_",
        "rand_like_",
        "amax",
        "amin",
        "cummax_",
        "max",
        "min",
        "median",
        "sort_",
        "chunk",
        "split",
        "tensor_split",
        "unbind",
        "hsplit",
        "vsplit",
        "dsplit",
        "split_with_sizes",
        "adjoint",
        "mH",
        "mT",
        "T",
        "H",
        "real",
        "values",
        "indices",
    }
)
_COMBINED = frozenset(
    {
        "add",
        "add_",
        "sub",
        "sub_",
        "subtract",
        "mul",
        "mul_",
        "multiply",
        "remainder",
        "floor_divide",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "bitwise_and_",
        "bitwise_or_",
        "fmod",
        "maximum",
        "minimum",
        "cat",
        "concat",
        "concatenate",
        "stack",
        "hstack",
        "vstack",
        "dstack",
    }
)
_COUNTED = frozenset({"sum", "prod", "cumsum", "cumprod"})
_FLOATING = frozenset(
    {
        "mean",
        "softmax",
        "log_softmax",
        "sigmoid",
        "tanh",
        "exp",
        "log",
        "sqrt",
        "rsqrt",
        "norm",
        "std",
        "var",
        "rand",
        "randn",
        "div",
        "true_divide",
        "linspace",
        "erf",
        "logsumexp",
        "sin",
        "cos",
        "reciprocal",
    }
)
_REDUCTIONS = frozenset(
    {
        "sum",
        "prod",
        "mean",
        "max",
        "min",
        "amax",
        "amin",
        "any",
        "all",
        "argmax",
        "argmin",
        "median",
        "std",
        "var",
        "norm",
        "count_nonzero",
        "logsumexp",
        "nansum",
        "nanmean",
    }
)
_SAME_RANK = frozenset(
    {
        "abs",
        "clamp",
        "clip",
        "clone",
        "contiguous",
        "cpu",
        "cuda",
        "cumsum",
        "cumprod",
        "detach",
        "exp",
        "fill_",
        "flip",
        "index_select",
        "log",
        "masked_fill",
        "masked_fill_",
        "narrow",
        "neg",
        "requires_grad_",
        "roll",
        "round",
        "sigmoid",
        "softmax",
        "sqrt",
        "tanh",
        "to",
        "type",
        "type_as",
        "float",
        "half",
        "double",
        "bfloat16",
        "long",
        "int",
        "short",
        "bool",
        "byte",
        "char",
        "ceil",
        "floor",
        "trunc",
        "relu",
        "bitwise_not",
        "logical_not",
        "pow",
        "gather",
        "isnan",
        "isinf",
        "isfinite",
        "ones_like",
        "zeros_like",
        "empty_like",
        "full_like",
        "rand_like",
        "randn_like",
        "sign",
        "square",
        "repeat_interleave",
    }
)
_OF_NUMBERS = frozenset(
    {"add", "ceil", "div", "floor", "floor_divide", "mul", "pow", "sqrt", "sub", "to", "long", "int"}
)
"""What gives a tensor of known numbers where it is given known numbers."""
_FILLED = frozenset({"ones", "zeros", "empty", "rand", "randn", "eye", "linspace", "logspace"})
_NAMED_DTYPE = re.compile(r"torch\.(?:(bool)|(u?int\d+|long|int|short|byte|char)|(b?float\d*|half|double|float8_\w+))$")


class Arguments(NamedTuple):
    """Values that a call passes; ``open`` if there are starred ones, of which the number is not known."""

    positional: tuple[Value, ...]
    named: MappingType[str, Value]
    open: bool = False

    def get(self, position: int, name: str) -> Value | None:
        """The value of one parameter, if it is given."""
        if (value := self.named.get(name)) is not None:
            return value
        return self.positional[position] if position < len(self.positional) else None


@cache
def named_dtype(path: str) -> Dtype | None:
    """The class of the dtype with this dotted path."""
    if (found := _NAMED_DTYPE.match(path)) is None:
        return None
    return (Dtype.BOOL, Dtype.INTEGER, Dtype.FLOATING)[(found.lastindex or 1) - 1]


def dtype_said(value: Value | None) -> Dtype | None:
    """The class of the dtype that a value is, such as that of ``torch.bool``."""
    match value:
        case Path(paths=(path,)):
            return {"builtins.bool": Dtype.BOOL, "builtins.int": Dtype.INTEGER, "builtins.float": Dtype.FLOATING}.get(
                path, named_dtype(path)
            )
        case _:
            return None


def dtype_of(value: Value) -> Dtype | None:
    """The class of dtype that a value has, or would have as a tensor."""
    match value:
        case Tensor(dtype=dtype) | Array(dtype=dtype):
            return dtype
        case Static(type=Number.BOOL) | Data(type=Number.BOOL):
            return Dtype.BOOL
        case Static(type=Number.INT) | Data(type=Number.INT):
            return Dtype.INTEGER
        case Static(type=Number.FLOAT) | Data(type=Number.FLOAT):
            return Dtype.FLOATING
        case Either():
            kinds = {dtype_of(item) for item in value.choices if item != NONE}
            return kinds.pop() if len(kinds) == 1 else None
        case Sequence(element=Tensor() | Static() | Data() as element):
            return dtype_of(element)
        case Shape():
            return Dtype.INTEGER
        case _:
            return None


def rank_of(value: Value) -> int | None:
    """The rank that a value has, or would have as a tensor."""
    match value:
        case Tensor(rank=rank) | Array(rank=rank):
            return rank
        case Static() | Data():
            return 0
        case Shape() | Sequence(element=Static() | Data()):
            return 1
        case _:
            return None


def combined_dtype(left: Dtype | None, right: Dtype | None) -> Dtype | None:
    """The dtype of an arithmetic operation on two tensors of these."""
    if Dtype.FLOATING in (left, right):
        return Dtype.FLOATING
    if left is None or right is None:
        return None
    return left if left is right else Dtype.INTEGER


def combined_rank(left: int | None, right: int | None) -> int | None:
    """The rank of what two broadcast tensors give."""
    return None if left is None or right is None else max(left, right)


@cache
def _function_facts(path: str) -> tuple[ReturnKind | None, ResultDtype | None, int | None]:
    return return_kind(path), result_dtype(path), returned_tensors(path)


@cache
def _method_facts(name: str) -> tuple[ReturnKind | None, ResultDtype | None, int | None]:
    return method_return_kind(name), method_result_dtype(name), method_returned_tensors(name)


@cache
def attribute_of_tensor(name: str) -> Value | None:
    """What an attribute of a tensor holds, if that does not depend on the tensor."""
    kind = attribute_kind(name)
    return None if kind is None or kind is ReturnKind.TENSOR else _KINDS.get(kind, UNKNOWN)


def tensor_attribute(tensor: Tensor | Array, name: str) -> Value:
    """What an attribute of this tensor holds."""
    if (known := attribute_of_tensor(name)) is not None:
        return known
    if isinstance(tensor, Array):
        if name == "size":
            return STATIC_INT
        return Array(tensor.dtype) if name in ("T", "real", "imag") else UNKNOWN
    return tensor_of(tensor.dtype if name in _SAME_DTYPE else None) if attribute_kind(name) else UNKNOWN


def torch_function(path: str, given: Arguments) -> Value:
    """What the torch function ``path`` returns."""
    name = path.rpartition(".")[2]
    kind, fixed, count = _function_facts(path)
    if (special := _special(name, given, method=False)) is not None and path.startswith(("torch.", "torch.nn.")):
        return special
    if kind is None:
        return UNKNOWN
    return _result(name, kind, fixed, count, given)


def tensor_method(tensor: Tensor, name: str, given: Arguments) -> Value:
    """What a method of this tensor returns."""
    given = Arguments((tensor, *given.positional), given.named, given.open)
    if (special := _special(name, given, method=True)) is not None:
        return special
    kind, fixed, count = _method_facts(name)
    return UNKNOWN if kind is None else _result(name, kind, fixed, count, given)


def _result(name: str, kind: ReturnKind, fixed: ResultDtype | None, count: int | None, given: Arguments) -> Value:
    operand = given.positional[0] if given.positional else given.named.get("input", UNKNOWN)
    match kind:
        case ReturnKind.TENSOR:
            dtype = _DTYPES[fixed] if fixed is not None else _dtype_of_result(name, operand, given)
            static = name in _OF_NUMBERS and all(_is_static(item) for item in given.positional)
            return tensor_of(dtype, _rank_of_result(name, operand, given), static)
        case ReturnKind.TENSORS:
            element = tensor_of(_dtype_of_result(name, operand, given))
            if count is None:
                return Sequence(element)
            return sequence_of([element, *[tensor_of(Dtype.INTEGER if name in _WITH_INDICES else None)] * (count - 1)])
        case ReturnKind.BOOL if name in _OF_VALUES:
            return data_of(Number.BOOL)
        case ReturnKind.NUMBER:
            return data_of(number_of(dtype_of(operand)))
        case _:
            return _KINDS.get(kind, UNKNOWN)


_INDICES = tensor_of(Dtype.INTEGER, 1)
_WITH_INDICES = frozenset({"topk", "sort", "kthvalue", "cummax", "cummin", "mode", "max", "min", "median"})


def _special(name: str, given: Arguments, *, method: bool) -> Value | None:
    """Results that depend on which arguments there are; None for all other functions."""
    operand = given.positional[0] if given.positional else UNKNOWN
    match name:
        case "size":
            return SHAPE if len(given.positional) == 1 and not given.named else STATIC_INT
        case "max" | "min" | "median" | "nanmedian":
            return _extremum(operand, given)
        case "nonzero":
            return Sequence(_INDICES) if "as_tuple" in given.named else tensor_of(Dtype.INTEGER, 2)
        case "where" if not method and len(given.positional) + len(given.named) == 1:
            return Sequence(_INDICES)
        case "where":
            values = given.positional[1:]
            kinds = [dtype_of(item) for item in values]
            return tensor_of(combined_dtype(kinds[0], kinds[1]) if len(kinds) == 2 else None)
        case "unique" | "unique_consecutive":
            return _unique(operand, given, asked_at=2 if name == "unique" else 1)
        case "tolist" if method:
            return _listed(operand)
        case "numpy" | "__array__" if method:
            return Array(dtype_of(operand), rank_of(operand))
        case "tensor" | "as_tensor" | "asarray" | "scalar_tensor" if not method:
            said = dtype_said(given.get(1, "dtype"))
            return tensor_of(said or dtype_of(operand), rank_of(operand), _is_static(operand))
        case "from_numpy" if not method:
            return tensor_of(dtype_of(operand), rank_of(operand))
        case "Tensor" | "FloatTensor" if not method:
            return tensor_of(Dtype.FLOATING)
        case "LongTensor" | "IntTensor" if not method:
            return tensor_of(Dtype.INTEGER)
        case "BoolTensor" if not method:
            return tensor_of(Dtype.BOOL)
        case "any" | "all":
            return tensor_of(Dtype.BOOL, 0 if _is_total(given) else None)
        case _:
            return None


def _extremum(operand: Value, given: Arguments) -> Value:
    dtype = dtype_of(operand)
    if len(given.positional) <= 1 and not given.named:
        return tensor_of(dtype, 0)
    other = given.get(1, "other")
    if isinstance(other, Tensor):
        return tensor_of(combined_dtype(dtype, other.dtype))
    return sequence_of((tensor_of(dtype), tensor_of(Dtype.INTEGER)))


def _unique(operand: Value, given: Arguments, *, asked_at: int) -> Value:
    values = tensor_of(dtype_of(operand))
    if len(given.positional) > asked_at or any(name.startswith("return_") for name in given.named):
        return sequence_of((values, tensor_of(Dtype.INTEGER)))
    return values


def _listed(operand: Value) -> Value:
    match operand:
        case Tensor(dtype=dtype, rank=0):
            return data_of(number_of(dtype))
        case Tensor(dtype=dtype, rank=1):
            return Sequence(data_of(number_of(dtype)), None, mutable=True)
        case Tensor(dtype=dtype):
            return Sequence(UNKNOWN, None, mutable=True)
        case _:
            return UNKNOWN


def _is_static(operand: Value) -> bool:
    """Whether a tensor made of this holds numbers that are known."""
    match operand:
        case Static() | Shape():
            return True
        case Sequence(element=Static()):
            return True
        case Tensor(static=static):
            return static
        case _:
            return False


def _is_total(given: Arguments) -> bool:
    """Whether a reduction is given nothing but the tensor, so that one number is left."""
    return not given.open and len(given.positional) <= 1 and "dim" not in given.named and "axis" not in given.named


def _dtype_of_result(name: str, operand: Value, given: Arguments) -> Dtype | None:
    if "dtype" in given.named:
        return dtype_said(given.named["dtype"])
    if name in ("to", "type", "view") and len(given.positional) > 1:
        if any(said for item in given.positional[1:] if (said := dtype_said(item)) is not None):
            return next(said for item in given.positional[1:] if (said := dtype_said(item)) is not None)
        if name != "view" and any(_may_be_dtype(item) for item in given.positional[1:]):
            return None
    if name in ("to", "type_as") and len(given.positional) > 1 and isinstance(given.positional[1], Tensor):
        return given.positional[1].dtype
    if name in _SAME_DTYPE:
        return dtype_of(operand)
    if name in _COMBINED:
        return _dtype_of_combined(given)
    if name in _COUNTED:
        dtype = dtype_of(operand)
        return Dtype.INTEGER if dtype is Dtype.BOOL else dtype
    if name in _FILLED or name in _FLOATING:
        return Dtype.FLOATING
    if name == "arange":
        return _joined({dtype_of(item) for item in given.positional})
    if name == "full":
        return dtype_of(given.positional[1]) if len(given.positional) > 1 else None
    return None


def _may_be_dtype(value: Value) -> bool:
    return value is UNKNOWN or value is DTYPE


def _joined(kinds: set[Dtype | None]) -> Dtype | None:
    """The dtype of all of these numbers together."""
    if Dtype.FLOATING in kinds:
        return Dtype.FLOATING
    return Dtype.INTEGER if kinds == {Dtype.INTEGER} else None


def _dtype_of_combined(given: Arguments) -> Dtype | None:
    parts = given.positional
    match parts:
        case (Sequence(element=element), *_):
            return dtype_of(element)
        case (left, right, *_):
            return combined_dtype(dtype_of(left), dtype_of(right))
        case _:
            return None


def _rank_of_result(name: str, operand: Value, given: Arguments) -> int | None:
    if name in _REDUCTIONS:
        return 0 if _is_total(given) else None
    if name in ("rand", "randn", "zeros", "ones", "empty", "full"):
        return len(operand.items) if isinstance(operand, Sequence) and operand.items is not None else None
    if name in ("arange", "linspace"):
        return 1
    rank = rank_of(operand)
    if name == "argwhere":
        return 2
    if name == "masked_select":
        return 1
    if rank is None:
        return None
    if name in _SAME_RANK:
        return rank
    return rank + 1 if name == "unsqueeze" else None
