"""Minor releases of torch, as facts are dated with them."""

from __future__ import annotations

import re
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


OLDEST_KNOWN = TorchVersion(2, 0)
"""The oldest release the facts were collected from."""

NEWEST_KNOWN = TorchVersion(2, 15)
"""The newest release the facts were collected from."""
