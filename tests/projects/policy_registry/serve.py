import policies.flow
from policies import make_policy


def main(x):  # NONE
    policy = make_policy("flow", width=4)
    policy.compile()
    return policy.prefix_cache(x), policy.act(x), policy.name()
