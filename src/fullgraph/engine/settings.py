"""What decides about findings besides the files themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from fullgraph.engine.finding import Finding
from fullgraph.engine.registry import INTERNAL_CODES, registry
from fullgraph.torchfacts import TorchRange


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides about findings besides the file itself: the torch releases aimed at, and the enabled codes."""

    releases: TorchRange
    codes: frozenset[str]

    def enabled(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings without those of rules that ran only because another needs them."""
        return [each for each in findings if each.code in self.codes or each.code in INTERNAL_CODES]

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
