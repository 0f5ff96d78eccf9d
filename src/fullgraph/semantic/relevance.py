"""What can matter for linking: names of functions, methods and types that a summary keeps, or leaves out."""

from __future__ import annotations

from functools import lru_cache

from fullgraph.semantic.summary import Ref

STANCES = ("default", "eager_on_recompile", "fail_on_recompile", "force_eager")
_IRRELEVANT = frozenset({"numpy", "np", "math", "os", "sys", "re", "logging", "warnings", "json", "time", "typing"})
"""Packages whose functions neither compile nor call what they are given."""
_RELEVANT_TORCH = (
    "torch.compile",
    "torch.compiler.",
    "torch._dynamo.",
    "torch._disable_dynamo",
    "torch.cond",
    "torch.export.",
    "torch.func.",
    "torch.library.",
    "torch.nn.attention.flex_attention",
    "torch.nn.Module",
    "torch.nn.Sequential",
    "torch.nn.modules.container.",
    "torch.utils.checkpoint.",
    "torch.vmap",
    "torch.while_loop",
)
"""Functions and classes of torch that compile, keep from compiling, call what they are given or hold modules."""
_RELEVANT_BUILTINS = frozenset({"getattr", "map", "filter", "setattr"})
PASSES_ON = frozenset(
    {"OrderedDict", "enumerate", "list", "tuple", "reversed", "iter", "sorted", "set", "next", "deepcopy", "copy"}
)
"""Functions whose result has the elements, or is a copy, of their first argument."""
VIEWS = frozenset({"values", "children", "modules", "copy"})
PAIR_VIEWS = frozenset({"items", "named_children", "named_modules"})
HOOKS = frozenset({"register_forward_hook", "register_forward_pre_hook"})
OF_MODULES = frozenset(
    {"__call__", "compile", "cpu", "cuda", "eval", "float", "forward", "half", "to", "train"}
)  # fmt: skip
"""Methods of modules that are of interest on a value of which nothing is known, or that return the module."""
REGISTERS = frozenset({"register_buffer", "register_parameter", "register_module", "add_module"})
CONTAINERS = frozenset(
    {
        "List", "Sequence", "Iterable", "Iterator", "Tuple", "Set", "Collection", "list", "tuple", "set", "frozenset",
    }
)  # fmt: skip
MAPPINGS = frozenset({"Dict", "Mapping", "MutableMapping", "dict", "OrderedDict", "defaultdict"})
WRAPPERS = frozenset({"Optional", "Union", "Annotated", "ClassVar", "Final", "Required", "NotRequired"})
TENSORS = frozenset({"torch.Tensor", "torch.BoolTensor", "torch.FloatTensor", "torch.IntTensor", "torch.LongTensor"})
A_TENSOR: Ref = ("=", "tensor")
"""What an annotation promises of a tensor: whatever callers pass for it, it is neither called nor compiled."""


@lru_cache(maxsize=4096)
def is_irrelevant_path(path: str) -> bool:
    """Whether a callee is surely neither of the project nor something that compiles or calls its arguments."""
    top, _, rest = path.partition(".")
    if top == "torch":
        return not path.startswith(_RELEVANT_TORCH)
    return top in _IRRELEVANT or (top == "builtins" and rest not in _RELEVANT_BUILTINS)


def is_irrelevant(ref: Ref) -> bool:
    """The same of what a reference stands for."""
    return is_irrelevant_path(ref[1]) if ref[0] == "i" else bool(ref[0] == "=")


def is_abstract(ref: Ref) -> bool:
    """Whether an annotation is of the standard library's abstract kind, and says nothing of who is there."""
    return bool(ref[0] == "i" and str(ref[1]).startswith(("collections.", "abc.", "enum.", "functools.")))


def is_torch_nn(ref: Ref) -> bool:
    """Whether something is of ``torch.nn``."""
    return bool(ref) and str(ref[0]) == "i" and str(ref[1]).startswith("torch.nn.")
