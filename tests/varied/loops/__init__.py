from .steps import powered as again
