# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the examples stand on: an installation of their own, a readable log with figures, and no tolerance for surprises."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Row = TypeVar("Row")


class Surprise(Exception):
    """Something did not go as it must: the example ends with exit code 1 and this sentence."""


@dataclass
class Log:
    """Prints what happens, keeps the figures, and writes both into the output folder at the end."""

    out: Path
    lines: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    _step: float = field(default_factory=time.monotonic)
    _cpu: float = 0.0
    _title: str = ""

    def say(self, text: str = "") -> None:
        """One line, at once."""
        self.lines.append(text)
        print(text, flush=True)

    def step(self, title: str) -> None:
        """A new chapter; the one before gets its seconds."""
        self._end()
        self._title, self._step, self._cpu = title, time.monotonic(), sum(os.times()[:4])
        self.say(f"\n{title}\n{'-' * len(title)}")

    def _end(self) -> None:
        if self._title:
            self.figures.setdefault("seconds", {})[self._title] = round(time.monotonic() - self._step, 2)
            # On a machine that does other things too, the processor's time says more; programs that were run included.
            spent = round(sum(os.times()[:4]) - self._cpu, 2)
            self.figures.setdefault("processor seconds", {})[self._title] = spent

    def fact(self, label: str, value: Any, key: str = "") -> None:
        """A labelled value; with ``key`` it is a figure as well."""
        self.say(f"  {label:<46} {value}")
        if key:
            self.figures[key] = value

    def finish(self) -> None:
        """Seconds by chapter, and everything into files."""
        self._end()
        self.figures["processor seconds in all"] = round(sum(os.times()[:4]), 2)
        self.figures["seconds in all"] = round(time.monotonic() - self.began, 2)
        (self.out / "log.txt").write_text("\n".join(self.lines) + "\n")
        (self.out / "figures.json").write_text(json.dumps(self.figures, indent=2, default=str) + "\n")


def expect(condition: object, sentence: str) -> None:
    """Go on only if it is as it must be."""
    if not condition:
        raise Surprise(sentence)


def done(result: Any, what: str = "") -> Any:
    """The row that an action gave; its refusal is a surprise here."""
    from partwell.rules.refusals import Refusal

    if isinstance(result, Refusal):
        raise Surprise(f"{what or 'An action'} was refused: {result.sentence} ({result.code})")
    return result


def refused(result: Any, code: str) -> str:
    """The sentence of a refusal that must come; anything else is a surprise."""
    from partwell.rules.refusals import Refusal

    if not isinstance(result, Refusal) or result.code != code:
        raise Surprise(f"{code} was expected and did not come: {result}")
    return result.sentence


def open_house(out: Path) -> None:
    """A fresh installation under ``out``: its own home, keys and log store, migrated. Never anybody else's."""
    for name in [name for name in os.environ if name.startswith("PARTWELL_")]:
        del os.environ[name]
    os.environ |= {
        "PARTWELL_HOME": str(out / "home"),
        "PARTWELL_KEYS": str(out / "keys"),
        "PARTWELL_LOG": str(out / "log-store"),
        "DJANGO_SETTINGS_MODULE": "partwell.settings",
    }
    expect(not (out / "home").exists(), f"{out} holds an earlier run; choose another folder with --out.")
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
    from partwell.entrypoints.cli.start import migrate

    migrate()


def run(main: Callable[[Log], None], out: Path) -> int:
    """Exit code 0 when all went as it must, else 1 with the sentence."""
    out.mkdir(parents=True, exist_ok=True)
    log = Log(out)
    try:
        open_house(out)
        main(log)
    except Surprise as surprise:
        log.say(f"\nSURPRISE: {surprise}")
        return 1
    finally:
        log.finish()
    log.say(
        f"\nEverything went as it must, in {log.figures['seconds in all']} s. Log, figures and bundles: {out}"
    )
    return 0


def size_of(count: int) -> str:
    """Bytes for people."""
    return (
        f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB" if count >= 1e3 else f"{count} B"
    )
