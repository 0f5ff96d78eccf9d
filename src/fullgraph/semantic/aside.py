"""Code that nobody compiles, by the names of the functions and classes that it stands in."""

from __future__ import annotations

import ast
import re
from typing import Protocol

_FUNCTIONS = re.compile(
    r"^test_|(^|_)(visuali[sz]e|plot|draw|show|collate|tokenize|preprocess|prepare|save|load(?!_balanc)|export|convert|"
    r"state_dict|checkpoint|download|benchmark|warm_?up|autotune)(_|$)"
)
_CLASSES = re.compile(
    r"Data(set|Module|Loader)|Collator|Sampler|Tokenizer|Processor$|(Image|Video)Process|Store$|StateDict|"
    r"(Loader|Converter|Merger|Checkpointer)$"
)


class Asked(Protocol):
    """What must be known of the file that code stands in."""

    def parent(self, node: ast.AST, /) -> ast.AST | None:
        """The node that a node is a part of."""
        ...


def is_about_data(node: ast.AST, asked: Asked) -> bool:
    """Whether the code around ``node`` prepares, keeps or shows data, by the names of functions and classes."""
    current: ast.AST | None = node
    while current is not None:
        match current:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if _FUNCTIONS.search(name):
                return True
            case ast.ClassDef(name=name, bases=bases):
                if any(_CLASSES.search(each) for each in (name, *map(ast.unparse, bases))):
                    return True
            case _:
                pass
        current = asked.parent(current)
    return False
