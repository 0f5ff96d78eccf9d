from functools import partial, reduce

import torch

from tools import Holder, apply, apply_all, by_name, make


def scaled(by, x):  # CERTAIN: torch.compile@run.py:39 -> step -> scaled
    return x * by


def passed(x):  # CERTAIN: torch.compile@run.py:39 -> step -> apply -> passed
    return x + 1


def listed(x):  # CERTAIN: torch.compile@run.py:39 -> step -> apply_all -> listed
    return x + 1


def keyword(x):  # CERTAIN: torch.compile@run.py:39 -> step -> by_name -> keyword
    return x + 1


def held(x):  # CERTAIN: torch.compile@run.py:39 -> step -> Holder.run -> held
    return x + 1


def mapped(x):  # CERTAIN: torch.compile@run.py:39 -> step -> mapped
    return x + 1


def by_lambda(x):  # CERTAIN: torch.compile@run.py:39 -> step -> <lambda> -> by_lambda
    return x + 1


half = partial(scaled, 0.5)


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:39 -> step
    def inner(y):  # CERTAIN: torch.compile@run.py:39 -> step -> inner
        def innermost(z):  # CERTAIN: torch.compile@run.py:39 -> step -> inner -> innermost
            return z + 1
        return innermost(y)

    x = apply(passed, half(x)) + apply(inner, x)
    x = apply(lambda y: by_lambda(y), x)  # CERTAIN: torch.compile@run.py:39 -> step -> <lambda>
    x = apply_all([listed], x)
    x = by_name(x, activation=keyword)
    x = Holder(held).run(x)
    (x,) = map(mapped, [x])
    return make(2)(x)


def eager(x):  # NONE
    def inner(y):  # NONE
        return y
    return inner(x) + (lambda y: y)(x)  # NONE
