"""Write the generated parts of docs/: a page per rule, their index, torch's private names, and the table of settings.

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
from fullgraph.engine.finding import DYNAMO_ID, dynamo_page
from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.torchfacts import (
    NEWEST_KNOWN,
    OLDEST_KNOWN,
    PrivateName,
    TorchVersion,
    is_documented,
    private_name,
    private_names,
)
from fullgraph.verify.seen_table import seen_section

DOCS = Path(__file__).parent.parent / "docs"
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
TABLE = re.compile(r"(<!-- settings: begin -->\n).*?(<!-- settings: end -->)", re.DOTALL)
HOW = "See [how a rule is shown to be right](../adding-a-rule.md)."
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
    return linked(f"{heading}\n\n{rule.page.text.rstrip()}\n\n{seen_section(rule)}\n{HOW}\n")


def linked(page: str) -> str:
    """A page in which what Dynamo calls a graph break leads to torch's page about it, apart from code."""
    parts = CODE.split(page)
    parts[::2] = [DYNAMO_ID.sub(lambda found: f"[{found[0]}]({dynamo_page(found)})", part) for part in parts[::2]]
    return "".join(parts)


def names_page() -> str:
    """Markdown page of the private names of torch: those with a public equivalent, and those that have none."""
    names = [known for name in private_names() if (known := private_name(name)) is not None]
    pairs = [name for name in names if name.public is not None]
    alone = [name for name in names if name.public is None]
    lines = [
        "# Private names of torch",
        "",
        "From the tables that [TFG101](rules/TFG101.md) and [TFG102](rules/TFG102.md) look into, which cover torch",
        f"{OLDEST_KNOWN} to {NEWEST_KNOWN}. A name that is not here is one of which nothing is known.",
        "",
        f"## With a public equivalent ({len(pairs)})",
        "",
        f"*Public since*: the first release that has the public name; {OLDEST_KNOWN} means {OLDEST_KNOWN} or earlier.",
        "",
        "| Private | Relation | Public | Public since | Private in | Note |",
        "| --- | --- | --- | --- | --- | --- |",
        *(pair_row(name) for name in pairs),
        "",
        f"## Without one ({len(alone)})",
        "",
        "| Private | Private in | Note |",
        "| --- | --- | --- |",
        *(f"| `{name.name}` | {releases(name)} | {documented(name)} |" for name in alone),
        "",
    ]
    return "\n".join(lines)


def pair_row(name: PrivateName) -> str:
    """One row of the table of pairs."""
    public = name.public
    assert public is not None
    dropped = ", ".join(f"`{keyword}`" for keyword in public.dropped_keywords)
    notes = [public.note, f"the public one does not take {dropped}" if dropped else "", documented(name)]
    note = "; ".join(filter(None, notes))
    return (
        f"| `{name.name}` | {public.relation.phrase} | `{public.name}` | {public.since} | {releases(name)} | {note} |"
    )


def documented(name: PrivateName) -> str:
    """Say that a name is not reported, where torch documents it for users."""
    return "documented by torch for its users, so not reported" if is_documented(name.name) else ""


def releases(name: PrivateName) -> str:
    """Say which releases have a private name."""
    if name.since is None:
        return "not known" if name.until is None else f"up to {name.until}"
    last: TorchVersion = name.until or NEWEST_KNOWN
    return f"{name.since} to {last}"


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
    names = {DOCS / "private-names.md": names_page()}
    return {**pages, **names, DOCS / "rules" / "index.md": index(), configuration: table}


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
