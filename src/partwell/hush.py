# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nothing secret reaches the log: sign-in tokens and long opaque values are masked in every record."""

import logging
import re

_TOKEN = re.compile(
    r"(/(?:in|calendar|digest|enter|reveal|invited|reset/key)/|pwt_)[A-Za-z0-9_-]{16,}|(?i:(token|password|secret|authorization)=?\s*[:=]\s*)\S+"
)

_PLAIN = logging.Formatter()


def hush(text: str) -> str:
    """The text with link tokens and ``password=…`` values replaced by an ellipsis."""
    return _TOKEN.sub(lambda match: (match.group(1) or match.group(2) or "") + "…", text)


class Hush(logging.Filter):
    """Logging filter over the finished message and its traceback (an exception's words may quote what was sent);
    it never drops a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = hush(record.getMessage()), None
        if record.exc_info and record.exc_info[0] is not None:
            # What the formatter finds here it prints as it is.
            record.exc_text = hush(record.exc_text or _PLAIN.formatException(record.exc_info))
        return True
