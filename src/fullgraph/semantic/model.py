"""Everything that may be asked about one file, each part made when first asked for."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal

from fullgraph.semantic.anyregion import AnyRegion
from fullgraph.semantic.barriers import Barriers, skipped_rows
from fullgraph.semantic.changing import Globals
from fullgraph.semantic.classes import Classes
from fullgraph.semantic.comments import Comments
from fullgraph.semantic.compiled import COMPILE, Compiled
from fullgraph.semantic.elsewhere import Elsewhere
from fullgraph.semantic.failing import failing_rows
from fullgraph.semantic.flow.flow import Flow
from fullgraph.semantic.foreign import NOTHING, About, Bypass
from fullgraph.semantic.frames import block_around, handles_a_run
from fullgraph.semantic.guards import Guards
from fullgraph.semantic.hooks import BackwardHooks
from fullgraph.semantic.kinds import Kinds
from fullgraph.semantic.link import link
from fullgraph.semantic.makers import Makers
from fullgraph.semantic.names import Names
from fullgraph.semantic.parents import Parents
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.references import has_decorator
from fullgraph.semantic.region import Region
from fullgraph.semantic.releases import Releases
from fullgraph.semantic.results import results_of
from fullgraph.semantic.scopes import DefNode, Scope
from fullgraph.semantic.summarise import SUMMARY_NODES, summarise
from fullgraph.semantic.summary import NO_OWNER, FileSummary
from fullgraph.semantic.surely import Surely
from fullgraph.semantic.switches import switched_off_rows
from fullgraph.semantic.traced import ChainStep, FileRegion
from fullgraph.semantic.turn_waits import TurnWaits
from fullgraph.semantic.uncompiled import Uncompiled
from fullgraph.semantic.varied import Varied, Variety
from fullgraph.semantic.waits import Waits
from fullgraph.semantic.walk import Walked, walk
from fullgraph.torchfacts import TorchRange

_CIRCULAR = (
    BackwardHooks,
    Barriers,
    Classes,
    Compiled,
    Elsewhere,
    Flow,
    Globals,
    Guards,
    Kinds,
    Makers,
    Names,
    Surely,
    TurnWaits,
    Uncompiled,
    Varied,
    Waits,
)
"""Parts of a model that hold each other, or themselves by what they hold."""


class FileModel:
    """One parsed file: its walk, and lazily its names, kinds, classes, traced region, comments and parents."""

    def __init__(
        self,
        tree: ast.Module,
        lines: Sequence[str],
        filename: str,
        wanted: Iterable[type[ast.AST]] = (),
        linked: FileRegion | Literal["later"] | None = None,
        text: str | None = None,
    ) -> None:
        self.tree = tree
        self.lines = lines
        self.filename = filename
        self.walked: Walked = walk(tree, {*wanted, *SUMMARY_NODES})
        self._linked = linked
        self._text = text
        self.names = Names(self.walked)
        self._never_run: dict[TorchRange, list[tuple[int, int]]] = {}
        self._failing: dict[ast.AST, list[tuple[int, int]]] = {}

    @property
    def text(self) -> str:
        """The lines, joined."""
        if self._text is None:
            self._text = "\n".join(self.lines)
        return self._text

    @cached_property
    def kinds(self) -> Kinds:
        """What values are."""
        return Kinds(self.walked, self.names)

    @cached_property
    def flow(self) -> Flow:
        """What values are where they stand, with what other files say; for rules about traced code."""
        if not isinstance(self._linked, FileRegion) or self._linked.foreign == NOTHING:
            return self.own_flow
        return Flow(self.walked, self.names, self.classes, self.elsewhere)

    @cached_property
    def own_flow(self) -> Flow:
        """What values are where they stand, as far as this file tells; for rules that look at it unlinked."""
        return Flow(self.walked, self.names, self.classes)

    @cached_property
    def elsewhere(self) -> Elsewhere:
        """What the project says of other files."""
        told = self._linked.foreign if isinstance(self._linked, FileRegion) else NOTHING
        return Elsewhere(self.walked, self.names, self.classes, told)

    @cached_property
    def waits(self) -> Waits:
        """Where the host waits for a device."""
        return Waits(self.walked, self.names, self.own_flow, self.parents)

    @cached_property
    def turn_waits(self) -> TurnWaits:
        """Waits that each turn of a loop comes to."""
        return TurnWaits(self.waits, self.parents)

    @cached_property
    def linked_waits(self) -> Waits:
        """The same as `waits`, with what other files say; for rules that look at the file when it is linked."""
        if self.flow is self.own_flow:
            return self.waits
        return Waits(self.walked, self.names, self.flow, self.parents, everywhere=True)

    @cached_property
    def varied(self) -> Varied:
        """What loops count and pass on."""
        return Varied(self.walked, self.names, self.classes, self.compiled, self.parents)

    @cached_property
    def globals(self) -> Globals:
        """Which globals are set and read where something is compiled."""
        return Globals(self.walked, self.classes, self.compiled, self.surely, self.parents, self.varied)

    @cached_property
    def classes(self) -> Classes:
        """What classes are and hold."""
        return Classes(self.walked, self.names)

    @cached_property
    def backward_hooks(self) -> BackwardHooks:
        """Which modules have backward hooks."""
        return BackwardHooks(self.walked, self.classes, self.parents)

    @cached_property
    def surely(self) -> Surely:
        """What each call of a function comes to."""
        return Surely(self.walked, self.classes)

    @cached_property
    def makers(self) -> Makers:
        """What made values."""
        return Makers(self.walked, self.names, self.classes)

    @cached_property
    def compiled(self) -> Compiled:
        """What holds something compiled."""
        return Compiled(self.walked, self.names, self.classes, self.parents)

    @cached_property
    def uncompiled(self) -> Uncompiled:
        """What surely holds something that is not compiled."""
        return Uncompiled(self.walked, self.names, self.classes, self.compiled)

    @cached_property
    def region(self) -> Region:
        """What Dynamo traces, as the project says; a file without a project is one by itself."""
        linked = self._linked
        if linked == "later":
            return AnyRegion(self.walked, self.barriers)
        if linked is None:
            (linked,) = link([ProjectFile.alone(self.filename, self.summary)])
        return Region(self.walked, self.barriers, linked)

    def told_of(self, about: About) -> list[tuple[ast.AST, Scope]]:
        """Calls and statements of which linking tells something, and where they stand."""
        told = self._linked.foreign if isinstance(self._linked, FileRegion) else NOTHING
        match about:
            case About.BYPASSED if told.bypasses:
                return [item for item in self.walked.calls if self.bypassed(*item) is not None]
            case About.SIZED if told.sized:
                return [item for item in self.walked.calls if self.sized_by(*item) is not None]
            case About.CHANGED if told.changed:
                found = self.globals.changing()
                return [(each.node, each.scope) for each in found if self.read_by(each.target, each.scope) is not None]
            case _:
                return []

    def bypassed(self, call: ast.Call, scope: Scope) -> Bypass | None:
        """How a call passes by what is compiled, as the project tells; None if it is no such call."""
        if not isinstance(self._linked, FileRegion) or not isinstance(call.func, ast.Attribute):
            return None
        member = _member(call.func.value, self.walked, scope)
        if member is None:
            return None
        number = next(iter(self.region.functions_around(scope)), -1)
        return self._linked.foreign.bypasses.get((number, f"{member}.{call.func.attr}"))

    def passed_elsewhere(self, function: DefNode, parameter: str, variety: Variety) -> ChainStep | None:
        """A loop of another file that calls a function with another value for a parameter at each turn."""
        number = self.region.number_of(function)
        if not isinstance(self._linked, FileRegion) or number is None:
            return None
        told = self._linked.foreign.varied
        keys = [parameter] if told else []
        positional = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args)]
        if self.walked.functions[function].owner is not None and not has_decorator(function, "staticmethod"):
            positional = positional[1:]
        if keys and parameter in positional:
            keys.append(str(positional.index(parameter)))
        return next((step for key in keys if (step := told.get((number, key, variety.value))) is not None), None)

    def sized_by(self, call: ast.Call, scope: Scope) -> ChainStep | None:
        """A loop of another file that passes tensors of other sizes to what a call compiles; its name spells one."""
        told = self._linked.foreign.sized if isinstance(self._linked, FileRegion) else {}
        if not told or COMPILE not in self.names.of(call.func):
            return None
        return told.get(self.holder_of(call, scope))

    def read_by(self, target: ast.Attribute, scope: Scope) -> ChainStep | None:
        """Where a compiled function of another file, called beside it, reads what is assigned to a target."""
        told = self._linked.foreign.changed if isinstance(self._linked, FileRegion) else {}
        number = next(iter(self.region.functions_around(scope)), NO_OWNER)
        return told.get((number, ast.unparse(target))) if told else None

    def holder_of(self, call: ast.Call, scope: Scope) -> str:
        """By what name the file has what a call returns: ``step``, ``Trainer.net``; empty if by none."""
        around = self.parents.get(call)
        info = self.walked.functions.get(around) if around is not None else None
        match self.targets.get(call):
            case ast.Name(id=name) if scope is self.walked.root:
                return name
            case ast.Attribute(value=base, attr=attr):
                owner = self.classes.owner_of_self(base, scope)
                return "" if owner is None else f"{owner.name}.{attr}"
            case _ if info is not None and call in info.node.decorator_list:
                return info.node.name if info.owner is None else f"{info.owner.name}.{info.node.name}"
            case _:
                return ""

    @cached_property
    def barriers(self) -> Barriers:
        """Which rows the compiler does not come to."""
        return Barriers(self.walked, self.names)

    @cached_property
    def summary(self) -> FileSummary:
        """What linking must know of the file."""
        summary = summarise(self.walked, self.names, self.barriers, self.varied, self.globals)
        return summary._replace(results=results_of(self.walked, self.names, self.classes, self.barriers))

    def only_fails(self, row: int, scope: Scope) -> bool:
        """Whether whatever runs in this row of a scope's function leads to a ``raise``."""
        around = self.walked.root if scope.function is None else scope.function
        if around.node not in self._failing:
            self._failing[around.node] = failing_rows(around.node)
        return any(first <= row <= last for first, last in self._failing[around.node])

    def block_around(self, node: ast.AST, *, generators: bool) -> str | None:
        """The kind of block around a node in which Dynamo cannot resume behind a graph break."""
        return block_around(node, self.parents, self.walked, generators=generators)

    def handles_a_run(self, node: ast.AST) -> bool:
        """Whether a node stands in a handler of what is raised when code runs, and not when it is traced."""
        return handles_a_run(node, self.parents)

    def is_switched_off(self, row: int) -> bool:
        """Whether code in this row runs only if somebody else turns on what its class only turns off."""
        return any(first <= row <= last for first, last in self._switched_off)

    @cached_property
    def _switched_off(self) -> list[tuple[int, int]]:
        return switched_off_rows(self.walked, self.classes)

    def never_runs(self, row: int, releases: TorchRange) -> bool:
        """Whether a condition on torch's release keeps code in this row from running on each of these.

        Flags of other files count where it is known what they say.
        """
        if releases not in self._never_run:
            self._never_run[releases] = self._rows_without(releases)
        return any(first <= row <= last for first, last in self._never_run[releases])

    def _rows_without(self, releases: TorchRange) -> list[tuple[int, int]]:
        told = self._linked.foreign.flags if isinstance(self._linked, FileRegion) else {}
        known = Releases(self.walked, self.names, told)

        def excludes(test: ast.expr, scope: Scope) -> tuple[bool, bool]:
            answer = known.on(test, scope, releases)
            return answer is False, answer is True

        return list(skipped_rows(self.walked, excludes))

    @cached_property
    def comments(self) -> Comments:
        """The file's comments."""
        return Comments(self.lines, self.parents.rows_around)

    @cached_property
    def targets(self) -> dict[ast.AST, ast.expr]:
        """The name or ``base.attribute`` that a value is assigned to, by the value."""
        targets: dict[ast.AST, ast.expr] = {item.value: item.target for item in self.walked.attributes if item.value}
        targets.update({value: name for name, value in self.walked.aliases})
        return targets

    @cached_property
    def guards(self) -> Guards:
        """What keeps a use from running where a name is missing."""
        return Guards(self.walked, self.names, self.parents)

    @cached_property
    def growing_calls(self) -> dict[tuple[str, Scope | None], list[ast.Call]]:
        """Calls ``name.append(...)``, ``extend`` and ``insert``, by the name and the function they stand in."""
        found: dict[tuple[str, Scope | None], list[ast.Call]] = {}
        for call, scope in self.walked.calls_of(("append", "extend", "insert")):
            match call.func:
                case ast.Attribute(value=ast.Name(id=name)):
                    found.setdefault((name, scope.function), []).append(call)
                case _:
                    continue
        return found

    @cached_property
    def parents(self) -> Parents:
        """The parent of every node."""
        return Parents(self.tree)

    def link(self, linked: FileRegion) -> None:
        """Let it be known what the file's project says is traced."""
        self._linked = linked
        for part in ("region", "flow", "elsewhere", "linked_waits"):
            vars(self).pop(part, None)
        self._never_run = {}

    def release(self) -> None:
        """Break the circles in what was found out, when nobody asks any more, so that it is freed with the tree.

        Otherwise it waits for the garbage collector, which takes longer to find it than it took to parse the file.
        """
        for info in self.walked.functions.values():
            info.scope.function = None
        for part in list(dict.fromkeys(part for part in vars(self).values() if isinstance(part, _CIRCULAR))):
            if isinstance(part, (Flow, Waits)):
                part.release()
            else:
                vars(part).clear()
        vars(self).clear()


def _member(expr: ast.expr, walked: Walked, scope: Scope) -> str | None:
    """The attribute that an expression reads, or that a name of it is bound to."""
    match expr:
        case ast.Attribute(attr=attr):
            return attr
        case ast.Name(id=name):
            found = walked.name_scope.get(expr, scope).lookup(name)
            match found[1] if found is not None else []:
                case [ast.Attribute(attr=attr)]:
                    return attr
                case _:
                    return None
        case _:
            return None
