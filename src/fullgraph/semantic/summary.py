"""What linking must know of one file: small plain values that follow from the file's bytes alone.

A reference (`Ref`) says where a value comes from, as far as one file tells; only `semantic.link`, which sees all files,
says what it is. References are plain tuples, so that thousands of summaries are read from the cache in little time:

    ()                          nothing is known
    ("i", "a.b.c")              what an import binds; a relative one keeps its leading dots
    ("*", "name")               a name that a star import may bind
    ("n", key)                  a name with the bindings `FileSummary.names[key]`
    ("f", index)                a function or lambda of this file
    ("c", index)                a class of this file
    ("s", index)                ``self`` in a method of this class
    ("C", index)                ``cls`` in a class method of this class, or ``type(self)``
    ("S", index)                ``super()`` in a method of this class
    ("p", index, "name")        a parameter of this function
    (".", ref, "name")          an attribute
    ("()", ref, args, keywords) what a call returns; arguments are references, keywords are pairs of name and reference
    ("[]", ref)                 an element: of a subscript, a loop or a ``*`` argument
    ("[", refs)                 a display, comprehension or dict of these values
    ("|", refs)                 one of several
    ("@", ref)                  an instance of the class that an annotation names
    ("d", ref)                  what a parameter is if callers pass nothing
    ("=", constant)             True, False, None, a number or a string

Each ``row`` is a place in `FileSummary.rows`, so that moving code changes nothing else of a summary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

Ref: TypeAlias = tuple[Any, ...]
UNKNOWN: Ref = ()
NO_OWNER = -1


class CallSite(NamedTuple):
    """A call, as far as it may matter for what is traced."""

    row: int
    callee: Ref
    arguments: tuple[Ref, ...]
    keywords: tuple[tuple[str, Ref], ...]


class Decorator(NamedTuple):
    """A decorator: what is named, and, if it is called there, with what."""

    row: int
    name: Ref
    call: Ref
    """The whole expression; equal to ``name`` where it is not called."""


class FunctionSummary(NamedTuple):
    """One function, method or lambda."""

    name: str
    """``Class.method``, ``function``, or ``<lambda>``; without the function around it."""
    row: int
    owner: int
    """Index of the class whose body it stands in, or `NO_OWNER`."""
    around: int
    """Index of the function around it, or `NO_OWNER`."""
    decorators: tuple[Decorator, ...]
    parameters: tuple[tuple[str, Ref], ...]
    """Positional and keyword parameters in order, each with what its annotation and default promise."""
    calls: tuple[CallSite, ...]
    """Calls in its body that the compiler comes to, without those of nested functions."""
    skipped_calls: tuple[CallSite, ...]
    """Calls that it does not come to, since a condition tells compiled code from eager code."""
    returns: tuple[Ref, ...]
    loads: tuple[str, ...]
    """Attributes of ``self`` that it reads, and of those in turn, as ``a`` and ``a.b``: a property is entered."""


class ClassSummary(NamedTuple):
    """One class."""

    name: str
    row: int
    bases: tuple[Ref, ...]
    decorators: tuple[Decorator, ...]
    methods: dict[str, int]
    """Index of the definition that an instance has, by name."""
    properties: frozenset[str]
    attributes: dict[str, tuple[Ref, ...]]
    """What is assigned to an attribute of ``self`` or in the class body; ``*`` for names that are computed."""
    hooks: tuple[Ref, ...]
    """Functions that its methods register as forward hooks."""
    acts_as_module: bool
    """Whether its methods hold ``torch.nn`` objects or register buffers."""


class Results(NamedTuple):
    """What a file says of values that come out of it, each as `flow.written` writes it."""

    functions: Mapping[int, tuple[Any, ...]]
    """What functions return, whatever they are given."""
    given_tensors: Mapping[int, tuple[tuple[tuple[str, int], ...], tuple[Any, ...]]]
    """What functions return if they are given tensors for these parameters, by their names and places."""
    attributes: Mapping[int, Mapping[str, tuple[Any, ...]]]
    """Buffers and parameters that instances of classes hold."""
    doubtful: tuple[str, ...]
    """Names that the module also binds to something unknown."""
    types: Mapping[str, tuple[Any, ...]]
    """Names of the module that are types in which a tensor is."""
    flags: Mapping[str, tuple[bool | None, ...]]
    """Names of the module that are conditions on the release of torch, as `semantic.releases` writes them."""
    asked: tuple[str, ...]
    """Imported paths that conditions of the file ask for."""


NO_RESULTS = Results({}, {}, {}, (), {}, {}, ())


class Variation(NamedTuple):
    """An argument of a call that is another value at every turn of a loop around it (`semantic.varying`)."""

    row: int
    """Where the loop begins."""
    function: int
    """Index of the function that the call stands in, or `NO_OWNER`."""
    callee: Ref
    """What is called; or what the file gives to ``torch.compile``, if it calls the outcome of that."""
    is_compiled: bool
    """Whether it does."""
    argument: str
    """The keyword, or the place among the positional arguments."""
    variety: str
    """In what way it varies, as a value of `varied.Variety`."""
    text: str
    """How it is spelled, if it is a size."""


class Placed(NamedTuple):
    """``x.name = torch.compile(y)``, where ``x`` is not ``self``."""

    row: int
    function: int
    """Index of the function that it stands in, or `NO_OWNER`."""
    owner: Ref
    name: str
    made: Ref
    """The call."""


class Change(NamedTuple):
    """``module.name = n``, another value each time, beside calls (`semantic.changing`)."""

    function: int
    """Index of the function that it stands in, or `NO_OWNER`."""
    target: str
    """How it is spelled,"""
    path: str
    """and the imported path that this is."""
    kind: str
    """What is set: ``int`` or ``str``."""
    callees: tuple[Ref, ...]


class Constant(NamedTuple):
    """A global of a file that starts as a number or string, and that each call of a compiled function reads."""

    row: int
    function: int
    name: str
    kind: str


class FileSummary(NamedTuple):
    """All that linking knows of one file."""

    functions: tuple[FunctionSummary, ...]
    classes: tuple[ClassSummary, ...]
    names: tuple[tuple[Ref, ...], ...]
    """What names are bound to; references of the kind ``n`` lead here."""
    exports: dict[str, int]
    """Key in `names` of each name that the module binds at its top level."""
    stars: tuple[str, ...]
    """Modules whose every name is imported."""
    calls: tuple[CallSite, ...]
    """Calls outside functions."""
    settings: tuple[str, ...]
    """What the file turns on of Dynamo's settings, as `semantic.settings` says it."""
    rows: Sequence[int]
    """The rows that matter, in the order in which the file is summarised."""
    results: Results = NO_RESULTS
    """What the values are that come out of it."""
    variations: tuple[Variation, ...] = ()
    """What loops pass to functions that other files may define."""
    placed: tuple[Placed, ...] = ()
    """What the file compiles and puts into attributes of others."""
    changes: tuple[Change, ...] = ()
    """Globals of other files that the file sets."""
    constants: tuple[Constant, ...] = ()
    """Its own that what it compiles reads."""
