import torch

from rl.network import Network


class Player:
    """Somebody else compiles its networks."""

    def __init__(self, observation) -> None:
        self._network = Network()
        self.critic = Network()
        self.judged = Network()
        self.first = self._network.get_action(observation)

    @property
    def network(self):
        return self._network

    def act(self, x: torch.Tensor):
        return self._network.get_action(x)  # TFG501

    def value(self, observation):
        return self.critic.get_value(observation)  # TFG501

    def judge(self, observation):
        return self.judged.get_value(observation)

    def forward(self, x: torch.Tensor):
        return self._network(x)
