"""How surely code is traced, as a severity and in words."""

from __future__ import annotations

from fullgraph.api import Severity, Traced
from fullgraph.semantic.traced import TracedBy

SEVERITY_OF_DEGREE = {
    Traced.CERTAIN: Severity.ERROR,
    Traced.POSSIBLE: Severity.WARNING,
    Traced.NONE: Severity.NOTE,
}


def severity_of(degree: Traced, *, costs_more: bool) -> Severity:
    """The severity of what costs something under torch.compile; more where a whole function is lost."""
    severity = SEVERITY_OF_DEGREE[degree]
    return Severity.ERROR if costs_more and severity is Severity.WARNING else severity


_RAISES = "; compiled with `fullgraph=True`, so it raises"


def describe(traced: TracedBy, filename: str, *, raises: bool = False) -> str:
    """How surely and by which chain code is traced, in a few words; places in other files are named with the file.

    ``raises`` says that it breaks the graph, and that each of its roots is compiled with ``fullgraph=True``.
    """
    steps = " -> ".join(step.name for step in traced.chain)
    others = f", entered by {traced.callers} traced functions" if traced.callers > 1 else ""
    match traced.degree:
        case Traced.CERTAIN:
            site, *rest = traced.chain
            place = f"line {site.row}" if site.filename == filename else f"{site.filename}:{site.row}"
            raising = _RAISES if raises else ""
            return f"traced from {site.name} at {place} via {' -> '.join(step.name for step in rest)}{others}{raising}"
        case Traced.POSSIBLE if traced.chain[0].name.startswith(("torch.", "Module.")):
            site, *rest = traced.chain
            place = f"line {site.row}" if site.filename == filename else f"{site.filename}:{site.row}"
            return f"may be traced from {site.name} at {place} via {' -> '.join(step.name for step in rest)}{others}"
        case Traced.POSSIBLE:
            return f"traced once this module is compiled, via {steps}{others}"
        case Traced.NONE:
            return "costs only under torch.compile; none is in sight"
