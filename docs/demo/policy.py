import torch
from torch import nn


class Normalizer(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.scale = torch.ones(size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.scale.to(x.device)


class Policy(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.normalizer = Normalizer(size)
        self.heads: dict[tuple[int, int], torch.Tensor] = {}

    def forward(self, x: torch.Tensor, row: int, column: int) -> torch.Tensor:
        return self.normalizer(x) + self.heads[row, column]


@torch._dynamo.disable
def report(model: nn.Module) -> torch.Tensor:
    return torch.stack([parameter.norm() for parameter in model.parameters()])


policy = torch.compile(Policy(8))
