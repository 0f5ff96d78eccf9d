"""What each call of a function comes to, whatever it is given, as far as one file says."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from fullgraph.semantic.classes import Classes
from fullgraph.semantic.scopes import DEFS, DefNode
from fullgraph.semantic.walk import Walked

_MOST_FUNCTIONS = 40
_MAYBE = (ast.IfExp, ast.BoolOp, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LEAVES = (ast.Return, ast.Break, ast.Continue, ast.Yield, ast.YieldFrom)
_TYPES = (ast.Try, getattr(ast, "TryStar", ast.Try))


class Surely:
    """Answers for the functions of one walked file."""

    def __init__(self, walked: Walked, classes: Classes) -> None:
        self._walked = walked
        self._classes = classes

    def places(self, function: DefNode) -> tuple[ast.AST, ...]:
        """Simple statements and expressions that each call of ``function`` evaluates, there or further down."""
        found: list[ast.AST] = []
        todo, seen = [function], {function}
        while todo and len(seen) <= _MOST_FUNCTIONS:
            current = todo.pop(0)
            if _is_lazy(current):
                continue
            run = _Run()
            run.block(current.body)
            found += run.places
            scope = self._walked.functions[current].scope
            for call in run.calls():
                entered = self._classes.functions_of(call.func, scope)
                if len(entered) == 1 and entered[0] not in seen and self._is_plain(entered[0], call):
                    seen.add(entered[0])
                    todo.append(entered[0])
        return tuple(found)

    def _is_plain(self, function: DefNode, call: ast.Call) -> bool:
        """Whether a call surely enters this very function: nothing wraps it, and no other class has its own."""
        if function.decorator_list:
            return False
        if self._walked.functions[function].owner is None or not isinstance(call.func, ast.Attribute):
            return True
        alike = [info for info in self._walked.functions.values() if info.owner and info.node.name == function.name]
        return len(alike) == 1 or function.name != call.func.attr


@dataclass(slots=True)
class _Run:
    """One run through a function's statements, as far as each call gets."""

    places: list[ast.AST] = field(default_factory=list)

    def calls(self) -> Iterator[ast.Call]:
        """The calls that are surely made."""
        for place in self.places:
            yield from (part for part in ast.walk(place) if isinstance(part, ast.Call))

    def block(self, statements: Iterable[ast.stmt]) -> bool:
        """Go through a block; whether what follows it is surely come to."""
        return all(map(self.statement, statements))

    def statement(self, statement: ast.stmt) -> bool:
        """Go through a statement; whether what follows it is surely come to."""
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return True
            case ast.If(test=first) | ast.While(test=first) | ast.Match(subject=first):
                self.places += _evaluated(first)
                return not _may_leave(statement)
            case ast.For(iter=first, body=body):
                self.places += _evaluated(first)
                if _has_turns(first):
                    self.block(body)
                return not _may_leave(statement)
            case ast.With(items=items, body=body):
                self.places += (part for item in items for part in _evaluated(item.context_expr))
                return self.block(body)
            case ast.Assert(test=test):
                self.places += _evaluated(test)
                return True
            case _ if isinstance(statement, _TYPES):
                return self.attempt(statement)
            case _:
                self.places += _evaluated(statement)
                return not isinstance(statement, (ast.Return, ast.Raise, ast.Break, ast.Continue))

    def attempt(self, statement: ast.stmt) -> bool:
        """Go through a ``try`` that nothing is raised in."""
        body, last = getattr(statement, "body", []), getattr(statement, "finalbody", [])
        return self.block(body) and not _may_leave(statement) and self.block(last)


def _evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """The largest parts of an expression or simple statement that are evaluated whenever it is."""
    todo = [node]
    while todo:
        match todo.pop(0):
            case ast.Lambda():
                continue
            case ast.IfExp(test=first) | ast.BoolOp(values=[first, *_]):
                todo.append(first)
            case ast.ListComp(generators=[first, *_]) | ast.SetComp(generators=[first, *_]):
                todo.append(first.iter)
            case ast.DictComp(generators=[first, *_]) | ast.GeneratorExp(generators=[first, *_]):
                todo.append(first.iter)
            case ast.Compare(left=left, comparators=[first, _, *_]):
                todo += (left, first)
            case ast.expr() | ast.stmt() as part if not any(map(_is_maybe, ast.walk(part))):
                yield part
            case part:
                todo += ast.iter_child_nodes(part)


def _is_maybe(node: ast.AST) -> bool:
    """Whether parts of an expression may not be evaluated, or not here."""
    return isinstance(node, _MAYBE) or (isinstance(node, ast.Compare) and len(node.ops) > 1)


def _has_turns(iterable: ast.expr) -> bool:
    """Whether a loop surely has a turn."""
    match iterable:
        case ast.Tuple(elts=[first, *_]) | ast.List(elts=[first, *_]):
            return not isinstance(first, ast.Starred)
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(number))]):
            return number > 0
        case _:
            return False


def _may_leave(statement: ast.stmt) -> bool:
    """Whether what follows a statement may not be come to, though nothing is raised."""
    todo: list[ast.AST] = [statement]
    is_loop = isinstance(statement, (ast.For, ast.While))
    while todo:
        for child in ast.iter_child_nodes(todo.pop()):
            if isinstance(child, (*DEFS, ast.Lambda, ast.ClassDef)):
                continue
            if isinstance(child, _LEAVES) and not (is_loop and isinstance(child, (ast.Break, ast.Continue))):
                return True
            todo.append(child)
    return isinstance(statement, ast.While) and isinstance(statement.test, ast.Constant)


def _is_lazy(function: DefNode) -> bool:
    """Whether a call of a function does not run it."""
    return isinstance(function, ast.AsyncFunctionDef) or any(
        isinstance(part, (ast.Yield, ast.YieldFrom)) for part in ast.walk(function)
    )
