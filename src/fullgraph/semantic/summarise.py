"""One walked file in, its summary out. Nothing outside the file is looked at."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from fullgraph.semantic.annotations import promise
from fullgraph.semantic.barriers import Barriers
from fullgraph.semantic.changing import Globals
from fullgraph.semantic.compiled import COMPILE
from fullgraph.semantic.held import Held
from fullgraph.semantic.lazy import lazy_imports
from fullgraph.semantic.names import Names
from fullgraph.semantic.references import References
from fullgraph.semantic.scopes import DEFS, DefNode, Scope
from fullgraph.semantic.settings import settings_of
from fullgraph.semantic.summary import (
    NO_OWNER,
    UNKNOWN,
    CallSite,
    Change,
    ClassSummary,
    Constant,
    Decorator,
    FileSummary,
    FunctionSummary,
    Placed,
    Ref,
    Variation,
)
from fullgraph.semantic.varied import Varied
from fullgraph.semantic.varying import Varying
from fullgraph.semantic.walk import Walked

SUMMARY_NODES: tuple[type[ast.AST], ...] = (
    ast.If,
    ast.IfExp,
    ast.BoolOp,
    ast.While,
    ast.For,
    ast.AsyncFor,
    ast.comprehension,
    ast.Return,
    ast.With,
    ast.AugAssign,
)
"""Node types that the walk must keep for a summary."""
_DEPTH = 12

_Calls = list[tuple[ast.Call, Scope]]


def summarise(walked: Walked, names: Names, barriers: Barriers, varied: Varied, own_globals: Globals) -> FileSummary:
    """What linking must know of the file; the walk must have kept `SUMMARY_NODES`."""
    return _Summariser(walked, names, barriers, varied, own_globals).run()


class _Summariser:
    def __init__(self, walked: Walked, names: Names, barriers: Barriers, varied: Varied, own_globals: Globals) -> None:
        self.walked = walked
        self.globals = own_globals
        self.varied = varied
        self.names = names
        self.barriers = barriers
        self.references = References(walked)
        self.held = Held(walked, self.references)
        self.parameters: list[list[ast.arg]] = []
        self.homes: dict[Scope, ast.AST | None] = {}
        self.rows: list[int] = []

    def run(self) -> FileSummary:
        """Summarise the file."""
        walked, references = self.walked, self.references
        # first, and in the order of the file: names that stand for each other are then followed one at a time
        exports = {name: references.key(walked.root, name) for name in walked.root.bindings}
        self.collect_parameters()
        calls = self.calls_by_function()
        sites = {node: self.sites(found, skipped=False) for node, found in calls.items()}
        returns = self.returns_by_function()
        self.held.collect()
        functions = [self.function(node, calls, sites, returns) for node in references.functions]
        classes = [self.class_(node) for node in references.classes]
        variations, placed = tuple(self.variations()), tuple(self.placed())
        changes, constants = tuple(self.changes()), tuple(self.constants())
        modules = self.add_lazy(exports)
        return FileSummary(
            tuple(functions),
            tuple(classes),
            tuple(references.names),
            exports,
            (*walked.root.stars, *modules),
            sites.get(None, ()),
            settings_of(walked, self.names),
            self.rows,
            variations=variations,
            placed=placed,
            changes=changes,
            constants=constants,
        )

    def variations(self) -> Iterator[Variation]:
        """What loops pass to what other files may define."""
        references = self.references
        for each in Varying(self.walked, self.varied, self.is_of_others).arguments():
            compiling = self.varied.compiled_by(each.call, each.scope)
            made = references.made(each.call if compiling is None else compiling, each.scope)
            callee = UNKNOWN if not made else made[1] if compiling is None else _compiled(made)
            if not callee:
                continue
            row, function = self.row(each.loop.lineno), self.function_around(each.scope)
            yield Variation(row, function, callee, compiling is not None, each.argument, each.variety.value, each.text)

    def placed(self) -> Iterator[Placed]:
        """What the file compiles and puts into attributes of others."""
        references = self.references
        for target, value, _, scope in self.walked.attributes:
            if not isinstance(value, ast.Call) or (isinstance(target.value, ast.Name) and target.value.id == "self"):
                continue
            if COMPILE not in self.names.of(value.func):
                continue
            if references.owner_of(target.value, scope) is not None:
                continue
            owner, made = references.ref(target.value, scope), references.made(value, scope)
            if owner and made:
                function = self.function_around(scope)
                yield Placed(self.row(value.lineno), function, owner, target.attr, made)

    def changes(self) -> Iterator[Change]:
        """Globals of other files that the file sets beside calls."""
        references = self.references
        for each in self.globals.changing():
            made = (references.made(call, scope) for call, scope in each.calls)
            callees = tuple(dict.fromkeys(ref[1] for ref in made if ref and ref[1][0] in ("i", "n", ".")))
            match references.ref(each.target, each.scope):
                case ("i", str(path)) if callees:
                    function, target = self.function_around(each.scope), ast.unparse(each.target)
                    yield Change(function, target, path, each.kind, callees)
                case _:
                    continue

    def constants(self) -> Iterator[Constant]:
        """Globals of the file that what it compiles reads."""
        for name, function, kind in self.globals.read():
            yield Constant(self.row(name.lineno), self.references.functions[function], name.id, kind)

    def function_around(self, scope: Scope) -> int:
        """The number of the function that a scope lies in."""
        home = self.home(scope)
        return NO_OWNER if home is None else self.references.functions[home]

    def is_of_others(self, call: ast.Call, scope: Scope) -> bool:
        """Whether a call may be of something that another file defines or has compiled."""
        made = self.references.made(call, scope)
        return bool(made) and made[1][0] not in ("f", "c", "()")

    def add_lazy(self, exports: dict[str, int]) -> tuple[str, ...]:
        """Add what the module's ``__getattr__`` imports; gives the modules to which it leads for every other name."""
        lazy = lazy_imports(self.walked)
        for name, path in lazy.names.items():
            exports[name] = len(self.references.names)
            self.references.names.append((("i", path),))
        return lazy.modules

    def row(self, row: int) -> int:
        """The place in the summary's rows where this one is put down."""
        self.rows.append(row)
        return len(self.rows) - 1

    # What stands where

    def home(self, scope: Scope) -> ast.AST | None:
        """The innermost ``def`` or ``lambda`` that a scope lies in, up to the next class."""
        if scope in self.homes:
            return self.homes[scope]
        home: ast.AST | None = None
        current: Scope | None = scope
        while current is not None:
            if current.node in self.references.functions:
                home = current.node
                break
            current = current.parent if not current.is_class else None
        self.homes[scope] = home
        return home

    def scopes_of(self, node: ast.AST) -> tuple[Scope, Scope]:
        """The scope of a function's body, and the one around it."""
        info = self.walked.functions.get(node)
        scope = info.scope if info is not None else self.walked.lambdas[node]
        return scope, scope.parent if scope.parent is not None else self.walked.root

    def calls_by_function(self) -> dict[ast.AST | None, _Calls]:
        """Every call with its scope, by the function it stands in."""
        found: dict[ast.AST | None, _Calls] = {}
        by_scope: dict[Scope, _Calls] = {}
        for item in self.walked.calls:
            scope = item[1]
            calls = by_scope.get(scope)
            if calls is None:
                calls = by_scope[scope] = found.setdefault(self.home(scope), [])
            calls.append(item)
        return found

    def returns_by_function(self) -> dict[ast.AST | None, dict[Ref, None]]:
        """References of what functions return, without constants and what is unknown."""
        found: dict[ast.AST | None, dict[Ref, None]] = {}
        ref_of = self.references.ref
        for node, scope in self.walked.buckets[ast.Return]:
            value: ast.expr | None = node.value  # type: ignore[attr-defined]
            if value is not None and (ref := ref_of(value, scope)) and ref[0] != "=":
                found.setdefault(self.home(scope), {})[ref] = None
        for node, scope in self.walked.lambdas.items():
            if (ref := ref_of(node.body, scope)) and ref[0] != "=":  # type: ignore[attr-defined]
                found.setdefault(node, {})[ref] = None
        return found

    # Functions and classes

    def collect_parameters(self) -> None:
        """What the annotations and defaults of parameters promise."""
        references = self.references
        promises = references.promises
        for node, index in references.functions.items():
            args: ast.arguments = node.args  # type: ignore[attr-defined]
            positional = [*args.posonlyargs, *args.args]
            parameters = [*positional, *args.kwonlyargs]
            self.parameters.append(parameters)
            if not parameters:
                continue
            _, outer = self.scopes_of(node)
            for arg in parameters:
                note = arg.annotation
                promises[index, arg.arg] = UNKNOWN if note is None else promise(note, outer, references, _DEPTH)
            if args.defaults or args.kwonlyargs:
                for arg, default in _defaults(args, positional):
                    if default.__class__ is not ast.Constant and not promises[index, arg.arg]:
                        ref = references.ref(default, outer)
                        if ref and ref[0] in ("c", "f", "i", "n"):
                            promises[index, arg.arg] = ("d", ref)

    def function(
        self,
        node: ast.AST,
        calls: dict[ast.AST | None, _Calls],
        sites: dict[ast.AST | None, tuple[CallSite, ...]],
        returns: dict[ast.AST | None, dict[Ref, None]],
    ) -> FunctionSummary:
        """Summarise one ``def`` or ``lambda``."""
        references = self.references
        info = self.walked.functions.get(node)
        owner = info.owner if info is not None else None
        scope, outer = self.scopes_of(node)
        around = self.home(outer)
        name = "<lambda>" if info is None else info.node.name if owner is None else f"{owner.name}.{info.node.name}"
        index = references.functions[node]
        promises = references.promises
        return FunctionSummary(
            name,
            self.row(node.lineno),  # type: ignore[attr-defined]
            NO_OWNER if owner is None else references.classes[owner],
            NO_OWNER if around is None else references.functions[around],
            () if info is None or not info.node.decorator_list else tuple(self.decorators(info.node, outer)),
            tuple([(arg.arg, promises[index, arg.arg]) for arg in self.parameters[index]]),
            sites.get(node, ()),
            self.sites(calls.get(node, ()), skipped=True) if self.barriers.any_skipped else (),
            tuple(returns.get(node, ())),
            tuple(sorted(self.held.loads.get(scope, ()))),
        )

    def decorators(self, node: DefNode | ast.ClassDef, scope: Scope) -> Iterator[Decorator]:
        """The decorators of a definition."""
        for item in node.decorator_list:
            whole = self.references.ref(item, scope)
            name = self.references.ref(item.func, scope) if isinstance(item, ast.Call) else whole
            yield Decorator(self.row(item.lineno), name, whole)

    def class_(self, node: ast.AST) -> ClassSummary:
        """Summarise one class."""
        info = self.walked.classes[node]
        index = self.references.classes[node]
        methods: dict[str, int] = {}
        properties: set[str] = set()
        for name, bindings in info.scope.bindings.items():
            for binding in bindings:
                if not isinstance(binding, DEFS):
                    self.held.add(index, name, self.references.binding(binding, info.scope, name))
                elif not binding.decorator_list or not _is_secondary(binding):
                    methods[name] = self.references.functions[binding]
                    (properties.add if _is_property(binding) else properties.discard)(name)
        outer = info.scope.parent if info.scope.parent is not None else self.walked.root
        return ClassSummary(
            info.node.name,
            self.row(info.node.lineno),
            tuple(self.references.ref(_unsubscripted(base), outer) for base in info.node.bases),
            tuple(self.decorators(info.node, outer)),
            methods,
            frozenset(properties),
            {name: tuple(dict.fromkeys(refs)) for name, refs in self.held.attributes[index].items()},
            tuple(self.held.hooks[index]),
            index in self.held.modules,
        )

    def sites(self, calls: Iterable[tuple[ast.Call, Scope]], *, skipped: bool) -> tuple[CallSite, ...]:
        """Those calls that may matter: whose callee may be of this project, or that are given functions or modules."""
        found: list[CallSite] = []
        barriers, made, known, rows = self.barriers, self.references.made, self.references.calls, self.rows
        asks = barriers.any_skipped
        for call, scope in calls:
            if asks and (barriers.is_skipped_call(call) is not skipped):
                continue
            if skipped and barriers.is_forced_eager(call.lineno):
                continue
            ref = known.get(call)
            if ref is None:
                ref = made(call, scope)
            if ref:
                _, callee, arguments, keywords = ref
                found.append(CallSite(len(rows), callee, arguments, keywords))
                rows.append(call.lineno)
        return tuple(found)


def _compiled(made: Ref) -> Ref:
    """What a call of ``torch.compile`` is given."""
    _, _, arguments, keywords = made
    found: Ref = arguments[0] if arguments else dict(keywords).get("model", UNKNOWN)
    return found


def _defaults(args: ast.arguments, positional: list[ast.arg]) -> Iterator[tuple[ast.arg, ast.expr]]:
    yield from zip(positional[len(positional) - len(args.defaults) :], args.defaults, strict=True)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is not None:
            yield arg, default


def _is_secondary(node: DefNode) -> bool:
    """Whether a definition is only an overload's signature, or the setter or deleter of a property."""
    return any(
        (isinstance(item, ast.Attribute) and item.attr in ("setter", "deleter", "overload"))
        or (isinstance(item, ast.Name) and item.id == "overload")
        for item in node.decorator_list
    )


def _is_property(node: DefNode) -> bool:
    return any(
        (isinstance(item, ast.Name) and item.id in ("property", "cached_property"))
        or (isinstance(item, ast.Attribute) and item.attr in ("cached_property", "property", "getter"))
        for item in node.decorator_list
    )


def _unsubscripted(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base
