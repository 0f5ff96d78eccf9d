"""``fullgraph rule``: the page of a rule."""

from __future__ import annotations

import click

from fullgraph.cli import terminal

_INTERNAL_PAGES = {
    "TFG000": "Reported where a file cannot be read, decoded or parsed. Nothing else can be said of such a file.",
    "TFG001": "Reported where a rule failed on a file. This is a bug in fullgraph; the other rules went on.",
    "TFG002": "Reported where `# fullgraph: ok` or the codes of a `# noqa` hide nothing, or no longer hold.",
    "TFG003": "Reported where a `# fullgraph: ok` cannot be understood: no code, an unknown one, or no reason.",
    "TFG004": "Reported at a baseline's entry that lets pass more than there is, or whose last day is over.",
    "TFG005": "Reported at an entry of the allow-list that allows more than there is, or that has expired.",
    "TFG006": "Reported at an entry of the allow-list that has no reason, or an empty owner; it allows nothing.",
}


@click.command(short_help="Print the page of a rule.")
@click.argument("rule", required=False, metavar="CODE-OR-NAME")
@click.option("--all", "every", is_flag=True, help="Print the pages of all rules.")
def rule(rule: str | None, every: bool) -> int:
    """Print what a rule finds, why it matters and what to write instead."""
    if every == (rule is not None):
        raise click.UsageError("give the code or the name of a rule, or --all")
    pages = _pages()
    if rule is None:
        chosen = [page for code, page in pages.items() if code not in _INTERNAL_PAGES]
    else:
        chosen = [pages[_code(rule)]]
    terminal.write("\n".join(f"{page.strip()}\n" for page in chosen))
    return 0


def _pages() -> dict[str, str]:
    from fullgraph.engine.registry import INTERNAL_CODES, registry  # noqa: PLC0415
    from fullgraph.verify.seen_table import seen_section  # noqa: PLC0415

    pages = {
        code: f"# {name} ({code})\n\n{_INTERNAL_PAGES.get(code, '')}\n\nAlways on, unless ignored by its code.\n"
        for code, name in INTERNAL_CODES.items()
    }
    for code, each in registry().items():
        pages[code] = f"# {each.name} ({code})\n\n{each.page.title}\n\n{each.page.text}\n{seen_section(each)}"
    return pages


def _code(wanted: str) -> str:
    from fullgraph.engine.selection import catalogue  # noqa: PLC0415

    known = catalogue()
    code = known.code_of(wanted)
    if code is None:
        near = known.nearest_rule(wanted)
        hint = f"did you mean {near!r}?" if near else "see 'fullgraph rule --all'"
        raise click.UsageError(f"unknown rule {wanted!r}; {hint}")
    return code
