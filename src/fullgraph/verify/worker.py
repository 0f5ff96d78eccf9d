"""The child process that runs the examples of rules' pages on the installed torch."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.verify.blocks import block_ids
from fullgraph.verify.child import ChildEndedError, child
from fullgraph.verify.records import Data

BLOCK_SECONDS = 180.0
"""How long one example may take, the import of torch included."""


def main(request: Any, answer: Callable[[object], None]) -> None:
    """Run the examples of the request, `[[code, number], ...]`, and answer what each did; first, which torch it is."""
    import torch  # noqa: PLC0415 - only the child needs it

    from fullgraph.verify.evidence import evidence  # noqa: PLC0415

    answer([str(torch.__version__).partition("+")[0], ".".join(platform.python_version_tuple()[:2])])
    for code, number in request:
        rule = registry()[code]
        try:
            answer(evidence(rule, rule.page.blocks[number]).data())
        except Exception as error:  # a release on which the oracle fails has no evidence; the others have
            said = str(error).partition("\n")[0]
            answer({"as_claimed": False, "contradictions": [f"{type(error).__name__}: {said}"]})


def run_examples(rules: Sequence[RegisteredRule]) -> Iterator[tuple[RegisteredRule, str, Data]]:
    """Run all examples of some rules, each in a process that may crash: the rule, the name, and what it did."""
    names = {rule.code: block_ids(rule) for rule in rules}
    tasks = [(rule, number) for rule in rules for number in range(len(rule.page.blocks))]
    while tasks:
        with child("worker", [[rule.code, number] for rule, number in tasks]) as process:
            process.answer(BLOCK_SECONDS)
            while tasks:
                rule, number = tasks.pop(0)
                try:
                    data = process.answer(BLOCK_SECONDS)
                except ChildEndedError as error:
                    yield rule, names[rule.code][number], {"as_claimed": False, "contradictions": [str(error)]}
                    break
                yield rule, names[rule.code][number], data


def installed() -> tuple[str, str] | None:
    """The releases of the torch and the Python that examples run on; None where no torch can be imported."""
    with child("worker", []) as process:
        try:
            torch, python = process.answer(BLOCK_SECONDS)
        except ChildEndedError:
            return None
    return torch, python
