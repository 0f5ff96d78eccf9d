"""Each of these meets the limit of recompilations in what another file compiles."""

import torch

import loops
from loops import again, steps
from loops.nets import Base, Decoder, InPlace, Net, Trainer
from loops.steps import averaged, fast, following, scaled, sliced, summed

model = torch.compile(Net(), backend="eager")


def count(x: torch.Tensor) -> None:
    for n in range(1, 13):
        again(x, n)


def count_by_module(x: torch.Tensor) -> None:
    for n, _ in enumerate([x] * 12):
        steps.powered(x, n=n)


def count_by_package(x: torch.Tensor) -> None:
    n = 0
    while n < 12:
        loops.steps.fast(x, n)
        n += 1


def count_assigned(x: torch.Tensor) -> None:
    for n in range(12):
        fast(x, n)


def index(x: torch.Tensor) -> None:
    for n in range(12):
        model(x, n)


def index_in_place(x: torch.Tensor) -> None:
    net = InPlace()
    net.compile(backend="eager")
    for n in range(12):
        net(x, n)


def name(x: torch.Tensor) -> None:
    for n in range(12):
        scaled(x, f"layer{n}")


def name_of_held(x: torch.Tensor, trainer: Trainer) -> None:
    for n in range(12):
        trainer.net(x, name=f"{n}")


def grow(x: torch.Tensor) -> None:
    history = [x]
    for _ in range(12):
        x = following(x, history)
        history.append(x)


def grow_table(x: torch.Tensor) -> None:
    seen = {}
    for step in range(12):
        seen[step] = x
        averaged(x, seen)


def generate(x: torch.Tensor) -> None:
    for _ in range(12):
        x = torch.cat([x, summed(x)])


def slices(x: torch.Tensor) -> None:
    for n in range(2, 14):
        sliced(torch.zeros(n))


def step_of_any(x: torch.Tensor, base: Base) -> None:
    for n in range(12):
        base.step(x, n)


def step(x: torch.Tensor, trainer: Trainer) -> None:
    for n in range(12):
        trainer.step(x, n=n)


def set_level(x: torch.Tensor) -> None:
    for n in range(12):
        steps.level = n  # TFG309
        steps.leveled(x)


def set_mode(x: torch.Tensor) -> None:
    for n in range(12):
        loops.steps.mode = "m" * 0 + f"mode{n}"
        loops.steps.mode = f"mode{n}"  # TFG309
        loops.steps.named(x)


def set_of_bare(x: torch.Tensor) -> None:
    for _ in range(12):
        advance(x)


def advance(x: torch.Tensor) -> None:
    steps.level += 1  # TFG309
    steps.bared(x)


def tag(x: torch.Tensor) -> None:
    for n in range(2, 14):
        steps.tagged(x, n)


def decode(x: torch.Tensor) -> None:
    decoder = Decoder(torch.nn.Tanh())
    for _ in range(12):
        x = torch.cat([x, decoder.model(x)[-1:]])
