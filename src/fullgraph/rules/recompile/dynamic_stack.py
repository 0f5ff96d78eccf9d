"""A list of unknown length is stacked or concatenated.

## What is wrong

In compiled code the length of a list is a constant that Dynamo guards on. A list that is filled by a loop
over a model's parameters, or over a list that the caller passes, has another length for another model or
caller, and every new length compiles the function again. The limit is 8 compiled versions; from then on new
lengths run eagerly without a word. It is no graph break.

```python bad
import torch
from torch import nn


@torch.compile
def norms(model: nn.Module) -> torch.Tensor:
    return torch.stack([parameter.norm() for _, parameter in model.named_parameters()])  # TFG302


CALLS = norms, [(nn.Sequential(*[nn.Linear(2, 2) for _ in range(depth)]),) for depth in range(1, 13)]
```

```python bad
import torch


@torch.compile
def pool(rows: list[torch.Tensor]) -> torch.Tensor:
    scaled = []
    for row in rows:
        scaled.append(row * 2)
    return torch.stack(scaled).sum(0)  # TFG302


CALLS = pool, [([torch.ones(3) for _ in range(length)],) for length in range(1, 13)]
```

## What to do

Keep statistics and debugging code out of the compiled region, and call it from eager code (a call of a
disabled function *inside* compiled code is a graph break):

```python good
import torch
from torch import nn


@torch.compiler.disable
def norms(model: nn.Module) -> torch.Tensor:
    return torch.stack([parameter.norm() for _, parameter in model.named_parameters()])


CALLS = norms, [(nn.Sequential(*[nn.Linear(2, 2) for _ in range(depth)]),) for depth in range(1, 13)]
```

Or fix the length, by padding:

```python good
import torch


@torch.compile
def pool(rows: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    return (rows * 2 * valid).sum(0)


def pool_list(rows: list[torch.Tensor]) -> torch.Tensor:
    padded = torch.zeros(16, 3)
    padded[: len(rows)] = torch.stack(rows)
    return pool(padded, (torch.arange(16) < len(rows)).unsqueeze(1))


CALLS = pool_list, [([torch.ones(3) for _ in range(length)],) for length in range(1, 13)]
```

A loop over a constant number, over `self.layers` or over the module's own parameters is free, since its
length belongs to the model, and is not reported:

```python good
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        outputs = []
        for layer in self.layers:
            x = layer(x)
            outputs.append(x)
        return torch.stack(outputs).sum(0)


CALLS = torch.compile(Net()), [(torch.ones(2, 3),)] * 4
```

## When it is reported

Loops over `named_parameters()` and its kin of an object that is passed in or global, not of what the instance itself
holds, unless the function is disabled for the compiler or surely eager; loops over a list argument only where the
function is itself compiled or no compile root is in sight and the argument is annotated as tensors. Lists that methods
of a module receive are not: their length is mostly a fact of the model.

A list argument is not reported where the file calls the function, and writes out each list that it passes; nor are
lists of sparse tensors, for which Dynamo compiles nothing.

Where nothing that compiles is in sight, code that prepares, keeps or shows data is left alone, by the names of its
functions and classes.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are the operations whose list had another
length in another compiled version, and the last three blocks are compiled at most once.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Kind, Rule, Traced, is_about_data

RULE = Rule(
    "TFG302",
    "`{function}` of a list filled by a loop over `{iterable}`: each new length compiles the function again "
    "(8 versions, then new lengths run eagerly)",
    remedy="keep it out of the compiled region (`torch.compiler.disable`), or fix the length",
    since="0.1",
)

_OF_A_MODEL = frozenset(
    {
        "buffers",
        "children",
        "modules",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
    }
)
_OF_SPARSE = frozenset(
    {"_indices", "_values", "ccol_indices", "col_indices", "crow_indices", "indices", "is_coalesced", "row_indices"}
)
_LIMIT = 8
_PASSES_LENGTH_ON = frozenset(
    {"builtins.enumerate", "builtins.list", "builtins.map", "builtins.reversed", "builtins.sorted", "builtins.tuple"}
)


@RULE.call(
    "torch.stack",
    "torch.cat",
    "torch.concat",
    "torch.concatenate",
    "torch.hstack",
    "torch.vstack",
    "torch.dstack",
)
def check(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report a stack of a comprehension, or of a list appended to in a loop, whose length the caller decides."""
    source = next((item.value for item in call.keywords if item.arg == "tensors"), call.args[0] if call.args else None)
    if source is None:
        return
    iterable = next(_unknown_lengths(source, ctx), None)
    if iterable is None or not ctx.may_be_traced(call) or _is_about_sparse(iterable, ctx):
        return
    if ctx.traced(call).degree is Traced.NONE and is_about_data(call, ctx):
        return
    yield ctx.at(
        call,
        cause=iterable,
        function=ctx.text(call.func),
        iterable=ctx.text(iterable, limit=50),
    )


def _is_about_sparse(iterable: ast.expr, ctx: Context) -> bool:
    """Whether what a loop goes over is asked for what only sparse tensors have: such a function is never compiled."""
    function = ctx.function()
    if function is None:
        return False
    asked: set[str] = set()
    looped: list[ast.expr] = []
    for part in ast.walk(function):
        match part:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr)) if attr in _OF_SPARSE:
                asked.add(name)
            case ast.For(iter=source, target=target) | ast.comprehension(iter=source, target=target):
                if ast.dump(source) == ast.dump(iterable):
                    looped.append(target)
            case _:
                continue
    return any(isinstance(name, ast.Name) and name.id in asked for target in looped for name in ast.walk(target))


def _unknown_lengths(source: ast.expr, ctx: Context, seen: frozenset[str] = frozenset()) -> Iterator[ast.expr]:
    """Iterables of unknown length that decide how long ``source`` is, which names in ``seen`` were assigned."""
    match source:
        case ast.ListComp(generators=generators) | ast.GeneratorExp(generators=generators):
            for generator in generators:
                if _has_unknown_length(generator.iter, ctx):
                    yield generator.iter
        case ast.Call(func=func, args=[inner]) if not _PASSES_LENGTH_ON.isdisjoint(ctx.names(func)):
            yield from _unknown_lengths(inner, ctx, seen)
        case ast.Name(id=name) if name not in seen:
            yield from _lengths_of_local_list(source, ctx, seen | {name})
        case _:
            return


def _lengths_of_local_list(name: ast.Name, ctx: Context, seen: frozenset[str]) -> Iterator[ast.expr]:
    """The same for a local name: what it is bound to, and the loops in which it is appended to."""
    function = ctx.function()
    if function is None:
        return
    bindings = ctx.bindings(name)
    if any(isinstance(binding, ast.arg) for binding in bindings):
        return
    for binding in bindings:
        value = binding.value if isinstance(binding, ast.AnnAssign) else binding
        if isinstance(value, (ast.ListComp, ast.Call)):
            yield from _unknown_lengths(value, ctx, seen)
    if not any(_is_empty_list(binding, ctx) for binding in bindings):
        return
    growing: list[ast.expr | ast.stmt] = [*ctx.loops.growing_calls(name)]
    growing += [binding for binding in bindings if isinstance(binding, ast.AugAssign)]
    for node in growing:
        yield from (loop.iter for loop in ctx.loops.around(node) if _has_unknown_length(loop.iter, ctx))


def _is_empty_list(binding: ast.AST, ctx: Context) -> bool:
    match binding:
        case ast.List(elts=[]):
            return True
        case ast.AnnAssign(value=ast.expr() as value):
            return _is_empty_list(value, ctx)
        case ast.Call(func=func, args=[], keywords=[]):
            return "builtins.list" in ctx.names(func)
        case _:
            return False


def _has_unknown_length(iterable: ast.expr, ctx: Context) -> bool:
    match iterable:
        case ast.Call(func=ast.Attribute(value=receiver, attr=method), args=arguments):
            if method in _OF_A_MODEL:
                return not ctx.is_self(_root(receiver))
            return method in ("items", "keys", "values") and not arguments and _comes_from_caller(receiver, ctx)
        case ast.Call(func=func, args=[*_, inner]) if not _PASSES_LENGTH_ON.isdisjoint(ctx.names(func)):
            return _has_unknown_length(inner, ctx)
        case ast.Call(func=func, args=arguments) if "builtins.zip" in ctx.names(func):
            return bool(arguments) and all(_has_unknown_length(item, ctx) for item in arguments)
        case ast.Name():
            return _comes_from_caller(iterable, ctx)
        case _:
            return False


def _root(expr: ast.expr) -> ast.expr:
    while isinstance(expr, ast.Attribute):
        expr = expr.value
    return expr


def _comes_from_caller(expr: ast.expr, ctx: Context) -> bool:
    """Whether ``expr`` is a list or dict of tensors that eager code passes in, so that its length may vary.

    A list that a module or a traced function receives comes from other traced code: its length is a fact of the model.
    """
    bindings = ctx.bindings(expr)
    if len(bindings) != 1 or not isinstance(bindings[0], ast.arg) or ctx.is_self(expr):
        return False
    if not ctx.starts_tracing() and ctx.is_method_of_module():
        return False
    annotation = bindings[0].annotation
    degree = ctx.traced(expr).degree
    if degree is Traced.POSSIBLE or (degree is Traced.CERTAIN and not ctx.starts_tracing()):
        return False
    if annotation is None:
        return degree is Traced.CERTAIN
    function = ctx.function()
    is_starred = function is not None and bindings[0] in (function.args.vararg, function.args.kwarg)
    element = annotation if is_starred else ctx.element_annotation(annotation)
    if element is None or ctx.annotated_kind(element) is not Kind.TENSOR:
        return False
    return is_starred or not _is_written_out(ctx.given(bindings[0]))


def _is_written_out(given: tuple[ast.expr, ...]) -> bool:
    """Whether all that the file passes are lists whose length can be read off, of no more lengths than are compiled."""
    lengths: set[int] = set()
    for each in given:
        match each:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) if not any(isinstance(x, ast.Starred) for x in parts):
                lengths.add(len(parts))
            case _:
                return False
    return 0 < len(lengths) <= _LIMIT


CASES = """
import torch
from torch import nn

def per_layer(model: nn.Module):
    rows: list[torch.Tensor] = []
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        g = parameter.grad
        rows.append(torch.stack([g.norm(), g.mean(), g.std()]))
    if not rows:
        return []
    return torch.stack(rows).tolist()  # TFG302

def total_norm(parameters, model):
    a = torch.cat(tuple(p.flatten() for p in model.parameters()))  # TFG302
    b = torch.hstack(tensors=[p.sum() for p in model.encoder.buffers()])  # TFG302
    c = torch.vstack([m.weight for m in model.encoder.modules() if hasattr(m, "weight")])  # TFG302
    rest = list()
    for i, p in enumerate(model.parameters()):
        rest += [p.sum()]
    return a, b, c, torch.stack(rest)  # TFG302

def of_arguments(xs: list[torch.Tensor], named: dict[str, torch.Tensor], *more: torch.Tensor):
    first = torch.stack([x * 2 for x in xs])  # TFG302
    again = torch.stack([x * 3 for x in xs])  # TFG302
    second = torch.cat([x for _, x in named.items()])  # TFG302
    third = torch.stack([x for x in more])  # TFG302
    return first, again, second, third

class Deep(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.encoder = nn.Sequential(*(nn.BatchNorm1d(2) for _ in range(n)))

def flat(n):
    parts = nn.ParameterList(torch.ones(2) for _ in range(n))
    sum(part.sum() for part in parts).backward()
    return parts

def each_turn(function, arguments):
    return [torch.compile(function)(*arguments(n)) for n in range(1, 11)]
# run: each_turn(per_layer, lambda n: [flat(n)])
# run: each_turn(total_norm, lambda n: [[], Deep(n)])
# run: each_turn(of_arguments, lambda n: [[*torch.ones(n, 1)], dict(enumerate(torch.ones(n, 1))), *torch.ones(n, 1)])
---
# fixed lengths, and lengths that are facts of the model
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(2, 2) for _ in range(3))

    def forward(self, x, features: list[torch.Tensor]):
        outputs = []
        for layer in self.layers:
            outputs.append(layer(x))
        for _ in range(4):
            outputs.append(x)
        norms = torch.stack([p.norm() for p in self.parameters()])
        more = torch.stack([p.norm() for p in self.layers.parameters()])
        both = torch.cat([f.flatten(1) for f in features], dim=1)
        return torch.stack(outputs), norms, both, torch.cat([x, x], dim=0)
# run: [net(torch.ones(2), [torch.ones(2, 2)] * 3) for net in [torch.compile(Net())] for _ in range(10)]
---
# a list that is made again of itself
import torch

def joined_rows(named, model):
    rows = map(torch.atleast_1d, named)
    rows = list(rows)
    grads = [p.grad for p in model.parameters()]
    grads = tuple(grads)
    return torch.cat(rows), torch.cat(grads)  # TFG302
# not run: no compile root is in sight, so these are notes, and nothing is compiled
---
# kept out of the compiler, or eager
import torch

@torch.compiler.disable
def debug(model):
    return torch.stack([p.norm() for p in model.parameters()])

@torch.compiler.disable(recursive=False)
def debug_more(model):
    return torch.stack([p.norm() for p in model.parameters()])

@torch.compile
def step(x):
    return x * 2

def report(model):
    return torch.stack([p.norm() for p in model.parameters()])
# run: step(torch.ones(3)), report(torch.nn.Linear(2, 2)), debug(torch.nn.Linear(2, 2))
---
# what is unknown is not reported
import torch

class ImageProcessor:
    def preprocess(self, images: list[torch.Tensor]):
        return torch.stack([image / 255 for image in images])

def visualize(images: list[torch.Tensor]):
    return torch.cat([image.flatten() for image in images])

def collate(batch, loader, columns: list[dict], pair: tuple[int, int]):
    images = torch.stack([item["image"] for item in batch])
    rows = [row for row in loader]
    values = [column["value"] for column in columns]
    return images, torch.stack(rows), torch.stack(values), torch.stack([torch.zeros(n) for n in pair])
# not run: nothing in it says that it is compiled
---
# lists that are written out where they are passed
import torch

def joined(parts: list[torch.Tensor | None]):
    return torch.cat([part for part in parts if part is not None])

def joined_any(parts: list[torch.Tensor]):
    return torch.cat([part for part in parts])  # TFG302

def read(a, b, rows):
    return joined([a, b]) + joined((a,)), joined_any([a, b]), joined_any([a, *rows])
# run: [torch.compile(joined_any)([torch.ones(2)] * n) for n in range(2, 12)]
# run: [torch.compile(read)(torch.ones(2), torch.ones(2), [torch.ones(2)])]
---
# sparse tensors: nothing is compiled at all
import torch

def joined_sparse(tensors: list[torch.Tensor]):
    indices = []
    for i, tensor in enumerate(tensors):
        indices.append(tensor._indices() + i)
    rows = torch.cat([each.crow_indices() for each in tensors])
    return torch.cat(indices), rows
# not run: no tensor has both kinds of indices
---
import torch

@torch.compile
def pool(rows, n):
    scaled = []
    for row in rows:
        scaled.append(row * 2)
    return torch.stack(scaled).sum(0) + inner(scaled)  # TFG302

def inner(scaled: list[torch.Tensor]):
    return torch.stack([item for item in scaled])
# run: [pool([torch.ones(2)] * n, 1) for n in range(2, 12)]
---
# what an instance holds, and what methods of a module are given, has one length
import torch
from torch import nn

class Trainer:
    def __init__(self, policy):
        self.policy = policy

    def flat(self, other):
        mine = torch.cat([p.view(-1) for p in self.policy.actor.parameters()])
        return mine, torch.cat([p.view(-1) for p in other.parameters()])  # TFG302

class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 1)

    def loss(self, scores: list[torch.Tensor]):
        return torch.cat([score.flatten() for score in scores])

class Described(Unknown):
    def forward(self, x):
        return x

    def loss(self, scores: list[torch.Tensor]):
        return torch.cat([score.flatten() for score in scores])

class Other(Unknown):
    def loss(self, scores: list[torch.Tensor]):
        return torch.cat([score.flatten() for score in scores])  # TFG302
# not run: no compile root is in sight, so these are notes, and nothing is compiled
"""
