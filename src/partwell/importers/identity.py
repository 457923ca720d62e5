# SPDX-License-Identifier: AGPL-3.0-or-later
"""What makes two readings the same thing: serial numbers where they are real."""

import re

from partwell.importers.base import fingerprint_of, normalise

_NOT_A_SERIAL = re.compile(
    r"^(|[0\s.\-_x*?]+|1?234567890?|n/?a|none|null|unknown|unbekannt|brak|default string|not (specified|available|"
    r"applicable)|to be filled.*|system serial number|o\.?e\.?m\.?|chassis serial number|empty|serial ?number)$"
)
_ROUNDED = re.compile(r"^\d(\.\d+)?e\+\d+$", re.IGNORECASE)


def real_serial(text: str) -> str:
    """The serial number, or "" where it is a placeholder or was rounded by a spreadsheet (3.01E+13)."""
    serial = normalise(text)
    return "" if _NOT_A_SERIAL.match(serial) or _ROUNDED.match(serial) else text.strip()


def hardware_fingerprint(serial: str, *rest: str) -> str:
    """By serial alone where it is one, so that an agent's and a table's reading meet; else by the rest."""
    known = real_serial(serial)
    return fingerprint_of("serial", known) if known else fingerprint_of("hardware", *rest)
