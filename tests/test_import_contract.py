"""Who imports whom: what stands in the source, what the contracts in pyproject.toml say, and what a run loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import fullgraph
from fullgraph.engine.plan import codes_at
from fullgraph.engine.registry import registry
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
SOURCE = Path(fullgraph.__file__).parent
RULE_FILES = sorted((SOURCE / "rules").glob("*/*.py"))
RULES_MAY_IMPORT = frozenset({"__future__", "ast", "collections.abc", "fullgraph.api", "re", "typing"})
HEAVY = frozenset({"click", "libcst", "numpy", "pathspec", "pygls", "rich", "torch", "yaml"})
"""What linting must never load."""

RUN = """
import json, sys
from flake8.main.application import Application

app = Application()
app.run(sys.argv[1:])
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that is imported in a tree, by a statement or by name through importlib."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level):
                yield "." * level + (module or "")
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(name)), *_]):
                yield name
            case _:
                continue


def is_torch(module: str) -> bool:
    return module.partition(".")[0] in {"torch", "numpy"}


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_a_rule_imports_only_the_api(path: Path) -> None:
    assert set(imported(ast.parse(path.read_bytes()))) <= RULES_MAY_IMPORT


def test_rule_files_are_found() -> None:
    assert {path.stem for path in RULE_FILES} >= {rule.name.replace("-", "_") for rule in registry().values()}


def test_only_verify_imports_torch_and_only_when_it_runs() -> None:
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_bytes())
        if "verify" not in path.relative_to(SOURCE).parts:
            assert not [name for name in imported(tree) if is_torch(name)], path
            continue
        functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
        late = {node for function in functions for node in ast.walk(function)}
        assert not [name for node in ast.walk(tree) if node not in late for name in shallow(node) if is_torch(name)], (
            path
        )


def shallow(node: ast.AST) -> Iterator[str]:
    """What this one node imports."""
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Call)):
        yield from imported(ast.Module([ast.Expr(node)] if isinstance(node, ast.expr) else [node], []))


def test_contracts() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as main; main()", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(("requirement", "parses_it"), [("numpy", False), ("torch>=2.4", True)])
def test_what_a_flake8_run_loads(requirement: str, parses_it: bool, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[project]\ndependencies = ['{requirement}']\n[tool.fullgraph]\n")
    for rule in registry().values():
        for number, block in enumerate(rule.page.blocks):
            (tmp_path / f"{rule.code}_{number}.py").write_text(block.source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN, "-j1", "--select=TFG,E9", "--format=%(code)s", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    *codes, modules = done.stdout.splitlines()
    loaded = frozenset(json.loads(modules))
    on = codes_at(frozenset(code for code, rule in registry().items() if rule.default), TorchRange.only(NEWEST_KNOWN))
    assert on <= set(codes), "every rule must have run"
    assert "fullgraph" in loaded
    assert loaded.isdisjoint(HEAVY)
    assert ("packaging" in loaded) == parses_it
