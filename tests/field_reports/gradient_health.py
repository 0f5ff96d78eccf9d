"""Shaped like a gradient monitor: the same private call twice, once with a comment that justifies it."""

from __future__ import annotations

import torch


class GradientHealthMonitor:
    def __init__(self, host: torch.nn.Module, seed: torch.nn.Module) -> None:
        self._host = list(host.parameters())
        self._seed = list(seed.parameters())

    def host_norm_async(self) -> torch.Tensor | None:
        host_grads = [p.grad for p in self._host if p.grad is not None]
        if not host_grads:
            return None
        # NOTE: Private API, stable since PyTorch 1.9.
        # If this breaks in future PyTorch, fallback is:
        #   norms = [g.norm() for g in host_grads]
        norms = torch._foreach_norm(host_grads)  # TFG102
        return sum(n**2 for n in norms)

    def seed_norm_async(self) -> torch.Tensor | None:
        seed_grads = [p.grad for p in self._seed if p.grad is not None]
        if not seed_grads:
            return None

        norms = torch._foreach_norm(seed_grads)  # TFG102
        return sum(n**2 for n in norms)
