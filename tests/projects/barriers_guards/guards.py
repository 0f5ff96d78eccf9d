import torch
from torch.compiler import is_compiling


def compiling():  # CERTAIN: torch.compile@run.py:6 -> step -> asked -> compiling
    return torch.compiler.is_compiling()


def branch(x):  # CERTAIN: torch.compile@run.py:6 -> step -> branch
    if torch.compiler.is_compiling():
        return taken(x)
    return skipped(x)


def early(x):  # CERTAIN: torch.compile@run.py:6 -> step -> early
    if not is_compiling():
        skipped(x)
        return (lambda y: skipped(y))(x)  # NONE
    return taken(x)


def scripting(x):  # CERTAIN: torch.compile@run.py:6 -> step -> scripting
    if torch.jit.is_scripting() or torch.jit.is_tracing():
        x = skipped(x)
    else:
        x = taken(x)
    if torch.onnx.is_in_onnx_export():
        x = skipped(x)
    return x


def by_name(x):  # CERTAIN: torch.compile@run.py:6 -> step -> by_name
    eager = not torch.compiler.is_compiling()
    if eager and x.dim() == 1:
        skipped(x)
    return taken(x)


def private(x):  # CERTAIN: torch.compile@run.py:6 -> step -> private
    if torch._dynamo.is_compiling():
        return taken(x)
    else:
        return skipped(x)


def expression(x):  # CERTAIN: torch.compile@run.py:6 -> step -> expression
    return taken(x) if torch.compiler.is_compiling() else skipped(x)


def loop(x):  # CERTAIN: torch.compile@run.py:6 -> step -> loop
    for _ in range(2):
        if torch.compiler.is_compiling():
            continue
        skipped(x)
    return x + 1


def nested(x):  # CERTAIN: torch.compile@run.py:6 -> step -> nested
    if not torch.compiler.is_compiling():
        def inner(y):  # NONE
            return skipped(y)
        return inner(x)
    return x + 1


def asked(x):  # CERTAIN: torch.compile@run.py:6 -> step -> asked
    if compiling():
        return taken(x)
    return skipped(x)


def either(x, flag):  # CERTAIN: torch.compile@run.py:6 -> step -> either
    if torch.compiler.is_compiling() and flag:
        return taken(x)
    return maybe(x)


def asserted(x):  # CERTAIN: torch.compile@run.py:6 -> step -> asserted
    torch.compiler.is_compiling() or skipped(x)
    return torch.compiler.is_compiling() and taken(x)


def taken(x):  # CERTAIN: torch.compile@run.py:6 -> step -> branch -> taken
    return x + 1


def maybe(x):  # CERTAIN: torch.compile@run.py:6 -> step -> either -> maybe
    return x + 1


def skipped(x):  # NONE
    return x + 1
