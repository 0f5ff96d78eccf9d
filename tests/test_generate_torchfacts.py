"""The generator of the torch tables, on made-up packages and on the torch that is installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

TOOLS = Path(__file__).parent.parent / "tools"
INSTALLED = ".".join(torch.__version__.split(".")[:2])


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TOOLS))


@pytest.fixture
def survey(tmp_path: Path) -> Callable[..., SimpleNamespace]:
    """Read a made-up torch, given as file names and texts."""
    from torchfacts_merge import merge
    from torchfacts_reader import Release
    from torchfacts_survey import Surveyor

    def read(version: str = "2.0", **files: str) -> SimpleNamespace:
        root = tmp_path / version
        files = {"torch/version.py": f"__version__ = '{version}.1'\n", "torch/__init__.py": "", **files}
        for name, text in files.items():
            path = root / name.replace("__SLASH__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        surveyor = Surveyor(Release(root))
        found = surveyor.survey()
        return SimpleNamespace(found=found, surveyor=surveyor, table=merge([found]), root=root)

    return read


def one(survey: Callable[..., SimpleNamespace], text: str, **more: str) -> dict[str, str]:
    """The names of a module with this text."""
    files = {"torch/m.py": text, **{f"torch/{name}.py": body for name, body in more.items()}}
    found = survey(**files).found
    return {name: found.name_state("torch.m", name, set()) for name in (*found.modules["torch.m"], "never")}


def test_definitions_and_imports(survey: Callable[..., SimpleNamespace]) -> None:
    text = """
import os.path
import torch.x as y
from torch.other import a, b as c
from . import sibling
def f(): pass
async def g(): pass
class C: pass
d = e = 1
(h, [i]) = 1, [2]
j: int = 3
with open("") as k: pass
for l in (): pass
"""
    names = one(survey, text)
    assert set(names) == {*"acdefghijlkyC", "os", "sibling", "never"}
    assert {state for name, state in names.items() if name != "never"} == {"E"}
    assert names["never"] == "A"


def test_conditional_definitions_exist(survey: Callable[..., SimpleNamespace]) -> None:
    text = """
import sys
if sys.platform == "win32":
    def a(): pass
elif x:
    b = 1
else:
    c = 1
try:
    import d
except ImportError:
    e = None
else:
    f = 1
finally:
    g = 1
while x:
    h = 1
"""
    names = one(survey, text)
    assert all(names[name] == "E" for name in "abcdefgh")


def test_what_only_a_type_checker_sees_is_unknown(survey: Callable[..., SimpleNamespace]) -> None:
    names = one(survey, "if TYPE_CHECKING:\n    from x import a\nelse:\n    b = 1\nc: int\n")
    assert (names["a"], names["b"], names["c"]) == ("U", "E", "U")


def test_deleted_names_are_gone(survey: Callable[..., SimpleNamespace]) -> None:
    names = one(survey, "a = b = c = 1\ndel a\nif x:\n    del b\n")
    assert "a" not in names
    assert (names["b"], names["c"]) == ("U", "E")


def test_names_that_functions_make_global_are_unknown(survey: Callable[..., SimpleNamespace]) -> None:
    names = one(survey, "def f():\n    global a, b\n    a = b = 1\nb = 2\n")
    assert (names["a"], names["b"]) == ("U", "E")


@pytest.mark.parametrize(
    "text",
    [
        "def __getattr__(name): ...\n",
        "for n in x:\n    globals()[n] = 1\n",
        "globals().update(x)\n",
        "vars()[n] = 1\n",
        "import sys\nsys.modules[__name__] = Other()\n",
        "import sys\nsetattr(sys.modules[__name__], name, 1)\n",
        "exec(text)\n",
        "from elsewhere import *\n",
        "this is no Python\n",
    ],
)
def test_open_modules_have_unknown_names(survey: Callable[..., SimpleNamespace], text: str) -> None:
    assert one(survey, text)["never"] == "U"


def test_star_imports(survey: Callable[..., SimpleNamespace]) -> None:
    names = one(
        survey,
        "from .listed import *\nfrom torch.unlisted import *\n",
        listed="__all__ = ['a', '_b']\n__all__ += ['c']\n__all__.append('d')\n__all__.extend(['e'])\n"
        "a = _b = c = d = e = z = 1\n",
        unlisted="from x import f\ng = 1\n_h = 1\n",
    )
    assert {name for name, state in names.items() if state == "E"} == set("acdefg") | {"_b"}
    assert names["never"] == "A"


def test_star_imports_of_a_computed_list_are_open(survey: Callable[..., SimpleNamespace]) -> None:
    names = one(survey, "from .other import *\n", other="__all__ = [n for n in x] + ['_b']\na = _b = 1\n")
    assert (names["a"], names["_b"], names["never"]) == ("E", "E", "U")


def test_star_imports_in_a_circle_end(survey: Callable[..., SimpleNamespace]) -> None:
    names = one(survey, "from .other import *\na = 1\n", other="from .m import *\nb = 1\n")
    assert (names["a"], names["b"]) == ("E", "E")


def test_torch_itself_takes_names_from_the_extension(survey: Callable[..., SimpleNamespace]) -> None:
    found = survey(**{
        "torch/__init__.py": "from torch._C import *\ndef __getattr__(name):\n    if name == 'lazy': ...\n",
        "torch/_C/__init__.pyi": "from y import Any\ndef stub(): ...\ndef _private(): ...\nT = TypeVar('T')\nx: int\n",
        "torch/_C/_VariableFunctions.pyi": "def add() -> int: ...\ndef _foreach_add() -> int: ...\n",
        "torch/used.py": "torch.mentioned()\n",
    }).found  # fmt: skip
    names = ("add", "_foreach_add", "stub", "x", "Any", "T", "_private", "lazy", "mentioned", "never")
    states = "".join(found.name_state("torch", name, {"weak"}) for name in names)
    assert states == "EEEEUUAUUA"
    assert found.name_state("torch", "weak", {"weak"}) == "U"
    assert found.name_state("torch._C", "never", set()) == "U"


CLASSES = """
from torch.base import Base as B, Odd
import enum
class C(B):
    x = 1
    y: int
    z: int = 2
    def m(self):
        self.instance = 1
    class Inner: pass
class Open(Odd): pass
class E(enum.Enum):
    a = 1
"""


def test_classes_and_what_they_inherit(survey: Callable[..., SimpleNamespace]) -> None:
    base = "class Root:\n    def r(self): ...\nclass Base(Root):\n    def b(self): ...\nclass Odd(Unknown): pass\n"
    found = survey(**{"torch/m.py": CLASSES, "torch/base.py": base, "torch/nn.py": "from .m import *\n"}).found

    def state(path: str, member: str) -> str:
        return str(found.member_state(path, member, "E"))

    for path in ("torch.m.C", "torch.nn.C"):
        states = "".join(state(path, name) for name in ("x", "y", "z", "m", "instance", "Inner", "b", "r", "never"))
        assert states == "EUEEUEEEA"
    assert state("torch.m.Open", "never") == "U"
    assert (state("torch.m.E", "a"), state("torch.m.E", "never")) == ("E", "U")


def test_two_definitions_of_a_class_are_not_told_apart(survey: Callable[..., SimpleNamespace]) -> None:
    text = "try:\n    from torch.base import C\nexcept ImportError:\n    class C: pass\n"
    found = survey(**{"torch/m.py": text, "torch/base.py": "class C:\n    a = 1\n"}).found
    assert "torch.m.C" not in found.class_paths


def test_modules_and_replaced_modules(survey: Callable[..., SimpleNamespace]) -> None:
    text = "import sys\nfor n in ('api',):\n    sys.modules[f'torch.old.{n}'] = x\n"
    found = survey(**{"torch/old/__init__.py": text, "torch/folder/deep.py": "a = 1\n"}).found
    states = {p: found.module_state(p) for p in ("torch.folder", "torch.folder.deep", "torch.old.api", "torch.none.x")}
    assert states == {"torch.folder": "E", "torch.folder.deep": "E", "torch.old.api": "U", "torch.none.x": "A"}


def two(survey: Callable[..., SimpleNamespace]) -> tuple[SimpleNamespace, SimpleNamespace]:
    old = {
        "torch/a.py": "x = y = 1\nclass C:\n    def m(self): ...\n    def n(self): ...\n",
        "torch/gone.py": "z = 1\n",
    }
    new = {"torch/a.py": "x = w = 1\nclass C:\n    def m(self): ...\n    def p(self): ...\n", "torch/new.py": "v = 1\n"}
    return survey("2.0", **old), survey("2.1", **new)


def test_releases_are_merged(survey: Callable[..., SimpleNamespace]) -> None:
    from torchfacts_merge import decode, encode, merge

    first, second = two(survey)
    table = merge([first.found, second.found])
    assert table.modules == {
        "torch": "EE",
        "torch.a": "EE",
        "torch.gone": "EA",
        "torch.new": "AE",
        "torch.version": "EE",
    }
    assert table.names["torch.a"] == {"C": "EE", "w": "AE", "x": "EE", "y": "EA"}
    assert table.names["torch.gone"] == {"z": "EA"}
    assert table.members["torch.a.C"] == {"m": "EE", "n": "EA", "p": "AE"}
    assert decode(encode(table)) == table


def test_an_extended_table_is_the_merged_one(survey: Callable[..., SimpleNamespace]) -> None:
    from torchfacts_merge import compare, extend, merge

    first, second = two(survey)
    table = extend(merge([first.found]), second.found)
    assert table == merge([first.found, second.found])
    assert extend(table, second.found) == table
    assert compare(table, first.found) == []
    assert compare(table, second.found) == []


def test_a_difference_is_reported(survey: Callable[..., SimpleNamespace]) -> None:
    from torchfacts_merge import compare, merge

    first, second = two(survey)
    table = merge([first.found, second.found])
    table.names["torch.a"]["x"] = "EA"
    del table.names["torch.a"]["w"]
    assert compare(table, second.found) == [
        "torch.a.x: the table says A, torch 2.1 says E",
        "torch.a.w: the table says nothing, torch 2.1 says E",
    ]


DEPRECATED = '''
import warnings
from typing_extensions import deprecated
@deprecated("`torch.m.old` is deprecated. Use `torch.m.new` instead.", category=FutureWarning)
def old(): ...
def new(): ...
@deprecated("gone", category=None)
def silent(): ...
def calls():
    """Text."""
    warnings.warn("calls is deprecated, please use new instead")
def sometimes(x=None):
    if x is not None:
        warnings.warn("sometimes is deprecated", FutureWarning)
def about_argument(x):
    warnings.warn("the argument x is deprecated", FutureWarning)
def after_return(x):
    if x:
        return
    warnings.warn("after_return is deprecated", FutureWarning)
class C:
    @deprecated("C is deprecated. Use new or old instead.")
    def __init__(self): ...
class D:
    @deprecated("use `other` instead")
    def m(self): ...
    @deprecated("`outer` is deprecated")
    def apply(): ...
def outer():
    D.apply()
def unrelated():
    D.apply()
if TYPE_CHECKING:
    @deprecated("only for type checkers")
    def typed(): ...
'''


def test_deprecated_names(survey: Callable[..., SimpleNamespace]) -> None:
    import torchfacts_deprecated

    made = survey(**{"torch/m.py": DEPRECATED, "torch/nn.py": "from .m import old as old\n"})
    found = torchfacts_deprecated.find(made.surveyor, made.found)
    short = {path: (row[1], row[2], row[3]) for path, row in found.items()}
    assert short == {
        "torch.m.old": ("FutureWarning", "decorator", "torch.m.new"),
        "torch.m.calls": ("UserWarning", "call", "torch.m.new"),
        "torch.m.C": ("DeprecationWarning", "decorator", ""),
        "torch.m.D.m": ("DeprecationWarning", "decorator", ""),
        "torch.m.D.apply": ("DeprecationWarning", "decorator", ""),
        "torch.m.outer": ("DeprecationWarning", "call", ""),
    }


def test_deprecations_of_several_releases() -> None:
    import torchfacts_deprecated

    row = ["says", "FutureWarning", "call", ""]
    rows = torchfacts_deprecated.merge({"2.0": {"a": row, "b": row}, "2.1": {"a": row}, "2.2": {"a": row, "c": row}})
    assert {path: found[:2] for path, found in rows.items()} == {
        "a": ["2.0", None],
        "b": ["2.0", "2.0"],
        "c": ["2.2", None],
    }
    assert torchfacts_deprecated.compare(rows, "2.1", {"a": row}) == []
    assert torchfacts_deprecated.compare(rows, "2.1", {"d": row}) == [
        "a: not deprecated in 2.1",
        "d: deprecated in 2.1",
    ]


def test_the_shipped_tables_are_what_the_generator_makes(capsys: pytest.CaptureFixture[str]) -> None:
    """For the one release that is at hand, the one that the tests run with."""
    import generate_torchfacts

    code = generate_torchfacts.main(["--wheels", str(Path(torch.__file__).parent.parent), "--check", INSTALLED])
    assert (code, capsys.readouterr().out) == (0, f"the tables agree with torch {INSTALLED}\n")


def test_extending_the_shipped_table_by_its_newest_release_keeps_it(survey: Callable[..., SimpleNamespace]) -> None:
    """A made-up release 2.16 that has nothing: every name is absent from it, and no other letter changes."""
    from torchfacts_merge import decode, encode, extend

    import fullgraph.torchfacts

    data = (Path(fullgraph.torchfacts.__file__).parent / "names.bin").read_bytes()
    before = decode(data)
    assert encode(before) == data
    after = extend(before, survey("2.16").found)
    assert after.releases == [*before.releases, "2.16"]
    assert after.modules["torch.nn"] == before.modules["torch.nn"] + "A"
    assert after.names["torch.nn"]["Linear"] == before.names["torch.nn"]["Linear"] + "A"
    assert {path: states[:-1] for path, states in after.classes.items()} == before.classes
    assert {m: {n: s[:-1] for n, s in names.items()} for m, names in after.names.items()} == before.names
    assert {c: {n: s[:-1] for n, s in names.items()} for c, names in after.members.items()} == before.members


def test_a_release_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import generate_torchfacts

    assert generate_torchfacts.main(["--wheels", str(tmp_path), "--check", "2.0"]) == 2
    assert "has no torch 2.0" in capsys.readouterr().err
    assert "torch" in sys.modules


def far(survey: Callable[..., SimpleNamespace]) -> tuple[SimpleNamespace, ...]:
    """Three releases of a module far down, of one that may have more names, and of a class far from users."""
    opened = "def __getattr__(name): ...\n"
    doubt = "p = 1\nif TYPE_CHECKING:\n    q: int\n"
    texts = [
        (
            "kept = lost = 1\n",
            "p = 1\nif TYPE_CHECKING:\n    q: int\n",
            "def m(self): self.i = 1\n    def n(self): ...",
        ),
        ("kept = 1\nadded = 1\n", doubt, "def m(self): self.i = 1"),
        ("newest = 1\n", "p = r = 1\n", "def m(self): self.i = self.j = 1\n    def o(self): ..."),
    ]
    return tuple(
        survey(
            f"2.{minor}",
            **{"torch/_a/__init__.py": "", "torch/_a/b.py": inner, "torch/open.py": opened + more},
            **{"torch/x/__init__.py": "", "torch/x/y.py": f"__all__ = ['C']\nclass C:\n    {body}\n"},
        )
        for minor, (inner, more, body) in enumerate(texts)
    )


def test_what_a_module_tells_as_well_is_left_out(survey: Callable[..., SimpleNamespace]) -> None:
    from torchfacts_merge import decode, encode, merge
    from torchfacts_trim import trim

    first, second, _ = far(survey)
    full = merge([first.found, second.found])
    assert full.names["torch._a.b"] == {"kept": "EE", "lost": "EA", "added": "AE"}
    assert full.members["torch.x.y.C"] == {"i": "UU", "m": "EE", "n": "EA"}
    table = trim(full)
    assert table.names["torch._a.b"] == {"lost": "EA", "added": "AE"}
    assert (full.names["torch.open"], table.names["torch.open"]) == ({"p": "EE", "q": "UU"}, {"p": "EE"})
    assert table.members["torch.x.y.C"] == {"n": "EA"}
    assert (table.modules, table.classes) == (full.modules, full.classes)
    assert decode(encode(table)) == table


def test_a_trimmed_table_is_extended_like_a_full_one(survey: Callable[..., SimpleNamespace]) -> None:
    from torchfacts_merge import extend, merge
    from torchfacts_trim import restore, trim

    first, second, third = far(survey)
    shipped = trim(merge([first.found, second.found]))
    extended = extend(restore(shipped, second.found), third.found)
    assert trim(extended) == trim(merge([first.found, second.found, third.found]))
    assert extended.names["torch._a.b"]["kept"] == "EEA"
    assert trim(extend(restore(shipped, second.found), second.found)) == shipped


def test_only_what_may_be_left_out_is_restored(survey: Callable[..., SimpleNamespace]) -> None:
    from torchfacts_merge import compare, merge
    from torchfacts_trim import restore

    first, second = two(survey)
    table = merge([first.found, second.found])
    del table.names["torch.a"]["w"]
    assert restore(table, second.found) == table
    assert compare(restore(table, second.found), second.found) == [
        "torch.a.w: the table says nothing, torch 2.1 says E"
    ]


def test_adding_a_release_needs_the_newest_one_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import generate_torchfacts

    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text("__version__ = '2.99.0'\n")
    assert generate_torchfacts.main(["--wheels", str(tmp_path), "--release", "2.99"]) == 2
    assert "has no torch 2.15" in capsys.readouterr().err


STUB = """
class TensorBase:
    shape: Size
    grad: Tensor | None
    names: list[str]
    @property
    def is_leaf(self) -> _bool: ...
    def add(self) -> Tensor: ...
    @overload
    def max(self) -> Tensor: ...
    @overload
    def max(self, dim: _int) -> torch.return_types.max: ...
    @overload
    def sort(self) -> torch.return_types.max: ...
    @overload
    def sort(self, dim: _int) -> tuple[Tensor, Tensor]: ...
    def item(self) -> Number: ...
    def replaced(self) -> Tensor: ...
    def _own(self) -> Tensor: ...
"""
FUNCTIONS = """
def add(x: Tensor) -> Tensor: ...
def chunk(x: Tensor) -> tuple[Tensor, ...]: ...
def mixed(x: Tensor) -> tuple[Tensor, _int]: ...
def parse(x: Tensor) -> Any: ...
def replaced(x: Tensor) -> Tensor: ...
def numel(x: Tensor) -> _int | SymInt: ...
"""
FFT = '''
fft = _add_docstr(_fft.fft, r"""
fft(input, n=None, *, out=None) -> Tensor

Never returns -> None.
""" + more)
both = _add_docstr(_fft.both, "both(x) -> (Tensor, Tensor)")
silent = _add_docstr(_fft.silent, "both(x)")
def python(x) -> "Tensor": return x
def gone(x) -> Tensor:
    raise RuntimeError
'''
NN = """
def if_true(x) -> tuple[Tensor, Tensor]: return x
def if_false(x) -> Tensor: return x
pool = boolean_dispatch(if_true=if_true, if_false=if_false)
twice = boolean_dispatch(if_true=if_false, if_false=if_false)
linear = _add_docstr(torch._C._nn.linear, "")
add = _add_docstr(torch.add, "")
other = linear
"""
RETURNS = {
    "torch/_C/__init__.pyi": STUB,
    "torch/_C/_VariableFunctions.pyi": FUNCTIONS,
    "torch/_C/_nn.pyi": "def linear(x: Tensor) -> Tensor: ...\n",
    "torch/_tensor.py": "class Tensor:\n    def replaced(self): ...\n    def is_shared(self) -> bool: ...\n",
    "torch/functional.py": "__all__ = ['replaced']\ndef replaced(x): ...\ndef hidden(x) -> Tensor: ...\n",
    "torch/return_types.pyi": "class max(tuple[Tensor, Tensor]): ...\n",
    "torch/__init__.py": "from torch.random import seed\ndef is_tensor(x) -> TypeIs['Tensor']: ...\n",
    "torch/random.py": "def seed() -> int: return 1\n",
    "torch/fft.py": FFT,
    "torch/linalg.py": "",
    "torch/special.py": "",
    "torch/nn/functional.py": NN,
}


def test_return_kinds(survey: Callable[..., SimpleNamespace]) -> None:
    from torchfacts_reader import Release
    from torchfacts_returns import MEASURED, find

    found = find(Release(survey(**RETURNS).root))
    by_hand = {f"{home}.{name}" for home, names in MEASURED.items() for name in names}
    assert {name: kind for name, kind in found.functions.items() if name not in by_hand} == {
        "torch.add": "tensor",
        "torch.chunk": "tensors",
        "torch.mixed": "other",
        "torch.numel": "int",
        "torch.seed": "int",
        "torch.is_tensor": "bool",
        "torch.fft.fft": "tensor",
        "torch.fft.both": "tensors:2",
        "torch.fft.python": "tensor",
        **{f"torch.nn.functional.{name}": "tensor" for name in ("if_false", "twice", "linear", "add", "other")},
        "torch.nn.functional.if_true": "tensors:2",
    }
    assert {name: kind for name, kind in found.methods.items() if f"Tensor.{name}" not in by_hand} == {
        "add": "tensor",
        "sort": "tensors:2",
        "item": "number",
    }
    assert found.attributes == {"shape": "size", "is_leaf": "bool"}


def test_return_kinds_of_several_releases() -> None:
    from torchfacts_returns import Returns, compare, dump, load, merge

    old = Returns({"torch.a": "tensor", "torch.b": "int", "torch.c": "tensors"}, {}, {"old": "bool"})
    new = Returns({"torch.a": "tensor", "torch.b": "tensor", "torch.c": "tensors:2"}, {"m": "none"}, {})
    both = merge([old, new])
    assert both == Returns({"torch.a": "tensor", "torch.c": "tensors"}, {"m": "none"}, {"old": "bool"})
    assert load(dump(both)) == both
    assert compare(both, new) == ["function torch.b: the table says nothing, the release tensor"]
    assert compare(merge([new]), new) == []
