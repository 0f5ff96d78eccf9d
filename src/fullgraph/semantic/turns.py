"""What is another value at every turn of a loop, by what stands in it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Loop: TypeAlias = "ast.For | ast.While"
BindingsOf: TypeAlias = Callable[[str], Sequence[object]]
"""Gives what binds a name in the function, or the module, that a loop stands in (`scopes.Binding`)."""

LIMIT = 8
"""How many compiled versions of a function torch keeps."""
_GROWS = frozenset({"append", "appendleft", "extend", "insert"})
_SHRINKS = frozenset({"clear", "pop", "popitem", "popleft", "remove"})
NAMED = frozenset({"named_buffers", "named_modules", "named_parameters"})
"""Methods that go through names, of which a model has many."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A loop, and what is another value at each turn of it."""

    loop: Loop
    around: ast.AST
    """The function, or the module, that the loop stands in."""
    bindings: BindingsOf

    @property
    def may_be_many(self) -> bool:
        """Whether there may be more turns than there are compiled versions."""
        return may_be_long(self.loop)

    def counts(self, name: str) -> bool:
        """Whether a name is a number that the loop counts, further than there are compiled versions."""
        match self.loop:
            case ast.For(target=ast.Name(id=target), iter=ast.Call(func=ast.Name(id="range"), args=arguments)):
                if target == name:
                    return not _is_short(arguments) and not self._bound(name)
            case ast.For(target=ast.Tuple(elts=[ast.Name(id=target), _]), iter=ast.Call(func=ast.Name(id="enumerate"))):
                if target == name:
                    return not self._bound(name)
            case _:
                pass
        return self._is_counted_by_hand(name) and self.may_be_many

    def writes_another_text(self, expr: ast.expr) -> bool:
        """Whether an expression is another string at each turn: one with what the loop counts in it."""
        return self.names_text(expr, {})

    def change_of(self, name: str) -> ast.stmt | None:
        """The one statement, under no condition, that gives a name another value; None if it is not one."""
        bound = self._bound(name)
        if len(bound) != 1:
            return None
        place = _start(bound[0])
        found = next((each for each in self.loop.body if _start(each) <= place <= _end(each)), None)
        return found if isinstance(found, (ast.Assign, ast.AugAssign, ast.AnnAssign)) else None

    def names_text(self, argument: ast.expr, names: Mapping[str, Sequence[object]]) -> bool:
        """Whether an argument is another string at every turn, of many; ``names`` are bound by the module."""
        match argument:
            case ast.JoinedStr(values=parts):
                values = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
                return any(isinstance(each, ast.Name) and self.counts(each.id) for each in values)
            case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
                return self.counts(name)
            case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod(), right=ast.Name(id=name)):
                return self.counts(name)
            case ast.Name(id=name):
                match self.change_of(name):
                    case ast.Assign(targets=[ast.Name()], value=value) if not isinstance(value, ast.Name):
                        return self.names_text(value, names)
                    case _:
                        return self._goes_through_texts(name, names)
            case _:
                return False

    def grows_list(self, name: str) -> bool:
        """Whether a name is a list that only ever grows, and does so at every turn."""
        return (
            any(_adds_to(each, name) for each in self.loop.body)
            and self.may_be_many
            and self._begins_empty(name, (ast.List, "list"))
        )

    def grows_dict(self, name: str) -> bool:
        """Whether a name is a dict that only ever gets keys, another one at every turn."""
        for statement in self.loop.body:
            match statement:
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=target), slice=key)]) if target == name:
                    is_counted = isinstance(key, ast.Name) and self.counts(key.id)
                    is_another = is_counted or self.names_text(key, {})
                    return is_another and self.may_be_many and self._begins_empty(name, (ast.Dict, "dict"))
                case _:
                    continue
        return False

    def _bound(self, name: str) -> list[ast.AST]:
        """What binds a name in the body of the loop; a binding of which the place is not known counts as one."""
        first, last = _start(self.loop.body[0]), _end(self.loop.body[-1])
        found = [each if isinstance(each, ast.AST) else ast.Pass() for each in self.bindings(name)]
        return [each for each in found if not hasattr(each, "lineno") or first <= _start(each) <= last]

    def _is_counted_by_hand(self, name: str) -> bool:
        """Whether a number that is set before the loop is stepped on at every turn."""
        bindings = self.bindings(name)
        if len(bindings) != 2 or (statement := self.change_of(name)) is None or not is_step(statement):
            return False
        before = [each for each in bindings if isinstance(each, ast.Constant) and each.lineno < self.loop.lineno]
        return [type(each.value) for each in before] == [int]

    def _begins_empty(self, name: str, made_by: tuple[type[ast.expr], str]) -> bool:
        """Whether a name is set once, before the loop, to what is made in place, and nothing takes anything out."""
        kind, maker = made_by
        match self.bindings(name):
            case [ast.AnnAssign(value=ast.expr() as value)] | [ast.expr() as value]:
                is_called = isinstance(value, ast.Call) and ast.unparse(value.func) == maker
                is_before = value.lineno < self.loop.lineno
                return is_before and (isinstance(value, kind) or is_called) and not _shrinks(self.around, name)
            case _:
                return False

    def _goes_through_texts(self, name: str, names: Mapping[str, Sequence[object]]) -> bool:
        """Whether a name is what the loop takes from strings, of which there are many."""
        match self.loop:
            case ast.For(
                target=ast.Tuple(elts=[ast.Name(id=target), _]), iter=ast.Call(func=ast.Attribute(attr=method))
            ):
                return target == name and method in NAMED and not self._bound(name)
            case ast.For(target=ast.Name(id=target), iter=source) if target == name:
                if isinstance(source, ast.Name):
                    bound = names.get(source.id, ())
                    source = bound[0] if len(bound) == 1 and isinstance(bound[0], ast.expr) else source
                return _has_many_texts(source) and not self._bound(name)
            case _:
                return False


def may_be_long(loop: Loop) -> bool:
    """Whether a loop may have more turns than there are compiled versions, as far as it says."""
    match loop:
        case ast.For(iter=ast.Call(func=ast.Name(id="range"), args=arguments)):
            return not _is_short(arguments)
        case ast.For(iter=ast.Tuple(elts=parts) | ast.List(elts=parts)):
            return len(parts) > LIMIT
        case ast.While(test=test):
            return not any(isinstance(part, ast.Constant) and part.value is False for part in ast.walk(test))
        case _:
            return True


def is_step(statement: ast.stmt) -> bool:
    """Whether a statement adds a whole number to what it assigns."""
    match statement:
        case ast.AugAssign(op=ast.Add() | ast.Sub(), value=ast.Constant(value=int(number))):
            return number != 0 and not isinstance(number, bool)
        case ast.Assign(targets=[target], value=ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=ast.Constant())):
            return ast.unparse(left) == ast.unparse(target)
        case _:
            return False


def _shrinks(around: ast.AST, name: str) -> bool:
    """Whether something is taken out of a list or dict."""
    for part in ast.walk(around):
        match part:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)):
                if owner == name and method in _SHRINKS:
                    return True
            case ast.Subscript(value=ast.Name(id=owner), ctx=ast.Del()) if owner == name:
                return True
            case ast.Subscript(value=ast.Name(id=owner), slice=ast.Slice(), ctx=ast.Store()) if owner == name:
                return True
            case ast.Delete(targets=targets):
                if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                    return True
            case _:
                continue
    return False


def _adds_to(statement: ast.stmt, name: str) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method), args=[_, *_])):
            return owner == name and method in _GROWS
        case _:
            return False


def _has_many_texts(source: ast.expr) -> bool:
    match source:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            pass
        case ast.Dict(keys=keys):
            parts = [each for each in keys if each is not None]
        case _:
            return False
    texts = {part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)}
    return len(texts) > LIMIT


def _is_short(arguments: list[ast.expr]) -> bool:
    """Whether a ``range`` of constants has no more numbers than there are compiled versions."""
    numbers = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, int)]
    return len(numbers) == len(arguments) and len(range(*numbers)) <= LIMIT


def _start(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", None) or 0, getattr(node, "end_col_offset", None) or 0
