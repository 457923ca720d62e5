# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refusals about who may do what, and signing in (DOMAIN.md, "Who may do what"; R15)."""

KINDS: tuple[tuple[str, str, int, str, str], ...] = (
    ("not_found", "roles", 404, "There is nothing here.", "Check the address, or sign in as somebody else."),
    ("not_signed_in", "roles", 401, "You are not signed in.", "Sign in and try again."),
    (
        "mfa_required",
        "roles",
        409,
        "A second factor is required before you can go on.",
        "Set up an authenticator app or a passkey.",
    ),
    ("throttled", "roles", 429, "Too many attempts.", "Wait {seconds} seconds and try again."),
    ("not_your_role", "roles", 409, "As {role} you may not do this ({verb}).", "Ask {who}."),
    ("auditor_expired", "roles", 409, "Your access as auditor ended on {end}.", "Ask an owner to extend it."),
    ("staff_left", "roles", 404, "There is nothing here.", "Check the address."),
    ("link_expired", "roles", 409, "This sign-in link is used or too old.", "Ask for a new one."),
    ("invitation_used", "roles", 409, "This invitation is used or too old.", "Ask an owner for a new one."),
    ("last_owner", "R15", 409, "{person} is the last owner.", "Name another owner first."),
    (
        "second_person_needed",
        "R15",
        409,
        "{person} cannot approve their own {what}.",
        "Let a second person do it.",
    ),
    (
        "contact_in_use",
        "R2",
        409,
        "{person} is the client's only contact with an address that works.",
        "Add another contact first.",
    ),
    (
        "token_scope",
        "roles",
        409,
        "This token does not have the scope {scope}.",
        "Use a token with that scope.",
    ),
    ("token_revoked", "roles", 401, "This token is revoked or expired.", "Make a new token."),
    ("setup_done", "roles", 409, "This installation has been set up already.", "Sign in."),
    ("setup_needed", "roles", 409, "This installation has not been set up yet.", "Set it up first."),
)
