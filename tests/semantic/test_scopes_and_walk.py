"""The walk visits every node once and in order, and its scopes are those of Python's own compiler."""

from __future__ import annotations

import ast
import functools
import importlib.util
import random
import symtable
import sys
import sysconfig
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from fullgraph.semantic.scopes import DEFS, Scope
from fullgraph.semantic.walk import CHILD_FIELDS, Walked, base_name, walk

NO_PLACE = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop, ast.mod, ast.type_ignore)
NODE_TYPES = [
    value
    for value in vars(ast).values()
    if isinstance(value, type)
    and issubclass(value, ast.AST)
    and value.__name__ in dir(ast)
    and not issubclass(value, NO_PLACE)
]
STDLIB = Path(sysconfig.get_path("stdlib"))
COMPREHENSION_NAMES = {"ListComp": "listcomp", "SetComp": "setcomp", "DictComp": "dictcomp", "GeneratorExp": "genexpr"}


@functools.cache
def real_files() -> tuple[Path, ...]:
    """Some files of the standard library, its trickiest tests, and some of torch, if that is installed."""
    found = sorted(file for file in STDLIB.rglob("*.py") if "site-packages" not in file.parts)
    chosen = random.Random(5).sample(found, 40)
    words = (
        "scope",
        "syntax",
        "named_exp",
        "patma",
        "listcomp",
        "generators",
        "global",
        "grammar",
        "symtable",
        "type_params",
    )
    chosen += [file for file in found if file.parent.name == "test" and any(word in file.name for word in words)]
    torch = importlib.util.find_spec("torch")
    if torch is not None and torch.origin is not None:
        chosen += random.Random(6).sample(sorted(Path(torch.origin).parent.rglob("*.py")), 60)
    return tuple(chosen)


def parsed(file: Path) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(file.read_bytes())
        except (SyntaxError, ValueError):
            return None


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for file in real_files():
        if (tree := parsed(file)) is not None:
            yield file, tree


def test_there_are_real_files() -> None:
    assert sum(1 for _ in trees()) > 40


def test_buckets_hold_exactly_the_nodes_of_their_types_in_source_order() -> None:
    for file, tree in trees():
        walked = walk(tree, NODE_TYPES)
        wanted: dict[type, Counter[ast.AST]] = defaultdict(Counter)
        for node in ast.walk(tree):
            wanted[type(node)][node] += 1
        for kind in NODE_TYPES:
            got = [node for node, _ in walked.buckets[kind]]
            assert Counter(got) == wanted[kind], f"{kind.__name__} in {file}"
            if "lineno" in kind._attributes:
                places = [(node.lineno, node.col_offset) for node in got]
                assert places == sorted(places), f"{kind.__name__} in {file}"


def test_buckets_do_not_depend_on_what_else_is_wanted() -> None:
    for file, tree in list(trees())[:30]:
        everything = walk(tree, NODE_TYPES).buckets
        for kind in (ast.Name, ast.Attribute, ast.Constant, ast.Call, ast.arg, ast.keyword, ast.comprehension):
            alone = [node for node, _ in walk(tree, [kind]).buckets[kind]]
            assert alone == [node for node, _ in everything[kind]], f"{kind.__name__} in {file}"


def test_every_load_has_a_scope_and_every_use_is_a_chain() -> None:
    for file, tree in trees():
        walked = walk(tree)
        loads = {node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        assert loads <= walked.name_scope.keys(), file
        chains = [chain for uses in walked.chains.values() for chain in uses]
        heads = [base_name(chain) for chain in chains]
        assert loads <= set(heads), file
        assert len(heads) == len(set(heads)), "one chain per name"
        inner = {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not inner.intersection(chains), "only the outermost attribute counts"
        calls = {node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        assert Counter(call for call, _ in walked.calls) == Counter(calls), file


def test_calls_by_name_are_in_the_order_of_all_calls() -> None:
    walked = walk(ast.parse("b(a(1))\nx.a()\n(lambda: 0)()\nx[0].b(y.c)\nx()()"))
    spelled = {name: [ast.unparse(call) for call, _ in walked.calls_of({name})] for name in ("a", "b", "c", "x", "")}
    assert spelled == {
        "a": ["a(1)", "x.a()"],
        "b": ["b(a(1))", "x[0].b(y.c)"],
        "c": [],
        "x": ["x()"],
        "": ["(lambda: 0)()", "x()()"],
    }
    assert walked.calls_of(("a", "b", "c", "x", "", "unused")) == walked.calls
    both = [ast.unparse(call) for call, _ in walked.calls_of(("b", "a"))]
    assert both == ["b(a(1))", "a(1)", "x.a()", "x[0].b(y.c)"]


def test_the_tree_is_not_changed() -> None:
    for _, tree in list(trees())[:30]:
        before = ast.dump(tree, include_attributes=True)
        walk(tree, NODE_TYPES)
        assert ast.dump(tree, include_attributes=True) == before


def test_every_field_with_nodes_is_a_child_field() -> None:
    for file, tree in trees():
        for node in ast.walk(tree):
            for name, value in ast.iter_fields(node):
                items = value if isinstance(value, list) else [value]
                if any(isinstance(item, ast.AST) and not isinstance(item, (*NO_PLACE, ast.alias)) for item in items):
                    assert name in CHILD_FIELDS[type(node)], f"{type(node).__name__}.{name} in {file}"


def scopes_of(walked: Walked) -> dict[Scope, set[str]]:
    """Every scope that the walk made, with the names that are loaded in it."""
    found: dict[Scope, set[str]] = {}
    seen = [scope for bucket in walked.buckets.values() for _, scope in bucket]
    seen += [info.scope for info in (*walked.functions.values(), *walked.classes.values())]
    for start in dict.fromkeys(seen):
        scope: Scope | None = start
        while scope is not None and scope not in found:
            found[scope] = set()
            scope = scope.parent
    for name, scope in walked.name_scope.items():
        if isinstance(name.ctx, ast.Load):
            found[scope].add(name.id)
    return found


def ours(walked: Walked) -> dict[tuple[int, str], list[dict[str, str]]]:
    """What kind of variable each name is in each scope, by the scope's row and name."""
    tables: dict[tuple[int, str], list[dict[str, str]]] = defaultdict(list)
    for scope, loaded in scopes_of(walked).items():
        if scope.parent is None:
            continue
        kinds: dict[str, str] = {}
        for name in loaded | scope.bindings.keys() | scope.elsewhere.keys():
            found = scope.lookup(name)
            if found is None or found[0].parent is None:
                kinds[name] = "global"
            else:
                kinds[name] = "local" if found[0] is scope else "free"
        node = scope.node
        name = (
            node.name
            if isinstance(node, (*DEFS, ast.ClassDef))
            else COMPREHENSION_NAMES.get(type(node).__name__, "lambda")
        )
        tables[node.lineno, name].append(kinds)  # type: ignore[attr-defined]
    return tables


def pythons(table: symtable.SymbolTable, owner: str | None = None) -> Iterator[tuple[tuple[int, str], dict[str, str]]]:
    """The same from ``symtable``, with private names unmangled."""
    owner = table.get_name() if table.get_type() == "class" else owner
    if table.get_type() != "module":
        kinds: dict[str, str] = {}
        for symbol in table.get_symbols():
            name = symbol.get_name()
            used = symbol.is_referenced() or symbol.is_assigned() or symbol.is_parameter() or symbol.is_imported()
            if not used and not symbol.is_declared_global() and not symbol.is_nonlocal() and not symbol.is_namespace():
                continue  # a function only hands it through to one inside
            prefix = "_" + owner.lstrip("_") if owner else ""
            if prefix and name.startswith(prefix + "__"):
                name = name[len(prefix) :]
            kinds[name] = "free" if symbol.is_free() else "global" if symbol.is_global() else "local"
        yield (table.get_lineno(), table.get_name()), kinds
    for child in table.get_children():
        yield from pythons(child, owner)


def symbols(source: str) -> dict[tuple[int, str], list[dict[str, str]]]:
    # under this import the compiler does not look at annotations at all
    source = source.replace("from __future__ import annotations", "from __future__ import division")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        top = symtable.symtable(source, "file.py", "exec")
    tables: dict[tuple[int, str], list[dict[str, str]]] = defaultdict(list)
    for key, kinds in pythons(top):
        tables[key].append(kinds)
    return tables


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="from 3.12 on symtable merges comprehensions into their function"
)
def test_scopes_are_those_of_the_compiler() -> None:
    compared = 0
    for file, tree in trees():
        try:
            theirs = symbols(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        walked = walk(tree, NODE_TYPES)
        mine = ours(walked)
        walrus = {node.target.id for node in ast.walk(tree) if isinstance(node, ast.NamedExpr)}
        for key in mine.keys() | theirs.keys():
            if key[1] == "top":
                continue  # symtable takes every scope of this name for the module
            a, b = ([clean(table, walrus) for table in side.get(key, ())] for side in (mine, theirs))
            assert by_names(a) == by_names(b), f"{file}:{key[0]}: {key[1]}"
            compared += len(b)
    assert compared > 2000


def clean(table: dict[str, str], walrus: set[str]) -> dict[str, str]:
    """Without what only one side records: ``__class__``, ``.0``, and walrus targets inside comprehensions."""
    return {name: kind for name, kind in table.items() if name not in ("__class__", ".0") and name not in walrus}


def by_names(tables: list[dict[str, str]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted(table.items()) for table in tables if table)


FUNCTION_SOURCES = {
    "nonlocal before its binding": "def f():\n def g():\n  nonlocal x\n  x = 1\n  return x\n x = 0\n return g, x\n",
    "nonlocal through a function": (
        "def f():\n x = 0\n def g():\n  def h():\n   nonlocal x\n   x = 1\n  return h\n return g\n"
    ),
    "nonlocal skips a class": (
        "def f():\n x = 0\n class C:\n  x = 1\n  def m(self):\n   nonlocal x\n   x = 2\n return C\n"
    ),
    "nonlocal in a class": "def f():\n x = 0\n class C:\n  nonlocal x\n  x = 1\n return x\n",
    "global hides the enclosing function": "def f():\n x = 1\n def g():\n  global x\n  return x\n return g\n",
    "global in the enclosing function": "def f():\n global x\n x = 1\n def g():\n  return x\n return g\n",
    "global in a class": "def f():\n x = 1\n class C:\n  global x\n  x = 2\n  def m(self): return x\n return C\n",
    "class names are not seen by methods": "class C:\n x = 1\n def m(self): return x\n y = [x for _ in x]\n",
    "default and decorator outside": "def f(x):\n @x\n def g(a=x): return a\n return g\n",
    "del is a binding": "def f():\n print(x)\n del x\n",
    "with, for, except, import": (
        "def f(o):\n with o as a: pass\n for b in o: pass\n try: pass\n except E as c: pass\n import d.e, g as h\n"
    ),
    "starred and nested targets": "def f(o):\n (a, *b), [c, d.e, i[j]] = o\n for k, (l, m) in o: pass\n",
    "match": (
        "def f(o):\n match o:\n  case [a, *b] | {'x': a, **b}: pass\n  case C(d, e=g) as h: pass\n  case _: pass\n"
    ),
    "lambda": "def f(x):\n return lambda a, *b, c=x, **d: (a, b, c, d, x)\n",
    "augmented": "x = 0\ndef f():\n x += 1\n",
    "annotated": "def f():\n x: int\n y: list = []\n z.w: int = 3\n return x\n",
    "comprehensions": "def f(o):\n return [{(a, b, c): d for b in a} for a in o if a for c in a]\n",
    "async": "async def f(o):\n async with o as a: pass\n async for b in o: pass\n return [c async for c in b]\n",
}


@pytest.mark.parametrize("name", FUNCTION_SOURCES)
@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="from 3.12 on symtable merges comprehensions into their function"
)
def test_each_construct_scopes_as_the_compiler_does(name: str) -> None:
    source = FUNCTION_SOURCES[name]
    mine, theirs = ours(walk(ast.parse(source), NODE_TYPES)), symbols(source)
    assert mine.keys() == theirs.keys()
    for key, tables in mine.items():
        assert by_names([clean(t, set()) for t in tables]) == by_names([clean(t, set()) for t in theirs[key]]), key


def test_walrus_binds_outside_of_its_comprehensions() -> None:
    source = "def f(o):\n    a = [[x := y for y in z] for z in o]\n    return x\n"
    walked = walk(ast.parse(source))
    (info,) = walked.functions.values()
    assert set(info.scope.bindings) == {"o", "a", "x"}


@pytest.mark.parametrize("form", ["binary", "attribute", "call", "unary", "subscript", "boolean", "if", "for"])
def test_no_depth_is_too_deep(form: str) -> None:
    node: ast.expr = ast.Name("x", ast.Load())
    body: list[ast.stmt] = [ast.Expr(node)]
    for number in range(10_000):
        match form:
            case "binary":
                node = ast.BinOp(node, ast.Add(), ast.Constant(number))
            case "attribute":
                node = ast.Attribute(node, "a", ast.Load())
            case "call":
                node = ast.Call(ast.Attribute(node, "a", ast.Load()), [], [])
            case "unary":
                node = ast.UnaryOp(ast.Not(), node)
            case "subscript":
                node = ast.Subscript(node, ast.Constant(number), ast.Load())
            case "boolean":
                node = ast.BoolOp(ast.And(), [node, ast.Constant(number)])
            case "if":
                body = [ast.If(ast.Constant(number), [], body)]
            case _:
                body = [ast.For(ast.Name("y", ast.Store()), ast.Constant(number), body, [])]
    tree = ast.Module(body if form in ("if", "for") else [ast.Expr(node)], [])
    for part in ast.walk(tree):
        part.lineno = part.col_offset = 1  # type: ignore[attr-defined]
    walked = walk(tree, [ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.UnaryOp])
    assert [chain for chain in walked.chains["x"] if base_name(chain)]
    assert sum(len(bucket) for bucket in walked.buckets.values()) >= 10_000


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with Python 3.12")
def test_type_parameters_have_a_scope_of_their_own() -> None:
    source = """
class Box[T: Bound](Base[T]):
    U = 1
    def get[V](self, a: T, b: V, c: U = U) -> V:
        return T, V, U
type Pair[W] = tuple[W, W]
def f[X](X, y: X) -> X: return X
"""
    walked = walk(ast.parse(source))
    found = defaultdict(set)
    for name, scope in walked.name_scope.items():
        home = scope.lookup(name.id)
        found[name.id].add("-" if home is None else type(home[0].node).__name__)
    assert found["T"] == {"TypeVar"}
    assert found["V"] == {"TypeVar"}
    assert found["W"] == {"TypeVar"}
    assert found["Bound"] == found["Base"] == {"-"}
    assert found["U"] == {"ClassDef", "-"}
    assert found["X"] == {"TypeVar", "FunctionDef"}
    method = next(info for info in walked.functions.values() if info.node.name == "get")
    assert method.owner is not None
    assert method.scope.function is method.scope
    assert walked.root.lookup("Pair") is not None


def test_base_name_refuses_what_is_no_chain() -> None:
    with pytest.raises(TypeError, match="begins with a name, not with Call"):
        base_name(ast.parse("f().a", mode="eval").body)
