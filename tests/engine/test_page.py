"""A rule's page is its module's docstring."""

from __future__ import annotations

import pytest

from fullgraph.engine.page import Block, marked_lines, parse_page

DOCSTRING = """What is reported.

## Heading

```python bad
x = 1  # TFG101
```

```python
not = an example
```

```python good
if x:

    y = "```"
```

```text bad
nothing
```

```python fixed
z
```
"""


def test_parse_page() -> None:
    page = parse_page("\n" + DOCSTRING)
    assert page.title == "What is reported."
    assert page.text.startswith("## Heading\n")
    assert page.text.endswith("```\n")
    assert page.blocks == (
        Block("bad", "x = 1  # TFG101\n"),
        Block("good", 'if x:\n\n    y = "```"\n'),
        Block("fixed", "z\n"),
    )
    assert page.blocks[0].marked == ((1, "TFG101"),)
    assert page.blocks[1].marked == ()


def test_a_page_without_text() -> None:
    assert parse_page("Title.").blocks == ()
    assert parse_page("").title == ""


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("x  # TFG101", ["TFG101"]),
        ("x  # TFG101   ", ["TFG101"]),
        ("x  # TFG101, TFG102", ["TFG101", "TFG102"]),
        ("x  # because  # TFG101", ["TFG101"]),
        ("x  # because of this: TFG301", ["TFG301"]),
        ("x  # TFG101 is reported here", []),
        ("x  # noqa: TFG101 ", ["TFG101"]),
        ("x = 'TFG101'", []),
        ("x  # TFG10", []),
        ("x  # ATFG101", []),
    ],
)
def test_marked_lines(line: str, codes: list[str]) -> None:
    assert marked_lines(f"\n{line}\n") == tuple((2, code) for code in codes)
