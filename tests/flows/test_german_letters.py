# SPDX-License-Identifier: AGPL-3.0-or-later
"""The PDF that goes with a mail speaks the mail's language; what was signed stays in the language in which it was signed."""

import subprocess
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.billing.statement_letter import make_statement
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.files import read_file
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.letters_of import run_closing
from partwell.actions.offboardings.move_dates import propose_date
from partwell.actions.people.enter import ask_for_link
from partwell.actions.retention.certify import certify_due
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Envelope
from partwell.records.offboardings.models import Offboarding
from partwell.records.retention.models import Certificate
from partwell.records.vault.models import StoredFile
from partwell.workers.jobs import run_one
from tests.flows.cast import cast, done, today
from tests.flows.deleted import backup_set, deleted
from tests.flows.signing_in import mails_to

pytestmark = pytest.mark.usefixtures("db_world")


def text_of(file: StoredFile) -> str:
    told = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=read_file(file), capture_output=True, check=True
    )
    return " ".join(told.stdout.decode().split())


def attached(kind: str) -> tuple[Envelope, str]:
    """The one mail of a kind and the text of its PDF."""
    mail = Envelope.objects.get(kind=kind)
    return mail, text_of(StoredFile.objects.select_related("unit").get(pk=mail.documents[0]["file"]))


@pytest.mark.parametrize("language", ["de-AT", "en"])
def test_the_letters_of_the_notice_and_of_closing_follow_their_reader(language: str) -> None:
    c = cast(signed=True)
    done(change_contact(actor=c.ines, contact_id=c.mara.id, language=language))
    german = language != "en"
    row = Offboarding.objects.get(client=c.northwick)
    done(acknowledge_notice(actor=c.ines, offboarding_id=row.id))
    while run_one():
        pass
    mail, letter = attached("notice_acknowledgement")
    assert ("Guten Tag" in mail.text or "Ihre Kündigung" in mail.text) is german
    for words in ("Ihre Kündigung liegt uns vor", "Worauf Sie sich verlassen können", "Wechsel zu einem anderen Dienstleister",
                  "Seite 1 von", "Prüfschlüssel des Protokolls"):  # fmt: skip
        assert (words in letter) is german, words
    for words in ("We have your notice", "What you can rely on", "Moves to another provider", "Page 1 of"):
        assert (words in letter) is not german, words
    with Deed(c.ines) as deed:
        deed.lock(c.northwick.id)
        row.refresh_from_db()
        deed.save(row, closed_at=deed.now)
        uid = deed.record("offboarding.closed", subjects=[row.id])
    job: Any = SimpleNamespace(
        payload={"offboarding": row.id.hex, "entry": uid.hex, "closed_by": "Ines Duarte"}
    )
    run_closing(job)
    mail, letter = attached("closing")
    assert ("Wir sind auseinander" in mail.subject or "Die Übergabe" in mail.text) is german
    for words in ("Wir sind auseinander", "Ende der Leistung", "0 Stücke", "nicht unterschrieben"):
        assert (words in letter) is german, words
    for words in ("We have parted", "End of service", "0 items", "not signed"):
        assert (words in letter) is not german, words
    # The consent was signed in English: its words are what its digest pins, whatever its reader speaks since.
    consent = Authorisation.objects.select_related("document__unit").get()
    assert consent.language == "en" and consent.document is not None
    signed = text_of(consent.document)
    assert (
        "to receive what is listed here" in signed
        and consent.text_digest[:8] in signed
        and "Vollmacht" not in signed
    )


def test_every_mail_and_paper_of_a_german_reader_is_german() -> None:
    c = cast(signed=True)
    done(change_contact(actor=c.ines, contact_id=c.mara.id, language="de"))
    for kind, who in (("client", "mara@northwick.example"), ("provider", "theo@alderrow.example")):
        assert ask_for_link(kind, who, address="") == 1
        assert mails_to(who)[-1]["subject"] == "Ihr Link zur Anmeldung bei Harbourline IT"
    c.release("diagram", "runbook", key="a")  # the second is sensitive: the client is asked
    said = Envelope.objects.get(kind="ask_client")
    assert "Ihre Entscheidung" in said.subject and "„Month-end runbook“ gilt als heikel." in said.text
    assert "Vollmacht 1" in Envelope.objects.get(kind="release_announcement").text
    done(propose_date(actor=c.mara, offboarding_id=Offboarding.objects.get().id, effective_on=today() + timedelta(days=90), reason="Later"))  # fmt: skip
    moved = Envelope.objects.get(kind="date_change")
    assert "Ein Termin würde sich verschieben" in moved.subject and "Ende der Leistung" in moved.text
    assert "Der Zugang des Dienstleisters endet" in moved.text and f"{today().year}" in moved.text
    row = Authorisation.objects.get()
    done(withdraw_authorisation(actor=c.mara, authorisation_id=row.id, words="Not now"))
    paper = done(
        issue_invoice(
            actor=c.ines,
            client_id=c.northwick.id,
            kind="invoice",
            lines=[NewLine("Drive", Decimal(1), Decimal(50))],
        )
    )
    done(make_statement(actor=c.ines, client_id=c.northwick.id))
    while run_one():
        pass
    row.refresh_from_db()
    assert row.change_document is not None and "ist widerrufen" in text_of(row.change_document)
    mail, invoice = attached("paper_issued")
    assert (
        mail.subject == f"{paper.label} für Northwick Traders Ltd"
        and f"{paper.label} ist angehängt" in mail.html
    )
    assert "Ausgestellt am" in invoice and "Zu zahlen" in invoice and "Seite 1 von" in invoice
    mail, statement = attached("statement")
    assert (
        mail.subject.startswith("Ihre Abrechnung")
        and "Von der enthaltenen Zeit verbraucht" in statement
        and "Kündigung vom" in statement
    )
    for one in Envelope.objects.exclude(queued_at__lt=row.withdrawn_at):
        assert "Guten Tag" in one.text and 'lang="de"' in one.html, one.kind


def test_a_certificate_is_read_in_the_clients_language_and_stored_as_it_was_issued() -> None:
    c = cast(items=False)
    done(change_contact(actor=c.ines, contact_id=c.mara.id, language="de"))
    deleted(c, backup_set(c), effective=today())
    assert certify_due() == 1
    while run_one():
        pass
    mail, certificate = attached("certificate_issued")
    assert "gestützt auf die Liste von vorher" in " ".join(mail.text.split())
    for words in ("Bescheinigung der Vernichtung", "durch Dan Frey und Priya Nair, gestützt auf", "Datenbestand Nightly set", "Funktion: Techniker",
                  "Was diese Bescheinigung nicht behauptet", "“I listed it once more.”"):  # fmt: skip
        assert words in certificate, words
    for words in ("Attested", "Kind of place", "Carried out", "Signature", "cannot be proved"):
        assert words not in certificate, words
    assert Certificate.objects.get().fields["attested"].startswith("Attested by Harbourline IT")
