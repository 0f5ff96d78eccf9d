"""Shaped like a transformer blueprint: a decorated method of a class that is nested in a factory function."""

from __future__ import annotations

import torch
import torch.nn as nn
import torch.nn.functional as F


def make_attention_block(width: int, heads: int) -> nn.Module:
    class CausalAttention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(width, 3 * width)
            self.out = nn.Linear(width, width)
            self._masks: dict[int, torch.Tensor] = {}

        @torch._dynamo.disable  # type: ignore[untyped-decorator]  # TFG101
        def _get_causal_mask(self, length: int) -> torch.Tensor:
            mask = self._masks.get(length)
            if mask is None:
                mask = torch.ones(length, length, dtype=torch.bool).tril()
                self._masks[length] = mask
            return mask

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            batch, length, _ = x.shape
            q, k, v = self.qkv(x).view(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            mask = self._get_causal_mask(length)  # TFG220
            y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
            return self.out(y.transpose(1, 2).reshape(batch, length, width))

    return CausalAttention()
