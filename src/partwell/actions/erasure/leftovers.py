# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of a client lies outside the tables that lead to it: sessions, jobs, previews, caught mail, uploads, temporary files."""

import json
from email.parser import BytesHeaderParser
from email.policy import compat32
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.erasure import bound
from partwell.actions.estate import originals
from partwell.actions.jobs import sweep
from partwell.actions.keys import blob_store
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Import
from partwell.records.jobs.models import Job
from partwell.records.people.models import (
    AccountMail,
    IdempotencyKey,
    PortalSession,
    SecurityEvent,
    SignInLink,
)
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import SYSTEM

TABLES = ("jobs_job", "people_signinlink", "people_portalsession", "people_accountmail", "people_idempotencykey",
          "people_securityevent", "django_session", "estate_importline")  # fmt: skip


def files_without_rows(client_id: UUID) -> None:
    """Before the rows go: blobs that they name under other keys, uploads of imports, mail in the local post office."""
    for file in bound.rows_of(StoredFile, client_id).iterator(chunk_size=500):
        blob_store().delete(file.blob_id)
    for batch in Import.objects.filter(client_id=client_id):
        originals.drop(batch.options.get("files", []))
    _forget_caught(client_id)
    sweep.remove_temporary_files()


def addresses_of(client_id: UUID) -> set[str]:
    """Mail addresses that are this client's people's and nobody else's here, in small letters."""
    mine = Q(client_id=client_id)
    own, other = set[str](), set[str]()
    for where, out in ((mine, own), (~mine, other)):
        for pair in Contact.objects.filter(where).values_list("email", "second_email"):
            out.update(one.lower() for one in pair if one)
    for client, email in RecipientPerson.objects.values_list("recipient__client_id", "email"):
        (own if client == client_id else other).add(email.lower())
    return own - other


def _forget_caught(client_id: UUID) -> None:
    """Remove the client's mails from the local post office, where this installation has one: by Message-ID, sign-in mail by address."""
    inbox = Path(settings.PARTWELL_HOME) / "inbox"
    if not inbox.is_dir():
        return
    mails = set(Envelope.objects.filter(client_id=client_id).values_list("internet_message_id", flat=True))
    others = set(Envelope.objects.exclude(client_id=client_id).values_list("internet_message_id", flat=True))
    addresses = addresses_of(client_id)
    for file in inbox.glob("*.eml"):
        with file.open("rb") as opened:
            head = BytesHeaderParser(policy=compat32).parse(opened)
        told = str(head.get("Message-ID", "")).strip()
        facts = file.with_suffix(".json")
        try:
            to = {str(one).lower() for one in json.loads(facts.read_bytes()).get("rcpt_tos", [])}
        except (OSError, ValueError):
            to = set()
        if told in mails or (told not in others and to & addresses):
            file.unlink(missing_ok=True)
            facts.unlink(missing_ok=True)


def forget(client_id: UUID, job_id: UUID) -> None:
    """Sessions and links of its people, jobs about it (but the one that does this), answers of the API; harmless to repeat."""
    people = bound.people_of(client_id)
    name = Client.objects.filter(pk=client_id).values_list("name", flat=True).first() or ""
    addresses = addresses_of(client_id)
    with Deed(SYSTEM):
        SignInLink.objects.filter(person_id__in=people).delete()
        PortalSession.objects.filter(person_id__in=people).delete()
        for mail in AccountMail.objects.values_list("pk", "to"):
            if mail[1].lower() in addresses:
                AccountMail.objects.filter(pk=mail[0]).delete()
        Job.objects.filter(client_ref=client_id).exclude(pk=job_id).delete()
        answers = Q(body__contains=str(client_id)) | Q(body__contains=client_id.hex)
        IdempotencyKey.objects.filter(answers | Q(body__icontains=name) if name else answers).delete()
        doings = Q(path__contains=str(client_id))
        for person in people:
            doings |= Q(actor__contains=str(person)) | Q(actor__contains=person.hex)
        SecurityEvent.objects.filter(doings).delete()
        Session.objects.filter(expire_date__lt=timezone.now()).delete()
