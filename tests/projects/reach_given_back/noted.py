"""Decorators and functions that note what they are given, and give it back."""

NOTED = []


def note(function):  # NONE
    NOTED.append(function)
    return function


def note_as(name=None):  # NONE
    def keep(function):  # NONE
        NOTED.append(name or function)
        return function
    return keep


def same(function):  # CERTAIN: torch.compile@train.py:44 -> step -> same
    return function


@note
def one(x):  # CERTAIN: torch.compile@train.py:44 -> step -> one
    return x + 1


@note
def two(x):  # NONE
    print(x)
    return x


@note_as()
def three(x):  # CERTAIN: torch.compile@train.py:44 -> step -> three
    return x + 1


@note_as("four")
def four(x):  # NONE
    print(x)
    return x
