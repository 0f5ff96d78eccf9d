"""What a rule's handlers may ask about the file that they look at."""

from fullgraph.context.context import Context

__all__ = ["Context"]
