# SPDX-License-Identifier: AGPL-3.0-or-later
"""Links, sessions and headers under attack: what a scanner, a thief and a second tab get out of them."""

from datetime import timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from partwell.actions.people.enter import make_link
from partwell.actions.releases.request_bundle import request_bundle
from partwell.records.people.models import PortalSession
from partwell.records.releases.models import ReleaseLine
from partwell.rules.terms import Party
from tests.flows.browser_of import browser_of
from tests.flows.cast import cast, done
from tests.flows.post_office import delivered

pytestmark = pytest.mark.usefixtures("db_world")


def test_a_scanner_uses_nothing_up_and_a_link_opens_once() -> None:
    c = cast(items=False)
    token = make_link("client", c.mara.id)
    scanner = Client()
    for method in ("get", "head", "options", "get"):
        getattr(scanner, method)(f"/in/{token}/")
    assert not PortalSession.objects.exists()
    first, second = Client(), Client()
    first.cookies["pw_client"] = "a key of the attacker's choice"
    answer = first.post(f"/in/{token}/")
    assert answer.status_code == 302 and answer.cookies["pw_client"].value != "a key of the attacker's choice"
    assert answer.cookies["pw_client"]["httponly"] and answer.cookies["pw_client"]["path"] == "/client/"
    assert second.post(f"/in/{token}/").status_code == 409
    with patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(minutes=31)):
        assert second.post(f"/in/{make_link('client', c.tom.id)}/").status_code == 302
    late = make_link("client", c.tom.id)
    with patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(minutes=31)):
        assert second.post(f"/in/{late}/").status_code == 409


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/provider/", "/clients/", "\\\\evil"],
)
def test_next_stays_within_its_door(wanted: str) -> None:
    c = cast(items=False)
    mara = browser_of(c.mara)
    assert mara.get("/client/sign-in/", {"next": wanted})["Location"] == "/client/"
    entered = Client().post(f"/in/{make_link('client', c.mara.id, next_path=wanted)}/")
    assert entered["Location"] == "/client/"


def test_a_door_opens_no_other() -> None:
    c = cast(signed=True, items=False)
    mara, theo = browser_of(c.mara), browser_of(c.theo)
    mara.cookies["pw_provider"] = mara.cookies["pw_client"].value
    theo.cookies["pw_client"] = theo.cookies["pw_provider"].value
    for browser, place in ((mara, "/provider/"), (theo, "/client/"), (mara, "/clients/"), (theo, "/")):
        assert browser.get(place).status_code == 302
        assert browser.post(place).status_code in (302, 404, 405)


def test_another_recipients_and_another_clients_things_are_not_there() -> None:
    c = cast(signed=True)
    c.release("diagram", "router")
    delivered(c)
    lines = {row.title: row.id for row in ReleaseLine.objects.all()}
    job = done(
        request_bundle(actor=c.theo, client_id=c.northwick.id, to=Party.PROVIDER, recipient_id=c.recipient.id)
    )
    leo, theo = browser_of(c.leo), browser_of(c.theo)
    for line in (*lines.values(), uuid4(), "zz", "0" * 32):
        assert leo.get(f"/client/lines/{line}/file/").status_code == 404
        assert leo.post(f"/client/lines/{line}/reveal/").status_code == 404
    for part in ("", "part/", "file/"):
        assert leo.get(f"/client/bundles/{job.id}/{part}").status_code == 404
    assert theo.get(f"/provider/lines/{c.items['foreign'].id}/file/").status_code == 404
    opened = theo.post(f"/provider/lines/{lines['Edge router login']}/reveal/")
    page = opened["Location"]
    assert browser_of(c.sunniva).post(page).status_code == 404
    assert browser_of(c.theo).post(page).status_code == 409  # another session of the same person
    shown = theo.post(page)
    assert shown.status_code == 200 and "no-store" in shown["Cache-Control"]
    assert (
        "frame-ancestors 'none'" in shown["Content-Security-Policy"]
        and shown["Referrer-Policy"] == "no-referrer"
    )
    assert theo.post(page).status_code == 409 and b"correct horse" not in theo.get(page).content
