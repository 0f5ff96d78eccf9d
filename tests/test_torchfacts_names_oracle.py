"""The tables of torch's names against the torch that is installed."""

from __future__ import annotations

import importlib
import inspect
import random
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any
from unittest.mock import MagicMock

import pytest
import torch

from fullgraph.torchfacts import (
    Presence,
    TorchVersion,
    Trigger,
    availability,
    deprecated_names,
    deprecation,
    is_module,
    private_names,
)
from fullgraph.torchfacts import names as names_module

INSTALLED = TorchVersion.parse(torch.__version__)
# Modules that end the process, ask for a display or for a cluster, or start threads when imported.
NOT_IMPORTED = (
    "torch.testing._internal",
    "torch._vendor",
    "torch.utils.tensorboard",
    "torch._inductor.kernel.vendored",
)
MISSING: Any = object()


def importable(path: str) -> ModuleType | None:
    """Import a module of torch, where what it needs is installed."""
    if path.startswith(NOT_IMPORTED) or "__main__" in path:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return importlib.import_module(path)
        except (Exception, SystemExit):  # the module needs another package or platform
            return None


@cache
def modules() -> dict[str, ModuleType]:
    """All modules of torch that can be imported here, and those that importing them made."""
    listed = [path for shard in names_module._index().shards for path in names_module._shard(shard) if path[0] != "="]
    for path in sorted(listed):
        importable(path)
    return {path: module for path, module in sorted(sys.modules.items()) if path.split(".")[0] == "torch" and module}


def has(owner: object, name: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return getattr(owner, name, MISSING) is not MISSING
        except Exception:  # the name is there, and needs a device or a library
            return True


def presence(path: str) -> Presence | None:
    found = availability(path)
    return None if found is None else found.exists_at(INSTALLED)


def listed(home: str) -> Iterator[str]:
    found = names_module._home(home)
    assert found is not None
    for _, names in found.groups:
        yield from names.split()


def sample(paths: list[str], count: int) -> list[str]:
    return paths if len(paths) <= count else random.Random(2026).sample(sorted(paths), count)


def test_no_module_that_can_be_imported_is_absent() -> None:
    wrong = [path for path in modules() if is_module(path) and presence(path) is Presence.ABSENT]
    assert len(modules()) > 1500
    assert wrong == []


def test_no_name_of_any_module_is_absent() -> None:
    """All names of all modules, those that the table lists for other releases included."""
    wrong = []
    asked = 0
    for path, module in modules().items():
        if not isinstance(module, ModuleType) or not is_module(path):
            continue
        for name in {*vars(module), *listed(path)}:
            if not name.startswith("__"):
                asked += 1
                if presence(f"{path}.{name}") is Presence.ABSENT and has(module, name):
                    wrong.append(f"{path}.{name}")
    assert asked > 40_000
    assert wrong == []


def test_sampled_names_exist() -> None:
    """Names that exist by the table are there, but for those that need a platform or a build."""
    candidates = [
        f"{path}.{name}"
        for path, module in modules().items()
        if is_module(path) and isinstance(module, ModuleType) and not path.startswith(("torch._C", "torch._VF"))
        for name in listed(path)
        if presence(f"{path}.{name}") is Presence.EXISTS
    ]
    chosen = sample(candidates, 4000)
    missing = [path for path in chosen if not has(modules()[path.rpartition(".")[0]], path.rpartition(".")[2])]
    assert len(chosen) == 4000
    assert len(missing) <= 0.02 * len(chosen), missing


def classes() -> dict[str, type]:
    found = {}
    for shard in names_module._index().shards:
        for path in names_module._shard(shard):
            if path[0] == "=" and presence(path[1:]) is Presence.EXISTS:
                home, _, name = path[1:].rpartition(".")
                owner = getattr(modules().get(home), name, None)
                if isinstance(owner, type):
                    found[path[1:]] = owner
    return found


def test_no_attribute_of_a_class_is_absent() -> None:
    wrong = []
    asked = 0
    for path, owner in classes().items():
        for name in {*dir(owner), *listed(f"={path}")}:
            if not name.startswith("__"):
                asked += 1
                if presence(f"{path}.{name}") is Presence.ABSENT and has(owner, name):
                    wrong.append(f"{path}.{name}")
    assert asked > 20_000
    assert wrong == []


def test_sampled_attributes_of_classes_exist() -> None:
    candidates = [
        (path, name)
        for path, owner in classes().items()
        if owner.__module__ not in {"torch._C", "torch"} or path in {"torch.Tensor"}
        for name in listed(f"={path}")
        if presence(f"{path}.{name}") is Presence.EXISTS and path != "torch.autograd.Variable"
    ]
    missing = [f"{path}.{name}" for path, name in candidates if not has(classes_cached()[path], name)]
    assert len(candidates) > 3000
    assert len(missing) <= 0.02 * len(candidates), missing


@cache
def classes_cached() -> dict[str, type]:
    return classes()


def test_all_names_of_the_private_table() -> None:
    """A private name that getattr finds is not absent."""
    known = 0
    for name in private_names():
        home, _, last = name.rpartition(".")
        owner = modules().get(home)
        found = presence(name)
        known += found is Presence.EXISTS
        if owner is not None and has(owner, last):
            assert found is not Presence.ABSENT, name
    assert known > 400


def resolve(path: str) -> Any:
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        module = importable(".".join(parts[:count]))
        if module is not None:
            found: Any = module
            for index, part in enumerate(parts[count:]):
                last = index == len(parts) - count - 1
                found = (
                    inspect.getattr_static(found, part) if last and isinstance(found, type) else getattr(found, part)
                )
            return found
    raise AssertionError(path)


def warning_texts(found: Any) -> set[str]:
    """The texts that ``@deprecated`` left on an object, its constructor, or its getter."""
    function = getattr(found, "__func__", found)
    places = [function, getattr(function, "fget", None), vars(found).get("__init__"), vars(found).get("__new__")] \
        if isinstance(found, type) else [function, getattr(function, "fget", None)]  # fmt: skip
    texts = {getattr(place, "__deprecated__", None) for place in places}
    return {" ".join(text.split()) for text in texts if isinstance(text, str)}


def installed(trigger: Trigger) -> list[str]:
    found = [(name, deprecation(name)) for name in deprecated_names()]
    return [name for name, known in found if known and known.trigger is trigger and known.warns_at(INSTALLED)]


@pytest.mark.parametrize("path", installed(Trigger.DECORATOR))
def test_the_decorator_is_there(path: str) -> None:
    known = deprecation(path)
    assert known is not None
    try:
        found = resolve(path)
    except (AssertionError, AttributeError):
        pytest.skip("its module needs what is not installed")
    texts = warning_texts(found)
    # a later release may word it otherwise
    assert texts
    if known.until is not None or names_module.releases_read()[-1] == INSTALLED:
        assert known.says in texts


@pytest.mark.parametrize("path", installed(Trigger.CALL))
def test_a_call_warns(path: str) -> None:
    """The call is made with stand-ins; that it fails in the end does not matter."""
    known = deprecation(path)
    found = resolve(path)
    assert known is not None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function = getattr(found, "__func__", found)
        try:
            parameters = inspect.signature(function).parameters.values()
            required = [
                p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
            ]
            keywords = {p.name: MagicMock() for p in parameters if p.default is p.empty and p.kind is p.KEYWORD_ONLY}
            function(*(MagicMock() for _ in required), **keywords)
        except Exception:  # the stand-ins
            pass
    assert any(one.category.__name__ == known.category for one in caught), [str(one.message) for one in caught]


@pytest.mark.parametrize("path", installed(Trigger.ACCESS))
def test_access_warns(path: str) -> None:
    home, _, name = path.rpartition(".")
    with pytest.warns(UserWarning, match=name):
        getattr(sys.modules[home], name)
