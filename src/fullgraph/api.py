"""What a rule file may import: this module, ``ast``, ``re``, ``typing`` and ``collections.abc``. Nothing else.

A rule is a module with a ``RULE``; handlers are attached to it by typed triggers and yield hits:

    RULE = Rule(
        "TFG201", "branching on a tensor's value splits the graph", remedy="use `torch.where`", since="0.1"
    )

    @RULE.node(ast.If, where=Traced.POSSIBLE)
    def check(node: ast.If, ctx: Context) -> Iterator[Hit]:
        ...
        yield ctx.at(node.test)

The modules below are facts about code for rules to ask for: their functions take an expression and a ``Context``.
"""

from __future__ import annotations

from fullgraph.context import Context
from fullgraph.intents import Applicability, Fix, MakeThere, Rename
from fullgraph.rule import Effect, Hit, Rule, Severity
from fullgraph.semantic import conditions, devices, gradients, keys, setters, sizes, tables
from fullgraph.semantic.aside import is_about_data
from fullgraph.semantic.flow import value as values
from fullgraph.semantic.flow.value import Value
from fullgraph.semantic.kinds import Kind
from fullgraph.semantic.scopes import DefNode
from fullgraph.semantic.traced import COLD, TRACED, Traced, TracedBy
from fullgraph.semantic.turns import Turn
from fullgraph.semantic.varied import Variety
from fullgraph.torchfacts import (
    OLDEST_KNOWN,
    Deprecation,
    NumberParameters,
    PrivateName,
    PublicEquivalent,
    TorchRange,
    TorchVersion,
    is_documented,
    is_private,
    number_parameters,
    private_name,
    size_parameters,
)
from fullgraph.torchfacts import Trigger as DeprecationTrigger
from fullgraph.uses import MissingName, PrivateUse, is_of_module

__all__ = [
    "COLD",
    "OLDEST_KNOWN",
    "TRACED",
    "Applicability",
    "Context",
    "DefNode",
    "Deprecation",
    "DeprecationTrigger",
    "Effect",
    "Fix",
    "Hit",
    "Kind",
    "MakeThere",
    "MissingName",
    "NumberParameters",
    "PrivateName",
    "PrivateUse",
    "PublicEquivalent",
    "Rename",
    "Rule",
    "Severity",
    "TorchRange",
    "TorchVersion",
    "Traced",
    "TracedBy",
    "Turn",
    "Value",
    "Variety",
    "conditions",
    "devices",
    "gradients",
    "is_about_data",
    "is_documented",
    "is_of_module",
    "is_private",
    "keys",
    "number_parameters",
    "private_name",
    "setters",
    "size_parameters",
    "sizes",
    "tables",
    "values",
]
