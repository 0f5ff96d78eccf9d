"""Which tensors require a gradient, and where gradients are switched off, as far as a file shows it."""

from __future__ import annotations

import ast
from typing import Protocol

from fullgraph.semantic.flow.value import Value

FACTORIES = (
    "torch.arange",
    "torch.empty",
    "torch.full",
    "torch.linspace",
    "torch.ones",
    "torch.rand",
    "torch.randn",
    "torch.randn_like",
    "torch.tensor",
    "torch.zeros",
    "torch.zeros_like",
)
"""What makes tensors that require no gradient, unless they are told to."""
_SWITCHES = frozenset({"torch.inference_mode", "torch.no_grad", "torch.set_grad_enabled"})
_DEPTH = 4
"""How many names are followed from a tensor to what requires a gradient."""


class Asked(Protocol):
    """What must be known of the function that a tensor is computed in."""

    def names(self, expr: ast.expr, /) -> tuple[str, ...]:
        """The dotted paths that an expression may stand for."""
        ...

    def bindings(self, expr: ast.expr, /) -> tuple[ast.AST, ...]:
        """What binds a name or an attribute."""
        ...

    def value(self, expr: ast.expr, /) -> Value:
        """What an expression is."""
        ...

    def is_local(self, name: ast.Name, /) -> bool:
        """Whether the function binds a name."""
        ...

    def is_module_self(self, expr: ast.expr, /) -> bool:
        """Whether an expression is the first parameter of a method of a module."""
        ...

    def parent(self, node: ast.AST, /) -> ast.AST | None:
        """The node that a node is a part of."""
        ...


def is_result(name: ast.Name, asked: Asked) -> bool:
    """Whether a name is only ever bound to tensors that are computed there from others and may require a gradient."""
    bindings = asked.bindings(name)
    computed = (ast.Call, ast.BinOp, ast.UnaryOp)
    if not bindings or not all(isinstance(item, computed) and not _is_cut_off(item, asked) for item in bindings):
        return False
    return asked.is_local(name) and asked.value(name).surely_tensor is not None


def are_required(expr: ast.expr, asked: Asked, depth: int = _DEPTH) -> bool:
    """Whether something in an expression is a parameter, of a module that calls it, or marked to require a gradient."""
    for node in ast.walk(expr):
        match node:
            case ast.Call(func=ast.Attribute(attr="requires_grad_")):
                return True
            case ast.Attribute(value=owner) if asked.is_module_self(owner):
                return True
            case ast.Name() if depth > 0:
                bindings = [item for item in asked.bindings(node) if isinstance(item, ast.expr)]
                if any(_marks(item, asked) or are_required(item, asked, depth - 1) for item in bindings):
                    return True
            case _:
                continue
    return False


def are_asked_for(call: ast.Call) -> bool:
    """Whether a call that makes a tensor says ``requires_grad=True``."""
    return any(item.arg == "requires_grad" and _is_true(item.value) for item in call.keywords)


def are_off(node: ast.AST, asked: Asked) -> bool:
    """Whether gradients are switched off around a node, in its function."""
    current: ast.AST | None = node
    while current is not None:
        match current:
            case ast.With(items=items):
                managers = [item.context_expr for item in items]
            case ast.FunctionDef(decorator_list=managers) | ast.AsyncFunctionDef(decorator_list=managers):
                return any(_switches(manager, asked) for manager in managers)
            case _:
                managers = []
        if any(_switches(manager, asked) for manager in managers):
            return True
        current = asked.parent(current)
    return False


def is_parameter(made: ast.AST, asked: Asked) -> bool:
    """Whether something is made by ``nn.Parameter(...)``."""
    return isinstance(made, ast.Call) and "torch.nn.Parameter" in asked.names(made.func)


def _marks(binding: ast.expr, asked: Asked) -> bool:
    """Whether a value is made to require a gradient."""
    return isinstance(binding, ast.Call) and (are_asked_for(binding) or is_parameter(binding, asked))


def _is_true(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _switches(manager: ast.expr, asked: Asked) -> bool:
    func = manager.func if isinstance(manager, ast.Call) else manager
    return not _SWITCHES.isdisjoint(asked.names(func))


def _is_cut_off(binding: ast.AST, asked: Asked) -> bool:
    """Whether a tensor is made of none that requires a gradient: by ``detach`` or by a factory."""
    match binding:
        case ast.Call(func=ast.Attribute(attr="detach" | "requires_grad_")):
            return True
        case ast.Call(func=func):
            return not set(FACTORIES).isdisjoint(asked.names(func))
        case _:
            return False
