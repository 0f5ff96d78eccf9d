"""Decorators of a project that compile what stands below them."""
import functools

import torch

fast = torch.compile
configured = functools.partial(torch.compile, dynamic=False)
options = torch.compile(dynamic=False)


def compiled(function):  # NONE
    return torch.compile(function)


def compiled_with(dynamic):  # NONE
    def wrap(function):  # NONE
        return torch.compile(function, dynamic=dynamic)
    return wrap


def compiled_inside(function):  # NONE
    @torch.compile(dynamic=False)
    @functools.wraps(function)
    def inner(x):  # CERTAIN: torch.compile@decorators.py:22 -> inner
        return function(x)
    return inner


def compiled_later(function):  # NONE
    faster = torch.compile(function)
    @functools.wraps(function)
    def inner(x):  # NONE
        return faster(x)
    return inner


def compiled_if_wanted(function=None, *, dynamic=None):  # NONE
    if function is None:
        return functools.partial(compiled_if_wanted, dynamic=dynamic)
    return torch.compile(function, dynamic=dynamic)


def not_compiled(function):  # NONE
    @functools.wraps(function)
    def inner(x):  # NONE
        return function(x)
    return inner
