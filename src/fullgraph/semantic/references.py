"""One file's expressions and names as references: where values come from, as far as this file tells.

What stands here is asked for every name and call of a file, so it goes by the class of a node instead of by patterns
wherever it is asked often.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from types import NoneType
from typing import Any

from fullgraph.semantic.annotations import promise
from fullgraph.semantic.loops import Loops, growths, notable_calls
from fullgraph.semantic.relevance import A_TENSOR, OF_MODULES, PASSES_ON, STANCES, VIEWS, is_irrelevant_path
from fullgraph.semantic.scopes import Binding, DefNode, Scope
from fullgraph.semantic.summary import NO_OWNER, UNKNOWN, Ref
from fullgraph.semantic.walk import Walked
from fullgraph.torchfacts import method_returns_tensor

_DEPTH = 12
"""How deep an expression is followed; what is nested deeper is unknown."""
_WIDTH = 64
"""How many elements of a display are kept."""
_CLASS_METHODS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_DEFINES = frozenset({str, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef})
_SPECIAL = PASSES_ON | VIEWS | {"super", "type", "dict", "getattr"}
"""Functions and methods whose result is not merely what a call returns."""


def function_nodes(walked: Walked) -> list[ast.AST]:
    """Every ``def`` and ``lambda`` of a file; places in this list are the indices of its functions in the summary."""
    return [*walked.functions, *walked.lambdas]


def has_decorator(node: DefNode, name: str) -> bool:
    """Whether a definition stands below a decorator with this plain name."""
    return any(isinstance(item, ast.Name) and item.id == name for item in node.decorator_list)


class References:
    """Translates the expressions of one walked file.

    Attributes:
        functions: the index of every ``def`` and ``lambda``.
        classes: the index of every class.
        names: what names are bound to; references of the kind ``n`` lead here.
        promises: what parameters hold by their annotations and defaults, by function and name.
        selves: the scope of each method, with the name of its first parameter and its class; not of static methods.
        notable: calls that put something somewhere.
        calls: what `made` gave.
    """

    def __init__(self, walked: Walked) -> None:
        self.walked = walked
        self.functions = {node: index for index, node in enumerate(function_nodes(walked))}
        self.classes = {node: index for index, node in enumerate(walked.classes)}
        self.names: list[tuple[Ref, ...]] = []
        self.promises: dict[tuple[int, str], Ref] = {}
        self.selves = dict(self._self_scopes())
        self.notable = notable_calls(walked)
        self._loops = Loops(walked)
        self._grown = growths(walked, self.notable)
        self._class_scopes = {info.scope for info in walked.functions.values() if _is_class_method(info.node)}
        self._comprehensions: dict[ast.AST, Scope] = dict(walked.buckets[ast.comprehension])
        self._keys: dict[tuple[Scope, str], int] = {}
        self._open: set[int] = set()
        self._named: dict[Scope, dict[str, Ref]] = defaultdict(dict)
        self._imports: dict[str, Ref] = {}
        self._tensor_methods: dict[str, bool] = {}
        self.calls: dict[ast.Call, Ref] = {}
        self._scopes = dict(walked.calls)
        self._is_provisional = False
        """Whether an answer was cut short: by its depth, or by a name that is still being translated."""

    def _self_scopes(self) -> Iterator[tuple[Scope, tuple[str, int]]]:
        for info in self.walked.functions.values():
            args = info.node.args
            first = args.posonlyargs or args.args
            if info.owner is not None and first and not has_decorator(info.node, "staticmethod"):
                yield info.scope, (first[0].arg, self.classes[info.owner])

    def owner_of(self, expr: ast.expr, scope: Scope) -> int | None:
        """The class whose method's first parameter ``expr`` is."""
        if not isinstance(expr, ast.Name):
            return None
        found = scope.lookup(expr.id)
        if found is None or len(found[1]) != 1:
            return None
        name, owner = self.selves.get(found[0], ("", NO_OWNER))
        return owner if name == expr.id else None

    # Expressions

    def ref(self, expr: Any, scope: Scope, depth: int = _DEPTH) -> Ref:
        """What an expression stands for."""
        kind = expr.__class__
        if kind is ast.Name:
            known = self._named[scope].get(expr.id)
            return self._name(expr, scope) if known is None else known
        if kind is ast.Constant:
            return ("=", expr.value) if isinstance(expr.value, (bool, int, str, NoneType)) else UNKNOWN
        if depth <= 0:
            self._is_provisional = True
            return UNKNOWN
        if kind is ast.Attribute:
            value = expr.value
            base = self._named[scope].get(value.id) if value.__class__ is ast.Name else None
            if base is None:
                base = self.ref(value, scope, depth - 1)
            if not base:
                return UNKNOWN
            return (".", base, expr.attr) if base[0] == "." else self.attribute(base, expr.attr)
        translate = _BY_KIND.get(kind)
        return UNKNOWN if translate is None else translate(self, expr, scope, depth)

    def attribute(self, base: Ref, attr: str) -> Ref:
        """An attribute of what a reference stands for."""
        tag = base[0]
        if tag == "s":
            return ("C", base[1]) if attr == "__class__" else (".", base, attr)
        if tag == "i":
            return self._imported(f"{base[1]}.{attr}")
        if tag == "=":
            return UNKNOWN
        if tag == "p":
            if attr not in OF_MODULES and not self.promises.get(base[1:]):
                return UNKNOWN
        elif tag in ("()", "n", "[]") and attr not in OF_MODULES and self._is_tensor_method(attr):
            return UNKNOWN
        return (".", base, attr)

    def _is_tensor_method(self, name: str) -> bool:
        known = self._tensor_methods.get(name)
        if known is None:
            known = self._tensor_methods[name] = method_returns_tensor(name)
        return known

    def _imported(self, path: str) -> Ref:
        """One reference for each path."""
        known = self._imports.get(path)
        if known is None:
            known = self._imports[path] = ("i", path)
        return known

    def _subscript(self, expr: ast.Subscript, scope: Scope, depth: int) -> Ref:
        base = self.ref(expr.value, scope, depth - 1)
        return base if isinstance(expr.slice, ast.Slice) else self._element(base)

    def _element(self, base: Ref) -> Ref:
        if not base or base[0] == "=":
            return UNKNOWN
        if base[0] == "i" and (base[1].startswith("torch.") or is_irrelevant_path(base[1])):
            return UNKNOWN
        return ("[]", base)

    def _lambda(self, expr: ast.Lambda, _: Scope, __: int) -> Ref:
        return ("f", self.functions[expr])

    def _passed_through(self, expr: ast.Await | ast.NamedExpr, scope: Scope, depth: int) -> Ref:
        return self.ref(expr.value, scope, depth - 1)

    def _starred(self, expr: ast.Starred, scope: Scope, depth: int) -> Ref:
        return self._element(self.ref(expr.value, scope, depth - 1))

    def _either(self, expr: ast.IfExp, scope: Scope, depth: int) -> Ref:
        return self._joined("|", (expr.body, expr.orelse), scope, depth)

    def _or(self, expr: ast.BoolOp, scope: Scope, depth: int) -> Ref:
        return self._joined("|", expr.values, scope, depth)

    def _display(self, expr: ast.List | ast.Tuple | ast.Set, scope: Scope, depth: int) -> Ref:
        return self._joined("[", expr.elts, scope, depth)

    def _dict(self, expr: ast.Dict, scope: Scope, depth: int) -> Ref:
        return self._joined("[", expr.values, scope, depth)

    def _comprehension(self, expr: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope, depth: int) -> Ref:
        inner = self._comprehensions.get(expr.generators[0], scope)
        return self._joined("[", (expr.elt,), inner, depth)

    def _dict_comprehension(self, expr: ast.DictComp, scope: Scope, depth: int) -> Ref:
        inner = self._comprehensions.get(expr.generators[0], scope)
        return self._joined("[", (expr.value,), inner, depth)

    def _joined(self, tag: str, items: Iterable[ast.expr], scope: Scope, depth: int) -> Ref:
        """One reference for several expressions; unknown ones and constants are left out."""
        known: dict[Ref, None] = {}
        for count, item in enumerate(items):
            if count == _WIDTH:
                break
            if item.__class__ is not ast.Constant:
                ref = self.ref(item, scope, depth - 1)
                if ref and ref[0] != "=":
                    known[ref] = None
        if not known:
            return UNKNOWN
        refs = tuple(known)
        return refs[0] if tag == "|" and len(refs) == 1 else (tag, refs)

    # Calls

    def made(self, call: ast.Call, scope: Scope, depth: int = _DEPTH) -> Ref:
        """A call with its arguments, unless it cannot matter; what it returns may be something simpler."""
        found = self.calls.get(call)
        if found is None:
            outer, self._is_provisional = self._is_provisional, False
            # what is bound by a walrus or ``global`` is asked for in another scope than the one it stands in
            found = self._made(call, self._scopes.get(call, scope), depth)
            if not self._is_provisional:
                self.calls[call] = found
            self._is_provisional |= outer
        return found

    def _made(self, call: ast.Call, scope: Scope, depth: int) -> Ref:
        callee = self.ref(call.func, scope, depth - 1)
        if not callee or callee[0] == "=" or (callee[0] == "i" and is_irrelevant_path(callee[1])):
            return UNKNOWN
        arguments: tuple[Ref, ...] = ()
        keywords: tuple[tuple[str, Ref], ...] = ()
        if call.args:
            found = self._arguments(call.args[:_WIDTH], scope, depth - 1)
            while found and not found[-1]:
                found.pop()
            arguments = tuple(found)
        if call.keywords:
            found = self._arguments([item.value for item in call.keywords], scope, depth - 1)
            named = zip(call.keywords, found, strict=True)
            keywords = tuple([(item.arg, ref) for item, ref in named if ref and item.arg is not None])
        return ("()", callee, arguments, keywords)

    def _arguments(self, values: list[Any], scope: Scope, depth: int) -> list[Ref]:
        """What arguments pass; of constants, only those that switch something about compiling."""
        found: list[Ref] = []
        named = self._named[scope]
        for value in values:
            kind = value.__class__
            if kind is ast.Name:
                known = named.get(value.id)
                found.append(self._name(value, scope) if known is None else known)
            elif kind is not ast.Constant:
                found.append(self.ref(value, scope, depth))
            else:
                constant = value.value
                switches = constant is True or constant is False or constant in STANCES
                found.append(("=", constant) if switches else UNKNOWN)
        return found

    def _call(self, call: ast.Call, scope: Scope, depth: int) -> Ref:
        """What a call returns."""
        func: Any = call.func
        kind = func.__class__
        if (kind is ast.Name and func.id in _SPECIAL) or (kind is ast.Attribute and func.attr in _SPECIAL):
            special = self._special_call(call, scope, depth)
            if special is not None:
                return special
        return self.made(call, scope, depth)

    def _special_call(self, call: ast.Call, scope: Scope, depth: int) -> Ref | None:
        """What calls return that make nothing new; None for others."""
        match call:
            case ast.Call(func=ast.Name(id="super")):
                owner = self._super_owner(scope)
                return UNKNOWN if owner is None else ("S", owner)
            case ast.Call(func=ast.Name(id="type"), args=[owner_], keywords=[]):
                base = self.ref(owner_, scope, depth - 1)
                return ("C", base[1]) if base and base[0] == "s" else UNKNOWN
            case ast.Call(func=ast.Name(id="dict" | "OrderedDict") | ast.Attribute(attr="OrderedDict"), args=given):
                values = _dict_values(call)
                held = self._joined("[", values, scope, depth) if values else UNKNOWN
                return held or (self.ref(given[0], scope, depth - 1) if given else UNKNOWN)
            case ast.Call(func=ast.Name(id="getattr"), args=[owner_, name, *_]):
                known = isinstance(name, ast.Constant) and isinstance(name.value, str)
                attr = str(name.value) if known else "*"  # type: ignore[attr-defined]
                base = self.ref(owner_, scope, depth - 1)
                return self.attribute(base, attr) if base else UNKNOWN
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if name in PASSES_ON:
                return self.ref(first, scope, depth - 1)
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in VIEWS:
                return self.ref(value, scope, depth - 1)
            case _:
                return None

    def _super_owner(self, scope: Scope) -> int | None:
        """The class that ``super()`` in a scope starts above."""
        current: Scope | None = scope
        while current is not None:
            if current in self.selves:
                return self.selves[current][1]
            current = current.parent
        return None

    # Names

    def _name(self, expr: ast.Name, scope: Scope) -> Ref:
        """Look a bare name up, and remember it if it is the same wherever it stands in the scope."""
        name = expr.id
        found = scope.lookup(name)
        if found is None:
            known = ("*", name) if self.walked.root.stars else self._imported(f"builtins.{name}")
        else:
            home, bindings = found
            if len(bindings) == 1:
                binding = bindings[0]
                kind = binding.__class__
                if kind is not ast.arg and kind not in _DEFINES:
                    return self._assigned(expr, scope, home, bindings)
                known = self._parameter_or_self(home, name) if kind is ast.arg else self.binding(binding, home, name)
            elif (loop := self._loops.around(expr, bindings) if self._loops.rows else None) is not None:
                return self.binding(loop, home, name)
            else:
                return self._assigned(expr, scope, home, bindings)
        self._named[scope][name] = known
        return known

    def _assigned(self, expr: ast.Name, scope: Scope, home: Scope, bindings: list[Binding]) -> Ref:
        """A name that stands for what it is bound to."""
        key = self.key(home, expr.id)
        if key in self._open:
            self._is_provisional = True
            return ("n", key)
        known: Ref = ("n", key) if self.names[key] else UNKNOWN
        if len(bindings) == 1 or not any(item in self._loops.rows for item in bindings):
            self._named[scope][expr.id] = known
        return known

    def _parameter_or_self(self, home: Scope, name: str) -> Ref:
        own, owner = self.selves.get(home, ("", NO_OWNER))
        if own == name:
            return ("C" if home in self._class_scopes else "s", owner)
        return self._parameter(home, name)

    def _parameter(self, home: Scope, name: str) -> Ref:
        function = self.functions.get(home.node)
        if function is None or self.promises.get((function, name)) == A_TENSOR:
            return UNKNOWN
        return ("p", function, name)

    def key(self, home: Scope, name: str) -> int:
        """The place in `names` of what a scope binds a name to; it is translated when it is first asked for."""
        key = self._keys.get((home, name))
        if key is None:
            key = self._keys[home, name] = len(self.names)
            self.names.append(())
            self._open.add(key)
            refs: dict[Ref, None] = {}
            for binding in home.bindings[name]:
                if (ref := self.binding(binding, home, name)) and ref[0] != "=":
                    refs[ref] = None
            for added, scope, extends in self._grown.get((home, name), ()):
                if ref := self.ref(added, scope):
                    refs[ref if extends else ("[", (ref,))] = None
            self.names[key] = tuple(refs)
            self._open.discard(key)
        return key

    def binding(self, binding: Binding, home: Scope, name: str) -> Ref:
        """What one binding of a name stands for."""
        if binding.__class__ is str:
            return self._imported(binding)
        bound = _BINDINGS.get(binding.__class__)
        return self.ref(binding, home) if bound is None else bound(self, binding, home, name)

    def _function(self, binding: DefNode, _: Scope, __: str) -> Ref:
        return ("f", self.functions[binding])

    def _class(self, binding: ast.ClassDef, _: Scope, __: str) -> Ref:
        return ("c", self.classes[binding])

    def _argument_binding(self, _: ast.arg, home: Scope, name: str) -> Ref:
        return self._parameter(home, name)

    def _annotated(self, binding: ast.AnnAssign, home: Scope, _: str) -> Ref:
        promised = promise(binding.annotation, home, self, _DEPTH)
        stored = self.ref(binding.value, home) if binding.value is not None else UNKNOWN
        return ("|", (promised, stored)) if promised and stored else promised or stored

    def _looped(self, binding: ast.For | ast.AsyncFor | ast.comprehension, home: Scope, _: str) -> Ref:
        return self._element(self.ref(binding.iter, home))

    def _stored(self, binding: ast.Name, home: Scope, _: str) -> Ref:
        """A name of which no more is known than that it is assigned: perhaps by a loop."""
        if binding.ctx.__class__ is not ast.Store:
            return self.ref(binding, home)
        found = self._loops.iterated(binding)
        return UNKNOWN if found is None else self._element(self.ref(*found))


_BY_KIND: dict[type, Callable[[References, Any, Scope, int], Ref]] = {
    ast.Call: References._call,
    ast.Subscript: References._subscript,
    ast.Lambda: References._lambda,
    ast.Await: References._passed_through,
    ast.NamedExpr: References._passed_through,
    ast.Starred: References._starred,
    ast.IfExp: References._either,
    ast.BoolOp: References._or,
    ast.List: References._display,
    ast.Tuple: References._display,
    ast.Set: References._display,
    ast.Dict: References._dict,
    ast.ListComp: References._comprehension,
    ast.SetComp: References._comprehension,
    ast.GeneratorExp: References._comprehension,
    ast.DictComp: References._dict_comprehension,
}
_BINDINGS: dict[type, Callable[[References, Any, Scope, str], Ref]] = {
    ast.FunctionDef: References._function,
    ast.AsyncFunctionDef: References._function,
    ast.ClassDef: References._class,
    ast.arg: References._argument_binding,
    ast.AnnAssign: References._annotated,
    ast.For: References._looped,
    ast.AsyncFor: References._looped,
    ast.comprehension: References._looped,
    ast.Name: References._stored,
}


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


def _is_class_method(node: DefNode) -> bool:
    return node.name in _CLASS_METHODS or has_decorator(node, "classmethod")
