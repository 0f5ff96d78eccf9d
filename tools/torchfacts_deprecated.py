"""Find the names of one torch release that warn of their deprecation whenever they are used.

These are functions, methods and classes with the decorator ``@deprecated``, those
whose body starts by warning on every path, modules that warn on import, and
functions made by ``torch.nn.init``'s helper. A warning about one argument, or
under a condition, is none.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from torchfacts_merge import LEFT_OUT, display_paths
from torchfacts_reader import EXISTS, GRAMMAR, Module, dotted
from torchfacts_survey import Survey, Surveyor, is_private

Found = dict[str, list[str]]
"""Path to what torch says, the kind of warning, how it is raised, and the replacement."""
Rows = dict[str, list[str | None]]
"""Path to since, until, replacement, the kind of warning, how it is raised, what torch says."""

KINDS = {"FutureWarning", "DeprecationWarning", "UserWarning"}
_SAYS = re.compile(r"deprecat|will be removed|obsolete|no(?:t| longer) supported", re.IGNORECASE)
_OF_ARGUMENT = re.compile(r"\b(?:argument|parameter|keyword|kwarg|attribute|option|arg)s?\b", re.IGNORECASE)
_INSTEAD = re.compile(
    r"(?:\buse|\bfavou?r of|\breplaced (?:by|with)|\bswitch to|\brenamed to|\bmigrate to|\bcall)\s+(?:the\s+)?[`'\":]*"
    r"((?:torch|nn|[A-Za-z_]\w*)(?:\.\w+)*)",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"[`'\"()]*\s+(?:or\s+[`'\"]?\w|and\s+(?:[`'\"]|\w*[._]))")


def find(surveyor: Surveyor, survey: Survey) -> Found:
    """Return the deprecated names of a release, under every public path and the one of their definition."""
    found: Found = {}
    for name, module in surveyor.modules.items():
        if module.stub or name.startswith(LEFT_OUT) or not re.search(r"deprecat", module.text, re.IGNORECASE):
            continue
        try:
            tree = ast.parse(module.text, feature_version=GRAMMAR)
        except SyntaxError:
            continue
        finder = _Finder(module, tree)
        found.update(finder.rows())
        found.update(finder.callers(found))
    _add_aliases(surveyor, survey, found)
    return {
        path: [*row, _replacement(path, row[0], survey, found)]
        for path, row in sorted(found.items())
        if not any(part.startswith("__") for part in path.split("."))
    }


def _add_aliases(surveyor: Surveyor, survey: Survey, found: Found) -> None:
    """Add the public paths under which other modules have a deprecated name."""
    defined = {path.rpartition(".")[2] for path in found}
    for module in survey.modules:
        if is_private(module) or module not in surveyor.modules:
            continue
        for name in defined.intersection(survey.modules[module]):
            origin = _origin(surveyor, module, name)
            path = f"{module}.{name}"
            if origin in found and path not in survey.incidental:
                found.setdefault(path, found[origin])
    for path in display_paths(survey):
        canonical = survey.class_paths[path]
        for member in survey.classes[canonical].members:
            if f"{canonical}.{member}" in found and not member.startswith("_"):
                found.setdefault(f"{path}.{member}", found[f"{canonical}.{member}"])


def _origin(surveyor: Surveyor, module: str, name: str, depth: int = 0) -> str | None:
    """Return the path of the definition that a name of a module holds."""
    source = surveyor.modules.get(module)
    if source is None or depth > 12:
        return None
    if name in source.functions or name in source.classes or (name in source.bound and name not in source.targets):
        return f"{module}.{name}"
    if name in source.targets:
        home, attribute = source.targets[name]
        return _origin(surveyor, home, attribute, depth + 1) if attribute else home
    for star in source.stars:
        if star in surveyor.modules and name in surveyor.names(star):
            return _origin(surveyor, star, name, depth + 1)
    return None


class _Finder:
    """Finds the deprecated definitions of one module."""

    def __init__(self, module: Module, tree: ast.Module) -> None:
        self.module = module
        self.tree = tree
        self.helpers: dict[str, list[str]] = {}
        self.texts: dict[str, str] = {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                text = self._text(node.value)
                if text:
                    self.texts[node.targets[0].id] = text
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and "warn" in node.name and not node.args.args:
                warned = self._warns(node.body)
                if warned is not None:
                    self.helpers[node.name] = warned

    def rows(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the path of each deprecated definition, and its row."""
        name = self.module.name
        warned = self._warns(self.tree.body)
        if warned is not None:
            yield name, [*warned, "import"]
        for node in self._statements(self.tree.body):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name not in self.helpers:
                yield from self._definition(node, name)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
                yield from self._attributes(node, node.value)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                yield from self._made(node, node.value)

    def callers(self, found: Found) -> Iterator[tuple[str, list[str]]]:
        """Yield the functions that call something deprecated whose warning is about these functions."""
        for node in self.tree.body:
            path = f"{self.module.name}.{getattr(node, 'name', '')}"
            if not isinstance(node, ast.FunctionDef) or path in found:
                continue
            for statement in node.body:
                call = statement.value if isinstance(statement, (ast.Expr, ast.Return)) else None
                called = f"{self.module.name}.{dotted(call.func)}" if isinstance(call, ast.Call) else ""
                if called in found and re.search(rf"[.`]{node.name}\b", found[called][0]):
                    yield path, [*found[called][:2], "call"]

    def _statements(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        for node in body:
            if isinstance(node, ast.If) and ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
                yield from self._statements(node.orelse)
            elif isinstance(node, (ast.If, ast.Try)):
                yield from self._statements([*node.body, *node.orelse])
            else:
                yield node

    def _definition(self, node: ast.FunctionDef | ast.ClassDef, home: str) -> Iterator[tuple[str, list[str]]]:
        row = self._decorated(node)
        if row is None and isinstance(node, ast.FunctionDef):
            warned = self._warns(node.body)
            row = None if warned is None else [*warned, "call"]
        if row is not None:
            constructs = node.name in {"__init__", "__new__"}
            yield (home if constructs else f"{home}.{node.name}"), row
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef):
                    yield from self._definition(inner, f"{home}.{node.name}")

    def _made(self, node: ast.Assign, call: ast.Call) -> Iterator[tuple[str, list[str]]]:
        """Yield what ``old = _make_deprecate(new)`` of torch.nn.init makes."""
        if dotted(call.func) == "_make_deprecate" and isinstance(call.args[0], ast.Name):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    says = f"`nn.init.{target.id}` is now deprecated in favor of `nn.init.{call.args[0].id}`."
                    yield f"{self.module.name}.{target.id}", [says, "FutureWarning", "call"]

    def _attributes(self, node: ast.Assign, value: ast.Dict) -> Iterator[tuple[str, list[str]]]:
        """Yield the names for which the ``__getattr__`` of torch warns."""
        if dotted(node.targets[0]) != "_deprecated_attrs" or self.module.name != "torch":
            return
        for key, function in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                says = f"'{key.value}' is deprecated, please use '{dotted(function)}()'"
                yield f"torch.{key.value}", [says, "UserWarning", "access"]

    def _decorated(self, node: ast.FunctionDef | ast.ClassDef) -> list[str] | None:
        names = [dotted(item.func if isinstance(item, ast.Call) else item) for item in node.decorator_list]
        if any(name is not None and name.rpartition(".")[2] == "overload" for name in names):
            return None
        for name, item in zip(names, node.decorator_list, strict=True):
            if isinstance(item, ast.Call) and name in {"deprecated", "typing_extensions.deprecated"} and item.args:
                given = [word.value for word in item.keywords if word.arg == "category"]
                kind = ast.unparse(given[0]) if given else "DeprecationWarning"
                says = self._text(item.args[0])
                return [says, kind, "decorator"] if kind in KINDS and says else None
        return None

    def _warns(self, body: list[ast.stmt]) -> list[str] | None:
        """Return text and kind of the deprecation warning that running ``body`` surely gives."""
        for node in body:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                warned = self._warning(node.value) or self.helpers.get(dotted(node.value.func) or "")
                if warned is not None:
                    return warned
            if isinstance(node, ast.If) and node.orelse:
                first, second = self._warns(node.body), self._warns(node.orelse)
                if first is not None and second is not None:
                    return second
            if isinstance(node, ast.If) and ast.unparse(node.test) == "not _enabled":
                continue  # TorchScript is switched off
            if not isinstance(node, ast.Try) and any(isinstance(n, (ast.Return, ast.Raise)) for n in ast.walk(node)):
                return None  # what follows may not run
        return None

    def _warning(self, call: ast.Call) -> list[str] | None:
        if dotted(call.func) not in {"warnings.warn", "warn"} or not call.args:
            return None
        says = self._text(call.args[0])
        kinds = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "category")]
        kind = ast.unparse(kinds[0]) if kinds else "UserWarning"
        if kind not in KINDS or not _SAYS.search(says) or _OF_ARGUMENT.search(says):
            return None
        return [says, kind]

    def _text(self, node: ast.expr) -> str:
        """Return the text of a string expression, '' for anything that is not a plain text."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return " ".join(node.value.split())
        if isinstance(node, ast.Name):
            return self.texts.get(node.id, "")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            first, second = self._text(node.left), self._text(node.right)
            return f"{first} {second}" if first and second else ""
        return ""


def _replacement(path: str, says: str, survey: Survey, found: Found) -> str:
    """Return the one name that torch's text says to use instead, if the release has it."""
    names: set[str] = set()
    for match in _INSTEAD.finditer(says):
        named = match[1].rstrip(".")
        home = path.rpartition(".")[0]
        if _CHOICE.match(says, match.end()):
            return ""
        # a bare name is a sibling of the deprecated one, a dotted one may leave torch out
        for candidate in (named, f"torch.{named}") if "." in named else (f"{home}.{named}",):
            if candidate.startswith("torch.") and candidate != path and _exists(candidate, survey):
                names.add(candidate)
                break
        else:
            if named.startswith("torch."):  # a name that is not known, so which one is meant is not either
                return ""
    only = names.pop() if len(names) == 1 else ""
    return "" if only in found or is_private(only) else only


def _exists(path: str, survey: Survey) -> bool:
    home, _, name = path.rpartition(".")
    if survey.modules.get(home, {}).get(name) == EXISTS or path in survey.modules:
        return True
    return home in survey.class_paths and survey.classes[survey.class_paths[home]].members.get(name) == EXISTS


def merge(found: dict[str, Found]) -> Rows:
    """Return one row per name from what was found in each release, oldest first."""
    rows: Rows = {}
    for version, deprecated in found.items():
        extend(rows, version, deprecated, list(found))
    return rows


def extend(rows: Rows, version: str, deprecated: Found, releases: list[str]) -> Rows:
    """Put one release into the rows; ``releases`` are all that the rows are about."""
    place = releases.index(version)
    newest = place == len(releases) - 1
    for path, (says, kind, how, replacement) in deprecated.items():
        row = rows.get(path)
        if row is None or (newest and row[1] is not None and place and row[1] != releases[place - 1]):
            rows[path] = [version, None, replacement, kind, how, says]
        elif newest or row[1] == version:
            rows[path] = [row[0], row[1] if row[1] == version and not newest else None, replacement, kind, how, says]
    for path, row in rows.items():
        if path not in deprecated and row[1] is None and place:
            row[1] = releases[place - 1]
    return rows


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def compare(rows: Rows, version: str, deprecated: Found) -> list[str]:
    """Return where the rows and what was found in one release differ."""
    shown = {
        path
        for path, (since, until, *_) in rows.items()
        if _order(str(since)) <= _order(version) <= _order(until or version)
    }
    differences = [f"{path}: not deprecated in {version}" for path in sorted(shown - deprecated.keys())]
    return differences + [f"{path}: deprecated in {version}" for path in sorted(deprecated.keys() - rows.keys())]


def dump(rows: Rows) -> str:
    """Return the text of the shipped file, a line per name."""
    lines = [f"{json.dumps(path)}: {json.dumps(row)}" for path, row in sorted(rows.items())]
    return "{\n" + ",\n".join(lines) + "\n}\n"
