"""Carrying out the edits of a round on the concrete syntax tree, which keeps every comment and space."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from fullgraph.fix.edits import Edits, Span
from fullgraph.fix.statements import edit_body, edit_small
from fullgraph.semantic.positions import Position

if TYPE_CHECKING:
    from fullgraph.fix.edits import ImportEdit

_FORM_FEED = re.compile(r"(?<![^\r\n])\f(?![^\r\n])")
_BLANK = " \t\f\r\n"
_STAND_IN = "#\N{SYMBOL FOR FORM FEED}\N{SYMBOL FOR FORM FEED}#"
_Name = TypeVar("_Name", cst.Name, cst.Attribute)
_Body = TypeVar("_Body", cst.Module, cst.IndentedBlock)


class CannotRewriteError(Exception):
    """Why LibCST cannot change a file."""


def rewrite(text: str, edits: Edits) -> str:
    """Give the text with the edits carried out.

    Raises:
        CannotRewriteError: LibCST does not understand the file, or would change more of it.
    """
    original, text = text, _disguised(text)
    try:
        module = cst.parse_module(text)
    except (cst.ParserSyntaxError, ValueError) as error:
        raise CannotRewriteError("LibCST cannot parse the file") from error
    if module.code != text:
        raise CannotRewriteError("LibCST would change other parts of the file")
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    rewriter = _Rewriter(edits)
    new = wrapper.visit(rewriter)
    if rewriter.missed:
        raise CannotRewriteError("LibCST reads the file differently")
    return _undisguised(new.code, original)


def _disguised(text: str) -> str:
    """The text without what LibCST does not keep: form feeds alone in a row, and white space at the end."""
    return _FORM_FEED.sub(_STAND_IN, text.rstrip(_BLANK)) + "\n"


def _undisguised(new: str, original: str) -> str:
    end = original[len(original.rstrip(_BLANK)) :]
    return new.replace(_STAND_IN, "\f").removesuffix("\n") + end


def _with(added: str, arguments: list[cst.Arg]) -> list[cst.Arg]:
    """The arguments of a call and one more: a value in front, or a keyword at the end."""
    new = cst.ensure_type(cst.parse_expression(f"f({added})"), cst.Call).args[0]
    comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    if not arguments:
        return [new]
    if new.keyword is None:
        return [new.with_changes(comma=comma), *arguments]
    *others, last = arguments
    new = new.with_changes(comma=last.comma, whitespace_after_arg=last.whitespace_after_arg)
    return [*others, last.with_changes(comma=comma, whitespace_after_arg=cst.SimpleWhitespace("")), new]


def _made_there(call: cst.Call) -> cst.Call | None:
    """``maker(..., device=device)`` for ``maker(...).to(device)``."""
    match call:
        case cst.Call(func=cst.Attribute(value=cst.Call() as maker), args=[given]):
            device = cst.Module([]).code_for_node(given.value)
            made = maker.with_changes(args=_with(f"device={device}", list(maker.args)))
            return made.with_changes(lpar=[*call.lpar, *maker.lpar], rpar=[*maker.rpar, *call.rpar])
        case _:
            return None


class _Rewriter(cst.CSTTransformer):
    """Respells names, changes the arguments of calls, and edits import statements."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, edits: Edits) -> None:
        super().__init__()
        self.texts = {each.span: each.text for each in edits.respellings}
        self.calls = {each.span: each for each in edits.respellings if each.changes_call}
        self.made_there = set(edits.made_there)
        self.imports = dict(edits.imports)

    @property
    def missed(self) -> bool:
        """Whether some edit found no place."""
        return bool(self.texts or self.calls or self.made_there or self.imports)

    def span(self, node: cst.CSTNode) -> Span:
        """Where a node stands, counted as everywhere in fullgraph."""
        place = self.get_metadata(PositionProvider, node)
        return Span(Position(place.start.line, place.start.column + 1), Position(place.end.line, place.end.column + 1))

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:  # noqa: N802
        """Respell a bare name."""
        return self.respelled(original_node, updated_node)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.BaseExpression:  # noqa: N802
        """Respell a dotted name."""
        return self.respelled(original_node, updated_node)

    def respelled(self, original: _Name, updated: _Name) -> cst.BaseExpression:
        """The new name in place of the old one, in the same parentheses."""
        text = self.texts.pop(self.span(original), None)
        if text is None:
            return updated
        return cst.parse_expression(text).with_changes(lpar=updated.lpar, rpar=updated.rpar)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802
        """Give keywords to arguments that have been positional, and the other way round, and add an argument."""
        if self.made_there and (span := self.span(original_node)) in self.made_there:
            made = _made_there(updated_node)
            if made is not None:
                self.made_there.discard(span)
                return made
        change = self.calls.pop(self.span(original_node.func), None)
        if change is None:
            return updated_node
        arguments = list(updated_node.args)
        equal = cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))
        for index, name in change.keywords:
            arguments[index] = arguments[index].with_changes(keyword=cst.Name(name), equal=equal)
        for index, argument in enumerate(arguments):
            if argument.keyword is not None and argument.keyword.value in change.unnamed:
                arguments[index] = argument.with_changes(keyword=None, equal=cst.MaybeSentinel.DEFAULT)
        return updated_node.with_changes(args=_with(change.added, arguments) if change.added else arguments)

    def leave_Module(self, original_node: cst.Module, updated_node: cst.Module) -> cst.Module:  # noqa: N802
        """Edit the imports at module level."""
        return self.with_imports(original_node, updated_node)

    def leave_IndentedBlock(self, original_node: cst.IndentedBlock, updated_node: cst.IndentedBlock) -> cst.BaseSuite:  # noqa: N802
        """Edit the imports of a block."""
        block = self.with_imports(original_node, updated_node)
        return block if block.body else block.with_changes(body=[cst.SimpleStatementLine([cst.Pass()])])

    def leave_SimpleStatementSuite(  # noqa: N802
        self, original_node: cst.SimpleStatementSuite, updated_node: cst.SimpleStatementSuite
    ) -> cst.BaseSuite:
        """Edit the imports of a block that stands in the row of its header."""
        edits = self.edits_of(original_node.body)
        if not edits:
            return updated_node
        return updated_node.with_changes(body=edit_small(updated_node.body, edits) or [cst.Pass()])

    def with_imports(self, original: _Body, updated: _Body) -> _Body:
        """A body with its import statements edited."""
        edits: dict[int, dict[int, ImportEdit]] = {}
        for index, line in enumerate(original.body):
            if isinstance(line, cst.SimpleStatementLine) and (found := self.edits_of(line.body)):
                edits[index] = found
        return updated.with_changes(body=edit_body(updated.body, edits)) if edits else updated

    def edits_of(self, body: Sequence[cst.BaseSmallStatement]) -> dict[int, ImportEdit]:
        """The edits of the small statements of one line, by their number."""
        found: dict[int, ImportEdit] = {}
        for index, small in enumerate(body):
            if isinstance(small, (cst.Import, cst.ImportFrom)):
                edit = self.imports.pop(self.span(small).start, None)
                if edit is not None:
                    found[index] = edit
        return found
