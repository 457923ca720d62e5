# SPDX-License-Identifier: AGPL-3.0-or-later
"""Your data in the client's portal: what is held and until when, the choice, the waiver, the objection, the second person (R6, R15)."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.utils import timezone

from partwell.actions.people.passkeys import confirm_passkey, still_holds
from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.lift_hold import ask_lift, lift_hold
from partwell.actions.retention.notices import give_notices
from partwell.actions.retention.only_copies import name_only_copy
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.propose import propose_deletion
from partwell.actions.retention.run_deletion import start
from partwell.actions.retention.set_facts import Replica
from partwell.actions.retention.stop import resume_deletion
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.retention.models import DataChoice, HandStep, Hold, OnlyCopy
from partwell.rules.keeping import Choice
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.deleted import backup_set, deleted
from tests.flows.deletion_cast import due_set, fill, folder_facts, people, work
from tests.flows.keeping_cast import archive, choose, code, images, kept, moment
from tests.flows.strong_signing import JSON, device, enrolled
from tests.support.authenticator import Passkey

AT = "/client/retention/"


@pytest.fixture
def c(db_world: Any) -> Cast:
    return cast()


def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def digest(text: str) -> str:
    """What the page would have signed."""
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', text)
    assert found, "no digest on the page"
    return found[1]


def signed(text: str, **more: Any) -> dict[str, Any]:
    return {"digest": digest(text), "read": "on", "electronic": "on", "name": "Mara Ellery", **more}


def by_passkey(browser: Browser, phone: Passkey, what: str, query: str, form: dict[str, Any]) -> Any:
    """What the page's script does: fetch options, let the phone sign, send form and signature."""
    options = browser.post(f"{AT}{what}/options/{query}", {}, content_type=JSON)
    assert options.status_code == 200, options.content
    body = {"form": form, "credential": phone.get(options.content)}
    return browser.post(f"{AT}{what}/passkey/{query}", body, content_type=JSON)


def wish(**more: Any) -> HoldWish:
    said = {"title": "Claim of Tarn Freight", "description": "The outage", "asked_by": "Counsel of Northwick", "whole_client": True,
            "review_on": timezone.localdate() + timedelta(days=90), "internal_note": "Our insurer pays", **more}  # fmt: skip
    return HoldWish(**said)


def test_what_we_hold_until_when_and_why(c: Cast) -> None:
    row = kept(
        c,
        images(
            replicas=[Replica("Second copy", "Oslo", "Deep Storage Ltd", 14), Replica("Offline copy")],
            payer="client",
        ),
    )
    soon = row.keep_until - timedelta(days=5)
    kept(c, archive(cancel_on=soon - timedelta(days=60)))
    done(place_hold(actor=c.jonah, client_id=c.northwick.id, wish=wish()))
    mara = browser_of(c.mara)
    text = page(mara, AT)
    for words in ("Server images", "Tarn, region north", "Second copy: Oslo, Deep Storage Ltd; expires 14 days after", "Offline copy; when it expires",
                  "calendar months after the end of service", "Coldshelf purges 30 days after cancellation", "Claim of Tarn Freight",
                  "Counsel of Northwick", "Held, nothing is deleted", "What shall happen to 2 sets of your data?"):  # fmt: skip
        assert words in text, words
    # What is internal or says how the storage is reached is on no page of theirs.
    assert "Our insurer pays" not in text and "AKNORTH" not in text and "s3.tarn.example" not in text
    assert "What shall happen to your data? There are 2 sets of it." in page(mara, "/client/")
    tom = page(browser_of(c.tom), AT)
    assert "Server images" in tom and "waits for a signatory" in tom
    main = tom.partition("<main")[2].partition("</main>")[0]
    assert 'method="post"' not in main and "/choose/" not in main and "/object/" not in main
    leo = page(browser_of(c.leo), AT)
    assert "Server images" not in leo and "Tarn" not in leo


def test_notices_and_late_promises_are_said_plainly(c: Cast) -> None:
    row = kept(c, archive())
    assert row.keep_until is not None
    give_notices(now=moment(row.keep_until - timedelta(days=60)))
    late = backup_set(c, "Old tapes")  # its day was ten days ago
    text = page(browser_of(c.mara), AT)
    assert "(60 days before)" in text and "Promises of ours that are late" in text
    assert "10 days late (not begun)" in text and "Old tapes" in text
    done(
        place_hold(actor=c.jonah, client_id=c.northwick.id, wish=wish(whole_client=False, set_ids=[late.id]))
    )
    assert "Promises of ours that are late" not in page(browser_of(c.mara), AT)


@pytest.mark.both_databases
def test_the_choice_is_read_signed_receipted_and_changed(db_world: Any) -> None:
    c = cast(items=False)
    row, other = kept(c), kept(c, archive())
    mara = browser_of(c.mara)
    asked = page(mara, f"{AT}choose/")
    assert "Return it on a drive" in asked and "Mail archive" in asked
    shown = page(mara, f"{AT}choose/?choice=delete_now&of=all")
    assert (
        "What is deleted cannot be brought back." in shown and "- Server images (Tarn, region north)" in shown
    )
    answer = mara.post(
        f"{AT}choose/sign/", signed(shown, choice="delete_now", of="all", name="Somebody Else")
    )
    assert answer.status_code == 422 and "Type your name as we have it on file" in answer.content.decode()
    assert (
        mara.post(f"{AT}choose/sign/", signed(shown, choice="delete_now", of="all", read="")).status_code
        == 422
    )
    assert not DataChoice.objects.exists()
    # Another choice's words were not what was shown.
    answer = mara.post(f"{AT}choose/sign/", signed(shown, choice="keep", of="all"))
    assert answer.status_code == 422 and not DataChoice.objects.exists()
    # What cannot be taken back is not signed by whoever opens the client's mail (R1): the provider often can.
    answer = mara.post(f"{AT}choose/sign/", signed(shown, choice="delete_now", of="all", words="All of it"))
    assert answer.status_code == 409 and "a mailed link is too weak" in answer.content.decode()
    assert "Sign this with a passkey" in shown and "data-passkey" not in shown.partition("<main")[2]
    phone = device()
    enrolled(c.mara, mara, phone)
    shown = page(mara, f"{AT}choose/?choice=delete_now&of=all")
    answer = by_passkey(mara, phone, "choose", "?choice=delete_now&of=all", signed(shown, words="All of it"))
    assert answer.json() == {"url": AT}
    made = DataChoice.objects.get()
    assert made.choice == Choice.DELETE_NOW and made.text_sha256 == digest(shown)
    assert still_holds(made.passkey, bytes.fromhex(made.text_sha256))
    assert Envelope.objects.filter(kind="choice_made").exists()
    assert "There are 2 sets" not in page(mara, "/client/")
    # Changed, for one set alone; a drive leads on to where it shall go.
    shown = page(mara, f"{AT}choose/?choice=ship&of={row.id}")
    assert "Mail archive" not in shown.partition("<article")[2].partition("</article")[0]
    answer = mara.post(f"{AT}choose/sign/", signed(shown, choice="ship", of=str(row.id)))
    assert answer.status_code == 302 and answer["Location"].startswith("/client/copies/?set=")
    assert f'value="{row.id}" selected' in page(mara, answer["Location"].partition("#")[0])
    text = page(mara, AT)
    assert (
        "return it on a drive, then delete" in text
        and "All of it" in text
        and str(made.text_sha256[:4]) in text
    )
    answer = mara.post(f"{AT}choose/sign/", signed(shown, choice="ship", of=str(row.id)))
    assert answer.status_code == 409  # it stands already
    assert DataChoice.objects.filter(replaced_at=None).count() == 2 and other.id != row.id


def test_nobody_else_chooses_and_nothing_strange_is_chosen(c: Cast) -> None:
    row = kept(c)
    shown = page(browser_of(c.mara), f"{AT}choose/?choice=keep&of=all")
    body = signed(shown, choice="keep", of="all")
    for actor, status in ((c.tom, 409), (c.leo, 409), (c.theo, 302), (c.dan, 302)):
        answer = browser_of(actor).post(f"{AT}choose/sign/", {**body, "name": actor.name})
        assert answer.status_code in (status, 404, 403), (actor.name, answer.status_code)
    assert not DataChoice.objects.exists()
    leo, mara = browser_of(c.leo), browser_of(c.mara)
    page(leo, f"{AT}choose/?choice=keep&of={row.id}", 404)
    page(leo, f"{AT}sets/{row.id}/object/", 404)
    assert leo.post(f"{AT}sets/{row.id}/object/send/", {"words": "x"}).status_code == 404
    page(mara, f"{AT}choose/?choice=keep&of={uuid4()}", 404)
    page(mara, f"{AT}choose/?choice=keep&of=nonsense", 404)
    assert mara.post(f"{AT}choose/sign/", {**body, "choice": "burn"}).status_code == 404


def test_an_only_copy_is_waived_in_writing(c: Cast) -> None:
    row = kept(c)
    copy = done(name_only_copy(actor=c.dan, set_id=row.id, item_id=c.items["runbook"].id))
    mara = browser_of(c.mara)
    assert "Here lies the only copy" in page(mara, AT) and copy.title in page(browser_of(c.tom), AT)
    assert mara.get(f"{AT}waive/").status_code == 302
    shown = page(mara, f"{AT}waive/?copy={copy.id}")
    assert "We hold the only copy" in shown and copy.title in shown
    page(browser_of(c.leo), f"{AT}waive/?copy={copy.id}", 404)
    page(mara, f"{AT}waive/?copy={uuid4()}", 404)
    body = signed(shown, copy=[str(copy.id)], words="It is old")
    assert mara.post(f"{AT}waive/sign/", {**body, "name": "Nobody"}).status_code == 422
    assert browser_of(c.tom).post(f"{AT}waive/sign/", body).status_code == 409
    assert mara.post(f"{AT}waive/sign/", {**body, "digest": "0" * 64}).status_code == 422
    assert mara.post(f"{AT}waive/sign/", body).status_code == 409 and "Sign this with a passkey" in shown
    phone, query = device(), f"?copy={copy.id}"
    enrolled(c.mara, mara, phone)
    assert browser_of(c.leo).post(f"{AT}waive/options/{query}", {}, content_type=JSON).status_code == 404
    assert not OnlyCopy.objects.exclude(waived_at=None).exists()
    assert "data-passkey" in page(mara, f"{AT}waive/{query}")
    assert by_passkey(mara, phone, "waive", query, signed(shown, words="It is old")).json() == {"url": AT}
    assert OnlyCopy.objects.get().waived_by_id == c.mara.id
    assert "Here lies the only copy" not in page(mara, AT)
    page(mara, f"{AT}waive/?copy={copy.id}", 404)


@pytest.mark.both_databases
def test_an_objection_stops_what_runs_until_two_have_settled_it(db_world: Any, tmp_path: Any) -> None:
    c = people()
    fill(tmp_path)
    row = due_set(c, folder_facts(tmp_path))
    proposed = done(propose_deletion(actor=c.dan, set_id=row.id, reason="Its day has passed"))
    mara = browser_of(c.mara)
    assert mara.post(f"{AT}sets/{row.id}/object/send/", {"words": " "}).status_code == 422
    assert "Stop the deletion" in page(mara, f"{AT}sets/{row.id}/object/")
    answer = mara.post(f"{AT}sets/{row.id}/object/send/", {"words": "We are being audited"})
    assert answer.status_code == 302
    proposed.refresh_from_db()
    hold = Hold.objects.get()
    assert proposed.state == "stopped" and "We are being audited" in proposed.stopped_why
    told = [job.payload["title"] for job in Job.objects.filter(kind="mail.office")]
    assert hold.placed_by_role == "signatory" and "Mara Ellery objects to deleting “Nightly backups”" in told
    assert Entry.objects.filter(type="hold.placed").exists()
    assert code(resume_deletion(actor=c.dan, deletion_id=proposed.id)) == "on_hold"
    assert mara.post(f"{AT}sets/{row.id}/object/send/", {"words": "Again"}).status_code == 409
    assert "Stopped" in page(mara, f"{AT}deletions/{proposed.id}/")
    # Taken back by the one who objected; an owner lifts it, and only then it goes on.
    assert mara.post(f"{AT}holds/{hold.id}/take-back/", {"words": ""}).status_code == 422
    assert browser_of(c.leo).post(f"{AT}holds/{hold.id}/take-back/", {"words": "x"}).status_code == 404
    assert mara.post(f"{AT}holds/{hold.id}/take-back/", {"words": "The audit is over"}).status_code == 302
    assert mara.post(f"{AT}holds/{hold.id}/lift/").status_code == 409  # nobody seconds themselves
    assert code(lift_hold(actor=c.ines, hold_id=hold.id)) == "owner_needed"
    done(lift_hold(actor=c.jonah, hold_id=hold.id))
    done(resume_deletion(actor=c.dan, deletion_id=proposed.id))
    assert mara.post(f"{AT}holds/{hold.id}/take-back/", {"words": "x"}).status_code == 409
    assert "One hold that was lifted" in page(mara, AT)


def test_an_objection_of_a_foreign_hold_is_not_theirs_to_take_back(c: Cast) -> None:
    hold = done(place_hold(actor=c.jonah, client_id=c.northwick.id, wish=wish()))
    assert browser_of(c.mara).post(f"{AT}holds/{hold.id}/take-back/", {"words": "x"}).status_code == 404


def test_a_deletion_is_read_with_its_steps_and_files(c: Cast) -> None:
    row = deleted(
        c,
        backup_set(c),
        steps=2,
        exceptions=[{"key": "northwick/locked.vbk", "version": "", "why": "locked"}],
    )
    step = HandStep.objects.filter(deletion=row)[0]
    for actor in (c.mara, c.tom):
        browser = browser_of(actor)
        text = page(browser, f"{AT}deletions/{row.id}/")
        for words in (
            "1204 things",
            "Step 1 in the console",
            "northwick/locked.vbk",
            "Object Lock until 2031",
            "Priya Nair",
            "What was found before",
        ):
            assert words in text, words
        assert 'method="post"' not in text.partition("<main")[2].partition("</main>")[0]
        for what in ("listing", "outcome", "verification"):
            answer = browser.get(f"{AT}deletions/{row.id}/files/{what}/")
            assert answer.status_code == 200 and "sandbox" in answer["Content-Security-Policy"]
        assert browser.get(f"{AT}deletions/{row.id}/steps/{step.id}/proof/").status_code == 200
    for path in (
        f"deletions/{row.id}/",
        f"deletions/{row.id}/files/listing/",
        f"deletions/{row.id}/steps/{step.id}/proof/",
    ):
        page(browser_of(c.leo), AT + path, 404)
    mara = browser_of(c.mara)
    page(mara, f"{AT}deletions/{row.id}/files/lines/", 404)
    page(mara, f"{AT}deletions/{row.id}/steps/{uuid4()}/proof/", 404)
    # A list with things of somebody else in it is not shown.
    mixed = deleted(c, backup_set(c, "Mixed"), state="listed", foreign_count=3)
    assert "What was found before" not in page(mara, f"{AT}deletions/{mixed.id}/")
    page(mara, f"{AT}deletions/{mixed.id}/files/listing/", 404)


@pytest.mark.both_databases
def test_in_a_provider_of_one_person_the_signatory_is_the_second(db_world: Any, tmp_path: Any) -> None:
    c = people(alone=True)
    fill(tmp_path)
    row = due_set(c, folder_facts(tmp_path))
    made = done(propose_deletion(actor=c.jonah, set_id=row.id, reason="Its day has passed"))
    mara = browser_of(c.mara)
    at = f"{AT}deletions/{made.id}/"
    assert "Shall “Nightly backups” be deleted?" in page(mara, "/client/") and "Approve the deletion" in page(
        mara, at
    )
    assert mara.post(f"{at}approve/", {"typed_name": "nightly"}).status_code == 422
    assert mara.post(f"{at}approve/", {"typed_name": "Nightly backups"}).status_code == 302
    work()
    made.refresh_from_db()
    assert made.state == "listed"
    done(
        start(
            actor=c.jonah, deletion_id=made.id, shown_digest=made.listed_digest, typed_name="Nightly backups"
        )
    )
    work()
    made.refresh_from_db()
    assert made.state == "verified" and "Is “Nightly backups” gone" in page(mara, "/client/")
    assert mara.post(f"{at}validate/", {"do": "reject", "words": ""}).status_code == 422
    assert mara.post(f"{at}validate/", {"do": "accept", "words": "I read the lists"}).status_code == 302
    made.refresh_from_db()
    assert made.validated_by_ref == c.mara.id and made.validated_by_role == "signatory"
    assert "Approve the deletion" not in page(mara, at)


def test_with_colleagues_the_signatory_is_asked_nothing(db_world: Any, tmp_path: Any) -> None:
    c = people()
    row = due_set(c, folder_facts(tmp_path))
    made = done(propose_deletion(actor=c.dan, set_id=row.id, reason="Its day has passed"))
    mara = browser_of(c.mara)
    assert "Approve the deletion" not in page(mara, f"{AT}deletions/{made.id}/")
    assert mara.post(f"{AT}deletions/{made.id}/approve/", {"typed_name": row.name}).status_code == 409
    done(approve_deletion(actor=c.jonah, deletion_id=made.id))


def test_a_hold_is_lifted_by_the_signatory_of_a_provider_of_one(db_world: Any) -> None:
    c = people(alone=True)
    hold = done(place_hold(actor=c.jonah, client_id=c.northwick.id, wish=wish()))
    done(ask_lift(actor=c.jonah, hold_id=hold.id, reason="Settled"))
    mara = browser_of(c.mara)
    assert "May the hold “Claim of Tarn Freight” be lifted?" in page(mara, "/client/")
    assert "Lift this hold" in page(mara, AT)
    assert mara.post(f"{AT}holds/{hold.id}/keep/", {"reason": ""}).status_code == 422
    assert mara.post(f"{AT}holds/{hold.id}/keep/", {"reason": "Not yet"}).status_code == 302
    done(ask_lift(actor=c.jonah, hold_id=hold.id, reason="Really settled"))
    assert browser_of(c.leo).post(f"{AT}holds/{hold.id}/lift/").status_code == 404
    assert mara.post(f"{AT}holds/{hold.id}/lift/").status_code == 302
    assert Hold.objects.get().lifted_by_role == "signatory"


def test_an_inactive_client_still_decides(db_world: Any) -> None:
    from tests.flows.test_returning import departed

    c = cast(items=False)
    row = kept(c)
    departed(c)
    assert Client.objects.get(pk=c.northwick.id).state == "inactive"
    mara = browser_of(c.mara)
    assert "What shall happen to one set of your data?" in page(mara, "/client/")
    shown = page(mara, f"{AT}choose/?choice=delete_now&of={row.id}")
    # A new phone counts only when a colleague has rung her on a number from before the notice, also after closing.
    phone, query = device(), f"?choice=delete_now&of={row.id}"
    key = enrolled(c.mara, mara, phone, days_ago=0)
    tried = by_passkey(mara, phone, "choose", query, signed(shown))
    assert tried.status_code == 409 and tried.json()["code"] == "passkey_too_young"
    done(confirm_passkey(actor=c.priya, passkey_id=key.id, confirmed=True))
    assert by_passkey(mara, phone, "choose", query, signed(shown)).json() == {"url": AT}
    assert mara.post(f"{AT}sets/{row.id}/object/send/", {"words": "Wait"}).status_code == 302
    assert "Objection: Server images" in page(mara, AT)


def test_what_has_begun_cannot_be_chosen_any_more(c: Cast) -> None:
    row = kept(c)
    deleted(c, row, state="running")
    mara = browser_of(c.mara)
    shown = page(mara, AT)
    assert f"/choose/?of={row.id}" not in shown
    assert mara.get(f"{AT}choose/?choice=keep&of={row.id}").status_code == 409
    assert code(choose(c.mara, c.northwick.id, Choice.KEEP, row.id)) == "choice_too_late"
