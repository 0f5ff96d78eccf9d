"""Record what the examples of every rule's page do on releases of torch, in src/fullgraph/verify/recorded.

usage: record_evidence.py                                     on the torch of this Python
       record_evidence.py --torch 2.9 2.13 [--envs DIR]       in a virtual environment for each release
       record_evidence.py --check                             which examples have changed since they were recorded

With --torch, environments that are missing are made, in DIR/<release>, where they stay for the next time; without
--envs each is made in a temporary directory and deleted after its release (a release with its CUDA packages takes up to
7 GB, and minutes to install). --python names the interpreter that makes them, --select the rules, as in TFG2,TFG301.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fullgraph.engine.registry import registry
from fullgraph.verify.records import DIRECTORY, disagreements, records

SOURCE = Path(__file__).parent.parent / "src"
BESIDE_TORCH = ("numpy<2", "setuptools", "click", "packaging", "pathspec")


def environment(folder: Path, release: str, python: str) -> Path:
    """The interpreter of the environment for a release, which is made if it is not there."""
    interpreter = folder / release / "bin" / "python"
    if not interpreter.exists():
        subprocess.run([python, "-m", "venv", str(folder / release)], check=True)
    have = subprocess.run([interpreter, "-c", "import torch, click"], capture_output=True, check=False)
    if have.returncode:
        pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
        subprocess.run([*pip, f"torch=={release}.*", *BESIDE_TORCH], check=True)
    return interpreter


def record(interpreter: Path | str, select: str) -> bool:
    """Record with the torch of an interpreter; whether that went well."""
    command = [str(interpreter), "-m", "fullgraph", "verify", "--rules", "--select", select]
    environ = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return not subprocess.run([*command, "--record", str(DIRECTORY)], env=environ, check=False).returncode


def record_in_environments(arguments: argparse.Namespace) -> bool:
    """Record on each release; whether all went well."""
    well = True
    for release in arguments.torch:
        with tempfile.TemporaryDirectory(prefix="fullgraph-torch-") as temporary:
            folder = Path(arguments.envs or temporary).absolute()
            try:
                well &= record(environment(folder, release, arguments.python), arguments.select)
            except (subprocess.CalledProcessError, OSError) as error:
                print(f"torch {release}: {error}")
                well = False
    return well


def faults() -> list[str]:
    """What is not recorded as it is now, and where the linter says something else than what was seen."""
    rules = list(registry().values())
    found: list[str] = []
    for each in records():
        stale = dict.fromkeys(name.partition(" ")[0] for name in each.missing(rules))
        found += [f"torch {each.release}: not recorded as they are now: {', '.join(stale)}"] if stale else []
    found += [f"{rule.code}: {fault}" for each in records() for rule in rules for fault in disagreements(rule, each)]
    return found


def main() -> int:
    """Record, and say what is left to do."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", nargs="+", metavar="RELEASE")
    parser.add_argument("--envs", metavar="DIR")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--select", default="TFG")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    well = True
    if not arguments.check:
        well = record_in_environments(arguments) if arguments.torch else record(sys.executable, arguments.select)
    left = faults()
    print("".join(f"{fault}\n" for fault in left), end="")
    return int(bool(left) or not well)


if __name__ == "__main__":
    sys.exit(main())
