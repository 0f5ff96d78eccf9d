from torch import nn
from transformers import PreTrainedModel


class Plain(nn.Module):
    def forward(self, x):  # POSSIBLE: Plain.forward
        return x

    def other(self, x):  # NONE
        return x


class Pretrained(PreTrainedModel):
    def forward(self, x):  # POSSIBLE: Pretrained.forward
        return helper(x)


class NotCompiled(PreTrainedModel):
    def forward(self, x):  # POSSIBLE: NotCompiled.forward
        return x


def helper(x):  # POSSIBLE: Pretrained.forward -> helper
    return x
