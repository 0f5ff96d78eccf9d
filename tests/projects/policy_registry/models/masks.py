import torch


def causal(x):  # CERTAIN: torch.compile@policies/base.py:17 -> FlowNetwork.forward -> causal
    return torch.ones_like(x)


def scale(x):  # CERTAIN: torch.compile@policies/base.py:17 -> FlowNetwork.forward -> Encoder.forward -> Layer.forward -> scale
    return x * 0.5


def unused(x):  # NONE
    return x
