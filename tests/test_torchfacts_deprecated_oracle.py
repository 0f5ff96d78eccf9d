"""Every deprecated name of the torch that is installed warns when it is used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from fullgraph.torchfacts import NEWEST_KNOWN, Deprecation, TorchVersion, Trigger, deprecated_names, deprecation

INSTALLED = TorchVersion.parse(torch.__version__)
SCRIPT = Path(__file__).with_name("torch_warns.py")
NEEDS_OPTREE = "the module needs the package optree"
NEEDS_YAML = "the module needs the package yaml"
NOT_USED = {
    "torch.utils._cxx_pytree.LeafSpec": NEEDS_OPTREE,
    "torch.utils._cxx_pytree._register_pytree_node": NEEDS_OPTREE,
    "torch.utils.data.datapipes.gen_pyi.gen_from_template": NEEDS_YAML,
    "torch.utils.data.datapipes.gen_pyi.materialize_lines": NEEDS_YAML,
}
"""The names that are not used, and why."""


def known(path: str) -> Deprecation:
    found = deprecation(path)
    assert found is not None
    return found


LIVE = [one for one in map(known, deprecated_names()) if one.warns_at(INSTALLED)]
TRIED = [one for one in LIVE if one.path not in NOT_USED]


@pytest.fixture(scope="module")
def warned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Kind and text of the warning of each name."""
    folder = tmp_path_factory.mktemp("warns")
    asked = [[one.path, one.trigger.value, one.says] for one in TRIED]
    (folder / "asked").write_text(json.dumps(asked))
    command = [sys.executable, str(SCRIPT), str(folder / "asked"), str(folder / "answers")]
    subprocess.run(command, check=True, capture_output=True, timeout=600, cwd=folder)
    answers: dict[str, list[str]] = json.loads((folder / "answers").read_text())
    return answers


def test_the_table_applies_to_the_installed_torch() -> None:
    assert len(LIVE) > 0.4 * len(deprecated_names())
    assert {one.trigger for one in TRIED} >= {Trigger.DECORATOR, Trigger.CALL, Trigger.ACCESS}


def test_names_that_are_not_used_are_in_the_table() -> None:
    assert NOT_USED.keys() <= set(deprecated_names())


@pytest.mark.parametrize("one", [pytest.param(one, id=one.path) for one in TRIED])
def test_deprecated_name_warns(one: Deprecation, warned: dict[str, list[str]]) -> None:
    kind, text = warned[one.path]
    assert kind, text
    if (one.until or NEWEST_KNOWN) == INSTALLED:
        assert (kind, text) == (one.category, one.says)
    # earlier releases may have said it in other words
    assert text == one.says or (re.search("deprecat", text) and one.path.rpartition(".")[2] in text), text


def test_a_name_that_does_not_warn_is_noticed(tmp_path: Path) -> None:
    asked = [["torch.nn.functional.relu", "call", "never"], ["torch.pi", "access", "never"], ["torch.no", "call", "n"]]
    (tmp_path / "asked").write_text(json.dumps(asked))
    command = [sys.executable, str(SCRIPT), str(tmp_path / "asked"), str(tmp_path / "answers")]
    subprocess.run(command, check=True, capture_output=True, timeout=600, cwd=tmp_path)
    answers = json.loads((tmp_path / "answers").read_text())
    assert [kind for kind, _ in answers.values()] == ["", "", ""]
