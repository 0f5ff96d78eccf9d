"""Call every function that a rule about graph breaks names, in compiled code, and see whether it breaks the graph.

usage: sweep_functions.py [CODE ...] [--verbose]   rules by their code, or the beginning of it; without any, TFG2

Of each function some arguments are tried that the rules report on the installed torch, until one call works; where
none is reported, some that are not. What is reported and traced is a false alarm, and the exit status is 1 then. What
is not reported and breaks may be an alarm that is missed. What could not be called needs arguments below.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from fullgraph.engine.check import check_source
from fullgraph.engine.registry import registry
from fullgraph.engine.settings import Settings
from fullgraph.rule import CallTrigger
from fullgraph.torchfacts import TorchRange, TorchVersion
from fullgraph.verify.case_outcome import BREAKING, Outcome
from fullgraph.verify.case_worker import try_cases
from fullgraph.verify.cases import Case
from fullgraph.verify.worker import installed

GENERIC = (
    "",
    *(
        "x",
        "x.sum()",
        "x > 0",
        "places",
        "x[0]",
        "x, x",
        "x.sum(), x.sum()",
        "[x.sum(), x.mean()]",
        "[x, x]",
        "[x.sum() > 0]",
    ),
    *("'a'", "1", "0.5", "[1, 2]", "'a', 1", "1, 2", "'a', 'b'", "{'a': 1}", "[3, 1]", "(2, 3)"),
    *(
        "x.max().long()",
        "x.max().long(), 3",
        "x, places",
        "x, x > 0",
        "x, x.sum()",
        "x, x.max().long()",
        "x.sum() * 0.1",
        "{'a': 'b'}",
        "places, 3",
        "x * x.mean()",
        "x + 1, 2",
    ),
    *("self_made", "self_made, 'a'", "squared", "squared, x", "'[1]'", "b'a'", "'sys'", "'ERROR'", "sys", "True"),
    *(
        "x, 1",
        "x, 0",
        "x, 2, 'a'",
        "x, 1, 2",
        "0, x.sum(), 3",
        "0, 1, x.sum().long()",
        "torch.ones(3, 3), x",
        "x, x, x",
    ),
    *(
        "3, requires_grad=True",
        "x, requires_grad=True",
        "lambda: 1",
        "True, lambda: f'{x.shape}'",
        "range(3)",
        "3, 3",
        "3, 3, 1",
    ),
    *("torch.eye(3), torch.eye(3)", "[torch.ones(3), torch.ones(2)]", "(2, 3), x.sum()", "4, 2", "given", "given, 1.0"),
)
"""Arguments that many functions take: `x` is three ones, `places` are three integers."""
TABLE = "torch.eye(3).to_sparse()"
GIVEN: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "builtins.compile": (("'1', 'a', 'eval'", "0"),),
        "dataclasses.asdict": (("given", "Pair(1)"),),
        "dataclasses.astuple": (("given", "Pair(1)"),),
        "datetime.datetime": (("2020, 1, 1", "0"),),
        "os.path.getmtime": (("given", "touched()"),),
        "os.path.getsize": (("given", "touched()"),),
        "os.remove": (("given", "touched()"),),
        "os.rename": (("given, 'b'", "touched()"),),
        "os.rmdir": (("given", "__import__('tempfile').mkdtemp(dir='.')"),),
        "os.stat": (("given", "touched()"),),
        "os.unlink": (("given", "touched()"),),
        "pickle.loads": (("given", "__import__('pickle').dumps(1)"),),
        "shutil.copy": (("given, 'b'", "touched()"),),
        "shutil.copyfile": (("given, 'b'", "touched()"),),
        "shutil.move": (("given, 'b'", "touched()"),),
        **{
            f"subprocess.{name}": (("['true']", "0"),)
            for name in ("Popen", "call", "check_call", "check_output", "run")
        },
        "torch.add": (("x, x, alpha=x.sum()", "0"),),
        "torch.addcmul": (("x, x, x, value=x.sum()", "0"),),
        "torch.autograd.backward": (("(x * given).sum()", "torch.ones(3, requires_grad=True)"),),
        "torch.autograd.functional.hvp": (("squared, x, x", "0"),),
        "torch.autograd.functional.jvp": (("squared, x, x", "0"),),
        "torch.autograd.functional.vhp": (("squared, x, x", "0"),),
        "torch.autograd.functional.vjp": (("squared, x", "0"),),
        "torch.autograd.grad": (("(x * given).sum(), given", "torch.ones(3, requires_grad=True)"),),
        "torch.autograd.gradcheck": (("squared, given", "torch.ones(3, dtype=torch.double, requires_grad=True)"),),
        "torch.cdist": (("torch.eye(3), torch.eye(3), p=x.sum()", "0"),),
        "torch.diagonal": (("torch.eye(3), x.argmax()", "0"), ("torch.eye(3), 1", "0")),
        "torch.full": (("(x.argmax(), 3), 1.0", "0"),),
        "torch.full_like": (("x, x.mean()", "0"), ("x, 2.0", "0")),
        "torch.is_nonzero": (("x[0]", "0"),),
        "torch.jit.isinstance": (("x, torch.Tensor", "0"),),
        "torch.jit.wait": (("given", "torch.jit.fork(squared, torch.ones(3))"),),
        "torch.load": (("given", "saved()"),),
        "torch.narrow": (("x, 0, x.argmax(), 1", "0"), ("x, 0, 0, 1", "0")),
        "torch.nested.nested_tensor": (("[x, x]", "0"),),
        "torch.nn.Bilinear": (("1, 2, 3", "0"),),
        "torch.nn.MultiheadAttention": (("4, 2", "0"),),
        "torch.nn.TransformerDecoderLayer": (("4, 2", "0"),),
        "torch.nn.TransformerEncoderLayer": (("4, 2", "0"),),
        "torch.nn.functional.layer_norm": (("x, (3,), None, None, x.mean()", "0"), ("x, (3,)", "0")),
        "torch.nn.functional.pad": (("x, (places[0], 1)", "0"), ("x, (1, 1)", "0")),
        "torch.nn.functional.threshold": (("x, x.mean(), 2.0", "0"), ("x, 1.0, 2.0", "0")),
        "torch.nn.utils.clip_grad_norm_": (("given.parameters(), 1.0", "trained()"),),
        "torch.nn.utils.clip_grad_value_": (("given.parameters(), 1.0", "trained()"),),
        "torch.nn.utils.rnn.pack_padded_sequence": (("x[:, None], [3]", "0"),),
        "torch.nn.utils.rnn.pad_packed_sequence": (
            ("given", "torch.nn.utils.rnn.pack_sequence([torch.ones(3), torch.ones(2)])"),
        ),
        "torch.quantize_per_channel": (("x, torch.ones(3), torch.zeros(3).long(), 0, torch.quint8", "0"),),
        "torch.quantize_per_tensor": (("x, 0.1, 0, torch.quint8", "0"),),
        "torch.randint": (("0, 3, (3,), generator=generator", "0"), ("0, 3, (3,)", "0")),
        "torch.multinomial": (("x, 2, generator=generator", "0"), ("x, 2", "0")),
        **{f"torch.{name}": (("3, generator=generator", "0"), ("3", "0")) for name in ("rand", "randn", "randperm")},
        "torch.random.set_rng_state": (("given", "torch.get_rng_state()"),),
        "torch.repeat_interleave": (("x, places", "0"), ("x, 2", "0")),
        "torch.reshape": (("x, (places.sum() + 1, -1)", "0"), ("x, (3, 1)", "0")),
        "torch.select": (("x, 0, x.argmax()", "0"), ("x, 0, 1", "0")),
        "torch.set_rng_state": (("given", "torch.get_rng_state()"),),
        "torch.sparse.addmm": (("torch.eye(3), given, torch.eye(3)", TABLE),),
        "torch.sparse.log_softmax": (("given, 1", TABLE),),
        "torch.sparse.mm": (("given, torch.eye(3)", TABLE),),
        "torch.sparse.softmax": (("given, 1", TABLE),),
        "torch.sparse.sum": (("given", TABLE),),
        "torch.sparse_bsc_tensor": (("torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1, 1, 1)", "0"),),
        "torch.sparse_bsr_tensor": (("torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1, 1, 1)", "0"),),
        "torch.sparse_compressed_tensor": (
            ("torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1), layout=torch.sparse_csr", "0"),
        ),
        "torch.sparse_coo_tensor": (("places[None], x", "0"),),
        "torch.sparse_csc_tensor": (("torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1)", "0"),),
        "torch.sparse_csr_tensor": (("torch.tensor([0, 1]), torch.tensor([0]), torch.ones(1)", "0"),),
        "torch.split": (("x, places.tolist()", "0"), ("x, 1", "0")),
        "torch.sub": (("x, x, alpha=x.sum()", "0"),),
        "torch.topk": (("x, x.argmax()", "0"), ("x, 2", "0")),
        "torch.tril": (("torch.eye(3), x.argmax()", "0"), ("torch.eye(3), 1", "0")),
        "torch.triu": (("torch.eye(3), x.argmax()", "0"), ("torch.eye(3), 1", "0")),
        "torch.utils.dlpack.to_dlpack": (("x", "0"),),
        "warnings.filterwarnings": (("'ignore'", "0"),),
        "warnings.simplefilter": (("'ignore'", "0"),),
        "warnings.warn_explicit": (("'a', UserWarning, 'a', 1", "0"),),
    }
)
"""Arguments of functions that want others, and what `given` stands for in them."""
HEAD = """import dataclasses
import sys
import torch
{imports}

@dataclasses.dataclass
class Pair:
    size: int

class SelfMade:
    pass

self_made = SelfMade()
generator = torch.Generator()

def squared(y):
    return (y * y).sum()

def touched():
    open("a", "w").close()
    return "a"

def saved():
    torch.save(1, "a")
    return "a"

def trained():
    layer = torch.nn.Linear(3, 3)
    layer(torch.ones(3)).sum().backward()
    return layer

"""
STEP = """@torch.compile
def step{number}(x: torch.Tensor, places: torch.Tensor, given):
    y = x + 1
    found = {call}
    return y * 2, found if isinstance(found, torch.Tensor) else 0

"""
LEFT_OUT = frozenset({"builtins.breakpoint", "torch._dynamo.reset", "torch.compiler.reset"})
"""What stops the sweep itself."""


def _import_of(path: str) -> str:
    """The statement that imports the module which a path begins with."""
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        with contextlib.suppress(ImportError):
            importlib.import_module(".".join(parts[:length]))
            return f"import {'.'.join(parts[:length])}"
    return f"import {parts[0]}"


def functions(codes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The functions that rules name, with the code of the rule."""
    for code, rule in registry().items():
        if code.startswith(tuple(codes)) and rule.effect in BREAKING:
            triggers = (each for each in rule.rule.triggers if isinstance(each, CallTrigger))
            paths = dict.fromkeys(path for trigger in triggers for path in trigger.paths)
            yield from ((code, path) for path in paths if path not in LEFT_OUT)


def case_of(code: str, path: str, number: int, settings: Settings) -> Case:
    """A case with a compiled function for each call to try: those that the rule reports come first."""
    calls = [*GIVEN.get(path, ()), *((arguments, "0") for arguments in GENERIC)]
    name = path.removeprefix("builtins.")
    source = HEAD.format(imports=_import_of(path))
    first = source.count("\n") + 4
    source += "".join(
        STEP.format(number=each, call=f"{name}({arguments})") for each, (arguments, _) in enumerate(calls)
    )
    found = check_source(source.encode(), "sweep.py", settings)
    rows = {finding.start.row for finding in found if finding.code == code}
    silent = [first + each * STEP.count("\n") not in rows for each in range(len(calls))]
    order = sorted(range(len(calls)), key=silent.__getitem__)
    runs = (f"# run: step{each}(torch.ones(3), torch.tensor([0, 1, 1]), {calls[each][1]})\n" for each in order)
    return Case(code, number, source + "".join(runs))


def judged(case: Case, outcome: Outcome) -> tuple[str, str]:
    """What became of a function, in a word or two, and the call, as far as that is told, or why there is none."""
    calls = {
        row: line.partition(" = ")[2] for row, line in enumerate(case.source.splitlines(), 1) if "found = " in line
    }
    rows = [("false alarm", outcome.refuted), ("breaks", outcome.confirmed), ("missed alarm", outcome.unreported)]
    rows += [("raises", outcome.raising)]
    found = ((word, calls[row]) for word, each in rows for row in each if row in calls)
    return next(found, ("not called", outcome.unable) if outcome.unable else ("traced", ""))


def main() -> int:
    """Try functions, and say what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codes", nargs="*", default=["TFG2"], metavar="CODE")
    parser.add_argument("--verbose", action="store_true", help="also tell what is as it should be")
    arguments = parser.parse_args()
    found = installed()
    if found is None:
        print("no torch can be imported")
        return 2
    codes = frozenset(code for code, rule in registry().items() if rule.effect in BREAKING)
    settings = Settings(TorchRange.only(TorchVersion.parse(found[0])), codes)
    named = list(functions(arguments.codes))
    cases = (case_of(code, path, number, settings) for number, (code, path) in enumerate(named))
    counts: Counter[str] = Counter()
    for case, outcome in try_cases(cases, one_call=True):
        word, call = judged(case, outcome)
        counts[word] += 1
        if arguments.verbose or word not in ("breaks", "traced"):
            print(f"{word:12} {case.code} {named[case.number][1]:42} {call}", flush=True)
    print(f"torch {found[0]}: " + ", ".join(f"{word}: {count}" for word, count in sorted(counts.items())))
    return int(counts["false alarm"] > 0)


if __name__ == "__main__":
    sys.exit(main())
