"""What a file is told of other files of its project: values that come out of them, and what is disabled there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fullgraph.semantic.flow.written import Written
    from fullgraph.semantic.traced import ChainStep


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
        bypasses: where a module is compiled that calls of the file pass by, by their function's number and the end of
            what they call, such as ``network.act``; without a name where the module's class is not known.
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
    bypasses: dict[tuple[int, str], ChainStep] = field(default_factory=dict)

    @property
    def mentions(self) -> tuple[str, ...]:
        """Words that count as standing in the file, for rules that look only at files with such a word."""
        return ("torch.compiler.disable",) if self.disabled or self.disabled_methods else ()

    def plain(self) -> tuple[Any, ...]:
        """The same, made of plain data in an order that follows from what is told; empty if nothing is."""
        if self == NOTHING:
            return ()
        parts: tuple[Mapping[Any, Any], ...] = (
            self.results,
            self.given_tensors,
            self.methods,
            self.supers,
            self.attributes,
            self.types,
            self.flags,
        )
        places = (
            [(key, (step.filename, step.row, step.name)) for key, step in sorted(each.items())]
            for each in (self.disabled, self.disabled_methods, self.bypasses)
        )
        return (*(sorted(each.items()) for each in parts), *places)

    @classmethod
    def of_plain(cls, plain: tuple[Any, ...], step: Callable[..., ChainStep]) -> Foreign:
        """What `plain` was called on; ``step`` makes the steps."""
        if not plain:
            return NOTHING
        *values, disabled, methods, bypasses = plain
        places = ({key: step(*place) for key, place in each} for each in (disabled, methods, bypasses))
        return cls(*map(dict, values), *places)

    def steps(self) -> Iterator[ChainStep]:
        """Every place that is named."""
        for each in (self.disabled, self.disabled_methods, self.bypasses):
            yield from each.values()

    def with_steps(self, change: Callable[[ChainStep], ChainStep]) -> Foreign:
        """The same with other places."""
        if not (self.disabled or self.disabled_methods or self.bypasses):
            return self
        return replace(
            self,
            disabled={key: change(step) for key, step in self.disabled.items()},
            disabled_methods={key: change(step) for key, step in self.disabled_methods.items()},
            bypasses={key: change(step) for key, step in self.bypasses.items()},
        )


NOTHING = Foreign()
