"""Graphs that Dynamo captured, and what they hold."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FRAME = re.compile(r'File "([^"\n]+)", line (\d+), in ')
_CONVERTS = frozenset({"to", "type_as"})  # methods that may take a second tensor only to learn its device
_CREATES = re.compile(r"\bnew_|_like\b")


class Captured:
    """A backend for `torch.compile` that keeps each graph and runs it as it is."""

    def __init__(self) -> None:
        self.graphs: list[Any] = []

    def backend(self, module: Any, _inputs: Any) -> Callable[..., Any]:
        """Keep one captured graph; `torch.compile` calls this."""
        self.graphs.append(module.graph)
        forward: Callable[..., Any] = module.forward
        return forward

    def move_lines(self, path: str) -> frozenset[int]:
        """Find the lines of the file `path` whose operations put the data of a tensor on another device."""
        nodes = [node for graph in self.graphs for node in graph.nodes if _moves(node)]
        return frozenset(line for node in nodes for line in _lines(node, path)[-1:])

    def lines(self, path: str) -> frozenset[int]:
        """Find every line of the file `path` that captured operations stem from, those of callers included."""
        return frozenset(line for graph in self.graphs for node in graph.nodes for line in _lines(node, path))

    def moves(self) -> list[list[tuple[str, int]]]:
        """Where the operations stand that put data on another device: files and lines, innermost first."""
        return [_stack(node) for graph in self.graphs for node in graph.nodes if _moves(node)]

    def varying_lists(self) -> list[tuple[list[tuple[str, int]], int]]:
        """Where the operations stand whose list of tensors is not equally long in all graphs, and how many lengths."""
        seen: dict[tuple[str, ...], tuple[list[tuple[str, int]], set[int]]] = {}
        for node in (node for graph in self.graphs for node in graph.nodes):
            if node.op.startswith("call_") and node.args and isinstance(node.args[0], (list, tuple)):
                stack = _stack(node)
                if stack:
                    seen.setdefault((str(stack[0]), str(node.target)), (stack, set()))[1].add(len(node.args[0]))
        return [(stack, len(lengths)) for stack, lengths in seen.values() if len(lengths) > 1]

    def list_lines(self, path: str) -> frozenset[int]:
        """Find the lines of the file `path` whose list of tensors is not equally long in all graphs."""
        lengths: dict[tuple[int, str], set[int]] = {}
        for node in (node for graph in self.graphs for node in graph.nodes):
            if node.op.startswith("call_") and node.args and isinstance(node.args[0], (list, tuple)):
                for line in _lines(node, path)[-1:]:
                    lengths.setdefault((line, str(node.target)), set()).add(len(node.args[0]))
        return frozenset(line for (line, _), seen in lengths.items() if len(seen) > 1)


def _moves(node: Any) -> bool:
    """Say whether the operation puts the data of a tensor on another device."""
    if not node.op.startswith("call_") or _CREATES.search(str(node.target)):
        return False
    arguments = node.args[:1] if node.target in _CONVERTS else node.all_input_nodes
    taken = {value.device for argument in arguments for value in _tensors(argument)}
    given = {value.device for value in _tensors(node)}
    if "copy_" in str(node.target):
        return len(taken) > 1
    return bool(taken) and not given <= taken


def _tensors(node: Any) -> Iterator[Any]:
    """Give the (fake) tensors that a node of a graph stands for."""
    value = node.meta.get("example_value", node.meta.get("val"))
    for item in value if isinstance(value, (list, tuple)) else [value]:
        if hasattr(item, "device") and hasattr(item, "dtype"):
            yield item


def _stack(node: Any) -> list[tuple[str, int]]:
    """Files and lines of the stack of a node, innermost first."""
    frames = _FRAME.findall(node.meta.get("stack_trace") or node.stack_trace or "")
    return [(file, int(line)) for file, line in frames][::-1]


def _lines(node: Any, path: str) -> list[int]:
    """Find the lines of the file in the stack of a node, outermost first."""
    name = PurePath(path).name
    frames = _FRAME.findall(node.meta.get("stack_trace") or node.stack_trace or "")
    return [int(line) for file, line in frames if PurePath(file).name == name]
