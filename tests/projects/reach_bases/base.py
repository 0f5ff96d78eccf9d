import lightning as L
from diffusers import ModelMixin
from elsewhere import Thing
from torch import nn
from transformers import PreTrainedModel
from transformers.models.llama.modeling_llama import LlamaModel


class Base(nn.Module):
    pass


class Generic(Base):
    def other(self, x):  # NONE
        return x


class Pretrained(PreTrainedModel):
    def forward(self, x):  # POSSIBLE: Pretrained.forward
        return x


class Diffuser(ModelMixin, Thing):
    def forward(self, x):  # POSSIBLE: Diffuser.forward
        return x


class Task(L.LightningModule):
    def forward(self, x):  # POSSIBLE: Task.forward
        return x


class Unknown(Thing):
    def forward(self, x):  # NONE
        return x


class Believable(Thing):
    def __init__(self):  # NONE
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x):  # POSSIBLE: Believable.forward
        return x


class Llama(LlamaModel):
    def forward(self, x):  # NONE
        return x
