"""``# noqa`` comments, read as flake8 reads them. Under flake8 itself this is not used: flake8 does it.

Two spellings mean just what they name: ``# flake8: noqa: TFG101``, for which flake8 would skip the whole file, and
codes in small letters, which flake8 would not know.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Sequence

from fullgraph.engine.finding import Finding

_INLINE = re.compile(r"# noqa(?::[\s]?(?P<codes>(?:[A-Z]+[0-9]+(?:[,\s]+)?)+))?", re.IGNORECASE)
_FILE = re.compile(
    r"\s*# flake8[:=]\s*noqa(?::\s?(?P<codes>(?:(?:[A-Z]+[0-9]+|(?-i:[A-Z]{1,3}))(?:[,\s]+|$))+))?",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"[,\s]+")


def keep_unsuppressed(findings: list[Finding], lines: Sequence[str]) -> list[Finding]:
    """The findings that no ``# noqa`` on their line and no ``# flake8: noqa`` line in the file suppresses."""
    if not findings or not any("noqa" in line.lower() for line in lines):
        return findings
    whole_file = _file_level(lines)
    if whole_file is None:
        return []
    logical = _noqa_lines(lines)
    return [
        finding
        for finding in findings
        if not finding.code.startswith(whole_file or ("\0",))
        and not _is_suppressed(finding.code, logical.get(finding.start.row, ""))
    ]


def _file_level(lines: Sequence[str]) -> tuple[str, ...] | None:
    """Prefixes of the codes that are off in the whole file; None if every code is."""
    off: list[str] = []
    for line in lines:
        found = _FILE.match(line)
        if found is not None:
            if found["codes"] is None:
                return None
            off += _codes(found["codes"])
    return tuple(off)


def _is_suppressed(code: str, text: str) -> bool:
    found = _INLINE.search(text)
    if found is None:
        return False
    return found["codes"] is None or code.startswith(tuple(_codes(found["codes"])))


def _codes(text: str) -> list[str]:
    return [code.upper() for code in _SEPARATOR.split(text) if code]


def _noqa_lines(lines: Sequence[str]) -> dict[int, str]:
    """Row -> text in which its ``# noqa`` is looked for: the row, or all rows that a string or a backslash joins."""
    texts = dict(enumerate(lines, 1))
    reader = io.StringIO("\n".join(line.rstrip("\r\n") for line in lines) + "\n").readline
    first, last = len(lines) + 2, -1
    try:
        for token in tokenize.generate_tokens(reader):
            if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
                continue
            first, last = min(first, token.start[0]), max(last, token.end[0])
            if token.type in (tokenize.NL, tokenize.NEWLINE):
                joined = "\n".join(lines[first - 1 : last])
                texts.update(dict.fromkeys(range(first, last + 1), joined))
                first, last = len(lines) + 2, -1
    except (tokenize.TokenError, SyntaxError):
        # flake8 falls back to single rows for the rest as well
        return texts
    return texts
