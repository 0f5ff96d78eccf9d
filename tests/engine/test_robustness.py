"""Nothing that stands in a file makes the engine raise, and equal files give equal findings."""

from __future__ import annotations

import ast
import codecs
import functools
import hashlib
import importlib.util
import os
import random
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fullgraph
from fullgraph.engine.check import check_source, check_tree
from fullgraph.engine.finding import Finding
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.semantic.source import split_lines
from fullgraph.torchfacts import TorchRange, TorchVersion

SETTINGS = Settings.with_everything(TorchRange.only(TorchVersion(2, 13)))
EXAMPLES = [
    *(block.source for rule in registry().values() for block in rule.page.blocks),
    *(case for rule in registry().values() for case in rule.cases.split("---\n")),
]
_ALONE = ("from .torch", "class torch", "torch._dynamo.config.")
"""Examples with these change what the others mean."""
EVERYTHING = "\n".join(example for example in EXAMPLES if not any(words in example for words in _ALONE))
MUCH = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(data: bytes) -> list[Finding]:
    """Findings of ``data``, each of which has a sensible place and a message of one line."""
    found = check_source(data, "file.py", SETTINGS)
    rows = max(data.count(b"\n") + data.count(b"\r"), 0) + 2
    for item in found:
        assert item.code != "TFG001", item.message
        assert 1 <= item.start.row <= rows
        assert 1 <= item.start.column <= len(data) + 2
        assert item.start <= item.end
        assert "\n" not in item.text
    assert found == sorted(found, key=Finding.sort_key)
    if any(item.code == "TFG000" for item in found):
        assert len(found) == 1
    return found


def test_the_examples_together_are_a_rich_file() -> None:
    found = {item.code for item in check(EVERYTHING.encode())}
    assert len(found) > 0.8 * len(registry()), "some rules are silent where other examples bind the same names"


@MUCH
@given(st.binary(max_size=200))
def test_bytes(data: bytes) -> None:
    check(data)


@MUCH
@given(st.text(max_size=200))
def test_text(text: str) -> None:
    check(("import torch\n" + text).encode("utf-8", errors="surrogatepass"))


@MUCH
@given(st.sampled_from(EXAMPLES), st.randoms(use_true_random=False))
def test_mutated_examples(source: str, chance: random.Random) -> None:
    check(mutated(source.encode(), chance))


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Some pieces of ``data`` deleted, doubled, moved or replaced."""
    pieces = bytearray(data)
    for _ in range(chance.randrange(1, 6)):
        start = chance.randrange(len(pieces) + 1)
        end = min(len(pieces), start + chance.randrange(1, 30))
        match chance.randrange(5):
            case 0:
                del pieces[start:end]
            case 1:
                pieces[start:start] = pieces[start:end]
            case 2:
                pieces[start:end] = bytes(chance.randrange(256) for _ in range(chance.randrange(4)))
            case 3:
                pieces[start:start] = chance.choice(
                    [b"\n", b"\r", b"\x0c", b"\t", b"(", b")", b"'''", b"\\\n", b"#", b"\0", b":"]
                )
            case _:
                cut = bytes(pieces[start:end])
                del pieces[start:end]
                place = chance.randrange(len(pieces) + 1)
                pieces[place:place] = cut
    return bytes(pieces)


class _Shuffle(ast.NodeTransformer):
    """Puts expressions of the file in the place of others, so that everything stands where nobody expects it."""

    def __init__(self, tree: ast.Module, chance: random.Random) -> None:
        self.pool = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        ]
        self.chance = chance

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        """Its parts cannot be just anything."""
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        node = super().generic_visit(node)
        replaceable = isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        return self.chance.choice(self.pool) if replaceable and self.chance.random() < 0.03 else node


@pytest.mark.parametrize("seed", range(25))
def test_shuffled_expressions(seed: int) -> None:
    chance = random.Random(seed)
    tree = ast.parse(EVERYTHING)
    source = ast.unparse(ast.fix_missing_locations(_Shuffle(ast.parse(EVERYTHING), chance).visit(tree)))
    check(source.encode())


@pytest.mark.parametrize("seed", range(10))
def test_renamed_until_everything_is_the_same(seed: int) -> None:
    """All names drawn from a handful, so that every kind of binding of one name meets every other."""
    chance = random.Random(seed)
    tree = ast.parse(EVERYTHING)
    few = ["torch", "x", "self", "forward", "Net"]
    for node in ast.walk(tree):
        for field in ("id", "arg", "name", "attr"):
            if isinstance(getattr(node, field, None), str) and chance.random() < 0.6:
                setattr(node, field, chance.choice(few))
    started = time.process_time()
    check_tree(tree, split_lines(EVERYTHING), "file.py", SETTINGS)
    assert time.process_time() - started < 20


WEIRD = {
    "empty": b"",
    "newline": b"\n",
    "only comments": b"# torch\n# noqa\n",
    "only a docstring": b'"""torch"""',
    "nul": b"import torch\n\0",
    "only nul": b"\0" * 100,
    "bom": codecs.BOM_UTF8 + b"import torch\ntorch._foreach_norm(x)\n",
    "only bom": codecs.BOM_UTF8,
    "two boms": codecs.BOM_UTF8 * 2 + b"import torch\n",
    "bom and cookie at odds": codecs.BOM_UTF8 + b"# coding: latin-1\nimport torch\n",
    "unknown cookie": b"# coding: klingon\nimport torch\n",
    "utf-16": "import torch\n".encode("utf-16"),
    "utf-16 without bom": "import torch\n".encode("utf-16-le"),
    "utf-32": "import torch\n".encode("utf-32"),
    "surrogate": b"import torch\nx = '\xed\xa0\x80'\n",
    "surrogate by utf-7": b"# coding: utf-7\nimport torch\nx = '+2AA-'\n",
    "carriage returns": b"import torch\rtorch._foreach_norm(x)\r",
    "form feeds": b"import torch\n\x0c\ntorch._foreach_norm(x)\n\x0c",
    "form feed in a line": b"import torch\n\x0ctorch._foreach_norm(x)\n",
    "control-z": b"import torch\n\x1a",
    "torn string": b"import torch\nx = '''",
    "torn bracket": b"import torch\nx = (",
    "torn backslash": b"import torch\nx = \\",
    "mixed tabs": b"import torch\nif x:\n\ty\n        z\n",
    "brackets": b"import torch\n" + b"(" * 1000 + b")" * 1000,
    "lists": b"import torch\n" + b"[" * 150 + b"]" * 150,
    "tuple keys": b"import torch\n@torch.compile\ndef f(d, x): return d[" + b"(" * 80 + b"x," + b")," * 79 + b")]",
    "calls": b"import torch\ntorch" + b".a()" * 900,
    "attributes": b"import torch\ntorch._a" + b".a" * 900,
    "additions": b"import torch\nx = " + b" + ".join([b"torch._a"] * 900),
    "unions": b"import torch\nx: " + b" | ".join([b"dict[tuple[int, int], torch.Tensor]"] * 300) + b" = {}\n",
    "nots": b"import torch\ndef f(self, x):\n    if "
    + b"not " * 90
    + b"self.t.device != x.device: self.to(x.device)\n",
    "subscripts": b"import torch\nx = torch.zeros(3)\nx" + b"[1, 2]" * 900,
    "blocks": b"import torch\n" + b"".join(b" " * n + b"if x:\n" for n in range(90)) + b" " * 90 + b"torch._a\n",
    "elifs": b"import torch\nif x: pass\n" + b"elif torch.compiler.is_compiling(): pass\n" * 300,
    "lambdas": b"import torch\nx = " + b"lambda: " * 60 + b"torch._a\n",
    "comprehensions": b"import torch\nx = " + b"[" * 30 + b"torch._a" + b" for x in x]" * 30,
    "long line": b"import torch\nx = [" + b"torch._a, " * 20_000 + b"]\n",
    "decorators": b"import torch\n" + b"@torch.compile\n" * 3000 + b"def f(x): x.cpu()\n",
    "bases": (
        b"import torch\nclass A(A): pass\nclass B(C): pass\nclass C(B):\n    def forward(self, x): return x.cpu()\n"
    ),
    "arguments": b"import torch\ndef f(" + b", ".join(b"a%d" % n for n in range(5000)) + b"): pass\n",
}


@pytest.mark.parametrize("name", WEIRD)
def test_weird_files(name: str) -> None:
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(WEIRD[name])
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("name", "row", "column"),
    [("bom", 2, 1), ("carriage returns", 2, 1), ("form feeds", 3, 1), ("form feed in a line", 2, 2)],
)
def test_weird_files_have_their_findings(name: str, row: int, column: int) -> None:
    (found,) = check(WEIRD[name])
    assert (found.code, found.start.row) == ("TFG102", row)
    assert found.start.column == column


@pytest.mark.parametrize(
    "source",
    [
        b'import torch\nx = "\\d"\ntorch._foreach_norm(x)\n',
        b"import torch\nassert (torch._a, 'x')\n",
        b"import torch\nx is 1\ntorch._a\n",
    ],
)
def test_what_the_parser_warns_about_is_no_error(source: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (found,) = check(source)
    assert found.code == "TFG102"


def test_a_huge_file() -> None:
    body = "".join(
        f"def f{n}(x, device):\n    x = x.to(device)\n    return torch._foreach_norm([x])\n" for n in range(5000)
    )
    data = ("import torch\n" + body).encode()
    started = time.process_time()
    assert len(check(data)) == 5000
    assert time.process_time() - started < 30


def test_latin_1_counts_characters() -> None:
    (found,) = check("# coding: latin-1\nimport torch\nx = 'é', torch._foreach_norm(y)\n".encode("latin-1"))
    assert found.start.column == 10


def digest(seed: str) -> str:
    program = (
        "import sys, pickle, hashlib\n"
        "from fullgraph.engine.check import check_source\n"
        "from fullgraph.engine.settings import Settings\n"
        "from fullgraph.torchfacts import TorchRange, TorchVersion\n"
        "settings = Settings.with_everything(TorchRange.only(TorchVersion(2, 13)))\n"
        "found = check_source(sys.stdin.buffer.read(), 'file.py', settings)\n"
        "print(len(found)); print('\\n'.join(map(repr, found)))\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(fullgraph.__file__).parents[1])}
    run = subprocess.run(
        [sys.executable, "-c", program], input=EVERYTHING.encode(), capture_output=True, check=True, env=environment
    )
    assert int(run.stdout.split(b"\n")[0]) > 40
    return hashlib.sha256(run.stdout).hexdigest()


def test_hash_seeds_do_not_matter() -> None:
    assert len({digest(seed) for seed in ("0", "1", "2")}) == 1


def test_order_of_files_does_not_matter() -> None:
    alone = [check(example.encode()) for example in EXAMPLES]
    assert [check(example.encode()) for example in reversed(EXAMPLES)] == alone[::-1]


def test_other_rules_do_not_change_what_a_rule_says() -> None:
    together = check(EVERYTHING.encode())
    for code in registry():
        alone = check_source(EVERYTHING.encode(), "file.py", Settings(SETTINGS.releases, frozenset({code})))
        assert alone == [item for item in together if item.code == code]


@functools.cache
def torch_files() -> tuple[Path, ...]:
    torch = importlib.util.find_spec("torch")
    if torch is None or torch.origin is None:
        return ()
    folder = Path(torch.origin).parent
    return (*sorted((folder / "nn").rglob("*.py")), *sorted((folder / "optim").rglob("*.py")))


@pytest.mark.skipif(not torch_files(), reason="torch is not installed, so there are no sources of it")
def test_torchs_own_sources() -> None:
    for file in torch_files():
        check(file.read_bytes())


@pytest.mark.skipif(not torch_files(), reason="torch is not installed, so there are no sources of it")
def test_mutated_sources_of_torch() -> None:
    chance = random.Random(7)
    for file in chance.sample(torch_files(), 30):
        data = file.read_bytes()
        check(mutated(data, chance))
        lines = data.splitlines(keepends=True)
        del lines[chance.randrange(len(lines) or 1) :]
        check(b"".join(lines))
