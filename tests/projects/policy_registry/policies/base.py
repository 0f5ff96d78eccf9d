import abc

import torch


class Policy(abc.ABC):
    """A policy is no module: it holds one, and says whether it is to be compiled."""

    _network = None

    @property
    def network(self):  # NONE
        return self._network

    def compile(self):  # NONE
        try:
            self._network = torch.compile(self._network, dynamic=False)
        except RuntimeError:
            return False
        return True

    def act(self, x):  # NONE
        return self.network(x)

    def prefix_cache(self, x):  # NONE
        return self.network.embed_prefix(x)

    @abc.abstractmethod
    def name(self):  # NONE
        ...
