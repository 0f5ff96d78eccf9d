import torch
from torch import nn
from torch.compiler import disable


@torch.compiler.disable
def save(x):
    return x


@torch.compiler.disable(recursive=False)
def itself(x):
    return below(x)


def below(x):
    return x + 1


def replaced(x):
    return x


replaced = disable(replaced)


def _plain(x):
    return x


made = disable(_plain)

if torch.__version__ > "2.4":

    def sometimes(x):
        return x

    def replaced_sometimes(x):
        return x

else:

    @disable
    def sometimes(x):
        return x

    def replaced_sometimes(x):
        return x

    replaced_sometimes = disable(replaced_sometimes)


@torch.library.custom_op("across::opaque", mutates_args=())
def opaque(x: torch.Tensor) -> torch.Tensor:
    return x + 1


@opaque.register_fake
def _(x):
    return torch.empty_like(x)


def plain(x):
    return x


class Part(nn.Module):
    @disable
    def forward(self, x):
        return x


class Base(nn.Module):
    @disable
    def report(self, x):
        return x

    @disable
    def overridden(self, x):
        return x
