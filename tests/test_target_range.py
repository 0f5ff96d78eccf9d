"""What the rules about names say where a project supports several releases of torch."""

from __future__ import annotations

import textwrap

import pytest

from fullgraph.api import Severity
from fullgraph.engine.check import check_source
from fullgraph.engine.page import marked_lines
from fullgraph.engine.settings import Settings
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


BESIDE = """
    import torch

    def norms(tensors):
        if hasattr(torch, "foreach"):
            return torch.foreach.norm(tensors)
        return torch._foreach_norm(tensors){marker}

    def other(tensors):
        return torch._foreach_norm(tensors)  # TFG102

    def grouped(x, weight, offs):
        try:
            return torch.nn.functional.grouped_mm(x, weight, offs=offs)
        except AttributeError:
            return torch._grouped_mm(x, weight, offs)

    def unrelated(tensors):
        return torch.foreach.add(tensors, torch._foreach_norm(tensors))  # TFG102
"""


@pytest.mark.parametrize(
    ("newest", "marker"), [(TorchVersion(2, 14), "  # TFG102"), (TorchVersion(2, 15), "")], ids=["not yet", "there"]
)
def test_a_fallback_for_the_older_releases_aimed_at(newest: TorchVersion, marker: str) -> None:
    source = textwrap.dedent(BESIDE).format(marker=marker)
    assert found(source, "TFG102", TorchVersion(2, 8), newest) == list(marked_lines(source))


def said(source: str) -> list[str]:
    settings = Settings(TorchRange.only(TorchVersion(2, 13)), frozenset({"TFG102"}))
    return [each.message for each in check_source(f"import torch\n{source}\n".encode(), "example.py", settings)]


@pytest.mark.parametrize(
    ("use", "name"),
    [
        ("torch.jit._recursive.concrete_type_store.type_store.pop(x)", "torch.jit._recursive.concrete_type_store"),
        ("torch._inductor.utils.run_and_get_code(f)", "torch._inductor.utils.run_and_get_code"),
        ("torch._inductor.utils.run_and_get_code.name", "torch._inductor.utils.run_and_get_code"),
        ("torch.utils._pytree.tree_map.__name__.lower()", "torch.utils._pytree.tree_map"),
        ("torch._made_up", "torch._made_up"),
        ("torch._made_up.x._y.z.w", "torch._made_up.x._y.z"),
        ("torch.nn.modules.batchnorm._BatchNorm.forward(m, x)", "torch.nn.modules.batchnorm._BatchNorm"),
    ],
)
def test_the_message_names_the_private_thing_and_not_what_is_reached_through_it(use: str, name: str) -> None:
    (message,) = said(use)
    assert message.startswith(f"`{name}` is private torch API")


def test_the_history_is_that_of_the_name_in_the_message() -> None:
    (message,) = said("torch.utils._pytree.tree_map.__name__")
    assert "in every release 2.0 to 2.15" in message


def test_a_decorator_is_not_told_to_be_in_one_place() -> None:
    settings = Settings(TorchRange.only(TorchVersion(2, 13)), frozenset({"TFG102"}))
    source = b"import torch\n@torch.jit._overload\ndef f(x): ...\nf = torch.jit._overload\n"
    decorator, value = check_source(source, "example.py", settings)
    assert decorator.remedy == "say why in a comment"
    assert value.remedy == "keep it in one place and say why in a comment"


@pytest.mark.parametrize(
    ("comment", "is_note"),
    [
        ("# _made_up is all there is", True),
        ("# thing is all there is", True),
        ("# Undocumented, but all there is", True),
        ("# all there is", False),
        ("# privately told", False),
    ],
)
def test_which_comments_make_it_a_note(comment: str, is_note: bool) -> None:
    settings = Settings(TorchRange.only(TorchVersion(2, 13)), frozenset({"TFG102"}))
    source = f"import torch\n{comment}\ntorch._made_up.thing()\n"
    (finding,) = check_source(source.encode(), "example.py", settings)
    assert (finding.severity is Severity.NOTE) is is_note
