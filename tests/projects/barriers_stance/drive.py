import torch

import run

x = torch.ones(3)
for function in (run.fails, run.fails_too):
    try:
        function(x)
    except AssertionError:
        continue
    raise SystemExit("torch accepts it")
run.around(x)
run.forced(x)
run.other_stance(x)
