import torch

import serve

serve.main(torch.ones(2, 4))
