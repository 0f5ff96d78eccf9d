"""Work in processes gives what work in one gives, also where processes die or cannot be had."""

from __future__ import annotations

import gc
import os

import pytest

from fullgraph.engine.pool import mapped, rare_collections

TASKS = list(range(200))
HERE = os.getpid()


def double(value: int) -> int:
    return 2 * value


def die_elsewhere(value: int) -> int:
    if os.getpid() != HERE and value == 120:
        os._exit(1)
    return 2 * value


def fail(value: int) -> int:
    if value == 120:
        raise RuntimeError("no such luck")
    return value


@pytest.mark.parametrize("jobs", [1, 2, 500])
def test_order(jobs: int) -> None:
    assert list(mapped(double, TASKS, jobs)) == [2 * task for task in TASKS]


def test_a_process_that_dies() -> None:
    assert list(mapped(die_elsewhere, TASKS, 2)) == [2 * task for task in TASKS]


def test_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no semaphores")

    monkeypatch.setattr("concurrent.futures.ProcessPoolExecutor", refuse)
    assert list(mapped(double, TASKS, 2)) == [2 * task for task in TASKS]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_task_is_raised(jobs: int) -> None:
    with pytest.raises(RuntimeError, match="no such luck"):
        list(mapped(fail, TASKS, jobs))


def test_collections_are_as_before_behind_rare_ones() -> None:
    before = gc.get_threshold()
    with rare_collections():
        with rare_collections():
            assert gc.get_threshold() > before
        assert gc.get_threshold() > before
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0
