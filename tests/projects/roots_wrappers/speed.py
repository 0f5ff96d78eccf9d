"""Functions and methods of a project that compile what they are given, or what they hold."""
import torch


def compile(model, enabled=True):  # NONE
    if not enabled:
        return model
    return torch.compile(model, dynamic=False)


def maybe(model, *, switch):  # NONE
    return compile(model, switch)


def in_place(module):  # NONE
    module.compile()


class Accelerator:
    def __init__(self, options):  # NONE
        self.options = options

    def prepare(self, model):  # NONE
        return torch.compile(model, **self.options)


class Runner:
    def __init__(self, model):  # NONE
        self.model = model

    def compile(self):  # NONE
        self.model = torch.compile(self.model)
        return self

    def __call__(self, x):  # NONE
        return self.model(x)


def unrelated(model):  # NONE
    return model
