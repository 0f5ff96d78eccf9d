import torch

HAS_COMPILE = int(torch.__version__.split(".")[0]) >= 2
NEW = HAS_COMPILE and int(torch.__version__.split(".")[1]) >= 4
OLD = not NEW
PATCHED = torch.__version__ > "2.9.0"
try:
    import surely_not_there

    HAS_TOOL = True
except ImportError:
    HAS_TOOL = False
CHANGED = torch.__version__ < "2.1"
CHANGED = HAS_COMPILE
