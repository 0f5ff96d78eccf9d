"""Which files a run checks."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from fullgraph.cli.files import Collected, collect
from fullgraph.config import Config, from_flags, load_config
from fullgraph.tomlfile import ConfigError


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")


def ignore(directory: str, *patterns: str) -> None:
    Path(directory).mkdir(parents=True, exist_ok=True)
    Path(directory, ".gitignore").write_text("\n".join(patterns) + "\n", encoding="utf-8")


def repository(directory: str = ".") -> None:
    Path(directory, ".git", "info").mkdir(parents=True)


def collected(*paths: str, **flags: tuple[str, ...]) -> Collected:
    return collect(paths or (".",), from_flags(flags), None)


def shown(*paths: str, **flags: tuple[str, ...]) -> list[str]:
    return [file.shown for file in collected(*paths, **flags).files]


def test_python_files_in_order() -> None:
    make("b.py", "a/z.py", "a/y.pyi", "a.py", "n.ipynb", "x.txt", "py", "c.py.orig")
    assert shown() == ["a.py", "a/y.pyi", "a/z.py", "b.py"]


def test_a_named_file_is_checked_whatever_it_is_called_or_excludes_it() -> None:
    make("script", "build/x.py", ".venv/y.py")
    ignore(".", "script", "*.py")
    assert shown("script", "build/x.py", ".venv/y.py") == [".venv/y.py", "build/x.py", "script"]


def test_each_file_once() -> None:
    make("a/x.py")
    Path("l.py").symlink_to("a/x.py")
    Path("a/a_link.py").symlink_to("x.py")
    assert shown("a/x.py", "a", ".", "./a/../a/x.py", str(Path("a/x.py").absolute())) == ["a/x.py"]
    assert shown("l.py") == ["l.py"]


def test_paths_outside_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    make("in/x.py", "out/y.py")
    monkeypatch.chdir("in")
    assert shown("../out", str(tmp_path / "in")) == [str(tmp_path / "out" / "y.py"), "x.py"]


def test_default_exclusions_hold_below_a_named_directory_but_not_for_itself() -> None:
    make("build/x.py", "build/.venv/y.py", "node_modules/z.py", "src/build/w.py", "env/pyvenv.cfg", "env/lib/v.py")
    assert shown() == []
    assert shown("build") == ["build/x.py"]
    assert shown("env") == ["env/lib/v.py"]


def test_exclude_takes_the_place_of_the_defaults_and_extend_exclude_adds() -> None:
    make("build/a.py", "gen/b.py", "pkg/c.py", "pkg/d_pb2.py", "pkg/gen/e.py")
    assert shown(exclude=("gen",)) == ["build/a.py", "pkg/c.py", "pkg/d_pb2.py"]
    assert shown(extend_exclude=("/gen, *_pb2.py",)) == ["pkg/c.py", "pkg/gen/e.py"]
    assert shown(extend_exclude=("pkg/gen/",)) == ["gen/b.py", "pkg/c.py", "pkg/d_pb2.py"]
    assert shown(extend_exclude=("./gen",)) == ["pkg/c.py", "pkg/d_pb2.py", "pkg/gen/e.py"]
    assert shown(extend_exclude=("!build",)) == ["build/a.py", "gen/b.py", "pkg/c.py", "pkg/d_pb2.py", "pkg/gen/e.py"]
    assert shown("pkg/gen", extend_exclude=("gen",)) == ["pkg/gen/e.py"]


def test_a_file_s_patterns_are_relative_to_it_and_a_flag_s_to_the_working_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("a/x.py", "sub/a/y.py", "sub/b/z.py")
    Path("fullgraph.toml").write_text('extend-exclude = ["/a"]\n', encoding="utf-8")
    config = load_config(Path("fullgraph.toml"))
    assert [file.shown for file in collect((".",), config, None).files] == ["sub/a/y.py", "sub/b/z.py"]
    monkeypatch.chdir("sub")
    assert [file.shown for file in collect((".",), config, None).files] == ["a/y.py", "b/z.py"]
    both = config.overridden_by(from_flags({"extend_exclude": ("/b",)}))
    assert [file.shown for file in collect((".",), both, None).files] == ["a/y.py"]


def test_bad_pattern_names_its_place() -> None:
    make("x.py")
    with pytest.raises(ConfigError, match=r"^--exclude: bad pattern '!'"):
        shown(exclude=("!",))
    Path("f.toml").write_text("\nexclude = [\n'ok',\n'!']\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^f\.toml:4: bad pattern '!'"):
        collect((".",), load_config(Path("f.toml")), None)


def test_gitignore_nested_and_negated() -> None:
    make("a.py", "gen.py", "pkg/gen.py", "pkg/keep.py", "pkg/out/x.py", "top/x.py", "pkg/top/x.py", "dir.py/x.py")
    ignore(".", "# comment", "gen.py", "/top", "out/", "dir.py/", "")
    ignore("pkg", "!gen.py", "keep.py")
    assert shown() == ["a.py", "pkg/gen.py", "pkg/top/x.py"]


def test_parent_gitignores_count_up_to_the_root_of_the_repository() -> None:
    make("repo/pkg/sub/a.py", "repo/pkg/sub/b.py", "repo/pkg/sub/c.py", "repo/pkg/sub/d.py")
    ignore(".", "a.py")
    repository("repo")
    ignore("repo", "b.py", "/c.py")
    ignore("repo/pkg", "d.py")
    assert shown("repo/pkg/sub") == ["repo/pkg/sub/a.py", "repo/pkg/sub/c.py"]


def test_without_a_repository_parents_do_not_count() -> None:
    make("pkg/a.py")
    ignore(".", "a.py")
    assert shown("pkg") == ["pkg/a.py"]
    assert shown() == []


def test_a_directory_that_git_ignores_is_walked_if_named() -> None:
    make("gen/a.py", "gen/b/c.py", "gen/d.py")
    repository()
    ignore(".", "gen/", "*.py")
    ignore("gen", "d.py")
    assert shown("gen") == ["gen/a.py", "gen/b/c.py"]
    assert shown("gen/b") == ["gen/b/c.py"]
    assert shown() == []


def test_own_list_of_the_repository() -> None:
    make("a.py", "b.py", "pkg/a.py")
    repository()
    Path(".git/info/exclude").write_text("a.py\n", encoding="utf-8")
    assert shown() == ["b.py"]
    assert collected("pkg").empty == ["pkg"]
    ignore("pkg", "!a.py")
    assert shown() == ["b.py", "pkg/a.py"]


def test_work_tree_whose_git_is_a_file() -> None:
    make("tree/a.py", "tree/b.py", "main/.git/info/exclude", "main/.git/worktrees/tree/HEAD")
    Path("main/.git/info/exclude").write_text("a.py\n", encoding="utf-8")
    Path("main/.git/worktrees/tree/commondir").write_text("../..\n", encoding="utf-8")
    Path("tree/.git").write_text("gitdir: ../main/.git/worktrees/tree\n", encoding="utf-8")
    assert shown("tree") == ["tree/b.py"]


def test_odd_gitignores_do_no_harm() -> None:
    make("a.py", "b.py", "c/d.py", "e/f.py")
    Path(".gitignore").write_bytes(b"\xef\xbb\xbfa.py\r\n!\n\\\n\xff\xfe\n   \n[\n")
    Path("c/.gitignore").mkdir()
    Path("e/.gitignore").symlink_to(".gitignore")
    assert shown() == ["b.py", "c/d.py", "e/f.py"]


def test_agrees_with_git(tmp_path: Path) -> None:
    make(
        "a.py", "b.py", "x/a.py", "x/b.py", "x/y/a.py", "x/y/c.py", "z/x/a.py", "z/q/a.py", "z/q/keep.py", "lib/m.py",
        "doc/deep/er/t.py", "w1.py", "w2.py", "w10.py", "space .py", "#h.py", "!b.py",
    )  # fmt: skip
    subprocess.run(["git", "init", "-q"], check=True)
    ignore(".", "x/y", "/z/*", "!/z/q", "w?.py", "doc/**/t.py", "lib/*", "!lib/m.py", "\\#h.py", "\\!b.py")
    ignore("x", "a.py", "!/a.py", "**/c.py")
    ignore("z", "q/*", "!keep.py")
    command = ["git", "ls-files", "-z", "--others", "--exclude-standard", "--", "*.py"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert shown() == sorted(listed.split("\0")[:-1])
    assert len(shown()) > 5


def test_symbolic_links() -> None:
    make("real/a.py", "other/b.py")
    Path("real/up").symlink_to("..")
    Path("real/self.py").symlink_to("self.py")
    Path("real/gone.py").symlink_to("nowhere")
    Path("link").symlink_to("real")
    os.mkfifo("real/pipe.py")
    assert shown() == ["other/b.py", "real/a.py"]
    assert shown("link") == ["link/a.py"]
    assert shown("link", "real") == ["link/a.py"]


def test_a_link_in_a_loop_is_unreadable_when_named() -> None:
    Path("self.py").symlink_to("self.py")
    (problem,) = collected("self.py").unreadable
    assert problem.shown == "self.py"
    assert "Too many levels" in problem.reason


def test_missing_and_empty() -> None:
    make("empty/x.txt", "full/x.py")
    Path("gone.py").symlink_to("nowhere")
    result = collected("nope", "empty", "full", "gone.py", "full/x.py/y.py")
    assert collected("").missing == ["''"]
    assert (result.missing, result.empty) == (["nope", "gone.py", "full/x.py/y.py"], ["empty"])
    assert [file.shown for file in result.files] == ["full/x.py"]


def test_unreadable_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    make("a.py", "locked/b.py")
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    result = collected()
    assert [file.shown for file in result.files] == ["a.py"]
    assert [(each.shown, each.reason) for each in result.unreadable] == [("locked", "Permission denied")]


def test_deep_tree() -> None:
    path = Path(*["d"] * 400)
    path.mkdir(parents=True)
    Path(path, "x.py").write_text("", encoding="utf-8")
    assert shown() == [str(path / "x.py")]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(b"caf\xe9.py")).write_text("", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    make("new\nline.py", "-.py")
    assert shown() == ["-.py", os.fsdecode(b"caf\xe9.py"), "new\nline.py"]


def test_stdin_and_its_name() -> None:
    assert [file.shown for file in collect(("-",), Config(), None).files] == ["-"]
    assert [file.shown for file in collect(("-", "-"), Config(), "./a/../x.py").files] == ["x.py"]
