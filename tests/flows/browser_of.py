# SPDX-License-Identifier: AGPL-3.0-or-later
"""Django's test client as one of the cast, signed in the way the doors want it."""

import time

from allauth.account.internal.userkit import user_id_to_str
from django.test import Client

from partwell.actions.people.enter import make_link, use_link
from partwell.entrypoints.door.actor import COOKIES
from partwell.records.people.models import StaffMember
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal


def browser_of(actor: Actor) -> Client:
    """A browser in which ``actor`` is signed in; staff with a second factor."""
    browser = Client(HTTP_USER_AGENT="a test's browser")
    if actor.is_staff:
        user = StaffMember.objects.select_related("user").get(pk=actor.id).user
        browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        session = browser.session
        session["account_authentication_methods_user"] = user_id_to_str(user)
        session["account_authentication_methods"] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
        session.save()
        return browser
    used = use_link(make_link(actor.kind, actor.id), address="192.0.2.7", agent="a test's browser")
    assert not isinstance(used, Refusal)
    browser.cookies[COOKIES[actor.kind]] = used[1]
    return browser
