"""One file in, its findings out. Nothing that stands in the file makes this raise."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from fullgraph.api import Context, Effect, Hit, Severity
from fullgraph.engine.finding import Finding, FixSummary, Position
from fullgraph.engine.plan import Part, Plan, Subscription, codes_at, codes_for, plan_for
from fullgraph.engine.references import private_references, references
from fullgraph.engine.registry import INTERNAL_CODES, registry
from fullgraph.engine.suppression import settle
from fullgraph.semantic.anyregion import AnyRegion
from fullgraph.semantic.link import link
from fullgraph.semantic.model import FileModel
from fullgraph.semantic.positions import span
from fullgraph.semantic.project import ProjectFile
from fullgraph.semantic.scopes import Scope
from fullgraph.semantic.source import SourceError, decode, parse, split_lines
from fullgraph.semantic.summary import FileSummary
from fullgraph.semantic.traced import FULLGRAPH, FileRegion, Traced, TracedBy
from fullgraph.torchfacts import TorchRange, TorchVersion

_SEVERITY_OF_DEGREE = {
    Traced.CERTAIN: Severity.ERROR,
    Traced.POSSIBLE: Severity.WARNING,
    Traced.NONE: Severity.NOTE,
}
_CAPTURED = frozenset({"capture_scalar_outputs", "capture_dynamic_output_shape_ops"})
"""Settings that ``fullgraph=True`` turns on, too, since a release: measured on 2.9 and 2.11, and read in 2.10."""
_CAPTURES_SINCE = TorchVersion(2, 10)
_GENERATORS_SINCE = TorchVersion(2, 9)
"""Since when a break within a context manager made by a generator costs the whole function: measured on 2.6 and 2.9."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What decides about findings besides the file itself: the torch releases aimed at, and the enabled codes."""

    releases: TorchRange
    codes: frozenset[str]

    @classmethod
    def with_defaults(cls, releases: TorchRange) -> Settings:
        """Settings with every rule that is on by default."""
        return cls(releases, frozenset(code for code, rule in registry().items() if rule.default))

    @classmethod
    def with_everything(cls, releases: TorchRange) -> Settings:
        """Settings with every rule, for callers that select afterwards, as flake8 does."""
        return cls(releases, frozenset(registry()))


@lru_cache(maxsize=64)
def settings_name(settings: Settings) -> str:
    """What settings are known by."""
    return f"{settings.releases!r} {sorted(settings.codes)}"


def check_source(
    data: bytes,
    filename: str,
    settings: Settings,
    linked: FileRegion | None = None,
    early: Findings | None = None,
    hot: Sequence[str] = (),
) -> list[Finding]:
    """Findings of a file's bytes, sorted by place, without those that a comment suppresses.

    ``linked`` is what the project says of the file; without it, the file is a project by itself, in which
    ``hot`` names functions. ``early`` is what is known from before the project was linked. A file that cannot be
    decoded or parsed has one finding, TFG000; a rule that fails has TFG001; a comment that suppresses nothing has
    TFG002 or TFG003.
    """
    try:
        text = decode(data)
        tree = parse(text)
    except SourceError as error:
        return [invalid_file(filename, error.reason, error.row, error.column)]
    lines = split_lines(text)
    if linked is None and hot:
        alone = ProjectFile.alone(filename, FileModel(tree, lines, filename).summary)
        (linked,) = link([alone], hot=hot)
    if early is not None and linked is not None:
        findings = look_again(tree, lines, filename, settings, early, linked)
    else:
        findings = check_tree(tree, lines, filename, settings, linked)
    return settle(findings, lines, filename, settings.codes, with_noqa=True)


def check_tree(
    tree: ast.Module,
    lines: Sequence[str],
    filename: str,
    settings: Settings,
    linked: FileRegion | None = None,
    part: Part = Part.ALL,
) -> list[Finding]:
    """Findings of a parsed file, sorted by place, whatever its comments say.

    ``lines`` are its physical lines, with or without line ends; the tree is not changed.
    """
    if not any("torch" in line for line in lines):
        return []
    try:
        checker = _Checker(tree, lines, filename, settings, linked, part)
        findings = checker.run()
        checker.model.release()
    except Exception as error:
        return [_internal_error(filename, Position(1, 1), "the analysis of the file", error)]
    return sorted(findings, key=Finding.sort_key)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A finding whose weight, or whose being there, depends on what is traced or how.

    Attributes:
        finding: as it is apart from that.
        concerns_tracing: whether the finding says what is traced.
        is_skipped: whether the compiler surely does not come to where the finding is.
        is_weighed: whether its severity is its own.
        functions: numbers of the functions around it.
        unless: conditions of which one makes it harmless.
    """

    finding: Finding
    concerns_tracing: bool
    is_skipped: bool
    is_weighed: bool
    functions: tuple[int, ...]
    unless: tuple[str, ...]

    def settled(self, region: FileRegion) -> Finding | None:
        """The finding in a linked project, if it is one there."""
        by = region.traced_in(self.functions)
        if self.unless and region.lifts(self.unless, self.functions):
            return None
        if not self.concerns_tracing:
            return self.finding
        by = TracedBy() if self.is_skipped else by
        severity = self.finding.severity if self.is_weighed else _SEVERITY_OF_DEGREE[by.degree]
        return replace(self.finding, severity=severity, traced=by, reach=describe(by, self.finding.filename))


@dataclass(frozen=True, slots=True)
class Findings:
    """What is found in a file whatever its project says, and what more depends on that.

    Attributes:
        found: what surely is a finding.
        deferred: what depends on what is traced.
        has_more: whether rules that only look at traced code have still to look at the file, if any of it is traced.
    """

    found: list[Finding]
    deferred: list[Deferred]
    has_more: bool = False

    @property
    def is_final(self) -> bool:
        """Whether nothing depends on the project."""
        return not self.deferred and not self.has_more

    def is_complete(self, region: FileRegion) -> bool:
        """Whether no rule has still to look at the file, now that it is known what is traced."""
        return not self.has_more or not region.traced

    def linked(self, region: FileRegion) -> list[Finding]:
        """The findings in a linked project, whatever the file's comments say."""
        more = [each for item in self.deferred if (each := item.settled(region)) is not None]
        return sorted(dict.fromkeys((*self.found, *more)), key=Finding.sort_key)

    def settled(self, region: FileRegion, data: bytes, filename: str, settings: Settings) -> list[Finding]:
        """The findings of a file with these bytes in a linked project, without those that a comment suppresses."""
        findings = self.linked(region)
        lower = data.lower()
        if b"noqa" not in lower and b"fullgraph:" not in lower:
            return findings
        return settle(findings, split_lines(decode(data)), filename, settings.codes, with_noqa=True)


@dataclass(frozen=True, slots=True)
class Examined:
    """What one look at a file gives: its summary, and its findings where these do not depend on other files.

    A file that cannot be decoded or parsed has no summary; one whose rules ask what is traced has no findings yet.
    """

    summary: FileSummary | None
    findings: Findings | None


def examine(data: bytes, filename: str, settings: Settings | None, *, with_comments: bool = True) -> Examined:
    """Summarise a file, and, if there are settings, check it in the same go as far as that can be done.

    ``with_comments`` says whether comments that suppress findings count already.
    """
    try:
        text = decode(data)
        tree = parse(text)
    except SourceError as error:
        invalid = invalid_file(filename, error.reason, error.row, error.column)
        return Examined(None, Findings([invalid], []))
    lines = split_lines(text)
    findings = None if settings is None else Findings([], [])
    try:
        if settings is None or not any("torch" in line for line in lines):
            model = FileModel(tree, lines, filename)
        else:
            checker = _Checker(tree, lines, filename, settings, "later", Part.FIRST)
            findings, model = _early(checker), checker.model
        summary = model.summary
        model.release()
    except Exception:  # the file is linted alone, and that says what is wrong
        return Examined(None, None)
    if with_comments and findings is not None and settings is not None and findings.is_final:
        findings = Findings(settle(findings.found, lines, filename, settings.codes, with_noqa=True), [])
    return Examined(summary, findings)


def look_again(
    tree: ast.Module, lines: Sequence[str], filename: str, settings: Settings, early: Findings, linked: FileRegion
) -> list[Finding]:
    """All findings of a file, whatever its comments say, of which some are known from before it was linked."""
    if early.is_complete(linked):
        return early.linked(linked)
    more = check_tree(tree, lines, filename, settings, linked, Part.SECOND)
    return sorted(dict.fromkeys((*early.linked(linked), *more)), key=Finding.sort_key)


def _early(checker: _Checker) -> Findings | None:
    """Findings of a file whose project is not linked yet; None if what a rule says depends on that."""
    try:
        found = sorted(checker.run(), key=Finding.sort_key)
    except Exception:  # an error is said by the check that follows
        return None
    return Findings(found, checker.deferred, checker.has_more)


def invalid_file(filename: str, reason: str, row: int = 1, column: int = 1) -> Finding:
    """TFG000: the file could not be read, decoded or parsed, for this reason, here."""
    place = Position(row, column)
    return Finding(filename, place, place, "TFG000", INTERNAL_CODES["TFG000"], reason, Severity.ERROR)


def _internal_error(filename: str, place: Position, what: str, error: BaseException) -> Finding:
    text = " ".join(str(error).split())[:200]
    message = (
        f"internal error of fullgraph in {what}: {type(error).__name__}: {text}; the rest was checked, please report it"
    )
    return Finding(filename, place, place, "TFG001", INTERNAL_CODES["TFG001"], message, Severity.ERROR)


class RegionUnknownError(Exception):
    """What a rule says of a file depends on its project, which is linked later."""


class _Degrees(dict[Scope, Traced]):
    """How surely each scope of a file is traced, apart from rows that the compiler does not come to."""

    def __init__(self, model: FileModel) -> None:
        super().__init__()
        self._model = model

    def __missing__(self, scope: Scope) -> Traced:
        degree = self[scope] = self._model.region.degree(scope)
        return degree


class _Checker:
    """One run of the enabled rules over one file."""

    def __init__(
        self,
        tree: ast.Module,
        lines: Sequence[str],
        filename: str,
        settings: Settings,
        linked: FileRegion | Literal["later"] | None,
        part: Part = Part.ALL,
    ) -> None:
        codes = codes_for(codes_at(settings.codes, settings.releases), lines)
        self.plan: Plan = plan_for(codes, part)
        self.has_more = part is Part.FIRST and not plan_for(codes, Part.SECOND).is_empty
        self.model = FileModel(tree, lines, filename, self.plan.nodes, linked)
        self.settings = settings
        self.later = linked == "later"
        self.deferred: list[Deferred] = []
        self.weighed: set[Finding] = set()
        """In a check before linking: findings with a weight of their own."""
        self.lifted: dict[Finding, tuple[str, ...]] = {}
        """Likewise: findings that some conditions make harmless."""
        self.has_causes = False
        self.context = Context(self.model, settings.releases)
        self.filename = filename
        self.builtins = self.plan.builtins
        self.degrees = _Degrees(self.model)
        self.failed: set[str] = set()
        self.causes: set[tuple[str, object]] = set()

    def run(self) -> list[Finding]:
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
            found.update(dict.fromkeys(hits))
        return list(found)

    def is_traced(self, node: ast.AST, scope: Scope, where: Traced) -> bool:
        """Whether a node in a scope is traced at least as surely as ``where``; before linking it may be."""
        if where is Traced.NONE or self.later:
            return True
        return self.degrees[scope] >= where and not self.model.region.is_skipped(getattr(node, "lineno", 0))

    def traced_among(self, bucket: list[tuple[ast.AST, Scope]], where: Traced) -> list[tuple[ast.AST, Scope]]:
        """Those of some nodes that are traced as surely."""
        if where is Traced.NONE or self.later:
            return bucket
        degrees = self.degrees
        reached = [item for item in bucket if degrees[item[1]] >= where]
        is_skipped = self.model.region.is_skipped
        return [item for item in reached if not is_skipped(getattr(item[0], "lineno", 0))]

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
        is_traced = self.is_traced
        for kind, subscriptions in self.plan.nodes.items():
            least = min(subscription.where for subscription in subscriptions)
            for node, scope in self.traced_among(self.model.walked.buckets[kind], least):
                for subscription in subscriptions:
                    if subscription.where is least or is_traced(node, scope, subscription.where):
                        yield subscription, node, scope
        for call, scope in self.calls_asked_for(candidates):
            for subscription in self.of_call(call):
                if is_traced(call, scope, subscription.where):
                    yield subscription, call, scope
        for subscriptions, expr, scope in self.referring(candidates):
            for subscription in subscriptions:
                if is_traced(expr, scope, subscription.where):
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
        is_traced = self.is_traced
        for call, scope in self.model.walked.calls:
            func: Any = call.func
            kind = func.__class__
            if kind is ast.Attribute:
                if func.attr in attributes and (func.attr in anywhere or is_traced(call, scope, Traced.POSSIBLE)):
                    yield call, scope
            elif kind is ast.Name and func.id in names:
                yield call, scope

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
                unless = self.unless(hit)
                if unless and not self.later and self.model.region.lifts(unless, scope):
                    continue
                if self.is_new(code, hit):
                    found.append(self.finding(subscription, hit, scope))
                    if unless and self.later:
                        self.lifted[found[-1]] = unless
        except Exception as error:
            if code not in self.failed:
                self.failed.add(code)
                found.append(_internal_error(self.filename, span(node, self.model.lines)[0], code, error))
        return found

    def is_switched_off(self, hit: Hit) -> bool:
        """Whether a hit stands behind a switch that nothing here turns on."""
        return self.model.is_switched_off(getattr(hit.node, "lineno", 0))

    def unless(self, hit: Hit) -> tuple[str, ...]:
        """The conditions that make a hit harmless on each of the releases aimed at."""
        implied = self.settings.releases.oldest >= _CAPTURES_SINCE and not _CAPTURED.isdisjoint(hit.unless)
        return (*hit.unless, FULLGRAPH) if implied else hit.unless

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
        if rule.concerns_tracing and not self.later:
            traced = self.model.region.traced_by(scope, start.row)
            reach = describe(traced, self.filename)
            severity = severity or _severity(traced.degree, costs_more=hit.fatal or block is not None)
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
        )
        if severity is not None and self.later:
            self.weighed.add(finding)
        return finding


def _severity(degree: Traced, *, costs_more: bool) -> Severity:
    severity = _SEVERITY_OF_DEGREE[degree]
    return Severity.ERROR if costs_more and severity is Severity.WARNING else severity


def describe(traced: TracedBy, filename: str) -> str:
    """How surely and by which chain code is traced, in a few words; places in other files are named with the file."""
    steps = " -> ".join(step.name for step in traced.chain)
    others = f", entered by {traced.callers} traced functions" if traced.callers > 1 else ""
    match traced.degree:
        case Traced.CERTAIN:
            site, *rest = traced.chain
            place = f"line {site.row}" if site.filename == filename else f"{site.filename}:{site.row}"
            return f"traced from {site.name} at {place} via {' -> '.join(step.name for step in rest)}{others}"
        case Traced.POSSIBLE if traced.chain[0].name.startswith(("torch.", "Module.")):
            site, *rest = traced.chain
            place = f"line {site.row}" if site.filename == filename else f"{site.filename}:{site.row}"
            return f"may be traced from {site.name} at {place} via {' -> '.join(step.name for step in rest)}{others}"
        case Traced.POSSIBLE:
            return f"traced once this module is compiled, via {steps}{others}"
        case Traced.NONE:
            return "costs only under torch.compile; none is in sight"
