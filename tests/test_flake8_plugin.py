"""The flake8 plugin, mostly in a real flake8 in a process of its own, which finds it by its entry point."""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fullgraph import __version__
from fullgraph import flake8 as plugin_module
from fullgraph.engine.check import check_source
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.flake8 import Plugin
from fullgraph.torchfacts import NEWEST_KNOWN, TorchRange

if TYPE_CHECKING:
    from collections.abc import Iterator

GUILTY = "import torch\n\n\n@torch._dynamo.disable\ndef f(x):\n    return x\n"
"""One TFG101 at 4:2, whatever the torch version."""
BOTH = "import os\nimport torch\n\n\n@torch._dynamo.disable\ndef f(x):\n    return torch._dynamo.mark_dynamic(x, 0)\n"
"""An F401 at 1:1, a TFG101 at 5:2 and a TFG102 at 7:12, whatever the torch version."""
NORMS = "import torch\n\n\ndef f(x):\n    return torch._foreach_norm(x)\n"
"""TFG102 at 5:12 before torch 2.15, TFG101 from then on."""

BREAK_TFG101 = """
from dataclasses import replace
from fullgraph.engine.registry import registry

def broken(node, ctx):
    raise ZeroDivisionError("no such luck")

triggers = registry()["TFG101"].rule.triggers
triggers[:] = [replace(trigger, handler=broken) for trigger in triggers]
"""
BREAK_ENGINE = """
import fullgraph.flake8

def broken(*args, **more):
    raise RecursionError("too deep")

fullgraph.flake8.is_traced_enough = broken
"""
TURN_OFF_TFG101 = """
from fullgraph.engine.registry import registry

object.__setattr__(registry()["TFG101"].rule, "default", False)
"""
SPAWN = """
import multiprocessing

multiprocessing.set_start_method("spawn")
"""


@pytest.fixture(autouse=True)
def in_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".git").mkdir()


def make(name: str, content: str | bytes = GUILTY) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def flake8(*arguments: str, stdin: bytes = b"", prelude: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run flake8; ``prelude`` is run before it in the same process."""
    start = ["-m", "flake8"]
    if prelude is not None:
        start = [
            "-c",
            f"{prelude}\nfrom flake8.main.cli import main\n\nif __name__ == '__main__':\n    raise SystemExit(main())",
        ]
    done = subprocess.run(
        [sys.executable, *start, *arguments], input=stdin, capture_output=True, check=False, timeout=120
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in out + err, err
    return subprocess.CompletedProcess(done.args, done.returncode, out, err)


def places(*arguments: str, **more: object) -> list[str]:
    """``file:row:column: code`` of everything that flake8 reports."""
    done = flake8(*arguments, **more)  # type: ignore[arg-type]
    found = [" ".join(line.split(" ")[:2]) for line in done.stdout.splitlines()]
    assert done.returncode == (1 if found else 0), done.stdout + done.stderr
    return found


def test_flake8_knows_the_plugin() -> None:
    words = " ".join(flake8("--version").stdout.split())
    assert f"fullgraph: {__version__}" in words


def test_default_run() -> None:
    make("a.py", BOTH)
    found = places("a.py")
    assert {"./a.py:5:2: TFG101", "./a.py:7:12: TFG102"} <= set(places("."))
    assert found == ["a.py:1:1: F401", "a.py:5:2: TFG101", "a.py:7:12: TFG102"]


def test_message() -> None:
    make("a.py")
    line = flake8("a.py").stdout.rstrip("\n")
    findings = check_source(GUILTY.encode(), "a.py", Settings.with_everything(TorchRange.only(NEWEST_KNOWN)))
    assert line == f"a.py:4:2: TFG101 {findings[0].text}"


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--select=TFG"], ["TFG101", "TFG102"]),
        (["--select=TFG102"], ["TFG102"]),
        (["--select=F,TFG101"], ["F401", "TFG101"]),
        (["--select=F"], ["F401"]),
        (["--ignore=TFG"], ["F401"]),
        (["--ignore=TFG101"], ["F401", "TFG102"]),
        (["--extend-ignore=TFG102"], ["F401", "TFG101"]),
        (["--select=TFG", "--extend-ignore=TFG101"], ["TFG102"]),
        (["--per-file-ignores=a.py:TFG1"], ["F401"]),
        (["--per-file-ignores=b.py:TFG1"], ["F401", "TFG101", "TFG102"]),
    ],
)
def test_selection(arguments: list[str], codes: list[str]) -> None:
    make("a.py", BOTH)
    assert [place.split()[1] for place in places(*arguments, "a.py")] == codes


NOQA = {
    "": True,
    "  # noqa": False,
    "  # NOQA": False,
    "  # noqa: TFG101": False,
    "  # noqa:TFG101,E501": False,
    "  # noqa: E501 TFG101": False,
    "  # noqa: TFG1": False,
    "  # noqa: TFG": False,  # no code to flake8, so it takes the comment for a bare noqa
    "  # noqa : TFG101": False,
    "  # noqa: TFG102": True,
    "  # noqa: E501": True,
    "  # no qa": True,
    "  # see # noqa: TFG101": False,
    "  # type: ignore[misc]  # noqa: TFG101": False,
}
"""What may follow a guilty line, and whether the line is still reported."""
SEVERAL_LINES = """import torch

A = [
    torch._dynamo.disable,
]  # noqa: TFG101
B = (torch._dynamo.disable, '''
a string  # noqa: TFG101
''')
C = torch._dynamo.disable, \\
    1  # noqa: TFG101
"""
"""Only the first is reported: a string or a backslash joins lines for noqa, brackets do not."""


def test_noqa() -> None:
    source = "import torch\n" + "".join(
        f"\n\n@torch._dynamo.disable{comment}\ndef f(x):\n    return x\n" for comment in NOQA
    )
    rows = [4 + 5 * number for number, reported in enumerate(NOQA.values()) if reported]
    assert_rows(source, rows)


def test_noqa_of_several_lines() -> None:
    assert_rows(SEVERAL_LINES, [4])


def assert_rows(source: str, rows: list[int]) -> None:
    make("a.py", source)
    assert [int(place.split(":")[1]) for place in places("--select=TFG", "a.py")] == rows
    ours = check_source(source.encode(), "a.py", Settings.with_everything(TorchRange.only(NEWEST_KNOWN)))
    guilty = [finding.start.row for finding in ours if finding.code != "TFG002"]  # flake8 hides what would tell
    assert guilty == rows, "the command line reads the comments otherwise than flake8"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# flake8: noqa", []),
        ("    # FLAKE8: NOQA", []),
        ("x = 1  # flake8: noqa", ["TFG101", "TFG102"]),
    ],
)
def test_noqa_for_a_file(line: str, expected: list[str]) -> None:
    source = f"{line}\n{BOTH}"
    make("a.py", source)
    assert [place.split()[1] for place in places("--select=TFG", "a.py")] == expected
    ours = check_source(source.encode(), "a.py", Settings.with_everything(TorchRange.only(NEWEST_KNOWN)))
    assert [finding.code for finding in ours] == expected, "the command line reads the comment otherwise than flake8"


def test_disable_noqa() -> None:
    make("a.py", GUILTY.replace("disable\n", "disable  # noqa\n"))
    assert places("a.py") == []
    assert places("--disable-noqa", "a.py") == ["a.py:4:2: TFG101"]


@pytest.mark.parametrize("prelude", ["", SPAWN], ids=["default", "spawn"])
def test_parallel_run_is_the_same(prelude: str) -> None:
    for name in "abcdef":
        make(f"{name}.py", BOTH + NORMS.partition("\n")[2])
    arguments = ["--fullgraph-target-torch=2.3", "."]
    alone = flake8("-j1", *arguments, prelude=prelude)
    together = flake8("-j2", *arguments, prelude=prelude)
    assert alone.stdout == together.stdout
    assert alone.returncode == together.returncode == 1
    assert alone.stdout.count("TFG102") == 12, "the option must reach the workers"


@pytest.mark.parametrize(("arguments", "name"), [([], "stdin"), (["--stdin-display-name=sub/a.py"], "sub/a.py")])
def test_stdin(arguments: list[str], name: str) -> None:
    assert places(*arguments, "-", stdin=GUILTY.encode()) == [f"{name}:4:2: TFG101"]


def test_stdin_belongs_to_the_project_of_its_name() -> None:
    make("sub/requirements.txt", "torch>=2.4\n")
    assert places("-", stdin=NORMS.encode()) == ["stdin:5:12: TFG101"]
    assert places("--stdin-display-name=sub/a.py", "-", stdin=NORMS.encode()) == ["sub/a.py:5:12: TFG102"]


@pytest.mark.parametrize(
    "before",
    [
        "",
        "x = 1; ",
        "x = 'é'; ",
        "x = '日本語'; ",
        "x = '🔥'; ",
        "x = 'e\u0301'; ",
        "x =\t1;\t",
        "é = 1; ",
        "x = '\x0c'; ",
    ],
    ids=["nothing", "ascii", "two-bytes", "three-bytes", "four-bytes", "combining", "tabs", "name", "form-feed"],
)
def test_columns_count_characters(before: str) -> None:
    make("a.py", f"import torch\n\n{before}y = torch._dynamo.disable\n")
    assert places("--select=TFG", "a.py") == [f"a.py:3:{len(before) + 5}: TFG101"]


def test_tab_indent() -> None:
    make("a.py", "import torch\n\n\ndef f(x):\n\tif x:\n\t\treturn torch._dynamo.disable(x)\n")
    assert places("--select=TFG", "a.py") == ["a.py:6:10: TFG101"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfimport torch\n\ny = 'x', torch._dynamo.disable\n",
        b"\xef\xbb\xbfimport torch\r\n\r\ny = 'x', torch._dynamo.disable\r\n",
        b"import torch\r\n\r\ny = 'x', torch._dynamo.disable\r\n",
        b"import torch\r\ry = 'x', torch._dynamo.disable\r",
        b"# coding: latin-1\nimport torch\ny = '\xe9', torch._dynamo.disable\n",
        b"# coding: cp1252\nimport torch\ny = '\x80', torch._dynamo.disable",
        b"import torch\n\ny = '\xe9', torch._dynamo.disable\n",
    ],
    ids=["bom", "bom-crlf", "crlf", "cr", "latin-1", "cp1252-no-newline", "not-utf-8"],
)
def test_encodings_and_newlines(content: bytes) -> None:
    make("a.py", content)
    assert places("--select=TFG", "a.py") == ["a.py:3:10: TFG101"]


def test_bom_on_the_guilty_line() -> None:
    make("a.py", b"\xef\xbb\xbffrom torch import _dynamo; y = _dynamo.disable\n")
    assert "a.py:1:32: TFG101" in places("--select=TFG", "a.py")


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_a_file_that_does_not_parse_stops_nothing(jobs: str) -> None:
    make("a.py")
    make("b.py", "import torch\ntorch._dynamo.disable(\n")
    make("c.py")
    make("d.py", b"import torch\n\x00")
    found = places(jobs, "--select=E9,TFG", ".")
    assert [place.split()[1] for place in found if "/b.py" in place or "/d.py" in place] == ["E999", "E999"]
    assert {"./a.py:4:2: TFG101", "./c.py:4:2: TFG101"} <= set(found)


@pytest.mark.parametrize("content", ["", "\n", "# torch\n", "'''torch'''\n", "import torch"])
def test_nothing_to_say(content: str) -> None:
    make("a.py", content)
    assert places("--select=TFG", "a.py") == []


@pytest.mark.parametrize("name", [".flake8", "setup.cfg", "tox.ini"])
@pytest.mark.parametrize("key", ["fullgraph-target-torch", "fullgraph_target_torch"])
def test_target_in_flake8s_configuration(name: str, key: str) -> None:
    make("requirements.txt", "torch>=2.4\n")
    make("a.py", NORMS)
    assert places("a.py") == ["a.py:5:12: TFG102"]
    make(name, f"[flake8]\n{key} = 2.15\n")
    assert places("a.py") == ["a.py:5:12: TFG101"]
    assert places("--fullgraph-target-torch=2.14.1", "a.py") == ["a.py:5:12: TFG102"], "the command line wins"


def test_target_in_order() -> None:
    make("a.py", NORMS)
    assert places("a.py") == ["a.py:5:12: TFG101"], "the newest known"
    make("pyproject.toml", '[project]\ndependencies = ["torch>=2.4"]\n')
    assert places("a.py") == ["a.py:5:12: TFG102"], "the requirement"
    make("pyproject.toml", '[project]\ndependencies = ["torch>=2.4"]\n[tool.fullgraph]\ntarget-torch = "2.15"\n')
    assert places("a.py") == ["a.py:5:12: TFG101"], "the project's setting"
    make(".flake8", "[flake8]\nfullgraph-target-torch = 2.9\n")
    assert places("a.py") == ["a.py:5:12: TFG102"], "flake8's option"


def test_project_is_that_of_the_files() -> None:
    make("old/pyproject.toml", '[tool.fullgraph]\ntarget-torch = "2.4"\n')
    make("old/src/a.py", NORMS)
    make("old/src/sub/b.py", NORMS)
    make("c.py", NORMS)
    assert places("old/src/sub/b.py", "old/src/a.py") == ["old/src/a.py:5:12: TFG102", "old/src/sub/b.py:5:12: TFG102"]
    assert places("c.py", "old/src/a.py") == ["c.py:5:12: TFG101", "old/src/a.py:5:12: TFG101"]


PYPROJECT_ERRORS = [
    ('[tool.fullgraph]\ntarget-torch = "new"\n', "pyproject.toml:2: bad torch version 'new'; write it as in '2.4'"),
    ("[tool.fullgraph]\ntarget_torch = 2\n", "pyproject.toml:2: unknown key 'target_torch'"),
    ("[tool.fullgraph\n", "pyproject.toml:1"),
]


@pytest.mark.parametrize(("text", "message"), PYPROJECT_ERRORS)
def test_wrong_pyproject(text: str, message: str) -> None:
    make("a.py")
    make("pyproject.toml", text)
    assert_refused(flake8("a.py"), f"fullgraph: {message}")


@pytest.mark.parametrize("value", ["new", "2.x", "two", "<2.4", ""])
def test_wrong_option(value: str) -> None:
    make("a.py")
    make("b.py")
    message = f"fullgraph: --fullgraph-target-torch: bad torch version {value!r}"
    assert_refused(flake8(f"--fullgraph-target-torch={value}", "a.py"), message)
    make(".flake8", f"[flake8]\nfullgraph-target-torch = {value}\n")
    assert_refused(flake8("-j2", "."), message)


def assert_refused(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert done.returncode == 1
    assert done.stderr == ""
    headline, ours = done.stdout.splitlines()
    assert headline == "There was a critical error during execution of Flake8:"
    assert ours.startswith(message)


@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_a_rule_that_raises(jobs: str) -> None:
    make("a.py", BOTH)
    make("b.py", f"{BOTH}\n\nf = torch._dynamo.disable(f)\ntorch._dynamo.mark_dynamic\n")
    done = flake8(jobs, "--select=F401,TFG", ".", prelude=BREAK_TFG101)
    assert done.returncode == 1
    assert [" ".join(line.split(" ")[:2]) for line in done.stdout.splitlines()] == [
        "./a.py:1:1: F401",
        "./a.py:5:2: TFG001",
        "./a.py:7:12: TFG102",
        "./b.py:1:1: F401",
        "./b.py:5:2: TFG001",
        "./b.py:7:12: TFG102",
        "./b.py:11:1: TFG102",
    ]
    assert done.stdout.count(" in TFG101: ZeroDivisionError: no such luck;") == 2


def test_an_engine_that_raises() -> None:
    make("a.py", BOTH)
    assert sorted(flake8("a.py", prelude=BREAK_ENGINE).stdout.splitlines()) == [
        "a.py:1:1: F401 'os' imported but unused",
        "a.py:1:1: TFG001 internal error of fullgraph: RecursionError; please report it",
    ]


def test_a_rule_that_is_off_by_default() -> None:
    make("a.py", BOTH)
    assert places("a.py", prelude=TURN_OFF_TFG101) == ["a.py:1:1: F401", "a.py:7:12: TFG102"]
    assert places("--extend-select=TFG101", "a.py", prelude=TURN_OFF_TFG101) == [
        "a.py:1:1: F401",
        "a.py:5:2: TFG101",
        "a.py:7:12: TFG102",
    ]


class Options:
    """Records what a plugin does to flake8's options."""

    def __init__(self) -> None:
        self.parser = argparse.ArgumentParser()
        self.from_config: list[bool] = []
        self.ignored: list[str] = []

    def add_option(self, flag: str, *, parse_from_config: bool = False, **keywords: object) -> None:
        self.parser.add_argument(flag, **keywords)  # type: ignore[arg-type]
        self.from_config.append(parse_from_config)

    def extend_default_ignore(self, codes: list[str]) -> None:
        self.ignored += codes


def test_options_clash_with_nobody() -> None:
    options = Options()
    Plugin.add_options(options)  # type: ignore[arg-type]
    names = vars(options.parser.parse_args([]))
    assert names
    assert all(name.startswith("fullgraph_") for name in names)
    assert all(options.from_config)
    assert set(options.ignored) == {code for code, rule in registry().items() if not rule.default}


def deep_sources() -> Iterator[tuple[str, str]]:
    count = 900
    yield "calls", f"y = torch{'.a()' * count}\n"
    yield "sums", f"y = torch._dynamo.disable{' + x' * count}\n"
    yield "attributes", f"y = torch{'._a' * count}\n"
    yield "elif", "if x: pass\n" + "elif torch._C: pass\n" * count
    yield "aliases", "a0 = torch._C\n" + "".join(f"a{number + 1} = a{number}\n" for number in range(count))
    yield "cycle", "a = b\nb = a\na = torch.compile(a)\na = a.a\n"
    yield "functions", "".join(f"def f{n}(x): return torch.stack([f{n + 1}(y) for y in x])\n" for n in range(count))


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in deep_sources()])
def test_deep_code_is_no_error(source: str) -> None:
    source = "import torch\n" + source
    found = list(Plugin(ast.parse(source), "a.py", source.splitlines(keepends=True)).run())
    assert not [text for _, _, text, _ in found if text.startswith("TFG001")]


@pytest.mark.parametrize("error", [RecursionError, MemoryError, KeyError, AssertionError])
def test_no_exception_leaves_run(error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise error

    monkeypatch.setattr(plugin_module, "check_tree", broken)
    found = list(Plugin(ast.parse(GUILTY), "a.py", GUILTY.splitlines(keepends=True)).run())
    assert found == [(1, 0, f"TFG001 internal error of fullgraph: {error.__name__}; please report it", Plugin)]


@pytest.mark.parametrize("rule", registry())
def test_the_shared_tree_is_not_changed(rule: str) -> None:
    for block in registry()[rule].page.blocks:
        tree = ast.parse(block.source)
        before = ast.dump(tree, include_attributes=True)
        list(Plugin(tree, "a.py", block.source.splitlines(keepends=True)).run())
        assert ast.dump(tree, include_attributes=True) == before
        assert {name for node in ast.walk(tree) for name in vars(node)} <= {
            name for kind in {type(node) for node in ast.walk(tree)} for name in (*kind._fields, *kind._attributes)
        }


SHOW_CODES = """
import atexit
from fullgraph.flake8 import Plugin

atexit.register(lambda: print(*sorted(Plugin.settings.codes)))
"""


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ([], {"TFG101", "TFG201", "TFG501"}),
        (["--select=F,TFG1"], {"TFG101"}),
        (["--select=F,TFG1", "--extend-select=TFG50"], {"TFG101", "TFG501"}),
        (["--extend-ignore=TFG2"], {"TFG101", "TFG501"}),
        (["--ignore=TFG", "--extend-select=TFG201"], {"TFG201"}),
    ],
)
def test_rules_of_which_flake8_would_show_nothing_do_not_run(arguments: list[str], runs: set[str]) -> None:
    make("a.py", "import torch\n")
    codes = set(flake8(*arguments, "a.py", prelude=SHOW_CODES).stdout.split())
    assert codes & {"TFG101", "TFG201", "TFG501"} == runs
