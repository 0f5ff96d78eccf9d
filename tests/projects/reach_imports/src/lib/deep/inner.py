from ..siblings import sibling


def helper(x):  # CERTAIN: torch.compile@src/app/run.py:7 -> Net.forward -> helper
    return x + 1


def dotted(x):  # CERTAIN: torch.compile@src/app/run.py:7 -> Net.forward -> sibling -> dotted
    return x + 1
