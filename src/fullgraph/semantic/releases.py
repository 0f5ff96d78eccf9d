"""Conditions on the release of torch, also by flags of other files: on which release they hold is known from source."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, TypeAlias

from fullgraph.semantic.names import Names
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.walk import Walked
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange, TorchVersion

Truth: TypeAlias = tuple[bool | None, ...]
"""Whether a condition holds on each of `RELEASES`; None where that is not known."""
RELEASES = TorchRange(TorchVersion(2, 0), NEWEST_KNOWN).releases()
"""The releases that have ``torch.compile``."""
NOT_KNOWN: Truth = (None,) * len(RELEASES)

_VERSIONS = frozenset({"torch.__version__", "torch.version.__version__"})
_PARSERS = frozenset({"LooseVersion", "StrictVersion", "TorchVersion", "Version", "parse", "parse_version"})
_PLAIN = re.compile(r"\d+(\.\d+){0,2}")
"""A version that is no pre-release; for these order is not guessed."""
_DEPTH = 8
_OPERATORS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = MappingProxyType(
    {
        ast.Eq: operator.eq,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.NotEq: operator.ne,
    }
)
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = MappingProxyType(
    {ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE}
)
_WHOLE = 4
"""How many parts stand for a whole version: three numbers, and whether a local part such as ``+cpu`` follows."""
_Part: TypeAlias = tuple[str, int]
"""A part of the version: its first numbers (``"first"``, how many), or one of them (``"number"``, which)."""
_VERSION: _Part = ("first", _WHOLE)
_TEXT: _Part = ("text", 0)
"""The version as plain text, which only counts once it is parsed."""


class Releases:
    """Answers for one walked file, with what other files say of names that it imports."""

    def __init__(self, walked: Walked, names: Names, told: Mapping[str, Truth] = MappingProxyType({})) -> None:
        self._walked = walked
        self._names = names
        self._told = told

    @cached_property
    def _mentions_version(self) -> bool:
        """Whether the file names torch's version at all."""
        chains = self._walked.chains
        of_torch = (chain for name in self._names.bound_names(("torch",)) for chain in chains.get(name, ()))
        imported = (item for items in self._walked.root.bindings.values() for item in items)
        return any(map(_has_version, of_torch)) or any(item in _VERSIONS for item in imported if isinstance(item, str))

    def always(self, test: ast.expr, scope: Scope) -> bool | None:
        """What a condition is on every release that has ``torch.compile``; None if it is not the same on each."""
        if not self._mentions_version:
            return None
        return agreed(self.truth(test, scope))

    def on(self, test: ast.expr, scope: Scope, releases: TorchRange) -> bool | None:
        """What a condition is on each of these releases; None if it is not the same on each."""
        if not self._told and not self._mentions_version:
            return None
        return agreed(
            each
            for each, release in zip(self.truth(test, scope), RELEASES, strict=True)
            if releases.oldest <= release <= releases.newest
        )

    def flags(self) -> Iterator[tuple[str, Truth]]:
        """Names of the module that are such conditions."""
        if not self._mentions_version:
            return
        for name, bindings in self._walked.root.bindings.items():
            match bindings:
                case [(ast.Compare() | ast.BoolOp() | ast.UnaryOp()) as condition]:
                    truth = self.truth(condition, self._walked.root)
                    if truth != NOT_KNOWN:
                        yield name, truth
                case _:
                    continue

    def asked(self) -> Iterator[str]:
        """Imported paths that conditions of the file ask for, and that look like flags."""
        for node, _ in self._walked.buckets[ast.If]:
            for leaf in _leaves(node.test):  # type: ignore[attr-defined]
                paths = self._names.imported(leaf) or ()
                yield from (path for path in paths if path.rpartition(".")[2].isupper())

    # Conditions

    def truth(self, test: ast.expr, scope: Scope, depth: int = _DEPTH) -> Truth:
        """On which releases a condition holds."""
        if depth <= 0:
            return NOT_KNOWN
        match test:
            case ast.Constant(value=bool(value)):
                return (value,) * len(RELEASES)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return tuple(None if each is None else not each for each in self.truth(operand, scope, depth - 1))
            case ast.BoolOp(op=op, values=values):
                parts = [self.truth(value, scope, depth - 1) for value in values]
                return tuple(_joined(each, decisive=isinstance(op, ast.Or)) for each in zip(*parts, strict=True))
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(left, type(op), right, scope, depth)
            case ast.Attribute() | ast.Name():
                return self._named(test, scope, depth)
            case _:
                return NOT_KNOWN

    def _named(self, expr: ast.expr, scope: Scope, depth: int) -> Truth:
        paths = self._names.imported(expr)
        if paths:
            return self._told.get(paths[0], NOT_KNOWN) if len(paths) == 1 else NOT_KNOWN
        match self._assigned(expr, scope):
            case (ast.Compare() | ast.BoolOp() | ast.UnaryOp() | ast.Name() | ast.Attribute()) as value, home:
                return self.truth(value, home, depth - 1)
            case _:
                return NOT_KNOWN

    def _assigned(self, expr: ast.expr, scope: Scope) -> tuple[ast.expr, Scope] | None:
        """The one expression that a name is ever given."""
        found = scope.lookup(expr.id) if isinstance(expr, ast.Name) else None
        match found:
            case Scope() as home, [ast.expr() as value] if value is not expr:
                return value, home
            case _:
                return None

    # Versions

    def _compared(self, left: ast.expr, op: type[ast.cmpop], right: ast.expr, scope: Scope, depth: int) -> Truth:
        part, bound = self._part(left, scope, depth), self._literal(right, scope, depth)
        if part is None:
            part, bound = self._part(right, scope, depth), self._literal(left, scope, depth)
            op = _MIRRORED.get(op, op)
        if part is None or bound is None or op not in _OPERATORS:
            return NOT_KNOWN
        return tuple(_holds(part, _OPERATORS[op], bound, release) for release in RELEASES)

    def _part(self, expr: ast.expr, scope: Scope, depth: int) -> _Part | None:
        """The part of torch's version that an expression is."""
        if depth <= 0:
            return None
        if isinstance(expr, (ast.Attribute, ast.Name)) and (paths := self._names.of(expr)):
            return _VERSION if _VERSIONS.issuperset(paths) else self._member(expr, scope, depth)
        match expr:
            case ast.Call(
                func=ast.Name(id="int"), args=[ast.Subscript(value=pieces, slice=ast.Constant(value=int(place)))]
            ):
                count = self._pieces(pieces, scope, depth)
                return ("number", place) if place < count else None
            case ast.Call(func=ast.Name(id="tuple"), args=[inner]):
                count = self._numbers(inner, scope, depth)
                return ("first", count) if count else None
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[inner]) if name in _PARSERS:
                found = self._part(inner, scope, depth - 1)
                return _VERSION if found in (_VERSION, _TEXT) else None
            case ast.Subscript():
                return self._subscripted(expr, scope, depth)
            case ast.Attribute() | ast.Name():
                return self._member(expr, scope, depth)
            case _:
                return None

    def _member(self, expr: ast.expr, scope: Scope, depth: int) -> _Part | None:
        """``version.major`` and its like, and names that hold a version."""
        match expr:
            case ast.Attribute(value=inner, attr=("base_version" | "major" | "minor" | "release") as name):
                if self._part(inner, scope, depth - 1) != _VERSION:
                    return None
                places = {"base_version": _TEXT, "major": ("number", 0), "minor": ("number", 1)}
                return places.get(name, ("first", 3))
            case ast.Name():
                found = self._assigned(expr, scope)
                return None if found is None else self._part(*found, depth - 1)
            case _:
                return None

    def _subscripted(self, expr: ast.Subscript, scope: Scope, depth: int) -> _Part | None:
        match expr:
            case ast.Subscript(
                value=ast.Call(func=ast.Attribute(value=inner, attr="split"), args=[ast.Constant(value="+")]),
                slice=ast.Constant(value=0),
            ):
                return _TEXT if self._part(inner, scope, depth - 1) == _VERSION else None
            case ast.Subscript(
                value=inner, slice=ast.Slice(lower=None, upper=ast.Constant(value=int(count)), step=None)
            ):
                found = self._part(inner, scope, depth - 1)
                return (
                    ("first", count)
                    if found is not None and found[0] == "first" and 0 < count <= found[1] < _WHOLE
                    else None
                )
            case ast.Subscript(value=inner, slice=ast.Constant(value=int(place))):
                found = self._part(inner, scope, depth - 1)
                return ("number", place) if found is not None and found[0] == "first" and found[1] < _WHOLE else None
            case _:
                return None

    def _pieces(self, expr: ast.expr, scope: Scope, depth: int) -> int:
        """How many pieces ``torch.__version__.split(".")`` has, as far as they are numbers; 0 of anything else."""
        match expr:
            case ast.Call(func=ast.Attribute(value=inner, attr="split"), args=[ast.Constant(value=".")]):
                return 2 if self._part(inner, scope, depth - 1) == _VERSION else 0
            case ast.Subscript(value=inner, slice=ast.Slice(lower=None, upper=ast.Constant(value=int(count)))):
                return min(self._pieces(inner, scope, depth - 1), count) if count > 0 and depth > 0 else 0
            case _:
                return 0

    def _numbers(self, expr: ast.expr, scope: Scope, depth: int) -> int:
        """How many numbers ``map(int, pieces)`` or ``int(x) for x in pieces`` gives; 0 of anything else."""
        match expr:
            case ast.Call(func=ast.Name(id="map"), args=[ast.Name(id="int"), ast.Subscript() as pieces]):
                return self._pieces(pieces, scope, depth)
            case (ast.GeneratorExp() | ast.ListComp()) as made:
                match made:
                    case (
                        ast.GeneratorExp(elt=ast.Call(func=ast.Name(id="int")), generators=[one])
                        | ast.ListComp(elt=ast.Call(func=ast.Name(id="int")), generators=[one])
                    ) if isinstance(one.iter, ast.Subscript):
                        return self._pieces(one.iter, scope, depth)
                    case _:
                        return 0
            case _:
                return 0

    def _literal(self, expr: ast.expr, scope: Scope, depth: int) -> tuple[int, ...] | int | None:
        """The version, tuple or number that an expression spells out."""
        match expr:
            case ast.Constant(value=bool()):
                return None
            case ast.Constant(value=int(number)):
                return number
            case ast.Constant(value=str(text)):
                return tuple(map(int, text.split("."))) if _PLAIN.fullmatch(text) else None
            case ast.Tuple(elts=parts):
                numbers = [part.value for part in parts if isinstance(part, ast.Constant) and type(part.value) is int]
                return tuple(numbers) if len(numbers) == len(parts) else None
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[inner]) if name in _PARSERS:
                return self._literal(inner, scope, depth - 1) if depth > 0 else None
            case ast.Name() if depth > 0 and (found := self._assigned(expr, scope)) is not None:
                return self._literal(*found, depth - 1)
            case _:
                return None


def _has_version(chain: ast.expr) -> bool:
    while isinstance(chain, ast.Attribute):
        if chain.attr == "__version__":
            return True
        chain = chain.value
    return False


def agreed(truth: Iterable[bool | None]) -> bool | None:
    """The answer on all releases; None if there are several, or one is not known."""
    answers = set(truth)
    return answers.pop() if len(answers) == 1 else None


def _joined(parts: tuple[bool | None, ...], *, decisive: bool) -> bool | None:
    """Parts of ``or``, of which True decides, or of ``and``."""
    if decisive in parts:
        return decisive
    return None if None in parts else not decisive


def _holds(
    part: _Part, compare: Callable[[Any, Any], bool], bound: tuple[int, ...] | int, release: TorchVersion
) -> bool | None:
    """Whether a comparison holds on every patch and build of a release; None if that differs."""
    kind, count = part
    if part == _TEXT or isinstance(bound, int) is not (kind == "number"):
        return None
    if kind == "number":
        numbers = (release.major, release.minor)
        return compare(numbers[count], bound) if 0 <= count < len(numbers) else None
    builds = [(release.major, release.minor, *rest) for rest in ((0, 0), (0, 1), (9, 0))]
    if count == _WHOLE and isinstance(bound, tuple):
        bound = (*bound, *[0] * (_WHOLE - len(bound)))
    answers = {compare(build[:count], bound) for build in builds}
    return answers.pop() if len(answers) == 1 else None


def _leaves(test: ast.expr) -> Iterator[ast.expr]:
    """Names in a condition that stand for conditions themselves."""
    todo = [test]
    while todo:
        match todo.pop():
            case ast.BoolOp(values=values):
                todo += values
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                todo.append(operand)
            case (ast.Name() | ast.Attribute()) as leaf:
                yield leaf
            case _:
                continue
