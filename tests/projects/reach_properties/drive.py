import torch

import model

model.main(torch.ones(3))
