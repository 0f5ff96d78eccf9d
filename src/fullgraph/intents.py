"""What a rule wants changed, as data. `fullgraph.fix` alone knows how to change a file."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias


class Applicability(enum.Enum):
    """How sure it is that a fix changes nothing but what it says."""

    SAFE = "safe"
    """The code does the same afterwards; ``--fix`` applies it."""
    UNSAFE = "unsafe"
    """The code may do something else afterwards; ``--fix --unsafe-fixes`` applies it."""
    DISPLAY = "display"
    """Nothing is applied; the title says why."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Spell the expression that is reported as another dotted path.

    Attributes:
        to: the new path, such as ``torch.foreach.norm``.
        module: the module that ``to`` is found in, such as ``torch.foreach``.
        imported: whether ``import torch`` alone makes the module reachable.
        keywords: where the expression is called, positional arguments that become keywords, by index and name.
        unnamed: keywords of that call that become positional arguments; they stand right behind those it has.
        added: an argument that the call gets besides, as Python spells it: a value in front, or a keyword at the end.
            A decorator that is not called becomes a call with it.
    """

    to: str
    module: str
    imported: bool = True
    keywords: tuple[tuple[int, str], ...] = ()
    unnamed: tuple[str, ...] = ()
    added: str = ""


@dataclass(frozen=True, slots=True)
class MakeThere:
    """Have what a call makes made on the device that it is moved to.

    The call that is reported, ``maker(...).to(device)``, becomes ``maker(..., device=device)``.
    """


Intent: TypeAlias = Rename | MakeThere


@dataclass(frozen=True, slots=True)
class Fix:
    """What would put a finding right: a title for people, how safe it is, and what is to be done."""

    title: str
    applicability: Applicability
    intents: tuple[Intent, ...] = ()
