"""Generate the tables of torch's names, of its deprecated names and of what functions return, from torch's own wheels.

The table of the public names that change, which follows from the first two, is written along with them.

usage: generate_torchfacts.py (--wheels DIR | --download) [--earlier X.Y] [--cache DIR]
       generate_torchfacts.py (--wheels DIR | --download) --release X.Y
       generate_torchfacts.py (--wheels DIR | --download) --check X.Y

DIR holds wheels of torch, one per minor release, or folders with an unpacked
``torch`` (``site-packages`` will do; Python files and stubs are all that is
read). The wheels for macOS are the smallest, and hold the same Python files as
those for Linux. Nothing in them is imported or run, and the result is the same
on every machine.

Without --release all releases that DIR has are read, from 2.0 on; names that
only an --earlier release has are in the table as absent from all others.
--release adds or replaces one release of the shipped tables; to add one, DIR must
also have the newest release of the tables, which do not list every name that all
releases have. --check compares one release with the shipped tables, and exits
with 1 if they differ.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torchfacts_changes
import torchfacts_deprecated
import torchfacts_returns
from torchfacts_merge import compare, decode, encode, extend, merge
from torchfacts_reader import Release
from torchfacts_survey import Survey, Surveyor, from_json, to_json
from torchfacts_trim import restore, trim

PACKAGE = Path(__file__).parent.parent / "src" / "fullgraph" / "torchfacts"
NAMES = "names.bin"
DEPRECATED = "deprecated.json"
CHANGES = "changes.txt"
RETURNS = "returns.json"
OLDEST = (2, 0)
PLATFORMS = ("macosx_11_0_arm64", "macosx_14_0_arm64")


def order(version: str) -> tuple[int, ...]:
    """Return what sorts releases by age."""
    return tuple(int(part) for part in version.split("."))


def releases(folder: Path) -> dict[str, Path]:
    """Return the minor releases that ``folder`` holds, oldest first, and where each is."""
    places = [folder, *folder.glob("*")]
    found = [place for place in places if place.suffix == ".whl" and place.name.startswith("torch-")]
    found += [place for place in places if (place / "torch" / "version.py").is_file()]
    return dict(sorted(((Release(place).version, place) for place in found), key=lambda item: order(item[0])))


def download(version: str, folder: Path) -> None:
    """Fetch the newest wheel of one minor release."""
    platforms = [option for platform in PLATFORMS for option in ("--platform", platform)]
    command = ["download", "--quiet", "--no-deps", "--only-binary=:all:", *platforms, "--python-version", "3.11"]
    subprocess.run([sys.executable, "-m", "pip", *command, "--dest", str(folder), f"torch=={version}.*"], check=True)


def downloaded(folder: Path, only: list[str]) -> Iterator[str]:
    """Fetch these releases, or every minor release from 2.0 on for which there is a wheel."""
    for version in only or (f"{OLDEST[0]}.{minor}" for minor in itertools.count(OLDEST[1])):
        try:
            download(version, folder)
        except subprocess.CalledProcessError:
            return
        yield version


def read(place: Path, version: str, cache: Path | None) -> tuple[Survey, torchfacts_deprecated.Found]:
    """Read one release, or what was kept of it in ``cache``."""
    kept = cache / f"{version}.json" if cache else None
    if kept is not None and kept.is_file():
        data = json.loads(kept.read_text(encoding="utf-8"))
        return from_json(data["names"]), data["deprecated"]
    surveyor = Surveyor(Release(place))
    survey = surveyor.survey()
    deprecated = torchfacts_deprecated.find(surveyor, survey)
    if kept is not None:
        kept.write_text(json.dumps({"names": to_json(survey), "deprecated": deprecated}), encoding="utf-8")
    return survey, deprecated


def generate(places: dict[str, Path], earlier: str | None, cache: Path | None) -> None:
    """Write the tables from all releases."""
    chosen = [version for version in places if order(version) >= OLDEST]
    found = [read(places[version], version, cache) for version in chosen]
    before = [read(places[earlier], earlier, cache)[0]] if earlier else []
    (PACKAGE / NAMES).write_bytes(encode(trim(merge([survey for survey, _ in found], before))))
    table = torchfacts_deprecated.merge(
        {version: deprecated for version, (_, deprecated) in zip(chosen, found, strict=True)}
    )
    (PACKAGE / DEPRECATED).write_text(torchfacts_deprecated.dump(table), encoding="utf-8")
    returns = torchfacts_returns.merge(torchfacts_returns.find(Release(places[version])) for version in chosen)
    (PACKAGE / RETURNS).write_text(torchfacts_returns.dump(returns), encoding="utf-8")
    (PACKAGE / CHANGES).write_text(changes(), encoding="ascii")


def changes() -> str:
    """Return the text of the table that follows from the shipped tables of names and of deprecated names."""
    deprecated = json.loads((PACKAGE / DEPRECATED).read_text(encoding="utf-8"))
    return torchfacts_changes.dump(torchfacts_changes.changing(decode((PACKAGE / NAMES).read_bytes()), deprecated))


def basis(version: str) -> str:
    """Return the release of the shipped tables that must be read again to add or replace ``version``."""
    shipped = decode((PACKAGE / NAMES).read_bytes()).releases
    return version if version in shipped else shipped[-1]


def replace(places: dict[str, Path], version: str, cache: Path | None) -> None:
    """Add one release to the shipped tables, or replace it there."""
    known = basis(version)
    survey, deprecated = read(places[version], version, cache)
    before = survey if known == version else read(places[known], known, cache)[0]
    table = extend(restore(decode((PACKAGE / NAMES).read_bytes()), before), survey, before)
    (PACKAGE / NAMES).write_bytes(encode(trim(table)))
    rows = json.loads((PACKAGE / DEPRECATED).read_text(encoding="utf-8"))
    rows = torchfacts_deprecated.extend(rows, version, deprecated, table.releases)
    (PACKAGE / DEPRECATED).write_text(torchfacts_deprecated.dump(rows), encoding="utf-8")
    returns = torchfacts_returns.load((PACKAGE / RETURNS).read_text(encoding="utf-8"))
    found = torchfacts_returns.find(Release(places[version]))
    (PACKAGE / RETURNS).write_text(
        torchfacts_returns.dump(torchfacts_returns.merge([returns, found])), encoding="utf-8"
    )
    (PACKAGE / CHANGES).write_text(changes(), encoding="ascii")


def check(place: Path, version: str) -> list[str]:
    """Return what differs between the shipped tables and one release, a line each."""
    survey, deprecated = read(place, version, None)
    differences = compare(restore(decode((PACKAGE / NAMES).read_bytes()), survey), survey)
    rows = json.loads((PACKAGE / DEPRECATED).read_text(encoding="utf-8"))
    differences += torchfacts_deprecated.compare(rows, version, deprecated)
    if (PACKAGE / CHANGES).read_text(encoding="ascii") != changes():
        differences.append(f"{CHANGES} does not follow from {NAMES} and {DEPRECATED}")
    returns = torchfacts_returns.load((PACKAGE / RETURNS).read_text(encoding="utf-8"))
    return differences + torchfacts_returns.compare(returns, torchfacts_returns.find(Release(place)))


def needed(arguments: argparse.Namespace) -> list[str]:
    """Return the releases that must be at hand for what the command line asks for."""
    if arguments.release:
        return sorted({arguments.release, basis(arguments.release)}, key=order)
    return [arguments.check] if arguments.check else []


def run(arguments: argparse.Namespace, folder: Path) -> int:
    """Do what the command line asks for with the releases in ``folder``."""
    places = releases(folder)
    for wanted in needed(arguments):
        if wanted not in places:
            print(f"{folder} has no torch {wanted}, only {', '.join(places) or 'nothing'}", file=sys.stderr)
            return 2
    if arguments.check:
        differences = check(places[arguments.check], arguments.check)
        print("\n".join(differences[:50]) or f"the tables agree with torch {arguments.check}")
        return 1 if differences else 0
    if arguments.release:
        replace(places, arguments.release, arguments.cache)
    else:
        generate(places, arguments.earlier, arguments.cache)
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--wheels", type=Path, metavar="DIR", help="wheels or unpacked trees of torch")
    source.add_argument("--download", action="store_true", help="fetch the wheels with pip, and discard them")
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--release", metavar="X.Y", help="add or replace one release")
    task.add_argument("--check", metavar="X.Y", help="compare one release with the shipped tables")
    parser.add_argument("--earlier", metavar="X.Y", help="an older release whose names the table is to have")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where to keep what was read of each release")
    arguments = parser.parse_args(argv)
    if arguments.wheels is not None:
        return run(arguments, arguments.wheels)
    with tempfile.TemporaryDirectory() as folder:
        list(downloaded(Path(folder), needed(arguments)))
        if arguments.earlier:
            download(arguments.earlier, Path(folder))
        return run(arguments, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
