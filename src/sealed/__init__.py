# SPDX-License-Identifier: Apache-2.0
"""sealed: the proof of a handover, checked offline with Python's standard library alone.

Formats: docs/formats/{entry,checkpoint,proof,bundle}.md. Command line: ``python -m sealed --help``.
"""

__version__ = "1.0.0"
