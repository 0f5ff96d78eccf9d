def apply(function, x):  # CERTAIN: torch.compile@run.py:39 -> step -> apply
    return function(x)


def apply_all(functions, x):  # CERTAIN: torch.compile@run.py:39 -> step -> apply_all
    for function in functions:
        x = function(x)
    return x


def by_name(x, *, activation=None):  # CERTAIN: torch.compile@run.py:39 -> step -> by_name
    return activation(x)


class Holder:
    def __init__(self, function):  # CERTAIN: torch.compile@run.py:39 -> step -> Holder.__init__
        self.function = function

    def run(self, x):  # CERTAIN: torch.compile@run.py:39 -> step -> Holder.run
        return self.function(x)


def make(scale):  # CERTAIN: torch.compile@run.py:39 -> step -> make
    def made(x):  # CERTAIN: torch.compile@run.py:39 -> step -> made
        return x * scale
    return made


def never(function):  # NONE
    return function(1)
