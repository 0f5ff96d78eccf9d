"""What is another value at every turn of a loop, by what stands in it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Loop: TypeAlias = "ast.For | ast.While"

LIMIT = 8
"""How many compiled versions of a function torch keeps."""
_GROWS = frozenset({"append", "appendleft", "extend", "insert"})
_SHRINKS = frozenset({"clear", "pop", "popitem", "popleft", "remove"})
_NAMED = frozenset({"named_buffers", "named_modules", "named_parameters"})
"""Methods that go through names, of which a model has many."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A loop, and what is another value at each turn of it."""

    loop: Loop
    around: ast.AST
    """The function, or the module, that the loop stands in."""

    @property
    def may_be_many(self) -> bool:
        """Whether there may be more turns than there are compiled versions."""
        return may_be_long(self.loop)

    def counts(self, name: str) -> bool:
        """Whether a name is a number that the loop counts, further than there are compiled versions."""
        return counts(self.loop, name, self.around)

    def writes_another_text(self, expr: ast.expr) -> bool:
        """Whether an expression is another string at each turn: one with what the loop counts in it."""
        return names_text(self.loop, expr, self.around, {})

    def change_of(self, name: str) -> ast.stmt | None:
        """The one statement, under no condition, that gives a name another value; None if it is not one."""
        return changed_each_turn(self.loop, name)


def counts(loop: Loop, name: str, around: ast.AST) -> bool:
    """Whether a name in the code around a loop is a number that the loop counts, and nothing else in there."""
    match loop:
        case ast.For(target=ast.Name(id=target), iter=ast.Call(func=ast.Name(id="range"), args=arguments)):
            if target == name:
                return not _is_short(arguments) and not any(_stores(loop.body, name))
        case ast.For(target=ast.Tuple(elts=[ast.Name(id=target), _]), iter=ast.Call(func=ast.Name(id="enumerate"))):
            if target == name:
                return not any(_stores(loop.body, name))
        case _:
            pass
    return may_be_long(loop) and _is_counted_by_hand(loop, name, around)


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


def changed_each_turn(loop: Loop, name: str) -> ast.stmt | None:
    """The one statement of the loop, under no condition, that gives a name another value; None if it is not one."""
    changes = [each for each in loop.body if any(_stores([each], name))]
    if len(changes) != 1 or sum(1 for _ in _stores(loop.body, name)) != 1:
        return None
    return changes[0] if isinstance(changes[0], (ast.Assign, ast.AugAssign, ast.AnnAssign)) else None


def is_step(statement: ast.stmt) -> bool:
    """Whether a statement adds a whole number to what it assigns."""
    match statement:
        case ast.AugAssign(op=ast.Add() | ast.Sub(), value=ast.Constant(value=int(number))):
            return number != 0 and not isinstance(number, bool)
        case ast.Assign(targets=[target], value=ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=ast.Constant())):
            return ast.unparse(left) == ast.unparse(target)
        case _:
            return False


def names_text(loop: Loop, argument: ast.expr, around: ast.AST, names: Mapping[str, Sequence[object]]) -> bool:
    """Whether an argument is another string at every turn of a loop, and there are many."""
    match argument:
        case ast.JoinedStr(values=parts):
            values = [part.value for part in parts if isinstance(part, ast.FormattedValue)]
            return any(isinstance(each, ast.Name) and counts(loop, each.id, around) for each in values)
        case ast.Call(func=ast.Name(id="str"), args=[ast.Name(id=name)]):
            return counts(loop, name, around)
        case ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod(), right=ast.Name(id=name)):
            return counts(loop, name, around)
        case ast.Name(id=name):
            match changed_each_turn(loop, name):
                case ast.Assign(targets=[ast.Name()], value=value) if not isinstance(value, ast.Name):
                    return names_text(loop, value, around, names)
                case _:
                    return _goes_through_texts(loop, name, names)
        case _:
            return False


def grows_list(loop: Loop, name: str, around: ast.AST) -> bool:
    """Whether a name is a list that only ever grows, and does so at every turn."""
    return (
        may_be_long(loop)
        and _begins_empty(loop, name, around, (ast.List, "list"))
        and any(map(_adds_to(name), loop.body))
    )


def grows_dict(loop: Loop, name: str, around: ast.AST) -> bool:
    """Whether a name is a dict that only ever gets keys, another one at every turn."""
    if not may_be_long(loop) or not _begins_empty(loop, name, around, (ast.Dict, "dict")):
        return False
    for statement in loop.body:
        match statement:
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=target), slice=key)]) if target == name:
                return (isinstance(key, ast.Name) and counts(loop, key.id, around)) or names_text(loop, key, around, {})
            case _:
                continue
    return False


def _begins_empty(loop: Loop, name: str, around: ast.AST, made_by: tuple[type[ast.expr], str]) -> bool:
    """Whether a name is set once, before the loop, to what is made in place, and nothing takes anything out of it."""
    kind, maker = made_by
    stores = list(_stores([around], name))
    if len(stores) != 1 or not (stores[0].lineno < loop.lineno):
        return False
    made = False
    for part in ast.walk(around):
        match part:
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=value):
                if target is stores[0]:
                    is_called = isinstance(value, ast.Call) and ast.unparse(value.func) == maker
                    made = isinstance(value, kind) or is_called
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method)):
                if owner == name and method in _SHRINKS:
                    return False
            case ast.Subscript(value=ast.Name(id=owner), ctx=ast.Del()) if owner == name:
                return False
            case ast.Subscript(value=ast.Name(id=owner), slice=ast.Slice(), ctx=ast.Store()) if owner == name:
                return False
            case _:
                continue
    return made


def _adds_to(name: str) -> Callable[[ast.stmt], bool]:
    def adds(statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=method), args=[_, *_])):
                return owner == name and method in _GROWS
            case _:
                return False

    return adds


def _goes_through_texts(loop: Loop, name: str, names: Mapping[str, Sequence[object]]) -> bool:
    """Whether a name is what the loop takes from strings, of which there are many."""
    if any(_stores(loop.body, name)):
        return False
    match loop:
        case ast.For(target=ast.Tuple(elts=[ast.Name(id=target), _]), iter=ast.Call(func=ast.Attribute(attr=method))):
            return target == name and method in _NAMED
        case ast.For(target=ast.Name(id=target), iter=source) if target == name:
            if isinstance(source, ast.Name):
                bound = names.get(source.id, ())
                source = bound[0] if len(bound) == 1 and isinstance(bound[0], ast.expr) else source
            return _has_many_texts(source)
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


def _is_counted_by_hand(loop: Loop, name: str, around: ast.AST) -> bool:
    """Whether a number that is set before the loop is stepped on at every turn."""
    statement = changed_each_turn(loop, name)
    if statement is None or not is_step(statement):
        return False
    before = [part for part in ast.walk(around) if isinstance(part, ast.Assign) and part.lineno < loop.lineno]
    set_to = [part.value for part in before for target in part.targets if _is_named(target, name)]
    stores = sum(1 for _ in _stores([around], name))
    return stores == 2 and [type(each.value) for each in set_to if isinstance(each, ast.Constant)] == [int]


def _is_named(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _stores(statements: Sequence[ast.AST], name: str) -> Iterator[ast.Name]:
    for statement in statements:
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, (ast.Store, ast.Del)):
                yield part


def _is_short(arguments: list[ast.expr]) -> bool:
    """Whether a ``range`` of constants has no more numbers than there are compiled versions."""
    numbers = [each.value for each in arguments if isinstance(each, ast.Constant) and isinstance(each.value, int)]
    return len(numbers) == len(arguments) and len(range(*numbers)) <= LIMIT
