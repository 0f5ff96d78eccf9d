"""What attributes of instances of a file's classes hold."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from fullgraph.semantic.flow.expressions import Evaluator
from fullgraph.semantic.flow.parameters import parameters, promised
from fullgraph.semantic.flow.value import (
    BOTTOM,
    NONE,
    STATIC_BOOL,
    TENSOR,
    UNKNOWN,
    ClassOf,
    Function,
    Instance,
    Super,
    Value,
    join_all,
    tensor_of,
)
from fullgraph.semantic.scopes import DEFS, DefNode, Scope
from fullgraph.semantic.walk import AttributeAssignment

if TYPE_CHECKING:
    from fullgraph.semantic.flow.flow import Flow

_DEPTH = 4
_MOST_ASSIGNMENTS = 6


class Attributes:
    """Looks at what methods assign to ``self``, at class bodies, and at registered buffers and parameters."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._known: dict[tuple[ast.ClassDef, str], Value] = {}
        self._environments: dict[Scope, dict[str, Value]] = {}
        self._methods: dict[tuple[ast.ClassDef, str], DefNode | None] = {}
        self._depth = 0
        self._registered: dict[ast.ClassDef, dict[str, ast.expr | None]] | None = None
        self._holders: dict[str, list[str]] | None = None

    def of(self, base: Value, cls: ast.ClassDef, name: str) -> Value:
        """What ``instance.name`` is."""
        classes = self._flow.classes
        start = cls
        if isinstance(base, Super):
            bases = classes.bases(cls)
            if len(bases) != 1:
                return UNKNOWN if bases else self._flow.elsewhere.by_super(cls, name)
            (start,) = bases
        method = self.method(start, name)
        if method is not None:
            return self._method(base, method)
        key = start, name
        if (known := self._known.get(key)) is None:
            self._known[key] = UNKNOWN
            if self._depth >= _DEPTH:
                del self._known[key]
                return UNKNOWN
            self._depth += 1
            known = self._known[key] = self._held(start, name)
            self._depth -= 1
        return known

    def of_class(self, cls: ast.ClassDef, name: str) -> Value:
        """What ``Class.name`` is."""
        method = self.method(cls, name)
        if method is None and name.lstrip("_").startswith("from_"):
            return ClassOf(cls)
        if method is None:
            return self.of(ClassOf(cls), cls, name)
        kinds = _decorators(method)
        return Function(method, ClassOf(cls)) if "classmethod" in kinds else Function(method)

    def method(self, cls: ast.ClassDef, name: str) -> DefNode | None:
        """The method of this name that an instance of the class has."""
        key = cls, name
        if key not in self._methods:
            self._methods[key] = self._flow.classes.method(cls, name)
        return self._methods[key]

    def _method(self, base: Value, method: DefNode) -> Value:
        kinds = _decorators(method)
        if kinds & {"property", "cached_property"}:
            return self._flow.annotations.of(method.returns)
        if "staticmethod" in kinds:
            return Function(method)
        return Function(method, base if isinstance(base, (Instance, ClassOf)) else UNKNOWN)

    def _held(self, cls: ast.ClassDef, name: str) -> Value:
        if name == "training" and self._flow.is_module(cls):
            return STATIC_BOOL
        if (registered := self._of_registered(cls, name)) is not None:
            return registered
        classes = self._flow.classes
        held = classes.held(cls, name)
        declared = [item for item in classes.declared(cls, name) if isinstance(item, ast.AST)]
        if not held and not classes.declared(cls, name):
            return self._flow.elsewhere.inherited(cls, name)
        promise = self._declared(declared)
        if promise is not UNKNOWN and promise is not BOTTOM:
            return promise
        if not held or len(held) > _MOST_ASSIGNMENTS or promise is UNKNOWN:
            return UNKNOWN
        return self._stable(join_all(self._assigned(item) for item in held), held)

    @staticmethod
    def _stable(value: Value, held: tuple[AttributeAssignment, ...]) -> Value:
        """A default of None that code elsewhere may replace says nothing."""
        return UNKNOWN if value == NONE and len(held) == 1 else value

    def _declared(self, bindings: list[ast.AST]) -> Value:
        """What the class body says of an attribute: UNKNOWN if that does not tell, BOTTOM if it says nothing."""
        found: Value = BOTTOM
        for item in bindings:
            match item:
                case ast.AnnAssign(annotation=annotation, value=value):
                    promise = self._flow.annotations.of(annotation)
                    is_none = isinstance(value, ast.Constant) and value.value is None
                    found = join_all((found, promise, *([NONE] if is_none and promise is not UNKNOWN else [])))
                case ast.expr():
                    found = join_all((found, self._flow.constant(item)))
                case _:
                    return UNKNOWN
        return found

    def _assigned(self, item: AttributeAssignment) -> Value:
        """What one ``self.name = value`` puts there; parameters of its method are what their annotations promise."""
        if isinstance(item.binding, ast.AnnAssign):
            promise = self._flow.annotations.of(item.binding.annotation)
            if promise is not UNKNOWN:
                return promise
        if item.value is None:
            return BOTTOM
        return self.evaluated(item.value, item.scope)

    def evaluated(self, value: ast.expr, scope: Scope) -> Value:
        """An expression in a method, without what the method does before."""
        function = scope.function
        env = {} if function is None else self._environment(function)
        return Evaluator(self._flow, dict(env)).value(value)

    def _environment(self, function: Scope) -> dict[str, Value]:
        """What the names of a method are, without looking at its statements in order."""
        if (known := self._environments.get(function)) is not None:
            return known
        env: dict[str, Value] = {}
        self._environments[function] = env
        if isinstance(function.node, DEFS):
            for arg, default in parameters(function.node.args):
                env[arg.arg] = promised(arg, default, self._flow.annotations)
            info = self._flow.walked.functions.get(function.node)
            first = next(iter(function.node.args.args), None)
            if info is not None and info.owner is not None and first is not None:
                env[first.arg] = Instance(info.owner)
            for name in function.bindings:
                if name not in env:
                    env[name] = self._local(function, name, env)
        return env

    def _local(self, function: Scope, name: str, env: dict[str, Value]) -> Value:
        """A local name of a method: what it is assigned, if that is one expression."""
        bindings = function.bindings[name]
        if len(bindings) == 1 and isinstance(bindings[0], (ast.Call, ast.BinOp, ast.Constant)):
            return Evaluator(self._flow, dict(env)).value(bindings[0])
        return UNKNOWN

    def _of_registered(self, cls: ast.ClassDef, name: str) -> Value | None:
        if self._registered is None:
            self._registered = self._registrations()
        for each in self._flow.classes.lineage(cls):
            if name in self._registered.get(each, ()):
                value = self._registered[each][name]
                if value is None:
                    return TENSOR
                scope = self._scope_of(each)
                found = self.evaluated(value, scope) if scope is not None else TENSOR
                if found == NONE:
                    return UNKNOWN
                return tensor_of(found.surely_tensor.dtype) if found.surely_tensor is not None else TENSOR
        return None

    def _scope_of(self, cls: ast.ClassDef) -> Scope | None:
        init = self.method(cls, "__init__")
        return self._flow.walked.functions[init].scope if init is not None else None

    def _registrations(self) -> dict[ast.ClassDef, dict[str, ast.expr | None]]:
        """Buffers and parameters that methods register, with what is registered."""
        found: dict[ast.ClassDef, dict[str, ast.expr | None]] = {}
        for call, scope in self._flow.classes.registering:
            match call:
                case ast.Call(
                    func=ast.Attribute(value=receiver, attr="register_buffer" | "register_parameter"),
                    args=[ast.Constant(value=str(name)), *rest],
                ):
                    if (owner := self._flow.classes.owner_of_self(receiver, scope)) is not None:
                        tensor = rest[0] if rest else next((k.value for k in call.keywords if k.arg == "tensor"), None)
                        found.setdefault(owner, {})[name] = tensor
                case _:
                    continue
        return found

    def holders(self, cls: ast.ClassDef) -> list[str]:
        """Names of attributes that some class of this file sets to an instance of this class."""
        if self._holders is None:
            self._holders = {}
            for item in self._flow.walked.attributes:
                match item.value:
                    case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name))):
                        self._holders.setdefault(name, []).append(item.target.attr)
                    case _:
                        continue
        return list(dict.fromkeys(self._holders.get(cls.name, ())))


def _decorators(method: DefNode) -> set[str]:
    found = set()
    for decorator in method.decorator_list:
        match decorator:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                found.add(name)
            case _:
                continue
    return found
