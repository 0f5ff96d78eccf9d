import torch

import train

x = torch.ones(3)
for name in (
    "bare called by_partial renamed aliased partial_elsewhere options_elsewhere own own_with_options own_with_inner "
    "own_beside_inner own_bare own_called plain"
).split():
    getattr(train, name)(x)
train.Sampler().step(x)
train.Sampler().reset()
