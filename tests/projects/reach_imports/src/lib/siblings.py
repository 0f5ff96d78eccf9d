import lib.deep.inner


def sibling(x):  # CERTAIN: torch.compile@src/app/run.py:7 -> Net.forward -> sibling
    return lib.deep.inner.dotted(x)
