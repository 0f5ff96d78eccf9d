class Linear:
    def scale(self, x):  # POSSIBLE: torch.compile@run.py:11 -> step -> Linear.scale
        return x * 0.5


class Cosine:
    def scale(self, x):  # POSSIBLE: torch.compile@run.py:11 -> step -> Cosine.scale
        return x * 0.25


class Unrelated:
    def step(self, x):  # NONE
        return x
