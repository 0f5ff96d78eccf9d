"""Import statements: what becomes of each, and where new ones stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import libcst as cst
from libcst.helpers import get_full_name_for_node

if TYPE_CHECKING:
    from fullgraph.fix.edits import ImportEdit, Moved

_Statement: TypeAlias = cst.SimpleStatementLine | cst.BaseCompoundStatement
_PRAGMA = re.compile(r"#\s*(noqa|type:|pyright:|mypy:|pylint:|ruff:|isort:)", re.IGNORECASE)


def edit_body(
    body: Sequence[cst.BaseStatement], edits: Mapping[int, Mapping[int, ImportEdit]]
) -> list[cst.BaseStatement]:
    """Edit the lines of a body: by the line's number, and within the line by the statement's, what becomes of it."""
    new: list[cst.BaseStatement] = []
    orphaned: list[cst.EmptyLine] = []
    moved = False
    for index, line in enumerate(body):
        lines: Sequence[cst.BaseStatement] = [line]
        added: Sequence[str] = ()
        if index in edits and isinstance(line, cst.SimpleStatementLine):
            lines, added = _edit_line(line, edits[index])
            if not lines:
                orphaned += line.leading_lines
        moves = any(edit.move for edit in edits.get(index, {}).values())
        for each in lines:
            statement = _below(orphaned, each)
            joint = _joint(new[-1], statement) if new and (moved or moves) else None
            new[-1:] = [joint] if joint is not None else [*new[-1:], statement]
            orphaned = []
        moved = moves
        for module in added:
            _insert(new, module)
    return new


def _below(orphaned: Sequence[cst.EmptyLine], statement: cst.BaseStatement) -> cst.BaseStatement:
    """A statement with the empty lines that a removed one has left above it."""
    own = getattr(statement, "leading_lines", None)
    if not orphaned or own is None:
        return statement
    return statement.with_changes(leading_lines=[*orphaned, *own])


def _edit_line(
    line: cst.SimpleStatementLine, edits: Mapping[int, ImportEdit]
) -> tuple[list[cst.SimpleStatementLine], Sequence[str]]:
    """The lines that take the place of one, and the modules that are to be imported beside them."""
    if len(line.body) > 1:
        smalls = edit_small(line.body, edits)
        return ([line.with_changes(body=smalls)] if smalls else []), ()
    (small,), (edit,) = line.body, edits.values()
    rest = _edited(small, edit)
    if not rest:
        rest = [_import(module) for module in edit.add]
        return (_apart(line, rest) if rest else []), ()
    return _apart(line, rest), edit.add


def edit_small(body: Sequence[cst.BaseSmallStatement], edits: Mapping[int, ImportEdit]) -> list[cst.BaseSmallStatement]:
    """Edit statements that share a row; they go on doing so."""
    smalls: list[cst.BaseSmallStatement] = []
    for index, small in enumerate(body):
        edit = edits.get(index)
        if edit is None:
            smalls.append(small)
        else:
            smalls += [*(_import(module) for module in edit.add), *_edited(small, edit)]
    last = [small.with_changes(semicolon=body[-1].semicolon) for small in smalls[-1:]]
    return [*(_joined(small) for small in smalls[:-1]), *last]


def _joined(small: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
    """A statement that another one follows in the same row."""
    if isinstance(getattr(small, "semicolon", None), cst.Semicolon):
        return small
    return small.with_changes(semicolon=cst.Semicolon(whitespace_after=cst.SimpleWhitespace(" ")))


def _apart(line: cst.SimpleStatementLine, smalls: Sequence[cst.BaseSmallStatement]) -> list[cst.SimpleStatementLine]:
    """One line for each statement; a comment stays at the first, and one that is meant for tools is on all."""
    comment = line.trailing_whitespace.comment
    pragma = comment is not None and _PRAGMA.match(comment.value)
    first, *others = smalls
    lines = [line.with_changes(body=[first])]
    for small in others:
        new = cst.SimpleStatementLine([small])
        lines.append(new.with_changes(trailing_whitespace=line.trailing_whitespace) if pragma else new)
    return lines


def _edited(statement: cst.BaseSmallStatement, edit: ImportEdit) -> list[cst.BaseSmallStatement]:
    """What stays of an import, and the imports of what comes from somewhere else now."""
    if not isinstance(statement, (cst.Import, cst.ImportFrom)) or isinstance(statement.names, cst.ImportStar):
        return [statement]
    names = statement.names
    targets = {moved.module for moved in edit.move.values()}
    home = _source(statement)
    if isinstance(statement, cst.ImportFrom) and len(edit.move) == len(names) and len(targets) == 1:
        home = targets.pop()
        statement = statement.with_changes(module=_dotted(home))
    kept = [
        _alias(edit.move[index], alias) if index in edit.move else alias
        for index, alias in enumerate(names)
        if index not in edit.drop and (index not in edit.move or edit.move[index].module == home)
    ]
    found: list[cst.BaseSmallStatement] = []
    if kept:
        found.append(statement.with_changes(names=_with_last(kept, names) if len(kept) < len(names) else kept))
    moves = _in_order(edit.move)
    modules = sorted(targets - {home})
    return found + [_from(module, [each for each in moves if each.module == module], statement) for module in modules]


def _from(module: str, names: Sequence[Moved], like: cst.BaseSmallStatement) -> cst.BaseSmallStatement:
    """``from module import names``: one to a row if there are several, and the old import has them so."""
    lpar = getattr(like, "lpar", None)
    if len(names) == 1 or lpar is None or not isinstance(lpar.whitespace_after, cst.ParenthesizedWhitespace):
        return cst.ImportFrom(module=_dotted(module), names=[_alias(each) for each in names])
    rows = "".join(f"    {each.name}{f' as {each.asname}' if each.asname else ''},\n" for each in names)
    parsed = cst.ensure_type(cst.parse_statement(f"from {module} import (\n{rows})\n"), cst.SimpleStatementLine)
    return parsed.body[0]


def _source(statement: cst.BaseSmallStatement) -> str | None:
    """The module of a ``from`` import, unless it is relative."""
    if not isinstance(statement, cst.ImportFrom) or statement.relative or statement.module is None:
        return None
    return get_full_name_for_node(statement.module)


def _joint(one: cst.BaseStatement, other: cst.BaseStatement) -> cst.BaseStatement | None:
    """Two ``from`` imports of one module as one, if both are plain and no comment stands at either."""
    match one, other:
        case (
            cst.SimpleStatementLine(body=[cst.ImportFrom(names=[*names], lpar=None) as first]),
            cst.SimpleStatementLine(body=[cst.ImportFrom(names=[*more], lpar=None) as second], leading_lines=[]),
        ) if _source(first) is not None and _source(first) == _source(second):
            if one.trailing_whitespace.comment is not None or other.trailing_whitespace.comment is not None:
                return None
            known = {_key(alias) for alias in names}
            new = [alias for alias in more if _key(alias) not in known]
            plain = [alias.with_changes(comma=cst.MaybeSentinel.DEFAULT) for alias in (*names, *new)]
            return one.with_changes(body=[first.with_changes(names=plain)])
        case _:
            return None


def _key(alias: cst.ImportAlias) -> tuple[str | None, str | None]:
    asname = alias.asname
    return get_full_name_for_node(alias.name), None if asname is None else get_full_name_for_node(asname.name)


def _in_order(moves: Mapping[int, Moved]) -> list[Moved]:
    return [moves[index] for index in sorted(moves)]


def _with_last(kept: Sequence[cst.ImportAlias], names: Sequence[cst.ImportAlias]) -> list[cst.ImportAlias]:
    """The names that stay, with a comma behind the last only if there was one."""
    *before, last = kept
    return [*before, last.with_changes(comma=names[-1].comma)]


def _alias(moved: Moved, like: cst.ImportAlias | None = None) -> cst.ImportAlias:
    name = cst.Name(moved.name)
    if like is None:
        return cst.ImportAlias(name=name, asname=None if moved.asname is None else _as(moved.asname))
    if moved.asname is None:
        return like.with_changes(name=name, asname=None)
    return like.with_changes(name=name, asname=like.asname or _as(moved.asname))


def _as(name: str) -> cst.AsName:
    return cst.AsName(name=cst.Name(name))


def _dotted(path: str) -> cst.Attribute | cst.Name:
    expression = cst.parse_expression(path)
    if not isinstance(expression, (cst.Attribute, cst.Name)):
        raise TypeError(f"{path} is no dotted name")
    return expression


def _import(module: str) -> cst.Import:
    return cst.Import(names=[cst.ImportAlias(name=_dotted(module))])


def _insert(lines: list[cst.BaseStatement], module: str) -> None:
    """Put ``import module`` where it belongs in the group of imports that ends here."""
    index = len(lines)
    while index > 0 and _goes_behind(lines[index - 1], module):
        index -= 1
        if _leading(lines[index]):
            break
    new = cst.SimpleStatementLine([_import(module)])
    if index == len(lines):
        lines.append(new)
        return
    follower = lines[index]
    above = _leading(follower)
    if any(line.comment is not None for line in above) and index + 1 <= len(lines):
        lines.insert(index + 1, new)
        return
    lines[index] = follower.with_changes(leading_lines=[]) if above else follower
    lines.insert(index, new.with_changes(leading_lines=above))


def _leading(statement: cst.BaseStatement) -> Sequence[cst.EmptyLine]:
    return getattr(statement, "leading_lines", ())


def _goes_behind(statement: cst.BaseStatement, module: str) -> bool:
    """Whether a line is an import that ``import module`` stands in front of."""
    match statement:
        case cst.SimpleStatementLine(body=[cst.ImportFrom(module=source)]):
            return source is None or get_full_name_for_node(source) != "__future__"
        case cst.SimpleStatementLine(body=[cst.Import(names=[alias, *_])]):
            return (get_full_name_for_node(alias.name) or "") > module
        case _:
            return False
