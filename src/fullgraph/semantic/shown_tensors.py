"""What surely is a tensor: by the interpretation of its function, or else by what that does with it."""

from __future__ import annotations

import ast
import re
from functools import cached_property

from fullgraph.semantic.flow.evidence import PROVING, passed_on, proven
from fullgraph.semantic.flow.flow import Flow
from fullgraph.semantic.flow.parameters import ONLY_OF_TENSORS
from fullgraph.semantic.flow.value import BOTTOM, UNKNOWN
from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.scopes import DEFS, Binding, Scope
from fullgraph.semantic.walk import AttributeAssignment, Walked, base_name
from fullgraph.torchfacts import method_returns_tensor

_COMPUTES = frozenset({"backward", "detach"})
"""Methods that tensors have, and neither arrays nor modules."""
_OF_BACKWARD = frozenset({"create_graph", "inputs", "retain_graph"})
_READ = re.compile(r"\.(item|tolist|numpy)\(|\b(bool|float|int|round|str)\(")
"""What makes something else of a tensor."""
_NORMS = frozenset({"torch.nn.utils.clip_grad_norm_", "torch.nn.utils.get_total_norm"})
"""Functions that return a tensor, which the tables do not say."""
_OF_ARRAYS = frozenset(
    {
        "all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot", "flatten", "item",
        "max", "mean", "min", "nonzero", "prod", "repeat", "reshape", "round", "squeeze", "std", "sum", "tolist",
        "transpose", "var", "view",
    }
)  # fmt: skip
"""Methods that arrays of numpy have, as well as tensors."""


def mentions(annotation: ast.expr, names: frozenset[str]) -> bool:
    """Whether an annotation, perhaps in quotes, or another expression has one of these names."""
    while isinstance(annotation, ast.Attribute):
        annotation = annotation.value
    if isinstance(annotation, ast.Name):
        return annotation.id in names
    for part in ast.walk(annotation):
        match part:
            case ast.Name(id=name) if name in names:
                return True
            case ast.Constant(value=str(text)) if any(name in text for name in names):
                return True
            case _:
                continue
    return False


def receivers(walked: Walked, methods: frozenset[str]) -> frozenset[tuple[Scope | None, str]]:
    """Names that one of these methods is called on, as tensors take it, with the functions in which that is."""
    found = set()
    for call, scope in walked.calls_of(methods):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[], keywords=keywords):
                if all(keyword.arg in _OF_BACKWARD for keyword in keywords):
                    found.add((scope.function, name))
            case _:
                continue
    return frozenset(found)


def _is_made(assignment: AttributeAssignment, names: frozenset[str]) -> bool:
    """Whether an attribute of ``self`` is assigned, or annotated with, something of torch."""
    match assignment.target.value, assignment.binding:
        case ast.Name(id="self"), ast.AnnAssign(annotation=annotation):
            return mentions(annotation, names)
        case ast.Name(id="self"), ast.expr() as value:
            return mentions(value, names)
        case _:
            return False


def _first_attribute(chain: ast.expr) -> str:
    """The ``a`` of ``self.a.b``; nothing for ``self``."""
    name = ""
    while isinstance(chain, ast.Attribute):
        name, chain = chain.attr, chain.value
    return name


def _source(expr: ast.expr) -> ast.Name | None:
    """The name that something is taken from, or computed of: ``x`` of ``x[0].sum() > 3``."""
    while not isinstance(expr, ast.Name):
        match expr:
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
                expr = inner
            case ast.Attribute(value=inner) | ast.Compare(left=inner) | ast.BinOp(left=inner):
                expr = inner
            case _:
                return None
    return expr


def _compared(expr: ast.expr) -> tuple[ast.expr, ...] | None:
    """What is compared to get the mask that methods are called on: ``x`` and 0 of ``(x <= 0).sum().item()``."""
    while True:
        match expr:
            case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.UnaryOp(operand=inner):
                expr = inner
            case ast.Compare(left=left, comparators=comparators):
                return left, *comparators
            case _:
                return None


def _reads(binding: Binding) -> bool:
    return isinstance(binding, ast.expr) and _READ.search(ast.unparse(binding)) is not None


class ShownTensors:
    """Answers for the expressions of one walked file."""

    def __init__(self, walked: Walked, names: Names, flow: Flow, parents: Parents, *, everywhere: bool) -> None:
        self._walked = walked
        self._names = names
        self._flow = flow
        self._parents = parents
        self._everywhere = everywhere
        """Whether functions that mention nothing of torch are looked into, too."""
        self._about_tensors: dict[Scope, bool] = {}

    def holds(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether ``expr`` surely is a tensor whose values are not known to the host."""
        if scope.function is None or not self.is_about(scope.function):
            return False
        value = self._flow.value(expr, scope) if self._flow.may_be_tensor(expr, scope) else UNKNOWN
        tensor = value.surely_tensor
        if tensor is not None:
            return not (tensor.static or tensor.drawn) and not self._may_be_array(expr, scope)
        return value in (UNKNOWN, BOTTOM) and self._is_shown_to_be_tensor(expr, scope)

    def _is_shown_to_be_tensor(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether what the function does with a name shows what is computed of it to be a tensor."""
        match expr:
            case ast.Call(func=ast.Attribute(value=receiver, attr=name)) if method_returns_tensor(name):
                is_method = not self._names.of(expr.func)
                return is_method and (proven(expr) is not None or self.holds(receiver, scope))
            case ast.Call(func=func):
                if (argument := passed_on(expr)) is not None:
                    return self.holds(argument, scope)
                return not _NORMS.isdisjoint(self._names.of(func)) or self._is_shown_by_chain(expr)
            case ast.Compare(left=left, ops=[ast.Gt() | ast.GtE() | ast.Lt() | ast.LtE()], comparators=[right]):
                return self.holds(left, scope) or self.holds(right, scope)
            case ast.Name(id=name):
                found = (scope.function, name) in self._computing or self._is_norm(expr, scope)
                return found or self._is_shown_by_chain(expr)
            case ast.Attribute() | ast.Subscript():
                return self._is_shown_by_chain(expr)
            case _:
                return False

    def _is_shown_by_chain(self, expr: ast.expr) -> bool:
        """Whether what is done with an expression where it stands shows it to be a tensor, as ``x.cpu().numpy()``."""
        call: ast.AST | None = expr
        for _ in range(2):
            attribute = self._parents.get(call) if call is not None else None
            call = self._parents.get(attribute) if isinstance(attribute, ast.Attribute) else None
            if isinstance(call, ast.Call) and proven(call) is expr:
                return True
        return False

    def _may_be_array(self, expr: ast.expr, scope: Scope) -> bool:
        """Whether something is taken for a tensor only for what arrays of numpy have, too.

        A parameter that is used so, or a comparison of what is unknown. Asked only where the file imports numpy.
        """
        if not self._names.bound_names(frozenset({"numpy"})):
            return False
        compared = _compared(expr)
        if compared is not None and not any(self.holds(each, scope) for each in compared):
            return True
        name = _source(expr)
        found = None if name is None else self._walked.name_scope.get(name, scope).lookup(name.id)
        match found:
            case (Scope() as home, [ast.arg(annotation=None, arg=given)]) if given not in ("self", "cls"):
                return (home, given) not in self._given_tensors
            case _:
                return False

    @cached_property
    def _given_tensors(self) -> frozenset[tuple[Scope | None, str]]:
        """Parameters that have a method called on them that arrays do not have, or are given to torch."""
        found = set()
        for call, scope in self._walked.calls:
            match call.func:
                case ast.Attribute(value=value, attr=method) if method in ONLY_OF_TENSORS - _OF_ARRAYS:
                    if (name := _source(value)) is not None:
                        found.add((scope.function, name.id))
                case _:
                    pass
            given = [each.id for each in call.args[:1] if isinstance(each, ast.Name)]
            if given and any(path.startswith("torch.") for path in self._names.of(call.func)):
                found.add((scope.function, given[0]))
        return frozenset(found)

    def _is_norm(self, name: ast.Name, scope: Scope) -> bool:
        """Whether a name is bound to nothing but norms of gradients."""
        found = self._walked.name_scope.get(name, scope).lookup(name.id)
        return found is not None and all(
            isinstance(each, ast.Call) and not _NORMS.isdisjoint(self._names.of(each.func)) for each in found[1]
        )

    def is_about(self, function: Scope) -> bool:
        """Whether a function mentions torch, or holds a tensor by what it does with it; others are not looked into."""
        if (known := self._about_tensors.get(function)) is None:
            known = (
                self._everywhere
                or function in self._using_torch
                or self._takes_tensors(function)
                or function in self._computing_in
                or function in self._using_attributes
                or function in self._proving_in
            )
            self._about_tensors[function] = known
        return known

    @cached_property
    def _using_torch(self) -> frozenset[Scope | None]:
        """Functions that name torch, or something of it."""
        bound = self._names.bound_names(frozenset({"torch"}))
        chains = (chain for name in bound for chain in self._walked.chains.get(name, ()))
        return frozenset(self._walked.name_scope[base_name(chain)].function for chain in chains)

    @cached_property
    def _using_attributes(self) -> frozenset[Scope | None]:
        """Methods that use attributes which another method makes of something of torch, or says to be that."""
        bound = self._names.bound_names(frozenset({"torch"}))
        made = {each.target.attr for each in self._walked.attributes if _is_made(each, bound)}
        chains = self._walked.chains.get("self", ()) if made else ()
        return frozenset(
            self._walked.name_scope[base_name(chain)].function for chain in chains if _first_attribute(chain) in made
        )

    def _takes_tensors(self, function: Scope) -> bool:
        """Whether the annotation of a parameter mentions something of torch."""
        if not isinstance(function.node, DEFS):
            return False
        arguments = function.node.args
        bound = self._names.bound_names(frozenset({"torch"}))
        given = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg)
        annotations = (each.annotation for each in given if each is not None and each.annotation is not None)
        return any(mentions(each, bound) for each in annotations)

    @cached_property
    def _computing(self) -> frozenset[tuple[Scope | None, str]]:
        """Names that ``name.backward()`` or ``name.detach()`` shows to be tensors, with their functions.

        Not names that the function also binds to what it reads from one, as in ``loss = loss.item()``.
        """
        return frozenset(
            (function, name)
            for function, name in receivers(self._walked, _COMPUTES)
            if function is None or not any(map(_reads, function.bindings.get(name, ())))
        )

    @cached_property
    def _proving_in(self) -> frozenset[Scope | None]:
        """Functions that do something which only tensors can."""
        calls = ((call, scope) for call, scope in self._walked.calls_of(PROVING) if proven(call) is not None)
        return frozenset(scope.function for call, scope in calls if not self._names.of(call.func))

    @cached_property
    def _computing_in(self) -> frozenset[Scope | None]:
        """Functions with such names."""
        return frozenset(function for function, _ in self._computing)
