def first(x):  # CERTAIN: torch.compile@run.py:19 -> step -> first
    return x + 1


def second(x):  # CERTAIN: torch.compile@run.py:19 -> step -> second
    return x + 1


def third(x):  # CERTAIN: torch.compile@run.py:19 -> step -> third
    return x + 1


def fourth(x):  # CERTAIN: torch.compile@run.py:19 -> step -> fourth
    return x + 1


def fifth(x):  # NONE
    return x + 1
