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

    def act(self, x: torch.Tensor):
        return self._network.get_action(x)  # TFG501

    def value(self, observation):
        return self._network.get_value(observation)  # TFG501


class Given:
    def __init__(self, network) -> None:
        self.network = torch.compile(network, backend="eager")


class Step:
    def __init__(self) -> None:
        self.step = torch.compile(double, backend="eager")


def double(x: torch.Tensor) -> torch.Tensor:
    return x * 2


class Eager:
    def __init__(self, network: Network, observation) -> None:
        self.network = network
        self.first = self.network.get_action(observation)

    def compile(self, observation):
        second = self.network.get_action(observation)
        self.network = torch.compile(self.network, backend="eager")
        return second


class Policy(Base):
    @property
    def net(self):
        return self.plain
