# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statements that are written once a process do what Django's own do, on both databases, for every model there is."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.records import statements
from partwell.records.base import Committed
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope, InboundMail
from partwell.records.evidence.models import EntrySubject
from partwell.records.guard import WriteRefused, permit
from partwell.records.jobs.models import Job
from tests.flows.cast import Cast
from tests.flows.mail_cast import address, mail, mail_comes_in, take
from tests.flows.test_mail_in import started

pytestmark = pytest.mark.both_databases
OURS = [one for one in apps.get_models() if one.__module__.startswith("partwell.records")]


@pytest.fixture(name="c")
def _cast() -> Iterator[Cast]:
    with mail_comes_in():
        made = started()
        take(mail("who@knows.example", address(), "Straße K", text="Grüße ✓\n'); DROP"), to=address())
        yield made


def values(row: models.Model) -> dict[str, object]:
    found = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: bytes(one) if isinstance(one, memoryview) else one for name, one in found.items()}


def test_every_row_is_found_as_django_finds_it(c: Cast) -> None:
    met = set()
    for model in OURS:
        for row in model._base_manager.all()[:20]:
            (same,) = statements.find(model, **{row._meta.pk.attname: row.pk})
            assert values(same) == values(row), model.__name__
            assert not same._state.adding and same._state.db == row._state.db
            met.add(model)
    assert {Envelope, InboundMail, Contact, Job} <= met and len(met) > 20


def test_every_committed_row_is_written_as_django_writes_it(c: Cast) -> None:
    """Each row is taken out and put back by the statement, then changed by it; Django reads the same."""
    met = set()
    for model in [one for one in OURS if issubclass(one, Committed)]:
        row = model._base_manager.order_by("pk").last()
        if row is None:
            continue
        before = values(row)
        with permit("deed"), transaction.atomic():
            assert statements.update(row, row.row_version + 1) == 0  # somebody changed it meanwhile
            assert statements.update(row, row.row_version) == 1
        row.refresh_from_db()
        assert values(row) == before, model.__name__
        met.add(model)
    assert {Envelope, InboundMail, Contact} <= met


def test_what_is_inserted_is_read_back_by_django(c: Cast) -> None:
    now = timezone.now()
    jobs = [
        Job(
            kind="a test",
            key=f"statement {number}",
            payload={"a": [1, "ä", None]},
            due_at=now,
            created_at=now,
        )
        for number in range(3)
    ]
    statements.insert(jobs)
    assert not any(job._state.adding for job in jobs)
    for job in jobs:
        assert values(Job.objects.get(pk=job.pk)) == values(job)
    many = [EntrySubject(entry_index=10**6 + number, subject_ref=uuid4()) for number in range(120)]
    with permit("deed"):
        statements.insert(many[:3])  # one statement
        with CaptureQueriesContext(connection) as seen:
            statements.insert(many[3:])  # Django's own
        statements.insert([])
    assert seen.captured_queries and EntrySubject.objects.filter(entry_index__gte=10**6).count() == 120


def test_the_guard_sees_every_statement(c: Cast) -> None:
    contact = Contact.objects.filter(client=c.northwick).latest("added_at")
    with pytest.raises(WriteRefused):
        statements.update(contact, contact.row_version)
    contact.pk = uuid4()
    with pytest.raises(WriteRefused):
        statements.insert([contact])


def test_a_failed_insert_spoils_its_transaction_as_django_does(c: Cast) -> None:
    job = Job(kind="a test", key="twice", due_at=timezone.now(), created_at=timezone.now())
    statements.insert([job])
    job.pk = uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        statements.insert([job])
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            statements.insert([job])
        assert connection.needs_rollback
    assert Job.objects.filter(key="twice").count() == 1


def test_null_is_found_and_not_equal_to_anything(c: Cast) -> None:
    here = statements.find(Contact, client_id=c.northwick.id, left_at=None)
    assert {one.id for one in here} == set(Contact.objects.filter(client=c.northwick, left_at=None).values_list("id", flat=True))  # fmt: skip
    assert statements.find(Contact, client_id=uuid4(), left_at=None) == []
    assert statements.find(Contact, name="' OR 1=1 --") == []
    with pytest.raises(KeyError):
        statements.find(Contact, client=c.northwick)


def test_a_prepared_question_has_the_answers_of_its_queryset(c: Cast) -> None:
    prepared = statements.Prepared(
        lambda client_id, since, name: (
            Contact.objects.order_by()
            .filter(client_id=client_id, added_at__gt=since)
            .exclude(name=name)
            .values_list("id", "email")[:50]
        ),
        *(type(c.northwick.id), type(timezone.now()), str),
    )
    long_ago, name = timezone.now() - timedelta(days=9999), c.mara.name
    for client in (c.northwick.id, uuid4(), c.northwick.id):
        expected = Contact.objects.filter(client_id=client).exclude(name=name).values_list("id", "email")
        found = {(statements.identifier(key), email) for key, email in prepared.rows(client, long_ago, name)}
        assert found == set(expected)
    assert prepared.rows(c.northwick.id, timezone.now() + timedelta(days=1), name) == []
    with pytest.raises(TypeError):
        prepared.rows(c.northwick.id, long_ago)


def test_an_argument_that_the_statement_would_change_is_refused(c: Cast) -> None:
    changed = statements.Prepared(lambda name: Contact.objects.filter(name__startswith=name).values_list("id"), str)  # fmt: skip
    with pytest.raises(TypeError):
        changed.rows("Mara")


def test_a_deed_whose_client_does_not_exist_writes_nothing(c: Cast) -> None:
    from partwell.records.clients.models import Client

    with pytest.raises(Client.DoesNotExist), Deed(c.jonah) as deed:
        deed.lock(uuid4())
