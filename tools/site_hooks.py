"""Hooks of the documentation site: examples are marked for the tests in a way that Markdown's fences do not know."""

from __future__ import annotations

import re
from typing import Any

_LABELS = {"bad": "Reported:", "good": "Not reported:", "fixed": "Fixed:"}
_FENCE = re.compile(r"^```python (bad|good|fixed)$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Turn "```python bad" into a label and a plain fence."""
    return _FENCE.sub(lambda found: f"*{_LABELS[found[1]]}*\n\n```python", markdown)
