"""Tensors that behave as if they were on another device, so that it shows on any machine when the host waits for one.

Torch hands every operation on such a tensor to Python, as it would to the driver of a device: those that bring values
to the host (the copy to the CPU, and the read of one number) are where the host has to wait for all that is queued.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_DEVICE = "meta"
"""What the tensors say their device is: one that needs no hardware, and is not the host's."""
_MAKES = frozenset({"lift_fresh"})
"""Operations on what was made in C++ a moment ago: ``torch.tensor`` ends in this."""
_READS = frozenset({"_local_scalar_dense", "is_nonzero", "equal", "nonzero"})
_INDEXES = frozenset({"index", "index.Tensor"})
"""Operations that come to ``nonzero`` where an index is boolean, inside of what torch hands over."""


class Away:
    """What happens to tensors away from the host while one block runs, by the lines of the file `path`."""

    def __init__(self, path: str) -> None:
        self._name = PurePath(path).name
        self.waits: Counter[int] = Counter()
        """How often each line, the innermost of the file, had values brought to the host."""

    @contextlib.contextmanager
    def watched(self) -> Iterator[None]:
        """Have each tensor that is made be away from the host, unless it is made of tensors that are not."""
        torch: Any = importlib.import_module("torch")
        dispatch: Any = importlib.import_module("torch.utils._python_dispatch")
        remote = _remote(torch, self)
        away = self

        class Making(dispatch.TorchDispatchMode):  # type: ignore[misc]
            def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
                return away.carried_out(remote, func, args, kwargs or {})

        with Making():
            yield

    def carried_out(self, remote: Any, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Do one operation with the values, and note it if it brings them to the host."""
        torch: Any = importlib.import_module("torch")
        pytree: Any = importlib.import_module("torch.utils._pytree")
        given = [each for each in pytree.tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        name = func.overloadpacket.__name__
        is_away = not given or name in _MAKES or any(isinstance(each, remote) for each in given)
        target = kwargs.get("device")
        is_copied = bool(given) and target is not None and torch.device(target).type == "cpu"
        counts = name in _INDEXES and any(each.dtype in (torch.bool, torch.uint8) for each in given[1:])
        if is_away and given and (is_copied or counts or name in _READS):
            self._note()
        if target is not None:
            kwargs = {**kwargs, "device": torch.device("cpu")}
        args, kwargs = pytree.tree_map_only(remote, lambda each: each.inner, (args, kwargs))
        result = func(*args, **kwargs)
        if not is_away or is_copied:
            return result

        def away(each: Any) -> Any:
            return each if isinstance(each, remote) else remote(each)

        return pytree.tree_map_only(torch.Tensor, away, result)

    def _note(self) -> None:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and PurePath(frame.f_code.co_filename).name != self._name:
            frame = frame.f_back
        if frame is not None:
            self.waits[frame.f_lineno] += 1


def _remote(torch: Any, away: Away) -> Any:
    """The class of tensors that are away, and hold their values inside."""

    class Remote(torch.Tensor):  # type: ignore[misc]
        @staticmethod
        def __new__(cls: Any, inner: Any) -> Any:
            layout = {"strides": inner.stride(), "storage_offset": inner.storage_offset(), "dtype": inner.dtype}
            grad = inner.requires_grad
            return torch.Tensor._make_wrapper_subclass(cls, inner.size(), **layout, device=_DEVICE, requires_grad=grad)

        def __init__(self, inner: Any) -> None:
            self.inner = inner

        @classmethod
        def __torch_dispatch__(cls, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return away.carried_out(cls, func, args, kwargs or {})

        # torch does these in C++ or only for its own class, after copying a tensor of a device to the CPU
        def tolist(self) -> Any:
            return self.cpu().tolist()

        def __repr__(self, **_options: Any) -> str:
            return repr(self.cpu())

        def __format__(self, form: str) -> str:
            return format(self.cpu(), form)

    return Remote
