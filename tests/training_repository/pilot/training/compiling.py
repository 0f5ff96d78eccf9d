"""What is compiled besides the network."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

log = logging.getLogger(__name__)
Step = Callable[[Tensor], Tensor]


def jittered(observations: Tensor) -> Tensor:
    """Observations with a little noise, so that the policy does not lean on the last digit."""
    return observations + 0.01 * torch.randn_like(observations)


def scaled(observations: Tensor) -> Tensor:
    return observations / observations.abs().amax(dim=0).clamp_min(1.0)


def signed_root(rewards: Tensor) -> Tensor:
    return rewards.sign() * rewards.abs().sqrt()


def branching(rewards: Tensor) -> Tensor:
    """Rewards, and twice as much where they are good on the whole."""
    if rewards.sum() > 0:  # expect: TFG201
        return rewards * 2
    return rewards


@torch.compile(fullgraph=True)  # expect: TFG512
def whitened(rewards: Tensor) -> Tensor:
    """Rewards of spread one, where they have any."""
    if rewards.std() > 1e-6:  # expect: TFG201
        rewards = rewards / rewards.std()
    return rewards


# near miss: TFG512, because no call comes to the print unless somebody asks for it
@torch.compile(fullgraph=True)
def centered(rewards: Tensor, verbose: bool = False) -> Tensor:
    if verbose:
        print(rewards.shape)  # expect: TFG210
    return rewards - rewards.mean()


# near miss: TFG512, because the caller prints, and not what is compiled
@torch.compile(fullgraph=True)
def squared(rewards: Tensor) -> Tensor:
    return rewards.sign() * rewards.square()


def reported(rewards: Tensor) -> Tensor:
    print("rewards of", tuple(rewards.shape))
    return squared(rewards)


def augmented(batches: Iterable[Tensor]) -> list[Tensor]:
    """Every batch with noise on it."""
    found = []
    for batch in batches:
        found.append(torch.compile(jittered, dynamic=False)(batch))  # expect: TFG506
    return found


def prepared(batches: Iterable[Tensor]) -> list[Tensor]:
    # near miss: TFG506, because it is compiled once and called in the loop
    scale = torch.compile(scaled, dynamic=False)
    return [scale(batch) for batch in batches]


def pipeline(steps: Iterable[Step], batch: Tensor) -> Tensor:
    for step in steps:
        # near miss: TFG506, because each turn compiles another function
        batch = torch.compile(step, dynamic=False)(batch)
    return batch


def reward_shaping() -> Step:
    """What rewards go through, in one graph, or as it is."""
    try:
        return torch.compile(branching, fullgraph=True)  # expect: TFG504, TFG512
    except RuntimeError as error:
        log.warning("rewards are shaped eagerly: %s", error)
        return branching


def tried_shaping(example: Tensor) -> Step:
    """The same, where it works."""
    try:
        # near miss: TFG504, because the first call is made within the try
        shape = torch.compile(signed_root, fullgraph=True)
        shape(example)
    except RuntimeError as error:
        log.warning("rewards are shaped eagerly: %s", error)
        return signed_root
    return shape


def old_shaping() -> Step:
    try:
        # near miss: TFG504, because this handler is for a torch that has no compile
        return torch.compile(signed_root)
    except AttributeError:
        return signed_root


def warm_up(probe: nn.Module, features: int) -> Tensor:
    """Have the probe compiled before the first rollout comes."""
    torch.compile(probe)  # expect: TFG502
    return probe(torch.zeros(2, features))


def warm_up_in_place(probe: nn.Module, features: int) -> Tensor:
    # near miss: TFG502, because this compiles in place
    probe.compile()
    return probe(torch.zeros(2, features))


def judge(width: int) -> nn.Module:
    """A network of layers alone, for a look at what the policy has learned."""
    layers = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
    layers.compile()  # expect: TFG514
    return layers


def judge_of_steps(width: int, step: nn.Module) -> nn.Module:
    layers = nn.Sequential(nn.Linear(width, width), step)
    # near miss: TFG514, because one of its parts may well be a module of ours
    layers.compile()
    return layers


def compiled_judge(width: int) -> nn.Module:
    layers = nn.Sequential(nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1))
    # near miss: TFG514, because what torch.compile returns is called, and looks at torch's own code too
    return torch.compile(layers)


class Snapshot(nn.Module):
    """What has been learned, to be looked at."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.head = nn.Linear(width, 1)

    @torch.compiler.disable
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.head(x))


class Outline(Snapshot):
    @torch.compiler.disable(recursive=False)
    def forward(self, x: Tensor) -> Tensor:
        return self.outlined(x)

    def outlined(self, x: Tensor) -> Tensor:
        return torch.tanh(self.head(x)) * 2


@torch.compiler.disable
def halved(x: Tensor) -> Tensor:
    return x / 2


def snapshot(width: int) -> nn.Module:
    return torch.compile(Snapshot(width))  # expect: TFG515


def outline(width: int) -> nn.Module:
    # near miss: TFG515, because only the function itself is left out, and what it calls is compiled
    return torch.compile(Outline(width))


def fast_half() -> Step:
    # near miss: TFG515, because of a function torch.compile undoes the mark
    return torch.compile(halved)


def later(step: Step) -> Callable[[], Step]:
    """Compile a step now, for whoever asks for it."""
    # near miss: TFG502, because the function below reads it
    fast = torch.compile(step)

    def get() -> Step:
        return fast

    return get


def tuned(step: Step) -> Step:
    """A step, compiled with care."""
    fast = torch.compile(step, dynamic=False)
    if os.environ.get("PILOT_TUNE"):
        log.info("tuning")
    return torch.compile(fast, fullgraph=True)  # expect: TFG510


def chosen(step: Step, is_strict: bool) -> Step:
    if is_strict:
        fast = torch.compile(step, fullgraph=True)
    else:
        # near miss: TFG510, because only one of the two branches is taken
        fast = torch.compile(step)
    return fast


def both(step: Step) -> tuple[Step, Step]:
    loose = torch.compile(step)
    # near miss: TFG510, because this compiles the step itself, and not what was compiled
    strict = torch.compile(step, fullgraph=True)
    return loose, strict


def on_windows(step: Step) -> Step:
    """A step for machines without a compiler for C++."""
    if sys.platform == "windows":
        step = torch.compile(step, backend="aot_eager")  # expect: TFG511
    return step


def elsewhere(step: Step) -> Step:
    if sys.platform != "win32":
        # near miss: TFG511, because this holds on Linux
        step = torch.compile(step)
    return step


def on_posix(step: Step) -> Step:
    if sys.platform.startswith("linux") or os.name == "posix":
        # near miss: TFG511, because one of the two is enough
        step = torch.compile(step)
    return step
