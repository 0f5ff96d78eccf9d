"""What names and attributes of one file hold, once what `torch.compile` returned has been put there."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS, Binding, DefNode, Scope
from fullgraph.semantic.walk import AttributeAssignment, Walked

COMPILE = "torch.compile"
_DEPTH = 6
"""How many names, attributes and properties are followed."""
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
STARTS = frozenset({"__init__", "__new__", "__post_init__"})
"""Methods that set up an instance."""
_PROPERTIES = ("builtins.property", "functools.cached_property")


class Compiled:
    """Answers about compiled values of one walked file. What may be overwritten before it is used is not known."""

    def __init__(self, walked: Walked, names: Names, classes: Classes, parents: Parents) -> None:
        self._walked = walked
        self._names = names
        self._classes = classes
        self._parents = parents
        self._calls: dict[tuple[ast.expr, Scope], ast.Call | None] = {}
        """What was found behind expressions."""

    def call_behind(self, expr: ast.expr, scope: Scope) -> ast.Call | None:
        """The ``torch.compile(x)`` whose outcome ``expr`` is, once that has run; None if it is anything else."""
        if not self._may_hold(expr):
            return None
        key = expr, scope
        if key not in self._calls:
            self._calls[key] = self._behind(expr, scope, _DEPTH)
        return self._calls[key]

    def assigned_last(self, expr: ast.expr, scope: Scope) -> ast.AST | None:
        """What the function around it, or the module, assigned last to a name or attribute, once that has run."""
        match expr:
            case ast.Name():
                found = self._walked.name_scope.get(expr, scope).lookup(expr.id)
                is_here = found is not None and found[0].function is scope.function
                return self._last(found[1], expr) if found is not None and is_here else None
            case ast.Attribute():
                text = ast.unparse(expr)
                alike = [item for item in self._walked.attributes if item.target.attr == expr.attr]
                here = [item for item in alike if item.scope.function is scope.function]
                return self._last([item.binding for item in here if ast.unparse(item.target) == text], expr)
            case _:
                return None

    def compiles(self, call: ast.Call) -> bool:
        """Whether a call is ``torch.compile(x)``."""
        return COMPILE in self._names.of(call.func) and compiled_argument(call) is not None

    def is_compiled_method(self, name: str) -> bool:
        """Whether somewhere in the file an attribute of this name, of whatever, is assigned what is compiled."""
        return name in self._compiled_attributes

    def classes_of(self, expr: ast.expr, scope: Scope) -> tuple[ast.ClassDef, ...]:
        """Classes of this file that ``expr`` is an instance of, by what it is assigned or how it is annotated."""
        return self._instances(expr, scope, _DEPTH)

    def is_external(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether ``expr`` surely is an instance of one of torch's own modules."""
        values = self._sources(expr, scope, _DEPTH)
        return bool(values) and all(
            isinstance(value, ast.Call) and any(path.startswith("torch.nn.") for path in self._names.of(value.func))
            for value in values
        )

    # What can hold something compiled, by its last name

    @cached_property
    def _holders(self) -> frozenset[str]:
        """Names, attributes and properties that may hold something compiled."""
        named_so = {"", "compile", *self._names.bound_names(("torch",))}
        if not any(self.compiles(call) for call, _ in self._walked.calls_of(named_so)):
            return frozenset()
        held: dict[str, set[str]] = {}
        """Holders by the last name of what they are assigned."""
        found: set[str] = set()
        for target, value in self._assigned():
            if any(self.compiles(call) for call in _calls_of(value)):
                found.add(target)
            elif (last := _last_name(value)) is not None:
                held.setdefault(last, set()).add(target)
        todo = list(found)
        while todo:
            new = held.get(todo.pop(), set()) - found
            found |= new
            todo += new
        return frozenset(found)

    def _assigned(self) -> Iterator[tuple[str, ast.expr]]:
        for target, value in self._walked.aliases:
            yield target.id, value
        for item in self._walked.attributes:
            if item.value is not None:
                yield item.target.attr, item.value
        for info in self._walked.functions.values():
            if info.owner is not None and (returned := _only_return(info.node)) is not None:
                yield info.node.name, returned

    @cached_property
    def _compiled_attributes(self) -> frozenset[str]:
        return frozenset(
            item.target.attr
            for item in self._walked.attributes
            if item.value is not None and any(self.compiles(call) for call in _calls_of(item.value))
        )

    def _may_hold(self, expr: ast.expr) -> bool:
        last = _last_name(expr)
        return last in self._holders if last is not None else isinstance(expr, ast.Call)

    # What an expression holds

    def _behind(self, expr: ast.expr, scope: Scope, depth: int) -> ast.Call | None:
        if depth <= 0:
            return None
        match expr:
            case ast.Call(func=func, args=[_, value]) if "typing.cast" in self._names.of(func):
                return self._behind(value, scope, depth - 1)
            case ast.Call():
                return expr if self.compiles(expr) else None
            case ast.IfExp(body=body, orelse=orelse):
                return self._behind(body, scope, depth - 1) or self._behind(orelse, scope, depth - 1)
            case ast.Name():
                return self._behind_name(expr, scope, depth)
            case ast.Attribute():
                return self._behind_attribute(expr, scope, depth)
            case _:
                return None

    def _behind_name(self, name: ast.Name, scope: Scope, depth: int) -> ast.Call | None:
        home = self._walked.name_scope.get(name, scope)
        found = home.lookup(name.id)
        if found is None:
            return None
        owner, bindings = found
        value = self._last(bindings, name) if owner.function is scope.function else bindings[-1]
        if not isinstance(value, ast.expr) or value is name:
            return None
        return self._behind(value, owner, depth - 1)

    def _behind_attribute(self, expr: ast.Attribute, scope: Scope, depth: int) -> ast.Call | None:
        alike = [item for item in self._attributes.get(ast.unparse(expr), ()) if item.scope.function is scope.function]
        if alike and (value := self._last([item.binding for item in alike], expr)) is not None:
            return self._behind(value, scope, depth - 1) if isinstance(value, ast.expr) else None
        for owner in self._instances(expr.value, scope, depth - 1):
            if (method := self._classes.method(owner, expr.attr)) is not None:
                return self._behind_property(method, depth)
            if (found := self._held(owner, expr, scope, depth)) is not None:
                return found
        return None

    def _behind_property(self, method: DefNode, depth: int) -> ast.Call | None:
        is_property = any(path in _PROPERTIES for item in method.decorator_list for path in self._names.of(item))
        value = _only_return(method)
        if not is_property or value is None:
            return None
        return self._behind(value, self._walked.functions[method].scope, depth - 1)

    def _held(self, owner: ast.ClassDef, expr: ast.Attribute, scope: Scope, depth: int) -> ast.Call | None:
        """What methods other than that around ``expr`` put into the attribute, if the last of them compiles it."""
        own = scope.function
        for held in reversed(self._classes.held(owner, expr.attr)):
            if held.value is None or held.scope.function is own:
                continue
            if own is not None and getattr(own.node, "name", "") in STARTS:
                continue
            if (found := self._behind(held.value, held.scope, depth - 1)) is not None:
                return found
        return None

    @cached_property
    def _attributes(self) -> dict[str, list[AttributeAssignment]]:
        """Assignments to attributes of the names that hold something compiled, by the text of their target."""
        found: dict[str, list[AttributeAssignment]] = {}
        for item in self._walked.attributes:
            if item.target.attr in self._holders:
                found.setdefault(ast.unparse(item.target), []).append(item)
        return found

    def _last(self, bindings: Iterable[Binding], user: ast.expr) -> ast.AST | None:
        """What was assigned last where ``user`` stands, if that surely reaches it."""
        nodes = [item for item in bindings if isinstance(item, ast.AST)]
        before = [item for item in nodes if _end(item) < (user.lineno, user.col_offset)]
        if not before:
            return None
        last = max(before, key=_end)
        return last if self._reaches(last, user) else None

    def _reaches(self, binding: ast.AST, user: ast.AST) -> bool:
        """Whether control goes on from an assignment to its use: not where either is in a branch of its own."""
        around = {each: child for child, each in self._upwards(user)}
        for child, parent in self._upwards(binding):
            if parent in around:
                return child is around[parent] or not _are_branches(parent, child, around[parent])
            if _leaves_behind(parent, child):
                return False
        return True

    def _upwards(self, node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
        """Each node with the one that it is a part of, up to the function."""
        child, parent = node, self._parents.get(node)
        while parent is not None and not isinstance(child, DEFS):
            yield child, parent
            child, parent = parent, self._parents.get(parent)

    # Of which class it is

    def _instances(self, expr: ast.expr, scope: Scope, depth: int) -> tuple[ast.ClassDef, ...]:
        if depth <= 0:
            return ()
        if found := self._classes.instance_classes(expr, scope):
            return tuple(found)
        match expr:
            case ast.Call() if self.compiles(expr) and (inner := compiled_argument(expr)) is not None:
                return self._instances(inner, scope, depth - 1)
            case ast.Name():
                return self._annotated(self._bindings(expr, scope))
            case ast.Attribute(value=base, attr=attr):
                owners = self._instances(base, scope, depth - 1)
                return tuple(dict.fromkeys(cls for owner in owners for cls in self._member(owner, attr, depth)))
            case _:
                return ()

    def _member(self, owner: ast.ClassDef, attribute: str, depth: int) -> tuple[ast.ClassDef, ...]:
        """Classes of what an attribute or property of a class holds."""
        if (method := self._classes.method(owner, attribute)) is not None:
            value = _only_return(method)
            if method.returns is not None and (found := self._named(method.returns)):
                return found
            return self._instances(value, self._walked.functions[method].scope, depth - 1) if value is not None else ()
        held = self._classes.held(owner, attribute)
        if found := self._annotated([*self._classes.declared(owner, attribute), *(item.binding for item in held)]):
            return found
        values = [(item.value, item.scope) for item in held if item.value is not None]
        return tuple(
            dict.fromkeys(
                cls
                for value, scope in values
                if not (isinstance(value, ast.Attribute) and value.attr == attribute)
                for cls in self._instances(value, scope, depth - 1)
            )
        )

    def _bindings(self, name: ast.Name, scope: Scope) -> list[Binding]:
        found = self._walked.name_scope.get(name, scope).lookup(name.id)
        return found[1] if found is not None else []

    def _annotated(self, bindings: Iterable[Binding]) -> tuple[ast.ClassDef, ...]:
        annotations = [
            item.annotation for item in bindings if isinstance(item, (ast.arg, ast.AnnAssign)) and item.annotation
        ]
        return tuple(dict.fromkeys(cls for each in annotations for cls in self._named(each)))

    def _named(self, annotation: ast.expr) -> tuple[ast.ClassDef, ...]:
        """Classes of this file that an annotation names."""
        match annotation:
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return (*self._named(left), *self._named(right))
            case ast.Constant(value=str(text)):
                bound = self._walked.root.bindings.get(text, ())
                return tuple(item for item in bound if isinstance(item, ast.ClassDef))
            case ast.Name():
                return tuple(self._classes.classes_of(annotation))
            case _:
                return ()

    def _sources(self, expr: ast.expr, scope: Scope, depth: int) -> list[ast.expr]:
        """What was assigned to ``expr`` before it was compiled."""
        if depth <= 0:
            return []
        match expr:
            case ast.Call() if self.compiles(expr) and (inner := compiled_argument(expr)) is not None:
                return self._sources(inner, scope, depth - 1)
            case ast.Name():
                values = [item for item in self._bindings(expr, scope) if isinstance(item, ast.expr)]
            case ast.Attribute(value=base, attr=attr):
                owners = self._instances(base, scope, depth - 1)
                held = [item for owner in owners for item in self._classes.held(owner, attr)]
                values = [item.value for item in held if item.value is not None]
            case _:
                return [expr]
        compiled = [value for value in values if isinstance(value, ast.Call) and self.compiles(value)]
        return [value for value in values if value not in compiled]

    # What a method does

    def works_on_tensors(self, method: DefNode, is_tensor: Callable[[ast.expr], bool]) -> bool:
        """Whether a method surely computes: with torch, on what is a tensor, or by calling one of torch's modules."""
        scope = self._walked.functions[method].scope
        for part in ast.walk(method):
            match part:
                case ast.Call(func=func):
                    if is_tensor(part) or self._calls_module(func, scope):
                        return True
                case ast.BinOp():
                    if is_tensor(part):
                        return True
                case _:
                    continue
        return False

    def _calls_module(self, func: ast.expr, scope: Scope) -> bool:
        owner = self._classes.owner_of_self(func, scope)
        if owner is not None:
            return True
        if not isinstance(func, ast.Attribute) or (owner := self._classes.owner_of_self(func.value, scope)) is None:
            return False
        if func.attr == "forward":
            return True
        held = [item.value for item in self._classes.held(owner, func.attr)]
        calls = [value for value in held if isinstance(value, ast.Call)]
        return any(path.startswith("torch.nn.") for value in calls for path in self._names.of(value.func)) or any(
            self._classes.method(cls, "forward") for value in calls for cls in self._classes.classes_of(value.func)
        )

    def enters_compiled(self, method: DefNode) -> bool:
        """Whether a method, or what it calls, is compiled, so that its work may be."""
        if self.is_decorated(method):
            return True
        scope = self._walked.functions[method].scope
        calls = [part.func for part in ast.walk(method) if isinstance(part, ast.Call)]
        return any(
            self.call_behind(func, scope) is not None
            or (isinstance(func, ast.Attribute) and func.attr in self._compiled_attributes)
            or any(map(self.is_decorated, self._classes.functions_of(func, scope)))
            for func in calls
        )

    def is_decorated(self, function: DefNode) -> bool:
        """Whether a decorator compiles a function: ``@torch.compile``, also with arguments, and ``@partial(...)``."""
        parts = (part for decorator in function.decorator_list for part in ast.walk(decorator))
        return any(isinstance(part, (ast.Name, ast.Attribute)) and COMPILE in self._names.of(part) for part in parts)


def compiled_argument(call: ast.Call) -> ast.expr | None:
    """What a call of ``torch.compile`` is given to compile; None where it gives a decorator, or ``*`` hides it."""
    first = call.args[0] if call.args else next((item.value for item in call.keywords if item.arg == "model"), None)
    return (
        None if isinstance(first, ast.Starred) or (isinstance(first, ast.Constant) and first.value is None) else first
    )


def _calls_of(value: ast.expr) -> list[ast.Call]:
    """The calls that a value is or, as in ``cast(X, call)``, is given."""
    match value:
        case ast.Call():
            return [value, *(call for argument in value.args for call in _calls_of(argument))]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_calls_of(body), *_calls_of(orelse)]
        case _:
            return []


def _last_name(expr: ast.expr) -> str | None:
    match expr:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None


def _only_return(node: DefNode) -> ast.expr | None:
    """What a function returns whose last statement returns, and that has no other ``return``."""
    match node.body[-1]:
        case ast.Return(value=ast.expr() as value) if len(node.body) <= 3:
            return value
        case _:
            return None


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0


def _are_branches(parent: ast.AST, one: ast.AST, other: ast.AST) -> bool:
    """Whether two parts of a statement never run one after the other."""
    match parent:
        case ast.If(body=body, orelse=orelse):
            return (one in body and other in orelse) or (one in orelse and other in body)
        case ast.IfExp():
            return True
        case ast.Try(body=body):
            return one in body and isinstance(other, ast.ExceptHandler)
        case _:
            return isinstance(one, ast.match_case) and isinstance(other, ast.match_case)


def _leaves_behind(parent: ast.AST, child: ast.AST) -> bool:
    """Whether the block of ``parent`` that ``child`` stands in is left before what follows ``parent``."""
    fields = (getattr(parent, name, None) for name in ("body", "orelse", "finalbody"))
    block = next((each for each in fields if isinstance(each, list) and child in each), None)
    return block is not None and isinstance(block[-1], _LEAVES)
