from elsewhere import Thing
from torch import nn
from transformers import PreTrainedModel


class Plain(nn.Module):
    def forward(self, x):  # POSSIBLE: torch_compile=True@train.py:13 -> Plain.forward
        return x

    def other(self, x):  # NONE
        return x


class Pretrained(PreTrainedModel):
    def forward(self, x):  # POSSIBLE: torch_compile=True@train.py:14 -> Pretrained.forward
        return helper(x)


class Unknown(Thing):
    def forward(self, x):  # POSSIBLE: torch_compile=True@train.py:15 -> Unknown.forward
        return x


class NotCompiled(PreTrainedModel):
    def forward(self, x):  # POSSIBLE: NotCompiled.forward
        return x


def helper(x):  # POSSIBLE: torch_compile=True@train.py:14 -> Pretrained.forward -> helper
    return x
