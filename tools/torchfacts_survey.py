"""What one torch release has, name by name: the modules of a release put together.

``survey`` reads all modules of a release, follows star imports, base classes
and re-exports, and answers for any dotted path EXISTS, ABSENT or MAYBE.
ABSENT is answered only where nothing could have bound the name: every doubt
(a module ``__getattr__``, names set by running code, a C extension whose stub
is incomplete) makes it MAYBE.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import Any

from torchfacts_reader import ABSENT, EXISTS, MAYBE, Module, Release, dotted, dynamic_attributes, mentioned, read_module

C_MODULE = "torch._C"
FUNCTIONS = "torch._C._VariableFunctions"
# Bases that add no attribute whose absence could be of interest.
PLAIN_BASES = {"object", "ABC", "abc.ABC", "Generic", "typing.Generic", "Protocol", "typing.Protocol"}
PLAIN_DECORATORS = {
    "_beartype.beartype", "compatibility", "dataclass", "dataclasses.dataclass", "deprecated", "final",
    "functional_datapipe", "runtime_checkable", "torch.jit.interface", "typing_extensions.deprecated",
}  # fmt: skip
# Stubs and gen_pyi.py list these for torch, but they are no attributes of it (measured on 2.6 and 2.13).
STUB_ONLY = re.compile(r"_functionalize_\w+|_(?:dis|en)able_functionalization|_is_functional_tensor(?:_base)?|_sync")
# The loops that fill torch leave these out.
HIDDEN = {"TensorBase", "_TensorBase", "unique_dim"}
TENSOR_BASES = {"torch._C.TensorBase", "torch._C._TensorBase"}
# ``type``, the metaclass of abstract classes and protocols have these, or the compiler mangled them.
OF_TYPE = re.compile(r"mro|register|_abc_impl|_is_protocol|_is_runtime_protocol|_[A-Za-z0-9]\w*__\w+")
# The C extension adds one class per dtype to these.
TENSOR_TYPE = re.compile(r"torch\.(?:cuda|sparse|cuda\.sparse|mtia|xpu)\.\w+Tensor")
CONFIG_CLASS = "ConfigModule"


@dataclass(slots=True)
class ClassFacts:
    """The attributes of a class, those of its bases included."""

    members: dict[str, str] = field(default_factory=dict)
    open: bool = False
    ancestors: tuple[str, ...] = ()
    """Canonical paths of the class and its known bases."""


@dataclass(slots=True)
class Survey:
    """What one release has."""

    version: str
    modules: dict[str, dict[str, str]] = field(default_factory=dict)
    """Module to the state of each name; submodules are not among the names."""
    open: set[str] = field(default_factory=set)
    """Modules that may have further names."""
    open_packages: set[str] = field(default_factory=set)
    """Packages that may have further submodules."""
    configs: set[str] = field(default_factory=set)
    """Modules that are replaced by a configuration object with the same names and some private ones."""
    incidental: set[str] = field(default_factory=set)
    """Paths of names that a module imports for its own use."""
    listed: set[str] = field(default_factory=set)
    """Paths that the ``__all__`` of a module lists."""
    weak: set[str] = field(default_factory=set)
    """Names of ``torch`` that only the incomplete stub of ``torch._C`` shows."""
    doubts: set[str] = field(default_factory=set)
    """Names that the sources use as attributes of torch or Tensor, so ABSENT would be bold."""
    class_paths: dict[str, str] = field(default_factory=dict)
    """Each public path of a class of torch, and the canonical one."""
    classes: dict[str, ClassFacts] = field(default_factory=dict)

    def module_state(self, path: str) -> str:
        """State of a path that is a module in some release."""
        if path in self.modules:
            return EXISTS
        home, _, last = path.rpartition(".")
        if not home:
            return ABSENT
        if home not in self.modules:
            return self.module_state(home) if not self._is_name(home) else MAYBE
        if last in self.modules[home]:
            return self.modules[home][last]
        return MAYBE if home in self.open_packages or (home in self.open and home != "torch") else ABSENT

    def _is_name(self, path: str) -> bool:
        home, _, last = path.rpartition(".")
        return last in self.modules.get(home, {})

    def name_state(self, module: str, name: str, weak: set[str]) -> str:
        """State of a name of a module; ``weak`` are the weak names of all releases."""
        if module not in self.modules:
            return MAYBE if self.module_state(module) != ABSENT else ABSENT
        known = self.modules[module].get(name)
        if known is not None:
            return known
        if f"{module}.{name}" in self.modules:
            return EXISTS
        if module == "torch":
            return MAYBE if name in self.doubts or name in weak or STUB_ONLY.fullmatch(name) else ABSENT
        if TENSOR_TYPE.fullmatch(f"{module}.{name}") or (module in self.configs and name.startswith("_")):
            return MAYBE
        return MAYBE if module in self.open else ABSENT

    def member_state(self, path: str, member: str, owner: str) -> str:
        """State of an attribute of the class at ``path``; ``owner`` is the state of the class itself."""
        if owner == ABSENT:
            return ABSENT
        canonical = self.class_paths.get(path)
        facts = self.classes.get(canonical or "")
        if facts is None or owner == MAYBE:
            return MAYBE
        if member in facts.members:
            return facts.members[member]
        if facts.open or OF_TYPE.fullmatch(member):
            return MAYBE
        is_tensor = bool(TENSOR_BASES.intersection(facts.ancestors))
        return MAYBE if is_tensor and member in self.doubts else ABSENT


class Surveyor:
    """Reads a release and puts its modules together."""

    def __init__(self, release: Release) -> None:
        """Read every module of ``release``."""
        self.version = release.version
        self.modules: dict[str, Module] = {}
        self.doubts: set[str] = set()
        for name, path in release.files.items():
            module = read_module(name, path, release.text(name))
            if not name.startswith("torch.testing._internal"):
                self.doubts |= mentioned(module.text)
            self.modules[name] = module
        self._names: dict[str, dict[str, str]] = {}
        self._star_open: set[str] = set()
        self._facts: dict[str, ClassFacts] = {}

    def survey(self) -> Survey:
        """Return what the release has."""
        found = Survey(self.version, doubts=self.doubts)
        for name, module in self.modules.items():
            found.modules[name] = dict(self.names(name))
            found.incidental |= {f"{name}.{imported}" for imported in module.incidental()}
            found.listed |= {f"{name}.{public}" for public in module.public or ()}
            if module.stub or name == C_MODULE:
                found.open |= {name}
                found.open_packages |= {name}
        found.open |= {name for name, module in self.modules.items() if module.open} | self._star_open
        self._folders(found)
        self._torch_names(found)
        self._foreign(found)
        self._configs(found)
        self._public_classes(found)
        if "torch" in self.modules:
            found.doubts |= self.modules["torch"].words
        return found

    def names(self, name: str) -> dict[str, str]:
        """Return the names of a module, those of its star imports included."""
        if name in self._names:
            return self._names[name]
        module = self.modules[name]
        names = self._names[name] = dict(module.names)
        for source in module.stars:
            self._star(module, source, names)
        if module.public_open:
            self._star_open.add(name)
        return names

    def _star(self, module: Module, source: str, names: dict[str, str]) -> None:
        origin = self.modules.get(source)
        if origin is None:
            self._star_open.add(module.name)
            return
        offered = self.names(source)
        if source in self._star_open or origin.open or origin.public_open or (origin.stub and module.name != "torch"):
            self._star_open.add(module.name)
        if origin.public is not None and not origin.public_open:
            names.update({name: EXISTS for name in origin.public if names.get(name) != EXISTS})
            return
        for name, state in offered.items():
            if not name.startswith("_") and names.get(name) != EXISTS:
                names[name] = state
        names.update(dict.fromkeys(origin.public or [], EXISTS))
        for child in self.modules:
            home, _, last = child.rpartition(".")
            if home == source and not last.startswith("_"):
                names.setdefault(last, MAYBE)

    def _folders(self, found: Survey) -> None:
        """Add namespace packages, and the packages that replace modules in ``sys.modules``."""
        for name in list(found.modules):
            parts = name.split(".")
            for count in range(1, len(parts)):
                found.modules.setdefault(".".join(parts[:count]), {})
        for name, module in self.modules.items():
            for replaced in module.replaced:
                target = replaced or name
                found.open |= {target} & found.modules.keys()
                found.open_packages |= {target, name}
        # torch._C is split into modules by code that runs; torch itself registers no others
        found.open_packages.discard("torch")
        found.open_packages |= found.open - {"torch"}

    def _torch_names(self, found: Survey) -> None:
        """Add what ``torch/__init__.py`` takes from the C extension in loops."""
        torch = found.modules.get("torch")
        if torch is None or FUNCTIONS not in self.modules:
            return
        found.open.discard("torch")
        functions = {name for name in self.modules[FUNCTIONS].functions if not name.startswith("__")}
        torch.update(dict.fromkeys(functions, EXISTS))
        torch["_segment_reduce"] = EXISTS
        shown = self.modules["torch"].names.keys() | functions
        from_stub = {name for name in self.names(C_MODULE) if not name.startswith("_")}
        found.weak = {name for name in from_stub if name not in shown}
        for name in [name for name in torch if STUB_ONLY.fullmatch(name) or name in HIDDEN]:
            torch[name] = MAYBE

    def _foreign(self, found: Survey) -> None:
        for module in self.modules.values():
            for path, state in module.foreign.items():
                home, _, last = path.rpartition(".")
                if home in found.modules and found.modules[home].get(last) != EXISTS:
                    found.modules[home][last] = MAYBE if module.name != home else state

    def _configs(self, found: Survey) -> None:
        """Add what a module gets that is turned into a configuration object."""
        for name, module in self.modules.items():
            homes = [home for home, attribute in module.targets.values() if attribute == "install_config_module"]
            home = homes[0] if homes else ""
            if home in self.modules and CONFIG_CLASS in self.modules[home].classes:
                found.configs.add(name)
                for member, state in self.facts(f"{home}.{CONFIG_CLASS}").members.items():
                    found.modules[name].setdefault(member, state)

    def _public_classes(self, found: Survey) -> None:
        for name in found.modules:
            if name in self.modules and not is_private(name):
                for attribute in found.modules[name]:
                    canonical = None if attribute.startswith("_") else self.resolve(name, attribute)
                    if canonical is not None:
                        found.class_paths[f"{name}.{attribute}"] = canonical
                        found.classes[canonical] = self.facts(canonical)

    def resolve(self, module: str, name: str, depth: int = 0) -> str | None:
        """Return the canonical path of the class that a name of a module holds."""
        source = self.modules.get(module)
        if source is None or depth > 12 or name in source.ambiguous:
            return None
        if name in source.classes:
            return f"{module}.{name}"
        if source.stub:  # what a stub imports is for annotations
            return None
        if name in source.targets:
            home, attribute = source.targets[name]
            return (
                self.resolve(home, attribute, depth + 1) if attribute and (home, attribute) != (module, name) else None
            )
        for star in source.stars:
            if name in self.names(star) if star in self.modules else False:
                return self.resolve(star, name, depth + 1)
        return None

    def resolve_path(self, module: str, path: str) -> str | None:
        """Return the canonical path of the class that a dotted expression in a module names."""
        head, _, rest = path.partition(".")
        if not rest:
            return self.resolve(module, path)
        target = self.modules[module].targets.get(head)
        if target is None:
            return None
        absolute = ".".join(part for part in (*target, rest) if part)
        home, _, last = absolute.rpartition(".")
        return self.resolve(home, last)

    def facts(self, canonical: str) -> ClassFacts:
        """Return the attributes of the class with this canonical path."""
        if canonical in self._facts:
            return self._facts[canonical]
        facts = self._facts[canonical] = ClassFacts(open=True)
        module, _, name = canonical.rpartition(".")
        node = self.modules[module].classes[name].node
        own = _Members(self.modules[module].stub)
        own.read(node)
        ancestors = [canonical]
        members: dict[str, str] = {}
        is_open = own.open or self._set_from_outside(module, name) or self._is_open_statement(node)
        if self.modules[module].stub:
            is_open |= canonical not in TENSOR_BASES
        for base in reversed(node.bases):
            inherited = self._base(module, base)
            members.update(inherited.members)
            ancestors.extend(inherited.ancestors)
            is_open |= inherited.open
        members.update({key: state for key, state in own.members.items() if members.get(key) != EXISTS})
        facts.members, facts.open, facts.ancestors = members, is_open, tuple(dict.fromkeys(ancestors))
        return facts

    def _set_from_outside(self, module: str, name: str) -> bool:
        return any(target.rpartition(".")[2] == name for target in dynamic_attributes(self.modules[module].text))

    @staticmethod
    def _is_open_statement(node: ast.ClassDef) -> bool:
        known = [dotted(d.func if isinstance(d, ast.Call) else d) in PLAIN_DECORATORS for d in node.decorator_list]
        # the metaclass of a class of torch may have any attribute
        metas = [ast.unparse(word.value) for word in node.keywords if word.arg == "metaclass"]
        return not all(known) or any(meta.rpartition(".")[2] not in {"ABCMeta", "_TensorMeta"} for meta in metas)

    def _base(self, module: str, base: ast.expr) -> ClassFacts:
        if isinstance(base, ast.Subscript):
            base = base.value
        path = dotted(base)
        if path in PLAIN_BASES:
            return ClassFacts()
        canonical = None if path is None else self.resolve_path(module, path)
        return ClassFacts(open=True) if canonical is None else self.facts(canonical)


class _Members:
    """The names that the body of a class binds."""

    def __init__(self, stub: bool) -> None:
        self.stub = stub
        self.members: dict[str, str] = {}
        self.open = False

    def read(self, node: ast.ClassDef) -> None:
        """Read a class statement."""
        self._body(node.body)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                if isinstance(inner.value, ast.Name) and inner.value.id in {"self", "cls"}:
                    self.members.setdefault(inner.attr, MAYBE)
            elif isinstance(inner, ast.Call) and dotted(inner.func) == "setattr":
                self.open |= dotted(inner.args[0]) in {"cls", node.name}

    def _body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self.members[name] = EXISTS
                case ast.AnnAssign(target=ast.Name(id=name), value=value):
                    self.members[name] = EXISTS if value is not None or self.stub else MAYBE
                case ast.Assign(targets=targets):
                    self._targets(targets)
                case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                    self.members.update({(a.asname or a.name).partition(".")[0]: EXISTS for a in aliases})
                case ast.Expr() | ast.Pass() | ast.Assert():
                    pass
                case ast.If(body=first, orelse=second):
                    self._body(first)
                    self._body(second)
                case _:
                    self.open = True

    def _targets(self, targets: list[ast.expr]) -> None:
        for target in targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self.members[node.id] = EXISTS
                    self.open |= node.id == "locals"


def is_private(path: str) -> bool:
    """Whether a segment of the path starts with an underscore."""
    return any(part.startswith("_") for part in path.split("."))


_SETS = ("open", "open_packages", "configs", "incidental", "listed", "weak", "doubts")


def to_json(survey: Survey) -> dict[str, Any]:
    """Return the survey as plain data, for a cache."""
    return {
        "version": survey.version,
        "modules": survey.modules,
        "sets": {name: sorted(getattr(survey, name)) for name in _SETS},
        "class_paths": survey.class_paths,
        "classes": {key: [f.members, f.open, list(f.ancestors)] for key, f in survey.classes.items()},
    }


def from_json(data: dict[str, Any]) -> Survey:
    """Return the survey that ``to_json`` wrote."""
    found = Survey(data["version"], data["modules"], class_paths=data["class_paths"])
    for name in _SETS:
        setattr(found, name, set(data["sets"][name]))
    found.classes = {key: ClassFacts(row[0], row[1], tuple(row[2])) for key, row in data["classes"].items()}
    return found
