import torch

from rl.network import Network


class Base:
    def __init__(self) -> None:
        self._network = Network()
        self.plain = Network()
        self.in_place = Network()

    @property
    def network(self):
        return self._network

    def compile(self) -> None:
        self._network = torch.compile(self._network, backend="eager")
        self._network.later = torch.compile(self._network.later, backend="eager")
        self.in_place.compile(backend="eager")


class Policy(Base):
    @property
    def net(self):
        return self.plain
