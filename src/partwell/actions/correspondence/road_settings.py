# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in a road's settings, and what is wrong with it. Never a secret.

imap: host, port, security (tls, starttls; none on loopback), user, folder, auth (password, xoauth2, oauth), after (seen,
move, nothing), into; ``servers``: the owner's own servers, whose Received lines tell who sent a mail (SPF). For oauth:
provider, grant, client_id, tenant, token_url, scopes. webhook: service; user, for what stands in its address; for SES its
topic, and where it keeps what is too large for a call: bucket, region (empty: the topic's), access_key.
"""

import re
from typing import Any

from partwell.connectors.https import host_of
from partwell.connectors.imap import loopback
from partwell.connectors.mail_trace import names_of
from partwell.connectors.oauth import PROVIDERS, tenant_holds
from partwell.rules.mail_services import PARTWELL, SERVICES, MailService
from partwell.rules.refusals import Refusal, refuse

IMAP_DEFAULTS: dict[str, Any] = {
    "port": 993, "security": "tls", "folder": "INBOX", "auth": "password", "after": "seen", "into": "", "servers": "",
    "provider": "microsoft", "grant": "refresh_token", "client_id": "", "tenant": "", "token_url": "", "scopes": "",
}  # fmt: skip
HOOK_DEFAULTS: dict[str, Any] = {
    "service": PARTWELL, "user": "partwell", "topic": "", "bucket": "", "region": "", "access_key": "",
}  # fmt: skip
_CHOICES = {
    "security": ("tls", "starttls", "none"),
    "auth": ("password", "xoauth2", "oauth"),
    "after": ("seen", "move", "nothing"),
}
TOPIC = re.compile(
    r"arn:aws(?:-cn|-us-gov)?:sns:([a-z]{2}(?:-[a-z]+)+-[0-9]):([0-9]{12}):([A-Za-z0-9_-]{1,256})"
)


def whole(kind: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the defaults of their kind; a name that the kind does not have is left out."""
    defaults = IMAP_DEFAULTS if kind == "imap" else HOOK_DEFAULTS
    known = {*defaults, "host", "user"} if kind == "imap" else set(defaults)
    return {**defaults, **{name: value for name, value in settings.items() if name in known}}


def service_of(settings: dict[str, Any]) -> MailService:
    """The service of a webhook's settings; our own where none is named (roads of before)."""
    return SERVICES[settings.get("service") or PARTWELL]


def wrong(where: str, problem: str) -> Refusal:
    """A field that does not hold."""
    return refuse("invalid_input", where=where, problem=problem)


def problem_of(kind: str, settings: dict[str, Any]) -> Refusal | None:
    """What is wrong with whole settings, or None."""
    if any(ord(sign) < 32 or ord(sign) == 127 for value in settings.values() for sign in str(value)):
        name = next(name for name, value in settings.items() if any(ord(sign) < 32 or ord(sign) == 127 for sign in str(value)))  # fmt: skip
        return refuse("header_injection", where=name.capitalize())
    if kind == "webhook":
        return _hook(settings)
    if kind != "imap":
        return wrong("The kind", "it is imap or webhook")
    return _imap(settings) or (_oauth(settings) if settings["auth"] == "oauth" else None)


def _hook(settings: dict[str, Any]) -> Refusal | None:
    service = SERVICES.get(str(settings["service"]))
    if service is None:
        return wrong("The service", f"it is one of {', '.join(SERVICES)}")
    if service.basic and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", str(settings["user"])):
        return wrong("The user", "it has letters, digits, dots and dashes only")
    if service.proof == "topic" and not TOPIC.fullmatch(str(settings["topic"])):
        return wrong("The topic", "it is the ARN of an SNS topic")
    return _bucket(service, settings)


def _bucket(service: MailService, settings: dict[str, Any]) -> Refusal | None:
    given = [name for name in ("bucket", "region", "access_key") if settings[name]]
    if not given:
        return None
    if service.proof != "topic":
        return wrong("The bucket", "it goes with Amazon SES only")
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", str(settings["bucket"])):
        return wrong("The bucket", "it is the name of an S3 bucket, small letters, digits, dots and dashes")
    if settings["region"] and not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-[0-9]", str(settings["region"])):
        return wrong("The region", "it is a name like eu-west-1")
    if not re.fullmatch(r"[A-Z0-9]{16,128}", str(settings["access_key"])):
        return wrong("The access key", "it is the ID of an access key, capitals and digits")
    return None


def _imap(settings: dict[str, Any]) -> Refusal | None:
    host, port = str(settings.get("host", "")), settings.get("port")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?", host):
        return wrong("The host", "it is no host name or address")
    if not isinstance(port, int) or not 0 < port < 65536:
        return wrong("The port", "it is a number from 1 to 65535")
    for name, choices in _CHOICES.items():
        if settings.get(name) not in choices:
            return wrong(name.capitalize(), f"it is one of {', '.join(choices)}")
    if settings["security"] == "none" and not loopback(host):
        return wrong("Security", "without TLS a mailbox is read on this machine only")
    if not settings.get("user") or not settings.get("folder"):
        return refuse("required", where="The user and the folder")
    if settings["after"] == "move" and settings.get("into") in ("", settings["folder"]):
        return wrong("The folder to move to", "it is another one than the folder that is read")
    for name in names_of(str(settings["servers"])):
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?", name):
            return wrong("Your own servers", "they are host names, with commas between them")
    return None


def _oauth(settings: dict[str, Any]) -> Refusal | None:
    provider = PROVIDERS.get(str(settings["provider"]))
    if provider is None:
        return wrong("The provider", f"it is one of {', '.join(PROVIDERS)}")
    if settings["grant"] not in provider.scopes:
        return wrong("How it asks", f"{provider.name} is asked by {' or '.join(provider.scopes)}")
    if not re.fullmatch(r"[\x21-\x7e]{1,300}", str(settings["client_id"])):
        return wrong("The client", "it is its identifier, without spaces")
    if provider.code == "microsoft" and not tenant_holds(str(settings["tenant"])):
        return wrong("The tenant", "it is its identifier or domain")
    if provider.code == "other" and not host_of(str(settings["token_url"])):
        return wrong("The token address", "it is an https address")
    if not re.fullmatch(r"[\x20-\x7e]{0,1000}", str(settings["scopes"])):
        return wrong("The scopes", "they are printable ASCII")
    return None


def token_address(settings: dict[str, Any]) -> str:
    """Where an OAuth road's tokens come from."""
    provider = PROVIDERS[settings["provider"]]
    return (provider.token_url or str(settings["token_url"])).replace("{tenant}", str(settings["tenant"]))


def scopes(settings: dict[str, Any]) -> str:
    """What an OAuth road asks for: as set, else the provider's own."""
    return str(settings["scopes"]) or PROVIDERS[settings["provider"]].scopes[settings["grant"]]
