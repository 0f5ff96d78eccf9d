"""What the methods of one file's classes assign to, add to and read from attributes of ``self``."""

from __future__ import annotations

import ast

from fullgraph.semantic.annotations import promise
from fullgraph.semantic.references import References
from fullgraph.semantic.relevance import HOOKS, REGISTERS, is_torch_nn
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.summary import UNKNOWN, Ref
from fullgraph.semantic.walk import Walked

_DEPTH = 12


class Held:
    """What each class holds.

    Attributes:
        attributes: references by class and attribute; ``*`` for names that are computed.
        hooks: functions that its methods register as forward hooks, by class.
        modules: classes whose methods hold ``torch.nn`` objects or register buffers.
        loads: attributes that methods read from their first parameter, by scope.
    """

    def __init__(self, walked: Walked, references: References) -> None:
        self._walked = walked
        self._references = references
        self.attributes: list[dict[str, list[Ref]]] = [{} for _ in walked.classes]
        self.hooks: list[list[Ref]] = [[] for _ in walked.classes]
        self.modules: set[int] = set()
        self.loads: dict[Scope, set[str]] = {}

    def collect(self) -> None:
        """Look at all that methods do."""
        if not self._walked.classes:
            return
        self._collect_assigned()
        for call, scope in self._references.notable:
            self._collect_from_call(call, scope)
        for name in {name for name, _ in self._references.selves.values()}:
            self._collect_loads(name)

    def add(self, cls: int, name: str, ref: Ref) -> None:
        """Note that an attribute may hold something, if it is known."""
        if ref:
            self.attributes[cls].setdefault(name, []).append(ref)

    def _collect_assigned(self) -> None:
        references = self._references
        for item in self._walked.attributes:
            owner = references.owner_of(item.target.value, item.scope)
            if owner is None:
                continue
            name, value, binding = item.target.attr, item.value, item.binding
            if value is not None:
                self.add(owner, name, references.ref(value, item.scope))
                if (
                    owner not in self.modules
                    and isinstance(value, ast.Call)
                    and is_torch_nn(references.ref(value.func, item.scope))
                ):
                    self.modules.add(owner)
            if isinstance(binding, ast.AnnAssign):
                self.add(owner, name, promise(binding.annotation, item.scope, references, _DEPTH))
        for target, value, scope in self._walked.items:
            base = target.value
            if isinstance(base, ast.Attribute) and (owner := references.owner_of(base.value, scope)) is not None:
                ref = references.ref(value, scope)
                self.add(owner, base.attr, ("[", (ref,)) if ref else UNKNOWN)

    def _collect_loads(self, name: str) -> None:
        """Note the attributes that chains beginning with a name read, where it is ``self``."""
        selves, name_scope = self._references.selves, self._walked.name_scope
        methods: dict[Scope, set[str] | None] = {}
        for outermost in self._walked.chains.get(name, ()):
            if outermost.__class__ is ast.Name:
                continue
            chain: ast.expr = outermost
            path = ""
            while isinstance(chain, ast.Attribute):
                path = f"{chain.attr}.{path}" if path else chain.attr
                chain = chain.value
            scope = name_scope[chain]  # type: ignore[index]
            if scope not in methods:
                found = scope.lookup(name)
                is_self = found is not None and selves.get(found[0], ("",))[0] == name
                methods[scope] = self.loads.setdefault(found[0], set()) if found is not None and is_self else None
            if (loads := methods[scope]) is not None:
                loads.add(path)

    def _collect_from_call(self, call: ast.Call, scope: Scope) -> None:
        """Note what a call adds to an attribute of ``self``: ``self.layers.append(x)``, ``setattr(self, n, x)``."""
        references = self._references
        match call:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(value=base, attr=attr), attr="append" | "insert" | "extend" as method
                ),
                args=[*_, added],
            ):
                owner = references.owner_of(base, scope)
                ref = references.ref(added, scope) if owner is not None else UNKNOWN
                if owner is not None and ref:
                    self.add(owner, attr, ref if method == "extend" else ("[", (ref,)))
            case ast.Call(func=ast.Name(id="setattr"), args=[base, name, value]):
                self._set_by_name(base, name, value, scope)
            case ast.Call(func=ast.Attribute(value=base, attr=attr), args=[name, value, *_]) if attr in REGISTERS:
                self._set_by_name(base, name, value, scope, registers=True)
            case ast.Call(func=ast.Attribute(value=base, attr=attr), args=[hook, *_]) if attr in HOOKS:
                while isinstance(base, ast.Attribute):
                    base = base.value
                owner = references.owner_of(base, scope)
                if owner is not None and (ref := references.ref(hook, scope)):
                    self.hooks[owner].append(ref)
            case _:
                return

    def _set_by_name(
        self, base: ast.expr, name: ast.expr, value: ast.expr, scope: Scope, *, registers: bool = False
    ) -> None:
        """``setattr(self, name, value)`` and the like."""
        owner = self._references.owner_of(base, scope)
        if owner is None:
            return
        if registers:
            self.modules.add(owner)
        known = name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else "*"
        self.add(owner, known, self._references.ref(value, scope))
