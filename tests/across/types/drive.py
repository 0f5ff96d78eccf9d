import torch

from pkg.net import Net

net, x = Net(), torch.ones(4)
torch.compile(net)(x, x, 5)
torch.compile(net.passed_on)(x, x, (x, x), (x, x))
torch.compile(net.unknown)(x, [x], 1)
