# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stories about signing in share: a set-up house, codes of an authenticator app, what account mail said."""

import base64
import hashlib
import hmac
import re
import struct
import time
from typing import Any

from django.conf import settings
from django.test import Client

from partwell.actions.people import account_mail
from partwell.actions.people.set_up import MspPolicy, actor_of, set_up
from partwell.records.people.models import AccountMail, StaffMember
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal

PASSWORD = "a quiet harbour at seven"
JONAH = "jonah@harbourline.example"


def house(password: str | None = PASSWORD) -> StaffMember:
    """Harbourline IT with its owner Jonah Reyes."""
    owner = set_up(
        MspPolicy(name="Harbourline IT", email="desk@harbourline.example"),
        owner_name="Jonah Reyes",
        owner_email=JONAH,
        owner_password=password,
    )
    assert not isinstance(owner, Refusal)
    return owner


def owner_actor() -> Actor:
    """Jonah, fully signed in."""
    return actor_of(StaffMember.objects.get(user__email=JONAH))


def totp(secret: str, at: float | None = None) -> str:
    """RFC 6238 by hand: what the authenticator app shows for this base32 key.

    Now's code is given with five seconds or more to live: one about to change is waited out, as people do.
    """
    if at is None and (left := 30 - time.time() % 30) < 5:
        time.sleep(left + 0.01)
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = struct.pack(">Q", int(at if at is not None else time.time()) // 30)
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def sign_in(browser: Client, email: str = JONAH, password: str = PASSWORD, **extra: Any) -> Any:
    """Post the password form."""
    return browser.post("/account/login/", {"login": email, "password": password}, **extra)


def set_up_totp(browser: Client) -> str:
    """Switch an authenticator app on in a signed-in browser; gives its key."""
    page = browser.get("/account/2fa/totp/activate/")
    assert page.status_code == 200, page.headers
    secret = str(page.context["form"].secret)
    done = browser.post("/account/2fa/totp/activate/", {"code": totp(secret)})
    assert done.status_code == 302, done.content
    return secret


def mails_to(address: str) -> list[dict[str, str]]:
    """The words of account mails queued to an address, oldest first."""
    rows = AccountMail.objects.filter(to=address, state="queued").order_by("next_attempt_at")
    return [account_mail.body_of(row) for row in rows]


def links_in(text: str) -> list[str]:
    """Paths of our own links in a mail's text."""
    found = re.findall(re.escape(settings.PARTWELL_URL) + r"(/\S+)", text)
    return [one.rstrip(".,)") for one in found]
