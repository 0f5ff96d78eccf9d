from .base import Policy
from .registry import make_policy as make_policy

__all__ = ["Policy", "make_policy"]
