"""``fullgraph verify``: what the installed torch does with the rules' examples, or with a function of the user."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fullgraph.cli import terminal
from fullgraph.tomlfile import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fullgraph.verify.records import Data

NEEDS_TORCH = "this needs torch, which cannot be imported here: pip install 'fullgraph[verify]'"


@click.command(short_help="Run a function on the installed torch, and compare.")
@click.argument("target", required=False, metavar="[PATH:FUNCTION]")
@click.option(
    "--call", "calls", multiple=True, metavar="ARGS", help="Arguments of a call, as Python: 'torch.ones(3), 2'."
)
@click.option("--init", default="", metavar="ARGS", help="Arguments of the constructor, where it is a class.")
@click.option("--as-is", is_flag=True, help="Call it without compiling it: it compiles something itself.")
@click.option("--timeout", default=300.0, show_default=True, metavar="SECONDS", help="How long the run may take.")
@click.option(
    "--output-format",
    "--format",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option("--rules", is_flag=True, help="Run the examples of fullgraph's rules instead.")
@click.option(
    "--select", metavar="RULES", help="With --rules: only these, by code, code prefix or name, as in TFG2,TFG301."
)
@click.option("--record", metavar="[DIR]", is_flag=False, flag_value="", help="With --rules: keep what was seen.")
def verify(target: str | None, rules: bool, select: str | None, record: str | None, **others: Any) -> int:
    """Run a function under torch.compile on the installed torch, and hold the findings against what Dynamo does.

    This is the only command of fullgraph that executes your code: it imports the module of FUNCTION, which may be
    written as PATH:FUNCTION or MODULE:FUNCTION, and makes each --call in a process of its own. The exit status is 1 if
    Dynamo did what costs, and 2 if the code could not be run.

    With --rules the examples of the rules' pages run, and no code of yours; --record writes what they did into DIR, or
    among the records of this installation.
    """
    if rules != (target is None):
        raise click.UsageError("give PATH:FUNCTION with --call, or --rules")
    if rules:
        return _rules(select, record)
    if select is not None or record is not None:
        raise click.UsageError("--select and --record go with --rules")
    from fullgraph.cli import verify_code  # noqa: PLC0415

    return verify_code.run(str(target), **others)


def _rules(select: str | None, record: str | None) -> int:
    """Run the examples of the rules' pages, and say which did not do what the page claims."""
    from fullgraph.engine.registry import registry  # noqa: PLC0415
    from fullgraph.engine.selection import ALL, selected  # noqa: PLC0415
    from fullgraph.verify.records import DIRECTORY, Record, disagreements  # noqa: PLC0415
    from fullgraph.verify.worker import installed, run_examples  # noqa: PLC0415

    wanted = selected(ALL if select is None else select, "--select")
    chosen = [rule for code, rule in registry().items() if code in wanted]
    versions = installed()
    if versions is None:
        raise click.ClickException(NEEDS_TORCH)
    seen: dict[str, dict[str, Data]] = {}
    wrong = known = 0
    for rule, name, data in run_examples(chosen):
        seen.setdefault(rule.code, {})[name] = data
        if data["as_claimed"]:
            continue
        if name.startswith("bad-") and not disagreements(rule, Record(*versions, {rule.code: {name: data}})):
            known += 1
            continue
        wrong += 1
        terminal.write(f"{rule.code} {name}: {'; '.join(data['contradictions'])}\n")
    count = sum(map(len, seen.values()))
    others = f", {known} otherwise, as the rules know of this release" if known else ""
    terminal.write(f"torch {versions[0]}: {count - wrong - known} of {count} examples as claimed{others}.\n")
    if record is None:
        return int(wrong > 0)
    path = _record(Path(record) if record else DIRECTORY, versions, seen)
    terminal.write(f"Wrote {path}.\n")
    return 0


def _record(directory: Path, versions: tuple[str, str], seen: Mapping[str, Mapping[str, Data]]) -> Path:
    """Write what was seen of some rules into the file of the release, and give its path."""
    from fullgraph.engine.registry import registry  # noqa: PLC0415
    from fullgraph.torchfacts import TorchVersion  # noqa: PLC0415
    from fullgraph.verify.records import Record, loaded  # noqa: PLC0415

    path = directory / f"{TorchVersion.parse(versions[0])}.json"
    try:
        old = loaded(path.read_text(encoding="utf-8")).rules if path.exists() else {}
        directory.mkdir(parents=True, exist_ok=True)
        path.write_text(Record(*versions, old).with_rules(seen, registry()).dumped(), encoding="utf-8")
    except OSError as error:
        raise ConfigError("--record", f"cannot write {path}: {error.strerror or error}") from error
    return path
