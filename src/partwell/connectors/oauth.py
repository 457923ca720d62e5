# SPDX-License-Identifier: AGPL-3.0-or-later
"""Access tokens for mailboxes (RFC 6749): by a refresh token, or by the application's own credentials.

Microsoft 365 and Google are presets, as data. A token server may give another refresh token with each answer; whoever
asks must keep it. No token, secret or answer stands in an error.
"""

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from partwell.connectors.https import HttpsFailed, ask, host_of
from partwell.connectors.imap import ImapError, ImapRefused
from partwell.connectors.secret import Secret

GRANTS = ("refresh_token", "client_credentials")
_SHORTEST, _LONGEST = 60, 24 * 3600
# RFC 6749, 5.2: trying again with the same values gives the same answer.
_FINAL = ("invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope")


@dataclass(frozen=True)
class Provider:
    """``token_url``: with {tenant} where one belongs. ``scopes``: by grant; a grant without an entry is not offered."""

    code: str
    name: str
    host: str
    token_url: str
    scopes: Mapping[str, str]


PROVIDERS: Mapping[str, Provider] = {
    "microsoft": Provider(
        "microsoft", "Microsoft 365", "outlook.office365.com", "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        {"refresh_token": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
         "client_credentials": "https://outlook.office365.com/.default"},
    ),
    "google": Provider(
        "google", "Google", "imap.gmail.com", "https://oauth2.googleapis.com/token",
        {"refresh_token": "https://mail.google.com/"},
    ),
    "other": Provider("other", "Another", "", "", {"refresh_token": "", "client_credentials": ""}),
}  # fmt: skip


@dataclass(frozen=True)
class App:
    """Who asks, where, and by what. ``refresh`` is empty for client_credentials."""

    token_url: str
    client_id: str
    grant: str
    client_secret: Secret = field(repr=False)
    refresh: Secret = field(repr=False)
    scopes: str = ""


@dataclass(frozen=True)
class Granted:
    """``access``: good for ``seconds``. ``refresh``: the one to use from now on, where the server gave another."""

    access: Secret = field(repr=False)
    seconds: int = 3600
    refresh: Secret | None = field(default=None, repr=False)


def tenant_holds(text: str) -> bool:
    """Whether a tenant's name may stand in Microsoft's address: an identifier or a domain."""
    return bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.-]{0,126}", text)) and ".." not in text


def fetch(app: App, *, context: ssl.SSLContext | None = None) -> Granted:
    """Ask the token server. ImapRefused where asking again is of no use; ImapError where it may be."""
    host = host_of(app.token_url)
    if not host:
        raise ImapRefused("The token address is no https address; correct it.")
    fields = {"grant_type": app.grant, "client_id": app.client_id}
    if app.client_secret:
        fields["client_secret"] = app.client_secret.reveal()
    if app.grant == "refresh_token":
        fields["refresh_token"] = app.refresh.reveal()
    if app.scopes:
        fields["scope"] = app.scopes
    try:
        answer = ask(app.token_url, fields, context=context)
    except HttpsFailed as error:
        raise ImapError(f"No access token: {error}") from None
    said = _json(answer.body)
    if answer.status != 200:
        code = said.get("error")
        code = code if isinstance(code, str) and re.fullmatch(r"[a-z_]{1,40}", code) else ""
        words = f"{host} gives no access token (HTTP {answer.status}{', ' + code if code else ''})"
        if code in _FINAL:
            raise ImapRefused(f"{words}; give client and secrets again.")
        raise ImapError(f"{words}; it is tried again.")
    access, kind = said.get("access_token"), said.get("token_type", "Bearer")
    # It goes into one SASL line: printable ASCII, no space.
    if not isinstance(access, str) or not re.fullmatch(r"[\x21-\x7e]{1,16384}", access) or str(kind).lower() != "bearer":  # fmt: skip
        raise ImapError(f"{host} answers without an access token; check the token address.")
    seconds, fresh = said.get("expires_in", 3600), said.get("refresh_token")
    seconds = int(seconds) if isinstance(seconds, int | float | str) and str(seconds).isdecimal() else 3600
    changed = isinstance(fresh, str) and 0 < len(fresh) <= 16384 and fresh != app.refresh.reveal()
    return Granted(
        Secret(access),
        min(max(seconds, _SHORTEST), _LONGEST),
        Secret(fresh) if app.grant == "refresh_token" and changed and isinstance(fresh, str) else None,
    )


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
