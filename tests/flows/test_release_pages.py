# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of releases and correspondence, walked through without JavaScript behind all three doors."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.records.correspondence.models import Call, Envelope, Message
from partwell.records.releases.models import ApprovalRequest, Release, ReleaseLine
from tests.flows.browser_of import browser_of
from tests.flows.cast import PASSWORD, cast, done, sign
from tests.flows.post_office import delivered

pytestmark = pytest.mark.usefixtures("db_world")


def fields(page: bytes) -> dict[str, list[str]]:
    """The hidden fields of a page's forms."""
    out: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.decode()):
        out.setdefault(name, []).append(value)
    return out


def ok(response, status: int = 200) -> str:
    """The words of a page that answered as expected."""
    assert response.status_code == status, (response.status_code, response.content[:3000])
    return response.content.decode()


def test_the_wizard_shows_the_verdicts_and_releases_what_was_shown() -> None:
    c = cast(signed=True)
    dan = browser_of(c.dan)
    base = f"/clients/{c.northwick.id}/"
    assert "Theo Brandt" in ok(dan.get(f"{base}release/"))
    ids = [str(one) for one in c.ids("diagram", "runbook", "script")]
    page = dan.post(f"{base}release/check/", {"to": f"p:{c.theo.id}", "item": ids, "way": "portal"})
    words = ok(page)
    assert (
        "Goes out at once" in words
        and "is asked first" in words
        and "belongs to the service provider" in words
    )
    assert not Release.objects.exists()
    form = fields(page.content)
    first = dan.post(f"{base}release/send/", form)
    assert first.status_code == 302
    assert dan.post(f"{base}release/send/", form).status_code == 302  # a second tab, a double click
    assert Release.objects.count() == 1
    words = ok(dan.get(first.url))
    assert "Network diagram" in words and "Waits for its turn" in words and "Client is asked" in words
    assert "Release 1" in ok(dan.get(f"{base}releases/"))
    assert ok(browser_of(c.kerstin).get(first.url))
    assert browser_of(c.kerstin).post(f"{base}release/send/", form).status_code == 409


def test_a_verdict_that_changed_meanwhile_is_shown_again_and_nothing_leaves() -> None:
    c = cast(signed=True)
    dan = browser_of(c.dan)
    base = f"/clients/{c.northwick.id}/"
    page = dan.post(
        f"{base}release/check/",
        {"to": f"p:{c.theo.id}", "item": [str(one) for one in c.ids("diagram", "switch")]},
    )
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    again = dan.post(f"{base}release/send/", fields(page.content))
    assert "This changed while you were looking" in ok(again, 409)
    assert not Release.objects.exists()


def test_the_signatory_decides_on_one_page_and_an_observer_only_reads() -> None:
    c = cast(signed=True)
    release = c.release("diagram", "runbook", "unknown").release
    request = ApprovalRequest.objects.get()
    mara, tom, leo = browser_of(c.mara), browser_of(c.tom), browser_of(c.leo)
    address = f"/client/approvals/{request.id}/"
    assert "Send my decision" in ok(mara.get(address)) and "Send my decision" not in ok(tom.get(address))
    assert (
        leo.get(address).status_code == 404 and leo.get(f"/client/releases/{release.id}/").status_code == 404
    )
    assert tom.post(address, {}).status_code in (409, 422)
    lines = {line.title: line.id for line in ReleaseLine.objects.filter(state="asked")}
    assert "Please answer every line" in ok(
        mara.post(address, {f"line-{lines['Month-end runbook']}": "yes"}), 422
    )
    answered = mara.post(
        address,
        {
            f"line-{lines['Month-end runbook']}": "yes",
            f"line-{lines['Old camera plan']}": "no",
            "words": "Thanks",
        },
    )
    assert answered.status_code == 302
    words = ok(mara.get(answered.url))
    assert "You said no" in words and "Every step, with its proof" in words
    assert "Network diagram" in ok(mara.get("/client/releases/")) or "Release 1" in ok(
        mara.get("/client/releases/")
    )
    assert (
        mara.get(f"/client/lines/{ReleaseLine.objects.get(title='Network diagram').id}/file/").status_code
        == 200
    )


def test_the_providers_checklist_answers_fetches_and_ends() -> None:
    c = cast(signed=True)
    c.release("diagram", "router", "switch", "runbook")
    delivered(c)
    theo, sunniva = browser_of(c.theo), browser_of(c.sunniva)
    assert sunniva.get("/provider/").url == "/provider/terms/"
    words = ok(theo.get("/provider/"))
    assert "Network diagram" in words and "Month-end runbook" not in words and "1 item waits" in words
    diagram, router, switch = (
        ReleaseLine.objects.get(item=c.items[n]) for n in ("diagram", "router", "switch")
    )
    asked = ReleaseLine.objects.get(item=c.items["runbook"])
    assert b"".join(theo.get(f"/provider/lines/{diagram.id}/file/")).startswith(b"What diagram says")
    assert theo.get(f"/provider/lines/{asked.id}/file/").status_code == 404
    assert theo.get("/provider/lines/nonsense/file/").status_code == 404
    assert (
        theo.post(
            "/provider/answer/", {"line": [str(diagram.id), str(switch.id)], "do": "confirm"}
        ).status_code
        == 302
    )
    assert (
        theo.post(
            "/provider/answer/", {"object_one": str(switch.id), f"reason-{switch.id}": "Wrong serial."}
        ).status_code
        == 302
    )
    assert ReleaseLine.objects.get(pk=switch.id).answer == "objected"
    opened = theo.post(f"/provider/lines/{router.id}/reveal/")
    assert PASSWORD not in ok(theo.get(opened.url))
    shown = theo.post(opened.url)
    assert PASSWORD in ok(shown) and "no-store" in shown.headers["Cache-Control"]
    assert PASSWORD not in ok(theo.post(opened.url), 409) and PASSWORD not in ok(theo.get(opened.url))
    assert theo.post("/provider/answer/", {"rotated_one": str(router.id)}).status_code == 302
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    words = ok(theo.get("/provider/"))
    assert "Your access has ended" in words and "Network diagram" in words and "/file/" not in words
    assert ok(theo.get(f"/provider/lines/{diagram.id}/file/"), 409)
    assert browser_of(c.leo).get("/provider/").status_code in (302, 404)


def test_terms_are_read_and_accepted_in_ones_own_name() -> None:
    c = cast()
    sign(c, terms=False)
    theo = browser_of(c.theo)
    page = theo.get("/provider/terms/")
    assert "Northwick Traders Ltd" in ok(page)
    assert theo.post("/provider/terms/", {**fields(page.content), "accept": "yes"}).url == "/provider/"
    assert "Nothing has been released to you yet" in ok(theo.get("/provider/"))


def test_before_consent_the_provider_learns_nothing_and_what_it_writes_is_held() -> None:
    c = cast()
    theo = browser_of(c.theo)
    words = ok(theo.get("/provider/"))
    assert "There is no valid consent" in words and "Mara" not in words
    assert theo.post("/provider/ask/", {"wanted": "Everything"}).status_code == 302
    assert theo.post("/provider/messages/", {"subject": "Hello", "text": "When?"}).status_code == 302
    assert "answered by nobody" in ok(theo.get("/provider/messages/"))
    assert "We did not answer this" in ok(browser_of(c.mara).get("/client/messages/"))
    shown = ok(browser_of(c.dan).get(f"/clients/{c.northwick.id}/messages/"))
    assert "Held: nobody answers this" in shown and "Our mail to the client about it" in shown


def test_messages_calls_and_mails_of_staff_and_what_the_client_sees_of_them() -> None:
    c = cast(signed=True)
    ines, mara, base = browser_of(c.ines), browser_of(c.mara), f"/clients/{c.northwick.id}/"
    form = fields(ines.get(f"{base}messages/write/").content)
    assert (
        ines.post(
            f"{base}messages/write/",
            {**form, "to": "internal", "subject": "Careful", "text": "Counsel knows."},
        ).status_code
        == 302
    )
    form = fields(ines.get(f"{base}messages/write/").content)
    assert (
        ines.post(
            f"{base}messages/write/",
            {**form, "to": f"all:{c.recipient.id}", "subject": "Plan", "text": "Here it is."},
        ).status_code
        == 302
    )
    assert ines.post(f"{base}messages/write/", {"to": "client"}).status_code == 422
    page = ines.get(f"{base}calls/log/")
    when = re.search(r'name="happened_at" value="([^"]+)"', page.content.decode())[1]
    call = {
        "kind": "call",
        "with_whom": "Mara Ellery",
        "happened_at": when,
        "minutes": "5",
        "summary": "We agreed on Monday.",
        "internal_note": "Tired.",
    }
    assert ines.post(f"{base}calls/log/", call).status_code == 302
    row = Call.objects.get()
    assert ines.post(f"/calls/{row.id}/correct/", {"correction": "On Tuesday."}).status_code == 302
    words = ok(ines.get(f"{base}messages/"))
    assert "Counsel knows" in words and "Tired" in words and "On Tuesday" in words
    seen = ok(mara.get("/client/messages/"))
    assert (
        "Counsel" not in seen
        and "Tired" not in seen
        and "We agreed on Monday" in seen
        and "Here it is." in seen
    )
    envelope = Envelope.objects.get(message__subject="Plan")
    for address in (f"/mails/{envelope.id}/", f"{base}mails/", "/messages/", f"/calls/{row.id}/"):
        ok(ines.get(address))
    html = ines.get(f"/mails/{envelope.id}/html/")
    assert (
        "sandbox" in html.headers["Content-Security-Policy"]
        and html.headers["X-Frame-Options"] == "SAMEORIGIN"
    )
    assert ok(mara.get(f"/client/mails/{envelope.id}/")) and ok(mara.get("/client/mails/"))
    assert browser_of(c.leo).get(f"/client/mails/{envelope.id}/").status_code == 404
    form = fields(mara.get("/client/messages/").content)
    assert (
        mara.post(
            "/client/messages/", {**form, "to": "client", "subject": "Thanks", "text": "Good."}
        ).status_code
        == 302
    )
    assert Message.objects.filter(author_kind="client").count() == 1


def test_a_mail_nobody_knows_of_is_settled_by_a_person() -> None:
    c = cast(signed=True)
    release = c.release("diagram").release
    from datetime import timedelta

    envelope = Envelope.objects.get(release=release)
    taken = deliver.claim(envelope.id)
    assert deliver.start_data(envelope.id, taken.claim)
    deliver.recover(older_than=timedelta(0))
    ines = browser_of(c.ines)
    assert "Nobody knows whether this mail left" in ok(ines.get("/messages/"))
    assert (
        ines.post(
            f"/mails/{envelope.id}/settle/", {"outcome": "arrived", "ground": "Theo says so."}
        ).status_code
        == 302
    )
    assert "Settled" in ok(ines.get(f"/mails/{envelope.id}/"))


@pytest.mark.parametrize("door", ["staff", "client", "provider"])
def test_the_number_of_queries_does_not_grow(door: str) -> None:
    c = cast(signed=True)
    who = {"staff": c.dan, "client": c.mara, "provider": c.theo}[door]
    addresses = {"staff": [f"/clients/{c.northwick.id}/releases/", f"/clients/{c.northwick.id}/messages/", f"/clients/{c.northwick.id}/mails/"],
                 "client": ["/client/releases/", "/client/messages/"], "provider": ["/provider/", "/provider/messages/"]}[door]  # fmt: skip
    browser = browser_of(who)

    def counted() -> list[int]:
        found = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                ok(browser.get(address))
            found.append(len(queries))
        return found

    def some(number: int) -> None:
        for name in ("diagram", "switch"):
            c.release(name, key=f"{name}{number}")
            c.release(name, key=f"own{name}{number}", target=c.to_client())
        done(
            write_message(
                actor=c.ines,
                client_id=c.northwick.id,
                draft=Draft(f"No {number}", "A word.", "all", c.recipient.id),
            )
        )
        delivered(c)

    some(0)
    counted()
    before = counted()
    for number in range(1, 4):
        some(number)
    assert counted() == before, "the pages ask the database more as the record grows"
