import torch
from torch import nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(12))

    def forward(self, x: torch.Tensor, index: int) -> torch.Tensor:
        return self.layers[index](x)  # TFG305


class InPlace(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(12))

    def forward(self, x: torch.Tensor, index: int) -> torch.Tensor:
        return self.layers[index](x)  # TFG305


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3) for _ in range(12))

    def forward(self, x: torch.Tensor, index: int) -> torch.Tensor:
        return self.layers[index](x)


class Held(nn.Module):
    def forward(self, x: torch.Tensor, name: str) -> torch.Tensor:
        return x * len(f"at {name}")  # TFG306


class Trainer:
    def __init__(self) -> None:
        self.net = torch.compile(Held(), backend="eager")
        self.growing = torch.compile(nn.Identity(), backend="eager", dynamic=False)
        self.plain = Plain()

    @torch.compile(backend="eager")
    def step(self, x: torch.Tensor, *, n: int) -> torch.Tensor:
        return x + sum(range(n))  # TFG305


class Base:
    @torch.compile(backend="eager")
    def step(self, x: torch.Tensor, n: int) -> torch.Tensor:
        return x + sum(range(n))


class Derived(Base):
    def step(self, x: torch.Tensor, n: int) -> torch.Tensor:
        return x + sum(range(n))


class Decoder:
    def __init__(self, model: nn.Module) -> None:
        self.model = torch.compile(model, backend="eager", dynamic=False)  # TFG308
