import importlib


def __getattr__(name):  # NONE
    return getattr(importlib.import_module("pkg.net"), name)
