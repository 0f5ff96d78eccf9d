"""Try the cases of rules on the installed torch: which agree with it, which do not, and which cannot be run.

usage: try_cases.py [CODE ...] [--verbose]         rules by their code, or its beginning; without any, TFG2 and TFG3

A case is run as its comments say (`# run: ...`), else with made-up arguments. Of each marked line that Dynamo came to
it is asked whether it misbehaved, and of each line that misbehaved whether a rule says so, or the case itself
(`# unreported`). Of recompilations torch often tells only the function; then its other lines are in doubt. Rules are
asked what they say of the installed torch; so on another than the cases are written for, alarms may be missed that they
do not mark. The exit status is 1 where there is a false alarm.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from fullgraph.engine.registry import registry
from fullgraph.verify.case_outcome import SEEN_AT_LINES, Outcome
from fullgraph.verify.case_worker import try_cases
from fullgraph.verify.cases import Case, cases_of


def told(case: Case, outcome: Outcome, *, verbose: bool) -> str:
    """A row of the table, and below it what is to be looked at."""
    lines = [f"{case.name:18} {outcome.verdict:15} {outcome.unable}".rstrip()]
    rows = case.source.splitlines()
    reasons: dict[int, list[str]] = {}
    for row, why in outcome.reasons:
        reasons.setdefault(row, []).append(why)
    kinds = [("reported, and nothing happens", outcome.refuted), ("not reported", outcome.unreported)]
    if verbose:
        kinds += [("raises while it is traced", outcome.raising)]
        kinds += [("fewer breaks than reports", outcome.doubtful), ("not reached", outcome.unreached)]
        kinds += [("confirmed", outcome.confirmed)]
    for kind, found in kinds:
        for row in found:
            lines.append(f"    {kind}: {row}: {rows[row - 1].strip()}")
            lines += [f"        {why}" for why in reasons.get(row, ())]
    lines += [f"    raised {error}" for error in outcome.errors if verbose or outcome.unable]
    return "\n".join(lines)


def main() -> int:
    """Try cases, and say what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("codes", nargs="*", default=["TFG2", "TFG3"], metavar="CODE")
    parser.add_argument("--verbose", action="store_true", help="also tell what is as it should be, and what was raised")
    arguments = parser.parse_args()
    named = [rule for code, rule in registry().items() if code.startswith(tuple(arguments.codes))]
    cases = [case for rule in named if rule.effect in SEEN_AT_LINES for case in cases_of(rule)]
    counts: Counter[str] = Counter()
    for case, outcome in try_cases(cases):
        print(told(case, outcome, verbose=arguments.verbose), flush=True)
        counts[outcome.verdict] += 1
    print(", ".join(f"{verdict}: {count}" for verdict, count in sorted(counts.items())))
    return int(counts["false alarm"] > 0)


if __name__ == "__main__":
    sys.exit(main())
