"""Receivers of calls that are not spelled out."""
import torch
from torch import nn


class Inner(nn.Module):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:77 -> step -> Inner.forward
        return x + 1

    def encode(self, x):  # CERTAIN: torch.compile@run.py:77 -> step -> Inner.encode
        return self.forward(x)

    def decode(self, x):  # NONE
        return x


class Agent:
    def __init__(self):  # NONE
        self.net = Inner()
        self.step_count = 0
        self._act = torch.compile(self._act_eager)

    def _act_eager(self, x):  # CERTAIN: torch.compile@run.py:21 -> Agent._act_eager
        return self.plan(x)

    def plan(self, x):  # CERTAIN: torch.compile@run.py:21 -> Agent._act_eager -> Agent.plan
        return x + 1

    def act(self, x):  # NONE
        return self._act(x)

    @torch.compile
    def update(self, x):  # CERTAIN: torch.compile@run.py:32 -> Agent.update
        return Agent.static(self.choose()(x))

    def choose(self):  # CERTAIN: torch.compile@run.py:32 -> Agent.update -> Agent.choose
        return self.chosen

    def chosen(self, x):  # CERTAIN: torch.compile@run.py:32 -> Agent.update -> Agent.chosen
        return x + 1

    @staticmethod
    def static(x):  # CERTAIN: torch.compile@run.py:32 -> Agent.update -> Agent.static
        return x + 1

    def make_step(self):  # NONE
        def inner_step(x):  # CERTAIN: torch.compile@run.py:49 -> inner_step
            return self.loss(x)
        return torch.compile(inner_step)

    def loss(self, x):  # CERTAIN: torch.compile@run.py:49 -> inner_step -> Agent.loss
        return x + 1


class Parent(nn.Module):
    def forward(self, x):  # POSSIBLE: Parent.forward
        return self.shared(x)

    def shared(self, x):  # CERTAIN: torch.compile@run.py:98 -> Child.forward -> Parent.shared
        return x + 1


class Mixin:
    def mixed(self, x):  # CERTAIN: torch.compile@run.py:98 -> Child.forward -> Mixin.mixed
        return x + 1


class Child(Mixin, Parent):
    def forward(self, x):  # CERTAIN: torch.compile@run.py:98 -> Child.forward
        return super().shared(self.mixed(x))


agent = Agent()
net = agent.net


@torch.compile
def step(x):  # CERTAIN: torch.compile@run.py:77 -> step
    (held,) = (net,)
    return net(x) + agent.net.encode(x) + held(x)


@torch.compile
@torch.no_grad()
def without_gradients(x):  # CERTAIN: torch.compile@run.py:83 -> without_gradients
    return x + 1


@torch.no_grad()
@torch.compile
def around_it(x):  # CERTAIN: torch.compile@run.py:90 -> around_it
    return x + 1


def main(x):  # NONE
    agent.act(x), agent.update(x), agent.make_step()(x), step(x), net.decode(x)
    without_gradients(x), around_it(x)
    return torch.compile(Child())(x)
