import torch

from pkg.net import Net
from pkg.records import Batch, Nested, Row, Step

net, x = Net(), torch.ones(4)
torch.compile(net)(Step(x, 3, {"a": x}, "name"), Row(x, 2))
torch.compile(net.nested)(Nested(Step(x, 3, {"a": x}, "name"), None), Batch(observed=x, name="a"))
