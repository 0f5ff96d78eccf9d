"""The oracle itself: it sees what torch does, at the right line, and stays silent where torch has nothing to say."""

from __future__ import annotations

import logging
import os
import random
import subprocess
import sys
import textwrap

import pytest

torch = pytest.importorskip("torch")

from fullgraph.verify import OracleError, observe, same_result  # noqa: E402
from fullgraph.verify.torchlog import TorchLog  # noqa: E402


def block(source: str) -> str:
    return "import torch\n" + textwrap.dedent(source).lstrip("\n")


def marked(source: str) -> set[int]:
    return {number for number, line in enumerate(source.splitlines(), 1) if line.endswith("# !")}


BREAKS = {
    "print": """
        @torch.compile
        def f(x):
            y = x + 1
            print("hello")  # !
            return y
        CALL = f, torch.ones(3)
    """,
    "print first": """
        @torch.compile
        def f(x):
            print("hello")  # !
            return x + 1
        CALL = f, torch.ones(3)
    """,
    "item": """
        @torch.compile
        def f(x):
            scale = x.sum().item()  # !
            return x * scale
        CALL = f, torch.ones(3)
    """,
    "branch": """
        @torch.compile
        def f(x):
            if x.sum() > 0:  # !
                return x + 1
            return x
        CALL = f, torch.ones(3)
    """,
    "branch, refused": """
        @torch.compile(fullgraph=True)
        def f(x):
            if x.sum() > 0:  # !
                return x + 1
            return x
        CALL = f, torch.ones(3)
    """,
    "branch in a callee": """
        def g(x):
            if x.sum() > 0:  # !
                return x + 1
            return x
        @torch.compile
        def f(x):
            return g(x * 2)
        CALL = f, torch.ones(3)
    """,
    "in a loop": """
        @torch.compile
        def f(x):
            for step in range(3):
                print(step)  # !
                x = x + 1
            return x
        CALL = f, torch.ones(3)
    """,
    "in library code": """
        lstm = torch.nn.LSTM(3, 3)
        @torch.compile
        def f(x):
            y = x + 1
            return lstm(y)[0]  # !
        CALL = f, torch.ones(3, 3)
    """,
    "in the same line of library code, twice": """
        import copy
        @torch.compile
        def f(x, given):
            one = copy.copy(given)  # !
            y = x + 1
            other = copy.copy(given)  # !
            return y, one, other
        CALL = f, torch.ones(3), {"a": 1}
    """,
    "at import, and twice": """
        @torch.compile(mode="max-autotune")
        def f(x):
            print("hello")  # !
            x = x + 1
            print("hello")  # !
            return x + 1
        f(torch.ones(3))
        f(torch.ones(4))
    """,
    "in a module": """
        class Net(torch.nn.Module):
            def forward(self, x):
                if x.sum() > 0:  # !
                    return x + 1
                return x
        net = Net()
        net.compile()
        CALL = net, torch.ones(3)
    """,
}


@pytest.mark.parametrize("name", BREAKS)
def test_graph_break_is_seen_at_its_line(name: str) -> None:
    source = block(BREAKS[name])
    seen = observe(source)
    assert seen.break_lines == marked(source)
    assert seen.breaks >= len(seen.break_lines)
    assert not seen.clean


def test_lines_that_dynamo_comes_to_are_known() -> None:
    source = """
        def g(x):
            return x + 1  # !
        @torch.compile
        def f(x, many):
            y = g(x)  # !
            if many:  # !
                y = y - 1
            for _ in range(2):  # !
                print(y)  # !
            return y * 2
        CALL = f, torch.ones(3), False
    """
    seen = observe(block(source))
    heads = {2, 4}
    assert seen.traced_lines - heads == marked(block(source))
    assert not observe(block(source), compiled=False).traced_lines


def test_break_outside_of_the_block_is_counted() -> None:
    seen = observe(block("CALL = torch.compile(torch.nn.LSTM(3, 3)), torch.ones(3, 3)"))
    assert seen.breaks
    assert not seen.break_lines
    assert not seen.clean


def test_clean_block_is_clean() -> None:
    seen = observe(
        block("""
        @torch.compile
        def f(x, scale):
            return torch.where(x > 0, x * scale, x).sum()
        CALLS = f, [(torch.ones(3), torch.tensor(2.0)), (torch.zeros(3), torch.tensor(3.0))]
        """)
    )
    assert seen.clean
    assert seen.graphs == 1
    assert seen.torch == torch.__version__
    assert same_result(seen.result, [torch.tensor(6.0), torch.tensor(0.0)])


def test_recompilations_are_counted_up_to_the_limit() -> None:
    source = """
        table = {(i, j): torch.ones(3) for i in range(3) for j in range(4)}
        @torch.compile
        def f(x, i, j):
            return x + table[i, j]  # !
        CALLS = f, [(torch.ones(3), *key) for key in list(table)[:COUNT]]
    """
    few, many = block(source.replace("COUNT", "3")), block(source.replace("COUNT", "12"))
    seen = observe(few)
    assert (seen.recompilations, seen.graphs, seen.recompile_lines) == (2, 3, marked(few))
    assert (seen.recompiled, seen.limit_lines) == ({3}, frozenset())
    seen = observe(many)
    limit = torch._dynamo.config.cache_size_limit  # its name up to torch 2.6, and still another name for it
    assert (seen.recompilations, seen.graphs, seen.recompile_lines) == (limit - 1, limit, marked(many))
    assert seen.limit_lines == {3}
    assert not seen.errors
    assert not seen.break_lines


def test_length_of_a_list_is_seen_to_vary() -> None:
    source = block("""
        @torch.compile
        def f(rows):
            scaled = []
            for row in rows:
                scaled.append(row * 2)
            return torch.stack(scaled)  # !
        CALLS = f, [([torch.ones(3)] * length,) for length in (1, 2, 3)]
    """)
    seen = observe(source)
    assert seen.list_lines == marked(source)
    assert seen.recompilations == 2
    assert not observe(source.replace("(1, 2, 3)", "(3, 3, 3)")).list_lines


MOVES = {
    "to a device": "x = x.to('meta')  # !",
    "to the device of another": "x = torch.zeros(3).to(m.device) + m  # !",
    "to another": "x = x.to(m) + m  # !",
    "type_as": "x = x.type_as(m) + m  # !",
    "copy_": "x = m.copy_(x)  # !",
    "as_tensor": "x = torch.as_tensor(x, device='meta')  # !",
    "to the same device": "x = x.to('cpu')",
    "cpu on the cpu": "x = x.cpu()",
    "dtype": "x = x.to(torch.float64)",
    "created there": "x = torch.zeros(3, device=m.device) + m",
    "created like another": "x = torch.zeros_like(x, device='meta') + x.new_ones(3, device='meta')",
}


@pytest.mark.parametrize("name", MOVES)
def test_device_move_is_seen_at_its_line(name: str) -> None:
    source = block(f"""
        @torch.compile
        def f(x, m):
            {MOVES[name]}
            return x
        CALL = f, torch.ones(3), torch.ones(3, device="meta")
    """)
    seen = observe(source)
    assert seen.move_lines == marked(source)
    assert not seen.break_lines
    assert not seen.errors


def test_eager_gives_the_result_and_nothing_else() -> None:
    for source in map(block, BREAKS.values()):
        eager = observe(source, compiled=False)
        assert eager.clean
        assert not eager.graphs
        if "fullgraph=True" not in source:
            compiled = observe(source)
            assert same_result(eager.result, compiled.result)
            assert eager.output == compiled.output


def test_random_numbers_are_the_same_in_every_run() -> None:
    source = block("import random\nCALL = lambda: [torch.rand(3), random.random()],")
    python, tensor = random.getstate(), torch.get_rng_state()
    assert same_result(observe(source).result, observe(source, compiled=False).result)
    assert random.getstate() == python
    assert torch.equal(torch.get_rng_state(), tensor)


def test_errors_are_told() -> None:
    assert observe("import torch\n1 / 0\n").errors == ("ZeroDivisionError: division by zero",)
    seen = observe("def f(x):\n    raise ValueError(x)\nCALLS = f, [('a\\nb',), ('',)]\n")
    assert seen.errors == ("ValueError: a", "ValueError")
    assert seen.result == [None, None]
    assert not seen.clean


def test_block_that_is_not_one() -> None:
    with pytest.raises(OracleError, match="tuple"):
        observe("CALLS = print, [1, 2]\n")
    assert observe("def\n").errors[0].startswith("SyntaxError")


def test_warnings_of_a_block_are_not_raised() -> None:
    assert observe("import warnings\nCALL = warnings.warn, 'old'\n").clean


def test_block_reads_its_own_standard_input() -> None:
    assert observe("CALL = input,\n").result == "c"


def test_process_is_left_as_it_was(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_LOGS", "+dynamo")
    observe("import torch\n")  # whatever torch sets up when it first compiles is set up
    loggers = [
        "torch",
        "torch._dynamo",
        "torch._dynamo.guards.__recompiles",
        "torch._dynamo.guards.__verbose_guards",
        "torch._dynamo.convert_frame.__graph_breaks",
    ]

    def state() -> list[object]:
        shown = [logging.getLogger(name) for name in loggers]
        modules = [name for name in sys.modules if name.startswith("fullgraph_block")]
        logs = [(logger.level, logger.propagate, [type(handler) for handler in logger.handlers]) for logger in shown]
        flags = [torch._dynamo.config.cache_size_limit, torch._dynamo.config.capture_scalar_outputs]
        return [logs, modules, flags, torch.compile, torch._dynamo.optimize, sys.stdin, sys.stdout, dict(os.environ)]

    before = state()
    seen = observe(
        block("""
        import os
        import torch._dynamo
        torch._dynamo.config.cache_size_limit = 2
        torch._dynamo.config.capture_scalar_outputs = True
        os.environ["OF_THE_BLOCK"] = "1"
        @torch.compile
        def f(x, name):
            print("hello")
            return x + len(name)
        CALLS = f, [(torch.ones(3), "a" * length) for length in range(4)]
        """)
    )
    assert seen.limit_lines
    assert state() == before
    assert capfd.readouterr() == ("", "")


def test_a_block_that_turns_gradients_off_does_so_for_itself() -> None:
    observe("import torch\ntorch.set_grad_enabled(False)\n")
    assert torch.is_grad_enabled()


def test_torch_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, fullgraph.verify; sys.exit('torch' in sys.modules)"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


@pytest.mark.parametrize("name", ["__graph_breaks", "__recompiles", "convert_frame"])
def test_unknown_words_are_an_error(name: str) -> None:
    log = TorchLog("block.py")
    log.emit(
        logging.makeLogRecord({"name": f"torch._dynamo.{name}", "msg": "torch hit config.some_limit: strange words"})
    )
    with pytest.raises(OracleError, match="words that the oracle does not know"):
        log.break_lines() | log.recompiled() | log.limited()


def test_results_are_compared_closely() -> None:
    one = torch.ones(3)
    assert same_result({"a": [one, (1.0, float("nan"))]}, {"a": [one + 1e-7, (1.0 + 1e-9, float("nan"))]})
    assert same_result(one.to("meta"), one.to("meta"))
    for left, right in [(one, one * 2), (one, one.double()), (one, torch.ones(4)), (one, one.to("meta")), (one, 1.0)]:
        assert not same_result(left, right)
    for other in [[1], (1, 2, 3), {"a": 1}, "ab", 1, None]:
        assert not same_result([1, 2], other)


def test_warnings_of_a_deprecation_have_their_line() -> None:
    seen = observe(
        block("""
        import warnings
        def f(x):
            with torch.cuda.amp.autocast(enabled=False):
                warnings.warn("of another kind", UserWarning, stacklevel=1)
                return x
        CALL = f, torch.ones(3)
        """)
    )
    assert seen.warned_lines == {4}
    assert seen.clean


def test_errors_have_their_line() -> None:
    seen = observe(block("def f(x):\n    return torch.no_such_name(x)\nCALL = f, torch.ones(3)\n"))
    assert seen.error_lines == {3}
    assert seen.errors[0].startswith("AttributeError: ")


def test_waits_for_tensors_elsewhere_have_their_lines() -> None:
    source = block("""
    def f(x):
        y = x * 2 + torch.arange(3)
        first = y[0].item()
        if y.any():
            rows = y.tolist()
        host = y.cpu()
        read = host.tolist(), host[0].item(), host.numpy()
        text = f"{y.sum():.1f}", y.to("cpu", torch.float64), y.to(torch.float64)
        return first, rows, read, text, y.shape, y.dtype, torch.tensor([1.0]).max().item()
    CALL = f, torch.ones(3)
    """)
    seen = observe(source, away=True)
    assert seen.errors == ()
    assert seen.waits == (4, 5, 6, 7, 9, 9, 10)
    assert observe(source, compiled=False).waits == ()


def test_counting_what_a_mask_holds_is_a_wait() -> None:
    source = block("""
    def f(x, mask):
        kept = x[mask]
        rows = torch.nonzero(mask), torch.where(mask), torch.argwhere(mask)
        first = x[torch.tensor([0, 1])], torch.where(mask, x, -x), x[0], x[1:]
        x = x.clone()
        x[mask] = 0.0
        return kept, rows, first, x.masked_fill(mask, 1.0)
    CALL = f, torch.ones(3), torch.tensor([True, False, True])
    """)
    seen = observe(source, away=True)
    assert seen.errors == ()
    assert seen.waits == (3, 4, 4, 4)


def test_training_elsewhere_waits_only_where_it_is_asked_to() -> None:
    seen = observe(
        block("""
        model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3), torch.nn.Dropout())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        def step(x):
            loss = torch.nn.functional.mse_loss(model(x), x)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            return loss.item()
        CALLS = step, [(torch.ones(4, 3),)] * 3
        """),
        away=True,
    )
    assert seen.errors == ()
    assert seen.waits == (9, 9, 9)
