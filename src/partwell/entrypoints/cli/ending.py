# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a command ends when something unforeseen happens: one sentence and an exit code, never a traceback.

Who needs the traceback sets PARTWELL_LOG_LEVEL=DEBUG. Exit code 2 for what the place cannot give (disk, rights,
database), 130 after Ctrl-C, 141 when the reader of a pipe went away: as the shell counts signals.
"""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import typer

UNUSABLE, INTERRUPTED, READER_GONE = 2, 130, 141


class Cli(typer.Typer):
    """A Typer application whose unforeseen errors end in ``end``."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line; raises SystemExit with the exit code."""
        given = [str(one) for one in kwargs.get("args") or (args[0] if args else None) or sys.argv[1:]]
        try:
            if "--json" in given and "--help" not in given:
                # Whoever reads JSON gets JSON for a mistyped option too, not a page of usage.
                result = _bare(super().__call__, args, kwargs)
            else:
                result = super().__call__(*args, **kwargs)
            sys.stdout.flush()
            return result
        except SystemExit as ended:
            _flush_or_leave(ended)
            raise
        except KeyboardInterrupt:
            sys.stderr.write("\nStopped.\n")
            raise SystemExit(INTERRUPTED) from None
        except BrokenPipeError:
            _leave()
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a sentence
            end(error)


def _bare(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run the command without Click's own handling of its errors."""
    try:
        code = call(*args, **{**kwargs, "standalone_mode": False})
    except Exception as error:
        told = getattr(error, "format_message", None)
        if told is None:  # not Click's
            if type(error).__name__ == "Abort":
                raise KeyboardInterrupt from None
            raise
        sentence = str(told()).strip()
        sys.stdout.write(json.dumps({"ok": False, "problem": sentence}, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        raise SystemExit(UNUSABLE) from None
    raise SystemExit(code if isinstance(code, int) else 0)


def _flush_or_leave(ended: SystemExit) -> None:
    """Typer turns a broken pipe into exit code 1, which means findings: tell them apart."""
    context = ended.__context__
    while context is not None:
        if isinstance(context, OSError) and context.errno == errno.EPIPE:
            _leave()
        context = context.__context__
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _leave()


def _leave() -> NoReturn:
    """Nobody reads any more: leave without a word, and without Python's own complaint at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise SystemExit(READER_GONE)


def end(error: Exception) -> NoReturn:
    """Say what happened in one sentence, on standard error and for ``--json`` on standard output; exit code 2."""
    if os.environ.get("PARTWELL_LOG_LEVEL", "").upper() == "DEBUG":
        raise error
    sentence = sentence_of(error)
    if "--json" in sys.argv:
        with contextlib.suppress(OSError):
            sys.stdout.write(json.dumps({"ok": False, "problem": sentence}, ensure_ascii=False) + "\n")
            sys.stdout.flush()
    else:
        sys.stderr.write(sentence + "\n")
    raise SystemExit(UNUSABLE)


def sentence_of(error: BaseException) -> str:
    """One sentence for people: what could not be used, and where. Never a value out of a row: errors of drivers
    name what they were given, so only their first line counts."""
    names = {kind.__name__ for kind in type(error).__mro__}
    if "DatabaseError" in names:
        return "The database cannot be used: " + _database(str(error).strip().split("\n", 1)[0])
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror}. Check the path, its owner and the free space."
    if names & {"ConnectorError", "ImportRefused", "Refused"}:
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this."
    return (
        f"Something unforeseen stopped this ({type(error).__name__}). "
        "Run it again with PARTWELL_LOG_LEVEL=DEBUG to see where, and report that."
    )


def _database(line: str) -> str:
    remedies = {
        "disk is full": "make room on the disk.",
        "readonly database": "it, or its folder, may not be written by this user.",
        "unable to open database file": "check that PARTWELL_HOME may be read and written by this user.",
        "locked": "another process has held it for too long; try again.",
        "malformed": "the file is damaged; restore it from a backup.",
        "not a database": "the file is damaged; restore it from a backup.",
    }
    remedy = next((text for words, text in remedies.items() if words in line), "")
    return f"{line}; {remedy}" if remedy else f"{line}."
