"""What is made small."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from pilot.rollout import Batch


def clipped_surrogate(log_probability: Tensor, batch: Batch, clip: float) -> Tensor:
    """The loss of the policy, which stays near the one that acted."""
    ratio = torch.exp(log_probability - batch.log_probabilities)
    bounded = ratio.clamp(1.0 - clip, 1.0 + clip)
    return -torch.minimum(ratio * batch.advantages, bounded * batch.advantages).mean()


def entropy(logits: Tensor) -> Tensor:
    scores = F.log_softmax(logits, dim=-1)
    return -(scores.exp() * scores).sum(dim=-1).mean()


def total_loss(logits: Tensor, values: Tensor, batch: Batch, clip: float, bonus: float) -> Tensor:
    """The loss of one minibatch, as a tensor."""
    chosen = F.log_softmax(logits, dim=-1).gather(-1, batch.actions.unsqueeze(-1)).squeeze(-1)
    policy = clipped_surrogate(chosen, batch, clip)
    value = F.smooth_l1_loss(values, batch.returns)
    return policy + 0.5 * value - bonus * entropy(logits)


def explained_variance(values: Tensor, returns: Tensor) -> Tensor:
    """How much of the returns the values foresee: 1 is all, 0 is nothing."""
    return 1.0 - (returns - values).var() / returns.var().clamp_min(1e-8)
