"""What a file is told of other files of its project: values that come out of them, and what is disabled there."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from fullgraph.semantic.summary import NO_OWNER

if TYPE_CHECKING:
    from fullgraph.semantic.flow.written import Written
    from fullgraph.semantic.traced import ChainStep

_VALUES = ("results", "given_tensors", "methods", "supers", "attributes", "types", "flags")
"""What is told that names no place,"""
_PLACES = ("disabled", "disabled_methods", "varied", "sized", "changed")
"""and what does, apart from ``bypasses``."""


class About(enum.Enum):
    """What linking may tell of calls of a file, wherever they stand."""

    BYPASSED = "bypassed"
    """They pass by what other files compile."""
    SIZED = "sized"
    """They compile what loops of other files pass tensors of other sizes."""
    CHANGED = "changed"
    """Beside them the file sets what they read: about the statement that does."""


class Bypass(NamedTuple):
    """A call that passes by what is compiled."""

    steps: tuple[ChainStep, ...]
    """From the function that it stands in, over properties, to where the module is compiled."""
    is_known: bool
    """Whether the class of the module is known, so that what is called runs it."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """What one file is told. Paths are as it spells them; classes go by their numbers in it.

    What tells of other files (`semantic.across`) fills it, and nobody changes it from then on.

    Attributes:
        results: what functions return, by path; what calling an instance of a class returns, by path and ``()``; what
            its methods return, by that, a dot and the method's name.
        given_tensors: what functions return if these of their parameters are given tensors, by path.
        methods: what methods return that classes of the file inherit, by class and name.
        supers: what methods return that classes of the file call by ``super()``, likewise.
        attributes: what attributes hold that classes of the file inherit, likewise.
        types: what aliases of types stand for, by path.
        flags: on which releases of torch a flag holds, by path (`semantic.releases`).
        disabled: where functions are defined that Dynamo is kept out of, by path as in ``results``.
        disabled_methods: likewise, by class and name.
        bypasses: calls of the file that pass by a module that is compiled, by their function's number and the end of
            what they call, such as ``network.act``.
        varied: loops that pass a function of the file another value at every turn, by its number, which argument that
            is (its keyword, or its place), and how it varies (`varied.Variety`).
        sized: loops that pass tensors of other sizes to what the file compiles with ``dynamic=False``, by the name by
            which it has the outcome, such as ``Trainer.net``; the name of the step is how such a tensor is spelled.
        changed: where compiled functions of other files read what the file sets beside their calls, by the number of
            the function that does and how the target is spelled, such as ``steps.level``.
    """

    results: dict[str, Written] = field(default_factory=dict)
    given_tensors: dict[str, tuple[tuple[tuple[str, int], ...], Written]] = field(default_factory=dict)
    methods: dict[tuple[int, str], Written] = field(default_factory=dict)
    supers: dict[tuple[int, str], Written] = field(default_factory=dict)
    attributes: dict[tuple[int, str], Written] = field(default_factory=dict)
    types: dict[str, Written] = field(default_factory=dict)
    flags: dict[str, tuple[bool | None, ...]] = field(default_factory=dict)
    disabled: dict[str, ChainStep] = field(default_factory=dict)
    disabled_methods: dict[tuple[int, str], ChainStep] = field(default_factory=dict)
    bypasses: dict[tuple[int, str], Bypass] = field(default_factory=dict)
    varied: dict[tuple[int, str, str], ChainStep] = field(default_factory=dict)
    sized: dict[str, ChainStep] = field(default_factory=dict)
    changed: dict[tuple[int, str], ChainStep] = field(default_factory=dict)

    @property
    def mentions(self) -> tuple[str, ...]:
        """Words that count as standing in the file, for rules that look only at files with such a word."""
        disabled = ("torch.compiler.disable",) if self.disabled or self.disabled_methods else ()
        return (*disabled, "compile") if self.changed else disabled

    @property
    def is_about_calls(self) -> bool:
        """Whether something is told of calls, wherever they stand."""
        return bool(self.bypasses or self.sized or self.changed)

    def plain(self) -> tuple[Any, ...]:
        """The same, made of plain data in an order that follows from what is told; empty if nothing is."""
        if self == NOTHING:
            return ()
        values = (sorted(getattr(self, name).items()) for name in _VALUES)
        places = ([(key, _plain(step)) for key, step in sorted(getattr(self, name).items())] for name in _PLACES)
        bypasses = [(key, tuple(map(_plain, way)), known) for key, (way, known) in sorted(self.bypasses.items())]
        return (*values, bypasses, *places)

    @classmethod
    def of_plain(cls, plain: tuple[Any, ...], step: Callable[..., ChainStep]) -> Foreign:
        """What `plain` was called on; ``step`` makes the steps."""
        if not plain:
            return NOTHING
        told: dict[str, Any] = dict(zip(_VALUES, map(dict, plain[: len(_VALUES)]), strict=True))
        bypasses, *kept = plain[len(_VALUES) :]
        told["bypasses"] = {key: Bypass(tuple(step(*each) for each in way), known) for key, way, known in bypasses}
        places = zip(_PLACES, kept, strict=True)
        told.update({name: {key: step(*place) for key, place in each} for name, each in places})
        return cls(**told)

    def steps(self) -> Iterator[ChainStep]:
        """Every place that is named."""
        for name in _PLACES:
            yield from getattr(self, name).values()
        for bypass in self.bypasses.values():
            yield from bypass.steps

    def with_steps(self, change: Callable[[ChainStep], ChainStep]) -> Foreign:
        """The same with other places."""
        named = {name: each for name in _PLACES if (each := getattr(self, name))}
        if not named and not self.bypasses:
            return self
        changed: dict[str, Any] = {
            name: {key: change(step) for key, step in each.items()} for name, each in named.items()
        }
        bypasses = {key: each._replace(steps=tuple(map(change, each.steps))) for key, each in self.bypasses.items()}
        return replace(self, bypasses=bypasses, **changed)

    def renumbered(self, numbers: Mapping[int, int]) -> Foreign:
        """The same with other numbers of functions."""
        if not (self.varied or self.changed):
            return self
        now = {NO_OWNER: NO_OWNER, **numbers}
        varied = {(now[number], argument, how): step for (number, argument, how), step in self.varied.items()}
        changed = {(now[number], target): step for (number, target), step in self.changed.items()}
        return replace(self, varied=varied, changed=changed)


def _plain(step: ChainStep) -> tuple[str, int, str]:
    return step.filename, step.row, step.name


NOTHING = Foreign()
