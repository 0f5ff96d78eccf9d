import torch

import run

run.main(torch.ones(3))
