"""The one walk over a file's tree. It keeps a stack of its own, so no nesting is too deep for it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from types import EllipsisType, NoneType
from typing import Any, NamedTuple, TypeAlias

from fullgraph.semantic.scopes import Comprehension, DefNode, Scope

# Fields that hold strings, numbers or context markers, in every node type or in the one named
_LEAF_FIELDS = frozenset(
    {
        "arg",
        "asname",
        "attr",
        "conversion",
        "ctx",
        "id",
        "is_async",
        "kind",
        "kwd_attrs",
        "level",
        "lineno",
        "module",
        "op",
        "ops",
        "simple",
        "tag",
        "type_comment",
        "type_ignores",
    }
)
_EXTRA_LEAF_FIELDS = {
    ast.Import: {"names"},
    ast.ImportFrom: {"names"},
    ast.Global: {"names"},
    ast.Nonlocal: {"names"},
    ast.Constant: {"value"},
}


def _child_fields() -> dict[type[ast.AST], tuple[str, ...]]:
    fields: dict[type[ast.AST], tuple[str, ...]] = {}
    for value in vars(ast).values():
        if isinstance(value, type) and issubclass(value, ast.AST):
            skipped = _LEAF_FIELDS | _EXTRA_LEAF_FIELDS.get(value, set())
            fields[value] = tuple(name for name in value._fields if name not in skipped)
    return fields


CHILD_FIELDS = _child_fields()
_REVERSED_FIELDS = {kind: fields[::-1] for kind, fields in CHILD_FIELDS.items()}
NO_NODES = frozenset({NoneType, bool, bytes, complex, float, int, str, EllipsisType})
"""What fields hold besides nodes and lists of nodes."""


class FunctionInfo(NamedTuple):
    """One ``def``: its node, the scope of its body, and the class whose body it stands in."""

    node: DefNode
    scope: Scope
    owner: ast.ClassDef | None


class ClassInfo(NamedTuple):
    """One ``class``: its node and the scope of its body."""

    node: ast.ClassDef
    scope: Scope


class AttributeAssignment(NamedTuple):
    """``base.attr = value`` or ``base.attr: annotation``, in the scope it stands in."""

    target: ast.Attribute
    value: ast.expr | None
    binding: ast.expr | ast.AnnAssign
    scope: Scope


@dataclass(eq=False, slots=True)
class Walked:
    """What one walk recorded of one file."""

    tree: ast.Module
    root: Scope
    buckets: dict[type[ast.AST], list[tuple[ast.AST, Scope]]]
    """Every node of the wanted types, in source order, with the scope it stands in.

    Operators and contexts (``ast.Add``, ``ast.Load``) and the module itself have none.
    """
    chains: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    """Outermost ``a`` or ``a.b.c`` of every use, by the name it begins with."""
    name_scope: dict[ast.Name, Scope] = field(default_factory=dict)
    """The scope of every name that is not merely a store."""
    calls: list[tuple[ast.Call, Scope]] = field(default_factory=list)
    called: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Places in ``calls``, by the last name of what is called; by an empty text where it has none."""
    functions: dict[ast.AST, FunctionInfo] = field(default_factory=dict)
    lambdas: dict[ast.AST, Scope] = field(default_factory=dict)
    """The scope of the body of every ``lambda``."""
    classes: dict[ast.AST, ClassInfo] = field(default_factory=dict)
    attributes: list[AttributeAssignment] = field(default_factory=list)
    items: list[tuple[ast.Subscript, ast.expr, Scope]] = field(default_factory=list)
    """Every ``base[key] = value``."""
    aliases: list[tuple[ast.Name, ast.expr]] = field(default_factory=list)
    """Every ``name = expression``, as target and value."""
    unpacked: list[tuple[ast.Tuple | ast.List, ast.expr]] = field(default_factory=list)
    """Every ``a, b = expression`` where it takes the value to know what ``a`` is."""

    def calls_of(self, names: Collection[str]) -> list[tuple[ast.Call, Scope]]:
        """The calls of functions or methods that have one of these last names, in their order."""
        calls, called = self.calls, self.called
        if len(names) > len(called):
            places = [place for name, found in called.items() if name in names for place in found]
        else:
            places = [place for name in names for place in called.get(name, ())]
        return [calls[place] for place in sorted(places)]


def base_name(chain: ast.expr) -> ast.Name:
    """The name that a dotted expression begins with.

    Raises:
        TypeError: it begins with something else; chains recorded by the walk never do.
    """
    base = chain
    while isinstance(base, ast.Attribute):
        base = base.value
    if not isinstance(base, ast.Name):
        raise TypeError(f"a chain begins with a name, not with {type(base).__name__}")
    return base


_Pending: TypeAlias = "ast.AST | Scope"
"""What is still to be walked; a scope says that what follows stands there."""


class _Walker:
    """Fills one ``Walked``: a visitor per node type that binds names; every other node just has children.

    Every file pays for the loop in `run`, so what most nodes are is handled right there.
    """

    def __init__(self, walked: Walked) -> None:
        self.walked = walked
        self.ignored = NO_NODES if ast.Constant in walked.buckets else NO_NODES | {ast.Constant}
        self.keeps_keywords = ast.keyword in walked.buckets
        self.nonlocals: list[tuple[str, Scope]] = []

    def run(self) -> None:  # noqa: C901, PLR0912, PLR0915 - every file pays for each function that is called here
        """Walk the tree in source order."""
        walked, ignored = self.walked, self.ignored
        keepers = {kind: bucket.append for kind, bucket in walked.buckets.items()}
        keeps_chains = not keepers.keys().isdisjoint({ast.Attribute, ast.Name})
        chains, name_scope, scope = walked.chains, walked.name_scope, walked.root
        calls, called = walked.calls, walked.called
        stack: list[Any] = walked.tree.body[::-1]
        pop, push, extend = stack.pop, stack.append, stack.extend
        while stack:
            node = pop()
            kind = node.__class__
            if kind is ast.Name or kind is ast.Attribute:
                base = node
                while base.__class__ is ast.Attribute:
                    base = base.value
                if base.__class__ is not ast.Name:
                    push(base)
                elif base is node and node.ctx.__class__ is not ast.Load:
                    scope.bind(node.id, node)  # a store or deletion of which no more is known
                else:
                    name_scope[base] = scope
                    chains[base.id].append(node)
                if keeps_chains:
                    self.keep_chain(node, scope)
                continue
            if kind in keepers:
                keepers[kind]((node, scope))
            if kind is ast.Call:
                func = node.func
                kind = func.__class__
                called[func.attr if kind is ast.Attribute else func.id if kind is ast.Name else ""].append(len(calls))
                calls.append((node, scope))
                for keyword in reversed(node.keywords):
                    if keyword.value.__class__ not in ignored or self.keeps_keywords:
                        push(keyword if self.keeps_keywords else keyword.value)
                for argument in reversed(node.args):
                    if argument.__class__ not in ignored:
                        push(argument)
                push(func)
            elif (visit := _VISITORS.get(kind)) is not None:
                pending = visit(self, node, scope)
                pending.reverse()
                extend(pending)
            elif kind is Scope:
                scope = node
            else:
                for name in _REVERSED_FIELDS[kind]:
                    value = getattr(node, name, None)
                    if value.__class__ is list:
                        for child in reversed(value):
                            if child.__class__ not in ignored:
                                push(child)
                    elif value.__class__ not in ignored:
                        push(value)
        self.settle_nonlocals()
        self.sort_buckets()

    def sort_buckets(self) -> None:
        """Put expressions into source order that the walk met earlier or later than they stand; statements are."""
        buckets: dict[type[ast.AST], list[Any]] = dict(self.walked.buckets)
        for kind, bucket in buckets.items():
            if bucket[1:] and "lineno" in kind._attributes and not issubclass(kind, ast.stmt):
                places = [node.lineno << 32 | node.col_offset for node, _ in bucket]
                if places != sorted(places):
                    bucket[:] = [bucket[index] for index in sorted(range(len(places)), key=places.__getitem__)]

    def keep(self, node: ast.AST, scope: Scope) -> None:
        """Put a node that is not walked by itself into its bucket, if it is wanted."""
        if (bucket := self.walked.buckets.get(node.__class__)) is not None:
            bucket.append((node, scope))

    def keep_chain(self, part: ast.expr, scope: Scope) -> None:
        """The same with each part of an outermost ``a`` or ``a.b.c``."""
        while isinstance(part, ast.Attribute):
            self.keep(part, scope)
            part = part.value
        if isinstance(part, ast.Name):
            self.keep(part, scope)

    def inside(self, node: ast.AST) -> list[_Pending]:
        """The children of a node that binds nothing, in source order."""
        found: list[_Pending] = []
        ignored = self.ignored
        for field_name in CHILD_FIELDS[node.__class__]:
            value: Any = getattr(node, field_name, None)
            if value.__class__ is list:
                found += [item for item in value if item.__class__ not in ignored]
            elif value.__class__ not in ignored:
                found.append(value)
        return found

    def assignment(self, node: ast.Assign, scope: Scope) -> list[_Pending]:
        """``a = b = value``."""
        value = node.value
        if len(node.targets) == 1 and isinstance(target := node.targets[0], ast.Name):  # as in most
            self.bind_name(target, value, scope)
            return [] if value.__class__ in self.ignored else [value]
        pending: list[_Pending] = []
        for target in node.targets:
            pending += self.target(target, value, scope)
        pending.append(value)
        return pending

    def bind_name(self, target: ast.Name, value: ast.expr, scope: Scope) -> None:
        """Bind a name to what it is assigned."""
        self.keep(target, scope)
        scope.bind(target.id, value)
        self.walked.aliases.append((target, value))

    def target(self, target: ast.expr, value: ast.expr, scope: Scope) -> list[_Pending]:
        """Bind one assignment target to what it receives; gives what is still to be walked."""
        if isinstance(target, ast.Name):
            self.bind_name(target, value, scope)
            return []
        if isinstance(target, ast.Attribute):
            self.walked.attributes.append(AttributeAssignment(target, value, value, scope))
            return [target]
        if isinstance(target, ast.Subscript):
            self.walked.items.append((target, value, scope))
            return [target]
        if (
            isinstance(target, (ast.Tuple, ast.List))
            and isinstance(value, (ast.Tuple, ast.List))
            and len(target.elts) == len(value.elts)
            and not any(isinstance(item, ast.Starred) for item in (*target.elts, *value.elts))
        ):
            self.keep(target, scope)
            pairs = zip(target.elts, value.elts, strict=True)
            return [pending for inner, part in pairs for pending in self.target(inner, part, scope)]
        if isinstance(target, (ast.Tuple, ast.List)):
            self.walked.unpacked.append((target, value))
        return [target]

    def annotated_assignment(self, node: ast.AnnAssign, scope: Scope) -> list[_Pending]:
        """``name: annotation = value``; without a value, ``(name): annotation`` binds nothing."""
        if not isinstance(node.target, ast.Name):
            if isinstance(node.target, ast.Attribute):
                self.walked.attributes.append(AttributeAssignment(node.target, node.value, node, scope))
            return self.inside(node)
        self.keep(node.target, scope)
        if node.simple or node.value is not None:
            scope.bind(node.target.id, node)
        if node.value is not None:
            self.walked.aliases.append((node.target, node.value))
        return [node.annotation] if node.value is None else [node.annotation, node.value]

    def augmented_assignment(self, node: ast.AugAssign, scope: Scope) -> list[_Pending]:
        """``name += value``."""
        if isinstance(node.target, ast.Name):
            self.keep(node.target, scope)
            scope.bind(node.target.id, node)
            return [node.value]
        return self.inside(node)

    def walrus(self, node: ast.NamedExpr, scope: Scope) -> list[_Pending]:
        """``name := value``."""
        self.keep(node.target, scope)
        scope.assignment_home().bind(node.target.id, node.value)
        self.walked.aliases.append((node.target, node.value))
        return [node.value]

    def loop(self, node: ast.For | ast.AsyncFor, scope: Scope) -> list[_Pending]:
        """``for name in iterable``."""
        if not isinstance(node.target, ast.Name):
            return self.inside(node)
        self.keep(node.target, scope)
        scope.bind(node.target.id, node)
        return [node.iter, *node.body, *node.orelse]

    def with_item(self, node: ast.withitem, scope: Scope) -> list[_Pending]:
        """``with context as name``."""
        if not isinstance(node.optional_vars, ast.Name):
            return self.inside(node)
        self.keep(node.optional_vars, scope)
        scope.bind(node.optional_vars.id, node)
        return [node.context_expr]

    def handler(self, node: ast.ExceptHandler, scope: Scope) -> list[_Pending]:
        """``except Error as name``."""
        if node.name is not None:
            scope.bind(node.name, node)
        return self.inside(node)

    def capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping, scope: Scope) -> list[_Pending]:
        """A name captured by a ``case`` pattern."""
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            scope.bind(name, node)
        return self.inside(node)

    def global_(self, node: ast.Global, scope: Scope) -> list[_Pending]:
        """``global name``."""
        root = scope.root()
        if scope is not root:
            scope.elsewhere.update(dict.fromkeys(node.names, root))
        return []

    def nonlocal_(self, node: ast.Nonlocal, scope: Scope) -> list[_Pending]:
        """``nonlocal name``; what it means is known only when the functions around it have been walked to their end."""
        self.nonlocals += [(name, scope) for name in node.names]
        return []

    def settle_nonlocals(self) -> None:
        """Move what ``nonlocal`` names were bound to into the scopes that they live in, outermost first."""
        for name, scope in self.nonlocals:
            home = scope.enclosing_home(name)
            if home is not None:
                scope.elsewhere[name] = home
                home.bindings.setdefault(name, []).extend(scope.bindings.pop(name, ()))

    def import_(self, node: ast.Import, scope: Scope) -> list[_Pending]:
        """``import a.b`` binds ``a``; ``import a.b as c`` binds ``c`` to ``a.b``."""
        for alias in node.names:
            self.keep(alias, scope)
            if alias.asname is not None:
                scope.bind(alias.asname, alias.name)
            else:
                top = alias.name.partition(".")[0]
                scope.bind(top, top)
        return []

    def import_from(self, node: ast.ImportFrom, scope: Scope) -> list[_Pending]:
        """``from a import b``; a relative import keeps its leading dots in the path."""
        module = "." * node.level + (node.module or "")
        joint = "" if module.endswith(".") or not module else "."
        for alias in node.names:
            self.keep(alias, scope)
            if alias.name == "*":
                scope.stars.append(module)
            else:
                scope.bind(alias.asname or alias.name, f"{module}{joint}{alias.name}")
        return []

    def function(self, node: DefNode, scope: Scope) -> list[_Pending]:
        """``def``: decorators and defaults belong outside, annotations too, parameters and body inside."""
        scope.bind(node.name, node)
        pending: list[_Pending] = [*node.decorator_list]
        header = self.type_parameters(node, scope, pending)
        inner = Scope(node, header)
        owner = scope.node if isinstance(scope.node, ast.ClassDef) else None
        self.walked.functions[node] = FunctionInfo(node, inner, owner)
        self.parameters(node.args, inner, scope, header, pending)
        if node.returns is not None:
            pending.append(node.returns)
        pending += (inner, *node.body, scope)
        return pending

    def lambda_(self, node: ast.Lambda, scope: Scope) -> list[_Pending]:
        """``lambda``: defaults belong outside, parameters and body inside."""
        inner = self.walked.lambdas[node] = Scope(node, scope)
        pending: list[_Pending] = []
        self.parameters(node.args, inner, scope, scope, pending)
        pending += (inner, node.body, scope)
        return pending

    def parameters(
        self, args: ast.arguments, inner: Scope, outer: Scope, header: Scope, pending: list[_Pending]
    ) -> None:
        """Bind parameters inside; defaults are evaluated outside, annotations where type parameters are seen too."""
        self.keep(args, inner)
        everyone = (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg)
        parameters = [arg for arg in everyone if arg is not None]
        if ast.arg in self.walked.buckets:
            for arg in parameters:
                self.keep(arg, inner)
        inner.bindings = {arg.arg: [arg] for arg in parameters}
        pending += [arg.annotation for arg in parameters if arg.annotation is not None]
        defaults: list[Any] = [*args.defaults, *args.kw_defaults]
        if header is not outer:
            defaults = [outer, *defaults, header]
        pending += [each for each in defaults if each.__class__ not in self.ignored]

    def type_parameters(self, node: ast.AST, scope: Scope, pending: list[_Pending]) -> Scope:
        """The scope of a definition's PEP 695 type parameters, whose bounds become pending; else ``scope``."""
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        header = Scope(parameters[0], scope)
        pending.append(header)
        for parameter in parameters:
            self.keep(parameter, header)
            header.bind(parameter.name, parameter)
            pending += self.inside(parameter)
        return header

    def type_alias(self, node: Any, scope: Scope) -> list[_Pending]:
        """``type name[parameters] = value``."""
        self.keep(node.name, scope)
        scope.bind(node.name.id, node)
        pending: list[_Pending] = []
        self.type_parameters(node, scope, pending)
        return [*pending, node.value, scope]

    def class_(self, node: ast.ClassDef, scope: Scope) -> list[_Pending]:
        """``class``: decorators, bases and keywords belong outside, the body inside."""
        scope.bind(node.name, node)
        pending: list[_Pending] = [*node.decorator_list]
        header = self.type_parameters(node, scope, pending)
        inner = Scope(node, header)
        self.walked.classes[node] = ClassInfo(node, inner)
        pending += (*node.bases, *node.keywords, inner, *node.body, scope)
        return pending

    def comprehension(self, node: Comprehension, scope: Scope) -> list[_Pending]:
        """A comprehension: the first iterable is evaluated outside, everything else inside."""
        inner = Scope(node, scope)
        pending: list[_Pending] = []
        for generator in node.generators:
            self.keep(generator, inner)
            pending.append(generator.iter)
            if not pending[1:]:
                pending.append(inner)
            if isinstance(generator.target, ast.Name):
                self.keep(generator.target, inner)
                inner.bind(generator.target.id, generator)
            else:
                pending.append(generator.target)
            pending += generator.ifs
        pending += (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        pending.append(scope)
        return pending


_VISITORS: dict[type[ast.AST], Callable[[_Walker, Any, Scope], list[_Pending]]] = {
    ast.AnnAssign: _Walker.annotated_assignment,
    ast.Assign: _Walker.assignment,
    ast.AsyncFor: _Walker.loop,
    ast.AsyncFunctionDef: _Walker.function,
    ast.AugAssign: _Walker.augmented_assignment,
    ast.ClassDef: _Walker.class_,
    ast.DictComp: _Walker.comprehension,
    ast.ExceptHandler: _Walker.handler,
    ast.For: _Walker.loop,
    ast.FunctionDef: _Walker.function,
    ast.GeneratorExp: _Walker.comprehension,
    ast.Global: _Walker.global_,
    ast.Import: _Walker.import_,
    ast.ImportFrom: _Walker.import_from,
    ast.Lambda: _Walker.lambda_,
    ast.ListComp: _Walker.comprehension,
    ast.MatchAs: _Walker.capture,
    ast.MatchMapping: _Walker.capture,
    ast.MatchStar: _Walker.capture,
    ast.NamedExpr: _Walker.walrus,
    ast.Nonlocal: _Walker.nonlocal_,
    ast.SetComp: _Walker.comprehension,
    ast.withitem: _Walker.with_item,
}
if hasattr(ast, "TypeAlias"):
    _VISITORS[ast.TypeAlias] = _Walker.type_alias


def walk(tree: ast.Module, wanted: Iterable[type[ast.AST]] = ()) -> Walked:
    """Walk ``tree`` once, filling scopes, bindings, definitions, calls, chains and a bucket per wanted node type."""
    walked = Walked(tree, Scope(tree, None), {kind: [] for kind in wanted})
    _Walker(walked).run()
    return walked
