from .net import Net as Net
from .functions import *
from . import deep

__all__ = ["Net", "deep", "starred"]
