"""Whether a use of a private name can be renamed to a public one, and what else that takes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from fullgraph.intents import Applicability, Fix, Rename
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.scopes import DEFS
from fullgraph.semantic.traced import Traced
from fullgraph.semantic.walk import base_name
from fullgraph.torchfacts import (
    CallShapes,
    Parameters,
    Presence,
    PrivateName,
    PublicEquivalent,
    Relation,
    Replacement,
    TorchRange,
    TorchVersion,
    availability,
    call_shapes,
    imported_with_torch,
    is_private,
)


@dataclass(frozen=True, slots=True)
class _Call:
    """What a call passes: how many arguments by position, which keywords, and whether there are ``*`` and ``**``."""

    count: int
    keywords: tuple[str, ...] = ()
    leading: int = 0
    """How many of the keywords stand before any ``**``."""
    star: bool = False
    double_star: bool = False
    decorates: bool = False
    """Whether it is the call of a decorator, which the file does not spell out."""


class _Moved(NamedTuple):
    """Arguments of a call that must be passed in another way."""

    keywords: tuple[tuple[int, str], ...] = ()
    """Positional ones that become keywords, by index and name."""
    unnamed: tuple[str, ...] = ()
    """Keywords that become positional."""


class _NotSureError(Exception):
    """Why a rename is left; or, if it is only unsafe, why it is that."""

    def __init__(self, why: str, *, unsafe: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.unsafe = unsafe


def rename(
    model: FileModel, node: ast.expr, path: str, known: PrivateName, public: PublicEquivalent, releases: TorchRange
) -> Fix:
    """How to rename ``node``, which stands for the private ``path``, to ``public`` on each of these releases.

    ``known`` is the row of the table that ``path`` begins with; ``public`` is already the name of the whole path.
    """
    suffix = path[len(known.name) :]
    module = public.name[: len(public.name) - len(suffix)].rpartition(".")[0]
    try:
        _check_name(model, node, public.name)
        _check_place(model, node, public.relation)
        _check_releases(known, public.name[: len(public.name) - len(suffix)], releases)
        moved = _moved(model.parents.get(node), node, known, public, suffix, releases)
    except _NotSureError as reason:
        if not reason.unsafe:
            return Fix(reason.why, Applicability.DISPLAY)
        intent = Rename(public.name, module, imported_with_torch(module))
        return Fix(f"rename to `{public.name}`: {reason.why}", Applicability.UNSAFE, (intent,))
    intent = Rename(public.name, module, imported_with_torch(module), *moved)
    return Fix(f"rename to `{public.name}`", Applicability.SAFE, (intent,))


def replace(model: FileModel, node: ast.expr, known: Replacement, releases: TorchRange) -> Fix:
    """How to call what stands in for a deprecated callable, which ``node`` calls or decorates with, on each release."""
    module = known.name.rpartition(".")[0]
    try:
        _check_name(model, node, known.name)
        _check_public(known.name, releases)
        moved = _moved_by_replacement(_call(model.parents.get(node), node), known, releases)
    except _NotSureError as reason:
        return Fix(reason.why, Applicability.DISPLAY)
    intent = Rename(known.name, module, imported_with_torch(module), *moved, known.added)
    title = f"rename to `{known.name}`" + (f", with `{known.added}`" if known.added else "")
    if known.doubt:
        return Fix(f"{title}: {known.doubt}", Applicability.UNSAFE, (intent,))
    return Fix(title, Applicability.SAFE, (intent,))


def _moved_by_replacement(call: _Call | None, known: Replacement, releases: TorchRange) -> _Moved:
    if call is None:
        raise _NotSureError("it is passed on")
    if known.shapes is None:
        return _Moved()
    moved = _fit(call, known.shapes, known.name, releases.oldest)
    if call.decorates and (moved != _Moved() or not known.added.partition("=")[2]):
        raise _NotSureError(f"`{known.name}` takes a function in another way")
    return moved


def is_public_part(path: str, of: str) -> bool:
    """Whether ``path`` is a public module or object that the dotted path ``of`` begins with."""
    return not is_private(path) and f"{of}.".startswith(f"{path}.")


def _check_name(model: FileModel, node: ast.expr, public: str) -> None:
    """Refuse names of which it is not sure what they stand for, or that others may import from here."""
    if not isinstance(node, (ast.Name, ast.Attribute)):
        raise _NotSureError("the name is not spelled out")
    base = base_name(node)
    found = model.walked.name_scope[base].lookup(base.id)
    if found is None:
        raise _NotSureError(f"it is not known what binds `{base.id}`")
    scope, bindings = found
    paths = model.names.of(node)
    if len(paths) > 1:
        raise _NotSureError(f"`{base.id}` may stand for several things: " + ", ".join(f"`{each}`" for each in paths))
    stands_for = model.names.of(base)[0]
    keeps_base = is_public_part(stands_for, public)
    others = [item for item in bindings if not isinstance(item, str)]
    if keeps_base:
        others = [item for item in others if not (isinstance(item, ast.Constant) and item.value is None)]
    if others and len(bindings) > 1:
        raise _NotSureError(f"`{base.id}` is also bound to something else")
    if not keeps_base and scope is model.walked.root and base.id in _exported(model):
        raise _NotSureError(f"`{base.id}` is in `__all__`, so others may import it from here")


def _exported(model: FileModel) -> frozenset[str]:
    """Every string that the file puts into ``__all__``."""
    found: set[str] = set()
    for node in model.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                inside: ast.AST = value
            case ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.expr() as value):
                inside = value
            case ast.AugAssign(target=ast.Name(id="__all__"), value=value):
                inside = value
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id="__all__"))) as value):
                inside = value
            case _:
                continue
        found.update(_strings(inside))
    return frozenset(found)


def _strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _check_place(model: FileModel, node: ast.expr, relation: Relation) -> None:
    """Refuse to rename what is assigned to, unless both names are one setting; never what is deleted."""
    if relation is Relation.SAME_SETTING and _may_be_traced(model, node):
        raise _NotSureError("compiled code may break the graph where it reads the public one", unsafe=True)
    match getattr(node, "ctx", None):
        case ast.Store() if relation is not Relation.SAME_SETTING:
            raise _NotSureError("it is assigned to, which would not reach the private name any more")
        case ast.Del():
            raise _NotSureError("it is deleted")
        case _:
            return


def _may_be_traced(model: FileModel, node: ast.expr) -> bool:
    """Whether compiled code may come by here."""
    scope = model.walked.name_scope[base_name(node)]
    return model.region.traced_by(scope, node.lineno).degree > Traced.NONE


def _check_releases(known: PrivateName, public: str, releases: TorchRange) -> None:
    """Refuse a public name that some release lacks; doubt it where the private one does not last."""
    _check_public(public, releases)
    if known.until is not None and releases.oldest <= known.until < releases.newest:
        why = f"`{known.name}` is gone after torch {known.until}, so later releases cannot be compared"
        raise _NotSureError(why, unsafe=True)


def _check_public(public: str, releases: TorchRange) -> None:
    found = availability(public)
    for release in releases.releases():
        if found is not None and found.exists_at(release) is Presence.ABSENT:
            raise _NotSureError(f"torch {release} has no `{public}`, and the target is torch {releases}")


def _moved(
    parent: ast.AST | None,
    node: ast.expr,
    known: PrivateName,
    public: PublicEquivalent,
    suffix: str,
    releases: TorchRange,
) -> _Moved:
    """The arguments that must be passed in another way.

    Raises:
        _NotSureError: the rename does not keep this very use.
    """
    if public.relation is Relation.SUBCLASS:
        raise _NotSureError(public.note or "the private class is a subclass of the public one", unsafe=True)
    if public.relation is not Relation.WRAPPER:
        return _Moved()
    shapes = call_shapes(known.name)
    if shapes is None or suffix:
        raise _NotSureError(public.note or "whether both take the same arguments is not known", unsafe=True)
    call = _call(parent, node)
    if call is None:
        if any(shapes.private != shapes.public_at(release) for release in _each(releases)):
            raise _NotSureError("it is passed on, and may be called in a way that the public one is not", unsafe=True)
        return _Moved()
    fits = {_fit(call, shapes, public.name, release) for release in _each(releases)}
    if len(fits) > 1:
        raise _NotSureError(f"`{public.name}` takes these arguments differently within torch {releases}")
    return fits.pop()


def _each(releases: TorchRange) -> tuple[TorchVersion, ...]:
    """The known releases of a range; for a range beyond them, its oldest."""
    return releases.releases() or (releases.oldest,)


def _call(parent: ast.AST | None, node: ast.expr) -> _Call | None:
    """What the use passes if it calls its name, as a decorator does; None for a value that is passed on."""
    match parent:
        case ast.Call(func=func, args=arguments, keywords=keywords) if func is node:
            names = tuple(keyword.arg for keyword in keywords if keyword.arg is not None)
            star = any(isinstance(argument, ast.Starred) for argument in arguments)
            leading = sum(1 for _ in takewhile(lambda keyword: keyword.arg is not None, keywords))
            return _Call(len(arguments), names, leading, star, len(names) < len(keywords))
        case _ if isinstance(parent, (*DEFS, ast.ClassDef)) and node in parent.decorator_list:
            return _Call(1, decorates=True)
        case _:
            return None


def _fit(call: _Call, shapes: CallShapes, public: str, target: TorchVersion) -> _Moved:
    """The arguments of a call that the public callable takes only in another way."""
    private, taken = shapes.private, shapes.public_at(target)
    unnamed = () if call.star else _unnamed(call, private, taken)
    for name in call.keywords[len(unnamed) :]:
        if name not in taken.keywords:
            since = shapes.since.get(name)
            when = f" before torch {since}" if since is not None else ""
            raise _NotSureError(f"`{name}=` is not taken by `{public}`{when}")
    if call.star and len(private.positional) > len(taken.positional):
        raise _NotSureError(f"`*` may pass more than `{public}` takes by position")
    lost = [name for name in private.keywords if name not in taken.keywords]
    if call.double_star and lost:
        raise _NotSureError(f"`**` may pass `{lost[0]}=`, which is not taken by `{public}`")
    moved = tuple(enumerate(private.positional))[len(taken.positional) : call.count]
    if call.count > len(private.positional) or any(name not in taken.keywords for _, name in moved):
        raise _NotSureError(f"`{public}` does not take {call.count} arguments by position")
    return _Moved(moved, unnamed)


def _unnamed(call: _Call, private: Parameters, taken: Parameters) -> tuple[str, ...]:
    """The keywords that the public callable takes by position only, as far as they stand in the order of positions."""
    given = call.keywords[: call.leading]
    wanted = private.positional[call.count : len(taken.positional_only)]
    return tuple(name for name, _ in takewhile(lambda both: both[0] == both[1], zip(given, wanted, strict=False)))
