"""The tables of torch's names against the torch that is installed."""

from __future__ import annotations

import importlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch

from fullgraph.torchfacts import (
    Presence,
    TorchVersion,
    availability,
    is_module,
    private_names,
)
from fullgraph.torchfacts import names as names_module

INSTALLED = TorchVersion.parse(torch.__version__)
WALK = Path(__file__).with_name("torch_walk.py")
Found = dict[str, dict[str, list[str]]]


def homes() -> list[str]:
    return [path for shard in names_module._index().shards for path in names_module._shard(shard)]


def listed(home: str) -> Iterator[str]:
    found = names_module._home(home)
    for _, names in found.groups if found else ():
        yield from names.split()


def asked_of_class(path: str) -> set[str]:
    found = names_module._home(f"={path}")
    root = found.root if found else ""
    return {*listed(f"={path}"), *(listed(f"={root}") if root else ())}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What the modules and classes of the installed torch have."""
    folder = tmp_path_factory.mktemp("walk")
    modules = {path: list(listed(path)) for path in homes() if path[0] != "="}
    classes = {path[1:]: sorted(asked_of_class(path[1:])) for path in homes() if path[0] == "="}
    (folder / "asked").write_text(json.dumps({"modules": modules, "classes": classes}))
    command = [sys.executable, str(WALK), str(folder / "asked"), str(folder / "answers")]
    subprocess.run(command, check=True, capture_output=True, timeout=900, cwd=folder)
    answers: Found = json.loads((folder / "answers").read_text())
    return answers


@cache
def presence(path: str) -> Presence | None:
    known = availability(path)
    return None if known is None else known.exists_at(INSTALLED)


def wrong(there: dict[str, list[str]]) -> list[str]:
    """Names that are there, and absent by the table."""
    return [
        f"{home}.{name}"
        for home, names in there.items()
        for name in names
        if not name.startswith("__") and presence(f"{home}.{name}") is Presence.ABSENT
    ]


def test_no_module_that_can_be_imported_is_absent(found: Found) -> None:
    assert len(found["modules"]) > 1500
    assert [path for path in found["modules"] if presence(path) is Presence.ABSENT] == []


def test_no_name_of_any_module_is_absent(found: Found) -> None:
    """All names of all modules, those that the table lists for other releases included."""
    assert sum(map(len, found["modules"].values())) > 40_000
    assert wrong(found["modules"]) == []


def test_no_attribute_of_a_class_is_absent(found: Found) -> None:
    assert sum(map(len, found["classes"].values())) > 20_000
    assert wrong(found["classes"]) == []


def test_names_exist(found: Found) -> None:
    """Names that exist by the table are there, but for those that need a platform or a build."""
    candidates = [
        (path, name)
        for path in found["modules"]
        if is_module(path) and not path.startswith(("torch._C", "torch._VF"))
        for name in listed(path)
        if presence(f"{path}.{name}") is Presence.EXISTS and not is_module(f"{path}.{name}")
    ]
    chosen = random.Random(2026).sample(sorted(candidates), 5000)
    missing = [f"{path}.{name}" for path, name in chosen if name not in found["modules"][path]]
    assert len(missing) <= 0.02 * len(chosen), missing


def test_attributes_of_classes_exist(found: Found) -> None:
    candidates = [
        (path, name)
        for path in found["classes"]
        if path != "torch.autograd.Variable"
        for name in asked_of_class(path)
        if presence(f"{path}.{name}") is Presence.EXISTS
    ]
    assert len(candidates) > 10_000
    missing = [f"{path}.{name}" for path, name in candidates if name not in found["classes"][path]]
    assert len(missing) <= 0.02 * len(candidates), missing


def test_public_names_are_known(found: Found) -> None:
    """What ``__all__`` of the modules that users know lists is in the table."""
    for path in ("torch", "torch.nn.modules", "torch.nn.parallel", "torch.optim", "torch.utils.data", "torch.compiler"):
        unknown = [name for name in importlib.import_module(path).__all__ if presence(f"{path}.{name}") is None]
        # older releases list what torch takes from its C extension, of which no source tells
        assert len(unknown) <= 0.05 * len(found["modules"][path]), unknown


def test_all_names_of_the_private_table(found: Found) -> None:
    """A private name that getattr finds is not absent."""
    for name in private_names():
        home, _, last = name.rpartition(".")
        if last in found["modules"].get(home, ()):
            assert presence(name) is not Presence.ABSENT, name
    assert sum(presence(name) is Presence.EXISTS for name in private_names()) > 150
