"""Look at the torch that is installed, in a process of its own; no test in itself.

usage: torch_walk.py ASKED ANSWERS

ASKED is a JSON file with modules and the names asked for of each, and classes
likewise. ANSWERS gets, for each module and class that is there, the names that
``getattr`` finds: those asked for, and all others. Some modules of torch cannot
be imported without harm to the process, so it ends without cleaning up.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

NOT_IMPORTED = (
    "torch.testing._internal",
    "torch._vendor",
    "torch.utils.tensorboard",
    "torch._inductor.kernel.vendored",
)


def load(path: str) -> None:
    """Import a module of torch, where what it needs is installed."""
    if not path.startswith(NOT_IMPORTED) and "__main__" not in path:
        # it may need another package, a platform, or arguments
        with contextlib.suppress(BaseException):
            importlib.import_module(path)


def has(owner: Any, name: str) -> bool:
    """Whether an attribute is there, even if it needs a device to be read."""
    try:
        return hasattr(owner, name)
    except BaseException:  # it needs a device
        return True


def names(owner: Any, asked: list[str]) -> list[str]:
    """Return the names that ``owner`` has."""
    return sorted(name for name in {*vars(owner), *dir(owner), *asked} if isinstance(name, str) and has(owner, name))


def main() -> None:
    """Answer."""
    warnings.simplefilter("ignore")
    asked = json.loads(Path(sys.argv[1]).read_text())
    for path in sorted(asked["modules"]):
        load(path)
    found = {
        path: module
        for path, module in sys.modules.items()
        if path.split(".")[0] == "torch" and isinstance(module, ModuleType)
    }
    answers: dict[str, dict[str, list[str]]] = {"modules": {}, "classes": {}}
    for path, module in sorted(found.items()):
        answers["modules"][path] = names(module, asked["modules"].get(path, []))
    for path, members in asked["classes"].items():
        home, _, name = path.rpartition(".")
        owner = getattr(found.get(home), name, None)
        if isinstance(owner, type):
            answers["classes"][path] = names(owner, members)
    Path(sys.argv[2]).write_text(json.dumps(answers))
    os._exit(0)


if __name__ == "__main__":
    main()
