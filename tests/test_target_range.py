"""What the rules about names say where a project supports several releases of torch."""

from __future__ import annotations

import textwrap

import pytest

from fullgraph.engine.check import Settings, check_source
from fullgraph.engine.page import marked_lines
from fullgraph.torchfacts import TorchRange, TorchVersion


def found(source: str, code: str, oldest: TorchVersion, newest: TorchVersion) -> list[tuple[int, str]]:
    settings = Settings(TorchRange(oldest, newest), frozenset({code}))
    return [(each.start.row, each.code) for each in check_source(source.encode(), "example.py", settings)]


LATE = """
    import torch
    from torch.onnx import dynamo_export{at_module_level}

    def export(x):
        from torch.onnx import dynamo_export as run{in_a_function}
        return run(x)
"""


@pytest.mark.parametrize(
    ("oldest", "newest", "at_module_level", "in_a_function"),
    [
        (TorchVersion(2, 8), TorchVersion(2, 8), "", ""),
        (TorchVersion(2, 8), TorchVersion(2, 9), "  # TFG104", ""),
        (TorchVersion(2, 9), TorchVersion(2, 13), "  # TFG104", "  # TFG104"),
    ],
)
def test_an_import_inside_a_function_is_late_on_purpose(
    oldest: TorchVersion, newest: TorchVersion, at_module_level: str, in_a_function: str
) -> None:
    source = textwrap.dedent(LATE).format(at_module_level=at_module_level, in_a_function=in_a_function)
    assert found(source, "TFG104", oldest, newest) == list(marked_lines(source))
