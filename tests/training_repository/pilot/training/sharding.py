"""Networks that are too large for one machine."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

HOST = torch.device("cpu")


def sharded(network: nn.Module) -> nn.Module:
    """A network in shards, compiled as a whole."""
    shards = FullyShardedDataParallel(network, device_id=HOST, limit_all_gathers=True)
    return torch.compile(shards)  # expect: TFG517


def sharded_as_it_is(network: nn.Module) -> nn.Module:
    # near miss: TFG517, because the parameters stay what they are
    fast = torch.compile(network)
    return FullyShardedDataParallel(fast, device_id=HOST, use_orig_params=True)


def sharded_with(network: nn.Module, **options: Any) -> nn.Module:
    # near miss: TFG517, because the options may say so
    fast = torch.compile(network)
    return FullyShardedDataParallel(fast, device_id=HOST, **options)
