"""Shaped like observation normalization: a plain class whose statistics follow the device of their input."""

from __future__ import annotations

import torch


class RunningMeanStd:
    def __init__(self, shape: tuple[int, ...], device: str = "cpu") -> None:
        self.mean = torch.zeros(shape, device=device)
        self.var = torch.ones(shape, device=device)
        self.count = torch.tensor(1e-4, device=device)

    @torch.inference_mode()
    def update(self, x: torch.Tensor) -> None:
        # WARNING: moves the statistics to the device of the input
        if x.device != self.mean.device:
            self.to(x.device)  # TFG401
        batch_mean = x.mean(dim=0)
        self.mean = self.mean + (batch_mean - self.mean) * (x.shape[0] / (self.count + x.shape[0]))
        self.count = self.count + x.shape[0]

    def normalize(self, x: torch.Tensor, clip: float = 10.0) -> torch.Tensor:
        if self.mean.device != x.device:
            self.to(x.device)  # TFG401
        return torch.clamp((x - self.mean) / torch.sqrt(self.var + 1e-8), -clip, clip)

    def to(self, device: str | torch.device) -> RunningMeanStd:
        self.mean = self.mean.to(device)
        self.var = self.var.to(device)
        self.count = self.count.to(device)
        return self

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"mean": self.mean.cpu(), "var": self.var.cpu(), "count": self.count.cpu()}
