"""Every number and size that the facts name reads a tensor, and so breaks the graph, on the installed torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fullgraph.torchfacts import number_parameters, size_parameters

torch = pytest.importorskip("torch")

_INTEGERS = frozenset({"chunks", "diagonal", "k", "offset", "shifts"})
_GIVEN: dict[str, Callable[[Any], list[Any]]] = {
    "torch.addcmul": lambda x: [x, x, x],
    "torch.cdist": lambda x: [x, x],
    "torch.nn.functional.cosine_similarity": lambda x: [x, x, 1],
    "torch.nn.functional.layer_norm": lambda x: [x, (3,), None, None],
    "torch.nn.functional.pad": lambda x: [x, (0, 1), "constant"],
    "torch.add": lambda x: [x, x],
    "torch.sub": lambda x: [x, x],
    "add": lambda x: [x, x],
    "sub": lambda x: [x, x],
    "addcdiv": lambda x: [x, x, x],
    "addcmul": lambda x: [x, x, x],
    "new_full": lambda x: [x, (3,)],
}
"""What is given before, or beside, the number; by default only a tensor."""


def parameters() -> Iterator[tuple[str, int, str]]:
    """Every function and method with the place, counted with the tensor itself, and the name of a number."""
    for path, found in number_parameters.FUNCTIONS.items():
        yield from ((path, place, name) for place, name in found)
    for method, found in number_parameters.METHODS.items():
        yield from ((method, place if place < 0 else place + 1, name) for place, name in found)


def called(path: str) -> Callable[..., Any]:
    """The function of torch, or the method of a tensor."""
    owner: Any = torch if path.startswith("torch.") else torch.Tensor
    for part in path.removeprefix("torch.").split("."):
        owner = getattr(owner, part)
    return owner  # type: ignore[no-any-return]


def breaks(function: Callable[..., Any], *given: Any) -> list[str]:
    """First lines of what Dynamo says of the breaks."""
    torch.compiler.reset()
    torch._dynamo.utils.counters.clear()
    torch.compile(function, backend="eager", dynamic=False)(*given)
    return [reason.strip().split("\n")[0] for reason in torch._dynamo.utils.counters["graph_break"]]


@pytest.mark.parametrize(("path", "place", "name"), [*parameters()], ids=str)
def test_a_tensor_breaks_the_graph_where_a_number_does_not(path: str, place: int, name: str) -> None:
    function = called(path)
    before = _GIVEN.get(path, lambda x: [x])

    def step(x: Any, number: Any) -> Any:
        given, number = before(x), number + 0
        if name == "threshold" and path.endswith("threshold"):
            return function(*given, number, 0.0), x + 1
        if name == "value" and path.endswith("threshold"):
            return function(*given, 0.5, number), x + 1
        if name == "threshold":
            return function(*given, 1.0, number), x + 1
        if name == "to":
            return function(x.clone(), 0.0, number), x + 1
        if place < 0:
            return function(*given, **{name: number}), x + 1
        return function(*given, number), x + 1

    x = torch.rand(3, 3) + 0.5
    plain = 1 if name in _INTEGERS else 0.5
    assert breaks(step, x, plain) == []
    assert breaks(step, x, torch.tensor(plain)) == ["Data dependent operator"]


_SIZED: dict[str, Callable[[Any, Any], Any]] = {
    "torch.full": lambda x, n: torch.full((n,), x.mean()),
    "torch.narrow": lambda x, n: torch.narrow(x, 0, 0, n),
    "torch.nn.functional.pad": lambda x, n: torch.nn.functional.pad(x, (0, n)),
    "torch.reshape": lambda x, n: torch.reshape(x, (n, -1)),
    "torch.select": lambda x, n: torch.select(x, 0, n),
    "expand": lambda x, n: x[:1].expand(n, 2),
    "narrow": lambda x, n: x.narrow(0, 0, n),
    "new_empty": lambda x, n: x.new_empty(n).zero_(),
    "reshape": lambda x, n: x.reshape(n, -1),
    "repeat": lambda x, n: x.repeat(n, 1),
    "select": lambda x, n: x.select(0, n),
    "split_with_sizes": lambda x, n: x.split_with_sizes([n, 2]),
    "unflatten": lambda x, n: x.unflatten(0, (n, 2)),
    "unfold": lambda x, n: x.unfold(0, n, 1),
    "view": lambda x, n: x.view(n, -1),
}
"""How a size is given; by default what makes a tensor is given nothing else, and anything else a tensor first."""


@pytest.mark.parametrize("path", sorted({*size_parameters.FUNCTIONS, *size_parameters.METHODS} - {"resize_"}))
def test_a_tensor_breaks_the_graph_where_a_size_does_not(path: str) -> None:
    function = called(path)

    def by_default(x: Any, size: Any) -> Any:
        return function(size).zero_() if size_parameters.FUNCTIONS.get(path) == slice(None) else function(x, size)

    def step(x: Any, size: Any) -> Any:
        return _SIZED.get(path, by_default)(x, size + 0), x + 1

    assert breaks(step, torch.rand(4, 2), 2) == []
    assert breaks(step, torch.rand(4, 2), torch.tensor(2)) == ["Data dependent operator"]
