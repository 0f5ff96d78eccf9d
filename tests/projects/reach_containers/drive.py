import torch

import net

net.model(torch.ones(3))
