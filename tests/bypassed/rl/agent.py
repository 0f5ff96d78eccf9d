import torch

from rl.policy import Given, Policy, Step


class Agent:
    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def learn(self, policy: Policy, x: torch.Tensor) -> None:
        for _ in range(3):
            policy.network.get_action(x)  # TFG501
            self.policy.network.get_value(x)  # TFG501
            self.policy._network.get_action(x)  # TFG501

    def rest(self, x: torch.Tensor) -> None:
        network = self.policy.network
        network.logits(x)  # TFG501

    def well(self, x: torch.Tensor) -> None:
        policy = self.policy
        policy.network(x)
        policy.network.train()
        policy.network.describe("steps")
        policy.network.compiled(x)
        policy.network.later(x)

    def on_host(self, x: torch.Tensor) -> None:
        self.policy.network.on_host(x)

    def plain(self, x: torch.Tensor) -> None:
        self.policy.net.get_action(x)
        self.policy.plain.get_action(x)

    def in_place(self, x: torch.Tensor) -> None:
        self.policy.in_place.get_value(x)

    def unknown(self, bundle, x: torch.Tensor) -> None:
        bundle.network.get_action(x)


def given(policy: Given, step: Step, observation, x: torch.Tensor) -> None:
    action = policy.network.get_action(x)  # TFG501
    policy.network.log_action(action)
    with torch.no_grad():
        action = policy.network.get_value(observation)  # TFG501
        policy.network.rows(observation)
    step.step.wrapped(x)
    return action, policy.network.get_rows(observation), step.step.other(x)


def run(x: torch.Tensor) -> None:
    policy = Policy()
    policy.compile()
    policy.network.get_action(x)  # TFG501
