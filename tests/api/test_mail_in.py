# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that came in by the API: lists, one mail with its proof, files, and the same words on it as on the pages."""

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from partwell.records.correspondence.models import InboundMail, Message
from partwell.rules.actor import Actor
from tests.api.caller import Caller
from tests.api.caller import caller as token_of
from tests.flows.cast import Cast
from tests.flows.mail_cast import address, mail, mail_comes_in, signed, take
from tests.flows.mail_forwards import DAN, INLINE, THEO, attached, original
from tests.flows.mail_parts import parted
from tests.flows.test_mail_in import KNOWN, started
from tests.support.worlds import World


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def by(c: Cast, who: Actor) -> Caller:
    """A program with a token of this person's."""
    return token_of(c.jonah, who)


def test_what_lies_before_a_person_is_listed_and_settled() -> None:
    c = started()
    held = take(mail("who@knows.example", address()), to=address())
    lost = take(parted("x@knows.example", "reply@parting.example"), to="reply@parting.example")
    spam = take(mail("spam@knows.example", "reply@parting.example"), to="reply@parting.example")
    ines, dan, kerstin = by(c, c.ines), by(c, c.dan), by(c, c.kerstin)
    assert {one["id"] for one in kerstin.ok("GET", "/mail-in")["items"]} == {
        str(one.id) for one in (held, lost, spam)
    }
    assert [one["id"] for one in dan.ok("GET", "/mail-in?state=held")["items"]] == [str(held.id)]
    page = dan.ok("GET", "/mail-in?limit=2")
    assert (
        len(page["items"]) == 2
        and len(dan.ok("GET", f"/mail-in?limit=2&cursor={page['next']}")["items"]) == 1
    )
    assert [one["id"] for one in dan.ok("GET", f"/clients/{c.northwick.id}/mail-in")["items"]] == [
        str(held.id)
    ]
    assert dan.ok("GET", f"/clients/{c.quayside.id}/mail-in")["items"] == []
    assert dan.post(f"/mail-in/{lost.id}/assign", {"client_id": str(c.northwick.id)}).status_code == 409, (
        "a technician may not"
    )
    placed = ines.ok("POST", f"/mail-in/{lost.id}/assign", {"client_id": str(c.northwick.id)})
    assert placed["state"] == "held" and placed["client_id"] == str(c.northwick.id) and placed["message_id"]
    assert ines.post(f"/mail-in/{lost.id}/accept").json()["code"] == "mail_settled"
    assert ines.ok("POST", f"/mail-in/{spam.id}/drop", {"reason": "An advertisement"})["state"] == "dropped"
    assert ines.post(f"/mail-in/{spam.id}/drop", {"reason": ""}).status_code == 422
    for path in ("", "/raw"):
        assert dan.get(f"/mail-in/{c.northwick.id}{path}").status_code == 404


def test_one_mail_with_its_proof_and_its_files() -> None:
    c = started()
    raw = signed(parted("tom@northwick.example", address()), "northwick.example")
    row = take(raw, to=address(), resolver=KNOWN)
    dan = by(c, c.dan)
    found = dan.ok("GET", f"/mail-in/{row.id}")
    assert (found["state"], found["sender_kind"], found["proof"]["proof"]) == ("filed", "client", "dkim")
    assert (
        found["proof"]["dns"][0]["name"] == "s1._domainkey.northwick.example"
        and found["proof"]["dkim"]["result"] == "pass"
    )
    assert (
        "Proved" in found["proof"]["words"]
        and found["forward"] is None
        and found["envelope_to"] == [address()]
    )
    assert b"".join(dan.get(f"/mail-in/{row.id}/raw")) == raw  # type: ignore[arg-type]
    part = next(one for one in found["parts"] if one["name"] == "list.csv")
    assert b"".join(dan.get(f"/mail-in/{row.id}/parts/{part['id']}")).startswith(b"a,b")  # type: ignore[arg-type]
    assert dan.get(f"/mail-in/{row.id}/parts/{row.id}").status_code == 404


def test_a_mail_is_brought_in_and_nothing_is_sent_for_it() -> None:
    c = started(consent=True)
    ines, dan, kerstin = by(c, c.ines), by(c, c.dan), by(c, c.kerstin)

    def eml(raw: bytes) -> SimpleUploadedFile:
        return SimpleUploadedFile("mail.eml", raw, "message/rfc822")

    lost = mail("Stranger <who@knows.example>", "desk@harbourline.example")
    made = ines.form("/mail-in", {"file": eml(lost), "client_id": str(c.northwick.id)}, key="once")
    assert made.status_code == 201 and (made.json()["state"], made.json()["road"]) == ("held", "upload")
    again = ines.form("/mail-in", {"file": eml(lost), "client_id": str(c.northwick.id)}, key="once")
    assert again.headers["Idempotent-Replayed"] == "true" and InboundMail.objects.count() == 1
    assert kerstin.form("/mail-in", {"file": eml(lost)}).status_code == 409
    assert (
        dan.form("/mail-in", {"file": eml(lost), "client_id": str(c.northwick.id)}).json()["code"]
        == "not_your_role"
    )
    answer = dan.form(
        "/mail-in", {"file": eml(mail(f"Dan Frey <{DAN}>", address("provider"), "Re: Hello", "Ten is fine."))}
    ).json()
    assert answer["state"] == "waiting" and not Message.objects.filter(author_name="Dan Frey").exists()
    assert ines.post(f"/mail-in/{answer['id']}/accept").json()["code"] == "mail_not_yours"
    assert dan.ok("POST", f"/mail-in/{answer['id']}/accept")["state"] == "filed"
    assert Message.objects.get(author_name="Dan Frey").recipient == c.recipient


def test_a_forward_is_filed_under_its_original_sender() -> None:
    c = started()
    to = address()
    row = take(attached(original(), original(Subject="Other"), to=to), to=to)
    inline = take(mail(f"Dan Frey <{DAN}>", to, "WG: Firewall", INLINE["outlook de"][1]), to=to)
    dan, ines = by(c, c.dan), by(c, c.ines)
    offered = dan.ok("GET", f"/mail-in/{inline.id}")["forward"]
    assert (offered["how"], offered["address"], offered["name"], offered["subject"]) == (
        "inline",
        THEO,
        "Theo Brandt",
        "Firewall",
    )
    said = {name: offered[name] for name in ("name", "address", "written_at", "subject")}
    assert ines.post(f"/mail-in/{inline.id}/forwarded", said).json()["code"] == "mail_not_yours"
    filed = dan.ok("POST", f"/mail-in/{inline.id}/forwarded", said)
    assert (filed["state"], filed["from_address"], filed["forwarded_by_id"]) == (
        "held",
        THEO,
        str(c.dan.id),
    ) and filed["forwarded_at"]
    assert dan.ok("GET", f"/mail-in/{inline.id}")["proof"]["words"].startswith("Not provable")
    assert dan.post(f"/mail-in/{row.id}/forwarded", {**said, "written_at": "yesterday"}).status_code == 422
    assert dan.post(f"/mail-in/{row.id}/forwarded", {**said, "address": DAN}).status_code == 422
