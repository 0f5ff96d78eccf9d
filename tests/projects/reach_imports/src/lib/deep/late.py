def later(x):  # CERTAIN: torch.compile@src/app/run.py:11 -> step -> later
    return x + 1
