import torch

import serve
import train

x = torch.ones(3)
train.faster(x)
train.by_lambda(x)
train.instance(x)
train.conditional(x)
train.switched(x)
train.moved(x)
train.by_keyword(x)
train.in_place(x)
train.forwards(x)
train.main(x)
serve.serve(x)
