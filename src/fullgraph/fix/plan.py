"""Which edits a round consists of: how each new name is spelled where it is used, and what its imports become."""

from __future__ import annotations

import ast
import builtins
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fullgraph.fix.edits import Edits, Moved, Respelling, Span
from fullgraph.fix.imports import Imports, Site, Use
from fullgraph.intents import MakeThere, Rename
from fullgraph.semantic.comments import comment_places
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.renames import is_public_part
from fullgraph.semantic.walk import base_name
from fullgraph.torchfacts import is_private

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fullgraph.engine.finding import Finding
    from fullgraph.semantic.scopes import Scope


class _RefusedError(Exception):
    """Why a use is left as it is."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """One use that is to be renamed, and the finding that asks for it."""

    finding: Finding
    intent: Rename
    use: Use
    span: Span
    path: str
    """What the use stands for."""
    base_path: str
    """What the name that it begins with stands for."""
    home: Scope
    """The scope that binds that name."""

    @property
    def parts(self) -> int:
        """How many attributes follow the name that the use begins with."""
        return self.path.count(".") - self.base_path.count(".")

    @property
    def new_base(self) -> str:
        """What that name would have to stand for if only the attributes behind it are changed."""
        names = self.intent.to.split(".")
        return ".".join(names[: len(names) - self.parts])


def plan(tree: ast.Module, lines: Sequence[str], filename: str, wanted: Sequence[Finding], *, is_init: bool) -> Edits:
    """Plan one round for the findings of one file, all of which have a fix that is to be applied."""
    model = FileModel(tree, lines, filename, (ast.Import, ast.ImportFrom))
    return _Planner(model, is_init=is_init).plan(wanted)


class _Planner:
    """Plans one round for one file."""

    def __init__(self, model: FileModel, *, is_init: bool) -> None:
        self.model = model
        self.imports = Imports(model)
        self.comments = comment_places(model.lines)
        self.is_init = is_init
        self.edits = Edits()
        self.renamed: dict[ast.expr, str] = {}
        """Uses that the round renames, with what they stood for."""

    def plan(self, wanted: Sequence[Finding]) -> Edits:
        """Plan every wish that can be met now; what contains another wish waits for the next round."""
        groups: dict[tuple[Scope, str], list[_Wish]] = defaultdict(list)
        for wish in self.innermost(self.wishes(wanted)):
            if is_public_part(wish.base_path, wish.intent.to):
                self.attempt([wish], self.keep_base)
            else:
                groups[wish.home, wish.use.base.id].append(wish)
        for (home, name), wishes in groups.items():
            sites = self.imports.of(home, name)
            if self.can_move(wishes, sites):
                self.attempt(wishes, self.move_import)
            else:
                for wish in wishes:
                    self.attempt([wish], self.spell_out)
                self.drop_unused(home, name, sites)
        self.drop_private_modules()
        self.make_there(wanted)
        return self.edits

    def make_there(self, wanted: Sequence[Finding]) -> None:
        """Plan what is to be made on its device; where something else in there changes, it waits for the next round."""
        taken = [each.span for each in self.edits.respellings]
        for finding in wanted:
            span = Span(finding.start, finding.end)
            if finding.fix is None or not any(isinstance(each, MakeThere) for each in finding.fix.intents):
                continue
            if any(span.start <= comment < span.end for comment in self.comments):
                self.edits.refused.append((finding, "a comment stands inside the call"))
            elif not any(span.start <= other.end and other.start <= span.end for other in taken):
                taken.append(span)
                self.edits.made_there.add(span)
                self.edits.touched_rows.update(range(span.start.row, span.end.row + 1))
                self.edits.applied.append(finding)

    def wishes(self, wanted: Sequence[Finding]) -> list[_Wish]:
        """Find the expression of each finding."""
        model = self.model
        chains = {self.imports.span(chain): chain for chains in model.walked.chains.values() for chain in chains}
        found: list[_Wish] = []
        for finding in wanted:
            span = Span(finding.start, finding.end)
            chain = chains.get(span)
            fix = finding.fix
            if fix is None or chain is None:
                continue
            scope = model.walked.name_scope[base_name(chain)]
            use = Use(chain, scope)
            seen = scope.lookup(use.base.id)
            if seen is None:
                continue
            if any(span.start <= comment < span.end for comment in self.comments):
                self.edits.refused.append((finding, "a comment stands inside the name"))
                continue
            if not self.stands_at(chain, span):
                self.edits.refused.append((finding, "Python does not say where exactly it stands"))
                continue
            paths = model.names.of(chain)[0], model.names.of(use.base)[0]
            renames = (intent for intent in fix.intents if isinstance(intent, Rename))
            found += [_Wish(finding, intent, use, span, *paths, seen[0]) for intent in renames]
        return found

    def stands_at(self, chain: ast.expr, span: Span) -> bool:
        """Whether an expression stands at a place; before Python 3.12, places in f-strings may be wrong."""
        rows = list(self.model.lines[span.start.row - 1 : span.end.row])
        rows[-1] = rows[-1][: span.end.column - 1]
        rows[0] = rows[0][span.start.column - 1 :]
        return re.sub(r"[\s\\()]", "", "".join(rows)) == ast.unparse(chain)

    def innermost(self, wishes: list[_Wish]) -> list[_Wish]:
        """The wishes whose extent contains no other."""
        extents = [self.extent(wish) for wish in wishes]
        return [
            wish
            for wish, outer in zip(wishes, extents, strict=True)
            if not any(outer.start <= inner.start and inner.end <= outer.end and inner != outer for inner in extents)
        ]

    def extent(self, wish: _Wish) -> Span:
        """Everything that a wish changes: the name, or the call whose arguments change."""
        call = self.call_of(wish)
        changes_call = wish.intent.keywords or wish.intent.unnamed or wish.intent.added
        return self.imports.span(call) if changes_call and call is not None else wish.span

    def call_of(self, wish: _Wish) -> ast.Call | None:
        """The call of the name, unless it is used in another way."""
        parent = self.model.parents.get(wish.use.chain)
        return parent if isinstance(parent, ast.Call) and parent.func is wish.use.chain else None

    def attempt(self, wishes: list[_Wish], way: Callable[[list[_Wish]], list[str]]) -> None:
        """Plan some wishes together, or note why not."""
        try:
            texts = way(wishes)
        except _RefusedError as reason:
            self.edits.refused += [(wish.finding, str(reason)) for wish in wishes]
            return
        for wish, text in zip(wishes, texts, strict=True):
            extent = self.extent(wish)
            intent = wish.intent
            if intent.added and self.call_of(wish) is None:
                respelling = Respelling(wish.span, f"{text}({intent.added})", (), ())
            else:
                respelling = Respelling(wish.span, text, intent.keywords, intent.unnamed, intent.added)
            self.edits.respellings.append(respelling)
            self.edits.touched_rows.update(range(extent.start.row, extent.end.row + 1))
            self.edits.applied.append(wish.finding)
            self.renamed[wish.use.chain] = wish.path

    # How a new name is spelled

    def keep_base(self, wishes: list[_Wish]) -> list[str]:
        """The name that the use begins with stays: ``torch._dynamo.disable`` -> ``torch.compiler.disable``."""
        (wish,) = wishes
        if not wish.intent.imported and not self.imports.loads(wish.intent.module, wish.use):
            self.import_beside_private(wish)
        return [wish.use.base.id + wish.intent.to[len(wish.base_path) :]]

    def import_beside_private(self, wish: _Wish) -> None:
        """Import the public module where the private one is imported, which then goes if nothing needs it."""
        for site in self.imports.sites:
            spelled = isinstance(site.statement, ast.Import) and site.alias.asname is None
            if spelled and is_private(site.alias.name) and f"{wish.path}.".startswith(f"{site.alias.name}."):
                self.add_import(site, wish.intent.module)
                return
        raise _RefusedError(f"`{wish.intent.module}` would have to be imported")

    def can_move(self, wishes: list[_Wish], sites: list[Site]) -> bool:
        """Whether ``from private import name`` can become ``from public import name`` for all that use the name."""
        home, name = wishes[0].home, wishes[0].use.base.id
        if not sites or len({wish.new_base for wish in wishes}) > 1 or wishes[0].new_base.count(".") < 1:
            return False
        if not all(isinstance(site.statement, ast.ImportFrom) for site in sites):
            return False
        if {wish.use.chain for wish in wishes} != set(self.imports.uses_of(home, name)):
            return False
        last = wishes[0].new_base.rpartition(".")[2]
        is_object = all(wish.parts == 0 for wish in wishes)
        return is_object or all(site.alias.asname is None and site.alias.name == last for site in sites)

    def move_import(self, wishes: list[_Wish]) -> list[str]:
        """The name comes from somewhere else: ``from torch._dynamo import disable`` -> ``from torch.compiler ...``."""
        wish = wishes[0]
        name, last = wish.use.base.id, wish.new_base.rpartition(".")[2]
        sites = self.imports.of(wish.home, name)
        local = self.new_local(wish, sites)
        for site in sites:
            if len(site.statement.names) > 1 and self.has_comment_inside(site.statement):
                raise _RefusedError("a comment stands inside its import")
        seen: set[ast.stmt] = set()
        for site in sites:
            self.touch(site)
            edit = self.edits.at(self.imports.span(site.statement).start)
            again = not seen.isdisjoint(self.imports.block(site.statement))
            if again and not self.has_comment_at(site.statement):
                edit.drop.add(site.index)
            else:
                kept = local != last or site.alias.asname == site.alias.name
                asname = local if kept else None
                edit.move[site.index] = Moved(wish.new_base.rpartition(".")[0], last, asname)
            seen.add(site.statement)
        return [".".join([local, *each.intent.to.split(".")[each.new_base.count(".") + 1 :]]) for each in wishes]

    def new_local(self, wish: _Wish, sites: list[Site]) -> str:
        """What the imported name is called from now on: the public name, unless it had another or that is taken."""
        name, last = wish.use.base.id, wish.new_base.rpartition(".")[2]
        if name == last or any(site.alias.asname is not None for site in sites):
            return name
        exported = self.is_init and wish.home is self.model.walked.root
        taken = self.imports.is_bound_anywhere(last) or hasattr(builtins, last)
        return name if exported or taken or self.in_strings(name) else last

    def spell_out(self, wishes: list[_Wish]) -> list[str]:
        """Go by another name in sight, or import torch beside the private import."""
        (wish,) = wishes
        module = wish.intent.module
        sites = self.imports.of(wish.home, wish.use.base.id)
        for name, path in self.imports.reachable(wish.use, wish.intent.to, sites):
            if wish.intent.imported or f"{path}.".startswith(f"{module}.") or self.imports.loads(module, wish.use):
                return [name + wish.intent.to[len(path) :]]
        if not sites:
            raise _RefusedError("no import of torch is in sight")
        if wish.use.scope.lookup("torch") is not None or "torch" in wish.home.bindings:
            raise _RefusedError("`torch` stands for something else here, or only sometimes for torch")
        seen: set[ast.stmt] = set()
        for site in sites:
            if seen.isdisjoint(self.imports.block(site.statement)):
                self.add_import(site, "torch" if wish.intent.imported else module)
            seen.add(site.statement)
        return [wish.intent.to]

    # What becomes of imports

    def add_import(self, site: Site, module: str) -> None:
        """Put ``import module`` beside an import."""
        edit = self.edits.at(self.imports.span(site.statement).start)
        if module not in edit.add:
            edit.add.append(module)
        self.touch(site)

    def touch(self, site: Site) -> None:
        """Note that the rows of an import change, and of those beside it, which it may be joined with."""
        statements = [site.statement, *self.imports.neighbours(site)]
        for statement in statements:
            span = self.imports.span(statement)
            self.edits.touched_rows.update(range(span.start.row, span.end.row + 1))

    def drop_unused(self, home: Scope, name: str, sites: list[Site]) -> None:
        """Remove the imports of a name whose every use is renamed."""
        uses = self.imports.uses_of(home, name)
        if uses and all(use in self.renamed for use in uses):
            for site in sites:
                if not self.in_strings(name):
                    self.drop(site)

    def drop_private_modules(self) -> None:
        """Remove ``import torch._dynamo`` where every use of that module is renamed."""
        for site in self.imports.sites:
            module = site.alias.name
            if not isinstance(site.statement, ast.Import) or site.alias.asname is not None or not is_private(module):
                continue
            root = _private_root(module)
            renamed = any(f"{path}.".startswith(f"{root}.") for path in self.renamed.values())
            if not renamed or self.is_needed(root):
                continue
            if not self.is_bound_besides(site):
                edit = self.edits.imports.get(self.imports.span(site.statement).start)
                if edit is None or not edit.add:
                    self.add_import(site, "torch")
            self.drop(site)

    def is_bound_besides(self, site: Site) -> bool:
        """Whether something else surely binds the name of an import before its first use."""
        of = self.imports.of
        others = [each for each in of(site.scope, site.local) if each != site and self.stays(each)]
        first_use = min((use.lineno for use in self.imports.uses_of(site.scope, site.local)), default=0)
        if any(self.is_direct(each) and each.statement.lineno < first_use for each in others):
            return True
        outer = site.scope.parent.lookup(site.local) if site.scope.parent is not None and not others else None
        if outer is None or any(binding != site.local for binding in outer[1]):
            return False
        return any(self.is_direct(each) for each in of(outer[0], site.local))

    def stays(self, site: Site) -> bool:
        """Whether an import binds its name after the round as well."""
        edit = self.edits.imports.get(self.imports.span(site.statement).start)
        return edit is None or site.index not in edit.drop or bool(edit.add)

    def is_direct(self, site: Site) -> bool:
        """Whether an import is a statement of its scope's own body."""
        return self.model.parents.get(site.statement) is site.scope.node

    def is_needed(self, root: str) -> bool:
        """Whether something that stays may rely on a private module."""
        if self.in_strings(root.rpartition(".")[2]):
            return True
        for name in self.model.names.bound_names(("torch",)):
            for chain in self.model.walked.chains.get(name, ()):
                if chain not in self.renamed and any(
                    f"{path}.".startswith(f"{root}.") for path in self.model.names.of(chain)
                ):
                    return True
        return False

    def drop(self, site: Site) -> None:
        """Remove one imported name, unless others may need it or a comment would go with it."""
        if self.is_init and site.scope is self.model.walked.root:
            return
        edit = self.edits.at(self.imports.span(site.statement).start)
        whole = len(edit.drop) + len(edit.move) + 1 >= len(site.statement.names)
        replaced = bool(edit.add or edit.move)
        if self.has_comment_inside(site.statement) or (whole and not replaced and self.has_comment_at(site.statement)):
            return
        edit.drop.add(site.index)
        self.touch(site)

    def in_strings(self, name: str) -> bool:
        """Whether a string of the file mentions a name, as an annotation may."""
        return re.search(rf"\b{re.escape(name)}\b", self.imports.strings) is not None

    def has_comment_inside(self, statement: ast.stmt) -> bool:
        """Whether a comment stands between the parentheses of an import."""
        span = self.imports.span(statement)
        return any(span.start <= comment < span.end for comment in self.comments)

    def has_comment_at(self, statement: ast.stmt) -> bool:
        """Whether a comment stands in the rows of an import, or right above it."""
        span = self.imports.span(statement)
        return any(span.start.row - 1 <= comment.row <= span.end.row for comment in self.comments)


def _private_root(path: str) -> str:
    """A private path up to its first private part: ``torch._dynamo`` of ``torch._dynamo.config``."""
    names = path.split(".")
    count = next(count for count in range(1, len(names) + 1) if is_private(".".join(names[:count])))
    return ".".join(names[:count])
