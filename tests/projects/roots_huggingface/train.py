from transformers import Trainer, TrainingArguments

from model import NotCompiled, Plain, Pretrained, Unknown


class OwnTrainer(Trainer):
    def compute_loss(self, model, inputs):  # NONE
        return model(**inputs)


def main():  # NONE
    arguments = TrainingArguments("out", torch_compile=True)
    Trainer(model=Plain(), args=arguments).train()
    OwnTrainer(Pretrained(), TrainingArguments("out", torch_compile=True)).train()
    Trainer(model=Unknown(), args=arguments).train()
    Trainer(model=NotCompiled(), args=TrainingArguments("out")).train()
