import torch

from pkg.net import Net

torch.compile(Net())(torch.ones(3, 3), torch.tensor([1, 2, 3]))
