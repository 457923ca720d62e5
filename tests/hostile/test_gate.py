# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate cannot be walked around: each way that somebody might try, as one test, on both databases."""

import threading
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.post import envelope_digest
from partwell.actions.releases.gate import Target
from partwell.actions.releases.release_items import Outcome, release_items
from partwell.connectors.smtp import Security, SmtpServer
from partwell.records.authorisations.models import Authorisation, RecipientPerson
from partwell.records.correspondence.models import Envelope
from partwell.records.guard import WriteRefused
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party, RecipientKind
from partwell.workers import relay
from tests.connectors.bad_smtp import Say, Script, serving
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, propose

pytestmark = pytest.mark.both_databases


def queued(c: Cast, *names: str) -> Envelope:
    """A queued announcement to Theo of these items."""
    release = c.release(*(names or ("diagram",))).release
    return Envelope.objects.get(release=release, kind="release_announcement")


def smtp(script: Script) -> SmtpServer:
    """The server of a script."""
    return SmtpServer("127.0.0.1", script.port, Security.NONE, timeout=5)


def left(c: Cast, envelope: Envelope, script: Script) -> Any:
    """What became of one delivery attempt to the script's server."""
    result = relay.deliver_one(envelope.id, smtp(script))
    return result.code if isinstance(result, Refusal) else result.state


def foreign_person(c: Cast) -> RecipientPerson:
    """Somebody at a new provider of Quayside Dental."""
    firm = done(
        add_recipient(actor=c.ines, client_id=c.quayside.id, firm="Other IT", kind=RecipientKind.NEW_PROVIDER)
    )
    person = done(
        add_person(actor=c.ines, recipient_id=firm.id, name="Nils Berg", email="nils@other.example")
    )
    return RecipientPerson.objects.select_related("recipient").get(pk=person.id)


# called directly, as the API or a script would -------------------------------------------------------------


def test_another_clients_items_are_not_found(db_world: Any) -> None:
    c = cast(signed=True)
    for ids in (c.ids("foreign"), c.ids("diagram", "foreign"), [uuid4()], []):
        result = release_items(
            actor=c.dan,
            client_id=c.northwick.id,
            target=c.to_provider(),
            item_ids=ids,
            idempotency=uuid4().hex,
        )
        assert isinstance(result, Refusal) and result.code == "not_found"
    assert not Release.objects.exists()


def test_another_clients_recipient_or_contact_is_unknown(db_world: Any) -> None:
    c = cast(signed=True)
    for target in (Target(Party.PROVIDER, person=foreign_person(c)), Target(Party.CLIENT, contact=c.contact(c.leo)),
                   Target(Party.CLIENT, person=c.person(c.theo)), Target(Party.PROVIDER, contact=c.contact(c.mara)),
                   Target(Party.CLIENT)):  # fmt: skip
        out = release_items(
            actor=c.dan,
            client_id=c.northwick.id,
            target=target,
            item_ids=c.ids("diagram", "switch"),
            idempotency=uuid4().hex,
        )
        assert isinstance(out, Outcome) and out.release is None and not out.sent and not out.asked
    assert not Envelope.objects.filter(kind="release_announcement").exists()


def test_only_staff_release(db_world: Any) -> None:
    c = cast(signed=True)
    for actor in (c.theo, c.mara, c.leo, c.kerstin):
        assert isinstance(
            release_items(
                actor=actor,
                client_id=c.northwick.id,
                target=c.to_provider(),
                item_ids=c.ids("diagram"),
                idempotency="k",
            ),
            Refusal,
        )
    assert not Release.objects.exists()


# a crafted form, a second tab -------------------------------------------------------------------------------


def test_a_crafted_form_releases_nothing(db_world: Any) -> None:
    c = cast(signed=True)
    dan, base = browser_of(c.dan), f"/clients/{c.northwick.id}/release/"
    good = {
        "to": f"p:{c.theo.id}",
        "item": str(c.items["diagram"].id),
        "way": "portal",
        "key": "k",
        "shown": "made up",
    }
    assert dan.post(f"{base}send/", good).status_code == 409  # shown again: nobody saw these verdicts
    for bad in (
        {"item": str(c.items["foreign"].id)},
        {"to": f"p:{foreign_person(c).id}"},
        {"to": f"c:{c.leo.id}"},
        {"item": "' OR 1=1"},
        {"key": ""},
    ):
        assert dan.post(f"{base}send/", good | bad).status_code == 404
        assert dan.post(f"{base}check/", good | bad).status_code in (200, 302, 404)
    assert browser_of(c.mara).post(f"{base}send/", good).status_code == 404
    assert not Release.objects.exists()


def test_two_tabs_at_once_release_once(db_world: Any) -> None:
    c = cast(signed=True)
    target, ids = c.to_provider(), c.ids("diagram", "switch")
    results: list[Any] = []

    def click() -> None:
        try:
            results.append(
                release_items(
                    actor=c.dan, client_id=c.northwick.id, target=target, item_ids=ids, idempotency="one form"
                )
            )
        except Exception as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {result.release.id for result in results} == {Release.objects.get().id}
    assert Envelope.objects.filter(kind="release_announcement").count() == 1


# withdrawal between click and transmission ------------------------------------------------------------------


def test_withdrawal_before_the_relay_takes_it(db_world: Any) -> None:
    c = cast(signed=True)
    envelope = queued(c)
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    with serving(Script()) as script:
        assert left(c, envelope, script) == "envelope_not_queued"
    assert not script.said and not script.messages


def test_withdrawal_while_the_relay_is_connected(db_world: Any) -> None:
    """Claimed, connected, recipients accepted: the consent goes just before DATA, and DATA is never said."""
    c = cast(signed=True)
    envelope, start = queued(c), deliver.start_data

    def late(envelope_id: Any, token: Any, **more: Any) -> bool:
        done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
        return start(envelope_id, token, **more)

    with serving(Script()) as script, patch.object(deliver, "start_data", late):
        assert left(c, envelope, script) == "stopped"
    assert "RCPT" in script.verbs and "DATA" not in script.verbs and not script.messages


def test_an_authorisation_that_ended_meanwhile(db_world: Any) -> None:
    from datetime import timedelta

    c = cast(signed=True)
    envelope = queued(c)
    result = deliver.claim(envelope.id, now=timezone.now() + timedelta(days=91))
    assert isinstance(result, Refusal) and result.code == "ended"
    assert ReleaseLine.objects.get().state == "stopped"


# behind the program's back ------------------------------------------------------------------------------------


def test_a_queued_envelope_cannot_be_edited_by_sql(db_world: Any) -> None:
    c = cast(signed=True)
    envelope = queued(c)
    changes = ("recipients = '[]'", "subject = 'x'", "text = 'x'", "html = 'x'", "documents = '[1]'", "to_provider = NOT to_provider",
               f"client_id = '{c.quayside.id.hex}'", "recipient_id = NULL", "release_id = NULL", "digest = 'x'", "kind = 'message'")  # fmt: skip
    with db_world.behind() as raw:
        for change in changes:
            with pytest.raises(Exception, match="frozen"):
                raw.execute(f"UPDATE correspondence_envelope SET {change} WHERE id = '{envelope.id.hex}'")
        with pytest.raises(Exception, match="never deleted"):
            raw.execute(f"DELETE FROM correspondence_envelope WHERE id = '{envelope.id.hex}'")


def test_an_envelope_edited_with_its_trigger_dropped_does_not_leave(db_world: Any) -> None:
    c = cast(signed=True)
    envelope = queued(c)
    on = " ON correspondence_envelope" if db_world.kind == "postgresql" else ""
    with db_world.behind() as raw:
        raw.execute(f"DROP TRIGGER pw_envelope_frozen{on}")
        raw.execute(
            f"UPDATE correspondence_envelope SET text = 'Send the passwords to me.' WHERE id = '{envelope.id.hex}'"
        )
    with serving(Script()) as script:
        assert left(c, envelope, script) == "envelope_changed"
    assert not script.said
    assert ReleaseLine.objects.get().state == "stopped"


def _copy(raw: Any, envelope: Envelope, **changes: Any) -> None:
    """Insert a copy of an envelope by SQL with some columns changed."""
    names = [field.column for field in Envelope._meta.concrete_fields]
    values = {
        "id": f"'{uuid4().hex}'",
        "dedupe_key": f"'{uuid4().hex}'",
        "internet_message_id": f"'<{uuid4().hex}@x.example>'",
        **changes,
    }
    picked = ", ".join(str(values.get(name, f'"{name}"')) for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    raw.execute(
        f"INSERT INTO correspondence_envelope ({columns}) SELECT {picked} FROM correspondence_envelope WHERE id = '{envelope.id.hex}'"
    )


def test_an_envelope_without_the_client_cannot_be_inserted_by_sql(db_world: Any) -> None:
    c = cast(signed=True)
    envelope = queued(c)
    provider = '[{"role": "provider", "name": "Theo Brandt", "address": "theo@alderrow.example"}]'
    with db_world.behind() as raw:
        for changes in (
            {"recipients": f"'{provider}'"},
            {"recipients": "'[]'"},
            {"client_contact_id": f"'{c.leo.id.hex}'"},
            {"client_id": f"'{c.quayside.id.hex}'"},
        ):
            with pytest.raises(Exception, match="R2: no envelope without a contact"):
                _copy(raw, envelope, **changes)


def test_an_envelope_inserted_by_sql_does_not_leave(db_world: Any) -> None:
    """With the client on it, but written by nobody: its digest is not of it; and with a true digest there is no consent."""
    c = cast()
    propose(c)
    envelope = Envelope.objects.get(kind="authorisation_request")
    both = '[{"role": "client", "name": "Mara Ellery", "address": "mara@northwick.example"}, {"role": "provider", "name": "Theo Brandt", "address": "theo@alderrow.example"}]'
    yes = "TRUE" if db_world.kind == "postgresql" else "1"
    with db_world.behind() as raw:
        _copy(
            raw,
            envelope,
            id="'" + "a" * 32 + "'",
            recipients=f"'{both}'",
            to_provider=yes,
            recipient_id=f"'{c.recipient.id.hex}'",
            kind="'message'",
        )
        row = Envelope.objects.get(pk="a" * 32)
        with serving(Script()) as script:
            assert left(c, row, script) == "envelope_changed"
        ids = {
            "id": "'" + "b" * 32 + "'",
            "dedupe_key": "'forged'",
            "internet_message_id": "'<forged@x.example>'",
        }
        row.dedupe_key, row.internet_message_id = "forged", "<forged@x.example>"
        _copy(
            raw,
            envelope,
            **ids,
            recipients=f"'{both}'",
            to_provider=yes,
            recipient_id=f"'{c.recipient.id.hex}'",
            kind="'message'",
            digest=f"'{envelope_digest(row)}'",
        )
    with serving(Script()) as script:
        assert left(c, Envelope.objects.get(pk="b" * 32), script) == "not_signed"
    assert not script.said


def test_a_consent_granted_by_sql_has_no_second_factor(db_world: Any) -> None:
    c = cast()
    row = propose(c)
    with db_world.behind() as raw:
        raw.execute(f"UPDATE authorisations_authorisation SET state = 'granted' WHERE id = '{row.id.hex}'")
    assert Authorisation.objects.get(pk=row.id).state == "granted"
    assert {refusal.code for _, refusal in c.release("diagram", "switch").refused} == {
        "second_factor_missing"
    }


def test_a_model_cannot_be_saved_outside_an_action(db_world: Any) -> None:
    c = cast(signed=True)
    envelope = queued(c)
    line, consent = ReleaseLine.objects.get(), Authorisation.objects.get(pk=c.authorisation.id)
    attempts = [
        line.save, envelope.save, consent.save, line.delete,
        lambda: Envelope.objects.filter(pk=envelope.id).update(state="accepted"),
        lambda: Authorisation.objects.filter(pk=consent.id).update(ends_on="2099-01-01"),
        lambda: ReleaseLine.objects.bulk_create([ReleaseLine(release=line.release, item=c.items["script"], item_version=1, title="x", category="other", kind="document",
                                                             method="download", digest="0" * 64, state="sent")]),
        lambda: connection.cursor().execute("UPDATE releases_releaseline SET state = 'sent'"),
        lambda: connection.cursor().execute("DELETE FROM correspondence_envelope"),
        lambda: connection.cursor().execute("(DELETE FROM correspondence_envelope)"),
    ]  # fmt: skip
    for attempt in attempts:
        with pytest.raises(WriteRefused):
            attempt()


# the server ---------------------------------------------------------------------------------------------------------


def test_a_server_that_refuses_the_client_and_accepts_the_provider_gets_no_message(db_world: Any) -> None:
    c = cast(signed=True)
    envelope = queued(c)
    with serving(Script({"RCPT": Say("550 5.1.1 no such user", only="mara@northwick.example")})) as script:
        assert left(c, envelope, script) == "failed"
    assert not script.messages and "DATA" not in script.verbs
    # The address no longer works: nothing goes to the provider until there is one that does (R2).
    assert c.contact(c.mara).email_state == "bouncing"
    out = c.release("switch", "diagram", key="next")
    assert out.release is not None  # Mara at her own second address: the same person keeps the same rights
    assert Envelope.objects.get(release=out.release).recipients[0]["address"] == "mara.ellery@post.example"


def test_a_server_that_puts_the_client_off_for_now_gets_no_message_either(db_world: Any) -> None:
    c = cast(signed=True)
    envelope = queued(c)
    with serving(Script({"RCPT": Say("451 4.2.0 later", only="mara@northwick.example")})) as script:
        assert left(c, envelope, script) == "queued"
    assert not script.messages


def test_what_leaves_has_the_client_on_it(db_world: Any) -> None:
    c = cast(signed=True)
    with serving(Script()) as script:
        assert left(c, queued(c), script) == "accepted"
    message = script.messages[0].decode()
    assert "mara@northwick.example" in message.split("\n\n")[0] and "Bcc" not in message
    assert (
        next(line for line in script.said if line.startswith("RCPT")).lower().count("mara@northwick.example")
        == 1
    )
