def normalise(x):  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Base.before -> normalise
    return _clip(x)


def _clip(x):  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Base.before -> normalise -> _clip
    return x.clamp(0, 1)


def scale(x, by):  # CERTAIN: torch.compile@run.py:17 -> Base.forward -> Derived.body -> scale
    return x * by


def wrap(x):  # CERTAIN: torch.compile@run.py:9 -> step -> Record.of -> Record.checked -> Record.__init__ -> wrap
    return x + 0


def choose(wide):  # CERTAIN: torch.compile@run.py:9 -> step -> choose
    return wider if wide else narrower


def wider(x):  # CERTAIN: torch.compile@run.py:9 -> step -> wider
    return x * 2


def narrower(x):  # CERTAIN: torch.compile@run.py:9 -> step -> narrower
    return x / 2


ACTIVATIONS = {"wide": wider, "square": lambda x: x * x}  # CERTAIN: torch.compile@run.py:9 -> step -> <lambda>


def unused(x):  # NONE
    return x
