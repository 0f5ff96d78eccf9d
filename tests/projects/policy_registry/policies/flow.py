from .base import Policy
from .registry import register


@register("flow")
class FlowPolicy(Policy):
    def __init__(self, width=4):  # NONE
        from models.network import FlowNetwork

        self._network = FlowNetwork(width)

    def name(self):  # NONE
        return "flow"
