"""Statements of one file that the compiler does not come to, though it traces the code around them."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

from fullgraph.semantic.dense import has_layout
from fullgraph.semantic.names import Names
from fullgraph.semantic.releases import Releases
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import Walked

_TRUE_WHEN_COMPILING = frozenset({"is_compiling", "is_dynamo_compiling", "is_torchdynamo_compiling"})
"""Last names of functions that tell compiled code from eager code, torch's own and those of well-known libraries."""
_FALSE_WHEN_COMPILING = frozenset({"torch.jit.is_scripting", "torch.jit.is_tracing", "torch.onnx.is_in_onnx_export"})
_NEVER = frozenset({"TYPE_CHECKING"})
_DEPTH = 8


class Barriers:
    """The rows of one walked file that are not traced: branches that compiled code does not take."""

    def __init__(self, walked: Walked, names: Names) -> None:
        self._walked = walked
        self._names = names
        self.releases = Releases(walked, names)
        """What conditions on torch's release say."""
        self._eager = _merged(self._eager_rows())
        self._spans = _merged([*self._rows(), *self._eager])
        self._parts = frozenset(self._skipped_parts())

    @property
    def any_skipped(self) -> bool:
        """Whether there is anything that the compiler does not come to."""
        return bool(self._spans or self._parts)

    def is_skipped(self, row: int) -> bool:
        """Whether the compiler does not come to the statement in this row."""
        return _covers(self._spans, row)

    def is_skipped_call(self, call: ast.Call) -> bool:
        """Whether the compiler does not come to a call, by its row or by the expression that it is a part of."""
        return call in self._parts or _covers(self._spans, call.lineno)

    def is_skipped_part(self, node: ast.AST) -> bool:
        """Whether a node is in a part of an expression that compiled code does not evaluate."""
        return node in self._parts

    def is_forced_eager(self, row: int) -> bool:
        """Whether what is called in this row runs without the compiler, even where it is compiled."""
        return _covers(self._eager, row)

    def _rows(self) -> Iterator[tuple[int, int]]:
        """First and last rows of the statements that the compiler does not come to."""
        return skipped_rows(self._walked, lambda test, scope: self._excludes(test, scope, _DEPTH))

    def _eager_rows(self) -> Iterator[tuple[int, int]]:
        """First and last rows of blocks that switch the compiler off."""
        for node, _ in self._walked.buckets.get(ast.With, ()):
            if isinstance(node, ast.With) and any(self._forces_eager(item.context_expr) for item in node.items):
                yield node.lineno, node.end_lineno or node.lineno

    def _skipped_parts(self) -> Iterator[ast.AST]:
        """What those parts of expressions consist of that are not evaluated."""
        for node, scope in self._walked.buckets.get(ast.IfExp, ()):
            if isinstance(node, ast.IfExp):
                skips = self._excludes(node.test, scope, _DEPTH)
                for part, skipped in zip((node.body, node.orelse), skips, strict=True):
                    if skipped:
                        yield from ast.walk(part)
        for node, scope in self._walked.buckets.get(ast.BoolOp, ()):
            if isinstance(node, ast.BoolOp):
                ends = [self._excludes(value, scope, _DEPTH)[isinstance(node.op, ast.Or)] for value in node.values]
                for value in node.values[ends.index(True) + 1 :] if True in ends else ():
                    yield from ast.walk(value)

    def _forces_eager(self, manager: ast.expr) -> bool:
        """``with torch.compiler.set_stance("force_eager")``."""
        match manager:
            case (
                ast.Call(func=func, args=[ast.Constant(value="force_eager"), *_])
                | ast.Call(func=func, args=[], keywords=[ast.keyword(arg="stance", value=ast.Constant("force_eager"))])
            ):
                return "torch.compiler.set_stance" in self._names.of(func)
            case _:
                return False

    def _excludes(self, test: ast.expr, scope: Scope, depth: int) -> tuple[bool, bool]:
        """Whether the compiler skips the body, and the ``else`` part, of ``if test``."""
        if depth <= 0:
            return False, False
        match test:
            case ast.Constant(value=value):
                return not value, bool(value)
            case ast.Call(func=func, args=[], keywords=[]):
                paths = self._names.of(func)
                if not paths and isinstance(func, ast.Name):
                    return self._function_excludes(func.id, scope, depth)
                return not _FALSE_WHEN_COMPILING.isdisjoint(paths), any(_tells_compiling(path) for path in paths)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                body, orelse = self._excludes(operand, scope, depth - 1)
                return orelse, body
            case ast.BoolOp(op=operator, values=values):
                parts = [self._excludes(value, scope, depth - 1) for value in values]
                false, true = [part[0] for part in parts], [part[1] for part in parts]
                return (any(false), all(true)) if isinstance(operator, ast.And) else (all(false), any(true))
            case ast.Compare():
                answered = has_layout(test, self._names)
                if answered is None:
                    answered = self.releases.always(test, scope)
                return answered is False, answered is True
            case ast.Attribute(attr=name) if name in _NEVER:
                return True, False
            case ast.Name(id=name):
                return self._name_excludes(name, scope, depth)
            case _:
                return False, False

    def _function_excludes(self, name: str, scope: Scope, depth: int) -> tuple[bool, bool]:
        """A function of this file that does nothing but return the condition."""
        match scope.lookup(name):
            case _, [ast.FunctionDef(body=[*before, ast.Return(value=ast.expr() as value)]) as node]:
                if all(isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant) for item in before):
                    return self._excludes(value, self._walked.functions[node].scope, depth - 1)
                return False, False
            case _:
                return False, False

    def _name_excludes(self, name: str, scope: Scope, depth: int) -> tuple[bool, bool]:
        if name in _NEVER:
            return True, False
        match scope.lookup(name):
            case None if name == "__debug__":
                return False, True
            case home, [
                ast.Constant(value=bool())
                | ast.Call()
                | ast.Compare()
                | ast.UnaryOp()
                | ast.BoolOp()
                | ast.Name() as value
            ]:
                return self._excludes(value, home, depth - 1)
            case _:
                return False, False


def skipped_rows(walked: Walked, excludes: Callable[[ast.expr, Scope], tuple[bool, bool]]) -> Iterator[tuple[int, int]]:
    """First and last rows of statements that do not run, by what is said of the two ways of each condition."""
    for node, scope in walked.buckets.get(ast.While, ()):
        if isinstance(node, ast.While) and excludes(node.test, scope)[0]:
            yield node.body[0].lineno, node.body[-1].end_lineno or node.body[-1].lineno
    for node, scope in walked.buckets[ast.If]:
        if isinstance(node, ast.If):
            skips_body, skips_else = excludes(node.test, scope)
            blocks = [block for skipped, block in ((skips_body, node.body), (skips_else, node.orelse)) if skipped]
            taken = node.body if skips_else else node.orelse
            if blocks and taken and isinstance(taken[-1], (ast.Return, ast.Raise, ast.Continue, ast.Break)):
                blocks.append(_statements_after(node, scope.node))
            for block in blocks:
                if block:
                    yield block[0].lineno, block[-1].end_lineno or block[-1].lineno


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return merged


def _covers(spans: list[tuple[int, int]], row: int) -> bool:
    if not spans:
        return False
    place = bisect_right(spans, (row, 1 << 60)) - 1
    return place >= 0 and spans[place][0] <= row <= spans[place][1]


def _tells_compiling(path: str) -> bool:
    owner, _, name = path.rpartition(".")
    return name in _TRUE_WHEN_COMPILING and owner.partition(".")[0] != "builtins"


def _statements_after(node: ast.stmt, around: ast.AST) -> list[ast.stmt]:
    """What follows a statement in its block, which lies somewhere in ``around``."""
    for parent in ast.walk(around):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(parent, field, None)
            if isinstance(block, list) and node in block:
                return block[block.index(node) + 1 :]
    return []
