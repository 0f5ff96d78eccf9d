"""JSON over many lines is what the standard library writes."""

from __future__ import annotations

import json

import pytest

from fullgraph.report.indented import indented


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        [[], {}, [1, [2, {"a": []}]]],
        [{"text": 'a "quoted"\nl\u00efne\u2028', "none": None, "yes": True, "no": False, "some": 1.5, "big": 10**20}],
        {"a": {"b": {"c": [None, True, "\ud800"]}}},
        "text",
        None,
    ],
)
def test_as_the_standard_library_writes_it(value: object) -> None:
    assert indented(value) == json.dumps(value, indent=2)
