"""Read the Python sources of one torch release without importing or running any of them.

A release is a tree of files (``Release``): a wheel, or a folder that holds an
unpacked ``torch``. ``read_module`` turns one source file into a ``Module``:
the names its top level binds, in source order. What cannot be known from the
text is said to be unknown: names bound only for type checkers are ``MAYBE``,
and a module whose names depend on code that would have to run is ``open``.
"""

from __future__ import annotations

import ast
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

EXISTS, ABSENT, MAYBE = "E", "A", "U"

# Sources are read in the grammar of the oldest Python that fullgraph runs on, so that the
# result does not depend on the Python that reads; a file in a newer grammar is open.
GRAMMAR = (3, 10)

_DYNAMIC = re.compile(
    r"globals\(\)\s*(?:\[[^\]]*\]\s*=[^=]|\.update|\.setdefault)|=\s*globals\(\)"
    r"|(?:vars|locals)\(\)\s*\[[^\]]*\]\s*=[^=]"
    r"|sys\.modules\[__name__\](?!\s*\))|=\s*sys\.modules\[|\bexec\("
    r"|setattr\(\s*(?:sys\.modules|\w*_?module\b|mod\b|m\b|torch\b)"
)
_REPLACED = re.compile(r"sys\.modules\[\s*(?:f?[\"']([\w.]+)[\"']|(f[\"']))")
_GLOBAL = re.compile(r"^[ \t]+global[ \t]+([\w, \t]+)", re.MULTILINE)
_SETATTR = re.compile(r"setattr\(\s*([\w.]+)\s*,\s*(?![\"'])")
_WORD = re.compile(r"[\"']([A-Za-z_]\w*)[\"']")
_TORCH_ATTRIBUTE = re.compile(r"\b(?:torch|Tensor|TensorBase|_TensorBase|_C|_VariableFunctions)\.([A-Za-z_]\w*)")


@dataclass(slots=True)
class Class:
    """A class statement at the top level of a module."""

    node: ast.ClassDef
    module: str


@dataclass(slots=True)
class Module:
    """What the text of one module says about its names."""

    name: str
    package: bool
    stub: bool
    names: dict[str, str] = field(default_factory=dict)
    """Name to EXISTS or MAYBE."""
    open: bool = False
    """Whether names may exist that the text does not show."""
    stars: list[str] = field(default_factory=list)
    """Modules whose names are imported with a star."""
    targets: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Names that an import binds: the module and its attribute, or the module and ''."""
    classes: dict[str, Class] = field(default_factory=dict)
    ambiguous: set[str] = field(default_factory=set)
    """Names that are bound to a class or by an import in more than one place."""
    public: list[str] | None = None
    """The entries of ``__all__`` that are literal; None without an ``__all__``."""
    public_open: bool = False
    """Whether ``__all__`` has entries that are not literal."""
    imported: set[str] = field(default_factory=set)
    """Names that an import binds; ``bound`` are those that something else binds."""
    bound: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    """Names bound by ``def``."""
    foreign: dict[str, str] = field(default_factory=dict)
    """Dotted paths under torch that the module assigns, such as ``torch.Tensor.new_method``."""
    replaced: set[str] = field(default_factory=set)
    """Modules that this one replaces in ``sys.modules``; '' for a name that is computed."""
    text: str = ""

    def incidental(self) -> set[str]:
        """Return the imported names that are hardly meant for users of the module.

        These are what comes from outside torch, and in a module that is no
        package all that is imported; not what ``__all__`` lists.
        """
        names = self.imported - self.bound - set(self.public or ())
        return {name for name in names if not self.package or self.targets[name][0].partition(".")[0] != "torch"}

    def resolve(self, module: str | None, level: int) -> str:
        """Return the absolute name of a module that a ``from`` import names."""
        if not level:
            return module or ""
        base = self.name.split(".")
        base = base[: len(base) - level + (1 if self.package else 0)]
        return ".".join([*base, *(module.split(".") if module else [])])

    @property
    def words(self) -> frozenset[str]:
        """All string constants of the text that could be a name."""
        return frozenset(_WORD.findall(self.text))


class Release:
    """The files of one release: a wheel, or a folder with an unpacked ``torch``."""

    def __init__(self, root: Path) -> None:
        """Open ``root``; nothing of it is run."""
        self.root = root
        self._archive = zipfile.ZipFile(root) if root.is_file() else None
        self.files = dict(sorted(dict(self._modules()).items()))

    def _paths(self) -> Iterator[str]:
        if self._archive is not None:
            yield from self._archive.namelist()
            return
        for path in (self.root / "torch").rglob("*.py*"):
            yield path.relative_to(self.root).as_posix()

    def _modules(self) -> Iterator[tuple[str, str]]:
        """Yield module name and path, stubs first: the source of a module replaces its stub."""
        paths = [PurePosixPath(path) for path in self._paths()]
        sources = [path for path in paths if path.parts[0] == "torch" and path.suffix in {".py", ".pyi"}]
        for path in sorted(sources, key=lambda path: (path.suffix == ".py", path)):
            if all(part.isidentifier() for part in path.with_suffix("").parts):
                parts = path.with_suffix("").parts
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path.as_posix()

    def text(self, module: str) -> str:
        """Return the source text of ``module``."""
        return self.read(self.files[module])

    def read(self, path: str) -> str:
        """Return the text of a file by its path, which may be a stub that a source replaces."""
        raw = self._archive.read(path) if self._archive is not None else (self.root / path).read_bytes()
        return raw.decode("utf-8-sig", errors="replace")

    @property
    def version(self) -> str:
        """The minor release, as ``torch/version.py`` says."""
        match = re.search(r"^__version__ = '(\d+\.\d+)", self.text("torch.version"), re.MULTILINE)
        if match is None:
            raise ValueError(f"{self.root}: torch/version.py does not say a version")
        return match[1]


def read_module(name: str, path: str, text: str) -> Module:
    """Return what the text of module ``name`` says about its names."""
    module = Module(name, path.endswith(("__init__.py", "__init__.pyi")), path.endswith(".pyi"), text=text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text, feature_version=GRAMMAR)
    except SyntaxError:
        module.open = True
        return module
    _Body(module).visit(tree.body)
    # a configuration module is replaced by one with the same names
    shown = text.replace("install_config_module(sys.modules[__name__])", "")
    module.open |= bool(_DYNAMIC.search(shown)) or "__getattr__" in module.names
    module.replaced = {match[1] or "" for match in _REPLACED.finditer(shown)}
    for found in _GLOBAL.finditer(text):
        for global_name in re.findall(r"\w+", found[1]):
            module.names.setdefault(global_name, MAYBE)
    return module


class _Body:
    """Follows the statements of a module's top level, conditional ones included."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.certain = True  # whether a del surely runs
        self.state = EXISTS

    def visit(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            method = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if method is not None:
                method(statement)

    def _under(self, body: Iterable[ast.stmt], state: str | None = None) -> None:
        certain, before = self.certain, self.state
        self.certain, self.state = False, state or before
        self.visit(body)
        self.certain, self.state = certain, before

    def _bind(self, name: str) -> None:
        self.module.bound.add(name)
        if self.module.names.get(name) != EXISTS:
            self.module.names[name] = self.state

    def _note_second(self, name: str) -> None:
        if name in self.module.classes or name in self.module.targets:
            self.module.ambiguous.add(name)

    def _functiondef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name)
        self.module.functions.add(node.name)

    _asyncfunctiondef = _functiondef

    def _classdef(self, node: ast.ClassDef) -> None:
        self._bind(node.name)
        self._note_second(node.name)
        self.module.classes[node.name] = Class(node, self.module.name)

    def _imported(self, name: str) -> None:
        self.module.imported.add(name)
        if self.module.stub:  # imported for annotations
            self.module.names.setdefault(name, MAYBE)
        elif self.module.names.get(name) != EXISTS:
            self.module.names[name] = self.state

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            bound = alias.asname or alias.name.partition(".")[0]
            self._imported(bound)
            self._note_second(bound)
            self.module.targets[bound] = (alias.name if alias.asname else bound, "")

    def _importfrom(self, node: ast.ImportFrom) -> None:
        source = self.module.resolve(node.module, node.level)
        for alias in node.names:
            if alias.name == "*":
                if self.state == EXISTS:
                    self.module.stars.append(source)
                continue
            bound = alias.asname or alias.name
            self._imported(bound)
            if self.module.targets.get(bound) != (source, alias.name):
                self._note_second(bound)
            self.module.targets[bound] = (source, alias.name)

    def _assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._target(target)
        if isinstance(node.targets[0], ast.Name):
            self._public(node.targets[0].id, node.value, replace=True)
            if isinstance(node.value, (ast.Name, ast.Attribute)):
                self._alias(node.targets[0].id, node.value)

    def _alias(self, name: str, value: ast.expr) -> None:
        """Remember ``Old = New``: the class of the new name has two names."""
        path = dotted(value)
        if path is None:
            return
        home, _, last = path.rpartition(".")
        if not home:
            self.module.targets[name] = (self.module.name, last)
        elif (source := self._module_of(home)) is not None:
            self.module.targets[name] = (source, last)

    def _module_of(self, path: str) -> str | None:
        """Return the absolute path of a dotted name, by the imports so far."""
        head, _, rest = path.partition(".")
        if head == "torch" and self.module.targets.get(head, ("torch", "")) == ("torch", ""):
            return path
        target = self.module.targets.get(head)
        if target is None or target[0].partition(".")[0] != "torch":
            return None
        return ".".join(part for part in (*target, rest) if part)

    def _annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None or self.module.stub:
            self._target(node.target, annotated=True)
        elif isinstance(node.target, ast.Name):
            self.module.names.setdefault(node.target.id, MAYBE)
        if node.value is not None and isinstance(node.target, ast.Name):
            self._public(node.target.id, node.value, replace=True)

    def _augassign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self._public(node.target.id, node.value, replace=False)

    def _target(self, target: ast.expr, *, annotated: bool = False) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._note_second(node.id)
                if annotated or not self.module.stub:
                    self._bind(node.id)
                else:  # an alias or a type variable, for annotations
                    self.module.names.setdefault(node.id, MAYBE)
        if isinstance(target, ast.Attribute) and (path := dotted(target)) is not None:
            absolute = self._module_of(path)
            if absolute is not None:
                self.module.foreign[absolute] = self.state

    def _public(self, name: str, value: ast.expr, *, replace: bool) -> None:
        if name != "__all__":
            return
        if replace:
            self.module.public, self.module.public_open = [], False
        known = self.module.public if self.module.public is not None else []
        self.module.public = known
        for part in _summands(value):
            if isinstance(part, (ast.List, ast.Tuple)):
                texts = [item.value for item in part.elts if isinstance(item, ast.Constant)]
                known.extend(text for text in texts if isinstance(text, str))
                self.module.public_open |= len(texts) != len(part.elts)
            else:
                self.module.public_open = True

    def _expr(self, node: ast.Expr) -> None:
        call = node.value
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            return
        if dotted(call.func) == "__all__.extend":
            self._public("__all__", call.args[0], replace=False)
        elif dotted(call.func) == "__all__.append":
            self._public("__all__", ast.List(elts=call.args, ctx=ast.Load()), replace=False)

    def _if(self, node: ast.If) -> None:
        test = ast.unparse(node.test)
        only_typed = test in {"TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'", "False"}
        self._under(node.body, MAYBE if only_typed else None)
        self._under(node.orelse)

    def _try(self, node: ast.Try) -> None:
        self._under(node.body)
        for handler in node.handlers:
            self._under(handler.body)
        self._under(node.orelse)
        self._under(node.finalbody)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self._target(node.target)
        self._under(node.body)
        self._under(node.orelse)

    def _while(self, node: ast.While) -> None:
        self._under(node.body)
        self._under(node.orelse)

    def _with(self, node: ast.With) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._target(item.optional_vars)
        self.visit(node.body)

    def _match(self, node: ast.Match) -> None:
        for case in node.cases:
            self._under(case.body)

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                if self.certain:
                    self.module.names.pop(target.id, None)
                elif target.id in self.module.names:
                    self.module.names[target.id] = MAYBE


def _summands(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        yield from _summands(value.left)
        yield from _summands(value.right)
    else:
        yield value


def dotted(node: ast.expr) -> str | None:
    """Return ``a.b.c`` for a chain of attributes of a name, None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join([node.id, *reversed(parts)])


def mentioned(text: str) -> set[str]:
    """Return the attributes of torch, Tensor and the C modules that a text writes."""
    return set(_TORCH_ATTRIBUTE.findall(text))


def dynamic_attributes(text: str) -> set[str]:
    """Return the objects, as written, on which the text sets attributes of computed names."""
    return set(_SETATTR.findall(text))
