"""Runs the statements of one function on abstract values, loops to a fixed point."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fullgraph.semantic.flow.compiling import answer
from fullgraph.semantic.flow.expressions import Evaluator, operation
from fullgraph.semantic.flow.narrowing import Environment, is_contradicted
from fullgraph.semantic.flow.value import (
    BOTTOM,
    NONE,
    UNKNOWN,
    Function,
    Value,
    element_of,
    join,
    path_of,
    settled_draws,
)

if TYPE_CHECKING:
    from fullgraph.semantic.flow.flow import Flow

_ROUNDS = 4
_DEEPEST = 40
_FOREVER = (True, 1)


class Interpreter(Evaluator):
    """One run over a function's body; afterwards it knows the value of every expression that is reached."""

    def __init__(self, flow: Flow, env: Environment, declared: Environment) -> None:
        super().__init__(flow, env)
        self.declared = declared
        self.assigned = dict(env)
        self.returned: Value = BOTTOM
        self.reached = True
        self.nesting = 0
        self.breaks: list[list[Environment]] = []
        self.continues: list[list[Environment]] = []

    def run(self, body: Sequence[ast.stmt]) -> None:
        """Run the body of a function."""
        self.block(body)
        if self.reached:
            self.returned = join(self.returned, NONE)

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Run statements in order, as far as they are reached."""
        if self.nesting >= _DEEPEST:
            self.forget(body)
            return
        self.nesting += 1
        for statement in body:
            if not self.reached:
                break
            handler = _HANDLERS.get(statement.__class__)
            if handler is not None:
                handler(self, statement)
        self.nesting -= 1

    def forget(self, body: Sequence[ast.stmt]) -> None:
        """Take what these statements may assign for unknown."""
        for statement in body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self.bind(node.id, UNKNOWN)
        self.returned = UNKNOWN

    def broken(self) -> None:
        """Go on behind a graph break; in a loop it leaves the whole function to Python, so nothing changes there."""
        self.is_broken = True
        if not self.continues:
            self.env = {name: settled_draws(value) for name, value in self.env.items()}

    def merge(self, *ends: tuple[Environment, bool]) -> None:
        """Go on where several branches meet, of which some may not get here."""
        environments = [env for env, reached in ends if reached]
        self.reached = bool(environments)
        if environments:
            self.env = joined(environments)

    def loop(self, body: Sequence[ast.stmt], begin: Callable[[], None]) -> list[Environment]:
        """Run a loop's body until nothing changes; gives the environments that leave it by ``break``."""
        entry = self.env
        left: list[Environment] = []
        for round_ in range(_ROUNDS):
            before = self.env
            self.env = dict(before)
            self.breaks.append([])
            self.continues.append([])
            begin()
            self.block(body)
            left, back = self.breaks.pop(), self.continues.pop()
            if self.reached:
                back.append(self.env)
            self.reached = True
            after = joined([before, *back])
            if round_ == _ROUNDS - 1:
                after = {name: value if value == before.get(name) else UNKNOWN for name, value in after.items()}
            self.env = after
            if same(before, after):
                break
        self.env = joined([entry, self.env])
        return left

    def leave_loop(self, left: list[Environment], orelse: Sequence[ast.stmt], *, ends: bool) -> None:
        """Go on behind a loop: by its condition, if it ``ends``, or by ``break``."""
        self.reached = ends
        if self.is_broken:
            self.broken()
        if ends and orelse:
            self.block(orelse)
        self.merge((self.env, self.reached), *[(env, True) for env in left])


def joined(environments: list[Environment]) -> Environment:
    """What names are where these environments meet; a name that only some have is what it is there."""
    first, *rest = environments
    result = dict(first)
    for other in rest:
        for name, value in other.items():
            known = result.get(name)
            if known is None:
                result[name] = value
            elif known is not value:
                result[name] = join(known, value)
    return result


def same(left: Environment, right: Environment) -> bool:
    """Whether the second environment says the same as the first of every name of the first."""
    return all(value is (known := right.get(name)) or value == known for name, value in left.items())


def _expression(self: Interpreter, node: ast.Expr) -> None:
    outside, self.unused = self.unused, node.value
    self.value(node.value)
    self.unused = outside
    match node.value:
        case ast.Call(func=ast.Name(id="print")):
            self.broken()
        case _:
            return


def _decide(self: Interpreter, test: ast.expr) -> None:
    """Evaluate a condition, on which the graph breaks where a tensor, or what was drawn, decides."""
    if self.value(test).tensor is not None:
        self.broken()


def _assign(self: Interpreter, node: ast.Assign) -> None:
    value = self.value(node.value)
    for target in node.targets:
        if value is UNKNOWN and target.__class__ is ast.Name:
            self.bind(target.id, self.declared.get(target.id, UNKNOWN))
        else:
            self.assign(target, value)


def _annotated(self: Interpreter, node: ast.AnnAssign) -> None:
    if node.value is None:
        return
    value = self.value(node.value)
    self.assign(node.target, self.flow.annotations.of(node.annotation) if value is UNKNOWN else value)


def _augmented(self: Interpreter, node: ast.AugAssign) -> None:
    value = self.value(node.value)
    match node.target:
        case ast.Name(id=name):
            self.bind(name, operation(node.op, self.env.get(name, UNKNOWN), value))
        case ast.Attribute(value=base):
            self.value(base)
        case ast.Subscript(value=base, slice=index):
            self.value(base)
            self.value(index)


def _return(self: Interpreter, node: ast.Return) -> None:
    value = NONE if node.value is None else self.value(node.value)
    self.returned = join(self.returned, value)
    self.reached = False


def _raise(self: Interpreter, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            self.value(part)
    self.reached = False


def _assert(self: Interpreter, node: ast.Assert) -> None:
    _decide(self, node.test)
    if node.msg is not None:
        self.value(node.msg)
    self.env = self.narrowed(node.test, True)


def _if(self: Interpreter, node: ast.If) -> None:
    _decide(self, node.test)
    known = answer(node.test, self.flow.names)
    if known is not None:
        self.block(node.body if known else node.orelse)
        return
    taken, other = self.narrowed(node.test, True), self.narrowed(node.test, False)
    before = self.env
    self.env, self.reached = dict(taken), not is_contradicted(before, taken)
    self.block(node.body)
    first = self.env, self.reached
    self.env, self.reached = dict(other), not is_contradicted(before, other)
    self.block(node.orelse)
    second = self.env, self.reached
    self.merge(first, second)
    if first[1] and second[1]:
        for name in _forgotten(before, taken, other):
            unchanged = first[0].get(name) is taken[name] and second[0].get(name) is other[name]
            if unchanged and not _assigns(node, name):
                self.env[name] = before[name]


def _forgotten(before: Environment, *ways: Environment) -> list[str]:
    """Names of which a condition, such as ``isinstance`` of an unknown class, leaves less known than before it."""
    return [name for way in ways if way is not before for name in way if way[name] is UNKNOWN is not before[name]]


def _assigns(statement: ast.stmt, name: str) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load)
        for part in ast.walk(statement)
    )


def _while(self: Interpreter, node: ast.While) -> None:
    def begin() -> None:
        self.value(node.test)
        self.env = dict(self.narrowed(node.test, True))

    left = self.loop(node.body, begin)
    is_endless = isinstance(node.test, ast.Constant) and node.test.value in _FOREVER
    if not is_endless:
        self.env = dict(self.narrowed(node.test, False))
    self.leave_loop(left, node.orelse, ends=not is_endless)


def _for(self: Interpreter, node: ast.For | ast.AsyncFor) -> None:
    element = element_of(self.value(node.iter))
    left = self.loop(node.body, lambda: self.assign(node.target, element))
    self.leave_loop(left, node.orelse, ends=True)


def _with(self: Interpreter, node: ast.With | ast.AsyncWith) -> None:
    for item in node.items:
        self.value(item.context_expr)
        if item.optional_vars is not None:
            self.assign(item.optional_vars, UNKNOWN)
    self.block(node.body)


def _try(self: Interpreter, node: Any) -> None:
    states = [dict(self.env)]
    for statement in node.body:
        if self.reached:
            self.block([statement])
            states.append(dict(self.env))
    if self.reached:
        self.block(node.orelse)
    ends = [(self.env, self.reached)]
    for handler in node.handlers:
        self.env, self.reached = joined(states), True
        if handler.type is not None:
            self.value(handler.type)
        if handler.name is not None:
            self.bind(handler.name, UNKNOWN)
        self.block(handler.body)
        ends.append((self.env, self.reached))
    self.merge(*ends)
    if node.finalbody:
        reached = self.reached
        if not reached:
            self.env, self.reached = joined(states), True
        self.block(node.finalbody)
        self.reached = self.reached and reached


def _match(self: Interpreter, node: ast.Match) -> None:
    subject = self.value(node.subject)
    before = self.env
    ends = []
    is_complete = False
    for case in node.cases:
        self.env, self.reached = dict(before), True
        for part in ast.walk(case.pattern):
            if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name is not None:
                takes_all = part is case.pattern and isinstance(part, ast.MatchAs) and part.pattern is None
                self.bind(part.name, subject if takes_all else UNKNOWN)
            elif isinstance(part, ast.MatchMapping) and part.rest is not None:
                self.bind(part.rest, UNKNOWN)
        if case.guard is not None:
            self.value(case.guard)
        self.block(case.body)
        ends.append((self.env, self.reached))
        is_complete = is_complete or (case.guard is None and isinstance(case.pattern, ast.MatchAs))
    if not is_complete:
        ends.append((before, True))
    self.merge(*ends)


def _break(self: Interpreter, _: ast.Break) -> None:
    if self.breaks:
        self.breaks[-1].append(self.env)
    self.reached = False


def _continue(self: Interpreter, _: ast.Continue) -> None:
    if self.continues:
        self.continues[-1].append(self.env)
    self.reached = False


def _function(self: Interpreter, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is not None:
            self.value(default)
    self.bind(node.name, UNKNOWN if node.decorator_list else Function(node))


def _class(self: Interpreter, node: ast.ClassDef) -> None:
    self.bind(node.name, UNKNOWN)


def _import(self: Interpreter, node: ast.Import) -> None:
    for alias in node.names:
        if alias.asname is not None:
            self.bind(alias.asname, path_of((alias.name,)))
        else:
            top = alias.name.partition(".")[0]
            self.bind(top, path_of((top,)))


def _import_from(self: Interpreter, node: ast.ImportFrom) -> None:
    for alias in node.names:
        known = node.level == 0 and node.module is not None
        self.bind(alias.asname or alias.name, path_of((f"{node.module}.{alias.name}",)) if known else UNKNOWN)


def _delete(self: Interpreter, node: ast.Delete) -> None:
    for target in node.targets:
        if isinstance(target, ast.Name):
            self.env.pop(target.id, None)


def _global(self: Interpreter, node: ast.Global | ast.Nonlocal) -> None:
    for name in node.names:
        self.bind(name, UNKNOWN)


_HANDLERS: dict[type[ast.AST], Callable[[Interpreter, Any], None]] = {
    ast.AnnAssign: _annotated,
    ast.Assert: _assert,
    ast.Assign: _assign,
    ast.AsyncFor: _for,
    ast.AsyncFunctionDef: _function,
    ast.AsyncWith: _with,
    ast.AugAssign: _augmented,
    ast.Break: _break,
    ast.ClassDef: _class,
    ast.Continue: _continue,
    ast.Delete: _delete,
    ast.Expr: _expression,
    ast.For: _for,
    ast.FunctionDef: _function,
    ast.Global: _global,
    ast.If: _if,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Match: _match,
    ast.Nonlocal: _global,
    ast.Raise: _raise,
    ast.Return: _return,
    ast.Try: _try,
    ast.While: _while,
    ast.With: _with,
}
if hasattr(ast, "TryStar"):
    _HANDLERS[ast.TryStar] = _try
