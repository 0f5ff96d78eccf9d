"""Minor releases of torch, as facts are dated with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_VERSION = re.compile(
    r"v?(?P<major>\d+)(?:\.(?P<minor>\d+))?(?:\.\d+)*"
    r"(?:[-_.]?(?:a|b|rc|dev|post)\d*)*(?:\+[a-z0-9._-]+)?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, order=True)
class TorchVersion:
    """A minor release of torch, such as 2.13; versions compare by age."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> TorchVersion:
        """Return the minor release that ``text`` names.

        Patch level, a leading ``v``, a pre-release mark and a local part
        (``+cpu``) are accepted and dropped; a bare major number means ``.0``.

        Raises:
            ValueError: ``text`` is not a version number.

        """
        match = _VERSION.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a torch version: {text!r} (expected something like '2.13')")
        return cls(int(match["major"]), int(match["minor"] or 0))

    def __str__(self) -> str:
        """Write the version as in settings and messages: ``2.13``."""
        return f"{self.major}.{self.minor}"


_BOUND = re.compile(r"(?P<operator>===?|~=|!=|>=|<=|>|<)\s*(?P<version>v?\d[\w.+*-]*)")


@dataclass(frozen=True, slots=True)
class TorchRange:
    """The minor releases that code is to run on, both ends included."""

    oldest: TorchVersion
    newest: TorchVersion

    @classmethod
    def parse(cls, text: str) -> TorchRange:
        """The releases that a version (``2.6``) or a specifier (``>=2.4,<2.16``) allows.

        A specifier without an upper bound ends at the newest known release; exclusions (``!=``) are not looked at.

        Raises:
            ValueError: neither of the two, or a specifier without a lower bound.
        """
        if "," not in text and _BOUND.match(text.strip()) is None:
            return cls.only(TorchVersion.parse(text))
        lows: list[TorchVersion] = []
        highs: list[TorchVersion] = []
        for part in text.split(","):
            found = _BOUND.fullmatch(part.strip())
            if found is None:
                raise ValueError(f"not a version specifier: {part.strip()!r} (expected something like '>=2.4,<2.16')")
            low, high = _ends(found["operator"], found["version"].replace(".*", ""))
            lows += [low] if low is not None else []
            highs += [high] if high is not None else []
        if not lows:
            raise ValueError(f"no lower bound: {text!r} (expected something like '>=2.4,<2.16')")
        oldest = max(lows)
        return cls(oldest, max(oldest, min((*highs, max(NEWEST_KNOWN, oldest)))))

    @classmethod
    def only(cls, version: TorchVersion) -> TorchRange:
        """The range of a single release."""
        return cls(version, version)

    def meets(self, other: TorchRange) -> bool:
        """Whether some release lies in both ranges."""
        return self.oldest <= other.newest and other.oldest <= self.newest

    def releases(self) -> tuple[TorchVersion, ...]:
        """The known releases in the range, oldest first."""
        known = (TorchVersion(2, minor) for minor in range(NEWEST_KNOWN.minor + 1))
        return tuple(version for version in known if self.oldest <= version <= self.newest)

    def describe(self, versions: Sequence[TorchVersion]) -> str:
        """Write some of the releases in the range, oldest first, for messages: ``2.4 to 2.6, 2.9``."""
        places = {version: place for place, version in enumerate(self.releases())}
        runs: list[TorchRange] = []
        for version in versions:
            if runs and places[version] == places[runs[-1].newest] + 1:
                runs[-1] = TorchRange(runs[-1].oldest, version)
            else:
                runs.append(TorchRange(version, version))
        return ", ".join(map(str, runs))

    def __str__(self) -> str:
        """Write the range for messages: ``2.6``, or ``2.4 to 2.15``."""
        return str(self.oldest) if self.oldest == self.newest else f"{self.oldest} to {self.newest}"


_LAST_MINOR = 999
"""Stands for the last minor release of a major one, whichever that was."""


def _ends(operator: str, text: str) -> tuple[TorchVersion | None, TorchVersion | None]:
    """The oldest and the newest minor release that one bound allows; None where it sets no such end."""
    version = TorchVersion.parse(text)
    patch = len(text.split(".")) > 2 and not re.fullmatch(r"0+", text.split(".")[2])
    match operator:
        case "==" | "===":
            return version, version
        case "~=":
            return version, version if len(text.split(".")) > 2 else None
        case ">=" | ">":
            return version, None
        case "<=":
            return None, version
        case "<":
            if patch:
                return None, version
            before = (version.major, version.minor - 1) if version.minor else (version.major - 1, _LAST_MINOR)
            return None, TorchVersion(*before)
        case _:
            return None, None


OLDEST_KNOWN = TorchVersion(2, 0)
"""The oldest release the facts were collected from."""

NEWEST_KNOWN = TorchVersion(2, 15)
"""The newest release the facts were collected from."""
