"""Attributes of the instances of a class: in which methods they are set, and to what."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def is_constant(binding: ast.AST, kind: str) -> bool:
    """Whether what binds a name is a constant of a kind, such as ``int``."""
    match binding:
        case ast.AnnAssign(value=ast.expr() as value):
            return is_constant(value, kind)
        case ast.Constant(value=value):
            return type(value).__name__ == kind
        case _:
            return False


def attribute_set(owner: ast.AST | None, method: str, *, steps: bool) -> str | None:
    """The attribute that a method of a class sets at its end: to its argument, or, if it ``steps``, counting on."""
    if not isinstance(owner, ast.ClassDef):
        return None
    bodies = [each for each in owner.body if isinstance(each, ast.FunctionDef) and each.name == method]
    if len(bodies) != 1 or bodies[0].decorator_list:
        return None
    match bodies[0]:
        case ast.FunctionDef(
            args=ast.arguments(args=[me, given]), body=[*_, ast.Assign(targets=[target], value=value)]
        ):
            is_it = isinstance(value, ast.Name) and value.id == given.arg and not steps
        case ast.FunctionDef(
            args=ast.arguments(args=[me]), body=[*_, ast.AugAssign(target=target, op=op, value=value)]
        ):
            is_it = steps and isinstance(op, (ast.Add, ast.Sub)) and is_constant(value, "int")
        case _:
            return None
    plain = all(isinstance(each, (ast.Assign, ast.AugAssign, ast.Expr)) for each in bodies[0].body)
    match target:
        case ast.Attribute(value=ast.Name(id=name), attr=attribute) if is_it and plain and name == me.arg:
            return attribute
        case _:
            return None


def starts_as(owner: ast.AST | None, attribute: str, kind: str, *, also: str = "") -> bool:
    """Whether a class sets an attribute once, in ``__init__``, to a constant of a kind, and ``also`` in one method."""
    set_to = [(method, value) for method, value in _settings_of(owner, attribute) if not also or method != also]
    return len(set_to) == 1 and set_to[0][0] == "__init__" and is_constant(set_to[0][1], kind)


def _settings_of(owner: ast.AST | None, attribute: str) -> Iterator[tuple[str, ast.AST]]:
    """What a class assigns to attributes of this name, with the names of its methods."""
    for method in owner.body if isinstance(owner, ast.ClassDef) else ():
        for part in ast.walk(method):
            match part:
                case ast.Assign(targets=targets, value=value):
                    pass
                case ast.AnnAssign(target=only, value=ast.expr() as value) | ast.AugAssign(target=only, value=value):
                    targets = [only]
                case _:
                    continue
            if any(isinstance(each, ast.Attribute) and each.attr == attribute for each in targets):
                yield getattr(method, "name", ""), value
