"""``fullgraph check --fix``, ``--unsafe-fixes`` and ``--diff`` as a user sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fullgraph.cli.commands import cli
from fullgraph.textfile import TextFile

SAFE = "import torch\n\n\n@torch._dynamo.disable  # type: ignore[untyped-decorator]\ndef f(x):\n    return x\n"
FIXED = SAFE.replace("torch._dynamo.disable", "torch.compiler.disable")
UNSAFE = "import torch\n\nhooks = [torch._dynamo.disable]\n"
LEFT = "import torch\n\nf = torch._dynamo.disable(print, wrapping=False)\n"
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def make(**files: str) -> None:
    for name, text in files.items():
        Path(f"{name}.py").write_text(text, encoding="utf-8")


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "fullgraph", "check", "--isolated", "--target-torch=2.13", *arguments],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        input=stdin,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def test_fix_everything() -> None:
    make(a=SAFE)
    assert run("--fix") == (
        0,
        "Found 1 finding (1 fixed, 0 remaining).\nTarget: torch 2.13, set by --target-torch.\n",
        "",
    )
    assert Path("a.py").read_text(encoding="utf-8") == FIXED
    assert run("--fix")[:2] == (
        0,
        "All clear: 1 file checked, torch 2.13.\nTarget: torch 2.13, set by --target-torch.\n",
    )


def test_what_remains_is_reported_as_it_is_now() -> None:
    make(a=SAFE + UNSAFE, b=LEFT, c="x = (\n")
    status, out, err = run("--fix")
    assert (status, err) == (1, "")
    assert "a.py:9:10: TFG101" in out
    assert "= unsafe fix: rename to `torch.compiler.disable`: it is passed on" in out
    assert "= not fixed: `wrapping=` is not taken by `torch.compiler.disable`" in out
    assert "c.py:1:5: TFG000" in out
    assert "\nFound 4 findings (1 fixed, 3 remaining).\n1 fix available with --unsafe-fixes.\n" in out
    status, out, _ = run("--fix", "--unsafe-fixes", "-q", "--output-format=concise", "a.py")
    assert (status, out) == (0, "")
    assert "[torch.compiler.disable]" in Path("a.py").read_text(encoding="utf-8")


def test_without_fix_nothing_is_written() -> None:
    make(a=SAFE + UNSAFE)
    status, out, _ = run()
    assert status == 1
    assert "= fix: rename to `torch.compiler.disable`\n" in out
    assert "\n1 fixable with --fix (1 more with --unsafe-fixes).\n" in out
    assert "\n2 fixable with --fix --unsafe-fixes.\n" in run("--unsafe-fixes")[1]
    assert Path("a.py").read_text(encoding="utf-8") == SAFE + UNSAFE


def test_json() -> None:
    make(a=SAFE, b=LEFT)
    first, second = json.loads(run("--output-format=json")[1])
    assert first["fix"] == {"applicability": "safe", "message": "rename to `torch.compiler.disable`"}
    assert second["fix"] == {
        "applicability": "display",
        "message": "`wrapping=` is not taken by `torch.compiler.disable`",
    }
    (rest,) = json.loads(run("--fix", "--output-format=json")[1])
    assert rest == second


def test_diff() -> None:
    make(a=SAFE, b=UNSAFE)
    status, out, err = run("--diff")
    assert (status, err) == (1, "Would fix 1 finding (1 fix available with --unsafe-fixes).\n")
    assert out == (
        "--- a.py\n+++ a.py\n@@ -1,6 +1,6 @@\n import torch\n \n \n"
        "-@torch._dynamo.disable  # type: ignore[untyped-decorator]\n"
        "+@torch.compiler.disable  # type: ignore[untyped-decorator]\n def f(x):\n     return x\n"
    )
    assert Path("a.py").read_text(encoding="utf-8") == SAFE
    assert run("--diff", "b.py") == (0, "", "No findings would be fixed (1 fix available with --unsafe-fixes).\n")
    assert run("--diff", "--unsafe-fixes", "b.py")[0] == 1


def test_a_diff_can_be_applied() -> None:
    make(a=SAFE.rstrip("\n"), b="from torch._dynamo import reset\r\nreset()\r\n")
    Path("b.py").write_bytes(b"from torch._dynamo import reset\r\nreset()\r\n")
    done = subprocess.run(
        [sys.executable, "-m", "fullgraph", "check", "--isolated", "--diff"],
        capture_output=True,
        env=ENVIRONMENT,
        timeout=60,
        check=False,
    )
    Path("x.diff").write_bytes(done.stdout)
    patched = subprocess.run(["git", "apply", "-p0", "x.diff"], capture_output=True, text=True, check=False)
    assert patched.returncode == 0, patched.stderr
    assert Path("a.py").read_text(encoding="utf-8") == FIXED.rstrip("\n")
    assert Path("b.py").read_bytes() == b"from torch.compiler import reset\r\nreset()\r\n"


def test_stdin() -> None:
    status, out, err = run("--fix", "--stdin-filename", "a.py", "-", stdin=SAFE + UNSAFE)
    assert (status, out) == (1, FIXED + UNSAFE)
    assert "a.py:9:10: TFG101" in err
    assert "Found 2 findings (1 fixed, 1 remaining)." in err
    assert run("--fix", "-", stdin=LEFT)[:2] == (1, LEFT)
    assert run("--fix", "-", stdin="x = 1\n")[:2] == (0, "x = 1\n")
    assert run("--diff", "-", stdin=SAFE)[1].startswith("--- -\n+++ -\n")


def test_only_selected_rules_are_fixed() -> None:
    make(a=SAFE)
    assert run("--fix", "--ignore=TFG101")[0] == 0
    assert Path("a.py").read_text(encoding="utf-8") == SAFE


def test_a_file_that_cannot_be_written_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    make(a=SAFE, b=SAFE, c=SAFE)
    real = TextFile.replace

    def replace(file: TextFile, data: bytes) -> None:
        if file.path.name == "a.py":
            raise PermissionError(13, "Permission denied")
        if file.path.name == "b.py":
            file.path.write_text("mine\n", encoding="utf-8")
        real(file, data)

    monkeypatch.setattr(TextFile, "replace", replace)
    done = CliRunner().invoke(cli, ["check", "--isolated", "--fix", "."], standalone_mode=False)
    assert done.return_value == 2
    assert done.stderr.splitlines()[:2] == [
        "fullgraph: cannot write a.py: Permission denied",
        "fullgraph: cannot write b.py: somebody else changed it meanwhile",
    ]
    assert "Found 3 findings (1 fixed, 2 remaining)." in done.stdout
    assert [Path(f"{name}.py").read_text(encoding="utf-8") for name in "abc"] == [SAFE, "mine\n", FIXED]


def test_linting_alone_never_loads_libcst() -> None:
    make(a=SAFE)
    code = "import sys\nfrom fullgraph.cli import main\nmain(['check', '-q'])\nsys.exit('libcst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False, timeout=60).returncode == 0
