"""A call of numpy that Dynamo cannot trace.

## What is wrong

Dynamo traces most of numpy as if it were torch, but not where numpy gives a Python number: `np.random` without a size,
`np.random.choice`, or a number that is taken out of an array. There the graph ends (GB0033). Worse, `np.random` in
compiled code draws from torch's generator, so that `np.random.seed` has no effect on it.

```python bad
import numpy as np
import torch


@torch.compile
def jitter(x: torch.Tensor) -> torch.Tensor:
    return x + 0 * np.random.uniform(0.0, 1.0)  # TFG204


CALL = jitter, torch.ones(3)
```

```python bad
import numpy as np
import torch


@torch.compile
def flat(x: torch.Tensor) -> torch.Tensor:
    size = int(np.prod(x.shape))  # TFG204
    return x.reshape(size)


CALL = flat, torch.ones(3, 2)
```

## What to do

Draw with torch:

```python good
import torch


@torch.compile
def jitter(x: torch.Tensor) -> torch.Tensor:
    return x + 0 * torch.rand(())


CALL = jitter, torch.ones(3)
```

and compute with sizes in plain Python, which costs nothing while tracing:

```python good
import math

import torch


@torch.compile
def flat(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(math.prod(x.shape))


CALL = flat, torch.ones(3, 2)
```

## When it is reported

In code that is, or may be, traced. Functions of numpy that work on whole arrays are traced, and are not reported. A
number read by `.item()` is TFG202.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those that Dynamo's `graph_breaks` log names,
and in the others it finds nothing.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced, values

RULE = Rule(
    "TFG204",
    "`{call}` gives a number of numpy that Dynamo cannot trace: it breaks the graph ({id})",
    remedy="{remedy}",
    since="0.2",
    mentions=("numpy",),
)

_DRAW = "draw with torch, or outside of compiled code"
_SCALARS = ("capture_scalar_outputs",)
_COMPUTE = "compute with sizes in Python (`math.prod`), or with torch"
_SIZE_AT = {
    "rand": 0,
    "randn": 0,
    "random": 0,
    "random_sample": 0,
    "uniform": 2,
    "normal": 2,
    "randint": 2,
}
_NEVER = (
    "numpy.random.beta",
    "numpy.random.binomial",
    "numpy.random.chisquare",
    "numpy.random.choice",
    "numpy.random.default_rng",
    "numpy.random.dirichlet",
    "numpy.random.exponential",
    "numpy.random.gamma",
    "numpy.random.geometric",
    "numpy.random.gumbel",
    "numpy.random.laplace",
    "numpy.random.lognormal",
    "numpy.random.multinomial",
    "numpy.random.permutation",
    "numpy.random.poisson",
    "numpy.random.standard_normal",
    "numpy.random.standard_t",
    "numpy.random.triangular",
    "numpy.random.weibull",
)


@RULE.call(*(f"numpy.random.{name}" for name in _SIZE_AT), where=Traced.POSSIBLE)
def check_draw(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report draws of one number."""
    name = next((path.rpartition(".")[2] for path in ctx.names(call.func)), "")
    is_open = any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(argument, ast.Starred) for argument in call.args
    )
    sized = any(keyword.arg == "size" for keyword in call.keywords) or len(call.args) > _SIZE_AT.get(name, 0)
    if not is_open and not sized:
        yield _hit(call, ctx, "GB0033", _DRAW)


@RULE.call(*_NEVER, where=Traced.POSSIBLE)
def check_generator(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report what ``np.random`` cannot do in a graph."""
    is_choice = any(path.endswith(".choice") for path in ctx.names(call.func))
    yield _hit(call, ctx, "GB0033" if is_choice else "GB0294", _DRAW)


@RULE.call("builtins.int", "builtins.float", where=Traced.POSSIBLE)
def check_number(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``int(np.prod(shape))``."""
    match call.args:
        case [ast.Call(func=func, args=[shape, *_]) as inner] if "numpy.prod" in ctx.names(func):
            if isinstance(ctx.value(shape), values.Shape):
                yield _hit(inner, ctx, "GB0208", _COMPUTE, unless=_SCALARS)
        case _:
            return


@RULE.call("numpy.interp", "numpy.unwrap", where=Traced.POSSIBLE)
def check_untraced(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report functions that Dynamo's numpy does not have."""
    yield _hit(call, ctx, "GB0294", "use torch, or move it out of compiled code")


def _hit(call: ast.Call, ctx: Context, identifier: str, remedy: str, unless: tuple[str, ...] = ()) -> Hit:
    return ctx.at(call, unless=unless, call=ctx.text(call, limit=50), id=identifier, remedy=remedy)


CASES = """
import numpy as np
import torch


@torch.compile
def f(x: torch.Tensor, n: int):
    a = np.random.rand()  # TFG204
    b = np.random.rand(3) + np.random.normal(0.0, 1.0, size=3)
    c = np.random.choice(4, 2)  # TFG204
    d = np.prod(x.shape), int(np.sqrt(n)), np.arange(3), np.pi
    e = np.random.randint(0, 4)  # TFG204
    np.random.seed(0)  # unreported
    return x, a, b, c, d, e
# run: f(torch.ones(3), 4)
---
import numpy as np
import torch


def eager(x: torch.Tensor):
    return x + np.random.rand()
# run: eager(torch.ones(3))
---
# what torch's numpy does not have
import numpy as np
import torch


@torch.compile
def g(x: torch.Tensor, alpha: float):
    mixed = np.random.beta(alpha, alpha)  # TFG204
    count = np.random.poisson(3, size=2)  # TFG204
    if mixed > 2:
        return x
    return x * np.interp(mixed, [0, 1], [1, 2])  # TFG204
# run: g(torch.ones(3), 0.5)
"""
