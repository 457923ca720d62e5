# SPDX-License-Identifier: AGPL-3.0-or-later
"""``python -m benchmarks [NAME…]``: measure and print ratios. Exit code 0 when all ran, whatever the figures say."""

import argparse
import importlib
import json
import shutil
import sys
from pathlib import Path

SUBJECTS = (
    "import",
    "evidence",
    "bundle",
    "job",
    "verify",
    "page",
    "hours",
    "deletion",
    "backup",
    "vault",
    "retention",
    "search",
    "mail",
)
MODULES = {
    "import": "imports",
    "bundle": "bundles",
    "verify": "verifying",
    "backup": "backups",
    "retention": "retention_sweep",
}


def _size(text: str) -> int:
    units = {"M": 20, "G": 30}
    try:
        return (
            int(float(text[:-1]) * 2 ** units[text[-1].upper()]) if text[-1:].upper() in units else int(text)
        )
    except ValueError:
        raise argparse.ArgumentTypeError("a number of bytes, or one with M or G behind it") from None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(SUBJECTS)} (all)")
    parser.add_argument(
        "--small", action="store_true", help="seconds only, to see that it runs; the figures say nothing"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument(
        "--postgresql", action="store_true", help="import, evidence, page, hours and mail on PostgreSQL too"
    )
    parser.add_argument(
        "--cpu",
        action="store_true",
        help="count processor time instead of the clock, where others use the machine",
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warming-up one (5)")
    parser.add_argument("--size", type=_size, default=4 << 30, help="bytes of the large bundle (4G)")
    parser.add_argument(
        "--objects", type=int, default=10_000, help="objects that are deleted on the S3 server (10000)"
    )
    parser.add_argument("--scratch", type=Path, help="folder to work in (memory where there is room)")
    parser.add_argument("--sets", type=int, default=50_000, help="backup sets that are swept (50000)")
    parser.add_argument("--messages", type=int, default=100_000, help="messages that are searched (100000)")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(SUBJECTS):
        parser.error(f"there is no measurement {min(unknown)!r}; there are {', '.join(SUBJECTS)}")
    if min(chosen.rounds, chosen.size, chosen.objects) < 1 or chosen.sets < 200:
        parser.error("--rounds, --size and --objects are at least 1, --sets at least 200")
    if chosen.messages < 1000:
        parser.error("--messages is at least 1000")
    return chosen


def main() -> int:
    """Run what was chosen; each subject's lines are printed when it is done."""
    root = Path(__file__).resolve().parents[1]
    for place in (str(root), str(root / "src")):
        if place not in sys.path:
            sys.path.insert(0, place)
    chosen = _arguments()
    from benchmarks import house, table
    from benchmarks.measure import Options, count_cpu, machine

    if chosen.cpu:
        count_cpu()

    options = Options(
        chosen.small,
        chosen.postgresql,
        chosen.scratch,
        chosen.rounds,
        chosen.size,
        chosen.objects,
        chosen.sets,
        messages=chosen.messages,
    )
    facts = {**machine(), "counted": "processor time" if chosen.cpu else "the clock"}
    nowhere = house.prepare()
    rows = []
    try:
        if not chosen.json:
            print(table.head(facts, options), flush=True)
        for name in chosen.names or SUBJECTS:
            found = importlib.import_module(f"benchmarks.{MODULES.get(name, name)}").run(options)
            rows += found
            if not chosen.json:
                print(table.lines(found), flush=True)
    finally:
        shutil.rmtree(nowhere, ignore_errors=True)
    facts["load_after"] = machine()["load"]
    if chosen.json:
        print(
            json.dumps(
                {"machine": facts, "small": chosen.small, "rows": [row.as_json() for row in rows]}, indent=1
            )
        )
    else:
        print(table.foot(rows, facts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
