def run_fast(x):  # POSSIBLE: run_fast
    return x


def walk(x):  # NONE
    return x
