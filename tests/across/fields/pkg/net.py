"""Parameters are records of another file."""

import torch

from .records import Batch, Nested, Row, Step


class Net(torch.nn.Module):
    def forward(self, step: Step, row: Row):
        x = row.values
        if step.count > 2 and row.width > 1:
            x = x + 1
        total = step.reward.sum().item()  # TFG202
        if step.name:
            x = x + 2
        return x[step.extra["a"] > 0] + total  # TFG203

    def nested(self, nested: Nested, batch: Batch):
        x = batch["observed"]
        if batch["name"] == "a":
            x = x + 1
        if nested.last is None:
            x = x + 2
        return x + nested.step.reward.max().item()  # TFG202


@torch.compile
def every(net: Net, step: Step, row: Row, nested: Nested, batch: Batch):
    return net.forward(step, row), net.nested(nested, batch)
