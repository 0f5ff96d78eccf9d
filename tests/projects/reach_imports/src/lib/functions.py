__all__ = ["starred"]


def starred(x):  # CERTAIN: torch.compile@src/app/run.py:7 -> Net.forward -> starred
    return _private(x)


def _private(x):  # CERTAIN: torch.compile@src/app/run.py:7 -> Net.forward -> starred -> _private
    return x + 1


def unused(x):  # NONE
    return x
