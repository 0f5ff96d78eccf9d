import torch

import run

run.step(torch.ones(3))
run.eager(torch.ones(3))
