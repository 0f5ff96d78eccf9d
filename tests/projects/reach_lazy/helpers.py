import torch


def in_graph():  # CERTAIN: torch.compile@run.py:11 -> step -> in_graph
    return torch.compiler.is_compiling()
