"""Names of torch as rules speak of them: private ones that are used, and ones that some releases lack."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from fullgraph.torchfacts import (
    NEWEST_KNOWN,
    OLDEST_KNOWN,
    Presence,
    PrivateName,
    PublicEquivalent,
    TorchRange,
    availability,
    is_module,
    is_private,
    may_change,
)


@dataclass(frozen=True, slots=True)
class PrivateUse:
    """A use of a private torch name.

    Attributes:
        path: the dotted path as used, such as ``torch._dynamo.config.verbose``.
        known: what the tables say of it or, failing that, of the nearest owner that they know.
        public: what to use instead on the target release, if there is such a thing.
    """

    path: str
    known: PrivateName | None
    public: PublicEquivalent | None

    @property
    def history(self) -> str:
        """In which releases the very name exists, such as ``in every release 2.0 to 2.15``; empty where unknown."""
        if self.known is None or self.known.since is None or self.known.name != self.path:
            return ""
        since, until = self.known.since, self.known.until
        if until is not None:
            return f"in torch {since} to {until}, gone after {until}"
        if since == OLDEST_KNOWN:
            return f"in every release {OLDEST_KNOWN} to {NEWEST_KNOWN}"
        return f"in every release since {since}"

    def shortened(self) -> PrivateUse:
        """The same use without what is only reached through the private name, such as a method of an object."""
        known = self.known.name if self.known is not None and not is_module(self.known.name) else ""
        path = known or private_part(self.path)
        return replace(self, path=path)


def is_of_module(name: str) -> bool:
    """Whether some release has an attribute of this name on every ``nn.Module``, or on its containers."""
    return name.startswith("__") or any(availability(f"torch.nn.{owner}.{name}") is not None for owner in _MODULES)


_MODULES = ("Module", "ModuleList", "ModuleDict", "Sequential")


def private_part(path: str) -> str:
    """What ``path`` begins with: up to its last private segment, and what is in there or in the modules that follow."""
    segments = path.split(".")
    end = 2 + max(index for index, segment in enumerate(segments) if is_private(f"torch.{segment}"))
    while end < len(segments) and is_module(".".join(segments[:end])):
        end += 1
    return ".".join(segments[:end])


@lru_cache(maxsize=20_000)
def missing_in(path: str, releases: TorchRange) -> MissingName | None:
    """What is missing of a dotted name in some of these releases, if something surely is."""
    if not may_change(path):
        return None
    while path.startswith("torch."):
        known = availability(path)
        if known is not None:
            lacking = [each for each in releases.releases() if known.exists_at(each) is Presence.ABSENT]
            everywhere = len(lacking) == len(releases.releases())
            return MissingName(path, releases.describe(lacking), known.describe(), everywhere) if lacking else None
        path = path.rpartition(".")[0]
    return None


@dataclass(frozen=True, slots=True)
class MissingName:
    """A torch name that some of the releases aimed at do not have.

    Attributes:
        path: the name that is missing: the one that was asked for, or the nearest owner that is not there either.
        where: the releases aimed at that surely lack it, such as ``2.4`` or ``2.4 to 2.6``.
        history: which releases have it, such as ``since 2.7``.
        everywhere: whether none of the releases aimed at has it.
    """

    path: str
    where: str
    history: str
    everywhere: bool
