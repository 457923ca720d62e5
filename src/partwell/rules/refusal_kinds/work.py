# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refusals about imports, files, concurrency and the ledger (R4)."""

KINDS: tuple[tuple[str, str, int, str, str], ...] = (
    # --- input and concurrency
    ("invalid_input", "input", 422, "{where}: {problem}", "Correct it and try again."),
    ("required", "input", 422, "{where} is missing.", "Fill it in."),
    ("amount_invalid", "input", 422, "{where} is not a valid amount.", "Enter a number such as 120.00."),
    ("duplicate", "input", 409, "{what} exists already.", "Open the existing one."),
    (
        "version_conflict",
        "input",
        409,
        "Somebody changed this while you were looking at it.",
        "Reload, look at the change and try again.",
    ),
    (
        "idempotency_conflict",
        "input",
        409,
        "This idempotency key was used for a different request.",
        "Use a new key.",
    ),
    ("busy", "input", 409, "Another person or task is working on this.", "Try again in a moment."),
    # --- imports
    (
        "preview_stale",
        "R4",
        409,
        "The estate changed since this preview was made.",
        "Make the preview again.",
    ),
    ("import_not_staged", "R4", 409, "This import is {state} and cannot be confirmed.", "Start it again."),
    ("import_undone", "R4", 409, "This import has been undone already.", "Nothing is left to undo."),
    (
        "import_items_released",
        "R4",
        409,
        "{count} items of this import have been released.",
        "A released item stays on record; change single items instead.",
    ),
    (
        "import_items_changed",
        "R4",
        409,
        "{count} items of this import were changed afterwards.",
        "Undo these changes or change single items instead.",
    ),
    ("import_empty", "R4", 422, "The file has no row that can be imported.", "Look at the reasons by line."),
    (
        "file_unreadable",
        "R4",
        422,
        "{file} cannot be read: {problem}",
        "Export it again, or choose its kind.",
    ),
    ("file_too_large", "R4", 422, "{file} is larger than {limit}.", "Split it."),
    (
        "redaction_needed",
        "R4",
        409,
        "The picture has not been checked for secrets.",
        "Redact it, or state that nothing has to be redacted.",
    ),
    # --- ledger and keys
    (
        "ledger_not_healthy",
        "R4",
        409,
        "The evidence ledger does not check: {problem}",
        "Stop and run “partwell ledger check”; nothing leaves until it is clean.",
    ),
    (
        "key_missing",
        "R4",
        409,
        "The key of this record is missing from the key store.",
        "Restore the key store from its backup.",
    ),
    (
        "rule_missing",
        "R1",
        409,
        "No rule was found for {what}, so it is refused.",
        "Tell whoever maintains this installation.",
    ),
)
