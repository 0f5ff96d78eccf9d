"""Runs the flow interpreter on small sources, and writes values as short texts."""

from __future__ import annotations

import ast

from fullgraph.semantic.flow import value as v
from fullgraph.semantic.model import FileModel

HEADER = (
    "import torch, math, random\nimport numpy as np\nfrom torch import Tensor, nn\nimport torch.nn.functional as F\n"
)


def model_of(source: str) -> FileModel:
    """The model of a source below the usual imports."""
    text = HEADER + source
    return FileModel(ast.parse(text), text.splitlines(), "example.py")


def asked(source: str) -> list[str]:
    """The value of the first argument of every call ``ask(...)``, in source order."""
    model = model_of(source)
    calls = [
        (call, scope) for call, scope in model.walked.calls if isinstance(call.func, ast.Name) and call.func.id == "ask"
    ]
    calls.sort(key=lambda item: (item[0].lineno, item[0].col_offset))
    return [text(model.flow.value(call.args[0], scope)) for call, scope in calls]


def inside(*lines: str, parameters: str = "x: Tensor, mask: Tensor | None = None, n: int = 3, other=None") -> list[str]:
    """The same, for statements in the body of a function."""
    body = "\n".join(f"    {line}" for line in lines)
    return asked(f"def f({parameters}):\n{body}\n")


def text(value: v.Value) -> str:
    """A value in a few characters."""
    match value:
        case v.Tensor(dtype=dtype, rank=rank, static=static):
            name = "static tensor" if static else "tensor"
            return name + (f" {dtype.value}" if dtype else "") + (f" {rank}d" if rank is not None else "")
        case v.Array():
            return "array"
        case v.Static(type=kind):
            return f"static {kind.value}" if kind else "static"
        case v.Data(type=kind):
            return f"data {kind.value}" if kind else "data"
        case v.Thing(kind=kind):
            return kind.value
        case v.Sequence(items=items, element=element):
            inner = f"{text(element)}*" if items is None else ", ".join(text(item) for item in items)
            return f"[{inner}]"
        case v.Mapping(element=element):
            return f"{{{text(element)}}}"
        case v.Instance(node=node):
            return f"instance {node.name}"
        case v.ClassOf(node=node):
            return f"class {node.name}"
        case v.Function(node=node):
            return f"function {node.name}"
        case v.Path(paths=paths) | v.Made(path=paths):
            return paths if isinstance(paths, str) else " or ".join(paths)
        case v.Either(choices=choices):
            return " | ".join(sorted(text(item) for item in choices))
        case _:
            return type(value).__name__.lower()
