import torch
from loops.steps import repeated


def check_versions(x: torch.Tensor) -> None:
    for n in range(12):
        repeated(x, n)
