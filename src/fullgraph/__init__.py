"""fullgraph reads Python source and says what will hurt under ``torch.compile``."""

__version__ = "0.1.0"
