import lightning
import lightning.pytorch as pl


class Task(pl.LightningModule):
    def training_step(self, batch):  # POSSIBLE: Task.training_step
        return self.loss(batch)

    def validation_step(self, batch):  # POSSIBLE: Task.validation_step
        return self(batch)

    def forward(self, x):  # POSSIBLE: Task.forward
        return x

    def loss(self, x):  # POSSIBLE: Task.training_step -> Task.loss
        return x

    def configure_optimizers(self):  # NONE
        return None


class Alone(lightning.LightningModule):
    def training_step(self, batch):  # POSSIBLE: Alone.training_step
        return batch

    def on_train_start(self):  # NONE
        return None


class Derived(Alone):
    def test_step(self, batch):  # POSSIBLE: Derived.test_step
        return batch


class Data(lightning.LightningDataModule):
    def training_step(self, batch):  # NONE
        return batch


class Compiled(pl.LightningModule):
    def training_step(self, batch):  # POSSIBLE: torch.compile@fit.py:10 -> Compiled.training_step
        return batch

    def forward(self, x):  # CERTAIN: torch.compile@fit.py:10 -> Compiled.forward
        return x
