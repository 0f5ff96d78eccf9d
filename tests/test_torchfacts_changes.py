"""The table that says of which public names the other tables need not be asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph.torchfacts import Presence, availability, deprecated_names, deprecation, may_change
from fullgraph.torchfacts import names as names_module

TOOLS = Path(__file__).parents[1] / "tools"
NOTHING_LOADED = """
import sys
from fullgraph.engine.check import check_source
from fullgraph.engine.settings import Settings
from fullgraph.torchfacts import TorchRange, deprecated, names

found = check_source(sys.argv[1].encode(), "net.py", Settings.with_everything(TorchRange.parse(">=2.4")))
loaded = names._index.cache_info().currsize, deprecated._table.cache_info().currsize
print(len(found), *loaded)
"""


def every_path() -> set[str]:
    """Every name that the tables of names and of deprecations have, inherited attributes of classes included."""
    found = set(deprecated_names())
    for shard in names_module._index().shards:
        for key in names_module._shard(shard):
            path, home = key.lstrip("="), names_module._home(key)
            found.add(path)
            while home is not None:
                found.update(f"{path}.{name}" for _, names in home.groups for name in names.split())
                home = names_module._home(f"={home.root}") if home.root else None
    return found


def test_no_name_that_changes_is_missing() -> None:
    paths = every_path()
    assert len(paths) > 20_000
    for path in paths:
        known = availability(path)
        if (known is not None and Presence.ABSENT in known.states) or deprecation(path) is not None:
            assert may_change(path), path
            assert may_change(f"{path}.anything"), path


def test_it_follows_from_the_other_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))
    import generate_torchfacts

    shipped = (generate_torchfacts.PACKAGE / generate_torchfacts.CHANGES).read_text(encoding="ascii")
    assert shipped == generate_torchfacts.changes()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("torch", False),
        ("torch.ones", False),
        ("torch.__version__", False),
        ("torch.nn.functional.relu", False),
        ("torch.no_such_name", False),
        ("torch.compiler", True),
        ("torch.compiler.disable", True),
        ("torch.nn.Linear.compile", True),
        ("torch.cuda.amp.autocast", True),
        ("torch._dynamo", True),
    ],
)
def test_single_names(path: str, expected: bool) -> None:
    assert may_change(path) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "import torch\nfrom torch import nn\nx = torch.ones(2)\nm = torch.nn.Linear(1, 1), nn.functional.relu(x)\n",
            "0 0 0",
        ),
        ("import torch\ntorch.cuda.amp.autocast()\n", "1 1 1"),
    ],
)
def test_lasting_names_load_no_other_table(text: str, expected: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOTHING_LOADED, text], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == expected
