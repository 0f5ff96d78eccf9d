import torch
from torch.library import custom_op


@torch.library.custom_op("fixture::add", mutates_args=())
def add(x: torch.Tensor) -> torch.Tensor:  # NONE
    return hidden(x)


@add.register_fake
def add_fake(x):  # NONE
    return hidden(x)


@custom_op("fixture::twice", mutates_args=())
def twice(x: torch.Tensor) -> torch.Tensor:  # NONE
    return hidden(x)


@torch.library.register_fake("fixture::twice")
def twice_fake(x):  # NONE
    return hidden(x)


@torch.compiler.allow_in_graph
def allowed(x):  # NONE
    return hidden(x)


def allowed_by_call(x):  # NONE
    return hidden(x)


torch.compiler.allow_in_graph(allowed_by_call)


@torch._dynamo.nonstrict_trace
def nonstrict(x):  # NONE
    return hidden(x)


@torch.compiler.assume_constant_result
def constant():  # NONE
    return 2


@torch.library.triton_op("fixture::triton", mutates_args=())
def triton(x: torch.Tensor) -> torch.Tensor:  # NONE
    return hidden(x)


def hidden(x):  # NONE
    return x + 1


LIBRARY = torch.library.Library("fixture_own", "DEF")


class Operator:
    def __init__(self, function):  # NONE
        self.name = function.__name__
        LIBRARY.define(self.name + torch.library.infer_schema(function, mutates_args=()))
        LIBRARY.impl(self.name, function, "CompositeExplicitAutograd")
        LIBRARY._register_fake(self.name, function)

    @property
    def call(self):  # NONE
        return getattr(torch.ops.fixture_own, self.name)


def register_custom_op(name=None):  # NONE
    def decorator(function):  # NONE
        return Operator(function).call
    return decorator


@register_custom_op()
def own(x: torch.Tensor) -> torch.Tensor:  # NONE
    return hidden(x)
