def late(x):  # CERTAIN: torch.compile@src/app/run.py:11 -> step -> late
    return x + 1
