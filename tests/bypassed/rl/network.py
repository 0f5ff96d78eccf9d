import torch
from torch import nn


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 2)
        self.steps = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    def get_action(self, x: torch.Tensor) -> torch.Tensor:
        return self.logits(x).argmax(dim=-1)

    def get_value(self, x: torch.Tensor) -> torch.Tensor:
        return self(x).sum(dim=-1)

    def logits(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    @torch.compiler.disable
    def on_host(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    @torch.compile(backend="eager")
    def compiled(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    def later(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)

    def describe(self, prefix: str) -> str:
        self.train(False)
        return f"{prefix}: {self.steps}"
