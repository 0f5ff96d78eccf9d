"""Which arguments a private torch callable and its public equivalent take, where they are known to do the same.

Source of the table (``call_shapes.json``): ``inspect.signature`` on torch 2.13 for the private callables, the operator
schemas of 2.13 for ``torch._foreach_*``, the public functions in the wheels of 2.0 to 2.15 for the release that first
has a parameter, and, for bindings in C++, the public function that passes its arguments on. A pair of which more is
different than its parameters has no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from fullgraph.torchfacts._data import load
from fullgraph.torchfacts.versions import TorchVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

_NOT_IMPORTED_BY_TORCH = (
    "torch.distributed.checkpoint",
    "torch.distributed.fsdp",
    "torch.distributed.tensor",
    "torch.onnx.operators",
)
"""The modules with public equivalents that ``import torch`` alone does not load."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """Names of a callable's parameters: those by position only, by position or keyword, and by keyword only."""

    positional_only: tuple[str, ...]
    either: tuple[str, ...]
    keyword_only: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Parameters:
        """Read them as they stand in a ``def``, without defaults: ``inputs, /, *, ord``."""
        names = [name for name in text.split(", ") if name]
        slash = names.index("/") if "/" in names else -1
        star = names.index("*") if "*" in names else len(names)
        return cls(tuple(names[: max(slash, 0)]), tuple(names[slash + 1 : star]), tuple(names[star + 1 :]))

    @property
    def positional(self) -> tuple[str, ...]:
        """Those that may be passed by position, in order."""
        return self.positional_only + self.either

    @property
    def keywords(self) -> tuple[str, ...]:
        """Those that may be passed by keyword."""
        return self.either + self.keyword_only


@dataclass(frozen=True, slots=True)
class CallShapes:
    """The parameters of both callables; of the public one, which were added later, and in which release."""

    private: Parameters
    public: Parameters
    since: Mapping[str, TorchVersion]

    def public_at(self, target: TorchVersion) -> Parameters:
        """Give the public parameters that release ``target`` already has."""

        def there(names: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(name for name in names if name not in self.since or self.since[name] <= target)

        public = self.public
        return Parameters(there(public.positional_only), there(public.either), there(public.keyword_only))


@cache
def _table() -> dict[str, list[Any]]:
    table: dict[str, list[Any]] = load("call_shapes.json")
    return table


def call_shapes(private: str) -> CallShapes | None:
    """Return what the private callable of exactly this path and its public equivalent take; None if it is not known."""
    row = _table().get(private)
    if row is None:
        return None
    ours, public, since = row
    dated = {name: TorchVersion.parse(text) for name, text in since.items()}
    return CallShapes(Parameters.parse(ours), Parameters.parse(public), dated)


def imported_with_torch(module: str) -> bool:
    """Whether ``import torch`` alone makes this public module an attribute of its parent."""
    return not any(module == each or module.startswith(each + ".") for each in _NOT_IMPORTED_BY_TORCH)
