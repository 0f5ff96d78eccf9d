from torch import nn


class Net(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:19 -> Net.forward; fails: a module's __getattr__ is not followed
        return x + 1
