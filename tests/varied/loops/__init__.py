from .steps import powered as again

__all__ = ["again"]
