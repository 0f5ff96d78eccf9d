"""What is compiled here is called by the loops of other files."""

import torch

SCALES = {f"layer{number}": torch.full((3,), number + 1.0) for number in range(12)}


@torch.compile(backend="eager")
def powered(x: torch.Tensor, n: int) -> torch.Tensor:
    y = x + 1
    for _ in range(n):  # TFG305
        y = y * x
    return y


def plain(x: torch.Tensor, n: int) -> torch.Tensor:
    x = x * 2
    for _ in range(1, n):  # TFG305
        x = x + 1
    return x


fast = torch.compile(plain, backend="eager")


def eager(x: torch.Tensor, n: int) -> torch.Tensor:
    for _ in range(n):
        x = x + 1
    return x


slow = torch.compile(eager, backend="eager")


@torch.compile(backend="eager")
def scaled(x: torch.Tensor, name: str) -> torch.Tensor:
    return x * SCALES[name]  # TFG306


@torch.compile(backend="eager")
def following(x: torch.Tensor, history: list[torch.Tensor]) -> torch.Tensor:
    return x + history[-1] * 0.5  # TFG307


@torch.compile(backend="eager")
def averaged(x: torch.Tensor, seen: dict[int, torch.Tensor]) -> torch.Tensor:
    return x / len(seen)  # TFG307


@torch.compile(backend="eager", dynamic=False)  # TFG308
def summed(tokens: torch.Tensor) -> torch.Tensor:
    return tokens.cumsum(0)[-1:] / 2


static = torch.compile(plain, backend="eager", dynamic=False)


def halved(x: torch.Tensor) -> torch.Tensor:
    return x / 2


sliced = torch.compile(halved, backend="eager", dynamic=False)  # TFG308
loose = torch.compile(halved, backend="eager", dynamic=True)


@torch.compile(backend="eager")
def added(x: torch.Tensor, n: int) -> torch.Tensor:
    return x + n


@torch.compile(backend="eager")
def repeated(x: torch.Tensor, n: int) -> torch.Tensor:
    x = x * 2
    for _ in range(n):
        x = x + 1
    return x


@torch.compile(backend="eager")
def passing(x: torch.Tensor, name: str, parts: list[torch.Tensor]) -> torch.Tensor:
    return x + 1


@torch.compile(backend="eager")
def tagged(x: torch.Tensor, n: int) -> torch.Tensor:
    y = x + 1
    return y * len(f"{n:03d}")  # TFG227


level = 0
mode = "a"
limit = 3


@torch.compile(backend="eager")
def leveled(x: torch.Tensor) -> torch.Tensor:
    return x * level


@torch.compile(backend="eager")
def named(x: torch.Tensor) -> torch.Tensor:
    return measured(x)


def measured(x: torch.Tensor) -> torch.Tensor:
    return x * len(mode)


def bare(x: torch.Tensor) -> torch.Tensor:
    return x * level


bared = torch.compile(bare, backend="eager")


@torch.compile(backend="eager")
def seldom(x: torch.Tensor) -> torch.Tensor:
    return x * 2 if x.shape[0] == 1 else x * level


@torch.compile(backend="eager")
def limited(x: torch.Tensor, limit: int) -> torch.Tensor:
    return x * limit
