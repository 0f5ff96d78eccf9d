"""The project around a file: root, configuration file, and the torch version that it asks for."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullgraph.config import Config, from_flags, load_config
from fullgraph.project import common_directory, find_config, find_root, required_torch, resolve_target
from fullgraph.tomlfile import ConfigError
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange, TorchVersion


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")
    return path


def required(root: Path) -> tuple[str, str] | None:
    found = required_torch(root)
    return None if found is None else (str(found[0].oldest), found[1])


@pytest.mark.parametrize(
    ("requirement", "lowest"),
    [
        ("torch==2.4.1", "2.4"),
        ("torch == 2.4.*", "2.4"),
        ("torch===2.4.1+cu121", "2.4"),
        ("torch~=2.3", "2.3"),
        ("torch~=2.3.1", "2.3"),
        ("torch>2.1", "2.1"),
        ("torch>=2.1,<3", "2.1"),
        ("torch<3,>=2.1,!=2.2.0", "2.1"),
        ("torch>=2.1,>=2.4", "2.4"),
        ("torch>=2", "2.0"),
        ("Torch[opt-einsum]>=2.2 ; python_version < '3.12'", "2.2"),
        ("torch (>=2.5)", "2.5"),
        ("torch>=2.6.0.dev20240901", "2.6"),
        ("torch>=1.13", "1.13"),
        ("torch", None),
        ("torch<3", None),
        ("torch!=2.1", None),
        ("torch @ https://download.pytorch.org/whl/torch-2.4.0.whl", None),
        ("torch>=", None),
        ("torch>=two", None),
        ("torch-geometric>=2.4", None),
        ("torch.foo>=2.4", None),
        ("torchvision>=0.19", None),
        ("pytorch>=2.4", None),
    ],
)
def test_lower_bound_of_a_requirement(tmp_path: Path, requirement: str, lowest: str | None) -> None:
    write(tmp_path / "requirements.txt", f"numpy\n{requirement}\n")
    assert required(tmp_path) == (None if lowest is None else (lowest, "requirements.txt:2"))
    write(tmp_path / "pyproject.toml", f'[project]\nname = "x"\ndependencies = [\n  "numpy",\n  "{requirement}",\n]\n')
    assert required(tmp_path) == (None if lowest is None else (lowest, "pyproject.toml:5"))


def test_lowest_over_platforms(tmp_path: Path) -> None:
    write(
        tmp_path / "pyproject.toml",
        """\
        [project]
        dependencies = [
            "torch>=2.6; sys_platform != 'darwin'",
            "torch>=2.2; sys_platform == 'darwin'",
        ]
        [project.optional-dependencies]
        old = ["torch>=1.9"]
        """,
    )
    assert required(tmp_path) == ("2.2", "pyproject.toml:4")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[project.optional-dependencies]\ngpu = ['numpy', 'torch>=2.3']\n", 2),
        ("[dependency-groups]\ndev = [{include-group = 'x'}]\nx = ['torch>=2.3']\n", 3),
        ("[tool.poetry.dependencies]\npython = '^3.10'\ntorch = '^2.3'\n", 3),
        ("[tool.poetry.dependencies]\ntorch = '~2.3'\n", 2),
        ("[tool.poetry.dependencies]\ntorch = '~2.3.1'\n", 2),
        ("[tool.poetry.dependencies]\ntorch = '2.3.1'\n", 2),
        ("[tool.poetry.dependencies]\ntorch = '2.3.*'\n", 2),
        ("[tool.poetry.dependencies]\ntorch = '>=2.3,<3'\n", 2),
        ("[tool.poetry.dependencies]\ntorch = '>=2.3 <3'\n", 2),
        ("[tool.poetry.dependencies]\ntorch = '^2.5 || ~2.3'\n", 2),
        ("[tool.poetry.dependencies]\ntorch = {version = '^2.3', source = 'pytorch'}\n", 2),
        ("[tool.poetry.dependencies]\ntorch = [{version = '2.5.1'}, {version = '2.3.0', python = '<3.9'}]\n", 2),
        ("[tool.poetry]\nname = 'x'\n[tool.poetry.group.gpu.dependencies]\ntorch = '^2.3'\n", 4),
        ("[tool.poetry.dev-dependencies]\ntorch = '^2.3'\n", 2),
    ],
)
def test_other_tables_of_pyproject(tmp_path: Path, text: str, line: int) -> None:
    write(tmp_path / "pyproject.toml", text)
    assert required(tmp_path) == ("2.3", f"pyproject.toml:{line}")


@pytest.mark.parametrize(
    "text",
    [
        "[tool.poetry.dependencies]\ntorch = '*'\n",
        "[tool.poetry.dependencies]\ntorch = {git = 'https://x/torch-2.3'}\n",
        "[tool.poetry.dependencies]\ntorch = [[['^2.3']]]\n",
        "[tool.poetry]\ndependencies = 3\ngroup = 4\n# torch\n",
        "[tool.poetry.group]\nx = 'torch'\n",
        "[project]\ndependencies = 'torch>=2'\n",
        "[project]\ndependencies = [3, ['torch>=2']]\n",
        "project = ['torch>=2']\n",
        "[project]\noptional-dependencies = ['torch>=2']\n",
        "[project.optional-dependencies]\nx = 'torch>=2'\n",
        "dependency-groups = 'torch'\n",
        "[broken 'torch>=2'",
    ],
)
def test_odd_shapes_say_nothing(tmp_path: Path, text: str) -> None:
    write(tmp_path / "pyproject.toml", text)
    assert required(tmp_path) is None


def test_setup_cfg(tmp_path: Path) -> None:
    write(
        tmp_path / "setup.cfg",
        """\
        [metadata]
        description = 100% torch
        [options]
        install_requires =
            numpy
            torch>=2.1
        [options.extras_require]
        gpu = torch>=1.9
        """,
    )
    assert required(tmp_path) == ("2.1", "setup.cfg:6")
    write(tmp_path / "setup.cfg", "[options.extras_require]\ngpu =\n    torch>=1.9\n")
    assert required(tmp_path) == ("1.9", "setup.cfg:3")
    write(tmp_path / "setup.cfg", "torch>=2 is no section\n")
    assert required(tmp_path) is None


def test_setup_py_is_read_and_never_run(tmp_path: Path) -> None:
    write(
        tmp_path / "setup.py",
        """\
        from setuptools import setup
        open("ran", "w").close()
        low = "2.9"
        more = ["torch>=1" + low, "torch>=1.%s" % low]
        setup(install_requires=["numpy"] + ["torch>=2.2,<3", f"torch>={low}", f"torch>=1{low}"])
        """,
    )
    assert required(tmp_path) == ("2.2", "setup.py:5")
    assert not (tmp_path / "ran").exists()
    write(tmp_path / "setup.py", "torch = (\n")
    assert required(tmp_path) is None
    write(tmp_path / "setup.py", "torch = " + "(" * 3000 + ")" * 3000)
    assert required(tmp_path) is None


def test_requirements_file(tmp_path: Path) -> None:
    write(
        tmp_path / "requirements.txt",
        """\
        # torch>=1.0
        --extra-index-url https://download.pytorch.org/whl/torch-2.9
        -e git+https://github.com/pytorch/pytorch
        https://example.org/torch-2.0-py3-none-any.whl
        numpy==1.26 \\
            --hash=sha256:00
        !!! nonsense
        torch==2.4.1 \\
            --hash=sha256:11 \\
            --hash=sha256:22   # why
        """,
    )
    assert required(tmp_path) == ("2.4", "requirements.txt:8")


def test_requirements_comment_after_the_requirement(tmp_path: Path) -> None:
    write(tmp_path / "requirements.txt", "torch>=2.4  # not 2.3, see #12\n")
    assert required(tmp_path) == ("2.4", "requirements.txt:1")


def test_includes_are_followed_and_bounded(tmp_path: Path) -> None:
    write(tmp_path / "requirements.txt", "-r requirements/base.txt\n-r missing.txt\n-r https://x/torch.txt\n")
    write(tmp_path / "requirements" / "base.txt", "--requirement=../requirements.txt\n-rmore.txt\n-r .\n")
    write(tmp_path / "requirements" / "more.txt", "torch>=2.3\n")
    assert required(tmp_path) == ("2.3", "requirements/more.txt:1")
    for number in range(200):
        write(tmp_path / f"r{number}.txt", f"-r r{number + 1}.txt\n")
    write(tmp_path / "requirements.txt", "-r r0.txt\n")
    write(tmp_path / "r200.txt", "torch>=2.1\n")
    assert required(tmp_path) is None


def test_the_main_requirements_file_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "requirements-dev.txt", "torch>=2.9\n")
    write(tmp_path / "requirements.txt", "torch>=2.5\n")
    assert required(tmp_path) == ("2.5", "requirements.txt:1")
    write(tmp_path / "requirements.txt", "torch\n")
    assert required(tmp_path) == ("2.9", "requirements-dev.txt:1")


def test_order_of_the_places(tmp_path: Path) -> None:
    write(tmp_path / "requirements.txt", "torch>=2.1\n")
    assert required(tmp_path) == ("2.1", "requirements.txt:1")
    write(tmp_path / "setup.py", "setup(install_requires='torch>=2.2')\n")
    assert required(tmp_path) == ("2.2", "setup.py:1")
    write(tmp_path / "setup.cfg", "[options]\ninstall_requires = torch>=2.3\n")
    assert required(tmp_path) == ("2.3", "setup.cfg:2")
    write(tmp_path / "pyproject.toml", "[project.optional-dependencies]\nx = ['torch>=2.4']\n")
    assert required(tmp_path) == ("2.4", "pyproject.toml:2")
    write(tmp_path / "pyproject.toml", "[project]\ndependencies = ['torch>=2.5']\n")
    assert required(tmp_path) == ("2.5", "pyproject.toml:2")


def test_encodings_and_odd_files(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes("torch>=2.4\r\n".encode("utf-16"))
    assert required(tmp_path) == ("2.4", "requirements.txt:1")
    (tmp_path / "requirements.txt").write_bytes(b"\xff\xfe\xfd torch>=2.4")
    assert required(tmp_path) is None
    (tmp_path / "requirements.txt").write_bytes(b"caf\xe9\ntorch>=2.4")
    assert required(tmp_path) is None
    (tmp_path / "requirements.txt").unlink()
    (tmp_path / "requirements.txt").mkdir()
    (tmp_path / "pyproject.toml").symlink_to("pyproject.toml")
    assert required(tmp_path) is None
    assert required_torch(tmp_path / "nowhere") is None


@given(st.text(), st.sampled_from(["pyproject.toml", "setup.cfg", "setup.py", "requirements.txt"]))
def test_no_text_makes_it_fail(tmp_path_factory: pytest.TempPathFactory, text: str, name: str) -> None:
    root = tmp_path_factory.mktemp("any")
    (root / name).write_text(f"{text}\ntorch>=2\n{text}", encoding="utf-8", errors="replace")
    required_torch(root)


def test_find_root(tmp_path: Path) -> None:
    package = tmp_path / "a" / "b"
    package.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert find_root(package) == tmp_path
    write(tmp_path / "a" / "requirements-dev.txt", "")
    assert find_root(package) == tmp_path / "a"
    write(package / "setup.py", "")
    assert find_root(package) == package


def test_common_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a" / "x.py", "")
    write(tmp_path / "b" / "c" / "y.py", "")
    assert common_directory([tmp_path / "a" / "x.py"]) == tmp_path / "a"
    assert common_directory([tmp_path / "a" / "x.py", tmp_path / "b" / "c"]) == tmp_path
    monkeypatch.chdir(tmp_path / "b")
    assert common_directory([]) == tmp_path / "b"
    assert common_directory([Path("../a")]) == tmp_path / "a"


def test_find_config_takes_the_nearest_with_the_table_and_stops_at_git(tmp_path: Path) -> None:
    inner = tmp_path / "repo" / "pkg"
    inner.mkdir(parents=True)
    outer = write(tmp_path / "pyproject.toml", "[tool.fullgraph]\n")
    assert find_config(inner) == outer
    write(inner / "pyproject.toml", "[tool.black]\n# fullgraph\n")
    assert find_config(inner) == outer
    (tmp_path / "repo" / ".git").mkdir()
    assert find_config(inner) is None
    own = write(tmp_path / "repo" / "pyproject.toml", "[tool.fullgraph]\n")
    assert find_config(inner) == own


def test_a_broken_pyproject_is_an_error_only_if_it_speaks_of_fullgraph(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path / "pyproject.toml", "[tool.black\n")
    assert find_config(tmp_path) is None
    write(tmp_path / "pyproject.toml", "[tool.fullgraph\n")
    with pytest.raises(ConfigError, match=r"pyproject\.toml:1:16: invalid TOML"):
        find_config(tmp_path)


def test_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_target(Config(), tmp_path).releases == TorchRange.only(NEWEST_KNOWN)
    write(tmp_path / "requirements.txt", "torch>=2.2\n")
    target = resolve_target(Config(), tmp_path)
    assert (target.releases, target.origin) == (
        TorchRange(TorchVersion(2, 2), NEWEST_KNOWN),
        "as requirements.txt:1 allows",
    )
    assert resolve_target(Config(), None).releases == TorchRange.only(NEWEST_KNOWN)
    config = load_config(write(tmp_path / "fullgraph.toml", "\ntarget-torch = '2.3'\n"))
    target = resolve_target(config, tmp_path)
    assert (target.releases, target.origin) == (TorchRange.only(TorchVersion(2, 3)), "set by fullgraph.toml:2")
    target = resolve_target(config.overridden_by(from_flags({"target_torch": "2.6"})), tmp_path)
    assert (target.releases, target.origin) == (TorchRange.only(TorchVersion(2, 6)), "set by --target-torch")


@pytest.mark.parametrize(
    ("requirement", "releases"),
    [
        ("torch>=2.4", "2.4 to 2.15"),
        ("torch>=2.4,<2.16", "2.4 to 2.15"),
        ("torch>=2.4,<3", "2.4 to 2.15"),
        ("torch>=2.4,<2.7", "2.4 to 2.6"),
        ("torch>=2.4,<2.7.1", "2.4 to 2.7"),
        ("torch>=2.4,<=2.7", "2.4 to 2.7"),
        ("torch>2.4,!=2.5.0", "2.4 to 2.15"),
        ("torch==2.6.*", "2.6"),
        ("torch~=2.6.0", "2.6"),
        ("torch~=2.6", "2.6 to 2.15"),
        ("torch>=2.20", "2.20"),
    ],
)
def test_upper_bound(tmp_path: Path, requirement: str, releases: str) -> None:
    (tmp_path / "requirements.txt").write_text(f"{requirement}\n", encoding="utf-8")
    found = required_torch(tmp_path)
    assert found is not None
    assert str(found[0]) == releases


def test_several_requirements_count_together(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "torch>=2.4,<2.7; python_version<'3.9'\ntorch>=2.6,<2.9\n", encoding="utf-8"
    )
    found = required_torch(tmp_path)
    assert found is not None
    assert str(found[0]) == "2.4 to 2.8"


@pytest.mark.parametrize("text", [">=2.4,<2.16", "2.6", ">= 2.4", "==2.4"])
def test_target_is_a_version_or_a_specifier(text: str) -> None:
    assert resolve_target(from_flags({"target_torch": text}), None).releases == TorchRange.parse(text)


@pytest.mark.parametrize("text", ["<2.6", "2.4,2.5", ">=foo", "latest", ">=2.4;<2.6", ""])
def test_bad_target(text: str) -> None:
    with pytest.raises(ValueError, match="expected something like"):
        TorchRange.parse(text)
