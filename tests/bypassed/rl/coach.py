import torch

from rl.player import Player


class Coach:
    def __init__(self, x) -> None:
        self.own = Player(x)

    def watch(self, player: Player, x: torch.Tensor):
        return player.critic.get_action(x)  # TFG501

    def train(self, x):
        return self.own.critic.get_action(x)
