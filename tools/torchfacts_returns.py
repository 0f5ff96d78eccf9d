"""Find what torch's functions, and the methods and attributes of a Tensor, return.

Sources, of one release, best first: annotations in Python, type stubs of the C
extension, the first line of the docstring that Python gives a function of the
extension (``fft(input, n=None) -> Tensor``), and ``MEASURED``. A name of which
two overloads return different kinds is left out, and so is one of which any
source says what this reader does not understand.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from torchfacts_reader import GRAMMAR, Release, dotted

Kinds = dict[str, str]
"""Name to kind; several tensors are ``tensors``, or with a fixed number ``tensors:2``."""

FUNCTIONS = "torch._C._VariableFunctions"
TENSOR = "torch._tensor"
STUB = "torch._C"
DOCUMENTED = ("torch.fft", "torch.linalg", "torch.special")

# Kinds of the names that annotations use, whichever module they are taken from.
NAMED = {
    "Tensor": "tensor", "Parameter": "tensor", "Size": "size", "_size": "size", "int": "int", "_int": "int",
    "SymInt": "int", "float": "float", "_float": "float", "bool": "bool", "_bool": "bool", "SymBool": "bool",
    "Number": "number", "_complex": "number", "complex": "number",
    "str": "str", "_str": "str", "dtype": "dtype", "_dtype": "dtype", "device": "device", "_device": "device",
    "layout": "layout", "_layout": "layout", "Generator": "generator", "UntypedStorage": "storage",
    "TypedStorage": "storage", "Storage": "storage", "ndarray": "numpy",
}  # fmt: skip
SEQUENCES = {"tuple", "Tuple", "list", "List", "Sequence"}

# What torch leaves without annotation, or annotates for one of its uses only; the suite calls each of them.
MEASURED: dict[str, Kinds] = {
    "torch": {
        "block_diag": "tensor", "broadcast_shapes": "size", "broadcast_tensors": "tensors",
        "cartesian_prod": "tensor", "cdist": "tensor", "chain_matmul": "tensor", "einsum": "tensor", "istft": "tensor",
        "norm": "tensor", "tensordot": "tensor",
    },
    "torch.linalg": {"multi_dot": "tensor"},
    "torch.nn.functional": {
        "sigmoid": "tensor", "softsign": "tensor", "tanh": "tensor", "tanhshrink": "tensor", "upsample": "tensor",
        "upsample_bilinear": "tensor", "upsample_nearest": "tensor",
    },
    "torch.special": {"logsumexp": "tensor"},
    "Tensor": {
        "backward": "none", "dim_order": "other", "is_shared": "bool", "istft": "tensor",
        "new": "tensor", "norm": "tensor",
        "share_memory_": "tensor", "split": "tensors", "stft": "tensor", "storage": "storage",
        "to_sparse_coo": "tensor", "unflatten": "tensor",
    },
}  # fmt: skip
# The stubs have only the overload of these with out=.
DISTRUSTED = ("split_copy", "split_with_sizes_copy", "unbind_copy")

_ARROW = re.compile(r"^\s*[\w.]+\(.*\)\s*->\s*(.+?)\s*$", re.MULTILINE)


class Returns(NamedTuple):
    """What was found in a release."""

    functions: Kinds
    methods: Kinds
    attributes: Kinds


def find(release: Release) -> Returns:
    """Return the kinds of one release."""
    reader = _Reader(release)
    functions = {f"torch.{name}": kind for name, kind in reader.torch().items()}
    for module in (*DOCUMENTED, "torch.nn.functional"):
        functions.update({f"{module}.{name}": kind for name, kind in reader.module(module).items()})
    methods, attributes = reader.tensor()
    return Returns(functions, methods, attributes)


def merge(releases: Iterable[Returns]) -> Returns:
    """Return what all releases that have a name agree on."""
    every = list(releases)
    parts = []
    for part in Returns._fields:
        names = {name for found in every for name in getattr(found, part)}
        agreed = {
            name: _agreed(kind for found in every if (kind := getattr(found, part).get(name))) for name in sorted(names)
        }
        parts.append(_public(agreed))
    return Returns(*parts)


def load(text: str) -> Returns:
    """Return what ``dump`` wrote."""
    table = json.loads(text)
    parts = ({name: kind for kind, names in table[part].items() for name in names.split()} for part in Returns._fields)
    return Returns(*parts)


def compare(table: Returns, found: Returns) -> list[str]:
    """Return where the table and one release differ."""
    return [
        f"{part[:-1]} {name}: the table says {shown or 'nothing'}, the release {kind}"
        for part in Returns._fields
        for name, kind in getattr(found, part).items()
        if (shown := getattr(table, part).get(name)) != kind and shown != kind.partition(":")[0]
    ]


def dump(found: Returns) -> str:
    """Return the text of the shipped file, a line per kind."""
    return "{\n" + ",\n".join(f"{json.dumps(part)}: {_part(getattr(found, part))}" for part in found._fields) + "\n}\n"


def _part(kinds: Kinds) -> str:
    lines = (
        f"{json.dumps(kind)}: {json.dumps(' '.join(sorted(name for name in kinds if kinds[name] == kind)))}"
        for kind in sorted(set(kinds.values()))
    )
    return "{\n" + ",\n".join(lines) + "\n}"


def _public(kinds: Kinds) -> Kinds:
    return {name: kind for name, kind in kinds.items() if kind and not name.startswith("_")}


def _only_raises(node: ast.FunctionDef) -> bool:
    """Whether this stands for a function that torch took away."""
    return isinstance(node.body[-1], ast.Raise) and not any(isinstance(each, ast.Return) for each in ast.walk(node))


def _agreed(found: Iterable[str]) -> str:
    """Return the kind that all overloads have, '' if they do not agree; the number of tensors may differ."""
    kinds = set(found)
    if len(kinds) == 1:
        return kinds.pop()
    return "tensors" if kinds and all(kind.startswith("tensors") for kind in kinds) else ""


class _Reader:
    def __init__(self, release: Release) -> None:
        self.release = release
        self.counts = dict(self._named_tuples())
        self.stubs = self._functions(FUNCTIONS)
        self.nn_stubs = self._functions("torch._C._nn")

    def _tree(self, module: str) -> ast.Module:
        return ast.parse(self.release.text(module), feature_version=GRAMMAR)

    def _named_tuples(self) -> Iterator[tuple[str, str]]:
        try:
            text = self.release.read("torch/return_types.pyi")
        except (KeyError, FileNotFoundError):  # releases before 2.1
            return
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and node.bases:
                yield node.name, self.kind(node.bases[0])

    def kind(self, node: ast.expr | None) -> str:
        """Return the kind that an annotation says, '' if it does not say one."""
        match node:
            case ast.Constant(value=None):
                return "none"
            case ast.Constant(value=str(text)):
                return self.kind(ast.parse(text, mode="eval").body)
            case ast.Name() | ast.Attribute():
                return self._named(dotted(node) or "")
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._union([left, right])
            case ast.Subscript(value=value, slice=inner):
                return self._generic((dotted(value) or "").rpartition(".")[2], inner)
            case ast.Tuple(elts=elements):  # (Tensor, Tensor) in a docstring
                return self._several(elements)
            case _:
                return ""

    def _named(self, path: str) -> str:
        home, _, last = path.rpartition(".")
        if home.endswith("return_types"):
            return self.counts.get(last, "")
        return NAMED.get(last, "")

    def _union(self, options: list[ast.expr]) -> str:
        kinds = {self.kind(option) for option in options}
        if len(kinds) > 1 and kinds <= {"int", "float", "bool", "number"}:
            return "number"
        return _agreed(kinds)

    def _generic(self, name: str, inner: ast.expr) -> str:
        elements = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if name in {"Union", "Optional"}:
            return self._union(elements) if name == "Union" else ""
        if name.lstrip("_") in {"TypeIs", "TypeGuard"}:
            return "bool"
        if name not in SEQUENCES:
            return ""
        if name in {"tuple", "Tuple"} and not any(getattr(each, "value", None) is Ellipsis for each in elements):
            return self._several(elements)
        if self.kind(elements[0]) == "tensor":
            return "tensors"
        return ""  # the stubs say list of what are tuples

    def _several(self, elements: list[ast.expr]) -> str:
        kinds = [self.kind(element) for element in elements]
        if all(kind == "tensor" for kind in kinds):
            return f"tensors:{len(kinds)}"
        return "other" if all(kinds) else ""

    def _functions(self, module: str) -> Kinds:
        """Return the kinds of the functions of a module by their annotations, '' for those without."""
        found: dict[str, list[str]] = {}
        for node in self._statements(self._tree(module).body):
            if isinstance(node, ast.FunctionDef):
                found.setdefault(node.name, []).append("" if _only_raises(node) else self.kind(node.returns))
        return {name: _agreed(kinds) for name, kinds in found.items()}

    def _statements(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            if isinstance(node, ast.If):
                yield from self._statements([*node.body, *node.orelse])
            elif not self._is_hidden_overload(node):
                yield node

    @staticmethod
    def _is_hidden_overload(node: ast.stmt) -> bool:
        """Whether this is an overload for TorchScript, which the definition after it replaces."""
        if not isinstance(node, ast.FunctionDef) or node.returns is not None:
            return False
        return any(dotted(mark) in {"_overload", "overload"} for mark in node.decorator_list)

    def torch(self) -> Kinds:
        """Return the kinds of the functions of torch itself."""
        own = self._functions("torch")
        python = self._functions("torch.functional")
        listed = set(self._listed("torch.functional"))
        taken = self._taken("torch")
        found = {**self.stubs, **taken, **{name: python.get(name, "") for name in listed}, **own}
        return _public({**found, **MEASURED["torch"], **dict.fromkeys(DISTRUSTED, "")})

    def _listed(self, module: str) -> list[str]:
        for node in self._tree(module).body:
            if isinstance(node, ast.Assign) and dotted(node.targets[0]) == "__all__":
                names: list[str] = ast.literal_eval(node.value)
                return names
        return []

    def _taken(self, module: str) -> Kinds:
        """Return the kinds of the functions that a module imports by name from another one of torch."""
        found: Kinds = {}
        for node in self._tree(module).body:
            if isinstance(node, ast.ImportFrom) and node.module in self.release.files and node.module != STUB:
                functions = self._functions(node.module)
                names = {alias.asname or alias.name: functions.get(alias.name) for alias in node.names}
                found.update({name: kind for name, kind in names.items() if kind is not None})
        return found

    def module(self, name: str) -> Kinds:
        """Return the kinds of the functions of a module that wraps functions of the extension."""
        found = self._functions(name)
        for node in self._tree(name).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found[node.targets[0].id] = self._assigned(node.value, found)
        return _public({**found, **MEASURED.get(name, {})})

    def _assigned(self, value: ast.expr, found: Kinds) -> str:
        if isinstance(value, ast.Name):
            return found.get(value.id, "")
        if not isinstance(value, ast.Call):
            return ""
        called = (dotted(value.func) or "").rpartition(".")[2]
        if called == "boolean_dispatch":
            ends = [dotted(word.value) or "" for word in value.keywords if word.arg in {"if_true", "if_false"}]
            return _agreed(found.get(end, "") for end in ends)
        if called != "_add_docstr":
            return ""
        home, _, last = (dotted(value.args[0]) or "").rpartition(".")
        stubs = {"torch": self.stubs, "torch._C._nn": self.nn_stubs}.get(home, {})
        return stubs.get(last, "") or self._documented(value.args[1])

    def _documented(self, node: ast.expr) -> str:
        texts = [
            each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        arrow = _ARROW.search("\n".join(texts))
        if arrow is None:
            return ""
        try:
            return self.kind(ast.parse(arrow[1].rstrip("."), mode="eval").body)
        except SyntaxError:
            return ""

    def tensor(self) -> tuple[Kinds, Kinds]:
        """Return the kinds of the methods, and of the attributes, of a Tensor."""
        calls: dict[str, list[str]] = {}
        values: Kinds = {}
        for body in (self._class(STUB, {"TensorBase", "_TensorBase"}), self._class(TENSOR, {"Tensor"})):
            own: dict[str, list[str]] = {}
            for node in body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    values[node.target.id] = self.kind(node.annotation)
                elif isinstance(node, ast.FunctionDef) and self._is_property(node):
                    values[node.name] = self.kind(node.returns)
                elif isinstance(node, ast.FunctionDef):
                    own.setdefault(node.name, []).append(self.kind(node.returns))
            calls.update(own)
        methods = {name: _agreed(kinds) for name, kinds in calls.items() if name not in values}
        methods.update(MEASURED["Tensor"])
        return _public(methods), _public(values)

    def _class(self, module: str, names: set[str]) -> list[ast.stmt]:
        for node in self._tree(module).body:
            if isinstance(node, ast.ClassDef) and node.name in names:
                return node.body
        return []

    @staticmethod
    def _is_property(node: ast.FunctionDef) -> bool:
        return any(dotted(mark) == "property" for mark in node.decorator_list)
