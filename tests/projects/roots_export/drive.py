import warnings

import torch

warnings.simplefilter("ignore")
import export

export.main(torch.ones(3))
