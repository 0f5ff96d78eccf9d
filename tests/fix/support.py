"""What the tests of fixes share."""

from __future__ import annotations

from fullgraph.engine.settings import Settings
from fullgraph.fix import Fixed, fix_source
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange, TorchVersion

CODE = frozenset({"TFG101"})


def fix(
    before: str,
    *,
    unsafe: bool = False,
    target: TorchVersion | TorchRange = NEWEST_KNOWN,
    name: str = "example.py",
    codes: frozenset[str] = CODE,
) -> Fixed:
    """Fix a source text; a second run must change nothing."""
    releases = target if isinstance(target, TorchRange) else TorchRange.only(target)
    settings = Settings(releases, codes)
    fixed = fix_source(before.encode(), name, settings, unsafe=unsafe)
    again = fix_source(fixed.data, name, settings, unsafe=unsafe)
    assert again.data == fixed.data
    assert again.fixed == 0
    return fixed


def text(fixed: Fixed) -> str:
    return fixed.data.decode()


def reasons(fixed: Fixed) -> list[str]:
    return [finding.fix.message for finding in fixed.remaining if finding.fix is not None]


def pairs(document: str) -> list[tuple[str, str]]:
    """Golden pairs: ``=>`` in a line of its own between before and after, ``---`` between pairs."""
    found = []
    for pair in document.lstrip("\n").split("---\n"):
        before, _, after = pair.partition("=>\n")
        found.append((before, after))
    return found
