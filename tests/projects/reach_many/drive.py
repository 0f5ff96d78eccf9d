import torch

import run

run.step(torch.ones(3), "one")
run.by_annotation(run.Derived(), torch.ones(3))
