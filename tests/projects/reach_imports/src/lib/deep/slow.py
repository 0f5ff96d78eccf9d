def reexported(x):  # CERTAIN: torch.compile@src/app/run.py:7 -> Net.forward -> reexported
    return x + 1
