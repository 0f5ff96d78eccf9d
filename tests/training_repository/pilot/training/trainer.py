"""The loop: collect, learn, say how it went."""

from __future__ import annotations

import logging

import torch
from torch import Tensor, nn

from pilot.config import Config
from pilot.environment import PointField
from pilot.networks.planner import lookahead
from pilot.policy import PolicyBundle
from pilot.rollout import Batch, RolloutBuffer
from pilot.rollout.returns import EpisodeReturns
from pilot.telemetry.meters import RewardMeter
from pilot.training.compiling import augmented
from pilot.training.curriculum import Curriculum
from pilot.training.losses import explained_variance, total_loss

log = logging.getLogger(__name__)


class Trainer:
    """One run."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.environment = PointField(config)
        self.policy = PolicyBundle(config)
        self.buffer = RolloutBuffer(config)
        self.curriculum = Curriculum(config)
        self.returns = EpisodeReturns(config.points)
        self.meter = RewardMeter()
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=config.learning_rate)
        self.observation = self.environment.reset()
        self.seen = 0

    def fit(self, updates: int) -> list[float]:
        """Train, and give the mean reward of each update."""
        history = []
        for update in range(updates):
            task, level = self.curriculum.next()
            self.policy.set_task(task, level)
            self.buffer.visit(task, level)
            rows = self.collect()
            loss = self.learn(rows)
            mean = self.meter.drain()
            self.curriculum.report(task, mean)
            history.append(mean)
            if update % self.config.log_every == 0:
                # near miss: TFG402, because this runs once in so many updates
                log.info("%s: %d: loss %.3f, %.3f", self.policy.describe(), update, loss, self.fit_of(rows).item())
        return history

    def collect(self) -> Batch:
        """Fill the buffer."""
        self.policy.train(True)
        self.buffer.clear()
        for _ in range(self.config.steps):
            self.step()
        self.returns.add(self.buffer.rewards, self.buffer.done)
        with torch.no_grad():
            _, value = self.policy.evaluate(self.observation)
        return self.buffer.finish(value)

    def best(self) -> Tensor:
        """What the network would do now, with no word to the buffer."""
        with torch.no_grad():
            return self.policy.network.get_action(self.observation, self.policy.task, self.policy.level)[0]  # expect: TFG501

    def worth(self) -> Tensor:
        # near miss: TFG501, because the module itself is called
        return self.policy.network(self.observation, self.policy.task, self.policy.level)[1]

    def step(self) -> None:
        """One step of every environment."""
        action, log_probability, value = self.policy.act(self.observation)
        self.buffer.add(self.observation, action, log_probability, value)
        self.observation, reward, done = self.environment.step(action)
        if self.buffer.filled >= self.config.steps:
            # near miss: TFG403, because the run ends here
            raise RuntimeError(f"no room for rewards of {reward.mean().item():.3f}: clear the buffer first")
        self.buffer.reward(reward, done)
        self.meter.add(reward)
        self.seen += 1
        if self.seen % self.config.log_every == 0:
            # near miss: TFG403, because this runs once in so many steps
            log.debug("step %d: %.3f", self.seen, reward.mean().item())

    def learn(self, rows: Batch) -> float:
        """Go over what was collected, and give the mean loss of the last pass."""
        self.policy.train(False)
        mean = 0.0
        for _ in range(self.config.passes):
            losses: list[Tensor] = []
            total = 0.0
            for batch in self.buffer.minibatches(rows):
                loss = self.loss(batch)
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(self.policy.parameters(), self.config.max_norm)
                self.optimizer.step()
                total += loss.item()  # expect: TFG402
                losses.append(loss.detach())
            mean = self.mean_of(losses)
            log.debug("a pass of %.3f, %.3f", mean, total)
        return mean

    def mean_of(self, losses: list[Tensor]) -> float:
        # near miss: TFG402, because all of them are brought over at once
        return torch.stack(losses).mean().item()

    def loss(self, batch: Batch) -> Tensor:
        logits, values = self.policy.evaluate(batch.observations)
        surprise = self.policy.difficulty(batch.observations) - values.detach()
        return total_loss(logits, values, batch, self.config.clip, self.config.entropy) + surprise.square().mean()

    def fit_of(self, rows: Batch) -> Tensor:
        """How well the values foresee the returns."""
        with torch.no_grad():
            _, values = self.policy.evaluate(rows.observations)
        return explained_variance(values, rows.returns)

    def study(self, rows: Batch) -> dict[str, float]:
        """Look at a rollout from aside, on demand."""
        noisy = augmented(rows.observations.split(self.config.batch))
        near = lookahead(self.environment.position, self.environment.velocity, self.environment.target)
        figures = torch.stack([torch.cat(noisy).std(), near.mean(), rows.returns.mean()]).tolist()
        return dict(zip(("spread", "near", "returns"), figures, strict=True))
