"""Networks that a configuration can name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from torch import nn

from pilot.config import Config

_KNOWN: dict[str, type[nn.Module]] = {}
Net = TypeVar("Net", bound=type[nn.Module])


def register(name: str) -> Callable[[Net], Net]:
    """Make a network known by a name."""

    def keep(network: Net) -> Net:
        _KNOWN[name] = network
        return network

    return keep


def names() -> list[str]:
    return sorted(_KNOWN)


def build(config: Config) -> nn.Module:
    if config.network not in _KNOWN:
        raise KeyError(f"{config.network!r} is none of {', '.join(names())}")
    return _KNOWN[config.network](config)
