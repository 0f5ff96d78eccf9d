"""A recurrent module is called in traced code.

## What is wrong

By default Dynamo does not trace `torch.nn.LSTM`, `GRU` and `RNN`: the call splits the graph, and the module runs
uncompiled. Their cells (`LSTMCell`) are traced.

```python bad
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(3, 3, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.rnn(x.sin())  # TFG217
        return (y + 1).shape[0] * x


CALL = torch.compile(Net()), torch.ones(2, 4, 3)
```

## What to do

Either let Dynamo trace it, with `torch._dynamo.config.allow_rnn = True`:

```python good
import torch
import torch._dynamo
from torch import nn

torch._dynamo.config.allow_rnn = True


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.GRU(3, 3, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, _ = self.rnn(x.sin())
        return (y + 1).shape[0] * x


CALL = torch.compile(Net()), torch.ones(2, 4, 3)
```

or compile the parts before and after it, and leave the recurrent module between them.

## When it is reported

Calls, in traced code, of what `torch.nn.LSTM`, `GRU` or `RNN` made, or a class of the file that derives from one;
calls of `flatten_parameters`; and `pack_padded_sequence` and its kin (from torch 2.6 to 2.11, `pad_packed_sequence`
is worse than a break: compiling fails). Not in a file that mentions `allow_rnn`.

## How this is known

The blocks above run on torch in fullgraph's tests: the marked lines are those of Dynamo's log of graph breaks. The
commonest of these calls were also tried on torch 2.2 to 2.15, and break there too.
"""

import ast
from collections.abc import Iterator

from fullgraph.api import Context, Hit, Rule, Traced

RULE = Rule(
    "TFG217",
    "`{call}` splits the graph: Dynamo does not trace {what} by default",
    remedy="{remedy}",
    since="0.2",
    mentions=("LSTM", "GRU", "RNN", "rnn"),
)

_MODULES = frozenset({f"torch.nn.{name}" for name in ("GRU", "LSTM", "RNN", "RNNBase")})
_PACKING = tuple(
    f"torch.nn.utils.rnn.{name}" for name in ("pack_padded_sequence", "pack_sequence", "pad_packed_sequence")
)
_ALLOWED = "allow_rnn"
_REMEDY = "set `torch._dynamo.config.allow_rnn = True`, or compile what is before and after it"


@RULE.node(ast.Call, where=Traced.POSSIBLE)
def calls_module(node: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``self.lstm(x)``."""
    match node.func:
        case ast.Attribute(value=holder, attr="flatten_parameters") if _is_recurrent(holder, ctx):
            yield ctx.at(node, call=ctx.text(node.func), what="this", remedy="call it when the module is built")
        case ast.Attribute() | ast.Subscript() | ast.Name() as func if _is_recurrent(func, ctx):
            yield ctx.at(node, unless=(_ALLOWED,), call=ctx.text(node), what="recurrent modules", remedy=_REMEDY)
        case _:
            return


@RULE.call(*_PACKING, where=Traced.POSSIBLE)
def packs(call: ast.Call, ctx: Context) -> Iterator[Hit]:
    """Report ``pack_padded_sequence(...)``."""
    yield ctx.at(call, call=ctx.text(call.func), what="packed sequences", remedy="compile what is before and after it")


def _is_recurrent(expr: ast.expr, ctx: Context) -> bool:
    makers = ctx.made_by(expr)
    return bool(makers) and _MODULES.issuperset(makers)


CASES = """
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

class Mine(nn.LSTM):
    pass

class Net(nn.Module):
    def __init__(self, bidirectional):
        super().__init__()
        self.first = nn.LSTM(3, 3) if bidirectional else nn.RNN(3, 3)
        self.mine = Mine(3, 3)
        self.layers = nn.ModuleList([nn.GRU(3, 3) for _ in range(2)])
        self.first.flatten_parameters()

    def forward(self, x, lengths):
        self.first.flatten_parameters()  # TFG217
        return self.packed(x, lengths) + self.mined(x) + self.looped(x)

    def packed(self, x, lengths):
        packed = pack_padded_sequence(x, lengths)  # TFG217
        x, state = self.first(packed)  # TFG217
        return state

    def mined(self, x):
        x, state = self.mine(x)  # TFG217
        return x

    def looped(self, x):
        for layer in self.layers:
            x, state = layer(x)  # TFG217
        return self.indexed(x)

    def indexed(self, x):
        return self.layers[0](x)[0]  # TFG217
# run: torch.compile(Net(False))(torch.ones(2, 1, 3), torch.tensor([2]))
---
# cells are traced, and of what is unknown nothing is said
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, rnn, name):
        super().__init__()
        self.cell = nn.LSTMCell(3, 3)
        self.given = rnn
        self.named = getattr(nn, name)(3, 3)
        self.either = nn.LSTM(3, 3) if name else nn.Linear(3, 3)
        self.changed = nn.GRU(3, 3)

    def change(self, other):
        self.changed = other

    def forward(self, x):
        x = torch.nn.utils.rnn.pad_sequence([x[0], x[1], x[2]])
        return self.cell(x), self.given(x), self.named(x), self.either(x), self.changed(x)  # unreported
# run: torch.compile(Net(nn.LSTM(3, 3), "GRU"))(torch.ones(3, 3))
---
# the file allows it
import torch
import torch._dynamo
from torch import nn

torch._dynamo.config.allow_rnn = True
rnn = nn.LSTM(3, 3)

@torch.compile
def step(x):
    return rnn(x)
# run: step(torch.ones(2, 3))
"""
