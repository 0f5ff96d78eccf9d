"""Put the demo's real output into README.md.

usage: update_readme.py [--check]

With --check nothing is written; the exit status is 1 if the README shows something else than fullgraph prints.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
OUTPUT = re.compile(r"(<!-- demo output -->\n```text\n).*?(```)", re.DOTALL)
COMMAND = re.compile(r"<!-- demo -->\n```console\n\$ .*? && \S+/fullgraph (.*?)\n```")


def main() -> int:
    """Run the demo's command with this interpreter, and write or compare what it prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    command = COMMAND.search(text)
    if command is None:
        sys.exit("README.md has no demo")
    run = subprocess.run(
        [sys.executable, "-m", "fullgraph", *command[1].split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    wanted = OUTPUT.sub(lambda found: found[1] + run.stdout + found[2], text)
    if check:
        if wanted != text:
            print(f"README.md is stale; fullgraph printed:\n{run.stdout}{run.stderr}")
        return int(wanted != text)
    readme.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
