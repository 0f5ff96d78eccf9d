import torch

import run

run.model(torch.ones(3))
