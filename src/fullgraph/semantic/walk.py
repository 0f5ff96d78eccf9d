"""The one walk over a file's tree. It keeps a stack of its own, so no nesting is too deep for it."""

from __future__ import annotations

import ast
import operator
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

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
REVERSED_FIELDS = {kind: fields[::-1] for kind, fields in CHILD_FIELDS.items()}


@dataclass(frozen=True, slots=True)
class FunctionInfo:
    """One ``def``: its node, the scope of its body, and the class whose body it stands in."""

    node: DefNode
    scope: Scope
    owner: ast.ClassDef | None


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One ``class``: its node and the scope of its body."""

    node: ast.ClassDef
    scope: Scope


@dataclass(frozen=True, slots=True)
class AttributeAssignment:
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


_Pending = tuple[ast.AST, Scope]


class _Walker:
    """Fills one ``Walked``: a visitor per node type that binds names; every other node just has children."""

    def __init__(self, walked: Walked) -> None:
        self.walked = walked
        self.keep_constants = ast.Constant in walked.buckets
        self.keeps_keywords = ast.keyword in walked.buckets
        self.nonlocals: list[tuple[str, Scope]] = []
        self.visitors: dict[type[ast.AST], Callable[[Any, Scope], list[_Pending]]] = {
            ast.AnnAssign: self.annotated_assignment,
            ast.Assign: self.assignment,
            ast.AsyncFor: self.loop,
            ast.AsyncFunctionDef: self.function,
            ast.AugAssign: self.augmented_assignment,
            ast.Call: self.call,
            ast.ClassDef: self.class_,
            ast.Name: self.name,
            ast.DictComp: self.comprehension,
            ast.ExceptHandler: self.handler,
            ast.For: self.loop,
            ast.FunctionDef: self.function,
            ast.GeneratorExp: self.comprehension,
            ast.Global: self.global_,
            ast.Import: self.import_,
            ast.ImportFrom: self.import_from,
            ast.Lambda: self.lambda_,
            ast.ListComp: self.comprehension,
            ast.MatchAs: self.capture,
            ast.MatchMapping: self.capture,
            ast.MatchStar: self.capture,
            ast.NamedExpr: self.walrus,
            ast.Nonlocal: self.nonlocal_,
            ast.SetComp: self.comprehension,
            ast.withitem: self.with_item,
        }
        if hasattr(ast, "TypeAlias"):
            self.visitors[ast.TypeAlias] = self.type_alias

    def run(self) -> None:
        """Walk the tree in source order."""
        walked, visitors, attribute = self.walked, self.visitors, self.attribute
        keepers = {kind: bucket.append for kind, bucket in walked.buckets.items()}
        chains, name_scope = walked.chains, walked.name_scope
        ignored = None if self.keep_constants else ast.Constant
        stack: list[tuple[Any, Scope]] = [(child, walked.root) for child in reversed(walked.tree.body)]
        pop, push, extend = stack.pop, stack.append, stack.extend
        while stack:
            item = pop()
            node, scope = item
            kind = node.__class__
            if kind in keepers:
                keepers[kind](item)
            if kind is ast.Name and node.ctx.__class__ is ast.Load:
                name_scope[node] = scope
                chains[node.id].append(node)
            elif kind is ast.Attribute:
                if (base := attribute(node, scope)) is not None:
                    push((base, scope))
            elif (visit := visitors.get(kind)) is not None:
                pending = visit(node, scope)
                pending.reverse()
                extend(pending)
            else:
                for name in REVERSED_FIELDS[kind]:
                    value = getattr(node, name, None)
                    if value.__class__ is list:
                        for child in reversed(value):
                            if isinstance(child, ast.AST) and child.__class__ is not ignored:
                                push((child, scope))
                    elif isinstance(value, ast.AST) and value.__class__ is not ignored:
                        push((value, scope))
        self.settle_nonlocals()
        self.sort_buckets()
        visitors.clear()  # they hold this walker, which holds them

    def sort_buckets(self) -> None:
        """Put expressions into source order that the walk met earlier or later than they stand; statements are."""
        for kind, bucket in self.walked.buckets.items():
            if "lineno" in kind._attributes and not issubclass(kind, ast.stmt):
                nodes: list[Any] = [node for node, _ in bucket]
                places = [(node.lineno, node.col_offset, index) for index, node in enumerate(nodes)]
                if any(map(operator.gt, places, places[1:])):
                    bucket[:] = [bucket[index] for _, _, index in sorted(places)]

    def keep(self, node: ast.AST, scope: Scope) -> None:
        """Put a node that is not walked by itself into its bucket, if it is wanted."""
        if (bucket := self.walked.buckets.get(node.__class__)) is not None:
            bucket.append((node, scope))

    def inside(self, node: ast.AST, scope: Scope) -> list[_Pending]:
        """The children of a node that binds nothing, in source order."""
        found: list[_Pending] = []
        for field_name in CHILD_FIELDS[node.__class__]:
            value = getattr(node, field_name, None)
            if value.__class__ is list:
                found += [(item, scope) for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                found.append((value, scope))
        if self.keep_constants:
            return found
        return [item for item in found if item[0].__class__ is not ast.Constant]

    def name(self, node: ast.Name, scope: Scope) -> list[_Pending]:
        """A store or deletion of which no more is known."""
        scope.bind(node.id, node)
        return []

    def attribute(self, node: ast.Attribute, scope: Scope) -> ast.expr | None:
        """An outermost ``a.b.c``; gives the expression it hangs on if that is no name."""
        buckets = self.walked.buckets
        base: Any = node.value
        while base.__class__ is ast.Attribute:
            if ast.Attribute in buckets:
                buckets[ast.Attribute].append((base, scope))
            base = base.value
        if base.__class__ is not ast.Name:
            return base  # type: ignore[no-any-return]
        self.walked.name_scope[base] = scope
        self.walked.chains[base.id].append(node)
        if ast.Name in buckets:
            buckets[ast.Name].append((base, scope))
        return None

    def call(self, node: ast.Call, scope: Scope) -> list[_Pending]:
        """A call, kept for the call and method triggers and for the traced region."""
        self.walked.calls.append((node, scope))
        if self.keeps_keywords:
            return self.inside(node, scope)
        pending: list[_Pending] = [(node.func, scope)]
        if self.keep_constants:
            pending += [(child, scope) for child in node.args]
            pending += [(keyword.value, scope) for keyword in node.keywords]
        else:
            pending += [(child, scope) for child in node.args if child.__class__ is not ast.Constant]
            if node.keywords:
                values = [keyword.value for keyword in node.keywords]
                pending += [(child, scope) for child in values if child.__class__ is not ast.Constant]
        return pending

    def assignment(self, node: ast.Assign, scope: Scope) -> list[_Pending]:
        """``a = b = value``."""
        pending: list[_Pending] = []
        for target in node.targets:
            pending += self.target(target, node.value, scope)
        pending.append((node.value, scope))
        return pending

    def target(self, target: ast.expr, value: ast.expr, scope: Scope) -> list[_Pending]:
        """Bind one assignment target to what it receives; gives what is still to be walked."""
        if isinstance(target, ast.Name):
            self.keep(target, scope)
            scope.bind(target.id, value)
            self.walked.aliases.append((target, value))
            return []
        if isinstance(target, ast.Attribute):
            self.walked.attributes.append(AttributeAssignment(target, value, value, scope))
            return [(target, scope)]
        if isinstance(target, ast.Subscript):
            self.walked.items.append((target, value, scope))
            return [(target, scope)]
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
        return [(target, scope)]

    def annotated_assignment(self, node: ast.AnnAssign, scope: Scope) -> list[_Pending]:
        """``name: annotation = value``; without a value, ``(name): annotation`` binds nothing."""
        if not isinstance(node.target, ast.Name):
            if isinstance(node.target, ast.Attribute):
                self.walked.attributes.append(AttributeAssignment(node.target, node.value, node, scope))
            return self.inside(node, scope)
        self.keep(node.target, scope)
        if node.simple or node.value is not None:
            scope.bind(node.target.id, node)
        if node.value is not None:
            self.walked.aliases.append((node.target, node.value))
        return [(child, scope) for child in (node.annotation, node.value) if child is not None]

    def augmented_assignment(self, node: ast.AugAssign, scope: Scope) -> list[_Pending]:
        """``name += value``."""
        if isinstance(node.target, ast.Name):
            self.keep(node.target, scope)
            scope.bind(node.target.id, node)
            return [(node.value, scope)]
        return self.inside(node, scope)

    def walrus(self, node: ast.NamedExpr, scope: Scope) -> list[_Pending]:
        """``name := value``."""
        self.keep(node.target, scope)
        scope.assignment_home().bind(node.target.id, node.value)
        self.walked.aliases.append((node.target, node.value))
        return [(node.value, scope)]

    def loop(self, node: ast.For | ast.AsyncFor, scope: Scope) -> list[_Pending]:
        """``for name in iterable``."""
        if not isinstance(node.target, ast.Name):
            return self.inside(node, scope)
        self.keep(node.target, scope)
        scope.bind(node.target.id, node)
        return [(child, scope) for child in (node.iter, *node.body, *node.orelse)]

    def with_item(self, node: ast.withitem, scope: Scope) -> list[_Pending]:
        """``with context as name``."""
        if not isinstance(node.optional_vars, ast.Name):
            return self.inside(node, scope)
        self.keep(node.optional_vars, scope)
        scope.bind(node.optional_vars.id, node)
        return [(node.context_expr, scope)]

    def handler(self, node: ast.ExceptHandler, scope: Scope) -> list[_Pending]:
        """``except Error as name``."""
        if node.name is not None:
            scope.bind(node.name, node)
        return self.inside(node, scope)

    def capture(self, node: ast.MatchAs | ast.MatchStar | ast.MatchMapping, scope: Scope) -> list[_Pending]:
        """A name captured by a ``case`` pattern."""
        name = node.rest if isinstance(node, ast.MatchMapping) else node.name
        if name is not None:
            scope.bind(name, node)
        return self.inside(node, scope)

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
        pending: list[_Pending] = [(child, scope) for child in node.decorator_list]
        header = self.type_parameters(node, scope, pending)
        inner = Scope(node, header)
        owner = scope.node if isinstance(scope.node, ast.ClassDef) else None
        self.walked.functions[node] = FunctionInfo(node, inner, owner)
        pending += self.parameters(node.args, inner, scope, header)
        if node.returns is not None:
            pending.append((node.returns, header))
        pending += [(child, inner) for child in node.body]
        return pending

    def lambda_(self, node: ast.Lambda, scope: Scope) -> list[_Pending]:
        """``lambda``: defaults belong outside, parameters and body inside."""
        inner = self.walked.lambdas[node] = Scope(node, scope)
        return [*self.parameters(node.args, inner, scope, scope), (node.body, inner)]

    def parameters(self, args: ast.arguments, inner: Scope, outer: Scope, header: Scope) -> list[_Pending]:
        """Bind parameters inside; defaults are evaluated outside, annotations where type parameters are seen too."""
        self.keep(args, inner)
        pending: list[_Pending] = []
        for arg in (*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg):
            if arg is not None:
                self.keep(arg, inner)
                inner.bind(arg.arg, arg)
                if arg.annotation is not None:
                    pending.append((arg.annotation, header))
        pending += [(default, outer) for default in (*args.defaults, *args.kw_defaults) if default is not None]
        return pending

    def type_parameters(self, node: ast.AST, scope: Scope, pending: list[_Pending]) -> Scope:
        """The scope of a definition's PEP 695 type parameters, whose bounds become pending; else ``scope``."""
        parameters = getattr(node, "type_params", None)
        if not parameters:
            return scope
        header = Scope(parameters[0], scope)
        for parameter in parameters:
            self.keep(parameter, header)
            header.bind(parameter.name, parameter)
            pending += self.inside(parameter, header)
        return header

    def type_alias(self, node: Any, scope: Scope) -> list[_Pending]:
        """``type name[parameters] = value``."""
        self.keep(node.name, scope)
        scope.bind(node.name.id, node)
        pending: list[_Pending] = []
        header = self.type_parameters(node, scope, pending)
        return [*pending, (node.value, header)]

    def class_(self, node: ast.ClassDef, scope: Scope) -> list[_Pending]:
        """``class``: decorators, bases and keywords belong outside, the body inside."""
        scope.bind(node.name, node)
        pending: list[_Pending] = [(child, scope) for child in node.decorator_list]
        header = self.type_parameters(node, scope, pending)
        inner = Scope(node, header)
        self.walked.classes[node] = ClassInfo(node, inner)
        pending += [(child, header) for child in (*node.bases, *node.keywords)]
        pending += [(child, inner) for child in node.body]
        return pending

    def comprehension(self, node: Comprehension, scope: Scope) -> list[_Pending]:
        """A comprehension: the first iterable is evaluated outside, everything else inside."""
        inner = Scope(node, scope)
        pending: list[_Pending] = []
        for index, generator in enumerate(node.generators):
            self.keep(generator, inner)
            pending.append((generator.iter, inner if index else scope))
            if isinstance(generator.target, ast.Name):
                self.keep(generator.target, inner)
                inner.bind(generator.target.id, generator)
            else:
                pending.append((generator.target, inner))
            pending += [(condition, inner) for condition in generator.ifs]
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        return pending + [(part, inner) for part in parts]


def walk(tree: ast.Module, wanted: Iterable[type[ast.AST]] = ()) -> Walked:
    """Walk ``tree`` once, filling scopes, bindings, definitions, calls, chains and a bucket per wanted node type."""
    walked = Walked(tree, Scope(tree, None), {kind: [] for kind in wanted})
    _Walker(walked).run()
    return walked
