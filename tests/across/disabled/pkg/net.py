from torch import Tensor

from . import host
from .host import Base, Part, itself, made, opaque, plain, replaced, replaced_sometimes, save, sometimes


class Net(Base):
    def __init__(self):
        super().__init__()
        self.part = Part()
        self.other = plain

    def overridden(self, x):
        return x

    def forward(self, x: Tensor):
        x = save(x.sin())  # TFG220
        x = host.save(x.sin())  # TFG220
        x = itself(x.sin())  # TFG220
        x = replaced(x.sin())  # TFG220
        x = made(x.sin())  # TFG220
        x = self.part(x.sin())  # TFG220
        x = self.report(x.sin())  # TFG220
        x = sometimes(x.sin()) + opaque(x) + plain(x) + replaced_sometimes(x)
        x = self.overridden(x) + self.other(x)
        return local(plain, x)


def local(save, x):
    return save(x)
