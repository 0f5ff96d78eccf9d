"""What a run can be told."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Config:
    """Settings of one run; all of it is saved beside the weights."""

    network: str = "residual"
    backend: str = "inductor"
    device: str = "cpu"
    seed: int = 7

    points: int = 16
    """How many environments run side by side."""
    features: int = 6
    actions: int = 5
    tasks: int = 3
    levels: int = 4

    width: int = 32
    depth: int = 2
    horizon: int = 12

    steps: int = 8
    """How many steps of each environment make a rollout."""
    passes: int = 2
    minibatches: int = 4
    discount: float = 0.97
    trace: float = 0.95
    clip: float = 0.2
    entropy: float = 0.01
    learning_rate: float = 3e-3
    max_norm: float = 0.5

    log_every: int = 10

    @classmethod
    def from_words(cls, words: list[str], **given: str) -> Config:
        """Read `name=value` pairs, each as the type that the field has."""
        kinds = {field.name: type(field.default) for field in dataclasses.fields(cls)}
        values: dict[str, object] = dict(given)
        for word in words:
            name, _, text = word.partition("=")
            if name not in kinds:
                raise SystemExit(f"no setting is called {name!r}; there are {', '.join(sorted(kinds))}")
            values[name] = kinds[name](text)
        return cls(**values)

    @classmethod
    def load(cls, path: Path) -> Config:
        return cls(**json.loads(path.read_text()))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @property
    def batch(self) -> int:
        return self.points * self.steps // self.minibatches
