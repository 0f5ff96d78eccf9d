"""One run of rules over one file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from fullgraph.api import Context, Effect, Hit, Severity
from fullgraph.engine.awaited import Awaited
from fullgraph.engine.deferred import Deferred
from fullgraph.engine.faults import internal_error
from fullgraph.engine.finding import Finding, FixSummary
from fullgraph.engine.plan import Part, Plan, Subscription, codes_at, codes_for, codes_in, plan_for, with_needed
from fullgraph.engine.reach import describe, severity_of
from fullgraph.engine.references import private_references, references
from fullgraph.engine.settings import Settings
from fullgraph.semantic.anyregion import AnyRegion
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.positions import span
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.traced import FULLGRAPH, FileRegion, Traced, TracedBy
from fullgraph.torchfacts import TorchVersion

_CAPTURED = frozenset({"capture_scalar_outputs", "capture_dynamic_output_shape_ops"})
"""Settings that ``fullgraph=True`` turns on, too, since a release: measured on 2.9 and 2.11, and read in 2.10."""
_CAPTURES_SINCE = TorchVersion(2, 10)
_GENERATORS_SINCE = TorchVersion(2, 9)
"""Since when a break within a context manager made by a generator costs the whole function: measured on 2.6 and 2.9."""


class RegionUnknownError(Exception):
    """What a rule says of a file depends on its project, which is linked later."""


def _enabled(settings: Settings) -> frozenset[str]:
    """The rules that may have something to say on the releases aimed at, with those that others need."""
    return codes_at(with_needed(settings.codes), settings.releases)


def _codes(settings: Settings, part: Part, text: str, linked: FileRegion | None = None) -> frozenset[str]:
    """Those that may have something to say of a file with this text, and with what it uses of other files."""
    mentioned = () if linked is None else linked.foreign.mentions
    return codes_for(codes_in(_enabled(settings), part), "\n".join((text, *mentioned)) if mentioned else text)


class _Degrees(dict[Scope, Traced]):
    """How surely each scope of a file is traced, apart from rows that the compiler does not come to."""

    def __init__(self, model: FileModel) -> None:
        super().__init__()
        self._model = model

    def __missing__(self, scope: Scope) -> Traced:
        degree = self[scope] = self._model.region.degree(scope)
        return degree


class _Interested(dict[Scope, list[Subscription]]):
    """Those of some subscriptions that want to look at code in a scope, apart from such rows."""

    def __init__(self, checker: Checker, subscriptions: Sequence[Subscription]) -> None:
        super().__init__()
        self._checker = checker
        self._subscriptions = subscriptions

    def __missing__(self, scope: Scope) -> list[Subscription]:
        looks_at = self._checker.looks_at
        found = self[scope] = [each for each in self._subscriptions if looks_at(each, scope)]
        return found


class Checker:
    """One run of the enabled rules over one file."""

    def __init__(
        self,
        model: FileModel,
        settings: Settings,
        codes: frozenset[str],
        part: Part,
    ) -> None:
        self.model = model
        self.settings = settings
        self.plan: Plan = plan_for(codes, part)
        self.later = part is Part.FIRST
        self.deferred: list[Deferred] = []
        self.awaited: list[Awaited] = []
        self.weighed: set[Finding] = set()
        """In a check before linking: findings with a weight of their own."""
        self.lifted: dict[Finding, tuple[str, ...]] = {}
        """Likewise: findings that some conditions make harmless."""
        self.has_causes = False
        self.context = Context(model, settings.releases)
        self.filename = model.filename
        self.builtins = self.plan.builtins
        self.degrees = _Degrees(model)
        self.failed: set[str] = set()
        self.causes: set[tuple[str, object]] = set()

    @classmethod
    def of(
        cls,
        tree: ast.Module,
        lines: Sequence[str],
        filename: str,
        settings: Settings,
        linked: FileRegion | None,
        part: Part = Part.ALL,
    ) -> Checker:
        """Get ready to look at a parsed file of a linked project, or at one that is a project by itself."""
        text = "\n".join(lines)
        codes = _codes(settings, part, text, linked)
        nodes = plan_for(codes, part).nodes
        return cls(FileModel(tree, lines, filename, nodes, linked, text), settings, codes, part)

    @classmethod
    def before_linking(
        cls, tree: ast.Module, lines: Sequence[str], filename: str, settings: Settings, *, twice: bool
    ) -> Checker:
        """Get ready for the first look at a file; ``twice`` says whether `after_linking` may follow."""
        text = "\n".join(lines)
        codes = _codes(settings, Part.FIRST, text)
        nodes = plan_for(codes, Part.FIRST).nodes
        if twice:
            nodes = {**nodes, **plan_for(_enabled(settings), Part.SECOND).nodes}
        return cls(FileModel(tree, lines, filename, nodes, "later", text), settings, codes, Part.FIRST)

    def after_linking(self, linked: FileRegion) -> Checker:
        """The second look at the same file, of which the first one was taken."""
        codes = _codes(self.settings, Part.SECOND, self.model.text, linked)
        self.model.link(linked)
        return Checker(self.model, self.settings, codes, Part.SECOND)

    @property
    def hidden(self) -> frozenset[str]:
        """The rules that run only because another needs their findings."""
        return _enabled(self.settings) - self.settings.codes

    @property
    def has_more(self) -> bool:
        """Whether, after a look before linking, there is something to look for in traced code."""
        return self.later and not plan_for(_enabled(self.settings), Part.SECOND).is_empty

    def run(self) -> list[Finding]:
        """What is found, in the order in which it is looked for."""
        candidates = self.model.names.bound_names(self.plan.packages | {"torch"})
        if not candidates:
            return []
        found: dict[Finding, None] = {}
        enter, later = self.context.enter, self.later
        for subscription, node, scope in self.triggered(candidates):
            enter(scope)
            if not later:
                hits = self.hits(subscription, node, scope)
            elif not self.is_silent(subscription, node):
                hits = self.hits_now(subscription, node, scope)
            else:
                continue
            if hits:
                found.update(dict.fromkeys(hits))
        return list(found)

    def looks_at(self, subscription: Subscription, scope: Scope) -> bool:
        """Whether a rule wants to look at code in a scope: it is traced as surely, and nothing makes it harmless."""
        if self.later:
            return True
        if subscription.where > Traced.NONE and self.degrees[scope] < subscription.where:
            return False
        unless = subscription.rule.rule.unless
        return not (unless and self.model.region.lifts(unless, scope))

    def may_be_traced(self, scope: Scope) -> bool:
        """Whether code in a scope may be traced, for all that is known."""
        return self.later or self.degrees[scope] > Traced.NONE

    def is_skipped(self, subscription: Subscription, node: ast.AST) -> bool:
        """Whether a rule about traced code has nothing to look for, since compiled code does not come to a node."""
        return subscription.where > Traced.NONE and self.model.region.is_skipped(getattr(node, "lineno", 0))

    def is_silent(self, subscription: Subscription, node: ast.AST) -> bool:
        """Whether a handler says nothing of a node and did not ask what is traced, as is so nearly always."""
        try:
            for _ in subscription.handler(node, self.context):
                return False
        except Exception:  # said by the next attempt
            return False
        region = self.model.region
        return isinstance(region, AnyRegion) and not region.was_asked

    def hits_now(self, subscription: Subscription, node: ast.AST, scope: Scope) -> list[Finding]:
        """What a handler says of a node, whatever is traced; what only its weight depends on is put off.

        Raises:
            RegionUnknownError: the handler itself depends on it.
        """
        region = self.model.region
        assert isinstance(region, AnyRegion)
        region.restart()
        self.has_causes = False
        found = self.hits(subscription, node, scope)
        if not region.was_asked:
            if not found or not (subscription.rule.concerns_tracing or self.lifted):
                return found
            if any(each.code == "TFG001" for each in found):
                raise RegionUnknownError
            self.deferred += [self.put_off(each, subscription, scope, region) for each in found]
            return []
        while True:
            if found:
                raise RegionUnknownError
            if not region.next_world():
                region.restart()
                return []
            found = self.hits(subscription, node, scope)

    def put_off(self, finding: Finding, subscription: Subscription, scope: Scope, region: AnyRegion) -> Deferred:
        """A finding whose weight will be known once the project is linked."""
        return Deferred(
            finding,
            subscription.rule.concerns_tracing,
            region.is_skipped(finding.start.row),
            finding in self.weighed,
            tuple(region.functions_around(scope)),
            self.lifted.get(finding, ()),
        )

    def triggered(self, candidates: frozenset[str]) -> Iterator[tuple[Subscription, ast.AST, Scope]]:
        """Every subscription with a node that it asked for, as surely traced as it wants."""
        is_skipped, looks_at = self.is_skipped, self.looks_at
        skips = not self.later and self.model.barriers.any_skipped
        for kind, subscriptions in self.plan.nodes.items():
            interested = _Interested(self, subscriptions)
            for node, scope in self.model.walked.buckets[kind]:
                for subscription in interested[scope]:
                    if not (skips and is_skipped(subscription, node)):
                        yield subscription, node, scope
        for call, scope in self.calls_asked_for(candidates):
            for subscription in self.of_call(call):
                if looks_at(subscription, scope) and not (skips and is_skipped(subscription, call)):
                    yield subscription, call, scope
        for about, told in self.plan.told.items() if not self.later else ():
            for node, scope in self.model.told_of(about):
                yield from ((subscription, node, scope) for subscription in told)
        for subscriptions, expr, scope in self.referring(candidates):
            for subscription in subscriptions:
                if looks_at(subscription, scope) and not (skips and is_skipped(subscription, expr)):
                    yield subscription, expr, scope

    def referring(self, candidates: frozenset[str]) -> Iterator[tuple[list[Subscription], ast.expr, Scope]]:
        """Expressions that stand for something of a package, with the subscriptions to that."""
        for package, subscriptions in self.plan.private.items():
            for expr, scope in private_references(self.model, package, candidates):
                yield subscriptions, expr, scope
        for (package, changing), subscriptions in self.plan.references.items():
            for expr, scope in references(self.model, package, candidates, changing=changing):
                yield subscriptions, expr, scope

    def calls_asked_for(self, candidates: frozenset[str]) -> Iterator[tuple[ast.Call, Scope]]:
        """Calls that some subscription may be for, by the last name of what is called."""
        attributes, anywhere = self.plan.asked, self.plan.asked_anywhere
        names = candidates | self.plan.builtins
        for call, scope in self.model.walked.calls_of(attributes | names):
            match call.func:
                case ast.Attribute(attr=attr) if attr in attributes:
                    if attr in anywhere or self.may_be_traced(scope):
                        yield call, scope
                case ast.Name(id=name) if name in names:
                    yield call, scope
                case _:
                    continue

    def of_call(self, call: ast.Call) -> Iterator[Subscription]:
        """Subscriptions to a call, by what is called and by the method's name."""
        func = call.func
        if not isinstance(func, ast.Attribute) or func.attr in self.plan.callees:
            for path in self.model.names.of(func):
                yield from self.plan.calls.get(path, ())
        if isinstance(func, ast.Attribute):
            for subscription in self.plan.methods.get(func.attr, ()):
                if subscription.of is None or self.model.kinds.of(func.value) is subscription.of:
                    yield subscription

    def hits(self, subscription: Subscription, node: ast.AST, scope: Scope) -> list[Finding]:
        """Run one handler on one node; a handler that raises becomes one TFG001 for this file."""
        code = subscription.rule.code
        found: list[Finding] = []
        try:
            for hit in subscription.handler(node, self.context):
                if subscription.rule.effect is Effect.GRAPH_BREAK and self.is_switched_off(hit):
                    continue
                if subscription.rule.concerns_tracing and self.never_runs(hit):
                    continue
                unless = self.unless(subscription, hit)
                if unless and not self.later and self.model.region.lifts(unless, scope):
                    continue
                if self.is_new(code, hit):
                    finding = self.finding(subscription, hit, scope)
                    if hit.breaks_in:
                        self.await_breaks(finding, hit)
                        continue
                    found.append(finding)
                    if unless and self.later:
                        self.lifted[found[-1]] = unless
        except RegionUnknownError:
            raise
        except Exception as error:
            if code not in self.failed:
                self.failed.add(code)
                found.append(internal_error(self.filename, span(node, self.model.lines)[0], code, error))
        return found

    def await_breaks(self, finding: Finding, hit: Hit) -> None:
        """Put off a finding until it is known what breaks the graph.

        Raises:
            RegionUnknownError: it depends on what is traced, and that is not known yet.
        """
        region = self.model.region
        if isinstance(region, AnyRegion) and region.was_asked:
            raise RegionUnknownError
        self.awaited.append(Awaited(finding, tuple(span(each, self.model.lines) for each in hit.breaks_in)))

    def is_switched_off(self, hit: Hit) -> bool:
        """Whether a hit stands behind a switch that nothing here turns on."""
        return self.model.is_switched_off(getattr(hit.node, "lineno", 0))

    def never_runs(self, hit: Hit) -> bool:
        """Whether a hit stands behind a condition that no release fulfils, or is not evaluated in compiled code."""
        if self.model.barriers.is_skipped_part(hit.node):
            return True
        return self.model.never_runs(getattr(hit.node, "lineno", 0), self.settings.releases)

    def unless(self, subscription: Subscription, hit: Hit) -> tuple[str, ...]:
        """The conditions that make a hit harmless on each of the releases aimed at."""
        unless = (*subscription.rule.rule.unless, *hit.unless)
        implied = self.settings.releases.oldest >= _CAPTURES_SINCE and not _CAPTURED.isdisjoint(unless)
        return (*unless, FULLGRAPH) if implied else unless

    def is_new(self, code: str, hit: Hit) -> bool:
        """Whether no earlier hit of the same rule named the same cause."""
        if hit.cause is None:
            return True
        self.has_causes = True
        key = (code, hit.cause)
        is_new = key not in self.causes
        self.causes.add(key)
        return is_new

    def finding(self, subscription: Subscription, hit: Hit, scope: Scope) -> Finding:
        """A hit with its place, its message and how surely it is traced."""
        rule = subscription.rule
        start, end = span(hit.node, self.model.lines)
        message, remedy = (template.format_map(hit.arguments) for template in (rule.message, rule.rule.remedy))
        reach = ""
        traced = TracedBy()
        severity = hit.severity or rule.severity
        block: str | None = None
        if rule.effect is Effect.GRAPH_BREAK:
            generators = self.settings.releases.oldest >= _GENERATORS_SINCE
            if self.model.only_fails(start.row, scope) or self.model.handles_a_run(hit.node):
                severity = Severity.NOTE
            elif not hit.fatal and (block := self.model.block_around(hit.node, generators=generators)) is not None:
                message += f"; in {block}, so the whole function runs eagerly"
        is_refused = rule.effect is Effect.GRAPH_BREAK and FULLGRAPH not in self.unless(subscription, hit)
        if rule.concerns_tracing and not self.later:
            traced = self.model.region.traced_by(scope, start.row)
            severity = severity or severity_of(traced.degree, costs_more=hit.fatal or block is not None)
            raises = is_refused and severity is not Severity.NOTE and self.model.region.lifts((FULLGRAPH,), scope)
            reach = describe(traced, self.filename, raises=raises)
        finding = Finding(
            self.filename,
            start,
            end,
            rule.code,
            rule.name,
            message,
            severity=severity or Severity.WARNING,
            remedy=remedy,
            reach=reach,
            traced=traced,
            url=rule.url,
            fix=None if hit.fix is None else FixSummary(hit.fix.applicability.value, hit.fix.title, hit.fix.intents),
            is_refused=is_refused,
            hops=hit.hops,
        )
        if severity is not None and self.later:
            self.weighed.add(finding)
        return finding
