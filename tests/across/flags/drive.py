import torch

from pkg.net import Net

torch.compile(Net())(torch.ones(3))
