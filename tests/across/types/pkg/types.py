"""Names for types, as other files use them."""

from typing import Optional, Tuple, Union

import torch
from torch import Tensor

MaybeTensor = Optional[Tensor]
Pair = Tuple[Tensor, Tensor]
Mask = torch.BoolTensor
TensorOrList = Union[Tensor, list]
Size = Optional[int]
LATER = Optional[Tensor]
Changed = Optional[Tensor]
if torch.cuda.is_available():
    Changed = Optional[int]
