"""For every pair of names: a program with the private one, and what the fix makes of it, do the same on torch."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import torch
from programs import COMPILED, FEWER_BREAKS, MORE_BREAKS, NEEDS, NOT_IMPORTED, ONLY_IMPORTED, PROGRAMS
from support import fix, text

from fullgraph.torchfacts import (
    PrivateName,
    PublicEquivalent,
    Relation,
    TorchVersion,
    call_shapes,
    imported_with_torch,
    is_module,
    private_name,
    private_names,
)

INSTALLED = TorchVersion.parse(torch.__version__)
Outcomes: TypeAlias = dict[tuple[str, str], tuple[bool, str]]
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="programs are kept apart by forks")


def known(path: str) -> tuple[PrivateName, PublicEquivalent]:
    private = private_name(path)
    assert private is not None
    assert private.public is not None
    return private, private.public


def is_live(path: str) -> bool:
    private, public = known(path)
    return (private.since or INSTALLED) <= INSTALLED <= (private.until or INSTALLED) and public.since <= INSTALLED


def device_needed(path: str) -> str:
    """That without which a name cannot be called, unless it is there."""
    needed = next((device for start, device in NEEDS.items() if path.startswith(start)), "")
    there = {
        "": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "triton": importlib.util.find_spec("triton") is not None,
        "an accelerator": False,
    }
    return "" if there[needed] else needed


PAIRED = [path for path in private_names() if getattr(private_name(path), "public", None) is not None]
LIVE = [path for path in PAIRED if is_live(path)]
RUN = [path for path in LIVE if not device_needed(path)]
WRAPPERS = [path for path in RUN if known(path)[1].relation in (Relation.WRAPPER, Relation.SAME_SETTING)]


def found(path: str) -> Any:
    home, _, last = path.rpartition(".")
    return getattr(importlib.import_module(home), last)


@dataclass(frozen=True, slots=True)
class Job:
    """One source before and after the fix."""

    how: str
    before: str
    after: str


def spelled(path: str, *, imported: bool) -> tuple[str, str]:
    """How a private name is imported and spelled: ``import a.b`` and ``a.b.c``, or ``from a.b import c`` and ``c``."""
    home, _, last = path.rpartition(".")
    if not imported:
        module = path if is_module(path) else home
        return (f"import {module}" if module != "torch" and path not in NOT_IMPORTED else "import torch"), path
    package, _, module = home.rpartition(".")
    if known(path)[1].relation is Relation.SAME_SETTING:  # a setting is read and written through its module
        return f"from {package} import {module}", f"{module}.{last}"
    return f"from {home} import {last}", last


def forms(path: str) -> list[tuple[str, str]]:
    dotted = [] if path in ONLY_IMPORTED else [spelled(path, imported=False)]
    return dotted if path in NOT_IMPORTED else [*dotted, spelled(path, imported=True)]


def named(program: str, name: str, path: str) -> str:
    return re.sub(r"\bNAME\b", name, program).replace("PUBLIC", known(path)[1].name)


def is_expression(program: str) -> bool:
    try:
        ast.parse(program, mode="eval")
    except SyntaxError:
        return False
    return True


def imported(source: str) -> set[str]:
    modules: set[str] = set()
    for node in ast.parse(source).body:
        match node:
            case ast.Import(names=names):
                modules.update(alias.name for alias in names)
            case ast.ImportFrom(module=str(home), names=names):
                modules.update([home, *(f"{home}.{alias.name}" for alias in names)])
            case _:
                continue
    return modules


def job(how: str, before: str, path: str) -> Job:
    """Fix a program; where both names are surely the same, the fix must be a safe one."""
    public = known(path)[1]
    same = public.relation is Relation.SAME_OBJECT or (public.relation is Relation.SAME_SETTING and how != "observe")
    safe = same or call_shapes(path) is not None
    fixed = fix(before, target=INSTALLED, unsafe=not safe)
    assert fixed.fixed > 0, before
    assert fixed.remaining == (), before
    assert path not in text(fixed)
    module = public.name if is_module(public.name) else public.name.rpartition(".")[0]
    # the programs are run where more is loaded already
    loaded = (f"{name}." for name in imported(text(fixed)))
    assert imported_with_torch(module) or any(name.startswith(f"{module}.") for name in loaded), text(fixed)
    return Job(how, before, text(fixed))


def sets_nothing(path: str) -> bool:
    """Whether a program surely leaves the process as it was: functions of tensors do, and classes."""
    homes = (
        "_C._special _C._fft _C._nn _C._sparse _functorch distributed._shard distributed._tensor distributions types"
    )
    starts = ("torch._foreach_", *(f"torch.{home}." for home in homes.split()))
    program = PROGRAMS[path]
    return path.startswith(starts) and is_expression(program) and not re.search("GROUP|MESH|NET", program)


@cache
def program_jobs(path: str) -> list[Job]:
    program = PROGRAMS[path]
    body = f"result = {program}" if is_expression(program) else program
    return [
        job("together" if sets_nothing(path) else "run", f"import torch\n{head}\n{named(body, name, path)}\n", path)
        for head, name in forms(path)
    ]


def compiled_blocks(path: str) -> list[str]:
    """The same call in a compiled function; for a decorator, a compiled function that calls what it decorates."""
    head, name = forms(path)[0]
    bodies = [
        f"def inner(x): return x + 1\ninner = {named(program, name, path)}\n"
        f"{'' if 'torch.compile' in program else '@torch.compile'}\ndef f(x, m, both): return inner(x * 2) * 3\n"
        for program, names in COMPILED.items()
        if path in names.split()
    ]
    if not bodies and (call := main_call(path)):
        use = f"{named(call, name, path)}; y = None" if "; " in PROGRAMS[path] else f"y = {named(call, name, path)}"
        bodies = [f"@torch.compile\ndef f(x, m, both):\n    x = x * 2; {use}; return x, y, m * 2, both\n"]
    calls = "x = torch.linspace(0.1, 0.9, 4)\nm = torch.ones(3, 4)\nCALLS = f, [(x, m, [x, m])] * 2\n"
    return [f"import binascii\nimport torch\n{head}\n{body}{calls}" for body in bodies]


def main_call(path: str) -> str:
    """What can be done with a name in compiled code: the first expression of its program; a setting is read."""
    if known(path)[1].relation is Relation.SAME_SETTING:
        return "NAME"
    parts = (part.removeprefix("result = ") for part in PROGRAMS[path].split("; "))
    usable = (part for part in parts if "NAME" in part and is_expression(part) and not re.search("GROUP|MESH", part))
    return next(usable, "")


@cache
def compiled_jobs(path: str) -> list[Job]:
    return [job("observe", block, path) for block in compiled_blocks(path)]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came of every program, all run in one go."""
    jobs = [each for path in RUN for each in program_jobs(path)]
    jobs += [each for path in WRAPPERS for each in compiled_jobs(path)]
    sources = sorted({(each.how, source) for each in jobs for source in (each.before, each.after)})
    todo = tmp_path_factory.mktemp("pairs") / "jobs.json"
    todo.write_text(json.dumps(sources), encoding="utf-8")
    runner = Path(__file__).parent / "run_programs.py"
    command = [sys.executable, "-W", "ignore", str(runner), str(todo)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(zip(sources, map(tuple, json.loads(done.stdout)), strict=True))


def test_every_pair_has_a_program() -> None:
    assert sorted(PROGRAMS) == sorted(PAIRED)
    assert all("NAME" in program for program in (*PROGRAMS.values(), *COMPILED))
    assert set(ONLY_IMPORTED | NOT_IMPORTED) <= set(PAIRED)
    assert all(any(path.startswith(start) for path in PAIRED) for start in NEEDS)


def same(jobs: list[Job], outcomes: Outcomes) -> None:
    for each in jobs:
        (went_well, before), after = outcomes[each.how, each.before], outcomes[each.how, each.after]
        assert went_well, f"{each.before}\n{before}"
        assert after == (went_well, before), each.after


@pytest.mark.parametrize("path", RUN)
def test_the_renamed_program_gives_the_same(path: str, outcomes: Outcomes) -> None:
    same(program_jobs(path), outcomes)


@pytest.mark.parametrize("path", [path for path in WRAPPERS if compiled_blocks(path)])
def test_the_renamed_program_breaks_the_graph_as_before(path: str, outcomes: Outcomes) -> None:
    for each in compiled_jobs(path):
        (went_well, before), (_, after) = outcomes[each.how, each.before], outcomes[each.how, each.after]
        assert went_well, f"{each.before}\n{before}"
        *found, result = json.loads(before)
        *found_after, result_after = json.loads(after)
        assert result_after == result
        if path in MORE_BREAKS:
            assert found_after > found
            assert fix(each.before, target=INSTALLED).fixed == 0
        elif path in FEWER_BREAKS:
            assert found_after <= found
        elif known(path)[1].relation is Relation.SAME_SETTING:
            assert fix(each.before, target=INSTALLED).fixed == 0
        else:
            assert found_after == found, each.after


@pytest.mark.parametrize("path", [path for path in LIVE if path not in RUN])
def test_what_cannot_be_called_here_takes_the_same_arguments(path: str) -> None:
    public = found(known(path)[1].name)
    if known(path)[1].relation is Relation.SAME_OBJECT:
        assert found(path) is public
    call = next(node for node in ast.walk(ast.parse(PROGRAMS[path])) if isinstance(node, ast.Call))
    inspect.signature(public).bind(*call.args, **{keyword.arg or "": 0 for keyword in call.keywords})
