# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a new provider still reaches once its authorisation ended (R17): titles to answer, the proof of its own answers, nothing else."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence import deliver
from partwell.actions.releases.receive import answer_objection
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.releases.models import ReleaseLine, Reveal
from partwell.rules.refusals import Refusal
from partwell.workers.jobs import run_one
from tests.flows.browser_of import browser_of
from tests.flows.cast import PASSWORD, Cast, cast, done
from tests.flows.post_office import delivered

pytestmark = pytest.mark.usefixtures("db_world")


def words(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def later(days: int) -> Any:
    return patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(days=days))


class Ended:
    """Theo had a file, a secret that nobody opened, hardware and a bundle; he answered one; then Mara withdrew."""

    def __init__(self) -> None:
        self.cast: Cast = cast(signed=True)
        c = self.cast
        c.release("diagram", "router", "switch")
        delivered(c)
        self.theo = browser_of(c.theo)
        self.lines = {n: ReleaseLine.objects.get(item=c.items[n]) for n in ("diagram", "router", "switch")}
        self.reveal = self.theo.post(f"/provider/lines/{self.lines['router'].id}/reveal/").url  # type: ignore[attr-defined]
        assert self.theo.post("/provider/bundles/ask/", {}).status_code == 302
        while run_one():
            pass
        self.bundle = f"/provider/bundles/{Job.objects.get(kind='bundle.build').id}/"
        assert self.theo.get(f"{self.bundle}file/").status_code == 200
        assert self.answer(object_one="switch", reason="Wrong serial.") == 302
        self.receipt = Entry.objects.get(type="receipt.objected")
        done(answer_objection(actor=c.dan, line_id=self.lines["switch"].id, words="A new one is on its way."))
        self.said = f"A word before the end {uuid4().hex}"
        assert (
            self.theo.post("/provider/messages/", {"subject": self.said, "text": "Hello"}).status_code == 302
        )
        assert c.authorisation is not None
        done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))

    def answer(self, *, reason: str = "", **what: str) -> int:
        ((key, name),) = what.items()
        line = self.lines[name]
        given = {key: str(line.id), **({f"reason-{line.id}": reason} if reason else {})}
        return self.theo.post("/provider/answer/", given).status_code


def test_titles_stay_answerable_and_nothing_else_lives_on() -> None:
    e = Ended()
    theo, lines = e.theo, e.lines
    home = words(theo, "/provider/")
    assert "Your access has ended" in home and "Network diagram" in home and "Edge router login" in home
    for hidden in (
        "/file/",
        "Open it once",
        "SW-4711",
        "Condition:",
        "A new one is on its way",
        "Mara",
        "/provider/bundles/",
    ):
        assert hidden not in home, hidden
    # No file, no reveal (not even the page that was open), no bundle, whether by page or by post.
    for path in (f"/provider/lines/{lines['diagram'].id}/file/", e.reveal, "/provider/bundles/", e.bundle,
                 f"{e.bundle}part/", f"{e.bundle}file/"):  # fmt: skip
        assert theo.get(path).status_code == 409, path
    for path in (e.reveal, f"/provider/lines/{lines['router'].id}/reveal/", "/provider/bundles/ask/"):
        answer = theo.post(path)
        assert answer.status_code == 409 and PASSWORD not in answer.content.decode(), path
    assert not Reveal.objects.exclude(claimed_at=None).exists()
    assert theo.post("/provider/terms/", {"accept": "yes"}).status_code == 409
    # What was said while it stood is gone from sight; what is said now is held, shown to the client, answered by nobody.
    assert e.said not in words(theo, "/provider/messages/")
    assert theo.post("/provider/messages/", {"subject": "Where is it?", "text": "?"}).status_code == 302
    assert Message.objects.get(subject="Where is it?").held
    assert theo.post("/provider/ask/", {"wanted": "The rest", "words": ""}).status_code == 302
    assert Message.objects.get(subject="Asks for: The rest").held
    assert "Where is it?" in words(theo, "/provider/messages/")
    # And the answers: confirm, object, changed.
    assert e.answer(confirm_one="diagram") == 302
    assert e.answer(object_one="diagram", reason="It is the old one.") == 302
    assert e.answer(rotated_one="router") == 302
    assert ReleaseLine.objects.get(pk=lines["diagram"].id).answer == "objected"
    # No mail to Theo any more: neither these answers nor anything that was queued.
    fresh = Envelope.objects.filter(
        queued_at__gte=Entry.objects.get(type="authorisation.withdrawn").recorded_at
    )
    assert not [one for mail in fresh for one in mail.recipients if one["role"] == "provider"]
    assert not [
        one
        for one in Envelope.objects.filter(state="queued", to_provider=True)
        if not isinstance(deliver.claim(one.id), Refusal)
    ]


def test_the_proof_of_ones_own_receipts_stays_as_long_as_the_titles() -> None:
    e = Ended()
    theo = e.theo
    released = Entry.objects.filter(type="release.opened").first() or Entry.objects.filter(type__startswith="release.", recipient_ref=e.cast.recipient.id).first()  # fmt: skip
    assert released is not None
    listed = words(theo, "/provider/evidence/")
    assert "What you answered stays here" in listed and "objected" in listed
    assert f"/provider/evidence/{e.receipt.index}/" in listed
    assert f"/provider/evidence/{released.index}/" not in listed
    words(theo, f"/provider/evidence/{e.receipt.index}/")
    words(theo, f"/provider/proof/{e.receipt.uid.hex}/")
    assert theo.get(f"/provider/evidence/{e.receipt.index}/disclosed/").status_code == 200
    for what in ("checkpoint", "key"):
        assert theo.get(f"/provider/evidence/log/{what}/").status_code == 200
    words(theo, "/provider/evidence/check/")
    for path in (f"/provider/evidence/{released.index}/", f"/provider/proof/{released.uid.hex}/", f"/provider/evidence/{released.index}/disclosed/"):  # fmt: skip
        assert theo.get(path).status_code == 409, path
    strange = Entry.objects.filter(client_ref=e.cast.quayside.id).first()
    assert strange is not None and theo.get(f"/provider/evidence/{strange.index}/").status_code == 404


def test_once_the_window_closed_nothing_is_left() -> None:
    e = Ended()
    with later(16):
        theo = browser_of(e.cast.theo)
        home = words(theo, "/provider/")
        for title in ("Network diagram", "Edge router login", "Core switch"):
            assert title not in home
        e.theo = theo
        assert e.answer(confirm_one="diagram") == 409
        assert e.answer(rotated_one="router") == 404
        for path in ("/provider/evidence/", f"/provider/evidence/{e.receipt.index}/", f"/provider/proof/{e.receipt.uid.hex}/",
                     "/provider/evidence/log/key/", "/provider/bundles/", f"{e.bundle}file/", e.reveal):  # fmt: skip
            assert theo.get(path).status_code == 409, path


def test_a_person_who_left_the_firm_reaches_nothing() -> None:
    from partwell.actions.authorisations.recipients import person_left

    e = Ended()
    done(person_left(actor=e.cast.ines, person_id=e.cast.theo.id))
    for path in ("/provider/", "/provider/evidence/", e.bundle, e.reveal):
        assert e.theo.get(path).status_code == 302, path


def test_the_api_is_for_staff_and_knows_no_provider(db_world: Any) -> None:
    e = Ended()
    assert e.theo.get("/api/v1/me").status_code == 401


def test_settling_a_mail_asks_roles_itself() -> None:
    e = Ended()
    mail = Envelope.objects.order_by("queued_at").first()
    assert mail is not None
    for actor, code in ((e.cast.dan, "not_your_role"), (e.cast.kerstin, "not_your_role"), (e.cast.mara, "not_found"), (e.cast.theo, "not_found")):  # fmt: skip
        refused = deliver.settle_unknown(actor=actor, envelope_id=mail.id, outcome="arrived", ground="asked")
        assert isinstance(refused, Refusal) and refused.code == code
