"""Doing the same with many values, in several processes if that pays."""

from __future__ import annotations

import atexit
import contextlib
import gc
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

_Task = TypeVar("_Task")
_Done = TypeVar("_Done")

_FEW = 48
"""So few tasks are done sooner than processes are started."""
_AT_ONCE = 8
_RARELY = (4_000_000, 5, 5)


def mapped(
    function: Callable[[_Task], _Done],
    tasks: Sequence[_Task],
    jobs: int,
    here: Callable[[_Task], _Done] | None = None,
) -> Iterator[_Done]:
    """The outcomes in the order of the tasks; where processes cannot be had or die, this one does the work.

    ``here`` is what stands for the function in this process.
    """
    done = 0
    if jobs > 1 and len(tasks) > _FEW:
        for outcome in _in_processes(function, tasks, jobs):
            done += 1
            yield outcome
    for task in tasks[done:]:
        yield (here or function)(task)


def _in_processes(function: Callable[[_Task], _Done], tasks: Sequence[_Task], jobs: int) -> Iterator[_Done]:
    """The outcomes up to where processes fail; what a task raises is raised again by the caller's attempt."""
    try:
        from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - few runs need it

        with ProcessPoolExecutor(min(jobs, len(tasks)), initializer=_collect_rarely) as pool:
            try:
                yield from pool.map(function, tasks, chunksize=_AT_ONCE)
            except (GeneratorExit, KeyboardInterrupt):
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except (ImportError, OSError, RuntimeError):  # no semaphores, no processes, or some died
        return


def _collect_rarely() -> None:
    """What there is already is left aside, or else the first collection would be one of everything."""
    gc.freeze()
    gc.set_threshold(*_RARELY)


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Collect garbage less often: syntax trees are many objects and no garbage (see `semantic.walk.release`)."""
    before = gc.get_threshold()
    if before == _RARELY:
        yield
        return
    _collect_rarely()
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)  # what is left when Python ends is not worth looking through
    try:
        yield
    finally:
        gc.freeze()  # what there is now is then old, and not looked through at the next chance
        gc.unfreeze()
        gc.set_threshold(*before)
