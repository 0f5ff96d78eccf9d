import torch


def in_graph():  # CERTAIN: torch.compile@run.py:19 -> step -> in_graph
    return torch.compiler.is_compiling()
