"""What a module's ``__getattr__`` imports."""

from __future__ import annotations

import ast

import pytest

from fullgraph.semantic.lazy import Lazy, lazy_imports
from fullgraph.semantic.model import FileModel

GETS = "def __getattr__(name):\n"


def lazy(source: str) -> Lazy:
    text = f"import importlib\nfrom importlib import import_module\n{source}"
    return lazy_imports(FileModel(ast.parse(text), text.splitlines(), "__init__.py").walked)


@pytest.mark.parametrize(
    ("table", "module"),
    [
        ('{"Net": ".net"}', "T[name], __name__"),
        ('{"Net": "net"}', '"." + T[name], __name__'),
        ('{"Net": "net"}', 'f".{T[name]}", __package__'),
        ('{"Net": "net"}', 'f"{__name__}.{T[name]}"'),
        ('{"Net": "net"}', '__name__ + "." + T[name]'),
        ('{"net": ["Net"]}', '"." + find(T, name), __name__'),
        ('{"Net": (".net", "Net")}', "T[name][0], __name__"),
    ],
)
def test_tables(table: str, module: str) -> None:
    found = lazy(f"T = {table}\n{GETS}    return getattr(importlib.import_module({module}), name)\n")
    assert found == Lazy({"Net": ".net.Net"})


def test_another_module_for_every_name() -> None:
    assert lazy(f'{GETS}    return getattr(import_module("pkg.net"), name)\n') == Lazy({}, ("pkg.net",))


def test_imports_inside() -> None:
    source = f'{GETS}    if name == "Net":\n        from .net import Net, other\n        return Net\n'
    assert lazy(source) == Lazy({"Net": ".net.Net"})


@pytest.mark.parametrize(
    "source",
    [
        'T = {"Net": ".net"}\n',
        f'T = {{"Net": ".net"}}\n{GETS}    return T[name]\n',
        f'T = {{"Net": ".net"}}\nT = other()\n{GETS}    return import_module(T[name], __name__)\n',
        f'T = {{"Net": ".net"}}\nNet = 3\n{GETS}    return import_module(T[name], __name__)\n',
        f"T = {{**other, 3: 4}}\n{GETS}    return import_module(T[name], __name__)\n",
        f"{GETS}    return 3\n{GETS}    return 4\n",
        "class A:\n    def __getattr__(self, name):\n        return import_module('a')\n",
        "__getattr__ = other\n",
    ],
)
def test_what_says_nothing(source: str) -> None:
    assert lazy(source) == Lazy({})
