import torch


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> Double.forward
        return double(x)

    @staticmethod
    def backward(ctx, gradient):  # POSSIBLE: torch.compile@run.py:53 -> Net.forward -> Double.forward -> Double.backward
        return double(gradient)


class WithContext(torch.autograd.Function):
    @staticmethod
    def forward(x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> WithContext.forward
        return x * 2

    @staticmethod
    def setup_context(ctx, inputs, output):  # POSSIBLE: torch.compile@run.py:53 -> Net.forward -> WithContext.forward -> WithContext.setup_context
        ctx.factor = 2

    @staticmethod
    def backward(ctx, gradient):  # POSSIBLE: torch.compile@run.py:53 -> Net.forward -> WithContext.forward -> WithContext.backward
        return gradient * ctx.factor


class Unused(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):  # NONE
        return x


def double(x):  # CERTAIN: torch.compile@run.py:53 -> Net.forward -> Double.forward -> double
    return x * 2
