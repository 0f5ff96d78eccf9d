import torch

import models
from registry import BUILDERS, LAYERS, MODELS


def main(x):  # NONE
    model = MODELS["one"]()
    built = BUILDERS["small"]()
    layer = LAYERS.build("layer")
    return torch.compile(model)(x) + torch.compile(built)(x) + torch.compile(layer)(x)
