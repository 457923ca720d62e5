# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m sealed verify PATH``; exit code 0 good, 1 findings, 2 unusable input."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from . import __version__, note, proof
from .findings import WARNING, Report, Unusable, printable
from .verify import verify
from .verify_log import check_consistency

_LARGE = 32 << 20


class _Bar:
    """A progress bar on a terminal's standard error, for large input only."""

    def __init__(self, wanted: bool) -> None:
        self._wanted, self._last = wanted and sys.stderr.isatty(), -1

    def __call__(self, done: int, total: int) -> None:
        if not self._wanted or total < _LARGE:
            return
        percent = done * 100 // total
        if percent != self._last:
            self._last = percent
            filled = "#" * (percent * 40 // 100)
            sys.stderr.write(f"\r[{filled:<40}] {percent:3d} % of {total >> 20} MiB")
            sys.stderr.flush()

    def end(self) -> None:
        if self._last >= 0:
            sys.stderr.write("\r" + " " * 72 + "\r")


def _typed(text: str) -> str:
    """A key as people copy it: out of a letter it carries line ends and the invisible signs where its lines may break."""
    return "".join(
        char for char in text if not char.isspace() and char not in "\u200b\u200c\u200d\u2060\ufeff"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sealed",
        description="Check a handover offline: nothing is sent anywhere, nothing but Python is needed.",
        epilog="Exit code: 0 all holds, 1 something does not hold, 2 the input cannot be checked at all.",
    )
    parser.add_argument("--version", action="version", version=f"sealed {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser("verify", help="check a bundle, a checkpoint or an entry's proof")
    one.add_argument("path", help="bundle.zip, its unpacked folder, a checkpoint (.note) or a .tlog-proof")
    one.add_argument(
        "--vkey", type=_typed, help="the log's verifier key, as printed in the authorisation letter"
    )
    one.add_argument(
        "--checkpoint", metavar="FILE", help="a checkpoint you kept: is it continued by the bundle's?"
    )
    one.add_argument("--json", action="store_true", help="write one JSON object and nothing else")
    two = commands.add_parser("consistency", help="check that a newer checkpoint continues an older one")
    two.add_argument("old", help="the older checkpoint (.note)")
    two.add_argument("new", help="the newer checkpoint (.note)")
    two.add_argument(
        "--proof", metavar="FILE", help="the .consistency file between them (not needed for equal sizes)"
    )
    two.add_argument(
        "--vkey",
        type=_typed,
        required=True,
        help="the log's verifier key, as printed in the authorisation letter",
    )
    two.add_argument("--json", action="store_true", help="write one JSON object and nothing else")
    return parser


def _load(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(note.MAX_NOTE + 1)
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None


def _consistency(old: str, new: str, proof_file: str | None, vkey: str) -> Report:
    report = Report()
    report.facts["kind"] = "consistency"
    try:
        key = note.parse_vkey(vkey.strip())
    except note.NoteError as error:
        raise Unusable(f"The given verifier key cannot be used: {error}") from None
    try:
        proofs = [proof.parse_consistency(_load(proof_file))] if proof_file else []
    except proof.ProofError as error:
        raise Unusable(f"{proof_file} is not a consistency proof: {error}") from None
    try:
        head = note.verify_checkpoint(_load(new), [key])
    except note.NoteError as error:
        report.add("checkpoint-signature", Path(new).name, f"The newer checkpoint does not hold: {error}")
        return report
    if check_consistency(report, Path(old).name, _load(old), head, key, proofs):
        report.facts["continues"] = True
    report.facts["checkpoint"] = {"origin": head.origin, "size": head.size, "root": head.root.hex()}
    return report


def _fact(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _show(report: Report) -> None:
    for key, value in report.facts.items():
        print(f"{key.replace('_', ' '):>20}: {printable(_fact(value))}")
    for finding in report.findings:
        print(("WARNING  " if finding.severity == WARNING else "PROBLEM  ") + str(finding))
    if report.left_out:
        print(f"… and {report.left_out} more.")
    if not report.ok:
        print("Something does NOT hold: see the problems above.")
    elif report.findings:
        print("All that was checked holds, under the warning above.")
    else:
        print("All that was checked holds.")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    options = _parser().parse_args(arguments)
    bar = _Bar(not options.json)
    try:
        if options.command == "consistency":
            report = _consistency(options.old, options.new, options.proof, options.vkey)
        else:
            earlier = _load(options.checkpoint) if options.checkpoint else None
            report = verify(options.path, options.vkey, earlier, bar)
        bar.end()
    except Unusable as error:
        bar.end()
        if options.json:
            print(json.dumps({"ok": False, "error": printable(str(error))}))
        else:
            print(printable(str(error)), file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(report.as_json(), sort_keys=True))
    else:
        _show(report)
    return 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
