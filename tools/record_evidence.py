"""Record in docs/evidence.json what the blocks of every rule's page do on the installed torch.

usage: record_evidence.py [--check]

Needs torch, and fullgraph importable (PYTHONPATH=src is enough). The entry of the installed release is written anew,
those of other releases are kept; blocks that have changed since those were recorded are named. With --check nothing is
written; the exit status is 1 if the entry is stale.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from pathlib import Path
from typing import Any

from fullgraph.engine.registry import RegisteredRule, registry
from fullgraph.verify.evidence import block_ids, evidence

FILE = Path(__file__).parent.parent / "docs" / "evidence.json"


def installed_release() -> str:
    """Release of the installed torch, without what its build adds: `2.13.0`."""
    import torch  # noqa: PLC0415 - only here is it needed to import this tool

    return str(torch.__version__).partition("+")[0]


def rule_evidence(rule: RegisteredRule) -> dict[str, Any]:
    """What each block of the page of one rule does, by the name of the block."""
    blocks = zip(block_ids(rule), rule.page.blocks, strict=True)
    return {name: evidence(rule, block).data() for name, block in sorted(blocks, key=lambda item: item[0])}


def record() -> dict[str, Any]:
    """Everything that the installed torch does, and the Python it runs on, since Dynamo reads bytecode."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, "rules": {code: rule_evidence(rule) for code, rule in sorted(registry().items())}}


def merged(known: dict[str, Any], release: str, entry: dict[str, Any]) -> dict[str, Any]:
    """All releases by age, with the entry of one of them replaced."""
    releases = {**known, release: entry}
    return {
        key: releases[key] for key in sorted(releases, key=lambda text: [int(part) for part in text.split(".")[:2]])
    }


def unrecorded(releases: dict[str, Any]) -> list[str]:
    """Blocks that a release was not recorded with, since they are new or have changed."""
    wanted = [(code, name) for code, rule in registry().items() for name in sorted(block_ids(rule))]
    return [
        f"torch {release}: {code} {name} is not recorded as it is now"
        for release, entry in releases.items()
        for code, name in wanted
        if name not in entry["rules"].get(code, {})
    ]


def dumped(releases: dict[str, Any]) -> str:
    """JSON with one line for each block, so that a change is easy to see."""
    parts = []
    for release, entry in releases.items():
        rules = [
            f"   {json.dumps(code)}: {{\n"
            + ",\n".join(f"    {json.dumps(name)}: {json.dumps(data)}" for name, data in blocks.items())
            + "\n   }"
            for code, blocks in entry["rules"].items()
        ]
        head = f' {json.dumps(release)}: {{\n  "python": {json.dumps(entry["python"])},\n  "rules": {{\n'
        parts.append(head + ",\n".join(rules) + "\n  }\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> int:
    """Record the evidence, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    before = FILE.read_text(encoding="utf-8") if FILE.exists() else "{}"
    release, entry = installed_release(), record()
    for code, blocks in entry["rules"].items():
        for name, data in blocks.items():
            if not data["as_claimed"]:
                print(f"torch {release}: {code} {name}: {'; '.join(data['contradictions'])}")
    releases = merged(json.loads(before), release, entry)
    print("".join(line + "\n" for line in unrecorded(releases)), end="")
    after = dumped(releases)
    if before == after:
        return 0
    if check:
        print(f"{FILE.name} is stale for torch {release}")
        return 1
    FILE.write_text(after, encoding="utf-8")
    print(f"wrote torch {release} to {FILE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
