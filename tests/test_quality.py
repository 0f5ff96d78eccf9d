"""The checks that are part of the suite: style, types, generated documentation, and that the README tells the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fullgraph import __version__
from fullgraph.engine.registry import registry

ROOT = Path(__file__).parent.parent
_DYNAMO_PAGE = re.compile(r"https://meta-pytorch\.github\.io/compile-graph-break-site/gb/gb\d{4}\.html")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("-m", "ruff", "check", "."), id="ruff-check"),
        pytest.param(("-m", "ruff", "format", "--check", "."), id="ruff-format"),
        pytest.param(("-m", "mypy"), id="mypy"),
        pytest.param(("tools/generate_docs.py", "--check"), id="generated-docs"),
        pytest.param(("tools/update_readme.py", "--check"), id="readme-demo"),
    ],
)
def test_check_passes(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = run("-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site"))
    assert done.returncode == 0, done.stdout + done.stderr
    page = (tmp_path / "site" / "rules" / "TFG101.html").read_text(encoding="utf-8")
    assert '<code class="language-python">import torch' in page
    assert "```" not in page, "the fences of the examples must be understood"


def test_every_rule_is_in_the_navigation_of_the_site() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for code, rule in registry().items():
        assert f"- {code} {rule.name}: rules/{code}.md" in navigation


def test_a_stale_page_fails_the_check(tmp_path: Path) -> None:
    page = ROOT / "docs" / "rules" / "TFG999.md"
    page.write_text("left over\n", encoding="utf-8")
    try:
        done = run("tools/generate_docs.py", "--check")
    finally:
        page.unlink()
    assert done.returncode == 1
    assert "TFG999.md: no rule has this page" in done.stdout


def test_links_in_the_documentation_lead_somewhere() -> None:
    for document in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8")):
            leads_there = _DYNAMO_PAGE.fullmatch(target) or (document.parent / target).exists()
            assert leads_there, f"{document.relative_to(ROOT)} links to {target}"


def test_the_architecture_names_every_module_of_the_semantic_model() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("## The semantic model")[2].partition("\n## ")[0]
    modules = {path.stem for path in (ROOT / "src" / "fullgraph" / "semantic").iterdir() if path.stem[0] != "_"}
    assert set(re.findall(r"`(\w+)`", table)) == modules


def test_the_version_is_said_once() -> None:
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"rev: v{__version__}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_stub_and_no_excuse_in_the_source() -> None:
    excuse = re.compile(r"NotImplementedError|\bTODO\b|\bFIXME\b|\bXXX\b|type: ignore(?!\[)|pragma: no cover")
    for path in (ROOT / "src").rglob("*.py"):
        assert not excuse.search(path.read_text(encoding="utf-8")), path
