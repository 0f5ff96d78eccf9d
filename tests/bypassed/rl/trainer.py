import torch

from rl.player import Player


class Trainer:
    def __init__(self, player: Player) -> None:
        self.player = player

    def compile(self) -> None:
        self.player._network = torch.compile(self.player._network, backend="eager")

    def evaluate(self, x):
        return self.player.network.get_action(x)  # TFG501

    def well(self, x):
        return self.player.network(x), self.player.forward(x)


def critic(player: Player) -> None:
    player.critic = torch.compile(player.critic, backend="eager")


def judge(player: Player, x: torch.Tensor):
    return player.critic.logits(x)  # TFG501


def anew(x):
    player = Player(x)
    return player.network.get_action(x), player.critic.logits(x)
