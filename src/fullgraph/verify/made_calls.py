"""Calls of what a piece of code compiles, with arguments made up from annotations and names."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import MappingProxyType

_TENSOR = "torch.ones(3, 3)"
_BY_ANNOTATION: Mapping[str, str] = MappingProxyType(
    {
        "torch.Tensor": _TENSOR,
        "Tensor": _TENSOR,
        "torch.BoolTensor": "torch.ones(3, 3) > 0",
        "torch.LongTensor": "torch.arange(3)",
        "int": "3",
        "float": "0.5",
        "bool": "True",
        "str": "'a'",
        "list": "[1, 2]",
        "dict": "{}",
        "list[torch.Tensor]": f"[{_TENSOR}, {_TENSOR}]",
        "dict[str, torch.Tensor]": f"{{'a': {_TENSOR}}}",
    }
)
_BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("x", "y", "z", "image", "hidden", "weight", "target"), _TENSOR),
        **dict.fromkeys(("n", "size", "steps", "seed"), "3"),
        **dict.fromkeys(("mode", "name", "key"), "'a'"),
        "batch": _TENSOR,
    }
)


def made_calls(source: str) -> tuple[str, ...]:
    """Expressions that call each function that the code decorates with `torch.compile`, and the `forward` of modules.

    What cannot be called with made-up arguments is left out.
    """
    return tuple(call for node in ast.parse(source).body if (call := _call_of(node)) is not None)


def _call_of(node: ast.stmt) -> str | None:
    match node:
        case ast.FunctionDef() if any(map(_compiles, node.decorator_list)):
            arguments = _arguments(node, skipped=0)
            return None if arguments is None else f"{node.name}({arguments})"
        case ast.ClassDef() if any(ast.unparse(base).endswith("Module") for base in node.bases):
            methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
            if "forward" not in methods:
                return None
            made = _arguments(methods["__init__"], skipped=1) if "__init__" in methods else ""
            given = _arguments(methods["forward"], skipped=1)
            return None if made is None or given is None else f"torch.compile({node.name}({made}))({given})"
        case _:
            return None


def _compiles(decorator: ast.expr) -> bool:
    path = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(path) in ("torch.compile", "th.compile")


def _arguments(function: ast.FunctionDef, skipped: int) -> str | None:
    """Arguments for the parameters that need one; None if one of them cannot be made up."""
    parameters = function.args.args[skipped:]
    needed = parameters[: len(parameters) - len(function.args.defaults)]
    made = [_made(parameter) for parameter in needed]
    return None if None in made else ", ".join(each for each in made if each is not None)


def _made(parameter: ast.arg) -> str | None:
    if parameter.annotation is not None:
        return _BY_ANNOTATION.get(ast.unparse(parameter.annotation))
    return _BY_NAME.get(parameter.arg)
