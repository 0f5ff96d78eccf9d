"""A training repository, guilty on purpose: every finding is written beside its line, and seen on torch."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

torch = pytest.importorskip("torch")

from fullgraph.engine.page import marked_lines  # noqa: E402
from fullgraph.engine.registry import registry  # noqa: E402
from fullgraph.verify.away import Away  # noqa: E402
from fullgraph.verify.calls import CompileCalls, States  # noqa: E402
from fullgraph.verify.graphs import Captured  # noqa: E402
from fullgraph.verify.observe import is_refusal, optimize_with  # noqa: E402
from fullgraph.verify.torchlog import TorchLog, listening  # noqa: E402
from marked_projects import copied  # noqa: E402

FOLDER = Path(__file__).parent / "training_repository"
FILES = {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.rglob("*.py"))}
FAMILIES = ("TFG3", "TFG4", "TFG5")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
LIMIT = 8
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, in inductor
NEAR_MISS = re.compile(r"^\s*# near miss: (TFG\d{3}), because \S.*$")


def expected() -> Counter[tuple[str, int, str]]:
    """File, line and code of every finding that is written beside its line."""
    return Counter(
        (name, row, code)
        for name, path in FILES.items()
        for row, code in marked_lines(path.read_text(encoding="utf-8"))
    )


def near_misses() -> list[tuple[str, int, str]]:
    """File, line and code of every near miss: the line below what is said of it."""
    return [
        (name, row + 1, found[1])
        for name, path in FILES.items()
        for row, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (found := NEAR_MISS.match(line)) is not None
    ]


# ---------------------------------------------------------------------- what is found


def codes() -> list[str]:
    return [code for code in registry() if code.startswith(FAMILIES)]


@pytest.mark.parametrize("code", codes())
def test_every_rule_has_a_true_case_and_two_near_misses(code: str) -> None:
    assert [place for place in expected() if place[2] == code]
    misses = [place for place in near_misses() if place[2] == code]
    assert len(misses) >= 2
    assert not set(misses) & set(expected())


def test_what_is_said_of_a_near_miss_is_well_formed() -> None:
    said = sum(path.read_text(encoding="utf-8").count("near miss:") for path in FILES.values())
    assert said == len(near_misses())


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository by itself, outside of ours."""
    return copied(FOLDER, tmp_path, monkeypatch)


def on_the_command_line(*arguments: str) -> Counter[tuple[str, int, str]]:
    command = [sys.executable, "-m", "fullgraph", "check", "--output-format", "json", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=120)
    assert (run.returncode, run.stderr.splitlines()[1:]) == (1, ["Target: torch 2.13, as pyproject.toml:5 allows."])
    return Counter((each["filename"], each["location"]["row"], each["code"]) for each in json.loads(run.stdout))


@pytest.mark.usefixtures("copy")
def test_the_command_line_finds_every_marked_line_and_no_other() -> None:
    for arguments in ((), (), ("--no-cache", "--jobs", "1")):  # the second from the cache
        assert on_the_command_line(*arguments) == expected()


@pytest.mark.usefixtures("copy")
def test_flake8_finds_the_same() -> None:
    command = [sys.executable, "-m", "flake8", "--isolated", "--select", "TFG", "--extend-select", "TFG403", "."]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=120)
    assert run.stderr == ""
    lines = [re.fullmatch(r"\./(\S+?):(\d+):\d+: (TFG\d+) .*", line) for line in run.stdout.splitlines()]
    assert Counter((line[1], int(line[2]), line[3]) for line in lines if line is not None) == expected()
    assert None not in lines


# ---------------------------------------------------------------------- what torch does


def marked(name: str, code: str) -> set[int]:
    return {row for path, row, each in expected() if (path, each) == (name, code)}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the repository be imported anew, and undo what it does to torch."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    dynamo: Any = importlib.import_module("torch._dynamo")
    with dynamo.config.patch(disable=False, suppress_errors=False), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
    dynamo.reset()
    for name in [name for name in sys.modules if name.partition(".")[0] in ("pilot", "launch")]:
        del sys.modules[name]


@dataclass(frozen=True)
class Seen:
    """What torch did, as far as one file is concerned."""

    log: TorchLog
    captured: Captured
    calls: CompileCalls
    states: States
    path: str

    @property
    def recompilations(self) -> int:
        return len(self.log.recompiles) - len(self.log.limits)


def often(seen: Seen) -> Counter[str]:
    """How often each function was to be compiled again."""
    return Counter(text.split()[2] for text in seen.log.recompiles)


@contextlib.contextmanager
def watched(name: str) -> Iterator[Seen]:
    """Watch what torch does with one file of the repository; what is imported meanwhile compiles for the watch."""
    path = str(FILES[name])
    dynamo: Any = importlib.import_module("torch._dynamo")
    dynamo.reset()
    captured = Captured()
    calls, states = CompileCalls(path, optimize_with(dynamo.optimize, captured)), States(path)
    with listening(path) as log, mock.patch.object(dynamo, "optimize", calls.optimize), states.watched():
        yield Seen(log, captured, calls, states, path)


def load(name: str) -> Any:
    return importlib.import_module(name)


def test_a_run_learns() -> None:
    small = [word for name in ("points=8", "steps=4", "width=8", "minibatches=2") for word in ("--set", name)]
    rewards = load("launch").main(["--updates", "3", "--backend", "eager", *small])
    assert len(rewards) == 3
    assert all(abs(reward) < 2 for reward in rewards)


def test_tuple_keys_recompile() -> None:
    with watched("pilot/networks/layers.py") as seen:
        bias = torch.compile(load("pilot.networks.layers").CurriculumBias(3, 4, 2))
        for task in range(3):
            for level in range(4):
                bias(torch.ones(1, 2), task, level)
    assert seen.log.recompile_lines() == marked("pilot/networks/layers.py", "TFG301")
    assert (seen.recompilations, len(seen.log.limits)) == (LIMIT - 1, 1)


def test_lists_of_unknown_length_recompile() -> None:
    with watched("pilot/telemetry/health.py") as seen:
        health = load("pilot.telemetry.health")
        for depth in range(1, 13):
            model = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(depth)])
            model(torch.ones(1, 2)).sum().backward()
            assert len(health.table(model)) == 2 * depth
            assert health.is_healthy(model)
            health.largest(model)
    assert seen.captured.list_lines(seen.path) == marked("pilot/telemetry/health.py", "TFG302")
    assert (seen.recompilations, len(seen.log.limits)) == (LIMIT - 1, 1)
    with watched("pilot/networks/layers.py") as other:
        trunk = torch.compile(load("pilot.networks.layers").Trunk(4, 3))
        for _ in range(12):
            trunk(torch.ones(2, 4))
    assert (other.recompilations, other.captured.list_lines(other.path)) == (0, frozenset())


def test_a_counter_recompiles() -> None:
    for sets_back in (False, True):
        with watched("pilot/networks/layers.py") as seen:
            norm = load("pilot.networks.layers").RunningNorm(2)
            compiled = torch.compile(norm)
            for _ in range(12):
                compiled(torch.ones(3, 2))
                norm.batches = 0 if sets_back else norm.batches
        assert seen.log.recompile_lines() >= (set() if sets_back else marked("pilot/networks/layers.py", "TFG303"))
        assert (seen.recompilations, len(seen.log.limits)) == ((1, 0) if sets_back else (LIMIT - 1, 1))


def test_a_growing_list_recompiles() -> None:
    for sets_back in (False, True):
        with watched("pilot/networks/layers.py") as seen:
            tap = load("pilot.networks.layers").Tap()
            compiled = torch.compile(tap)
            for _ in range(12):
                compiled(torch.ones(3))
                assert len(tap.drain()) == 1
                if sets_back:
                    tap.means.clear()
        assert seen.log.recompile_lines() >= (set() if sets_back else marked("pilot/networks/layers.py", "TFG304"))
        assert (seen.recompilations, len(seen.log.limits)) == ((3, 0) if sets_back else (LIMIT - 1, 1))


def test_a_counted_argument_recompiles() -> None:
    with watched("pilot/networks/planner.py") as seen:
        planner = load("pilot.networks.planner")
        planner.lookahead(torch.zeros(3, 2), torch.ones(3, 2), torch.ones(3, 2))
        planner.pyramid(torch.ones(3))
    assert often(seen) == {"drifted": LIMIT, "smoothed": 3, "weighted": 1}
    assert len(seen.log.limits) == 1
    assert marked("pilot/networks/planner.py", "TFG305") <= seen.log.recompile_lines()


def test_a_move_is_captured() -> None:
    with watched("pilot/networks/layers.py") as seen:
        layer = load("pilot.networks.layers").Residual(4).to("meta")
        torch.compile(layer)(torch.ones(2, 4, device="meta"))
    assert seen.captured.move_lines(seen.path) == marked("pilot/networks/layers.py", "TFG401")


def waits(name: str, **replaced: Any) -> Counter[int]:
    """The lines of a file that have values brought to the host in one update of a trainer, and how often."""
    away = Away(str(FILES[name]))
    config = load("pilot.config").Config(points=8, steps=6, width=8, minibatches=6, passes=1)
    with away.watched():
        trainer = load("pilot.training.trainer").Trainer(config)
        # Adam counts its steps in tensors that are kept on the host, and here are not
        trainer.optimizer = torch.optim.SGD(trainer.policy.parameters(), lr=0.1)
        vars(trainer).update(replaced)
        away.waits.clear()
        trainer.fit(1)
    return away.waits


def test_the_host_waits_at_each_turn() -> None:
    found = waits("pilot/training/trainer.py", meter=mock.Mock(**{"drain.return_value": 0.0}))
    assert {line for line, count in found.items() if count > 1} == marked("pilot/training/trainer.py", "TFG402")


def test_the_host_waits_in_hot_code() -> None:
    found = waits("pilot/telemetry/meters.py")
    assert {line for line, count in found.items() if count > 1} == marked("pilot/telemetry/meters.py", "TFG403")


def test_a_method_of_the_compiled_network_is_not_compiled() -> None:
    with watched("pilot/policy.py") as seen:
        policy = load("pilot.policy").PolicyBundle(load("pilot.config").Config())
        policy.compile()
        observations = torch.ones(4, 6)
        policy.act(observations)
        assert policy.describe()
        assert policy.parameters()
        assert not seen.captured.graphs
        policy.evaluate(observations)
        assert len(seen.captured.graphs) == 1
    assert set(seen.calls.lines) > marked("pilot/policy.py", "TFG504")


def test_nor_is_it_where_another_file_calls_it() -> None:
    with watched("pilot/training/trainer.py") as seen:
        trainer = load("pilot.training.trainer").Trainer(load("pilot.config").Config())
        trainer.policy.compile()
        trainer.best()
        assert not seen.captured.graphs
        trainer.worth()
        assert len(seen.captured.graphs) == 1


def test_what_is_thrown_away_compiles_nothing() -> None:
    with watched("pilot/training/compiling.py") as seen:
        compiling = load("pilot.training.compiling")
        seen.calls.lines.clear()  # of what is compiled when it is imported
        probe = load("pilot.networks.actor_critic").Probe
        compiling.warm_up(probe(3), 3)
        assert set(seen.calls.lines) == marked("pilot/training/compiling.py", "TFG502")
        assert not seen.captured.graphs
        compiling.warm_up_in_place(probe(3), 3)
        compiling.later(compiling.scaled)()(torch.ones(3, 1))
        assert len(seen.captured.graphs) == 2


def test_disable_as_a_statement_disables_nothing() -> None:
    with watched("pilot/debugging/switch.py") as seen:
        switch = load("pilot.debugging.switch")
        switch.debugged(torch.ones(3))
        assert not seen.captured.graphs
        switch.halved(torch.ones(3))
        assert len(seen.captured.graphs) == 1
        call = torch.compile(lambda function, x: function(x))
        call(switch.summary, torch.ones(3))
        call(switch.Watch(), torch.ones(3))
        assert len(seen.captured.graphs) == 1


def test_the_handler_is_not_reached() -> None:
    with watched("pilot/training/compiling.py") as seen:
        compiling = load("pilot.training.compiling")
        seen.calls.lines.clear()  # of what is compiled when it is imported
        shape = compiling.reward_shaping()
        assert set(seen.calls.lines) == marked("pilot/training/compiling.py", "TFG504")
        with pytest.raises(Exception, match="Data-dependent branching") as raised:
            shape(torch.ones(3))
        assert is_refusal(raised.value)
        compiling.tried_shaping(torch.ones(3))(torch.ones(3))
        compiling.old_shaping()(torch.ones(3))


def test_the_policy_does_not_stay_as_it_is(caplog: pytest.LogCaptureFixture) -> None:
    def refusing(_module: Any, _inputs: Any) -> Any:
        raise RuntimeError("no such device")

    backend = mock.patch.object(load("pilot.policy"), "torch", mock.Mock(wraps=torch))
    with backend as replaced:
        replaced.compile.side_effect = lambda module, **_: torch.compile(module, backend=refusing)
        policy = load("pilot.policy").PolicyBundle(load("pilot.config").Config(backend="eager"))
        policy.compile()
    assert not caplog.records
    with pytest.raises(Exception, match="no such device"):
        policy.evaluate(torch.ones(4, 6))


def test_compiled_at_each_turn() -> None:
    with watched("pilot/training/compiling.py") as seen:
        compiling = load("pilot.training.compiling")
        seen.calls.lines.clear()  # of what is compiled when it is imported
        compiling.augmented([torch.ones(3, 2)] * 4)
        (line,) = marked("pilot/training/compiling.py", "TFG506")
        assert Counter(seen.calls.lines) == {line: 4}
        compiling.prepared([torch.ones(3, 2)] * 4)
        compiling.pipeline([compiling.jittered, compiling.scaled, compiling.signed_root], torch.ones(3, 2))
        assert sorted(Counter(seen.calls.lines).values()) == [1, 3, 4]


def test_the_saved_state_belongs_to_the_wrapper(tmp_path: Path) -> None:
    with watched("pilot/policy.py") as seen:
        bundle, config = load("pilot.policy").PolicyBundle, load("pilot.config").Config()
        policy = bundle(config)
        policy.save(tmp_path / "before.pt")
        bundle.load(tmp_path / "before.pt")
        policy.compile()
        policy.save_weights(tmp_path / "weights.pt")
        bundle(config).network.load_state_dict(torch.load(tmp_path / "weights.pt"))
        assert not seen.states.prefixed
        policy.save(tmp_path / "after.pt")
        assert seen.states.prefixed == marked("pilot/policy.py", "TFG507")
        with pytest.raises(RuntimeError, match=r"_orig_mod\.norm\.mean"):
            bundle.load(tmp_path / "after.pt")


def test_no_weight_is_copied_from_the_wrapper() -> None:
    with watched("pilot/networks/critics.py") as seen, torch.no_grad():
        critics = load("pilot.networks.critics").Critics(3)
        critics.follow_the_judge()
        assert not seen.states.prefixed
        critics.follow()
        assert seen.states.prefixed == marked("pilot/networks/critics.py", "TFG507")
        assert torch.equal(critics.slow.weight, critics.judge.weight)
        assert len(critics.surprise(torch.ones(2, 3))) == 2


def test_a_name_compiles_nothing() -> None:
    with watched("pilot/analysis/risk.py") as seen:
        risk = load("pilot.analysis.risk")
        risk.compiled_advantages(torch.arange(4.0))
        assert not seen.captured.graphs
        risk.compiled_drawdown(torch.arange(4.0))
        assert len(seen.captured.graphs) == 1
        risk.worth(torch.arange(4.0))
        assert len(seen.captured.graphs) == 2
        assert not marked("pilot/analysis/risk.py", "TFG516") & set(seen.calls.lines)


def test_a_cast_between_calls_compiles_once_more() -> None:
    index = torch.arange(3)
    with watched("pilot/analysis/precision.py") as seen, torch.no_grad():
        precision = load("pilot.analysis.precision")
        precision.coarse(index)
        assert len(seen.captured.graphs) == 1
    with watched("pilot/analysis/precision.py") as seen, torch.no_grad():
        precision.lost(index)
        assert len(seen.captured.graphs) == 2


@pytest.mark.filterwarnings("ignore:FSDP is switching")  # to keep all in one shard, as there is one process
@pytest.mark.filterwarnings("ignore:The .grad attribute")  # which torch itself reads while it traces
def test_flat_parameters_keep_the_compiler_out() -> None:
    distributed: Any = importlib.import_module("torch.distributed")
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        with watched("pilot/training/sharding.py") as seen, torch.no_grad():
            sharding, probe = load("pilot.training.sharding"), load("pilot.networks.actor_critic").Probe
            sharding.sharded(probe(3))(torch.ones(2, 3))
            assert set(seen.calls.lines) == marked("pilot/training/sharding.py", "TFG517")
            assert not seen.captured.graphs
        with watched("pilot/training/sharding.py") as seen, torch.no_grad():
            sharding.sharded_as_it_is(probe(3))(torch.ones(2, 3))
            assert len(seen.captured.graphs) == 1
            sharding.sharded_with(probe(4), use_orig_params=True)(torch.ones(2, 4))
            assert len(seen.captured.graphs) == 2
    finally:
        distributed.destroy_process_group()


def test_everything_is_switched_off() -> None:
    with watched("pilot/debugging/eager.py") as seen:
        eager = load("pilot.debugging.eager")
        eager.doubled(torch.ones(3))
        assert (len(seen.calls.lines), len(seen.captured.graphs)) == (1, 0)
        torch._dynamo.config.disable = False
        torch.compile(eager.tripled)(torch.ones(3))
        assert len(seen.captured.graphs) == 1


def test_compiled_twice() -> None:
    with watched("pilot/training/compiling.py") as seen:
        compiling = load("pilot.training.compiling")
        compiling.chosen(compiling.scaled, True)
        compiling.chosen(compiling.scaled, False)
        compiling.both(compiling.scaled)
        assert not seen.calls.again
        compiling.tuned(compiling.scaled)
        assert set(seen.calls.again) == marked("pilot/training/compiling.py", "TFG510")


def test_names_recompile() -> None:
    with watched("pilot/analysis/ablation.py") as seen:
        ablation = load("pilot.analysis.ablation")
        ablation.sensitivities(torch.ones(2, 12))
        ablation.pools(torch.ones(2, 12))
    assert often(seen) == {"without": LIMIT, "pooled": 2}
    assert marked("pilot/analysis/ablation.py", "TFG306") <= seen.log.recompile_lines()


def test_a_list_that_grows_between_calls_recompiles() -> None:
    with watched("pilot/analysis/memory.py") as seen:
        memory = load("pilot.analysis.memory")
        memory.trajectory(torch.ones(2), 12)
        memory.last_of_trajectory(torch.ones(2), 12)
        memory.rest(torch.ones(2), 12)
    # `settled` is compiled again only while some of its tensors are the same one
    assert often(seen) == {"following": LIMIT, "settled": 2}
    assert marked("pilot/analysis/memory.py", "TFG307") <= seen.log.recompile_lines()


def test_one_graph_is_promised_and_not_given() -> None:
    with watched("pilot/training/compiling.py") as seen:
        compiling = load("pilot.training.compiling")
        for function in (compiling.centered, compiling.reported):
            function(torch.ones(3))
        assert len(seen.captured.graphs) == 2
        with pytest.raises(Exception, match="Data-dependent branching") as raised:
            compiling.whitened(torch.arange(3.0))
        assert is_refusal(raised.value)
        shaped = compiling.reward_shaping()
        with pytest.raises(Exception, match="Data-dependent branching") as raised:
            shaped(torch.arange(3.0))
        assert is_refusal(raised.value)
        assert marked("pilot/training/compiling.py", "TFG512") <= set(seen.calls.lines)


def test_static_sizes_recompile() -> None:
    with watched("pilot/analysis/curves.py") as seen:
        curves = load("pilot.analysis.curves")
        for curve in (curves.learning_curve, curves.steepness, curves.dips):
            curve(torch.arange(16.0))
    assert often(seen) == {"_mean_and_spread": LIMIT, "_steepest": 1}
    assert len(seen.log.limits) == 1
    assert marked("pilot/analysis/curves.py", "TFG308") <= set(seen.calls.lines)


def test_what_changes_between_calls_recompiles() -> None:
    with watched("pilot/analysis/curves.py") as seen:
        curves = load("pilot.analysis.curves")
        curves.ages(torch.ones(3))
        curves.cooling(torch.ones(3))
        assert curves.shown == 12
    assert often(seen) == {"aged": LIMIT, "cooled": 1}
    assert len(seen.log.limits) == 1


def test_a_condition_never_holds() -> None:
    with watched("pilot/training/compiling.py") as seen:
        compiling = load("pilot.training.compiling")
        seen.calls.lines.clear()
        compiling.on_windows(compiling.scaled)(torch.ones(3, 2))
        assert not seen.calls.lines
        assert not seen.captured.graphs
        for choose in (compiling.elsewhere, compiling.on_posix):
            choose(compiling.scaled)
        assert len(seen.calls.lines) == 2


def test_layers_compile_nothing_in_place() -> None:
    with watched("pilot/training/compiling.py") as seen, torch.no_grad():
        compiling, probe = load("pilot.training.compiling"), load("pilot.networks.actor_critic").Probe
        compiling.judge(3)(torch.ones(2, 3))
        assert marked("pilot/training/compiling.py", "TFG514") <= set(seen.calls.lines)
        assert not seen.captured.graphs
        compiling.judge_of_steps(3, probe(3))(torch.ones(2, 3))
        assert len(seen.captured.graphs) == 1
        compiling.compiled_judge(3)(torch.ones(2, 3))
        assert len(seen.captured.graphs) == 2


def test_a_module_that_is_kept_out_is_not_compiled() -> None:
    with watched("pilot/training/compiling.py") as seen, torch.no_grad():
        compiling = load("pilot.training.compiling")
        compiling.snapshot(3)(torch.ones(2, 3))
        assert marked("pilot/training/compiling.py", "TFG515") <= set(seen.calls.lines)
        assert not seen.captured.graphs
        compiling.outline(3)(torch.ones(2, 3))
        assert len(seen.captured.graphs) == 1
        compiling.fast_half()(torch.ones(3))
        assert len(seen.captured.graphs) == 2


def test_generators_compile_nothing() -> None:
    with watched("pilot/analysis/discounts.py") as seen:
        discounts = load("pilot.analysis.discounts")
        assert marked("pilot/analysis/discounts.py", "TFG513") <= set(seen.calls.lines)
        discounts.sum_of_halves(torch.ones(3))
        assert not seen.captured.graphs
        discounts.sum_of_thirds(torch.ones(3))
        discounts.sum_of_squares(torch.ones(3))
        assert len(seen.captured.graphs) == 2
