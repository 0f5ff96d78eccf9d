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

