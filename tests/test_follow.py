"""Code of installed packages that the project uses, linked with it on request."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    "pyproject.toml": "",
    "net.py": """
import torch
from torch import nn
from zoo.layers import Mixer
from tricks import scale

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.mixer = Mixer(self.shift)

    def shift(self, x):
        return x.to("cuda")

    def forward(self, x):
        return scale(self.mixer(x))

model = torch.compile(Net())
""",
}
INSTALLED = {
    "zoo/__init__.py": "",
    "zoo/layers.py": """
import torch
from torch import nn

class Mixer(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)

class Unused(nn.Module):
    def forward(self, x):
        return x

compiled = torch.compile(Unused())
""",
    "tricks.py": "def scale(x):\n    return x\n",
}


@pytest.fixture(autouse=True, params=[".venv", "elsewhere"])
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Path:
    """A project, with the packages in its own virtual environment or in the active one."""
    home = tmp_path / "project"
    environment = home / ".venv" if request.param == ".venv" else tmp_path / "elsewhere"
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    if request.param == "elsewhere":
        monkeypatch.setenv("VIRTUAL_ENV", str(environment))
    packages = environment / "lib" / "python3.12" / "site-packages"
    for root, files in ((home, FILES), (packages, INSTALLED)):
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    (environment / "pyvenv.cfg").write_text("", encoding="utf-8")
    monkeypatch.chdir(home)
    return home


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "fullgraph", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)


def severities(*arguments: str) -> dict[int, str]:
    done = run("check", "--select", "TFG401", "--output-format", "json", *arguments)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("warning") == 0
    return {each["location"]["row"]: each["severity"] for each in json.loads(done.stdout)}


def reached(*arguments: str) -> list[str]:
    return [each["function"] for each in json.loads(run("map", "--output-format", "json", *arguments).stdout)]


def test_other_packages_are_a_barrier() -> None:
    assert reached() == ["Net.forward"]
    assert "- zoo.layers.Mixer" not in run("map").stdout
    assert "- tricks.scale  line 16: code of another package" in run("map").stdout


def test_what_is_followed_is_linked_with_the_project() -> None:
    Path("pyproject.toml").write_text("[tool.fullgraph]\nfollow = ['zoo', 'tricks']\n", encoding="utf-8")
    assert reached() == ["Net.forward", "Net.shift"]
    assert "code of another package" not in run("map").stdout
    assert severities() == {13: "error"}
    chain = json.loads(run("map", "--output-format", "json").stdout)[1]["chain"]
    assert [step["name"] for step in chain] == ["torch.compile", "Net.forward", "Mixer.forward", "Net.shift"]


def test_a_flag_and_a_single_package() -> None:
    assert reached("--follow", "zoo.layers") == ["Net.forward", "Net.shift"]


def test_only_the_project_itself_is_linted_and_has_roots() -> None:
    done = run("map", "--follow", "zoo", "--traced", "all")
    assert "Unused" not in done.stdout
    assert "(1 file)" in done.stderr


def test_flake8_follows_too() -> None:
    Path("pyproject.toml").write_text("[tool.fullgraph]\nfollow = ['zoo']\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
    command = [sys.executable, "-m", "flake8", "--select", "TFG4", "net.py"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert "via Net.forward -> Mixer.forward -> Net.shift" in done.stdout


def test_a_package_that_is_not_installed_is_said_once() -> None:
    done = run("check", "--follow", "no_such_package_anywhere", "--select", "TFG4")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == (
        "fullgraph: warning: .: cannot follow no_such_package_anywhere: not installed in the project's environment, "
        "nor in fullgraph's"
    )


@pytest.mark.parametrize("name", ["my-package", "a..b", ""])
def test_what_is_no_package(name: str) -> None:
    Path("pyproject.toml").write_text(f"[tool.fullgraph]\nfollow = ['{name}']\n", encoding="utf-8")
    done = run("check")
    assert done.returncode == 2
    assert done.stderr.startswith(f"pyproject.toml:2: bad package {name!r}; write it as in 'pkg' or 'pkg.sub'")
