"""Use deprecated names of the torch that is installed; no test in itself.

usage: torch_warns.py ASKED ANSWERS

ASKED is a JSON file with the path of each name, how it is to be used, and the text
of its warning. ANSWERS gets, for each path, kind and text of the warning that comes
closest, or an empty kind and why there was none. Arguments are stand-ins, so what
happens after the warning does not count. Using some of these names harms the
process, so it ends without cleaning up.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
import os
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import torch


def module(path: str) -> ModuleType | None:
    """Return the module of this path; None if there is none."""
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not path.startswith(error.name):
            raise
        return None


def resolve(path: str) -> Any:
    """Return what ``path`` names; a function can hide the module of the same name."""
    names = path.split(".")
    for count in range(len(names) - 1, 0, -1):
        home = module(".".join(names[:count]))
        if home is not None:
            return functools.reduce(getattr, names[count:], home)
    raise AttributeError(path)


def arguments(function: Callable[..., Any]) -> list[tuple[list[Any], dict[str, Any]]]:
    """Return arguments to try, by position and by keyword."""
    try:
        signature = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        signature = {}.values()
    needed = [one for one in signature if one.default is inspect.Parameter.empty]
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    count = sum(one.kind in positional for one in needed)
    keywords = {one.name: mock.MagicMock() for one in needed if one.kind is inspect.Parameter.KEYWORD_ONLY}
    stand_ins = [mock.MagicMock() for _ in range(count)]
    tries = [stand_ins, [torch.ones(2, 2)] * count, ["probe"] * count, [torch.nn.Linear(2, 2)] * count]
    tries += [[mock.MagicMock() for _ in range(number)] for number in range(4)]
    return [(given, keywords) for given in tries]


def recorded(use: Callable[[], Any]) -> tuple[list[warnings.WarningMessage], str]:
    """Return the warnings of a use, and how it ended."""
    ended = ""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        try:
            use()
        except BaseException as error:  # the stand-ins are no real arguments
            ended = f"{type(error).__name__}: {error}"
    return given, ended


def uses(path: str, how: str) -> list[Callable[[], Any]]:
    """Return the ways to use a name."""
    home, _, last = path.rpartition(".")
    if how == "import":
        sys.modules.pop(path, None)
        return [lambda: importlib.import_module(path)]
    if how == "access":
        owner = importlib.import_module(home)
        return [lambda: getattr(owner, last)]
    found = resolve(path)
    if isinstance(found, property):
        found = found.fget
    return [partial(found, *given, **keywords) for given, keywords in arguments(found)]


def outcome(path: str, how: str, says: str) -> list[str]:
    """Return kind and text of the warning, or an empty kind and how the uses ended."""
    try:
        ways = uses(path, how)
    except (ImportError, AttributeError) as error:
        return ["", f"{type(error).__name__}: {error}"]
    closest: list[str] = []
    endings = []
    for use in ways:
        given, ended = recorded(use)
        endings.append(ended or "no error")
        for one in given:
            warned = [one.category.__name__, " ".join(str(one.message).split())]
            if warned[1] == says:
                return warned
            closest = closest if closest or "deprecat" not in warned[1] else warned
    return closest or ["", "; ".join(dict.fromkeys(endings))]


def main() -> None:
    """Answer."""
    asked = json.loads(Path(sys.argv[1]).read_text())
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        answers = {path: outcome(path, *rest) for path, *rest in asked}
    Path(sys.argv[2]).write_text(json.dumps(answers))
    os._exit(0)


if __name__ == "__main__":
    main()
