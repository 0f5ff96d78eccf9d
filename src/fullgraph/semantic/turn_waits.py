"""Waits for a device that each turn of a loop comes to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.waits import Waits, only_asks

_ASIDE = (ast.Name, ast.Constant, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LEAVES = (ast.Break, ast.Return, ast.Raise)
_FEW = 4
_TIMES = re.compile(r"\b(perf_counter|time\.time|monotonic|elapsed_time|timeit|Timer)\b")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class TurnWaits:
    """Answers for the loops and comprehensions of one file."""

    def __init__(self, waits: Waits, parents: Parents) -> None:
        self._waits = waits
        self._parents = parents
        self._known: dict[ast.AST, list[ast.expr]] = {}

    def of(self, loop: ast.AST, scope: Scope) -> list[ast.expr]:
        """What makes the host wait at every turn of a loop, in the order in which it stands there.

        Nothing where the loop has few turns, as one over epochs, is over a state that is kept, or stands in code that
        is not there to be fast.
        """
        if (known := self._known.get(loop)) is None:
            found = self._found(loop, scope)
            known = self._known[loop] = [] if found and self._waits.is_aside(loop, scope) else found
        return known

    def is_first(self, wait: ast.expr, scope: Scope) -> bool:
        """Whether a wait is the first that each turn of a loop around it comes to."""
        node: ast.AST | None = self._parents.get(wait)
        while node is not None and not isinstance(node, _FUNCTIONS):
            if isinstance(node, (ast.For, ast.AsyncFor, ast.While, *_COMPREHENSIONS)):
                waits = self.of(node, scope)
                if waits and waits[0] is wait:
                    return True
            node = self._parents.get(node)
        return False

    def _found(self, loop: ast.AST, scope: Scope) -> list[ast.expr]:
        match loop:
            case ast.For(body=body) | ast.AsyncFor(body=body) if self._waits.may_be_in(scope) and not _is_short(loop):
                return list(self._in_block(body, scope))
            case ast.While(test=test, body=body) if self._waits.may_be_in(scope):
                if isinstance(test, ast.Constant) and _is_endless(loop):
                    return []
                return [*self._in_condition(test, scope), *self._in_block(body, scope)]
            case ast.DictComp(generators=generators, key=key, value=value):
                return self._in_comprehension(generators, [key, value], scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self._in_comprehension(loop.generators, [loop.elt], scope)
            case _:
                return []

    def _in_comprehension(
        self, generators: list[ast.comprehension], results: list[ast.expr], scope: Scope
    ) -> list[ast.expr]:
        if not self._waits.may_be_in(scope) or _is_few(generators[0].iter):
            return []
        conditions = [condition for generator in generators for condition in generator.ifs]
        if any(not only_asks(condition) for condition in conditions):
            results = []
        first = [wait for condition in conditions[:1] for wait in self._in_condition(condition, scope)]
        return [*first, *(wait for result in results for wait in self._in_expression(result, scope))]

    def _in_block(self, block: list[ast.stmt], scope: Scope) -> Iterator[ast.expr]:
        """Waits in statements that each turn comes to."""
        if block and isinstance(block[-1], _LEAVES):
            return
        for statement in block:
            match statement:
                case ast.For() | ast.AsyncFor() | ast.While() | ast.Raise() | ast.Assert():
                    continue
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    continue
                case ast.If(test=test, body=body, orelse=orelse):
                    yield from self._in_condition(test, scope)
                    if only_asks(test):
                        yield from self._in_block(body, scope)
                        yield from self._in_block(orelse, scope)
                case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                    for item in items:
                        yield from self._in_expression(item.context_expr, scope)
                    yield from self._in_block(body, scope)
                case ast.Try(body=body, finalbody=last):
                    yield from self._in_block([*body, *last], scope)
                case _:
                    for child in ast.iter_child_nodes(statement):
                        yield from self._in_part(child, scope)

    def _in_condition(self, test: ast.expr, scope: Scope) -> Iterator[ast.expr]:
        inner = list(self._in_expression(test, scope))
        if not inner and self._waits.for_truth(test, scope):
            yield test
        yield from inner

    def _in_expression(self, expr: ast.expr, scope: Scope) -> Iterator[ast.expr]:
        """Waits in an expression, innermost first, apart from what is evaluated only sometimes or by itself."""
        if expr.__class__ in _ASIDE:
            return
        match expr:
            case ast.Attribute(value=base):
                yield from self._in_expression(base, scope)
                return
            case ast.IfExp(test=test):
                yield from self._in_condition(test, scope)
                if only_asks(test):
                    yield from self._in_expression(expr.body, scope)
                    yield from self._in_expression(expr.orelse, scope)
                return
            case ast.BoolOp(values=values):
                yield from self._in_condition(next((each for each in values if not only_asks(each)), values[-1]), scope)
                return
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield from self._in_condition(operand, scope)
                return
            case _:
                inner = [wait for part in ast.iter_child_nodes(expr) for wait in self._in_part(part, scope)]
        if isinstance(expr, (ast.Call, ast.FormattedValue, ast.Subscript)) and self._waits.at(expr, scope):
            inner = [wait for wait in inner if not _feeds(wait, expr)]
            if not _is_for_timing(expr, scope):
                yield expr.value if isinstance(expr, ast.FormattedValue) else expr
        yield from inner

    def _in_part(self, part: ast.AST, scope: Scope) -> Iterator[ast.expr]:
        if isinstance(part, ast.expr):
            yield from self._in_expression(part, scope)
        elif isinstance(part, ast.keyword):
            yield from self._in_expression(part.value, scope)


def _is_short(node: ast.For | ast.AsyncFor) -> bool:
    """Whether a loop is over epochs, or over a few things that are written out."""
    names = [part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)]
    return any("epoch" in name.lower() for name in names) or _is_few(node.iter)


def _is_few(iterable: ast.expr) -> bool:
    match iterable:
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
            return len(items) <= _FEW
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count <= _FEW
        case ast.Call(func=ast.Name(id="enumerate" | "zip"), args=[first, *_]):
            return _is_few(first)
        case _:
            return _is_state(iterable)


def _is_state(iterable: ast.expr) -> bool:
    """Whether this is all that ``state_dict()`` gives, which is kept, not computed with."""
    match iterable:
        case ast.Call(func=ast.Attribute(value=inner, attr="items" | "values")):
            return _is_state(inner)
        case ast.Call(func=ast.Attribute(attr="state_dict")):
            return True
        case _:
            return False


def _is_endless(node: ast.While) -> bool:
    """Whether the turns of a ``while True`` wait for something else: a user, or another process."""
    words = ("input", "recv", "sleep", "get")
    return any(isinstance(part, ast.Attribute) and part.attr in words for part in ast.walk(node))


def _feeds(wait: ast.expr, call: ast.expr) -> bool:
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.value is wait


def _is_for_timing(call: ast.expr, scope: Scope) -> bool:
    """Whether a wait for everything is there to measure time, as only that can be seen to be wanted."""
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "synchronize"):
        return False
    return scope.function is None or _TIMES.search(ast.unparse(scope.function.node)) is not None
