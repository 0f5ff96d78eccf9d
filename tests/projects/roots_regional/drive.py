import torch

import model

x = torch.ones(3)
net = model.Model()
net.compile_layers()
net(x)
model.whole(x)
model.region_alone(x)
