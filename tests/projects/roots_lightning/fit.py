import lightning
import torch

from net import Compiled, Task


def main():  # NONE
    trainer = lightning.Trainer(max_epochs=1)
    trainer.fit(Task())
    trainer.fit(torch.compile(Compiled()))
