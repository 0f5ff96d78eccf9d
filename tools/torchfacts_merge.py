"""Put the surveys of several releases into one table, and write and read its shipped form.

The table gives every name one letter per release: E exists, A absent, U
unknown; for modules and classes also O, exists and may have more attributes
than are known. Its file, which ``fullgraph.torchfacts.names`` reads, has a head
in ASCII and, after an empty line, the shards, compressed with zlib::

    2.0 2.1 ... 2.15       the releases, oldest first
    nn 8123                a shard, all of torch.nn, and its size; the last is
     40123                 the one without a name: whatever has no shard
    patterns 2012          the patterns, with spaces between them; their
                           numbers are their places, from 0

A shard is blocks with empty lines between them, one per module or class::

    torch.nn<TAB>0                      a module and its pattern
    <TAB>Linear Module                  names of it with the pattern of the module
    7<TAB>RMSNorm                       names of it with pattern 7
    =torch.nn.Linear<TAB>0<TAB>torch.nn.Module    a class, its pattern, and a class it inherits from
    <TAB>extra_repr                     attributes other than those of that class

A class attribute that is not listed has the pattern it has in the inherited
class, but is absent (unknown) in releases in which the class is.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from torchfacts_reader import ABSENT, EXISTS, MAYBE
from torchfacts_survey import HIDDEN, Survey, is_private

OPEN = "O"
# Parts of torch that have a shard of their own; a lookup reads one shard.
SHARDS = frozenset({"_C", "_dynamo", "_inductor", "ao", "distributed", "fx", "nn", "utils"})
# Classes whose attributes many others inherit, most special first.
ROOTS = (
    "torch.distributions.TransformedDistribution", "torch.distributions.Distribution",
    "torch.distributions.transforms.Transform", "torch.optim.lr_scheduler.LRScheduler", "torch.optim.Optimizer",
    "torch.nn.Module", "torch.Tensor", "torch.utils.data.Dataset", "torch.autograd.Function",
)  # fmt: skip
# Third-party code that torch carries along, test programs, and what only torch's own tests import.
LEFT_OUT = ("torch._vendor", "torch.testing._internal", "torch._inductor.kernel.vendored_templates")

# Private modules that users are known to import from in spite of their depth.
NEAR = (
    "torch._inductor.runtime.", "torch.distributed._tensor.", "torch.distributed.fsdp._", "torch.distributed.tensor._",
    "torch.distributed.tensor.parallel.", "torch.fx.experimental._", "torch.nn.attention._", "torch.utils.data._utils.",
)  # fmt: skip

# Modules of which the table has only the name: the inside of compilers, operator tables and exporters.
INNER = re.compile(
    r"torch\.(?:_meta_registrations|_numpy|_refs|_prims|_native|_decomp\.decompositions|_strobelight|_lazy)(?:\..*)?"
    r"|torch\._inductor\.(?!config|compile_fx|utils|codecache|runtime|metrics|custom_graph_pass|pattern_matcher"
    r"|cudagraph_trees|virtualized|decomposition|fx_passes|inductor_prims|exc|list_mode|comms|output_code)\w+"
    r"|torch\._dynamo\.(?:variables|polyfills|bytecode_\w+|source|codegen|symbolic_convert|debug_utils|side_effects"
    r"|resume_execution|output_graph|trace_rules|skipfiles|allowed_functions|guards|replay_record|graph_\w+|repro)(?:\..*)?"
    r"|torch\.distributed\.tensor\._ops(?:\..*)?|torch\.distributed\._tensor\.ops(?:\..*)?|torch\.profiler\._\w+\.\w+"
    r"|torch\.onnx\.(?:symbolic_opset\d+|_internal\..*)|torch\.ao\.(?:ns|quantization\.(?:pt2e|fx|backend_config))\..*"
    r"|torch\.fx\.(?:experimental\.(?:migrate_gradual_types|unification)|passes\.backends)\..*"
    r"|torch\.(?:distributed|utils)\..*\b(?:examples|benchmarks?)\b.*|torch\.jit\._shape_functions|torch\.testing\._\w+"
)
# In private modules of these, the names that are private themselves are left out too.
PRIVATE_WITHIN = re.compile(
    r"torch\.(?:_inductor|_dynamo|_functorch|_higher_order_ops|_export|_native|_numpy|_refs|_subclasses)\.\w+"
    r"|torch\.(?:distributed|fx|onnx|ao)\b.*\._.*"
)


@dataclass(slots=True)
class Table:
    """Letters per release for every module, name and class attribute."""

    releases: list[str]
    modules: dict[str, str] = field(default_factory=dict)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    """Module to name to pattern."""
    classes: dict[str, str] = field(default_factory=dict)
    """Public path of a class to its pattern."""
    members: dict[str, dict[str, str]] = field(default_factory=dict)
    """Public path of a class to attribute to pattern, inherited ones included."""
    roots: dict[str, str] = field(default_factory=dict)
    """Public path of a class to the one of ``ROOTS`` it inherits from in all releases."""


def is_left_out(path: str) -> bool:
    """Whether the table has nothing on this module."""
    return any(path == root or path.startswith(root + ".") for root in LEFT_OUT) or "__main__" in path


def is_inner(module: str, packages: set[str]) -> bool:
    """Whether the table has a module of this name but none of its names.

    This is the code deep inside private packages that is no package itself.
    """
    if INNER.fullmatch(module):
        return True
    return is_private(module) and module.count(".") >= 3 and module not in packages and not module.startswith(NEAR)


def is_dunder(name: str) -> bool:
    """Whether the table leaves this name out because Python gives it a meaning, or mangles it."""
    return name.startswith("__") and name != "__version__"


def merge(surveys: list[Survey], earlier: list[Survey] | None = None) -> Table:
    """Return the table of all names of ``surveys``, which are in the order of the releases.

    The names of releases ``earlier`` are in the table too, but not these releases.
    """
    table = Table([survey.version for survey in surveys])
    weak = set().union(*(survey.weak for survey in surveys))
    names: dict[str, set[str]] = {}
    every = [*(earlier or []), *surveys]
    packages = {module.rpartition(".")[0] for survey in every for module in survey.modules}
    for survey in every:
        for module, found in survey.modules.items():
            if not is_left_out(module):
                own = names.setdefault(module, set())
                if not is_inner(module, packages):
                    shown = {name for name in found if f"{module}.{name}" not in survey.incidental}
                    hidden = "_" if PRIVATE_WITHIN.fullmatch(module) and module not in survey.configs else "__"
                    own.update(name for name in shown if not name.startswith(hidden) or name == "__version__")
    for module in sorted(names):
        table.modules[module] = "".join(module_letter(survey, module) for survey in surveys)
        table.names[module] = {
            name: "".join(survey.name_state(module, name, weak) for survey in surveys) for name in sorted(names[module])
        }
    _merge_classes(table, surveys)
    return table


def is_shown(path: str, member: str) -> bool:
    """Whether the table lists this attribute of a class, if it is not one that a class in ``ROOTS`` has."""
    return not member.startswith("_") or (path in ROOTS and not is_dunder(member))


def shown_members(survey: Survey, path: str) -> dict[str, str]:
    """Return the attributes of the class at ``path`` in one release that the table lists."""
    facts = survey.classes.get(survey.class_paths.get(path, ""))
    return {member: state for member, state in facts.members.items() if is_shown(path, member)} if facts else {}


def module_letter(survey: Survey, module: str) -> str:
    """Return the letter of a module in one release."""
    return OPEN if module in survey.open and module in survey.modules else survey.module_state(module)


def class_letter(survey: Survey, owner: str, path: str) -> str:
    """Return the letter of a class in one release; ``owner`` is that of its name."""
    facts = survey.classes.get(survey.class_paths.get(path, ""))
    return OPEN if owner == EXISTS and (facts is None or facts.open) else owner


def _merge_classes(table: Table, surveys: list[Survey]) -> None:
    paths = set().union(*(display_paths(survey) for survey in surveys))
    attributes: dict[str, set[str]] = {}
    for path in sorted(paths):
        module, _, name = path.rpartition(".")
        if name in table.names.get(module, {}):
            owner = table.names[module][name]
            table.classes[path] = "".join(class_letter(*pair, path) for pair in zip(surveys, owner, strict=True))
            known = [survey.classes[survey.class_paths[path]] for survey in surveys if path in survey.class_paths]
            found = {member for facts in known for member in facts.members}
            attributes[path] = {member for member in found if is_shown(path, member)}
            roots = {_root(survey, path) for survey in surveys if path in survey.class_paths}
            if len(roots) == 1 and (root := roots.pop()) is not None:
                table.roots[path] = root
    for path in _roots_first(attributes):
        attributes[path] |= attributes.get(table.roots.get(path, ""), set())
    for path, owner in table.classes.items():
        states = list(zip(surveys, owner, strict=True))
        table.members[path] = {
            member: "".join(survey.member_state(path, member, state.replace(OPEN, EXISTS)) for survey, state in states)
            for member in sorted(attributes[path])
        }


def _root(survey: Survey, path: str) -> str | None:
    ancestors = survey.classes[survey.class_paths[path]].ancestors[1:]
    for root in ROOTS:
        if root != path and survey.class_paths.get(root) in ancestors:
            return root
    return None


def display_paths(survey: Survey) -> set[str]:
    """Return the shortest public path of each class that users are likely to name."""
    best: dict[str, str] = {}
    for path, canonical in survey.class_paths.items():
        likely = path in survey.listed or path.count(".") < 3
        if likely and path.rpartition(".")[2] not in HIDDEN and not is_left_out(path) and not is_private(path):
            known = best.get(canonical)
            if known is None or (path.count("."), path) < (known.count("."), known):
                best[canonical] = path
    return set(best.values())


def inherited(owner: str, root: str | None) -> str:
    """Return the pattern of an attribute of a class whose root has pattern ``root`` for it."""
    pairs = zip(owner, root or ABSENT * len(owner), strict=True)
    return "".join(above if own in (EXISTS, OPEN) else own for own, above in pairs)


def encode(table: Table) -> bytes:
    """Return the table in the form of its file."""
    patterns = _Patterns()
    blocks: dict[str, list[str]] = {}
    for path, pattern in table.modules.items():
        lines = [f"{path}\t{patterns[pattern]}", *_groups(table.names[path], pattern, patterns)]
        blocks.setdefault(_shard(path), []).append("\n".join(lines))
    for path, pattern in table.classes.items():
        root = table.roots.get(path, "")
        above = table.members.get(root, {})
        own = {
            member: states
            for member, states in table.members[path].items()
            if member not in above or states != inherited(pattern, above[member])
        }
        lines = [f"={path}\t{patterns[pattern]}" + (f"\t{root}" if root else ""), *_groups(own, pattern, patterns)]
        blocks.setdefault(_shard(path), []).append("\n".join(lines))
    shards = {name: zlib.compress("\n\n".join(blocks[name]).encode("ascii"), 9) for name in sorted(blocks)[1:]}
    shards[""] = zlib.compress("\n\n".join(blocks[""]).encode("ascii"), 9)
    shards["patterns"] = zlib.compress(" ".join(patterns.known).encode("ascii"), 9)
    head = [" ".join(table.releases), *(f"{key} {len(data)}" for key, data in shards.items())]
    return "\n".join(head).encode("ascii") + b"\n\n" + b"".join(shards.values())


def _shard(path: str) -> str:
    segments = path.split(".", 2)
    return segments[1] if len(segments) > 1 and segments[1] in SHARDS else ""


class _Patterns:
    """Numbers for presence patterns, in the order of their first use."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def __getitem__(self, pattern: str) -> int:
        return self.known.setdefault(pattern, len(self.known))


def _groups(names: Mapping[str, str], default: str, patterns: _Patterns) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
    for name, pattern in names.items():
        groups.setdefault(pattern, []).append(name)
    default = default.replace(OPEN, EXISTS)
    for pattern, members in groups.items():
        yield f"{'' if pattern == default else patterns[pattern]}\t{' '.join(members)}"


def column(table: Table, release: str) -> dict[str, str]:
    """Return the letter of every path of the table for one release."""
    place = table.releases.index(release)
    found = {module: pattern[place] for module, pattern in table.modules.items()}
    for home, names in (*table.names.items(), *table.members.items()):
        found.update({f"{home}.{name}": pattern[place] for name, pattern in names.items()})
    return found


def decode(data: bytes) -> Table:
    """Return the table that ``encode`` wrote."""
    head, _, blob = data.partition(b"\n\n")
    releases, *sizes = head.decode("ascii").split("\n")
    table = Table(releases.split())
    texts: list[str] = []
    for size in (int(line.rpartition(" ")[2]) for line in sizes):
        texts.append(zlib.decompress(blob[:size]).decode("ascii"))
        blob = blob[size:]
    patterns = texts.pop().split()
    for block in "\n\n".join(texts).split("\n\n"):
        _read_block(table, block, patterns)
    table.modules, table.names = dict(sorted(table.modules.items())), dict(sorted(table.names.items()))
    table.classes = dict(sorted(table.classes.items()))
    _inherit(table)
    return table


def _read_block(table: Table, block: str, patterns: list[str]) -> None:
    head, *lines = block.split("\n")
    path, number, *root = head.split("\t")
    pattern = patterns[int(number)]
    found: dict[str, str] = {}
    for line in lines:
        group, _, names = line.partition("\t")
        found.update(dict.fromkeys(names.split(), patterns[int(group)] if group else pattern.replace(OPEN, EXISTS)))
    if path.startswith("="):
        table.classes[path[1:]], table.members[path[1:]] = pattern, found
        table.roots.update({path[1:]: name for name in root})
    else:
        table.modules[path], table.names[path] = pattern, dict(sorted(found.items()))


def _inherit(table: Table) -> None:
    own = table.members
    table.members = {}
    for path in _roots_first(own):
        above = table.members.get(table.roots.get(path, ""), {})
        full = {member: inherited(table.classes[path], pattern) for member, pattern in above.items()}
        table.members[path] = dict(sorted({**full, **own[path]}.items()))
    table.members = dict(sorted(table.members.items()))


def _roots_first(paths: Iterable[str]) -> list[str]:
    order = {root: place for place, root in enumerate(reversed(ROOTS))}
    return sorted(paths, key=lambda path: (order.get(path, len(order)), path))


def extend(table: Table, survey: Survey, before: Survey | None = None) -> Table:
    """Return the table with one release added or replaced.

    What a name that is new to the table was in the other releases follows from
    the table having all names of a module: it was absent, unless the module may
    have had more names, or another module had the name (which may have been
    imported before it was defined in its present place). ``before`` is a release
    that is in the table; what is in doubt there is in doubt in all others.
    """
    return _Extension(table, survey, before).extended()


class _Extension:
    """Adds a release to a table."""

    def __init__(self, table: Table, survey: Survey, before: Survey | None) -> None:
        self.table = table
        self.survey = survey
        self.before = before
        self.alone = merge([survey])
        version = survey.version
        self.releases = table.releases if version in table.releases else [*table.releases, version]
        self.place = self.releases.index(version)
        self.known = {name for names in table.names.values() for name in names}
        self.result = Table(self.releases)

    def extended(self) -> Table:
        for module in sorted(self.table.modules | self.alone.modules):
            letter = module_letter(self.survey, module)
            earlier = self.table.modules.get(module) or self._earlier_module(module)
            self.result.modules[module] = self._insert(earlier, letter)
            names = self.table.names.get(module, {}).keys() | self.alone.names.get(module, {}).keys()
            self.result.names[module] = {name: self._name(module, name, earlier) for name in sorted(names)}
        for path in sorted(self.table.classes | self.alone.classes):
            self._class(path)
        return self.result

    def _insert(self, pattern: str, letter: str) -> str:
        return pattern[: self.place] + letter + pattern[self.place + 1 :]

    def _doubted(self, pattern: str, letter: str | None) -> str:
        """Return a pattern that was inferred, with what release ``before`` says itself."""
        if letter is None or self.before is None:
            return pattern
        if letter == MAYBE:
            return pattern.replace(ABSENT, MAYBE)
        place = self.table.releases.index(self.before.version)
        return pattern[:place] + letter + pattern[place + 1 :]

    def _earlier_module(self, module: str) -> str:
        """Return what the table implies for a module that it does not have."""
        home, _, last = module.rpartition(".")
        owner = self.table.modules.get(home, ABSENT * len(self.table.releases))
        inferred = owner.replace(EXISTS, ABSENT).replace(OPEN, MAYBE)
        listed = self.table.names.get(home, {}).get(last, inferred)
        return self._doubted(listed, self.before.module_state(module) if self.before else None)

    def _name(self, module: str, name: str, owner: str) -> str:
        letter = self.survey.name_state(module, name, self.survey.weak)
        pattern = self.table.names.get(module, {}).get(name)
        if pattern is None:
            doubtful = name in self.known or (module == "torch" and name in self.survey.weak)
            new = "".join(ABSENT if s == ABSENT or (s == EXISTS and not doubtful) else MAYBE for s in owner)
            known = self.before.name_state(module, name, self.survey.weak) if self.before else None
            pattern = self._doubted(new, known)
            pattern = "".join(s if own != ABSENT else ABSENT for s, own in zip(pattern, owner, strict=True))
        elif module == "torch" and letter == ABSENT and MAYBE in pattern:
            letter = MAYBE  # the stub of another release has it
        return self._insert(pattern, letter)

    def _class(self, path: str) -> None:
        table, result, survey = self.table, self.result, self.survey
        module, _, name = path.rpartition(".")
        owner = result.names[module][name][self.place]
        # what is known of a class that was not in the table is only what it is now
        unknown = result.names[module][name][: len(table.releases)].replace(EXISTS, OPEN)
        before = table.classes.get(path, unknown)
        result.classes[path] = self._insert(before, class_letter(survey, owner, path))
        root = self.alone.roots.get(path)
        if path in table.classes:
            root = _root(survey, path) if path in survey.class_paths else table.roots.get(path)
            root = root if root == table.roots.get(path) else None
        if root is not None:
            result.roots[path] = root
        above = result.members.get(result.roots.get(path, ""), {})
        members = table.members.get(path, {})
        shown = shown_members(survey, path).keys()
        found = {member: self._member(path, member, owner, before) for member in members.keys() | shown | above.keys()}
        result.members[path] = dict(sorted(found.items()))

    def _member(self, path: str, member: str, owner: str, before: str) -> str:
        letter = self.survey.member_state(path, member, owner)
        pattern = self.table.members.get(path, {}).get(member)
        if pattern is None:
            new = "".join(ABSENT if state in (ABSENT, EXISTS) else MAYBE for state in before)
            known = None
            if self.before is not None and path in self.table.classes and path in self.before.class_paths:
                known = self.before.member_state(path, member, EXISTS)
            pattern = self._doubted(new, known)
            pattern = "".join(s if own != ABSENT else ABSENT for s, own in zip(pattern, before, strict=True))
        return self._insert(pattern, letter)


def compare(table: Table, survey: Survey) -> list[str]:
    """Return where the table and one release differ, a line each."""
    differences: list[str] = []
    place = table.releases.index(survey.version)
    alone = merge([survey])

    def expect(path: str, letter: str, pattern: str | None) -> None:
        shown = pattern[place] if pattern is not None else "nothing"
        # that a name of another release is unknown here may follow from that release
        if shown != letter and not (shown == MAYBE and letter == ABSENT):
            differences.append(f"{path}: the table says {shown}, torch {survey.version} says {letter}")

    for module, pattern in table.modules.items():
        expect(module, module_letter(survey, module), pattern)
        for name, states in table.names[module].items():
            expect(f"{module}.{name}", survey.name_state(module, name, survey.weak), states)
    for path, members in table.members.items():
        module, _, name = path.rpartition(".")
        owner = table.names[module][name][place]
        expect(path, class_letter(survey, owner, path), table.classes[path])
        for member, states in members.items():
            expect(f"{path}.{member}", survey.member_state(path, member, owner), states)
    packages = {module.rpartition(".")[0] for module in table.modules}
    for home, names in (*alone.names.items(), *alone.members.items()):
        listed = table.names.get(home, table.members.get(home, {}))
        for name in names.keys() - listed.keys():
            hidden = is_inner(home, packages) if home in table.names else not is_shown(home, name)
            if not hidden:
                expect(f"{home}.{name}", names[name][0], None)
    return differences
