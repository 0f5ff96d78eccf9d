import torch

from rl.player import Player


def captured(x):
    player = Player(x)
    player._network = torch.compile(player._network, backend="eager")
    return player.network(x)


def bypassed(x):
    player = Player(x)
    player._network = torch.compile(player._network, backend="eager")
    for _ in range(3):
        x = player.network.get_action(x) * x  # TFG501
    return x


def too_early(x):
    player = Player(x)
    action = player.network.get_action(x)
    player._network = torch.compile(player._network, backend="eager")
    return player.network(action * x)
