"""What counts as a guard of a name that a release may lack."""

from __future__ import annotations

import ast
import textwrap

import pytest

from fullgraph.semantic.model import FileModel

GUARDED = {
    "hasattr": """
        if hasattr(torch, "foreach"):
            pass
        torch.foreach.norm
    """,
    "getattr with a default": """
        found = getattr(torch, "foreach", None)
        torch.foreach.norm
    """,
    "find_spec": """
        import importlib.util
        found = importlib.util.find_spec("torch.foreach")
        torch.foreach.norm
    """,
    "try": """
        try:
            torch.foreach.norm
        except AttributeError:
            pass
    """,
    "try, one of several": """
        try:
            torch.foreach.norm
        except (ValueError, ImportError):
            pass
    """,
    "try, bare": """
        try:
            torch.foreach.norm
        except:
            pass
    """,
    "fallback": """
        try:
            norm = torch.norms
        except AttributeError:
            norm = torch.foreach.norm
    """,
    "suppress": """
        from contextlib import suppress
        with suppress(AttributeError):
            torch.foreach.norm
    """,
    "comparison": """
        if torch.__version__ >= "2.15":
            torch.foreach.norm
    """,
    "comparison, else": """
        if Version(torch.__version__) < Version("2.15"):
            pass
        else:
            torch.foreach.norm
    """,
    "flag": """
        NEW = tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 15)
        if NEW:
            torch.foreach.norm
    """,
    "flag of a flag": """
        NEW = torch.__version__ >= "2.15"
        FAST = NEW and True
        norm = torch.foreach.norm if FAST else None
    """,
    "helper": """
        norm = is_torch_greater_or_equal("2.15") and torch.foreach.norm
    """,
    "helper that is given a version": """
        if self.serves("2.15"):
            torch.foreach.norm
    """,
    "asks for a neighbour": """
        if hasattr(torch, "other_name_of_the_same_release"):
            torch.foreach.norm
    """,
    "assertion in a loop": """
        for x in y:
            assert hasattr(torch, "other_name_of_the_same_release")
            torch.foreach.norm
    """,
    "constant": """
        if _TORCH_GREATER_EQUAL_2_15:
            torch.foreach.norm
    """,
    "early exit": """
        def norm(x):
            if torch.__version__ < "2.15":
                return None
            return torch.foreach.norm
    """,
    "assertion": """
        assert torch.__version__ >= "2.15"
        torch.foreach.norm
    """,
    "decorator": """
        @require_torch_version("2.15")
        def norm(x):
            return torch.foreach.norm
    """,
    "constructor that refuses": """
        class Norm:
            def __init__(self):
                if is_torch_less("2.15"):
                    raise RuntimeError("too old")
            def norm(self):
                return torch.foreach.norm
    """,
    "constructor that asserts": """
        class Norm:
            def norm(self):
                return torch.foreach.norm
            def __post_init__(self):
                with quiet():
                    assert torch.__version__ >= "2.15"
    """,
    "setup that skips": """
        class TestNorm:
            def setUp(self):
                if torch.__version__ < "2.15":
                    self.skipTest("too old")
            def test_norm(self):
                return torch.foreach.norm
    """,
    "attribute of the class": """
        class Norm:
            SUPPORTED = hasattr(torch, "other_name_of_the_same_release")
            def norm(self):
                return torch.foreach.norm
    """,
    "attribute of the object": """
        class Norm:
            def __init__(self):
                self.fast: bool = TORCH_VERSION >= (2, 15)
            def norm(self):
                return torch.foreach.norm
    """,
    "attribute that a helper is asked for": """
        class Norm:
            fast = at_least("2.15")
            async def norm(self):
                return torch.foreach.norm
    """,
    "type checkers only": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            torch.foreach.norm
    """,
    "postponed annotation": """
        from __future__ import annotations
        def norm(x: torch.foreach.norm): pass
    """,
}
UNGUARDED = {
    "nothing": """
        torch.foreach.norm
    """,
    "asks for something else": """
        if hasattr(model, "compile"):
            torch.foreach.norm
    """,
    "getattr without a default": """
        getattr(torch, "foreach")
        torch.foreach.norm
    """,
    "catches something else": """
        try:
            torch.foreach.norm
        except ValueError:
            pass
    """,
    "in the else of a try": """
        try:
            pass
        except AttributeError:
            pass
        else:
            torch.foreach.norm
    """,
    "suppresses something else": """
        from contextlib import suppress
        with suppress(ValueError):
            torch.foreach.norm
    """,
    "another condition": """
        def norm(x, fast):
            return torch.foreach.norm if "x" in x else None
    """,
    "versions, after it": """
        torch.foreach.norm
        assert torch.__version__ >= "2.15"
    """,
    "versions, beside it": """
        if torch.__version__ >= "2.15":
            pass
        def norm(x):
            return x and torch.foreach.norm
    """,
    "constructor that is itself too early": """
        class Norm:
            def __init__(self):
                self.norm = torch.foreach.norm
                assert torch.__version__ >= "2.15"
    """,
    "constructor of another class": """
        class Other:
            def __init__(self):
                assert torch.__version__ >= "2.15"
        class Norm:
            def norm(self):
                return torch.foreach.norm
    """,
    "another method that asserts": """
        class Norm:
            def other(self):
                assert torch.__version__ >= "2.15"
            def norm(self):
                return torch.foreach.norm
    """,
    "constructor that refuses something else": """
        class Norm:
            def __init__(self, x):
                if x is None:
                    raise ValueError(x)
            def norm(self):
                return torch.foreach.norm
    """,
    "attributes that are no questions about torch": """
        class Norm:
            revision = "1.0"
            def __init__(self, config):
                self.version = config.version
                self.old = config.version == 2
                self.fast = hasattr(config, "fast")
            def norm(self):
                return torch.foreach.norm
    """,
    "variable of a method": """
        class Norm:
            def __init__(self):
                fast = hasattr(torch, "other_name_of_the_same_release")
            def norm(self):
                return torch.foreach.norm
    """,
    "else of TYPE_CHECKING": """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            pass
        else:
            torch.foreach.norm
    """,
    "annotation that is evaluated": """
        def norm(x: torch.foreach.norm): pass
    """,
}


BROAD = {
    "everything": """
        try:
            torch.foreach.norm
        except Exception:
            pass
    """,
    "everything, bare": """
        try:
            torch.foreach.norm
        except:
            pass
    """,
    "everything, suppressed": """
        import contextlib
        with contextlib.suppress(BaseException):
            torch.foreach.norm
    """,
}


def is_guarded(source: str, *, broad: bool = True) -> bool:
    text = "import torch\n" + textwrap.dedent(source)
    tree = ast.parse(text)
    model = FileModel(tree, text.splitlines(), "example.py")
    use = next(
        node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.foreach.norm"
    )
    return model.guards.covers(use, "torch.foreach.norm", broad=broad)


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in GUARDED.items()])
def test_guarded(source: str) -> None:
    assert is_guarded(source)


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in UNGUARDED.items()])
def test_not_guarded(source: str) -> None:
    assert not is_guarded(source)


@pytest.mark.parametrize("source", [pytest.param(source, id=name) for name, source in BROAD.items()])
def test_a_broad_handler_guards_only_what_may_be_missing(source: str) -> None:
    assert is_guarded(source)
    assert not is_guarded(source, broad=False)


@pytest.mark.parametrize("name", ["try", "try, one of several", "fallback", "suppress", "hasattr", "comparison"])
def test_a_narrow_guard_always_counts(name: str) -> None:
    assert is_guarded(GUARDED[name], broad=False)
