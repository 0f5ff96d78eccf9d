import torch


def build_mask(lengths, size):
    """Nothing is annotated; the body tells."""
    return torch.arange(size)[None] < lengths[:, None]


def above(x):
    """A mask, if it is given a tensor."""
    return x > 0


def pairs(x):
    """What is returned depends on what is passed."""
    return (x, x) if isinstance(x, int) else x


def either(x, give_both=False):
    """What is returned depends on a flag."""
    kept = torch.relu(x)
    return (kept, kept) if give_both else kept


def shape_of(x):
    return x.shape[0]
