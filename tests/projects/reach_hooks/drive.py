import torch

import run

with torch.no_grad():
    run.main(torch.ones(3))
