"""What references turn out to be, once all files are seen."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class ClassId(NamedTuple):
    """A class: the index of its file in the project, and its index there."""

    file: int
    index: int  # type: ignore[assignment]  # a field, not the method of tuples


class Function(NamedTuple):
    """A function or lambda, and, for a method, the class whose instance it is bound to."""

    file: int
    index: int  # type: ignore[assignment]  # a field, not the method of tuples
    receiver: ClassId | None = None


class Class(NamedTuple):
    """A class itself."""

    id: ClassId


class Instance(NamedTuple):
    """An instance of a class; if not ``exact``, perhaps of a subclass."""

    of: ClassId
    exact: bool = True


class Module(NamedTuple):
    """A file as a module."""

    file: int


class External(NamedTuple):
    """Something of another package, by its dotted path."""

    path: str


class Elements(NamedTuple):
    """What holds other values; called, it calls them all if ``called`` says so, as ``nn.Sequential`` does."""

    values: tuple[Value, ...]
    called: bool = False


Value: TypeAlias = "Function | Class | Instance | Module | External | Elements"
