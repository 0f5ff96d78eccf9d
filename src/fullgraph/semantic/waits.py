"""Where the host waits for a device: reads of tensors that nothing shows to lie on the host anyway."""

from __future__ import annotations

import ast
import re

from fullgraph.semantic.flow.flow import Flow
from fullgraph.semantic.flow.value import UNKNOWN, Dtype, element_of
from fullgraph.semantic.host_tensors import HostTensors
from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS, Scope
from fullgraph.semantic.shown_tensors import ShownTensors
from fullgraph.semantic.walk import Walked

_READS = frozenset({"item", "tolist"})
_NUMBERS = frozenset(
    {"builtins.bool", "builtins.float", "builtins.int", "builtins.range", "math.isfinite", "math.isinf", "math.isnan"}
)
_PRINTS = frozenset({"builtins.print", "builtins.repr", "builtins.str"})
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
_ASIDE = re.compile(
    r"^__|^test_|^(main|setup)$|(^|_)(init|save|load|export|convert|checkpoint|state_dict|plot|draw|show|visuali[sz]e|"
    r"summary|debug|dump|collate|tokenize|preprocess|prepare|process|parse|read|write|download|bench|benchmark|profile|warmup|reset|"
    r"extra|repr|string|from|cpu)(_|$|d$|s$)"
)
"""Names of functions that set up, save, show, measure or read data."""
_ASIDE_WHEREVER = re.compile(
    r"^__(init|post_init|new|repr|str|del|getstate|setstate|reduce|enter|exit)|^test_|^(main|setup)$|(^|_)(init|save|load|"
    r"export|convert|checkpoint|state_dict|plot|draw|show|visuali[sz]e|debug|dump|collate|tokenize|parse|read|write|"
    r"download|bench|benchmark|profile|repr|string|from|cpu)(_|$|d$|s$)"
)
"""Those of functions of which that is so even where code that is called hot comes to them."""
_KERNELS = frozenset({"cutlass", "numba", "taichi", "triton", "warp"})
"""Packages whose decorators make kernels: what stands in such a function does not run on the host."""
_CLASS_ASIDE = re.compile(r"Data(set|Module|Loader)|Collator|Sampler|Tokenizer|Transform|Processor|Checkpoint|Test")


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


class Waits:
    """Answers for the expressions of one walked file."""

    def __init__(self, walked: Walked, names: Names, flow: Flow, parents: Parents, *, everywhere: bool = False) -> None:
        self._walked = walked
        self._names = names
        self._flow = flow
        self._parents = parents
        self._shown = ShownTensors(walked, names, flow, parents, everywhere=everywhere)
        self._host = HostTensors(walked, names, flow, parents)
        self._aside: dict[tuple[Scope, bool], bool] = {}

    def release(self) -> None:
        """Break the circles in what was found out, when nobody asks any more."""
        for part in (self._shown, self._host, self):
            vars(part).clear()

    def may_be_in(self, scope: Scope) -> bool:
        """Whether a scope is of interest at all: it works on tensors, and is there to be fast."""
        return not self._is_aside(scope) and (scope.function is None or self._shown.is_about(scope.function))

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
                is_aside = (_ASIDE_WHEREVER if hot else _ASIDE).search(name) is not None
                found = is_aside or any(map(self._makes_kernel, scope.node.decorator_list))
            case ast.ClassDef(name=name, bases=bases):
                found = any(_CLASS_ASIDE.search(each) for each in (name, *map(ast.unparse, bases)))
            case _:
                found = False
        found = found or (scope.parent is not None and self._is_aside(scope.parent, hot=hot))
        self._aside[scope, hot] = found
        return found

    def _makes_kernel(self, decorator: ast.expr) -> bool:
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        return any(path.partition(".")[0] in _KERNELS for path in self._names.of(named))

    def at(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether evaluating ``expr``, apart from its parts, makes the host wait."""
        match expr:
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name not in _CANDIDATES:
                return False
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if name in _READS and not expr.args:
                return self._is_away(receiver, scope)
            case ast.Call(func=ast.Attribute(value=receiver)) if self._host.copies(expr):
                return self._is_away(receiver, scope)
            case ast.Call():
                return self._reads_arguments(expr, scope) or self._counts(expr, scope)
            case ast.FormattedValue(value=value):
                return self._is_away(value, scope)
            case ast.Subscript(value=base, slice=index, ctx=ast.Load()):
                parts = index.elts if isinstance(index, ast.Tuple) else [index]
                is_masked = any(self._is_mask(part, scope) for part in parts)
                return is_masked and not self._host.holds(base, scope)
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
                if scope.function is None or not self._shown.is_about(scope.function):
                    return False
                value = self._flow.value(given, scope) if self._flow.may_be_tensor(given, scope) else UNKNOWN
                tensor = element_of(value).surely_tensor
                is_plain = tensor is None or tensor.static or tensor.drawn
                return not is_plain and not self._host.holds(given, scope)
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
        if not self._shown.is_about(scope.function) or not self._flow.may_be_tensor(index, scope):
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

    def _is_away(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether ``expr`` surely is a tensor, and may well be on a device."""
        if not self._shown.holds(expr, scope) or self._host.holds(expr, scope):
            return False
        match expr:
            case ast.Compare(left=left, comparators=[right]) | ast.BinOp(left=left, right=right):
                return self._is_away(left, scope) or self._is_away(right, scope)
            case _:
                return scope.function not in self._host.functions
