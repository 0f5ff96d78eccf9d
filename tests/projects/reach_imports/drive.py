import sys

import torch

sys.path.insert(0, "src")
import app.run

app.run.main(torch.ones(3))
