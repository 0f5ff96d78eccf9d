"""Child processes that run code which may crash, hang or exit: what they answer, and how they ended.

The child's answers are lines of JSON on what was its standard output; whatever it prints goes to standard error.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO, Any


class ChildEndedError(RuntimeError):
    """A child process ended, or was stopped, without having said all that was asked for."""


class Child:
    """A process that runs `fullgraph.verify.<module>.main(request, answer)`, and answers with values made of JSON."""

    def __init__(self, module: str, request: object, stderr: int | IO[str] | None = subprocess.DEVNULL) -> None:
        code = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            f"from fullgraph.verify import child, {module}\n"
            f"child.serve({module}.main)"
        )
        self._process = subprocess.Popen(  # noqa: S603 - this Python, with our own code
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError), self._process.stdin as requests:
            json.dump(request, requests)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                self._answers.put(line)
        self._answers.put("")

    def answer(self, timeout: float) -> Any:
        """Wait for the next answer.

        Raises:
            ChildEndedError: there is none, with the reason in words that follow "it".
        """
        try:
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            self.stop()
            raise ChildEndedError(f"did not end within {timeout:g} seconds") from None
        if not line.endswith("\n"):
            status = self._process.wait()
            self.stop()
            raise ChildEndedError(_ended(status))
        return json.loads(line)

    def stop(self) -> None:
        """End the process and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()


@contextlib.contextmanager
def child(module: str, request: object, stderr: int | IO[str] | None = subprocess.DEVNULL) -> Iterator[Child]:
    """Start a child process, and make sure that it ends."""
    started = Child(module, request, stderr)
    try:
        yield started
    finally:
        started.stop()


def serve(main: Callable[[Any, Callable[[object], None]], None]) -> None:
    """Be the child: read the request, and give `main` a function that answers."""
    request = json.load(sys.stdin)
    channel = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    def answer(value: object) -> None:
        channel.write(json.dumps(value) + "\n")
        channel.flush()

    main(request, answer)
    channel.close()
    sys.stdout.flush()
    os._exit(0)  # threads that the code left behind must not keep us


def _ended(status: int) -> str:
    if status >= 0:
        return f"ended by itself with status {status}"
    with contextlib.suppress(ValueError):
        return f"crashed ({signal.Signals(-status).name})"
    return f"crashed (signal {-status})"
