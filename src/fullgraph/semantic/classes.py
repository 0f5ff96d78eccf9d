"""Classes of one file: bases, methods, what their attributes hold, and whether they are modules."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from functools import cached_property

from fullgraph.semantic.names import MANY, Names
from fullgraph.semantic.scopes import DEFS, Binding, DefNode, Scope
from fullgraph.semantic.traced import ModuleClass
from fullgraph.semantic.walk import AttributeAssignment, Walked

_DEPTH = 8
_MODULE_BASES = frozenset({"LightningModule", "ModelMixin", "PreTrainedModel"})
"""Last names of well-known bases from installed packages that are ``nn.Module``."""
_REGISTERS = frozenset({"add_module", "register_buffer", "register_module", "register_parameter"})
_HELD_BY_MODULE = frozenset({"torch.nn.Buffer", "torch.nn.Parameter"})
_NOT_MODULES = (
    "torch.autograd.",
    "torch.utils.data.",
    "torch.optim.",
    "torch.distributions.",
    "abc.",
    "builtins.",
    "collections.",
    "dataclasses.",
    "enum.",
    "gym.",
    "gymnasium.",
    "numpy.",
    "pandas.",
    "pydantic.",
    "sklearn.",
    "threading.",
    "typing.",
    "unittest.",
)
"""Where no class is an ``nn.Module``: of an estimator, ``forward`` is no module's."""


def external_base_is_module(path: str) -> ModuleClass:
    """Whether a class that derives from ``path``, of another package, is an ``nn.Module``."""
    if path.startswith("torch.nn.") or path.rpartition(".")[2] in _MODULE_BASES:
        return ModuleClass.YES
    return ModuleClass.NO if path.startswith(_NOT_MODULES) else ModuleClass.MAYBE


class Classes:
    """Answers about the classes of one walked file, and which definitions an expression leads to."""

    def __init__(self, walked: Walked, names: Names) -> None:
        self._walked = walked
        self._names = names
        self._open: set[tuple[Scope | ast.ClassDef, str]] = set()
        self._named: set[tuple[ast.AST, str]] = set()
        self._lineages: dict[ast.ClassDef, tuple[ast.ClassDef, ...]] = {}

    @cached_property
    def _attributes(self) -> dict[ast.ClassDef, dict[str, list[AttributeAssignment]]]:
        """Assignments to attributes of ``self``, by class and by name."""
        found: dict[ast.ClassDef, dict[str, list[AttributeAssignment]]] = {}
        for assignment in self._walked.attributes:
            owner = self.owner_of_self(assignment.target.value, assignment.scope)
            if owner is not None:
                found.setdefault(owner, {}).setdefault(assignment.target.attr, []).append(assignment)
        return found

    @cached_property
    def _members(self) -> frozenset[str]:
        """Names that classes declare, or set on ``self``."""
        declared = (name for info in self._walked.classes.values() for name in info.scope.bindings)
        held = (name for attributes in self._attributes.values() for name in attributes)
        return frozenset((*declared, *held))

    def has_member(self, name: str) -> bool:
        """Whether a class of this file declares a name, or a method sets ``self.name``."""
        return name in self._members

    @cached_property
    def registering(self) -> tuple[tuple[ast.Call, Scope], ...]:
        """Calls of methods that register a buffer, parameter or submodule."""
        calls = self._walked.calls_of(_REGISTERS)
        return tuple(each for each in calls if isinstance(each[0].func, ast.Attribute))

    @cached_property
    def _registered(self) -> dict[ast.ClassDef, set[str]]:
        """Names that methods register as buffer, parameter or submodule, by class."""
        found: dict[ast.ClassDef, set[str]] = {}
        for call, scope in self.registering:
            match call:
                case ast.Call(
                    func=ast.Attribute(value=receiver),
                    args=[ast.Constant(value=str(name)), *_],
                ):
                    if (owner := self.owner_of_self(receiver, scope)) is not None:
                        found.setdefault(owner, set()).add(name)
                case _:
                    continue
        return found

    def owner_of_self(self, expr: ast.expr, scope: Scope) -> ast.ClassDef | None:
        """The class whose method's first parameter ``expr`` is; None if it is anything else."""
        if not isinstance(expr, ast.Name):
            return None
        found = scope.lookup(expr.id)
        if found is None:
            return None
        home, bindings = found
        info = self._walked.functions.get(home.node)
        if info is None or info.owner is None or len(bindings) != 1:
            return None
        positional = info.node.args.posonlyargs or info.node.args.args
        if not positional or bindings[0] is not positional[0]:
            return None
        is_static = any("builtins.staticmethod" in self._names.of(item) for item in info.node.decorator_list)
        return None if is_static else info.owner

    def bases(self, node: ast.ClassDef) -> tuple[ast.ClassDef, ...]:
        """Base classes that are defined in this file."""
        found: list[ast.ClassDef] = []
        for base in node.bases:
            found += self.classes_of(base)
        return tuple(item for item in found if item is not node)

    def lineage(self, node: ast.ClassDef) -> tuple[ast.ClassDef, ...]:
        """The class and its bases in this file, nearest first."""
        if (known := self._lineages.get(node)) is not None:
            return known
        order: dict[ast.ClassDef, None] = {}
        todo = [node]
        while todo:
            current = todo.pop(0)
            if current not in order:
                order[current] = None
                todo += self.bases(current)
        found = tuple(order)
        if not self._named:  # else a name that is being followed was left out
            self._lineages[node] = found
        return found

    def method(self, node: ast.ClassDef, name: str) -> DefNode | None:
        """The method ``name`` that an instance of the class has, as far as this file says: the last real one."""
        for cls in self.lineage(node):
            for binding in reversed(self._walked.classes[cls].scope.bindings.get(name, ())):
                if isinstance(binding, DEFS) and not self._is_secondary(binding):
                    return binding
        return None

    def _is_secondary(self, node: DefNode) -> bool:
        """Whether a definition is only an overload's signature, or the setter or deleter of a property."""
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Attribute) and decorator.attr in ("setter", "deleter"):
                return True
            if any(path.rpartition(".")[2] == "overload" for path in self._names.of(decorator)):
                return True
        return False

    def held(self, node: ast.ClassDef, attribute: str) -> tuple[AttributeAssignment, ...]:
        """Every assignment to ``self.attribute`` in methods of the class or its bases in this file."""
        return tuple(item for cls in self.lineage(node) for item in self._attributes.get(cls, {}).get(attribute, ()))

    def assigned(self, node: ast.ClassDef) -> Mapping[str, Sequence[AttributeAssignment]]:
        """Every assignment to an attribute of ``self`` in the methods of the class itself, by attribute."""
        return self._attributes.get(node, {})

    def declared(self, node: ast.ClassDef, attribute: str) -> tuple[Binding, ...]:
        """What the class body, or that of a base in this file, binds ``attribute`` to."""
        scopes = [self._walked.classes[cls].scope for cls in self.lineage(node)]
        return tuple(item for scope in scopes for item in scope.bindings.get(attribute, ()))

    def bindings_of_attribute(self, base: ast.expr, attribute: str, scope: Scope) -> tuple[ast.AST, ...]:
        """What binds ``self.attribute``: in the class body, and in methods; empty if ``base`` is no ``self``."""
        owner = self.owner_of_self(base, scope)
        if owner is None:
            return ()
        declared = [item for item in self.declared(owner, attribute) if isinstance(item, ast.AST)]
        return (*declared, *(item.binding for item in self.held(owner, attribute)))

    def is_module(self, node: ast.ClassDef) -> ModuleClass:
        """Whether the class is an ``nn.Module``."""
        answer = ModuleClass.NO
        for cls in self.lineage(node):
            for base in cls.bases:
                match self._base_is_module(base):
                    case ModuleClass.YES:
                        return ModuleClass.YES
                    case ModuleClass.MAYBE:
                        answer = ModuleClass.MAYBE
                    case ModuleClass.NO:
                        continue
        return answer if answer is ModuleClass.NO or self._acts_as_module(node) else ModuleClass.NO

    def moves_with_module(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether ``expr`` is a ``self.attribute`` that the class registers as a buffer or parameter."""
        if not isinstance(expr, ast.Attribute) or (owner := self.owner_of_self(expr.value, scope)) is None:
            return False
        if any(expr.attr in self._registered.get(cls, ()) for cls in self.lineage(owner)):
            return True
        calls = (item.value for item in self.held(owner, expr.attr) if isinstance(item.value, ast.Call))
        return any(not _HELD_BY_MODULE.isdisjoint(self._names.of(call.func)) for call in calls)

    def _acts_as_module(self, node: ast.ClassDef) -> bool:
        """Whether methods of the class hold ``torch.nn`` objects or register buffers, as those of a module do."""
        for cls in self.lineage(node):
            for held in self._attributes.get(cls, {}).values():
                calls = (item.value for item in held if isinstance(item.value, ast.Call))
                if any(path.startswith("torch.nn.") for call in calls for path in self._names.of(call.func)):
                    return True
            if cls in self._registered:
                return True
        return False

    def _base_is_module(self, base: ast.expr) -> ModuleClass:
        paths = self._names.of(base.value if isinstance(base, ast.Subscript) else base)
        if not paths:
            return ModuleClass.NO
        answers = {external_base_is_module(path) for path in paths}
        if ModuleClass.YES in answers:
            return ModuleClass.YES
        return ModuleClass.NO if ModuleClass.NO in answers else ModuleClass.MAYBE

    def classes_of(self, expr: ast.expr, depth: int = _DEPTH) -> list[ast.ClassDef]:
        """Classes of this file that ``expr`` names."""
        return [item for item in self._definitions(expr, depth) if isinstance(item, ast.ClassDef)]

    def functions_of(self, expr: ast.expr, scope: Scope) -> list[DefNode]:
        """Functions of this file that calling ``expr`` enters: functions, methods, and ``forward`` of instances."""
        if isinstance(expr, ast.Attribute) and expr.attr not in self._members:
            return []
        found: list[DefNode] = [item for item in self._definitions(expr, _DEPTH) if isinstance(item, DEFS)]
        if isinstance(expr, ast.Attribute):
            owners = self._super_owners(expr.value, scope) or self.instance_classes(expr.value, scope)
            found += [method for owner in owners if (method := self.method(owner, expr.attr)) is not None]
        if not found:
            owners = self.instance_classes(expr, scope)
            found += [method for owner in owners if (method := self._entry(owner)) is not None]
        return found

    def instance_classes(self, expr: ast.expr, scope: Scope, depth: int = _DEPTH) -> list[ast.ClassDef]:
        """Classes of this file that ``expr`` is an instance of: ``self``, ``Net()``, or what holds one."""
        if depth <= 0:
            return []
        if (owner := self.owner_of_self(expr, scope)) is not None:
            return [owner]
        match expr:
            case ast.Call(func=func, args=[inner, *_]) if "torch.compile" in self._names.of(func):
                return self.instance_classes(inner, scope, depth - 1)
            case ast.Call(
                func=ast.Attribute(value=inner, attr="to" | "cuda" | "cpu" | "eval" | "train" | "half" | "float")
            ):
                return self.instance_classes(inner, scope, depth - 1)
            case ast.Call(func=func):
                return self.classes_of(func, depth - 1)
            case ast.Name(id=name):
                found = scope.lookup(name)
                values = [item for item in found[1] if isinstance(item, ast.expr)] if found else []
                home = found[0] if found else scope
                return self._instances((home, name), [(value, home) for value in values], depth)
            case ast.Attribute(value=base, attr=attr):
                owners = self.instance_classes(base, scope, depth - 1)
                return [cls for owner in owners for cls in self._held_classes(owner, attr, depth)]
            case _:
                return []

    def _held_classes(self, owner: ast.ClassDef, attribute: str, depth: int) -> list[ast.ClassDef]:
        held = [(item.value, item.scope) for item in self.held(owner, attribute) if item.value is not None]
        return self._instances((owner, attribute), held, depth)

    def _instances(
        self, holder: tuple[Scope | ast.ClassDef, str], values: list[tuple[ast.expr, Scope]], depth: int
    ) -> list[ast.ClassDef]:
        """Classes of what a name or attribute holds; while they are looked for, the holder itself adds none."""
        if holder in self._open or len(values) > MANY:
            return []
        self._open.add(holder)
        found = [cls for value, scope in values for cls in self.instance_classes(value, scope, depth - 1)]
        self._open.discard(holder)
        return list(dict.fromkeys(found))

    def _entry(self, owner: ast.ClassDef) -> DefNode | None:
        return self.method(owner, "__call__") or self.method(owner, "forward")

    def _super_owners(self, expr: ast.expr, scope: Scope) -> list[ast.ClassDef]:
        match expr:
            case ast.Call(func=ast.Name(id="super")):
                function = scope.function
                info = self._walked.functions.get(function.node) if function is not None else None
                return list(self.bases(info.owner)) if info is not None and info.owner is not None else []
            case _:
                return []

    def _definitions(self, expr: ast.expr, depth: int) -> list[ast.AST]:
        """Definitions that a name stands for, through plain aliases."""
        if depth <= 0 or not isinstance(expr, ast.Name) or (scope := self._walked.name_scope.get(expr)) is None:
            return []
        found = scope.lookup(expr.id)
        if found is None or len(found[1]) > MANY or (found[0].node, expr.id) in self._named:
            return []
        self._named.add((found[0].node, expr.id))
        out = [item for binding in found[1] for item in self._definition(binding, expr, depth)]
        self._named.discard((found[0].node, expr.id))
        return list(dict.fromkeys(out))

    def _definition(self, binding: Binding, user: ast.Name, depth: int) -> list[ast.AST]:
        if isinstance(binding, (*DEFS, ast.ClassDef)):
            return [binding]
        if isinstance(binding, ast.Name) and isinstance(binding.ctx, ast.Load) and binding is not user:
            return self._definitions(binding, depth - 1)
        return []
