from .build import *
from .build import build_mask as renamed
from .typed import Size, positive
