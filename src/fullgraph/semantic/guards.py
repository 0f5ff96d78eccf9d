"""What keeps code from failing where a name is missing: questions about names and versions, and handlers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from functools import cached_property

from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS
from fullgraph.semantic.walk import Walked

_OF_NAMES = frozenset({"builtins.AttributeError", "builtins.ImportError", "builtins.ModuleNotFoundError"})
"""What a missing name raises."""
_CAUGHT = _OF_NAMES | {"builtins.BaseException", "builtins.Exception"}
_OF_VERSIONS = re.compile(
    r"version|available|torch_?(ge|gt|le|lt|eq|greater|less|newer|older|min|at_least)|"
    r"is_torch|(with|has|supports?|is)_?(pt|torch)|(pt|torch)_?v?\d",
    re.IGNORECASE,
)
_A_VERSION = re.compile(r"v?\d+\.\d+(\.\w+)*")
_ASKING = frozenset({"find_spec", "getattr", "hasattr"})
_SETS_UP = frozenset({"__init__", "__new__", "__post_init__", "setUp", "setUpClass", "setup", "setup_class"})
"""Methods that run before the others."""
_DEPTH = 2
"""How many assignments are followed from a name in a condition to the comparison of versions that it stands for."""


class Guards:
    """The guards of one file."""

    def __init__(self, walked: Walked, names: Names, parents: Parents) -> None:
        self._walked = walked
        self._names = names
        self._parents = parents
        self._guarding_classes: dict[ast.ClassDef, bool] = {}

    def covers(self, node: ast.AST, path: str, *, broad: bool = True) -> bool:
        """Whether the use of ``path`` at ``node`` is guarded, or only type checkers read it.

        ``broad``: whether a handler counts that catches a missing name along with everything else.
        """
        caught = _CAUGHT if broad else _OF_NAMES
        if not self._asked_names.isdisjoint(path.split(".")[1:]):
            return True
        child, parent = node, self._parents.get(node)
        while parent is not None:
            if self._is_unevaluated(parent, child) or self._guards(parent, child, caught):
                return True
            child, parent = parent, self._parents.get(parent)
        return False

    @cached_property
    def _asked_names(self) -> frozenset[str]:
        """Every part of the literal names in ``hasattr(x, "a")``, ``getattr(x, "a", y)`` and ``find_spec("a.b")``."""
        found: set[str] = set()
        for call, _ in self._walked.calls_of(_ASKING):
            match call:
                case (
                    ast.Call(func=ast.Name(id="hasattr"), args=[_, ast.Constant(value=str(name))])
                    | ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), _])
                    | ast.Call(
                        func=ast.Name(id="find_spec") | ast.Attribute(attr="find_spec"),
                        args=[ast.Constant(value=str(name)), *_],
                    )
                ):
                    found.update(name.split("."))
                case _:
                    continue
        return frozenset(found)

    def _is_unevaluated(self, parent: ast.AST, child: ast.AST) -> bool:
        match parent:
            case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"), body=body):
                return child in body
            case ast.arg(annotation=annotation) | ast.AnnAssign(annotation=annotation):
                return child is annotation and self._postpones_annotations
            case ast.FunctionDef(returns=returns) | ast.AsyncFunctionDef(returns=returns):
                return child is returns and self._postpones_annotations
            case _:
                return False

    @property
    def _postpones_annotations(self) -> bool:
        return "__future__.annotations" in self._walked.root.bindings.get("annotations", ())

    def _guards(self, parent: ast.AST, child: ast.AST, caught: frozenset[str]) -> bool:
        """Whether what stands around ``child`` deals with a missing name, in one of the common spellings."""
        match parent:
            case ast.Try(body=body, handlers=handlers) if child in body:
                return any(self._catches(handler.type, caught) for handler in handlers)
            case ast.ExceptHandler():
                return True
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                return self._asks([test]) or self._stands_after_exit(parent, child)
            case ast.BoolOp(values=values):
                return self._asks(value for value in values if value is not child)
            case ast.With(items=items):
                suppressed = any(self._suppresses(item.context_expr, caught) for item in items)
                return suppressed or self._stands_after_exit(parent, child)
            case ast.ClassDef() if isinstance(child, DEFS) and self._class_asks(parent, child):
                return True
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return self._asks(parent.decorator_list) or self._stands_after_exit(parent, child)
            case _:
                return self._stands_after_exit(parent, child)

    def _catches(self, kind: ast.expr | None, caught: frozenset[str]) -> bool:
        if kind is None:
            return caught is _CAUGHT
        kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
        return any(not caught.isdisjoint(self._names.of(each)) for each in kinds)

    def _suppresses(self, manager: ast.expr, caught: frozenset[str]) -> bool:
        match manager:
            case ast.Call(func=func, args=kinds):
                return "contextlib.suppress" in self._names.of(func) and any(
                    self._catches(kind, caught) for kind in kinds
                )
            case _:
                return False

    def _class_asks(self, owner: ast.ClassDef, method: ast.AST) -> bool:
        """Whether a class keeps in a flag what torch has, or refuses some versions before ``method`` can run."""
        if owner not in self._guarding_classes:
            self._guarding_classes[owner] = any(map(self._sets_flag, ast.walk(owner)))
        return self._guarding_classes[owner] or any(
            self._refuses(part)
            for each in owner.body
            if isinstance(each, DEFS) and each.name in _SETS_UP and each is not method
            for part in ast.walk(each)
        )

    def _sets_flag(self, part: ast.AST) -> bool:
        """Whether ``part`` assigns the answer to a question about torch to an attribute, of a class or an instance."""
        match part:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                of_class = isinstance(target, ast.Name) and isinstance(self._parents.get(part), ast.ClassDef)
                questions = [each for each in ast.walk(value) if isinstance(each, (ast.Call, ast.Compare))]
                return (of_class or isinstance(target, ast.Attribute)) and any(map(self._asks_torch, questions))
            case _:
                return False

    def _asks_torch(self, question: ast.Call | ast.Compare) -> bool:
        """Whether this asks what torch has, or which version it is."""
        match question:
            case ast.Call(func=ast.Name(id="hasattr" | "getattr"), args=[owner, *_]):
                return self._is_torch(owner)
            case ast.Call(args=arguments):
                return any(_is_version(each) for each in arguments)
            case ast.Compare():
                return any(_is_version(part) or self._is_torch_version(part) for part in ast.walk(question))

    def _is_torch_version(self, part: ast.AST) -> bool:
        match part:
            case ast.Attribute(attr="__version__"):
                return self._is_torch(part)
            case ast.Name(id=word) | ast.Attribute(attr=word):
                return "torch" in word.lower() and _OF_VERSIONS.search(word) is not None
            case _:
                return False

    def _refuses(self, statement: ast.AST) -> bool:
        """Whether this is an assertion about versions, or a way out for some."""
        match statement:
            case ast.Assert(test=test):
                return self._asks([test])
            case ast.If(test=test, body=[*_, last]) if _leaves(last):
                return self._asks([test])
            case _:
                return False

    def _stands_after_exit(self, parent: ast.AST, child: ast.AST) -> bool:
        """Whether, in the same body, an ``assert`` or a way out for some versions stands before ``child``."""
        fields = (getattr(parent, name, None) for name in ("body", "orelse"))
        for statement in next((body for body in fields if isinstance(body, list) and child in body), ()):
            if statement is child:
                return False
            if self._refuses(statement):
                return True
        return False

    def _asks(self, conditions: Iterable[ast.expr], depth: int = _DEPTH) -> bool:
        """Whether a condition is about versions or what torch has, or names what is assigned such a condition."""
        for part in (part for condition in conditions for part in ast.walk(condition)):
            match part:
                case ast.Name(id=word) | ast.Attribute(attr=word) if _OF_VERSIONS.search(word):
                    return True
                case ast.Constant() if _is_version(part):
                    return True
                case ast.Call(func=ast.Name(id="hasattr" | "getattr"), args=[owner, *_]) if self._is_torch(owner):
                    return True
                case ast.Name() if depth and self._asks(self._assigned(part), depth - 1):
                    return True
                case _:
                    continue
        return False

    def _is_torch(self, owner: ast.expr) -> bool:
        return any(f"{path}.".startswith("torch.") for path in self._names.of(owner))

    def _assigned(self, name: ast.Name) -> list[ast.expr]:
        scope = self._walked.name_scope.get(name)
        found = scope.lookup(name.id) if scope is not None else None
        return [item for item in found[1] if isinstance(item, ast.expr)] if found is not None else []


def _is_version(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_A_VERSION.fullmatch(node.value))


def _leaves(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.Expr(value=ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name))):
            return "exit" in name or "skip" in name
        case _:
            return False
