import torch

from base import Base, Generic, Pretrained


class Far(Generic):
    def forward(self, x):  # POSSIBLE: Far.forward
        return self.other(x)

    def other(self, x):  # POSSIBLE: Far.forward -> Far.other
        return x


class InPlace(Generic):
    def forward(self, x):  # CERTAIN: Module.compile@net.py:25 -> InPlace.forward
        return x


class Loaded(Pretrained):
    def forward(self, x):  # CERTAIN: torch.compile@net.py:27 -> Loaded.forward
        return x


def main():  # NONE
    InPlace().compile()
    model = Loaded.from_pretrained("name")
    return torch.compile(model)
