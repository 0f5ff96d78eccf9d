"""What calls give: of torch functions, methods, builtins, modules, and functions and classes of this file."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from fullgraph.semantic.flow.builtin_calls import builtin_result, numpy_result
from fullgraph.semantic.flow.evidence import passed_on, proven
from fullgraph.semantic.flow.torch_calls import Arguments, tensor_method, torch_function
from fullgraph.semantic.flow.value import (
    BOTTOM,
    LOCK,
    LOGGER,
    NONE,
    SHAPE,
    STATIC_INT,
    STRING,
    TENSOR,
    UNKNOWN,
    Array,
    ClassOf,
    Data,
    Dtype,
    Either,
    Function,
    Inherited,
    Instance,
    Made,
    Mapping,
    Path,
    Plain,
    Sequence,
    Shape,
    Static,
    Super,
    Tensor,
    Thing,
    Unknown,
    Value,
    data_of,
    element_of,
    join,
    join_all,
    number_of,
    sequence_of,
    static_of,
    tensor_of,
)

if TYPE_CHECKING:
    from fullgraph.semantic.flow.expressions import Evaluator

_NOT_CALLED_FOR_A_TENSOR = frozenset(
    {
        "GRU",
        "LSTM",
        "LSTMCell",
        "Module",
        "ModuleDict",
        "ModuleList",
        "MultiheadAttention",
        "ParameterDict",
        "ParameterList",
        "RNN",
        "RNNBase",
        "Sequential",
        "Identity",
    }
)
_DRAWN: dict[str, Value] = {
    "randint": Tensor(Dtype.INTEGER, 0, drawn=True),
    "randrange": Tensor(Dtype.INTEGER, 0, drawn=True),
    "uniform": Tensor(Dtype.FLOATING, 0, drawn=True),
}
"""Functions of ``random`` whose result Dynamo draws in the graph, as a tensor."""
_GENERATOR = "random.Random"
_DRAWN_BY_GENERATOR: dict[str, Value] = {**_DRAWN, "random": Tensor(Dtype.FLOATING, 0, drawn=True)}
"""Methods of a ``random.Random`` likewise; ``random()`` of the module breaks the graph up to torch 2.13."""
_OF_DISTRIBUTIONS = frozenset({"cdf", "entropy", "icdf", "log_prob", "perplexity", "rsample", "sample", "sample_n"})
_OF_MASKS = frozenset({"all", "any", "nonzero", "sum"})
_GROWS = frozenset({"append", "extend", "insert", "add"})
_TEXT = frozenset({"format", "join", "lower", "upper", "strip", "replace", "lstrip", "rstrip", "removeprefix"})


def call(self: Evaluator, node: ast.Call) -> Value:
    """Evaluate a call."""
    func = node.func
    if func.__class__ is ast.Attribute:
        receiver = self.value(func.value)
        given = arguments(self, node)
        result = method(self, node, receiver, func.attr, given)
    else:
        callee = self.value(func)
        result = apply(self, node, callee, arguments(self, node))
    if result.__class__ is Data:
        self.broken()  # a number out of a tensor
    return result


def arguments(self: Evaluator, node: ast.Call) -> Arguments:
    """Evaluate what a call passes."""
    positional: list[Value] = []
    is_open = False
    for item in node.args:
        value = self.value(item)
        if item.__class__ is ast.Starred:
            is_open = True
        elif not is_open:
            positional.append(value)
    named: dict[str, Value] = {}
    for keyword in node.keywords:
        value = self.value(keyword.value)
        if keyword.arg is None:
            is_open = True
        else:
            named[keyword.arg] = value
    return Arguments(tuple(positional), named, is_open)


def method(self: Evaluator, node: ast.Call, receiver: Value, name: str, given: Arguments) -> Value:
    """What a method of a value returns."""
    match receiver:
        case Tensor():
            return tensor_method(receiver, name, _without_refused(node, given))
        case Path(paths=paths):
            return join_all(apply_path(self, node, f"{path}.{name}", given) for path in paths)
        case Instance(node=cls) | Super(node=cls):
            return apply(self, node, self.flow.attribute(receiver, cls, name), given)
        case ClassOf(node=cls):
            return apply(self, node, self.flow.class_attribute(cls, name), given)
        case Array():
            return _array_method(receiver, name)
        case Sequence():
            return _sequence_method(self, node, receiver, name, given)
        case Mapping():
            return _mapping_method(receiver, name)
        case Either():
            having = [item for item in receiver.choices if not isinstance(item, (Thing, Static, Data))]
            return join_all(method(self, node, item, name, given) for item in having or receiver.choices)
        case Shape() if name == "numel":
            return STATIC_INT
        case Thing(kind=Plain.STRING):
            return STRING if name in _TEXT else UNKNOWN
        case Made():
            return _method_of_made(self, receiver, name, given)
        case Data():
            return data_of(None) if name in ("bit_length", "is_integer") else UNKNOWN
        case Unknown() if name in _OF_MASKS and _is_comparison(node):
            return tensor_method(tensor_of(Dtype.BOOL), name, _without_refused(node, given))
        case Unknown():
            return _method_of_unknown(self, node, name, given)
        case _:
            return UNKNOWN


def _method_of_unknown(self: Evaluator, node: ast.Call, name: str, given: Arguments) -> Value:
    """What is known of a method's result for its name alone, or since it proves what it is called on to be a tensor."""
    if (tensor := proven(node)) is not None:
        self.learn(tensor)
        return tensor_method(TENSOR, name, given)
    if (argument := passed_on(node)) is not None:
        value = self.known(argument)
        return TENSOR if value.surely_tensor is not None and not value.surely_tensor.static else UNKNOWN
    return UNKNOWN


def _method_of_made(self: Evaluator, made: Made, name: str, given: Arguments) -> Value:
    """A method of an instance of a class of another package or file."""
    if made.path.startswith("torch.nn.") and name == "forward":
        return _module_result(made.path, given)
    if made.path == _GENERATOR:
        return _DRAWN_BY_GENERATOR.get(name, UNKNOWN)
    if made.path.startswith("torch.distributions."):
        return TENSOR if name in _OF_DISTRIBUTIONS else UNKNOWN
    if name in ("to", "eval", "train", "requires_grad_"):
        return made
    return UNKNOWN if made.path.startswith("torch.") else self.flow.elsewhere.method_of(made.path, name)


def _without_refused(node: ast.Call, given: Arguments) -> Arguments:
    """What a call passes, without the flags for more results that it says no to: ``as_tuple=False``."""
    refused = {
        keyword.arg
        for keyword in node.keywords
        if keyword.arg is not None
        and (keyword.arg == "as_tuple" or keyword.arg.startswith("return_"))
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
    }
    if not refused:
        return given
    return given._replace(named={name: value for name, value in given.named.items() if name not in refused})


def _is_comparison(node: ast.Call) -> bool:
    """Whether a method is called on a comparison, which has it only where tensors are compared."""
    match node.func:
        case ast.Attribute(
            value=ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE() | ast.Eq() | ast.NotEq()])
        ):
            return True
        case _:
            return False


def apply(self: Evaluator, node: ast.Call, callee: Value, given: Arguments) -> Value:
    """What calling a value gives."""
    match callee:
        case Path(paths=paths):
            return join_all(apply_path(self, node, path, given) for path in paths)
        case Function(node=function, bound=bound):
            return self.flow.returned(self, function, bound, given, is_used=node is not self.unused)
        case Inherited(result=result):
            return result
        case ClassOf(node=cls):
            return self.flow.made(self, cls, given)
        case Instance(node=cls):
            entry = self.flow.entry(cls)
            return UNKNOWN if entry is None else self.flow.returned(self, entry, callee, given)
        case Made(path=path):
            return _module_result(path, given) if path.startswith("torch.") else self.flow.elsewhere.entered(path)
        case Either():
            return join_all(apply(self, node, item, given) for item in callee.choices if item != NONE)
        case _:
            return UNKNOWN


def apply_path(self: Evaluator, node: ast.Call, path: str, given: Arguments) -> Value:
    """What calling something of another package gives."""
    package, _, name = path.rpartition(".")
    top = path.partition(".")[0]
    if top == "builtins":
        if name == "super" and package == "builtins":
            return self.flow.super_of(node)
        return builtin_result(name, given)
    if top == "torch":
        return torch_result(path, package, name, _without_refused(node, given))
    if top in ("numpy", "math", "operator", "copy", "itertools"):
        return numpy_result(path, given)
    if package == "random":
        return drawn(name)
    if name in ("getLogger", "get_logger"):
        return LOGGER
    if top in ("threading", "multiprocessing") and name in ("Lock", "RLock"):
        return LOCK
    return self.flow.elsewhere.called(node, path, given)


def drawn(name: str) -> Value:
    """What a function of ``random`` gives, or its class of generators."""
    return Made(_GENERATOR) if name == "Random" else _DRAWN.get(name, UNKNOWN)


def torch_result(path: str, package: str, name: str, given: Arguments) -> Value:
    """What calling something of torch gives."""
    if package == "torch.nn" and name[:1].isupper():
        return TENSOR if name in ("Parameter", "Buffer") else _made_module(path, name, given)
    if package == "torch.Tensor" and given.positional and isinstance(given.positional[0], Tensor):
        return tensor_method(given.positional[0], name, Arguments(given.positional[1:], given.named, given.open))
    if path in ("torch.compile", "torch.jit.script") and given.positional:
        return given.positional[0]
    if path in ("torch.Size", "torch._shape_as_tensor"):
        return SHAPE
    if path.startswith("torch.distributions."):
        return _of_distributions(path, name)
    if path == "torch.utils.checkpoint.checkpoint":
        return UNKNOWN
    return torch_function(path, given)


def _of_distributions(path: str, name: str) -> Value:
    if name == "kl_divergence":
        return TENSOR
    return Made(path) if name[:1].isupper() and not name.endswith("Transform") else UNKNOWN


def _made_module(path: str, name: str, given: Arguments) -> Value:
    if name == "Sequential" and not given.open:
        return sequence_of(given.positional)
    if name == "ModuleList":
        return given.positional[0] if given.positional else Sequence(BOTTOM)
    if name == "ModuleDict":
        return given.positional[0] if given.positional else UNKNOWN
    return Made(path)


def _module_result(path: str, given: Arguments) -> Value:
    """What calling a module of torch gives."""
    package, _, name = path.rpartition(".")
    if name == "Identity" and package == "torch.nn" and given.positional:
        return given.positional[0]
    return UNKNOWN if package != "torch.nn" or name in _NOT_CALLED_FOR_A_TENSOR else TENSOR


def _array_method(array: Array, name: str) -> Value:
    match name:
        case "item":
            return data_of(number_of(array.dtype))
        case "tolist":
            return UNKNOWN
        case "astype" | "copy" | "reshape" | "flatten" | "ravel" | "transpose" | "squeeze":
            return Array(None if name == "astype" else array.dtype)
        case "sum" | "mean" | "max" | "min" | "any" | "all" | "prod" | "std" | "argmax" | "argmin" | "cumsum":
            return Array()
        case _:
            return UNKNOWN


def _sequence_method(self: Evaluator, node: ast.Call, receiver: Sequence, name: str, given: Arguments) -> Value:
    """A method of a list; one that adds to it changes what its name holds."""
    if name in _GROWS and given.positional:
        added = given.positional[-1]
        if name == "extend":
            added = element_of(added)
        holder = node.func.value if isinstance(node.func, ast.Attribute) else None
        if isinstance(holder, ast.Name) and holder.id in self.env:
            self.bind(holder.id, Sequence(join(receiver.element, added), None, mutable=True))
        return NONE
    match name:
        case "pop":
            return element_of(receiver)
        case "copy":
            return receiver
        case "index" | "count":
            return static_of(None) if receiver.element.tensor is None else UNKNOWN
        case _:
            return UNKNOWN


def _mapping_method(receiver: Mapping, name: str) -> Value:
    match name:
        case "items":
            return Sequence(sequence_of((UNKNOWN, receiver.element)))
        case "values":
            return Sequence(receiver.element)
        case "keys":
            return Sequence(UNKNOWN)
        case "pop" | "get" | "setdefault":
            return UNKNOWN if receiver.element is UNKNOWN else join(receiver.element, NONE)
        case "copy":
            return receiver
        case _:
            return UNKNOWN
