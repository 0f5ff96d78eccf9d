"""What decides about findings besides the files themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fullgraph.engine.registry import registry
from fullgraph.torchfacts import TorchRange


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides about findings besides the file itself: the torch releases aimed at, and the enabled codes."""

    releases: TorchRange
    codes: frozenset[str]

    @classmethod
    def with_defaults(cls, releases: TorchRange) -> Settings:
        """Settings with every rule that is on by default."""
        return cls(releases, frozenset(code for code, rule in registry().items() if rule.default))

    @classmethod
    def with_everything(cls, releases: TorchRange) -> Settings:
        """Settings with every rule, for callers that select afterwards, as flake8 does."""
        return cls(releases, frozenset(registry()))


@lru_cache(maxsize=64)
def settings_name(settings: Settings) -> str:
    """What settings are known by."""
    return f"{settings.releases!r} {sorted(settings.codes)}"
