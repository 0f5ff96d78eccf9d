import torch

import run
import schedulers

run.main(torch.ones(3), [schedulers.Linear()])
