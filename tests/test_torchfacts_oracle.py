"""The torch facts against the torch that is installed: each entry must be true of it."""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
import warnings
from functools import cache
from typing import Any

import pytest
import torch
import torch.compiler.config
import torch.nn.functional

from fullgraph.torchfacts import (
    Presence,
    PrivateName,
    PublicEquivalent,
    Relation,
    TorchVersion,
    availability,
    documented_names,
    method_returns_tensor,
    private_name,
    private_names,
    returns_tensor,
)

INSTALLED = TorchVersion.parse(torch.__version__)
MEASURED = TorchVersion(2, 13)


def resolve(path: str) -> Any:
    """Look ``path`` up as ``from a.b import c`` would, where only a module has attributes to import."""
    names = path.split(".")
    found: Any = torch
    for count in range(2, len(names) + 1):
        found = _attribute_or_module(found, ".".join(names[:count]))
    return found


def _attribute_or_module(parent: Any, path: str) -> Any:
    home, _, last = path.rpartition(".")
    try:
        return getattr(parent, last)
    except AttributeError:
        pass
    # Importing some of torch's modules runs deprecated parts of torch, or is itself deprecated.
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return importlib.import_module(path)
        except ModuleNotFoundError:
            # A function of a package can hide the module of the same name, as torch._higher_order_ops.cond does.
            return getattr(importlib.import_module(home), last)


def exists(path: str) -> bool:
    try:
        resolve(path)
    except (AttributeError, ModuleNotFoundError):
        return False
    return True


def in_this_build(path: str) -> bool:
    """Whether this build binds the name at all; the CUDA bindings are absent from a build without CUDA."""
    return torch.backends.cuda.is_built() or not path.startswith("torch._C._cuda_")


def known(path: str) -> PrivateName:
    found = private_name(path)
    assert found is not None
    return found


ENTRIES = [known(path) for path in private_names()]
LIVE = [one for one in ENTRIES if (one.since or INSTALLED) <= INSTALLED <= (one.until or INSTALLED)]
PAIRS = [(one, one.public) for one in LIVE if one.public is not None and one.public.since <= INSTALLED]


def pairs(relation: Relation) -> list[Any]:
    return [pytest.param(one, public, id=one.name) for one, public in PAIRS if public.relation is relation]


def test_the_table_applies_to_the_installed_torch() -> None:
    assert len(LIVE) > 0.95 * len(ENTRIES)
    assert len(PAIRS) > 300


@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in LIVE if in_this_build(one.name)])
def test_private_name_exists(one: PrivateName) -> None:
    resolve(one.name)


@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in ENTRIES if one not in LIVE])
def test_private_name_is_gone_or_not_yet_there(one: PrivateName) -> None:
    assert not exists(one.name)


# Documented, or re-exported on purpose (`from ... import while_loop as while_loop`), but left out of `__all__`.
PUBLIC_BUT_NOT_LISTED = {
    "torch.jit.Final",
    "torch.jit.is_scripting",
    "torch.jit.is_tracing",
    "torch.onnx.operators.shape_as_tensor",
    "torch.pca_lowrank",
    "torch.set_default_dtype",
    "torch.set_grad_enabled",
    "torch.svd_lowrank",
    "torch.while_loop",
}


@pytest.mark.parametrize(("one", "public"), [pytest.param(*pair, id=pair[0].name) for pair in PAIRS])
def test_public_name_exists_and_is_exported(one: PrivateName, public: PublicEquivalent) -> None:
    found = resolve(public.name)
    parent, _, last = public.name.rpartition(".")
    exported = getattr(resolve(parent), "__all__", None)
    # A module is public by its own name, whether or not its package lists it.
    if exported is not None and not inspect.ismodule(found):
        assert (last in exported) is (public.name not in PUBLIC_BUT_NOT_LISTED)


@pytest.mark.parametrize(
    "path", sorted({one.public.name for one in ENTRIES if one.public is not None and one.public.since > INSTALLED})
)
def test_public_name_is_not_yet_there(path: str) -> None:
    home, _, last = path.rpartition(".")
    # torch.compiler.config had some settings a release before it listed them
    assert not exists(path) or last not in getattr(resolve(home), "__all__", [last])


@pytest.mark.parametrize(("one", "public"), pairs(Relation.SAME_OBJECT))
def test_same_object(one: PrivateName, public: PublicEquivalent) -> None:
    # once Dynamo has compiled something, torch keeps some functions out of it by a wrapper around the public name
    found = resolve(public.name)
    original = vars(found).get("_torchdynamo_orig_callable", found) if inspect.isfunction(found) else found
    assert resolve(one.name) is original


@pytest.mark.parametrize(("one", "public"), pairs(Relation.SUBCLASS))
def test_subclass_adds_nothing(one: PrivateName, public: PublicEquivalent) -> None:
    private_class, public_class = resolve(one.name), resolve(public.name)
    assert private_class is not public_class
    assert private_class.__bases__ == (public_class,)
    assert {name for name in vars(private_class) if not name.startswith("__")} <= {"_abc_impl"}


def _other_value(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    return {"probe"} if isinstance(value, set) else "probe"


@pytest.mark.parametrize(("one", "public"), pairs(Relation.SAME_SETTING))
def test_same_setting_both_ways(one: PrivateName, public: PublicEquivalent) -> None:
    for written, read in ((one.name, public.name), (public.name, one.name)):
        parent, _, last = written.rpartition(".")
        module, before = resolve(parent), resolve(written)
        assert resolve(read) == before
        setattr(module, last, _other_value(before))
        try:
            assert resolve(read) == _other_value(before) != before
        finally:
            setattr(module, last, before)
        assert resolve(read) == before


def test_every_shared_compiler_setting_is_listed() -> None:
    import torch._dynamo.config as private_config

    shared = {name for name in torch.compiler.config.__all__ if hasattr(private_config, name)}
    listed = {public.name.rpartition(".")[2] for one, public in PAIRS if one.name.startswith("torch._dynamo.config.")}
    assert listed == shared


def called_names(function: Any) -> set[str]:
    """The last segments of the names that a Python function calls."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except TypeError:
        return set()
    nodes = list(ast.walk(tree))
    imports = [alias for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names]
    original = {alias.asname: alias.name for alias in imports if alias.asname}
    functions = [node.func for node in nodes if isinstance(node, ast.Call)]
    attributes = {node.attr for node in functions if isinstance(node, ast.Attribute)}
    return attributes | {original.get(node.id, node.id) for node in functions if isinstance(node, ast.Name)}


@pytest.mark.parametrize(("one", "public"), pairs(Relation.WRAPPER))
def test_wrapper_calls_the_other(one: PrivateName, public: PublicEquivalent) -> None:
    private_last, public_last = one.name.rpartition(".")[2], public.name.rpartition(".")[2]
    by_public = called_names(resolve(public.name))
    by_private = called_names(resolve(one.name)) if in_this_build(one.name) else set()
    assert private_last in by_public or public_last in by_private or by_public & by_private


def keywords(function: Any) -> list[str] | None:
    """The names a callable accepts as keywords; None when it does not say."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)]


def positionals(function: Any) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.POSITIONAL_ONLY)]


@cache
def with_signatures() -> dict[str, tuple[Any, Any, PublicEquivalent]]:
    """The wrappers of which both sides have a signature; the bindings written in C++ have none."""
    found = {}
    for one, public in PAIRS:
        if public.relation is Relation.WRAPPER and in_this_build(one.name):
            private_object, public_object = resolve(one.name), resolve(public.name)
            if keywords(private_object) is not None and keywords(public_object) is not None:
                found[one.name] = (private_object, public_object, public)
    return found


def test_signatures_are_compared_at_all() -> None:
    assert len(with_signatures()) >= 25


@pytest.mark.skipif(INSTALLED < MEASURED, reason="the table says what both take in the release it was measured on")
def test_dropped_keywords_are_exact() -> None:
    for name, (private_object, public_object, public) in with_signatures().items():
        taken = keywords(public_object) or ()
        dropped = [word for word in keywords(private_object) or () if word not in taken]
        assert tuple(dropped) == public.dropped_keywords, name


def test_positions_agree_or_the_note_says_so() -> None:
    for name, (private_object, public_object, public) in with_signatures().items():
        assert positionals(private_object) == positionals(public_object) or public.note, name


@pytest.mark.parametrize(("one", "public"), pairs(Relation.WRAPPER))
def test_public_takes_no_dropped_keyword(one: PrivateName, public: PublicEquivalent) -> None:
    assert not set(public.dropped_keywords) & set(keywords(resolve(public.name)) or ())


def test_is_compiling_agrees_in_eager_and_compiled_code() -> None:
    def ask(x: torch.Tensor) -> tuple[torch.Tensor, bool, bool]:
        return x + 1, torch._dynamo.is_compiling(), torch.compiler.is_compiling()

    import torch._dynamo

    assert ask(torch.ones(1))[1:] == (False, False)
    assert torch.compile(ask, backend="eager")(torch.ones(1))[1:] == (True, True)


@pytest.mark.parametrize("one", [pytest.param(one, id=one.name) for one in LIVE if one.public is None])
def test_no_public_namesake(one: PrivateName) -> None:
    last = one.name.rpartition(".")[2].lstrip("_")
    for home in (torch, torch.compiler, torch.utils, torch.nn, torch.cuda):
        assert not hasattr(home, last), f"{home.__name__}.{last}"


@pytest.mark.parametrize("path", sorted(documented_names()))
def test_documented_name_exists(path: str) -> None:
    known = availability(path)
    absent = known is not None and known.exists_at(INSTALLED) is Presence.ABSENT
    assert exists(path) is not absent


HOMES = {
    "torch": torch,
    "torch.nn.functional": torch.nn.functional,
    "torch.linalg": torch.linalg,
    "torch.fft": torch.fft,
    "torch.special": torch.special,
}
FUNCTIONS = [
    (f"{home}.{name}", getattr(module, name))
    for home, module in HOMES.items()
    for name in dir(module)
    if not name.startswith("_") and returns_tensor(f"{home}.{name}")
]
METHODS = [name for name in dir(torch.Tensor) if method_returns_tensor(name)]


def _call(function: Any, *args: object) -> object:
    """The result of a call, or NotImplemented when the arguments do not suit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(*args)
        except (TypeError, RuntimeError, ValueError, IndexError, AttributeError, AssertionError):
            return NotImplemented


def _arguments() -> list[tuple[object, ...]]:
    square = torch.rand(3, 3)
    return [
        (),
        (square,),
        (square.clone(), square),
        (square.clone(), 1),
        (torch.rand(2, 3, 4, 4),),
        (3,),
        ([square, square],),
    ]


def test_functions_that_can_be_called_return_a_tensor() -> None:
    called = set()
    for path, function in FUNCTIONS:
        for arguments in _arguments():
            result = _call(function, *arguments)
            if result is not NotImplemented:
                called.add(path)
                assert isinstance(result, torch.Tensor), path
    assert len(called) > 400


def test_methods_that_can_be_called_return_a_tensor() -> None:
    called = set()
    for name in METHODS:
        for arguments in _arguments():
            result = _call(getattr(torch.rand(3, 3), name), *arguments)
            if result is not NotImplemented:
                called.add(name)
                assert isinstance(result, torch.Tensor), name
    assert len(called) > 300


def test_annotations_agree() -> None:
    annotated = [(path, _annotations(one)["return"]) for path, one in FUNCTIONS if "return" in _annotations(one)]
    assert [path for path, returned in annotated if returned not in (torch.Tensor, "torch.Tensor")] == []
    assert len(annotated) > 70


def _annotations(function: Any) -> dict[str, object]:
    return getattr(function, "__annotations__", {})


def _operator_returns(name: str) -> set[tuple[str, ...]]:
    """What the overloads of an operator return; overloads that take no tensor serve TorchScript only."""
    operator = getattr(torch.ops.aten, name, None)
    if operator is None:
        return set()
    schemas = [getattr(operator, overload)._schema for overload in operator.overloads()]
    takes_tensor = [one for one in schemas if any(str(argument.type) == "Tensor" for argument in one.arguments)]
    return {tuple(str(result.type) for result in one.returns) for one in takes_tensor}


def test_operator_schemas_agree() -> None:
    # The operators that lead a double life: Tensor.values() and aten::values of dictionaries, say.
    checked = 0
    names = [path.rpartition(".")[2] for path, _ in FUNCTIONS if path.count(".") == 1] + METHODS
    for name in names:
        returns = _operator_returns(name)
        checked += bool(returns)
        assert returns <= {("Tensor",)} or name in {"dequantize", "where"}, (name, returns)
    assert checked > 600
