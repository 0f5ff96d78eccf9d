"""Where the host waits for a device: reads of tensors that nothing shows to lie on the host anyway."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cached_property

from fullgraph.semantic.flow.evidence import PROVING, passed_on, proven
from fullgraph.semantic.flow.flow import Flow
from fullgraph.semantic.flow.parameters import ONLY_OF_TENSORS
from fullgraph.semantic.flow.value import (
    BOTTOM,
    UNKNOWN,
    Bottom,
    Dtype,
    Made,
    Mapping,
    Sequence,
    Tensor,
    Unknown,
    element_of,
)
from fullgraph.semantic.kinds import is_dtype
from fullgraph.semantic.loops import Loops, growths, notable_calls
from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS, Binding, Scope
from fullgraph.semantic.walk import AttributeAssignment, Walked, base_name
from fullgraph.torchfacts import method_returns_tensor

_READS = frozenset({"item", "tolist"})
_COMPUTES = frozenset({"backward", "detach"})
"""Methods that tensors have, and neither arrays nor modules."""
_OF_BACKWARD = frozenset({"create_graph", "inputs", "retain_graph"})
_CONVERTS = frozenset({"numpy"})
_READ = re.compile(r"\.(item|tolist|numpy)\(|\b(bool|float|int|round|str)\(")
"""What makes something else of a tensor."""
_NORMS = frozenset({"torch.nn.utils.clip_grad_norm_", "torch.nn.utils.get_total_norm"})
"""Functions that return a tensor, which the tables do not say."""
_NUMBERS = frozenset(
    {"builtins.bool", "builtins.float", "builtins.int", "builtins.range", "math.isfinite", "math.isinf", "math.isnan"}
)
_PRINTS = frozenset({"builtins.print", "builtins.repr", "builtins.str"})
_OF_ARRAYS = frozenset(
    {
        "all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot", "flatten", "item",
        "max", "mean", "min", "nonzero", "prod", "repeat", "reshape", "round", "squeeze", "std", "sum", "tolist",
        "transpose", "var", "view",
    }
)  # fmt: skip
"""Methods that arrays of numpy have, as well as tensors."""
_BARRIERS = frozenset(
    {"torch.accelerator.synchronize", "torch.cuda.synchronize", "torch.mps.synchronize", "torch.xpu.synchronize"}
)
_QUEUES = frozenset(
    {
        "torch.Event",
        "torch.Stream",
        "torch.cuda.Event",
        "torch.cuda.ExternalStream",
        "torch.cuda.Stream",
        "torch.cuda.current_stream",
        "torch.cuda.default_stream",
        "torch.xpu.Event",
        "torch.xpu.Stream",
        "torch.xpu.current_stream",
    }
)
"""Makers of what may be waited for by ``synchronize``."""
_COUNTS = frozenset({"torch.argwhere", "torch.nonzero", "torch.where"})
"""Functions whose result has as many rows as a tensor has values that are not zero, ``where`` given that alone."""
_AGREE = frozenset({"torch.allclose", "torch.equal", "torch.is_nonzero"})
"""Functions that make a truth value of tensors."""
_ASKS_EACH = frozenset({"builtins.all", "builtins.any", "builtins.max", "builtins.min", "builtins.sorted"})
"""Functions that ask for the truth of each of several things, or of how they compare."""
_METHODS = frozenset({"allclose", "argwhere", "equal", "is_nonzero", "nonzero"})
"""Methods of the same names."""
_CANDIDATES = frozenset(
    {*_READS, *_METHODS, *(path.rpartition(".")[2] for path in _ASKS_EACH | _COUNTS)}
    | {"bool", "cpu", "float", "format", "int", "isfinite", "isinf", "isnan", "numpy", "print", "range"}
    | {"repeat_interleave", "repr", "str", "synchronize", "to"}
)
"""Last names of all that waits."""
_ON_HOST = frozenset({"torch.from_numpy", "torch.frombuffer", "torch.load"})
_MADE = frozenset(
    {
        "torch.arange",
        "torch.as_tensor",
        "torch.empty",
        "torch.eye",
        "torch.full",
        "torch.hann_window",
        "torch.linspace",
        "torch.logspace",
        "torch.ones",
        "torch.rand",
        "torch.randint",
        "torch.randn",
        "torch.randperm",
        "torch.tensor",
        "torch.Tensor",
        "torch.FloatTensor",
        "torch.LongTensor",
        "torch.IntTensor",
        "torch.zeros",
    }
)
"""Makers of tensors that lie on the host where no ``device`` is given."""
_TAKE_DATA = frozenset({"torch.as_tensor", "torch.tensor"})
"""Those of them that stay on the device of a tensor that they are given."""
_ASIDE = re.compile(
    r"^__|^test_|^(main|setup)$|(^|_)(init|save|load|export|convert|checkpoint|state_dict|plot|draw|show|visuali[sz]e|"
    r"summary|debug|dump|collate|tokenize|preprocess|prepare|process|parse|read|write|download|bench|benchmark|profile|warmup|reset|"
    r"extra|repr|from|cpu)(_|$|d$|s$)"
)
"""Names of functions that set up, save, show, measure or read data."""
_ASIDE_WHEREVER = re.compile(
    r"^__(init|post_init|new|repr|str|del|getstate|setstate|reduce|enter|exit)|^test_|^(main|setup)$|(^|_)(init|save|load|"
    r"export|convert|checkpoint|state_dict|plot|draw|show|visuali[sz]e|debug|dump|collate|tokenize|parse|read|write|"
    r"download|bench|benchmark|profile|repr|from|cpu)(_|$|d$|s$)"
)
"""Those of functions of which that is so even where code that is called hot comes to them."""
_CLASS_ASIDE = re.compile(r"Data(set|Module|Loader)|Collator|Sampler|Tokenizer|Transform|Processor|Checkpoint|Test")
_COPIED = re.compile(r"cpu|host|\bto\(|torch\.")
_DEPTH = 16


def _mentions(annotation: ast.expr, names: frozenset[str]) -> bool:
    """Whether an annotation, perhaps in quotes, or another expression has one of these names."""
    while isinstance(annotation, ast.Attribute):
        annotation = annotation.value
    if isinstance(annotation, ast.Name):
        return annotation.id in names
    for part in ast.walk(annotation):
        match part:
            case ast.Name(id=name) if name in names:
                return True
            case ast.Constant(value=str(text)) if any(name in text for name in names):
                return True
            case _:
                continue
    return False


def only_asks(test: ast.expr) -> bool:
    """Whether a condition asks only what something is, which is the same at every turn of a loop."""
    match test:
        case ast.Call(func=ast.Name(id="isinstance" | "hasattr" | "callable")):
            return True
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return only_asks(operand)
        case ast.Compare(ops=[ast.Is() | ast.IsNot()]):
            return True
        case ast.BoolOp(values=values):
            return all(map(only_asks, values))
        case _:
            return False


def _is_made(assignment: AttributeAssignment, names: frozenset[str]) -> bool:
    """Whether an attribute of ``self`` is assigned, or annotated with, something of torch."""
    match assignment.target.value, assignment.binding:
        case ast.Name(id="self"), ast.AnnAssign(annotation=annotation):
            return _mentions(annotation, names)
        case ast.Name(id="self"), ast.expr() as value:
            return _mentions(value, names)
        case _:
            return False


def _first_attribute(chain: ast.expr) -> str:
    """The ``a`` of ``self.a.b``; nothing for ``self``."""
    name = ""
    while isinstance(chain, ast.Attribute):
        name, chain = chain.attr, chain.value
    return name


def _source(expr: ast.expr) -> ast.Name | None:
    """The name that something is taken from, or computed of: ``x`` of ``x[0].sum() > 3``."""
    while not isinstance(expr, ast.Name):
        match expr:
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
                expr = inner
            case ast.Attribute(value=inner) | ast.Compare(left=inner) | ast.BinOp(left=inner):
                expr = inner
            case _:
                return None
    return expr


def _reads(binding: Binding) -> bool:
    return isinstance(binding, ast.expr) and _READ.search(ast.unparse(binding)) is not None


class Waits:
    """Answers for the expressions of one walked file."""

    def __init__(self, walked: Walked, names: Names, flow: Flow, parents: Parents, *, everywhere: bool = False) -> None:
        self._walked = walked
        self._names = names
        self._flow = flow
        self._parents = parents
        self._everywhere = everywhere
        """Whether functions that mention nothing of torch are looked into, too."""
        self._open: set[tuple[Scope, str]] = set()
        """Names that are being looked at; met again, they are what else they are bound to."""
        self._blocked: set[tuple[Scope, str]] = set()
        """Names of which is asked what they are bound to last, in case that says it without what they were before."""
        self._aside: dict[tuple[Scope, bool], bool] = {}
        self._about_tensors: dict[Scope, bool] = {}

    @cached_property
    def _loops(self) -> Loops:
        return Loops(self._walked)

    def may_be_in(self, scope: Scope) -> bool:
        """Whether a scope is of interest at all: it works on tensors, and is there to be fast."""
        return not self._is_aside(scope) and (scope.function is None or self._is_about_tensors(scope.function))

    def is_aside(self, node: ast.AST, scope: Scope, *, hot: bool = False) -> bool:
        """Whether the code around is not there to be fast: it sets up, saves, shows, tests, reads data, or fails.

        Of code that is ``hot``, by what the user says, fewer names tell that.
        """
        if self._is_aside(scope, hot=hot):
            return True
        current: ast.AST | None = node
        while current is not None and not isinstance(current, (*DEFS, ast.ClassDef)):
            if isinstance(current, (ast.Raise, ast.Assert, ast.ExceptHandler)):
                return True
            current = self._parents.get(current)
        return False

    def _is_aside(self, scope: Scope, *, hot: bool = False) -> bool:
        """Whether a function or class around, by its name, is not there to be fast."""
        if (known := self._aside.get((scope, hot))) is not None:
            return known
        match scope.node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found = (_ASIDE_WHEREVER if hot else _ASIDE).search(name) is not None
            case ast.ClassDef(name=name, bases=bases):
                found = any(_CLASS_ASIDE.search(each) for each in (name, *map(ast.unparse, bases)))
            case _:
                found = False
        found = found or (scope.parent is not None and self._is_aside(scope.parent, hot=hot))
        self._aside[scope, hot] = found
        return found

    def at(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether evaluating ``expr``, apart from its parts, makes the host wait."""
        match expr:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name not in _CANDIDATES:
                return False
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if name in _READS and not expr.args:
                return self._is_away(receiver, scope)
            case ast.Call(func=ast.Attribute(value=receiver)) if self._copies(expr):
                return self._is_away(receiver, scope)
            case ast.Call():
                return self._reads_arguments(expr, scope) or self._counts(expr, scope)
            case ast.FormattedValue(value=value):
                return self._is_away(value, scope)
            case ast.Subscript(value=base, slice=index, ctx=ast.Load()):
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                is_masked = any(self._is_mask(part, scope) for part in parts)
                return is_masked and not self._is_on_host(base, scope, _DEPTH)
            case _:
                return False

    def _reads_arguments(self, call: ast.Call, scope: Scope) -> bool:
        """Whether a call needs the values of what it is given, or of all that is queued."""
        paths = self._names.of(call.func)
        if not _BARRIERS.isdisjoint(paths) or self._is_of_queue(call, scope):
            return True
        if not paths:
            is_format = isinstance(call.func, ast.Attribute) and call.func.attr == "format"
            is_format = is_format and isinstance(call.func.value, ast.Constant)  # type: ignore[attr-defined]
            given = [*call.args, *(keyword.value for keyword in call.keywords)] if is_format else []
            return any(self._is_away(each, scope) for each in given)
        if not _ASKS_EACH.isdisjoint(paths):
            return self._asks_each(call, scope)
        if not (_PRINTS | _AGREE).isdisjoint(paths):
            return any(self._is_away(each, scope) for each in call.args)
        return len(call.args) == 1 and not _NUMBERS.isdisjoint(paths) and self._is_away(call.args[0], scope)

    def _asks_each(self, call: ast.Call, scope: Scope) -> bool:
        """Whether ``max(a, b)``, ``any(masks)`` and the like ask tensors for a truth value."""
        match call:
            case ast.Call(args=[ast.Starred() | ast.GeneratorExp() | ast.ListComp()]) | ast.Call(args=[]):
                return False
            case ast.Call(args=[given], keywords=[]):
                if scope.function is None or not self._is_about_tensors(scope.function):
                    return False
                value = self._flow.value(given, scope) if self._flow.may_be_tensor(given, scope) else UNKNOWN
                tensor = element_of(value).surely_tensor
                is_plain = tensor is None or tensor.static or tensor.drawn
                return not is_plain and not self._is_on_host(given, scope, _DEPTH)
            case ast.Call(args=[_, _, *_]):
                return all(self._is_away(each, scope) for each in call.args)
            case _:
                return False

    def _counts(self, call: ast.Call, scope: Scope) -> bool:
        """Whether the size of a call's result depends on a tensor's values, as torch's documentation says of it."""
        paths = self._names.of(call.func)
        match call:
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if not paths and name in _METHODS:
                return self._is_away(receiver, scope)
            case ast.Call(args=[first, *rest], keywords=keywords) if not _COUNTS.isdisjoint(paths):
                is_where = "torch.where" in paths
                return not (is_where and (rest or keywords)) and self._is_away(first, scope)
            case ast.Call(func=ast.Attribute(value=receiver, attr="repeat_interleave"), keywords=keywords):
                named = {keyword.arg: keyword.value for keyword in keywords}
                given = call.args if not paths else call.args[1:] or call.args
                repeats = named.get("repeats", given[0] if given else None)
                return "output_size" not in named and repeats is not None and self._is_away(repeats, scope)
            case _:
                return False

    def _is_mask(self, index: ast.expr, scope: Scope) -> bool:
        """Whether an index is a boolean tensor, so that torch counts where it holds (``aten::nonzero``)."""
        if isinstance(index, (ast.Constant, ast.Slice, ast.Starred)) or scope.function is None:
            return False
        if not self._is_about_tensors(scope.function) or not self._flow.may_be_tensor(index, scope):
            return False
        tensor = self._flow.value(index, scope).surely_tensor
        return tensor is not None and tensor.dtype is Dtype.BOOL and tensor.rank != 0 and self._is_away(index, scope)

    def for_truth(self, condition: ast.expr, scope: Scope) -> bool:
        """Whether asking for the truth of ``condition``, apart from its parts, makes the host wait."""
        match condition:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.for_truth(operand, scope)
            case ast.BoolOp(values=values):
                first = next((value for value in values if not only_asks(value)), values[-1])
                return self.for_truth(first, scope)
            case ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.In() | ast.NotIn(), *_]) | ast.Constant():
                return False
            case ast.Attribute(value=ast.Name(id="self")) | ast.Compare(comparators=[ast.Constant(value=str() | None)]):
                return False
            case _:
                return self._is_away(condition, scope)

    def _is_of_queue(self, call: ast.Call, scope: Scope) -> bool:
        """Whether a call waits for a stream or an event that this file makes."""
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Call(func=maker), attr="synchronize"), args=[], keywords=[]):
                return not _QUEUES.isdisjoint(self._names.of(maker))
            case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="synchronize"), args=[], keywords=[]):
                found = self._walked.name_scope.get(name, scope).lookup(name.id)
                return found is not None and all(
                    isinstance(each, ast.Call) and not _QUEUES.isdisjoint(self._names.of(each.func))
                    for each in found[1]
                )
            case _:
                return False

    def _copies(self, call: ast.Call) -> bool:
        """Whether a call of a method copies what it is called on to the host, and waits for that."""
        if any(keyword.arg in (None, "non_blocking", "copy") for keyword in call.keywords):
            return False
        match call:
            case ast.Call(func=ast.Attribute(attr="cpu"), args=[]):
                return True
            case ast.Call(func=ast.Attribute(attr="to"), args=[first], keywords=[]):
                return self._is_cpu(first)
            case ast.Call(func=ast.Attribute(attr="to"), args=[], keywords=[ast.keyword(arg="device", value=value)]):
                return self._is_cpu(value)
            case ast.Call(func=ast.Attribute(attr="numpy"), keywords=[ast.keyword("force", ast.Constant(value=True))]):
                return True
            case _:
                return False

    def _keeps_device(self, call: ast.Call) -> bool:
        """Whether ``.to(...)`` only changes the dtype."""
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        return all(any(is_dtype(path) for path in self._names.of(each)) for each in given)

    def _is_cpu(self, device: ast.expr) -> bool:
        match device:
            case ast.Constant(value="cpu"):
                return True
            case ast.Call(func=func, args=[ast.Constant(value="cpu")]):
                return "torch.device" in self._names.of(func)
            case _:
                return False

    def _may_be_cpu(self, device: ast.expr) -> bool:
        """Whether a device is the CPU, or is it in some of the cases that the file tells apart."""
        match device:
            case ast.Name() if (value := self._names.only_value(device)) is not None:
                return self._may_be_cpu(value)
            case ast.IfExp(body=body, orelse=orelse) if not self._asks_for_cuda(device.test):
                return self._is_cpu(body) or self._is_cpu(orelse)
            case _:
                return self._is_cpu(device)

    @staticmethod
    def _asks_for_cuda(test: ast.expr) -> bool:
        """Whether a condition asks what the machine has, and so takes the CPU only where it has nothing else."""
        return any(isinstance(part, ast.Attribute) and part.attr == "is_available" for part in ast.walk(test))

    def _is_away(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether ``expr`` surely is a tensor, and may well be on a device."""
        if not self._is_tensor(expr, scope) or self._is_on_host(expr, scope, _DEPTH):
            return False
        match expr:
            case ast.Compare(left=left, comparators=[right]) | ast.BinOp(left=left, right=right):
                return self._is_away(left, scope) or self._is_away(right, scope)
            case _:
                return scope.function not in self._of_host

    def _is_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        if scope.function is None or not self._is_about_tensors(scope.function):
            return False
        value = self._flow.value(expr, scope) if self._flow.may_be_tensor(expr, scope) else UNKNOWN
        tensor = value.surely_tensor
        if tensor is not None:
            return not (tensor.static or tensor.drawn) and not self._may_be_array(expr, scope)
        return value in (UNKNOWN, BOTTOM) and self._is_shown_to_be_tensor(expr, scope)

    def _is_shown_to_be_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether what the function does with a name shows what is computed of it to be a tensor."""
        match expr:
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if method_returns_tensor(name):
                is_method = not self._names.of(expr.func)
                return is_method and (proven(expr) is not None or self._is_tensor(receiver, scope))
            case ast.Call(func=func):
                if (argument := passed_on(expr)) is not None:
                    return self._is_tensor(argument, scope)
                return not _NORMS.isdisjoint(self._names.of(func)) or self._is_shown_by_chain(expr)
            case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE() | ast.Lt() | ast.LtE()], comparators=[right]):
                return self._is_tensor(left, scope) or self._is_tensor(right, scope)
            case ast.Name(id=name):
                found = (scope.function, name) in self._computing or self._is_norm(expr, scope)
                return found or self._is_shown_by_chain(expr)
            case ast.Attribute() | ast.Subscript():
                return self._is_shown_by_chain(expr)
            case _:
                return False

    def _is_shown_by_chain(self, expr: ast.expr) -> bool:
        """Whether what is done with an expression where it stands shows it to be a tensor, as ``x.cpu().numpy()``."""
        call: ast.AST | None = expr
        for _ in range(2):
            attribute = self._parents.get(call) if call is not None else None
            call = self._parents.get(attribute) if isinstance(attribute, ast.Attribute) else None
            if isinstance(call, ast.Call) and proven(call) is expr:
                return True
        return False

    def _may_be_array(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether something is taken for a tensor only since a parameter is used as an array of numpy may be, too.

        Asked only where the file imports numpy.
        """
        name = _source(expr) if self._names.bound_names(frozenset({"numpy"})) else None
        found = None if name is None else self._walked.name_scope.get(name, scope).lookup(name.id)
        match found:
            case (Scope() as home, [ast.arg(annotation=None, arg=given)]) if given not in ("self", "cls"):
                return (home, given) not in self._given_tensors
            case _:
                return False

    @cached_property
    def _given_tensors(self) -> frozenset[tuple[Scope | None, str]]:
        """Parameters that have a method called on them that arrays do not have, or are given to torch."""
        found = set()
        for call, scope in self._walked.calls:
            match call.func:
                case ast.Attribute(value=value, attr=method) if method in ONLY_OF_TENSORS - _OF_ARRAYS:
                    if (name := _source(value)) is not None:
                        found.add((scope.function, name.id))
                case _:
                    pass
            given = [each.id for each in call.args[:1] if isinstance(each, ast.Name)]
            if given and any(path.startswith("torch.") for path in self._names.of(call.func)):
                found.add((scope.function, given[0]))
        return frozenset(found)

    def _is_norm(self, name: ast.Name, scope: Scope) -> bool:
        """Whether a name is bound to nothing but norms of gradients."""
        found = self._walked.name_scope.get(name, scope).lookup(name.id)
        return found is not None and all(
            isinstance(each, ast.Call) and not _NORMS.isdisjoint(self._names.of(each.func)) for each in found[1]
        )

    def _is_about_tensors(self, function: Scope) -> bool:
        """Whether a function mentions torch, or holds a tensor by what it does with it; others are not looked into."""
        if (known := self._about_tensors.get(function)) is None:
            known = (
                self._everywhere
                or function in self._using_torch
                or self._takes_tensors(function)
                or function in self._computing_in
                or function in self._using_attributes
                or function in self._proving_in
            )
            self._about_tensors[function] = known
        return known

    @cached_property
    def _using_torch(self) -> frozenset[Scope | None]:
        """Functions that name torch, or something of it."""
        bound = self._names.bound_names(frozenset({"torch"}))
        chains = (chain for name in bound for chain in self._walked.chains.get(name, ()))
        return frozenset(self._walked.name_scope[base_name(chain)].function for chain in chains)

    @cached_property
    def _using_attributes(self) -> frozenset[Scope | None]:
        """Methods that use attributes which another method makes of something of torch, or says to be that."""
        bound = self._names.bound_names(frozenset({"torch"}))
        made = {each.target.attr for each in self._walked.attributes if _is_made(each, bound)}
        chains = self._walked.chains.get("self", ()) if made else ()
        return frozenset(
            self._walked.name_scope[base_name(chain)].function for chain in chains if _first_attribute(chain) in made
        )

    def _takes_tensors(self, function: Scope) -> bool:
        """Whether the annotation of a parameter mentions something of torch."""
        if not isinstance(function.node, DEFS):
            return False
        arguments = function.node.args
        bound = self._names.bound_names(frozenset({"torch"}))
        given = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg)
        annotations = (each.annotation for each in given if each is not None and each.annotation is not None)
        return any(_mentions(each, bound) for each in annotations)

    @cached_property
    def _computing(self) -> frozenset[tuple[Scope | None, str]]:
        """Names that ``name.backward()`` or ``name.detach()`` shows to be tensors, with their functions.

        Not names that the function also binds to what it reads from one, as in ``loss = loss.item()``.
        """
        return frozenset(
            (function, name)
            for function, name in self._receivers(_COMPUTES)
            if function is None or not any(map(_reads, function.bindings.get(name, ())))
        )

    @cached_property
    def _proving_in(self) -> frozenset[Scope | None]:
        """Functions that do something which only tensors can."""
        calls = ((call, scope) for call, scope in self._walked.calls_of(PROVING) if proven(call) is not None)
        return frozenset(scope.function for call, scope in calls if not self._names.of(call.func))

    @cached_property
    def _computing_in(self) -> frozenset[Scope | None]:
        """Functions with such names."""
        return frozenset(function for function, _ in self._computing)

    @cached_property
    def _converted(self) -> frozenset[tuple[Scope | None, str]]:
        """Names that ``name.numpy()`` shows to lie on the host, since it raises for any other tensor, likewise."""
        plain = (call for call, _ in self._walked.calls_of(_CONVERTS) if not call.args and not call.keywords)
        items = (call.func.value for call in plain if isinstance(call.func, ast.Attribute))
        names = (item.value for item in items if isinstance(item, ast.Subscript) and isinstance(item.value, ast.Name))
        of_items = ((self._walked.name_scope[name].function, name.id) for name in names)
        return self._receivers(_CONVERTS) | frozenset(of_items)

    @cached_property
    def _of_host(self) -> frozenset[Scope]:
        """Functions that make arrays of tensors without copying them to the host, so that they work there."""
        found = set()
        for call, scope in self._walked.calls_of(("numpy",)):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Call() | ast.Attribute() as receiver), keywords=[]):
                    if scope.function is not None and not _COPIED.search(ast.unparse(receiver)):
                        found.add(scope.function)
                case _:
                    continue
        return frozenset(found)

    def _receivers(self, methods: frozenset[str]) -> frozenset[tuple[Scope | None, str]]:
        """Names that one of these methods is called on, as tensors take it, with the functions in which that is."""
        found = set()
        for call, scope in self._walked.calls_of(methods):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[], keywords=keywords):
                    if all(keyword.arg in _OF_BACKWARD for keyword in keywords):
                        found.add((scope.function, name))
                case _:
                    continue
        return frozenset(found)

    # ------------------------------------------------------------------ the host

    def _is_on_host(self, expr: ast.expr, scope: Scope, depth: int) -> bool:
        """Whether this file shows ``expr`` to be on the host, by how it is made."""
        if depth <= 0:
            return False
        match expr:
            case ast.Call():
                return self._is_made_on_host(expr, scope, depth - 1)
            case ast.Name():
                return self._is_bound_on_host(expr, scope, depth - 1)
            case ast.BinOp(left=left, right=right) | ast.Compare(left=left, comparators=[right]):
                return self._all_on_host((left, right), scope, depth - 1)
            case ast.BoolOp(values=values):
                return self._all_on_host(values, scope, depth - 1)
            case ast.IfExp(body=body, orelse=orelse):
                return self._all_on_host((body, orelse), scope, depth - 1)
            case ast.Subscript(value=inner) | ast.Attribute(value=inner) | ast.UnaryOp(operand=inner):
                return self._is_on_host(inner, scope, depth - 1)
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return self._all_on_host(items, scope, depth - 1)
            case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
                return self._is_on_host(inner, scope, depth - 1)
            case _:
                return False

    def _all_on_host(self, parts: Iterable[ast.expr], scope: Scope, depth: int) -> bool:
        """Whether some of several operands are on the host, and no other is a tensor or unknown."""
        found = False
        for part in parts:
            if self._is_on_host(part, scope, depth):
                found = True
            elif self._may_be_away(part, scope):
                return False
        return found

    def _may_be_away(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether an operand may be a tensor on a device."""
        tensor = self._flow.value(expr, scope).tensor if self._flow.may_be_tensor(expr, scope) else None
        return tensor is not None and not tensor.static

    def _is_no_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether what is assigned is surely no tensor, such as a number that tensors are added to."""
        value = UNKNOWN if scope.function is None else self._flow.value(expr, scope)
        holds_none = not any(isinstance(item, (Bottom, Unknown, Tensor, Sequence, Mapping)) for item in value.options)
        return isinstance(expr, ast.Constant) or holds_none

    def _is_made_on_host(self, call: ast.Call, scope: Scope, depth: int) -> bool:
        func = call.func
        match func:
            case ast.Attribute(attr="numpy"):
                return True
            case ast.Attribute(value=receiver, attr="to") if self._keeps_device(call):
                return self._is_on_host(receiver, scope, depth)
            case ast.Attribute(attr="cpu" | "to" | "cuda"):
                return self._copies(call)
            case _:
                pass
        for keyword in call.keywords:
            if keyword.arg in (None, "device"):
                return self._may_be_cpu(keyword.value)
            if keyword.arg == "return_tensors":
                return True  # so processors of text and images give what they make
        paths = self._names.of(func)
        if not _ON_HOST.isdisjoint(paths) or any(path.startswith("numpy.") for path in paths):
            return True
        operands = [*call.args, *(keyword.value for keyword in call.keywords)]
        if not _MADE.isdisjoint(paths):
            takes_data = not _TAKE_DATA.isdisjoint(paths)
            is_copy = takes_data and any(self._may_be_away(each, scope) for each in operands)
            return not is_copy and not self._has_default_device
        if any(path.startswith("torch.distributions.") for path in paths):
            away = (each for each in operands if self._may_be_away(each, scope))
            return all(self._is_on_host(each, scope, depth) for each in away)
        if isinstance(func, ast.Attribute) and not paths:
            value = self._flow.value(func.value, scope)
            if value.tensor is None and not isinstance(value, Made):
                return False
            operands.append(func.value)
        elif not all(path.startswith(("torch.", "builtins.")) for path in paths):
            return False
        return self._all_on_host(operands, scope, depth)

    @cached_property
    def _has_default_device(self) -> bool:
        """Whether the file makes tensors be made elsewhere."""
        calls = self._walked.calls_of(("set_default_device",))
        return any(isinstance(call.func, ast.Attribute) for call, _ in calls)

    def _is_bound_on_host(self, name: ast.Name, scope: Scope, depth: int) -> bool:
        """Whether what a name is bound to is on the host; a name that depends on itself is what else it is bound to."""
        if scope.function is not None and (scope.function, name.id) in self._converted:
            return True
        home = self._walked.name_scope.get(name, scope)
        found = home.lookup(name.id)
        if found is None:
            return False
        key = found[0], name.id
        if key in self._blocked:
            return False
        if key in self._open:
            return True
        self._open.add(key)
        last = self._last_binding(name, found[1])
        if last is not None and _mentions(last, frozenset({name.id})):
            self._blocked.add(key)
            is_made_there = self._holds_host(name.id, last, home, depth)
            self._blocked.discard(key)
            last = last if is_made_there else None
        bindings = found[1] if last is None else [last]
        holds = bool(bindings) and all(self._holds_host(name.id, each, home, depth) for each in bindings)
        self._open.discard(key)
        return holds

    def _last_binding(self, name: ast.Name, bindings: Iterable[Binding]) -> ast.expr | None:
        """The assignment that ``name`` surely holds the value of: it stands before it, in a block around it."""
        before = [each for each in bindings if isinstance(each, ast.expr) and not isinstance(each, ast.Name)]
        before = [each for each in before if (each.end_lineno or each.lineno) < name.lineno]
        last = max(before, key=lambda each: each.lineno, default=None)
        if last is None or len(before) == len(list(bindings)):
            return None
        statement = self._parents.get(last)
        block = None if statement is None else self._parents.get(statement)
        current: ast.AST | None = name
        while current is not None and current is not block:
            current = self._parents.get(current)
        is_around = isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(block, (ast.For, ast.With))
        return last if is_around and current is not None else None

    def _holds_host(self, name: str, binding: Binding, scope: Scope, depth: int) -> bool:
        match binding:
            case ast.For(iter=iterable) | ast.comprehension(iter=iterable):
                return self._is_on_host(iterable, scope, depth)
            case ast.arg():
                return self._is_given_host(binding, scope, depth)
            case ast.AugAssign(value=value):
                return not self._may_be_away(value, scope) or self._is_on_host(value, scope, depth)
            case ast.AnnAssign(value=ast.expr() as value):
                return self._is_on_host(value, scope, depth)
            case ast.Name(ctx=ast.Store()):
                found = self._loops.iterated(binding)
                return found is not None and self._is_on_host(found[0], found[1], depth)
            case ast.Dict(keys=[]) | ast.List(elts=[]) | ast.Call(func=ast.Name(id="dict" | "list"), args=[]):
                return self._gathers_host(name, scope, depth)
            case ast.expr():
                return self._is_on_host(binding, scope, depth) or self._is_no_tensor(binding, scope)
            case _:
                return False

    def _gathers_host(self, name: str, home: Scope, depth: int) -> bool:
        """Whether all that is added to an empty list or dict is on the host."""
        added = self._growths.get((home, name), [])
        outside, self._open = self._open, {(home, name)}
        holds = bool(added) and all(self._is_on_host(each, scope, depth - 2) for each, scope, _ in added)
        self._open = outside
        return holds

    @cached_property
    def _growths(self) -> dict[tuple[Scope, str], list[tuple[ast.expr, Scope, bool]]]:
        """What is added to lists and dicts that have a name."""
        return growths(self._walked, notable_calls(self._walked))

    def _is_given_host(self, parameter: ast.arg, scope: Scope, depth: int) -> bool:
        """Whether the function is called in this file, each time with something on the host for a parameter."""
        function = None if scope.function is None else scope.function.node
        if not isinstance(function, DEFS):
            return False
        positions = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
        place = positions.index(parameter.arg) if parameter.arg in positions else -1
        calls = self._walked.calls_of((function.name,))
        given = [(self._argument(call, place, parameter.arg, positions), caller) for call, caller in calls]
        return bool(given) and all(
            value is not None and self._is_on_host(value, caller, depth) for value, caller in given
        )

    @staticmethod
    def _argument(call: ast.Call, place: int, name: str, positions: list[str]) -> ast.expr | None:
        for keyword in call.keywords:
            if keyword.arg == name:
                return keyword.value
        if positions[:1] in (["self"], ["cls"]) and isinstance(call.func, ast.Attribute):
            place -= 1
        return call.args[place] if 0 <= place < len(call.args) else None
