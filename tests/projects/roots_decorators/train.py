from functools import partial

import torch
from torch import compile as jit

import decorators
from decorators import compiled, compiled_if_wanted, compiled_inside, compiled_later, compiled_with, configured
from decorators import fast, not_compiled, options


@torch.compile
def bare(x):  # CERTAIN: torch.compile@train.py:11 -> bare
    return x + 1


@torch.compile(fullgraph=True, dynamic=False)
def called(x):  # CERTAIN: torch.compile@train.py:16 -> called
    return x + 1


@partial(torch.compile, dynamic=False)
def by_partial(x):  # CERTAIN: torch.compile@train.py:21 -> by_partial
    return x + 1


@jit
def renamed(x):  # CERTAIN: torch.compile@train.py:26 -> renamed
    return x + 1


@fast
def aliased(x):  # CERTAIN: torch.compile@train.py:31 -> aliased
    return x + 1


@configured
def partial_elsewhere(x):  # CERTAIN: torch.compile@train.py:36 -> partial_elsewhere
    return x + 1


@options
def options_elsewhere(x):  # CERTAIN: torch.compile@train.py:41 -> options_elsewhere
    return x + 1


@compiled
def own(x):  # CERTAIN: torch.compile@decorators.py:12 -> own
    return helper(x)


@decorators.compiled_with(dynamic=False)
def own_with_options(x):  # CERTAIN: torch.compile@decorators.py:17 -> own_with_options
    return x + 1


@compiled_inside
def own_with_inner(x):  # CERTAIN: torch.compile@decorators.py:22 -> inner -> own_with_inner
    return x + 1


@compiled_later
def own_beside_inner(x):  # CERTAIN: torch.compile@decorators.py:30 -> own_beside_inner
    return x + 1


@compiled_if_wanted
def own_bare(x):  # CERTAIN: torch.compile@decorators.py:40 -> own_bare
    return x + 1


@compiled_if_wanted(dynamic=False)
def own_called(x):  # CERTAIN: torch.compile@decorators.py:40 -> own_called
    return x + 1


@not_compiled
def plain(x):  # NONE
    return x + 1


def helper(x):  # CERTAIN: torch.compile@decorators.py:12 -> own -> helper
    return x * 2


class Sampler:
    @torch.compile
    def step(self, x):  # CERTAIN: torch.compile@train.py:86 -> Sampler.step
        return self.scale(x)

    def scale(self, x):  # CERTAIN: torch.compile@train.py:86 -> Sampler.step -> Sampler.scale
        return x * 2

    def reset(self):  # NONE
        return None
