"""What becomes of deprecated calls: the new ones do the same on torch, and do not warn."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import warnings
from typing import Any

import pytest
import torch
from support import fix as fix_codes
from support import pairs, reasons, text

from fullgraph.fix import Fixed
from fullgraph.torchfacts import (
    Parameters,
    Presence,
    Replacement,
    TorchRange,
    TorchVersion,
    availability,
    deprecated_names,
    deprecation,
    releases_read,
    replaced_names,
    replacement,
)

INSTALLED = TorchVersion.parse(torch.__version__)
CODES = frozenset({"TFG105"})


def fix(before: str, *, unsafe: bool = False, target: TorchVersion | TorchRange = INSTALLED) -> Fixed:
    return fix_codes(before, unsafe=unsafe, target=target, codes=CODES)


def known(path: str) -> Replacement:
    found = replacement(path)
    assert found is not None
    return found


def resolve(path: str) -> Any:
    parts = path.split(".")
    for count in range(len(parts), 0, -1):
        with contextlib.suppress(ImportError, AttributeError):
            found: Any = importlib.import_module(".".join(parts[:count]))
            for part in parts[count:]:
                found = getattr(found, part)
            return found
    raise AttributeError(path)


def parameters(function: Any) -> Parameters:
    found = inspect.signature(function).parameters.values()
    return Parameters(
        tuple(each.name for each in found if each.kind is each.POSITIONAL_ONLY),
        tuple(each.name for each in found if each.kind is each.POSITIONAL_OR_KEYWORD),
        tuple(each.name for each in found if each.kind is each.KEYWORD_ONLY),
    )


# Tables


@pytest.mark.parametrize("path", replaced_names())
def test_a_row_is_about_a_deprecated_name_and_an_existing_one(path: str) -> None:
    assert path in deprecated_names()
    warns = deprecation(path)
    assert warns is not None
    found = availability(known(path).name)
    assert found is not None
    assert all(found.exists_at(each) is Presence.EXISTS for each in releases_read() if warns.warns_at(each))
    assert deprecation(known(path).name) is None


@pytest.mark.parametrize("path", [path for path in replaced_names() if known(path).shapes is not None])
def test_parameters_are_those_of_the_installed_torch(path: str) -> None:
    shapes = known(path).shapes
    assert shapes is not None
    assert parameters(resolve(path)) == shapes.private
    taken = parameters(resolve(known(path).name))
    if known(path).added.startswith('"'):
        assert taken.either[0] in ("device", "device_type")
        assert set(taken.either[1:]) == set(shapes.public.keywords)
        assert shapes.public.either in ((), taken.either[1:])
    elif known(path).added:
        assert taken.keyword_only == ("device_type", *shapes.public.keyword_only)
        assert taken.either == shapes.public.either
    else:
        assert taken == shapes.public


@pytest.mark.parametrize("path", [path for path in replaced_names() if known(path).shapes is None])
def test_what_has_no_parameters_passes_everything_on(path: str) -> None:
    found = inspect.signature(resolve(path)).parameters.values()
    assert [each.kind for each in found] == [inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD]


# Programs

BOTH = "[weight.grad.tolist(), NAME([weight], 1.0).item(), weight.grad.tolist()]"
SCALER = "scaler = NAME(2.0, growth_interval=7, enabled=False)\nresult = [scaler.state_dict(), scaler.is_enabled()]"
SCALER_STATE = "scaler = NAME(4.0, 3.0)\nresult = [type(scaler).__name__, scaler.state_dict(), scaler._device]"
CAST = (
    "with NAME(True, torch.bfloat16) as cast:\n"
    "    result = [cast.device, cast.fast_dtype, cast._enabled, cast._cache_enabled, (square @ square).dtype]"
)
CAST_BY_DEFAULT = (
    "@NAME()\ndef product():\n    return (square @ square).dtype\n"
    "cast = NAME(cache_enabled=False)\nresult = [product(), cast.fast_dtype, cast.device, cast._cache_enabled]"
)
FUNCTION = """
class Double(torch.autograd.Function):
    @staticmethod
    @FORWARD
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    @BACKWARD
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]

Double.apply(weight).sum().backward()
result = [weight.grad.tolist(), Double.apply(weight).tolist()]
"""


def function(forward: str, backward: str) -> str:
    return FUNCTION.replace("FORWARD", forward).replace("BACKWARD", backward)


FORWARD = function("NAME", "torch.amp.custom_bwd(device_type='cuda')")
FORWARD_CALLED = function("NAME(cast_inputs=torch.float32)", "torch.amp.custom_bwd(device_type='cuda')")
BACKWARD = function("torch.amp.custom_fwd(device_type='cuda')", "NAME")
PROGRAMS: dict[str, tuple[str, ...]] = {
    **{
        f"torch.nn.init.{name}": (f"NAME(square{rest})", f"NAME(tensor=square{rest})")
        for name, rest in {
            "uniform": ", a=1.0, b=2.0",
            "normal": ", mean=3.0, generator=torch.Generator().manual_seed(3)",
            "constant": ", val=3.0",
            "eye": "",
            "xavier_uniform": ", gain=2.0",
            "xavier_normal": "",
            "kaiming_uniform": ", mode='fan_out'",
            "kaiming_normal": ", nonlinearity='relu'",
            "orthogonal": ", gain=0.5",
            "sparse": ", sparsity=0.3",
        }.items()
    },
    "torch.nn.init.dirac": ("NAME(volume)", "NAME(*[volume], **{'groups': 1})"),
    "torch.nn.utils.clip_grad_norm": (BOTH, "NAME(parameters=[weight], max_norm=1.0, foreach=False)"),
    "torch.nn.utils.clip_grad.clip_grad_norm": (BOTH,),
    "torch.cuda.memory_cached": ("NAME()", "NAME(device=None)"),
    "torch.cuda.max_memory_cached": ("NAME()",),
    "torch.cuda.memory.memory_cached": ("NAME()",),
    "torch.cuda.memory.max_memory_cached": ("NAME()",),
    "torch.nn.functional.upsample": (
        "NAME(volume, 4)",
        "NAME(volume, None, 2.0, 'linear', True)",
        "NAME(volume[None].movedim(0, 1), scale_factor=2, mode='bilinear')",
    ),
    "torch.nn.functional.upsample_nearest": ("NAME(volume, 4)", "NAME(volume, scale_factor=2)"),
    **{
        f"torch.{device}.amp{home}.{name}": programs
        for device in ("cpu", "cuda")
        for home, name, programs in (
            ("", "autocast", (CAST, CAST_BY_DEFAULT)),
            (".autocast_mode", "autocast", (CAST,)),
            ("", "GradScaler", (SCALER, SCALER_STATE, "NAME(*[2.0], **{'enabled': False}).is_enabled()")),
            (".grad_scaler", "GradScaler", (SCALER,)),
        )
    },
    "torch.cuda.amp.custom_fwd": (FORWARD, FORWARD_CALLED),
    "torch.cuda.amp.autocast_mode.custom_fwd": (FORWARD,),
    "torch.cuda.amp.custom_bwd": (BACKWARD,),
    "torch.cuda.amp.autocast_mode.custom_bwd": (BACKWARD,),
}


def test_every_row_has_a_program() -> None:
    assert sorted(PROGRAMS) == sorted(replaced_names())


def run(source: str) -> tuple[str, list[str]]:
    """Give the result of a program as text, and what torch said of deprecations."""
    torch.manual_seed(0)
    weight = torch.nn.Parameter(torch.linspace(1.0, 4.0, 4))
    weight.grad = torch.linspace(1.0, 3.0, 4)
    square, volume = torch.linspace(0.0, 1.0, 16).reshape(4, 4), torch.linspace(0.0, 1.0, 8).reshape(2, 2, 2)
    namespace: dict[str, Any] = {"weight": weight, "square": square, "volume": volume, "__name__": __name__}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(source, "program", "exec"), namespace)
    said = [str(each.message) for each in caught]
    return f"{namespace['result']!r}", [each for each in said if "deprecated" in each or "renamed" in each]


def spellings(path: str) -> list[tuple[str, str]]:
    home, _, last = path.rpartition(".")
    return [
        (f"import {home}", path),
        (f"from {home} import {last}", last),
        (f"import {home} as short", f"short.{last}"),
    ]


@pytest.mark.parametrize(
    ("path", "program"),
    [pytest.param(path, each, id=f"{path}-{at}") for path, many in PROGRAMS.items() for at, each in enumerate(many)],
)
def test_the_new_call_does_the_same_and_does_not_warn(path: str, program: str) -> None:
    body = program if "result = " in program else f"result = {program}"
    for head, name in spellings(path):
        before = f"{head}\nimport torch\n{body.replace('NAME', name)}\n"
        assert known(path).doubt == "" or text(fix(before)) == before
        fixed = fix(before, unsafe=bool(known(path).doubt))
        assert fixed.remaining == (), before
        after = text(fixed)
        result, warned = run(before)
        assert warned
        assert run(after) == (result, []), after


# Texts

GOLDEN = """
import torch
from torch.cuda.amp import autocast, GradScaler as Scaler

with autocast(True, dtype=half):
    x = Scaler(enabled=False)
with autocast():
    pass
=>
import torch
from torch.amp import autocast, GradScaler as Scaler

with autocast("cuda", enabled=True, dtype=half):
    x = Scaler("cuda", enabled=False)
with autocast("cuda"):
    pass
---
import torch

scaler = torch.cuda.amp.GradScaler(  # why
    init_scale=2.0,
    enabled=use_amp,  # or not
)
with torch.cuda.amp.autocast( enabled=use_amp ), torch.cpu.amp.autocast(use_amp, **more): pass
=>
import torch

scaler = torch.amp.GradScaler(  # why
    "cuda", init_scale=2.0,
    enabled=use_amp,  # or not
)
with torch.amp.autocast( "cuda", enabled=use_amp ), torch.amp.autocast("cpu", enabled=use_amp, **more): pass
---
from torch.cuda import amp
import torch.nn.init as init

class F:
    @staticmethod
    @amp.custom_fwd
    def forward(ctx, x):
        return x

    @amp.custom_fwd(
        cast_inputs=half,  # exactly
    )
    def other(ctx, x): ...

    @amp.custom_bwd
    def backward(ctx, x):
        init.uniform(init.normal(x), 0)
=>
from torch import amp
import torch.nn.init as init

class F:
    @staticmethod
    @amp.custom_fwd(device_type="cuda")
    def forward(ctx, x):
        return x

    @amp.custom_fwd(
        cast_inputs=half, device_type="cuda",  # exactly
    )
    def other(ctx, x): ...

    @amp.custom_bwd(device_type="cuda")
    def backward(ctx, x):
        init.uniform_(init.normal_(x), 0)
---
from torch.nn.utils import clip_grad_norm
from torch.nn.functional import upsample, relu

def step(model, x):
    clip_grad_norm(model.parameters(), 1.0)
    return relu(upsample(x, scale_factor=2))
=>
from torch.nn.utils import clip_grad_norm_
from torch.nn.functional import interpolate, relu

def step(model, x):
    clip_grad_norm_(model.parameters(), 1.0)
    return relu(interpolate(x, scale_factor=2))
---
import torch
from torch.cuda.amp import GradScaler

def make(old: GradScaler):
    return GradScaler()
=>
import torch
from torch.cuda.amp import GradScaler

def make(old: GradScaler):
    return torch.amp.GradScaler("cuda")
"""


@pytest.mark.parametrize(("before", "after"), pairs(GOLDEN))
def test_texts(before: str, after: str) -> None:
    assert text(fix(before, unsafe=True)) == after


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        ("torch.cuda.amp.autocast(*flags)", "`*` may pass more than `torch.amp.autocast` takes by position"),
        ("torch.nn.functional.upsample(x, 2, antialias=True, sharp=1)", "`sharp=` is not taken"),
        ("torch.nn.functional.upsample(1, 2, 3, 4, 5, 6)", "does not take 6 arguments by position"),
        ("@torch.cuda.amp.autocast\ndef f(): ...", "`torch.amp.autocast` takes a function in another way"),
    ],
)
def test_what_does_not_fit_is_left_with_the_reason(use: str, reason: str) -> None:
    before = f"import torch\n{use}\n"
    fixed = fix(before, unsafe=True)
    assert text(fixed) == before
    assert reason in reasons(fixed)[0]


def test_what_is_not_in_the_table_has_no_fix() -> None:
    fixed = fix("import torch\ntorch.nn.functional.upsample_bilinear(x, 2)\n", unsafe=True)
    assert [each.fix for each in fixed.remaining] == [None]


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (
            "autocast()",
            "its default `dtype` and `cache_enabled` are what `torch.set_autocast_dtype` and the like have set",
        ),
        ("GradScaler()", "what it makes is no instance of `torch.cuda.amp.GradScaler`"),
    ],
)
def test_why_a_fix_is_unsafe(use: str, reason: str) -> None:
    before = f"import torch\ntorch.cuda.amp.{use}\n"
    (title,) = reasons(fix(before))
    assert title == f'rename to `torch.amp.{use[:-2]}`, with `"cuda"`: {reason}'


def test_both_reasons_hold_on_torch() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = torch.get_autocast_dtype("cuda")
        torch.set_autocast_dtype("cuda", torch.bfloat16)
        try:
            assert torch.amp.autocast("cuda").fast_dtype is torch.bfloat16
            assert torch.cuda.amp.autocast().fast_dtype is torch.float16
        finally:
            torch.set_autocast_dtype("cuda", before)
        assert not isinstance(torch.amp.GradScaler("cuda"), torch.cuda.amp.GradScaler)
        assert isinstance(torch.cuda.amp.GradScaler(), torch.amp.GradScaler)


IN_COMPILED_CODE = {
    "torch.nn.functional.upsample": "(x, 8)",
    "torch.nn.functional.upsample_nearest": "(x, scale_factor=2)",
    "torch.nn.init.uniform": "(x)",
    "torch.nn.init.orthogonal": "(x)",
    "torch.nn.utils.clip_grad_norm": "([weight], 1.0)",
    "torch.cuda.memory_cached": "()",
}


@pytest.mark.parametrize("path", IN_COMPILED_CODE)
def test_the_new_call_breaks_the_graph_no_more_often(path: str) -> None:
    import torch._dynamo

    breaks = []
    for name in (path, known(path).name):
        weight = torch.nn.Parameter(torch.ones(3))
        weight.grad = torch.ones(3)
        namespace: dict[str, Any] = {"torch": torch, "weight": weight}
        exec(f"def f(x):\n    x = x * 2\n    y = {name}{IN_COMPILED_CODE[path]}\n    return x + 1, y", namespace)
        torch.compiler.reset()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            breaks.append(torch._dynamo.explain(namespace["f"])(torch.rand(2, 2, 4)).graph_break_count)
    assert breaks[1] <= breaks[0]
