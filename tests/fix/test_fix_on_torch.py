"""The fixed programs on the installed torch, and the table of parameters against it."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from support import fix, text

import fullgraph.torchfacts
from fullgraph.torchfacts import (
    CallShapes,
    Parameters,
    TorchVersion,
    call_shapes,
    imported_with_torch,
    private_name,
    private_names,
)

INSTALLED = TorchVersion.parse(torch.__version__)
TABLE = json.loads((Path(fullgraph.torchfacts.__file__).parent / "call_shapes.json").read_text(encoding="utf-8"))
MODULES = sorted({
    known.public.name.rpartition(".")[0]
    for path in private_names()
    if (known := private_name(path)) is not None and known.public is not None and known.public.since <= INSTALLED
})  # fmt: skip

PROGRAMS = {
    "bare decorator": "@torch._dynamo.disable\ndef f(x): return x + 1\nresult = f(1)\n",
    "called decorator": "@torch._dynamo.disable(recursive=False)\ndef f(x): return x\nresult = f(1)\n",
    "empty call": "@torch._dynamo.disable()\ndef f(x): return x + 1\nresult = f(1)\n",
    "keywords": "f = torch._dynamo.disable(fn=len, recursive=True, reason='host')\nresult = f([1])\n",
    "positions": "f = torch._dynamo.disable(len, True)\nresult = f([1])\n",
    "star": "f = torch._dynamo.disable(*[len, True])\nresult = f([1])\n",
    "double star": "def keep(f): return f\nresult = torch._dynamo.allow_in_graph(**{'fn': keep}) is keep\n",
    "value of one object": "result = [torch._C.Size, torch._C._fft.fft_fft]\n",
    "value of a wrapper": "ask = [torch._dynamo.is_compiling]\nresult = ask[0]()\n",
    "setting": "torch._dynamo.config.cache_size_limit = 11\nresult = torch._dynamo.config.recompile_limit\n",
    "from import": "from torch._dynamo import disable as off\nf = off(len)\nresult = f([1])\n",
    "module alias": "import torch._dynamo as dynamo\ndynamo.reset()\nresult = dynamo.is_compiling()\n",
    "module of settings": (
        "from torch._dynamo import config\nconfig.cache_size_limit = 9\nresult = config.cache_size_limit\n"
    ),
    "in place": "t = torch.zeros(3)\ntorch.nn.init._no_grad_fill_(t, 2.0)\nresult = t.tolist()\n",
    "generator": (
        "g = torch._C.Generator().manual_seed(0)\n"
        "result = torch.nn.init._no_grad_uniform_(torch.zeros(2), 0.0, 1.0, generator=g).tolist()\n"
    ),
    "with": (
        "with torch._dynamo.set_stance('force_eager'):\n    result = torch.compile(torch.neg)(torch.ones(1)).tolist()\n"
    ),
    "switch": "torch._C._set_warnAlways(True)\nresult = torch._C._get_warnAlways()\n",
    "moved argument": (
        "result = torch._grouped_mm(torch.ones(4, 16, dtype=torch.bfloat16), torch.ones(1, 16, 16, "
        "dtype=torch.bfloat16), torch.tensor([4], dtype=torch.int32)).tolist()\n"
    ),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_fixed_program_gives_the_same(name: str) -> None:
    before = f"import torch\n{PROGRAMS[name]}"
    fixed = fix(before, target=INSTALLED)
    after = text(fixed)
    assert fixed.fixed > 0
    results = []
    for source in (before, after):
        namespace: dict[str, Any] = {"__name__": __name__}
        limit = torch.compiler.config.recompile_limit
        try:
            exec(compile(source, name, "exec"), namespace)
        finally:
            torch.compiler.config.recompile_limit = limit
        results.append(namespace["result"])
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "decorator", ["disable", "disable(recursive=False)", "allow_in_graph", "assume_constant_result"]
)
def test_a_decorator_breaks_the_graph_as_before(decorator: str) -> None:
    import torch._dynamo

    before = (
        f"import torch\n@torch._dynamo.{decorator}\ndef inner(x): return x + 1\ndef f(x): return inner(x * 2) * 3\n"
    )
    seen = []
    for source in (before, text(fix(before, target=INSTALLED))):
        namespace: dict[str, Any] = {"__name__": __name__}
        exec(compile(source, "f", "exec"), namespace)
        torch.compiler.reset()
        explained = torch._dynamo.explain(namespace["f"])(torch.ones(2))
        seen.append((explained.graph_break_count, explained.op_count, explained.graph_count))
    assert seen[0] == seen[1]


def resolve(path: str) -> Any:
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        # some modules of torch run deprecated parts of torch when they are imported
        with warnings.catch_warnings(), contextlib.suppress(ImportError, AttributeError):
            warnings.simplefilter("ignore", DeprecationWarning)
            found: Any = importlib.import_module(".".join(parts[:count]))
            for part in parts[count:]:
                found = getattr(found, part)
            return found
    raise AttributeError(path)


def parameters(function: Any) -> Parameters:
    found = inspect.signature(function).parameters.values()
    assert not any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in found)
    return Parameters(
        tuple(each.name for each in found if each.kind is each.POSITIONAL_ONLY),
        tuple(each.name for each in found if each.kind is each.POSITIONAL_OR_KEYWORD),
        tuple(each.name for each in found if each.kind is each.KEYWORD_ONLY),
    )


def shapes(path: str) -> CallShapes:
    found = call_shapes(path)
    assert found is not None
    return found


def test_parameters_are_those_of_the_installed_torch() -> None:
    checked = 0
    for path in TABLE:
        known = private_name(path)
        assert known is not None
        assert known.public is not None, path
        if known.public.since > INSTALLED:
            continue
        assert parameters(resolve(known.public.name)) == shapes(path).public_at(INSTALLED), path
        private = resolve(path)
        if inspect.isfunction(private) or inspect.isclass(private):
            assert parameters(private) == shapes(path).private, path
            checked += 1
    assert checked > 20


def test_operators_take_as_many_by_position() -> None:
    for path in TABLE:
        name = path.removeprefix("torch.")
        if not name.startswith("_foreach_"):
            continue
        operator = getattr(torch.ops.aten, name)
        takes = max(
            sum(not argument.kwarg_only for argument in getattr(operator, overload)._schema.arguments)
            for overload in operator.overloads()
            if not overload.endswith("out")
        )
        assert len(shapes(path).private.positional) == takes, path
        for _, keyword in list(enumerate(shapes(path).private.positional))[len(shapes(path).public.positional) :]:
            assert keyword in shapes(path).public.keywords, path


def test_positions_mean_the_same_on_both_sides() -> None:
    """Arguments are moved by position, so the same position must be the same parameter, whatever it is called."""
    other_names = {("self", "inputs"), ("self", "input"), ("rank", "group_rank"), ("input", "mat_a"), ("mat2", "mat_b")}
    for path in TABLE:
        for release in shapes(path).since.values() or (INSTALLED,):
            both = zip(shapes(path).private.positional, shapes(path).public_at(release).positional, strict=False)
            assert all(ours == theirs or (ours, theirs) in other_names for ours, theirs in both), path


def test_a_difference_that_is_no_parameter_has_no_row() -> None:
    for path in TABLE:
        known = private_name(path)
        assert known is not None
        assert known.public is not None
        assert not known.public.note or "`" in known.public.note or "position" in known.public.note, path


def test_rows_are_sorted_and_dates_name_public_parameters() -> None:
    assert list(TABLE) == sorted(TABLE)
    for path in TABLE:
        taken = shapes(path).public
        assert set(shapes(path).since) <= {*taken.positional, *taken.keywords}


def test_what_import_torch_brings() -> None:
    code = (
        "import json, sys, torch\n"
        "found = {}\n"
        "for name in json.loads(sys.argv[1]):\n"
        "    owner = torch\n"
        "    for part in name.split('.')[1:]:\n"
        "        owner = vars(owner).get(part) if owner is not None else None\n"
        "    found[name] = owner is not None\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(MODULES)], capture_output=True, text=True, check=True, timeout=120
    )
    assert json.loads(done.stdout) == {module: imported_with_torch(module) for module in MODULES}
