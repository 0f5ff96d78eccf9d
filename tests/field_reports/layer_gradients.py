"""Shaped like debug telemetry: one row per parameter, stacked, appended and stacked again."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(slots=True)
class LayerGradientStats:
    name: str
    values: list[float]


def collect_per_layer_gradients(model: nn.Module) -> list[LayerGradientStats]:
    """Collect gradient statistics of each layer."""
    names: list[str] = []
    rows: list[torch.Tensor] = []
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        gradient = parameter.grad.detach().flatten()
        weight = parameter.detach().flatten()
        names.append(name)
        rows.append(
            torch.stack(
                [
                    gradient.norm(),
                    gradient.mean(),
                    gradient.abs().min(),
                    gradient.abs().max(),
                    weight.norm(),
                    weight.mean(),
                ]
            )
        )
    if not rows:
        return []
    table = torch.stack(rows).tolist()  # TFG302
    return [LayerGradientStats(name, values) for name, values in zip(names, table, strict=True)]
