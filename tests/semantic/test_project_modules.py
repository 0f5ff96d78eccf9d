"""Which file of a project a dotted path leads to."""

from __future__ import annotations

import pytest

from fullgraph.semantic.project import Modules, ProjectFile, module_name
from fullgraph.semantic.summary import FileSummary
from projects import found

EMPTY = FileSummary((), (), (), {}, (), (), (), ())


@pytest.mark.parametrize(
    ("path", "name", "is_package"),
    [
        ("net.py", "net", False),
        ("pkg/net.py", "pkg.net", False),
        ("pkg/deep/net.py", "pkg.deep.net", False),
        ("pkg/__init__.py", "pkg", True),
        ("pkg/deep/__init__.py", "pkg.deep", True),
        ("__init__.py", "", True),
        ("pkg/net.pyi", "pkg.net", False),
        ("pkg/v1.2.py", "pkg.v1.2", False),
        ("__main__.py", "__main__", False),
    ],
)
def test_module_name(path: str, name: str, is_package: bool) -> None:
    assert module_name(path.split("/")) == (name, is_package)


@pytest.mark.parametrize(
    ("filename", "module"), [("net.py", "net"), ("a/b/net.py", "net"), ("<stdin>", "<stdin>"), ("stdin", "stdin")]
)
def test_a_file_alone_has_its_own_name(filename: str, module: str) -> None:
    file = ProjectFile.alone(filename, EMPTY)
    assert (file.filename, file.module, file.is_package) == (filename, module, False)


def modules(*paths: str) -> tuple[Modules, dict[str, int]]:
    """The modules of files at these paths, where ``src/`` is no part of a name, and each file's index."""
    files = []
    for path in paths:
        name, is_package = module_name(path.removeprefix("src/").split("/"))
        files.append(ProjectFile(path, name, is_package, EMPTY))
    return Modules(files), {path: index for index, path in enumerate(paths)}


PKG = ("main.py", "src/pkg/__init__.py", "src/pkg/net.py", "src/pkg/deep/__init__.py", "src/pkg/deep/net.py")


@pytest.mark.parametrize(
    ("importer", "path", "absolute"),
    [
        ("main.py", "pkg.net", "pkg.net"),
        ("main.py", ".net", "net"),
        ("main.py", ".", ""),
        ("main.py", "..net", None),
        ("src/pkg/__init__.py", ".net", "pkg.net"),
        ("src/pkg/__init__.py", ".", "pkg"),
        ("src/pkg/__init__.py", "..main", "main"),
        ("src/pkg/__init__.py", "...x", None),
        ("src/pkg/net.py", ".deep.net", "pkg.deep.net"),
        ("src/pkg/net.py", ".", "pkg"),
        ("src/pkg/net.py", "..x", "x"),
        ("src/pkg/net.py", "...x", None),
        ("src/pkg/deep/__init__.py", ".net", "pkg.deep.net"),
        ("src/pkg/deep/__init__.py", "..net", "pkg.net"),
        ("src/pkg/deep/net.py", ".other", "pkg.deep.other"),
        ("src/pkg/deep/net.py", "..net.Net", "pkg.net.Net"),
        ("src/pkg/deep/net.py", "...main", "main"),
        ("src/pkg/deep/net.py", "....main", None),
    ],
)
def test_relative_imports(importer: str, path: str, absolute: str | None) -> None:
    project, index = modules(*PKG)
    assert project.absolute(path, index[importer]) == absolute


@pytest.mark.parametrize(
    ("path", "filename", "rest"),
    [
        ("pkg", "src/pkg/__init__.py", []),
        ("pkg.Net", "src/pkg/__init__.py", ["Net"]),
        ("pkg.net", "src/pkg/net.py", []),
        ("pkg.net.Net.forward", "src/pkg/net.py", ["Net", "forward"]),
        ("pkg.deep.net.Net", "src/pkg/deep/net.py", ["Net"]),
        ("pkg.deep.missing", "src/pkg/deep/__init__.py", ["missing"]),
    ],
)
def test_the_longest_module_counts(path: str, filename: str, rest: list[str]) -> None:
    project, index = modules(*PKG)
    assert project.split(path, 0) == (index[filename], rest)


def test_what_is_not_of_the_project() -> None:
    project, _ = modules(*PKG)
    assert project.split("numpy.linalg", 0) == (None, ["numpy", "linalg"])
    assert project.of("pkg.missing", 0) is None
    assert project.of("pkg.net", 0) is not None
    assert project.is_known("pkg.missing")
    assert not project.is_known("numpy.linalg")


def test_a_folder_without_init_is_known() -> None:
    project, index = modules("main.py", "space/deep/net.py")
    assert project.is_known("space.deep.net.Net")
    assert project.split("space.deep.net.Net", 0) == (index["space/deep/net.py"], ["Net"])
    assert project.split("space.deep", 0) == (None, ["space", "deep"])


def named(filename: str, module: str) -> ProjectFile:
    return ProjectFile(filename, module, is_package=False, summary=EMPTY)


@pytest.mark.parametrize(
    ("importer", "helpers"),
    [
        ("a/run.py", "a/helpers.py"),
        ("ab/run.py", "ab/helpers.py"),
        ("ab/deep/run.py", "ab/helpers.py"),
        ("elsewhere/run.py", "a/helpers.py"),
    ],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_of_two_modules_with_one_name_the_nearer_counts(importer: str, helpers: str, backwards: bool) -> None:
    files = [named(path, "helpers") for path in ("a/helpers.py", "ab/helpers.py")] + [named(importer, "run")]
    files = files[::-1] if backwards else files
    index = next(place for place, file in enumerate(files) if file.module == "run")
    found_file = Modules(files).of("helpers", index)
    assert found_file is not None
    assert files[found_file].filename == helpers


RUN = "import torch\nfrom .helpers import f\ntorch.compile(f)"


def test_linking_goes_by_packages() -> None:
    sources = {
        f"{own}/{file}": text for own in "ab" for file, text in (("run.py", RUN), ("helpers.py", "def f(): ..."))
    }
    sources["b/run.py"] = RUN.replace("torch.compile", "print")
    assert found(sources)["a/helpers.py"] == {1: ["CERTAIN: torch.compile@a/run.py:3 -> f"]}
    assert found(sources)["b/helpers.py"] == {1: ["NONE"]}


def test_namespace_packages_are_followed() -> None:
    run = "import torch\nimport space.deep.net\nfrom space.deep import net\ntorch.compile({0})"
    for name in ("space.deep.net.f", "net.f"):
        sources = {"main.py": run.format(name), "space/deep/net.py": "def f(): ..."}
        assert found(sources)["space/deep/net.py"] == {1: ["CERTAIN: torch.compile@main.py:4 -> f"]}


PLAIN = (
    "app/parts/deep/net.py",
    "app/parts/net.py",
    "app/run.py",
    "kit/__init__.py",
    "kit/net.py",
    "models/net.py",
    "tools/utils.py",
    "train.py",
    "utils.py",
)
"""Directories without ``__init__.py``, as in many a research repository."""


@pytest.mark.parametrize(
    ("importer", "path", "found", "rest"),
    [
        ("train.py", "models.net.Net", "models/net.py", ["Net"]),
        ("train.py", "app.parts.net.Net", "app/parts/net.py", ["Net"]),
        ("app/run.py", "parts.net.Net", "app/parts/net.py", ["Net"]),
        ("app/run.py", "parts.deep.net", "app/parts/deep/net.py", []),
        ("app/run.py", "models.net.Net", "models/net.py", ["Net"]),
        ("app/parts/net.py", "deep.net", "app/parts/deep/net.py", []),
        ("train.py", "parts.net.Net", None, ["parts", "net", "Net"]),
        ("train.py", "kit.net.Net", "kit/net.py", ["Net"]),
        ("train.py", "models.absent", None, ["models", "absent"]),
        ("train.py", "utils.f", "utils.py", ["f"]),
        ("tools/utils.py", "tools.utils.f", "tools/utils.py", ["f"]),
    ],
)
def test_directories_that_are_no_packages(importer: str, path: str, found: str | None, rest: list[str]) -> None:
    known, index = modules(*PLAIN)
    assert known.is_known(path)
    assert known.split(path, index[importer]) == (None if found is None else index[found], rest)


INNER = (
    "src/pkg/__init__.py",
    "src/pkg/runtime/models/__init__.py",
    "src/pkg/runtime/models/heads/net.py",
    "src/pkg/runtime/run.py",
    "tests/test_pkg.py",
)
"""A package some directories of which have no ``__init__.py``."""


@pytest.mark.parametrize("importer", INNER)
@pytest.mark.parametrize(
    ("path", "found", "rest"),
    [
        ("pkg.runtime.models.heads.net.Net.f", "src/pkg/runtime/models/heads/net.py", ["Net", "f"]),
        ("pkg.runtime.models.Net", "src/pkg/runtime/models/__init__.py", ["Net"]),
        ("pkg.runtime.run.main", "src/pkg/runtime/run.py", ["main"]),
        ("pkg.runtime.absent", "src/pkg/__init__.py", ["runtime", "absent"]),
        ("pkg.runtime", "src/pkg/__init__.py", ["runtime"]),
    ],
)
def test_directories_of_a_package_that_are_none(importer: str, path: str, found: str, rest: list[str]) -> None:
    known, index = modules(*INNER)
    assert known.split(path, index[importer]) == (index[found], rest)


def test_what_a_directory_within_a_package_holds_is_followed() -> None:
    run = "import torch\nfrom pkg.parts.net import f\ntorch.compile(f)"
    sources = {"pkg/__init__.py": "", "pkg/main.py": run, "pkg/parts/net.py": "def f(): ..."}
    assert found(sources)["pkg/parts/net.py"] == {1: ["CERTAIN: torch.compile@pkg/main.py:3 -> f"]}


@pytest.mark.parametrize(
    ("importer", "path", "absolute"),
    [
        ("app/run.py", ".parts.net", "app.parts.net"),
        ("app/parts/deep/net.py", "..net", "app.parts.net"),
        ("train.py", ".utils", "utils"),
    ],
)
def test_relative_imports_in_directories_that_are_no_packages(importer: str, path: str, absolute: str) -> None:
    known, index = modules(*PLAIN)
    assert known.absolute(path, index[importer]) == absolute
