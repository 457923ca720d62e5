# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every credential store has in common: what is critical, what is hidden, who is who (R16)."""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from partwell.importers.base import ImportedItem, Secret, clean, fingerprint_of, kept
from partwell.rules.terms import Category, Custodian, ItemKind, Sensitivity

_CRITICAL: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "a backup or disk encryption key",
        re.compile(
            r"(backup|veeam|datto|acronis|restic|borg|archive|disk|volume).{0,40}"
            r"(key|passphrase|encryption|password|phrase)"
            r"|(encryption|recovery|master) ?(key|passphrase)|bitlocker|filevault|\bluks\b",
            re.I,
        ),
    ),
    (
        "MFA recovery",
        re.compile(
            r"(mfa|2fa|totp|otp|two.?factor|authenticator).{0,30}(recover|backup|scratch|reset|seed|code)"
            r"|(recovery|backup|scratch) codes?\b",
            re.I,
        ),
    ),
    (
        "an emergency account",
        re.compile(
            r"break.?glass|emergency|\bdsrm\b|directory services restore|notfall|failsafe|\bkrbtgt\b", re.I
        ),
    ),
    (
        "an administrator",
        re.compile(
            r"(?<![a-z])(root|admin|administrator|administrateur|global.?admin|domain.?admin\w*|superuser|sysadmin"
            r"|sa|enable|supervisor|super.?admin)(?![a-z])|\badmin[-_.@]|_admin\b|hypervisor|ilo\b|idrac\b",
            re.I,
        ),
    ),
)
_CODES_IN_NOTES = re.compile(r"(recovery|backup|scratch) (codes?|keys?)\b|break.?glass", re.I)

# Only these names of free fields are shown outside the vault; everything else is hidden, because
# people put PINs and answers into plain fields (R16: fail closed).
_PLAIN_FIELD = re.compile(
    r"^(host ?name|host|server|computer|ip|ip ?addr(ess)?|mac|port|vlan|ssid|domain|site|location|room|rack"
    r"|vendor|manufacturer|model|serial|serial (number|no)|asset ?tag|version|e-?mail|phone|contact"
    r"|department|company|expires?|expiry|renewal|url|website|type|protocol|database|tenant ?name)$",
    re.I,
)


@dataclass(slots=True)
class Login:
    """What a store says of one entry, before it becomes an item. ``hidden`` holds secrets by field name."""

    title: str
    username: str = ""
    url: str = ""
    group: str = ""
    password: str = ""
    otp: str = ""
    notes: str = ""
    key: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    external_id: str = ""
    line: int | str = ""
    sensitive: bool = False

    def __repr__(self) -> str:
        return f"<Login {self.line}>"


def critical_reason(named: Iterable[str], notes: str = "") -> str:
    """Why a credential is proposed as critical, in our own words, or "".

    ``named``: title, user, group and field names. ``notes`` may be secret: it is only
    searched for words, nothing of it is repeated.
    """
    text = " · ".join(part for part in named if part)
    for label, pattern in _CRITICAL:
        if pattern.search(text):
            return label
    return "MFA recovery" if notes and _CODES_IN_NOTES.search(notes) else ""


def is_plain_field(name: str) -> bool:
    """Whether a free field of this name may be shown outside the vault."""
    return bool(_PLAIN_FIELD.match(name.strip().replace("_", " ")))


def split_url(url: str) -> tuple[str, bool]:
    """The address without sign-in data, query and fragment, and whether anything was cut off."""
    url = url.strip()
    if "\x00" in url or len(url) > 4000:
        return "", True
    try:
        parts = urlsplit(url if "//" in url[:24] else "//" + url)
    except ValueError:
        return "", True
    if "//" not in url[:24] and "@" not in parts.netloc and not parts.query and not parts.fragment:
        return url, False
    host = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, host, parts.path, "", ""))
    whole = urlunsplit(parts)
    return bare.removeprefix("//") if "//" not in url[:24] else bare, bare != whole


class Identities:
    """Gives each entry of one source its fingerprint.

    Title, user name and address are the identity, so that the same login met again, in
    another export too, is a duplicate. Where two entries of one source share them but not
    their secrets, the later ones are told apart by the store's own id: leaving one out
    would lose a password. Secrets are compared by a keyed digest that lives as long as this.
    """

    def __init__(self) -> None:
        self._salt = os.urandom(32)
        self._seen: dict[str, bytes] = {}

    def fingerprint(self, login: Login, secrets: Mapping[str, Secret]) -> str:
        base = fingerprint_of("credential", login.title, login.username, split_url(login.url)[0])
        digest = hashlib.blake2b(key=self._salt)
        for name in sorted(secrets):
            value = secrets[name].reveal().encode("utf-8", "surrogatepass")
            digest.update(f"{name}:{len(value)}:".encode() + value)
        mark = digest.digest()
        if self._seen.setdefault(base, mark) == mark:
            return base
        return fingerprint_of(
            "credential", login.title, login.username, split_url(login.url)[0], login.external_id
        )


def to_item(login: Login, identities: Identities) -> ImportedItem:
    """The entry as an item of kind credential, category administrator access (R3), nothing secret in details.

    Notes, hidden and unknown free fields, and addresses that carry sign-in data become the
    secret ``notes``; details name the hidden fields without their content.
    """
    bare, cut = split_url(login.url)
    hidden = dict(login.hidden)
    details: dict[str, object] = dict(login.more)
    for name, value in login.fields.items():
        if is_plain_field(name):
            details.setdefault(clean(name, 100).casefold().replace(" ", "_"), value)
        elif value:
            hidden.setdefault(name, value)
    if cut:
        hidden.setdefault("Full address", login.url)
    hidden = {name: value for name, value in hidden.items() if value}
    parts = [login.notes] if login.notes.strip() else []
    parts += [f"{name}: {value}" for name, value in hidden.items()]
    values = {"password": login.password, "otp": login.otp, "notes": "\n".join(parts), "key": login.key}
    secrets = {name: Secret(value) for name, value in values.items() if value}
    reason = critical_reason((login.title, login.username, login.group, *hidden), login.notes)
    details |= {
        "username": login.username,
        "url": bare,
        "group": login.group,
        "hidden_fields": ", ".join(sorted(clean(name, 80) for name in hidden)),
    }
    if not login.password and not login.key:
        details |= {"empty_password": "yes"}
    if reason:
        details |= {
            "critical": "yes",
            "proposal": f"Proposed as critical: its name or notes speak of {reason}.",
        }
    return ImportedItem(
        title=clean(login.title, 200) or clean(login.username, 200) or bare[:200] or "Entry without a title",
        category=Category.ADMIN_ACCESS,
        kind=ItemKind.CREDENTIAL,
        custodian=Custodian.MSP,
        sensitivity=Sensitivity.SENSITIVE if reason or login.sensitive else Sensitivity.NORMAL,
        details=kept(details),
        secrets=secrets,
        external_id=clean(login.external_id, 200),
        source_line=login.line,
        fingerprint=identities.fingerprint(login, secrets),
    )
