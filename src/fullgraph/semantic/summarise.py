"""One walked file in, its summary out. Nothing outside the file is looked at."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from types import NoneType
from typing import Any

from fullgraph.semantic.barriers import Barriers
from fullgraph.semantic.scopes import DEFS, Binding, DefNode, Scope
from fullgraph.semantic.summary import (
    NO_OWNER,
    UNKNOWN,
    CallSite,
    ClassSummary,
    Decorator,
    FileSummary,
    FunctionSummary,
    Ref,
)
from fullgraph.semantic.walk import Walked
from fullgraph.torchfacts import method_returns_tensor

SUMMARY_NODES: tuple[type[ast.AST], ...] = (
    ast.If,
    ast.IfExp,
    ast.BoolOp,
    ast.While,
    ast.For,
    ast.AsyncFor,
    ast.comprehension,
    ast.Return,
    ast.With,
)
"""Node types that the walk must keep for a summary."""

_DEPTH = 12
"""How deep an expression is followed; what is nested deeper is unknown."""
_STANCES = ("default", "eager_on_recompile", "fail_on_recompile", "force_eager")
_WIDTH = 64
"""How many elements of a display are kept."""
_IRRELEVANT = frozenset({"numpy", "np", "math", "os", "sys", "re", "logging", "warnings", "json", "time", "typing"})
"""Packages whose functions neither compile nor call what they are given."""
_RELEVANT_TORCH = (
    "torch.compile",
    "torch.compiler.",
    "torch._dynamo.",
    "torch._disable_dynamo",
    "torch.cond",
    "torch.export.",
    "torch.func.",
    "torch.library.",
    "torch.nn.attention.flex_attention",
    "torch.nn.Module",
    "torch.nn.Sequential",
    "torch.nn.modules.container.",
    "torch.utils.checkpoint.",
    "torch.vmap",
    "torch.while_loop",
)
"""Functions and classes of torch that compile, keep from compiling, call what they are given or hold modules."""
_RELEVANT_BUILTINS = frozenset({"getattr", "map", "filter", "setattr"})
_PASSES_ON = frozenset(
    {"OrderedDict", "enumerate", "list", "tuple", "reversed", "iter", "sorted", "set", "next", "deepcopy", "copy"}
)
"""Functions whose result has the elements, or is a copy, of their first argument."""
_VIEWS = frozenset({"values", "children", "modules", "copy"})
_PAIR_VIEWS = frozenset({"items", "named_children", "named_modules"})
_HOOKS = frozenset({"register_forward_hook", "register_forward_pre_hook"})
_OF_MODULES = frozenset(
    {"__call__", "compile", "cpu", "cuda", "eval", "float", "forward", "half", "to", "train"}
)  # fmt: skip
"""Methods of modules that are of interest on a value of which nothing is known, or that return the module."""
_REGISTERS = frozenset({"register_buffer", "register_parameter", "register_module", "add_module"})
_PUTS = _HOOKS | _REGISTERS | {"append", "extend", "insert"}
_SEVERAL = frozenset(
    {
        ast.IfExp,
        ast.BoolOp,
        ast.List,
        ast.Tuple,
        ast.Set,
        ast.Dict,
        ast.ListComp,
        ast.SetComp,
        ast.GeneratorExp,
        ast.DictComp,
    }
)
_CONTAINERS = frozenset(
    {
        "List", "Sequence", "Iterable", "Iterator", "Tuple", "Set", "Collection", "list", "tuple", "set", "frozenset",
    }
)  # fmt: skip
_MAPPINGS = frozenset({"Dict", "Mapping", "MutableMapping", "dict", "OrderedDict", "defaultdict"})
_TENSORS = frozenset({"torch.Tensor", "torch.BoolTensor", "torch.FloatTensor", "torch.IntTensor", "torch.LongTensor"})
_A_TENSOR: Ref = ("=", "tensor")
"""What an annotation promises of a tensor: whatever callers pass for it, it is neither called nor compiled."""
_CLASS_METHODS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_WRAPPERS = frozenset({"Optional", "Union", "Annotated", "ClassVar", "Final", "Required", "NotRequired"})


def function_nodes(walked: Walked) -> list[ast.AST]:
    """Every ``def`` and ``lambda`` of a file; places in this list are the indices of its functions in the summary."""
    return [*walked.functions, *walked.lambdas]


def summarise(walked: Walked, barriers: Barriers) -> FileSummary:
    """What linking must know of the file; the walk must have kept `SUMMARY_NODES`."""
    return _Summariser(walked, barriers).run()


class _Summariser:
    """Translates one file's expressions into references."""

    def __init__(self, walked: Walked, barriers: Barriers) -> None:
        self.walked = walked
        self.barriers = barriers
        self.functions = {node: index for index, node in enumerate(function_nodes(walked))}
        self.classes = {node: index for index, node in enumerate(walked.classes)}
        self.keys: dict[tuple[Scope, str], int] = {}
        self.names: list[tuple[Ref, ...]] = []
        self.open_keys: set[int] = set()
        self.named: dict[tuple[Scope, str], Ref] = {}
        self.promises: dict[Ref, Ref] = {}
        self.loops = dict(self.loop_targets())
        self.notable = self.notable_calls()
        self.rows = dict(self.loop_rows())
        self.class_scopes = {info.scope for info in walked.functions.values() if _is_class_method(info.node)}
        self.grown = self.growths()
        self.selves = dict(self.self_scopes())
        self.attributes: list[dict[str, list[Ref]]] = [{} for _ in walked.classes]
        self.hooks: list[list[Ref]] = [[] for _ in walked.classes]
        self.modules: set[int] = set()
        self.loads: dict[Scope, set[str]] = {}
        self.comprehensions: dict[ast.AST, Scope] = dict(walked.buckets[ast.comprehension])

    def run(self) -> FileSummary:
        """Summarise the file."""
        self.collect_parameters()
        calls = self.calls_by_function()
        returns = self.returns_by_function()
        self.collect_attributes()
        functions = [self.function(node, calls, returns) for node in self.functions]
        classes = [self.class_(node) for node in self.classes]
        exports = {name: self.key(self.walked.root, name) for name in self.walked.root.bindings}
        outside = tuple(self.sites(calls.get(None, ()), skipped=False))
        return FileSummary(
            tuple(functions), tuple(classes), tuple(self.names), exports, tuple(self.walked.root.stars), outside
        )

    # What stands where

    def home_function(self, scope: Scope | None) -> ast.AST | None:
        """The innermost ``def`` or ``lambda`` that a scope lies in."""
        while scope is not None:
            if scope.node in self.functions:
                return scope.node
            scope = scope.parent if not scope.is_class else None
        return None

    def calls_by_function(self) -> dict[ast.AST | None, list[tuple[ast.Call, Scope]]]:
        """Every call with its scope, by the function it stands in."""
        found: dict[ast.AST | None, list[tuple[ast.Call, Scope]]] = {}
        homes: dict[Scope, ast.AST | None] = {}
        for call, scope in self.walked.calls:
            if scope not in homes:
                homes[scope] = self.home_function(scope)
            found.setdefault(homes[scope], []).append((call, scope))
        return found

    def returns_by_function(self) -> dict[ast.AST | None, list[Ref]]:
        """References of what functions return, without what is unknown."""
        found: dict[ast.AST | None, list[Ref]] = {}
        for node, scope in self.walked.buckets[ast.Return]:
            if isinstance(node, ast.Return) and node.value is not None and (ref := self.ref(node.value, scope)):
                found.setdefault(self.home_function(scope), []).append(ref)
        for node, scope in self.walked.lambdas.items():
            if isinstance(node, ast.Lambda) and (ref := self.ref(node.body, scope)):
                found.setdefault(node, []).append(ref)
        return found

    def self_scopes(self) -> Iterator[tuple[Scope, tuple[str, int]]]:
        """The scope of each method, with the name of its first parameter and its class; not of static methods."""
        for info in self.walked.functions.values():
            first = next(iter((*info.node.args.posonlyargs, *info.node.args.args)), None)
            if info.owner is not None and first is not None and not _has_decorator(info.node, "staticmethod"):
                yield info.scope, (first.arg, self.classes[info.owner])

    def loop_targets(self) -> Iterator[tuple[ast.Name, tuple[ast.expr, Scope, tuple[int, ...]]]]:
        """Names in a loop's tuple target, with what is looped over and their place in each element."""
        for kind in (ast.For, ast.AsyncFor, ast.comprehension):
            for node, scope in self.walked.buckets[kind]:
                target, iterable = getattr(node, "target", None), getattr(node, "iter", None)
                if isinstance(target, (ast.Tuple, ast.List)) and isinstance(iterable, ast.expr):
                    for name, path in _places(target):
                        yield name, (iterable, scope, path)

    def loop_rows(self) -> Iterator[tuple[ast.AST, tuple[int, int]]]:
        """First and last rows of the body of each loop, by what its target's names are bound to."""
        for kind in (ast.For, ast.AsyncFor):
            for node, _ in self.walked.buckets[kind]:
                if isinstance(node, (ast.For, ast.AsyncFor)):
                    rows = node.body[0].lineno, node.body[-1].end_lineno or 0
                    yield node, rows
                    for name, _ in _places(node.target):
                        yield name, rows

    def loop_around(self, name: ast.Name, bindings: Iterable[Binding]) -> Binding | None:
        """Of several bindings of a name, the innermost loop over it that the use stands in."""
        found: Binding | None = None
        for item in bindings:
            rows = self.rows.get(item) if isinstance(item, ast.AST) else None
            if rows is not None and rows[0] <= name.lineno <= rows[1]:
                found = item
        return found

    def notable_calls(self) -> list[tuple[ast.Call, Scope]]:
        """Calls of functions and methods that put something somewhere."""
        found: list[tuple[ast.Call, Scope]] = []
        for item in self.walked.calls:
            func: Any = item[0].func
            if func.__class__ is ast.Attribute:
                if func.attr in _PUTS:
                    found.append(item)
            elif func.__class__ is ast.Name and func.id == "setattr":
                found.append(item)
        return found

    def growths(self) -> dict[tuple[Scope | int, str], list[tuple[ast.expr, Scope, bool]]]:
        """What ``append``, ``extend`` and ``insert`` add, by the name and the scope that binds it."""
        found: dict[tuple[Scope | int, str], list[tuple[ast.expr, Scope, bool]]] = {}
        for call, scope in self.notable:
            match call:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id=name), attr="append" | "insert" | "extend" as method),
                    args=[*_, added],
                ):
                    home = scope.lookup(name)
                    if home is not None:
                        found.setdefault((home[0], name), []).append((added, scope, method == "extend"))
                case _:
                    continue
        for target, value, scope in self.walked.items:
            if isinstance(target.value, ast.Name) and (home := scope.lookup(target.value.id)) is not None:
                found.setdefault((home[0], target.value.id), []).append((value, scope, False))
        return found

    # Functions and classes

    def function(
        self,
        node: ast.AST,
        calls: dict[ast.AST | None, list[tuple[ast.Call, Scope]]],
        returns: dict[ast.AST | None, list[Ref]],
    ) -> FunctionSummary:
        """Summarise one ``def`` or ``lambda``."""
        info = self.walked.functions.get(node)
        owner = info.owner if info is not None else None
        scope = info.scope if info is not None else self.walked.lambdas[node]
        outer = scope.parent if scope.parent is not None else self.walked.root
        around = self.home_function(outer)
        name = "<lambda>" if info is None else info.node.name if owner is None else f"{owner.name}.{info.node.name}"
        mine = calls.get(node, [])
        index = self.functions[node]
        return FunctionSummary(
            name,
            getattr(node, "lineno", 1),
            NO_OWNER if owner is None else self.classes[owner],
            NO_OWNER if around is None else self.functions[around],
            () if info is None else tuple(self.decorators(info.node, outer)),
            tuple((arg.arg, self.promises[index, arg.arg]) for arg in _parameters(node)),
            tuple(self.sites(mine, skipped=False)),
            tuple(self.sites(mine, skipped=True)) if self.barriers.any_skipped else (),
            tuple(dict.fromkeys(returns.get(node, ()))),
            tuple(sorted(self.loads.get(scope, ()))),
        )

    def decorators(self, node: DefNode | ast.ClassDef, scope: Scope) -> Iterator[Decorator]:
        """The decorators of a definition."""
        for item in node.decorator_list:
            whole = self.ref(item, scope)
            yield Decorator(item.lineno, self.ref(item.func, scope) if isinstance(item, ast.Call) else whole, whole)

    def collect_parameters(self) -> None:
        """What the annotations of parameters promise."""
        for node, index in self.functions.items():
            info = self.walked.functions.get(node)
            scope = info.scope if info is not None else self.walked.lambdas[node]
            outer = scope.parent if scope.parent is not None else self.walked.root
            for arg in _parameters(node):
                promised = UNKNOWN if arg.annotation is None else self.annotation(arg.annotation, outer)
                self.promises[index, arg.arg] = promised
            for arg, default in _defaults(node):
                ref = self.ref(default, outer)
                if ref and ref[0] in ("c", "f", "i", "n") and not self.promises[index, arg.arg]:
                    self.promises[index, arg.arg] = ("d", ref)

    def class_(self, node: ast.AST) -> ClassSummary:
        """Summarise one class."""
        info = self.walked.classes[node]
        index = self.classes[node]
        methods: dict[str, int] = {}
        properties: set[str] = set()
        for name, bindings in info.scope.bindings.items():
            for binding in bindings:
                if isinstance(binding, DEFS) and not _is_secondary(binding):
                    methods[name] = self.functions[binding]
                    (properties.add if _is_property(binding) else properties.discard)(name)
                elif not isinstance(binding, DEFS):
                    self.add(self.attributes[index], name, self.binding(binding, info.scope, name))
        outer = info.scope.parent if info.scope.parent is not None else self.walked.root
        return ClassSummary(
            info.node.name,
            info.node.lineno,
            tuple(self.ref(_unsubscripted(base), outer) for base in info.node.bases),
            tuple(self.decorators(info.node, outer)),
            methods,
            frozenset(properties),
            {name: tuple(dict.fromkeys(refs)) for name, refs in self.attributes[index].items()},
            tuple(self.hooks[index]),
            index in self.modules,
        )

    def add(self, held: dict[str, list[Ref]], name: str, ref: Ref) -> None:
        """Note that an attribute may hold something, if it is known."""
        if ref:
            held.setdefault(name, []).append(ref)

    def collect_attributes(self) -> None:
        """What methods assign to, add to and read from attributes of ``self``."""
        for item in self.walked.attributes:
            owner = self.owner_of(item.target.value, item.scope)
            if owner is None:
                continue
            if item.value is not None:
                ref = self.ref(item.value, item.scope)
                self.add(self.attributes[owner], item.target.attr, ref)
                if isinstance(item.value, ast.Call) and _is_torch_nn(self.ref(item.value.func, item.scope)):
                    self.modules.add(owner)
            if isinstance(item.binding, ast.AnnAssign):
                promised = self.annotation(item.binding.annotation, item.scope)
                self.add(self.attributes[owner], item.target.attr, promised)
        for target, value, scope in self.walked.items:
            base = target.value
            owner = self.owner_of(base.value, scope) if isinstance(base, ast.Attribute) else None
            if isinstance(base, ast.Attribute) and owner is not None and (ref := self.ref(value, scope)):
                self.add(self.attributes[owner], base.attr, ("[", (ref,)))
        for call, scope in self.notable:
            self.collect_from_call(call, scope)
        for name in {name for name, _ in self.selves.values()}:
            for chain in self.walked.chains.get(name, ()):
                self.collect_load(name, chain)

    def collect_load(self, name: str, chain: ast.expr) -> None:
        """Note the attributes that a chain reads from ``self``."""
        attrs: list[str] = []
        while isinstance(chain, ast.Attribute):
            attrs.append(chain.attr)
            chain = chain.value
        if not attrs or not isinstance(chain, ast.Name):
            return
        scope = self.walked.name_scope[chain]
        found = scope.lookup(name)
        if found is not None and self.selves.get(found[0], ("",))[0] == name:
            self.loads.setdefault(found[0], set()).add(".".join(attrs[::-1]))

    def collect_from_call(self, call: ast.Call, scope: Scope) -> None:
        """Note what a call adds to an attribute of ``self``: ``self.layers.append(x)``, ``setattr(self, n, x)``."""
        match call:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(value=base, attr=attr), attr="append" | "insert" | "extend" as method
                ),
                args=[*_, added],
            ):
                owner = self.owner_of(base, scope)
                ref = self.ref(added, scope) if owner is not None else UNKNOWN
                if owner is not None and ref:
                    self.add(self.attributes[owner], attr, ref if method == "extend" else ("[", (ref,)))
            case ast.Call(func=ast.Name(id="setattr"), args=[base, name, value]):
                self.set_by_name(base, name, value, scope)
            case ast.Call(func=ast.Attribute(value=base, attr=attr), args=[name, value, *_]) if attr in _REGISTERS:
                self.set_by_name(base, name, value, scope, registers=True)
            case ast.Call(func=ast.Attribute(value=base, attr=attr), args=[hook, *_]) if attr in _HOOKS:
                while isinstance(base, ast.Attribute):
                    base = base.value
                owner = self.owner_of(base, scope)
                if owner is not None and (ref := self.ref(hook, scope)):
                    self.hooks[owner].append(ref)
            case _:
                return

    def set_by_name(
        self, base: ast.expr, name: ast.expr, value: ast.expr, scope: Scope, *, registers: bool = False
    ) -> None:
        """``setattr(self, name, value)`` and the like."""
        owner = self.owner_of(base, scope)
        if owner is None:
            return
        if registers:
            self.modules.add(owner)
        known = isinstance(name, ast.Constant) and isinstance(name.value, str)
        self.add(self.attributes[owner], str(name.value) if known else "*", self.ref(value, scope))  # type: ignore[attr-defined]

    def owner_of(self, expr: ast.expr, scope: Scope) -> int | None:
        """The class whose method's first parameter ``expr`` is."""
        if not isinstance(expr, ast.Name):
            return None
        found = scope.lookup(expr.id)
        if found is None or len(found[1]) != 1:
            return None
        name, owner = self.selves.get(found[0], ("", NO_OWNER))
        return owner if name == expr.id else None

    # Calls

    def sites(self, calls: Iterable[tuple[ast.Call, Scope]], *, skipped: bool) -> Iterator[CallSite]:
        """Those calls that may matter: whose callee may be of this project, or that are given functions or modules."""
        for call, scope in calls:
            if self.barriers.is_skipped_call(call) is not skipped:
                continue
            if skipped and self.barriers.is_forced_eager(call.lineno):
                continue
            callee = self.ref(call.func, scope)
            if not callee or _is_irrelevant(callee):
                continue
            arguments, keywords = self.arguments(call, scope)
            yield CallSite(call.lineno, callee, arguments, keywords)

    def arguments(
        self, call: ast.Call, scope: Scope, depth: int = _DEPTH
    ) -> tuple[tuple[Ref, ...], tuple[tuple[str, Ref], ...]]:
        """References of the arguments; unknown ones at the end are left out."""
        positional = [self.argument(item, scope, depth - 1) for item in call.args[:_WIDTH]]
        while positional and not positional[-1]:
            positional.pop()
        named = [
            (item.arg, ref)
            for item in call.keywords
            if item.arg is not None and (ref := self.argument(item.value, scope, depth - 1))
        ]
        return tuple(positional), tuple(named)

    def argument(self, value: ast.expr, scope: Scope, depth: int) -> Ref:
        """What an argument passes; of constants, only those that switch something about compiling."""
        if isinstance(value, ast.Constant) and not (isinstance(value.value, bool) or value.value in _STANCES):
            return UNKNOWN
        return self.ref(value, scope, depth)

    # References

    def key(self, home: Scope, name: str) -> int:
        """The place in `names` of what a scope binds a name to; it is translated when it is first asked for."""
        key = self.keys.get((home, name))
        if key is None:
            key = self.keys[home, name] = len(self.names)
            self.names.append(())
            self.open_keys.add(key)
            refs = [self.binding(binding, home, name) for binding in home.bindings[name]]
            for added, scope, extends in self.grown.get((home, name), ()):
                ref = self.ref(added, scope)
                refs.append(ref if extends or not ref else ("[", (ref,)))
            self.names[key] = tuple(dict.fromkeys(ref for ref in refs if ref))
            self.open_keys.discard(key)
        return key

    def binding(self, binding: Binding, home: Scope, name: str) -> Ref:
        """What one binding of a name stands for."""
        match binding:
            case str(path):
                return ("i", path)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return ("f", self.functions[binding])
            case ast.ClassDef():
                return ("c", self.classes[binding])
            case ast.arg():
                function = self.functions.get(home.node)
                is_entered = function is not None and self.promises.get((function, name)) != _A_TENSOR
                return ("p", function, name) if is_entered else UNKNOWN
            case ast.AnnAssign(annotation=annotation, value=value):
                promised = self.annotation(annotation, home)
                stored = self.ref(value, home) if value is not None else UNKNOWN
                return ("|", (promised, stored)) if promised and stored else promised or stored
            case ast.For(iter=iterable) | ast.AsyncFor(iter=iterable) | ast.comprehension(iter=iterable):
                return _element(self.ref(iterable, home))
            case ast.Name(ctx=ast.Store()):
                return self.loop_target(binding)
            case ast.expr():
                return self.ref(binding, home)
            case _:
                return UNKNOWN

    def loop_target(self, name: ast.Name) -> Ref:
        """What a name in a loop's tuple target is: an element of what ``enumerate`` or ``zip`` goes through."""
        found = self.loops.get(name)
        if found is None:
            return UNKNOWN
        iterable, scope, path = found
        for place in path:
            match iterable:
                case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]) if place == 1:
                    iterable = inner
                case ast.Call(func=ast.Name(id="zip"), args=parts) if place < len(parts):
                    iterable = parts[place]
                case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if place == 1 and attr in _PAIR_VIEWS:
                    iterable = inner
                case _:
                    return UNKNOWN
        return _element(self.ref(iterable, scope))

    def ref(self, expr: Any, scope: Scope, depth: int = _DEPTH) -> Ref:
        """What an expression stands for."""
        # by class, most frequent first: matching patterns here would be a third of the cost of a summary
        kind = expr.__class__
        if kind is ast.Name:
            return self.name(expr, scope)
        if kind is ast.Constant:
            return ("=", expr.value) if isinstance(expr.value, (bool, int, str, NoneType)) else UNKNOWN
        if depth <= 0:
            return UNKNOWN
        if kind is ast.Attribute:
            base = self.ref(expr.value, scope, depth - 1)
            return self.attribute(base, expr.attr) if base else UNKNOWN
        if kind is ast.Call:
            return self.call(expr, scope, depth)
        if kind is ast.Subscript:
            base = self.ref(expr.value, scope, depth - 1)
            return base if isinstance(expr.slice, ast.Slice) else _element(base)
        if kind in _SEVERAL:
            return self.several(expr, scope, depth)
        return self.passed_through(expr, scope, depth)

    def passed_through(self, expr: ast.expr, scope: Scope, depth: int) -> Ref:
        """What stands for the value of a part of it."""
        match expr:
            case ast.Lambda():
                return ("f", self.functions[expr])
            case ast.Await(value=value) | ast.NamedExpr(value=value):
                return self.ref(value, scope, depth - 1)
            case ast.Starred(value=value):
                return _element(self.ref(value, scope, depth - 1))
            case _:
                return UNKNOWN

    def several(self, expr: ast.expr, scope: Scope, depth: int) -> Ref:
        """What stands for one of several values, or holds several."""
        match expr:
            case ast.IfExp(body=body, orelse=orelse):
                return self.joined("|", (body, orelse), scope, depth)
            case ast.BoolOp(values=values):
                return self.joined("|", values, scope, depth)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return self.joined("[", items, scope, depth)
            case ast.Dict(values=items):
                return self.joined("[", items, scope, depth)
            case ast.ListComp(elt=item) | ast.SetComp(elt=item) | ast.GeneratorExp(elt=item):
                return self.joined("[", [item], self.inner_scope(expr, scope), depth)
            case ast.DictComp(value=item):
                return self.joined("[", [item], self.inner_scope(expr, scope), depth)
            case _:
                return UNKNOWN

    def inner_scope(self, comprehension: ast.expr, scope: Scope) -> Scope:
        """The scope of a comprehension's own names."""
        first = comprehension.generators[0]  # type: ignore[attr-defined]
        return self.comprehensions.get(first, scope)

    def attribute(self, base: Ref, attr: str) -> Ref:
        """An attribute of what a reference stands for."""
        match base[0]:
            case "i":
                return ("i", f"{base[1]}.{attr}")
            case "=":
                return UNKNOWN
            case "s" if attr == "__class__":
                return ("C", base[1])
            case "p" if attr not in _OF_MODULES and not self.promises.get(base[1:], UNKNOWN):
                return UNKNOWN
            case "()" | "n" | "[]" if attr not in _OF_MODULES and method_returns_tensor(attr):
                return UNKNOWN
            case _:
                return (".", base, attr)

    def joined(self, tag: str, items: Iterable[ast.expr], scope: Scope, depth: int) -> Ref:
        """One reference for several expressions; unknown ones and constants are left out."""
        refs = (self.ref(item, scope, depth - 1) for item in list(items)[:_WIDTH])
        known = tuple(dict.fromkeys(ref for ref in refs if ref and ref[0] != "="))
        if not known:
            return UNKNOWN
        return known[0] if tag == "|" and len(known) == 1 else (tag, known)

    def name(self, expr: ast.Name, scope: Scope) -> Ref:
        """What a bare name stands for."""
        key = scope, expr.id
        known = self.named.get(key)
        if known is None:
            known, is_for_good = self.named_anew(expr, scope)
            if is_for_good and not self.open_keys:
                self.named[key] = known
        return known

    def named_anew(self, expr: ast.Name, scope: Scope) -> tuple[Ref, bool]:
        """Look a bare name up; and whether it is the same wherever it stands in the scope."""
        name = expr.id
        found = scope.lookup(name)
        if found is None:
            return ("*", name) if self.walked.root.stars else ("i", f"builtins.{name}"), True
        home, bindings = found
        if len(bindings) == 1:
            binding = bindings[0]
            if isinstance(binding, ast.arg):
                own, owner = self.selves.get(home, ("", NO_OWNER))
                if own == name:
                    return ("C" if home in self.class_scopes else "s", owner), True
                return self.binding(binding, home, name), True
            if isinstance(binding, (str, *DEFS, ast.ClassDef)):
                return self.binding(binding, home, name), True
        elif (loop := self.loop_around(expr, bindings)) is not None:
            return self.binding(loop, home, name), False
        key = self.key(home, name)
        known = ("n", key) if self.names[key] or key in self.open_keys else UNKNOWN
        return known, len(bindings) == 1 or not any(item in self.rows for item in bindings)

    def call(self, call: ast.Call, scope: Scope, depth: int) -> Ref:
        """What a call returns."""
        match call:
            case ast.Call(func=ast.Name(id="super")):
                owner = self.super_owner(scope)
                return UNKNOWN if owner is None else ("S", owner)
            case ast.Call(func=ast.Name(id="type"), args=[owner_], keywords=[]):
                base = self.ref(owner_, scope, depth - 1)
                return ("C", base[1]) if base and base[0] == "s" else UNKNOWN
            case ast.Call(func=ast.Name(id="dict" | "OrderedDict") | ast.Attribute(attr="OrderedDict"), args=given):
                values = _dict_values(call)
                held = self.joined("[", values, scope, depth) if values else UNKNOWN
                return held or (self.ref(given[0], scope, depth - 1) if given else UNKNOWN)
            case ast.Call(func=ast.Name(id="getattr"), args=[owner_, name, *_]):
                known = isinstance(name, ast.Constant) and isinstance(name.value, str)
                attr = str(name.value) if known else "*"  # type: ignore[attr-defined]
                base = self.ref(owner_, scope, depth - 1)
                return self.attribute(base, attr) if base else UNKNOWN
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if name in _PASSES_ON:
                return self.ref(first, scope, depth - 1)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _VIEWS:
                return self.ref(value, scope, depth - 1)
            case _:
                callee = self.ref(call.func, scope, depth - 1)
                if not callee or _is_irrelevant(callee):
                    return UNKNOWN
                return ("()", callee, *self.arguments(call, scope, depth))

    def super_owner(self, scope: Scope) -> int | None:
        """The class that ``super()`` in a scope starts above."""
        current: Scope | None = scope
        while current is not None:
            if current in self.selves:
                return self.selves[current][1]
            current = current.parent
        return None

    # Annotations

    def annotation(self, expr: ast.expr, scope: Scope, depth: int = _DEPTH) -> Ref:
        """What an annotation promises: an instance, or a container of instances."""
        if depth <= 0:
            return UNKNOWN
        match expr:
            case ast.Constant(value=str(text)):
                try:
                    parsed = ast.parse(text, mode="eval").body
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    return UNKNOWN
                return self.annotation(parsed, scope, depth - 1)
            case ast.Name() | ast.Attribute():
                ref = self.ref(expr, scope, depth - 1)
                if ref and ref[0] == "i" and ref[1] in _TENSORS:
                    return _A_TENSOR
                return UNKNOWN if not ref or _is_irrelevant(ref) or _is_abstract(ref) else ("@", ref)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return self.promised((left, right), scope, depth)
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name) as origin, slice=inner):
                return self.generic(name, origin, inner, scope, depth)
            case _:
                return UNKNOWN

    def generic(self, name: str, origin: ast.expr, inner: ast.expr, scope: Scope, depth: int) -> Ref:
        """What ``Origin[inner]`` promises."""
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name in _WRAPPERS:
            return self.promised(parts[:1] if name == "Annotated" else parts, scope, depth)
        if name in _CONTAINERS:
            promised = self.promised(parts, scope, depth)
            return ("[", (promised,)) if promised else UNKNOWN
        if name in _MAPPINGS:
            promised = self.promised(parts[1:], scope, depth)
            return ("[", (promised,)) if promised else UNKNOWN
        if name in ("type", "Type"):
            promised = self.promised(parts, scope, depth)
            return promised[1] if promised and promised[0] == "@" else UNKNOWN
        return self.annotation(origin, scope, depth - 1)

    def promised(self, parts: Iterable[ast.expr], scope: Scope, depth: int) -> Ref:
        """One of several promises."""
        refs = (self.annotation(part, scope, depth - 1) for part in parts)
        known = tuple(dict.fromkeys(ref for ref in refs if ref))
        return UNKNOWN if not known else known[0] if len(known) == 1 else ("|", known)


def _places(target: ast.expr, path: tuple[int, ...] = ()) -> Iterator[tuple[ast.Name, tuple[int, ...]]]:
    """The names in a tuple target, with the indices that lead to them."""
    match target:
        case ast.Name():
            yield target, path
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for index, item in enumerate(items):
                yield from _places(item, (*path, index))
        case _:
            return


def _parameters(node: ast.AST) -> list[ast.arg]:
    args = getattr(node, "args", None)
    return [*args.posonlyargs, *args.args, *args.kwonlyargs] if isinstance(args, ast.arguments) else []


def _defaults(node: ast.AST) -> Iterator[tuple[ast.arg, ast.expr]]:
    args = getattr(node, "args", None)
    if isinstance(args, ast.arguments):
        positional = [*args.posonlyargs, *args.args]
        yield from zip(positional[len(positional) - len(args.defaults) :], args.defaults, strict=True)
        yield from (
            (arg, item) for arg, item in zip(args.kwonlyargs, args.kw_defaults, strict=True) if item is not None
        )


def _element(base: Ref) -> Ref:
    if not base or base[0] == "=" or (base[0] == "i" and (_is_irrelevant(base) or str(base[1]).startswith("torch."))):
        return UNKNOWN
    return ("[]", base)


def _dict_values(call: ast.Call) -> list[ast.expr]:
    """What ``dict(a=x)`` and ``OrderedDict([("a", x)])`` hold."""
    given = [item.value for item in call.keywords]
    match call.args:
        case [ast.List(elts=pairs) | ast.Tuple(elts=pairs)]:
            given += [pair.elts[1] for pair in pairs if isinstance(pair, ast.Tuple) and len(pair.elts) == 2]
        case [ast.ListComp(elt=ast.Tuple(elts=[_, value])) | ast.GeneratorExp(elt=ast.Tuple(elts=[_, value]))]:
            given.append(value)
        case _:
            pass
    return given


def _has_decorator(node: DefNode, name: str) -> bool:
    return any(isinstance(item, ast.Name) and item.id == name for item in node.decorator_list)


def _is_class_method(node: DefNode) -> bool:
    return node.name in _CLASS_METHODS or _has_decorator(node, "classmethod")


def _is_irrelevant(ref: Ref) -> bool:
    """Whether a callee is surely neither of the project nor something that compiles or calls its arguments."""
    if ref[0] != "i":
        return bool(ref[0] == "=")
    path = str(ref[1])
    top, _, rest = path.partition(".")
    if top == "torch":
        return not path.startswith(_RELEVANT_TORCH)
    return top in _IRRELEVANT or (top == "builtins" and rest not in _RELEVANT_BUILTINS)


def _is_abstract(ref: Ref) -> bool:
    """Whether an annotation is of the standard library's abstract kind, and says nothing of who is there."""
    return bool(ref[0] == "i" and str(ref[1]).startswith(("collections.", "abc.", "enum.", "functools.")))


def _is_torch_nn(ref: Ref) -> bool:
    return bool(ref) and str(ref[0]) == "i" and str(ref[1]).startswith("torch.nn.")


def _is_secondary(node: DefNode) -> bool:
    """Whether a definition is only an overload's signature, or the setter or deleter of a property."""
    return any(
        (isinstance(item, ast.Attribute) and item.attr in ("setter", "deleter", "overload"))
        or (isinstance(item, ast.Name) and item.id == "overload")
        for item in node.decorator_list
    )


def _is_property(node: DefNode) -> bool:
    return any(
        (isinstance(item, ast.Name) and item.id in ("property", "cached_property"))
        or (isinstance(item, ast.Attribute) and item.attr in ("cached_property", "property", "getter"))
        for item in node.decorator_list
    )


def _unsubscripted(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base
