"""None of these does."""

import torch

from loops import steps
from loops.nets import Net, Plain, Trainer
from loops.steps import added, eager, halved, loose, passing, repeated, slow, static, summed


def not_compiled(x: torch.Tensor) -> None:
    for n in range(12):
        eager(x, n)
        Plain()(x, n)
        halved(x[: n % 3])


def plain_net(x: torch.Tensor) -> None:
    net = Net()
    for n in range(12):
        net(x, n)


def constant(x: torch.Tensor) -> None:
    for _ in range(12):
        slow(x, 3)
        repeated(x, 3)


def few(x: torch.Tensor) -> None:
    for n in range(4):
        repeated(x, n)


def dynamic(x: torch.Tensor) -> None:
    for n in range(1, 13):
        loose(torch.zeros(n))


def one_size(x: torch.Tensor) -> None:
    for n in range(12):
        summed(x[:2] + n)
        static(x, 4)


def as_number(x: torch.Tensor) -> None:
    for n in range(12):
        added(x, n)


def passed_on(x: torch.Tensor) -> None:
    parts = []
    for n in range(12):
        parts.append(x)
        passing(x, f"{n}", parts)


def held(x: torch.Tensor, trainer: Trainer) -> None:
    for n in range(12):
        trainer.plain(x, n)


@torch.compile(backend="eager")
def inside(x: torch.Tensor) -> None:
    for n in range(12):
        repeated(x, n)


def set_for_eager(x: torch.Tensor) -> None:
    for n in range(12):
        steps.level = n
        steps.bare(x)


def set_few(x: torch.Tensor) -> None:
    for n in range(4):
        steps.level = n
        steps.leveled(x)


def set_once(x: torch.Tensor) -> None:
    for n in range(12):
        steps.level = 3
        steps.leveled(x + n)


def set_what_nobody_reads(x: torch.Tensor) -> None:
    for n in range(12):
        steps.limit = n
        steps.limited(x, 3)
        steps.leveled(x)


def set_for_some(x: torch.Tensor) -> None:
    for n in range(12):
        steps.level = n
        steps.seldom(x[:1])
