"""Write the generated parts of docs/: a page per rule, their index, and the table of settings.

usage: generate_docs.py [--check]

With --check nothing is written; the exit status is 1 if a file is stale, missing or left over.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from pathlib import Path

from fullgraph.config import config_table
from fullgraph.engine.registry import RegisteredRule, registry

DOCS = Path(__file__).parent.parent / "docs"
TABLE = re.compile(r"(<!-- settings: begin -->\n).*?(<!-- settings: end -->)", re.DOTALL)
CATEGORY_TITLES = {
    "private_api": "Private API (TFG1)",
    "graph_break": "Graph breaks (TFG2)",
    "recompile": "Recompilation (TFG3)",
    "device": "Devices (TFG4)",
    "compile_usage": "Use of torch.compile (TFG5)",
}


def rule_page(rule: RegisteredRule) -> str:
    """Markdown page of one rule: what is derived of it, then the docstring of its module."""
    state = "on by default" if rule.default else "off by default"
    heading = f"# {rule.code} {rule.name}\n\n{rule.page.title}\n\n*Since fullgraph {rule.since}, {state}.*"
    return f"{heading}\n\n{rule.page.text}"


def index() -> str:
    """Markdown list of all rules by category."""
    lines = ["# Rules", ""]
    for category, title in CATEGORY_TITLES.items():
        rules = [rule for rule in registry().values() if rule.category == category]
        if rules:
            lines += [f"## {title}", "", "| Code | Name | What is reported |", "| --- | --- | --- |"]
            lines += [f"| [{rule.code}]({rule.code}.md) | {rule.name} | {rule.page.title} |" for rule in rules]
            lines.append("")
    return "\n".join(lines)


def generated() -> dict[Path, str]:
    """Every generated file with the text that it must have."""
    pages = {DOCS / "rules" / f"{rule.code}.md": rule_page(rule) for rule in registry().values()}
    configuration = DOCS / "configuration.md"
    text = configuration.read_text(encoding="utf-8")
    table = TABLE.sub(lambda found: f"{found[1]}\n{config_table()}\n{found[2]}", text)
    return {**pages, DOCS / "rules" / "index.md": index(), configuration: table}


def main() -> int:
    """Write the files, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wanted = generated()
    left_over = [path for path in (DOCS / "rules").glob("*.md") if path not in wanted]
    stale = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check:
        for path in left_over:
            print(f"{path.relative_to(DOCS.parent)}: no rule has this page")
        for path in stale:
            before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
            name = str(path.relative_to(DOCS.parent))
            sys.stdout.writelines(
                line + "\n" for line in difflib.unified_diff(before, wanted[path].splitlines(), name, name, lineterm="")
            )
        return 1 if stale or left_over else 0
    for path in left_over:
        path.unlink()
    for path in stale:
        path.write_text(wanted[path], encoding="utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
