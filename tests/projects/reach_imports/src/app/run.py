import torch

import lib as library


def main(x):  # NONE
    model = torch.compile(library.Net())
    return model(x), step(x)


@torch.compile
def step(x):  # CERTAIN: torch.compile@src/app/run.py:11 -> step
    import lib.deep.late as inner
    from app.late import late

    return late(inner.later(x))
