# SPDX-License-Identifier: AGPL-3.0-or-later
"""The same key and request again: the same answer, nothing done twice. Anything else with that key does nothing."""

import hashlib
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from partwell.actions.people import api_answers
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Item
from partwell.records.people.models import IdempotencyKey
from partwell.records.releases.models import Release
from tests.api.caller import Caller, caller, problem
from tests.flows.cast import PASSWORD, Cast, cast

BODY = {"name": "Fenwick Bakery"}


@pytest.fixture
def people(db_world: object) -> Cast:
    """The cast with an estate and a standing consent."""
    return cast(signed=True)


def _ines(people: Cast) -> Caller:
    return caller(people.jonah, people.ines)


@pytest.mark.both_databases
def test_a_repeat_gets_the_first_answer_and_does_nothing(people: Cast) -> None:
    ines = _ines(people)
    first = ines.post("/clients", BODY, key="once")
    again = ines.post("/clients", BODY, key="once")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first.headers
    assert Client.objects.filter(name="Fenwick Bakery").count() == 1


def test_another_request_with_the_key_is_a_conflict(people: Cast) -> None:
    ines = _ines(people)
    assert ines.post("/clients", BODY, key="once").status_code == 201
    problem(ines.post("/clients", {"name": "Other"}, key="once"), 409, "idempotency_conflict")
    problem(ines.post(f"/clients/{people.quayside.id}/sites", BODY, key="once"), 409, "idempotency_conflict")
    assert not Client.objects.filter(name="Other").exists()
    # Another token's keys are its own.
    assert (
        caller(people.jonah, people.jonah).post("/clients", {"name": "Third"}, key="once").status_code == 201
    )


def test_what_was_malformed_or_not_there_leaves_the_key_free(people: Cast) -> None:
    ines = _ines(people)
    problem(ines.post("/clients", {"name": ""}, key="k"), 422, "invalid_input")
    assert ines.post("/clients", BODY, key="k").status_code == 201
    for key in ("", " ", "a" * 129, "ä", "a b"):
        if key.strip():
            problem(ines.post("/clients", BODY, key=key), 422, "invalid_input")


def test_a_refusal_is_an_answer_too(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    body = {"to_person_id": str(people.theo.id), "item_ids": [str(people.items["script"].id)]}
    path = f"/clients/{people.northwick.id}/releases"
    first, again = dan.post(path, body, key="no"), dan.post(path, body, key="no")
    assert problem(first, 409, "msp_property") == problem(again, 409, "msp_property")
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.both_databases
def test_a_release_leaves_once_even_when_its_answer_was_lost(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    body = {"to_person_id": str(people.theo.id), "item_ids": [str(people.items["diagram"].id)]}
    path = f"/clients/{people.northwick.id}/releases"
    first = dan.post(path, body, key="send")
    mails = Envelope.objects.count()
    IdempotencyKey.objects.filter(
        token_id=dan.token_id
    ).delete()  # as if the process had died before keeping it
    again = dan.post(path, body, key="send")
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["release_id"] == again.json()["release_id"]  # type: ignore[attr-defined]
    assert Release.objects.filter(client=people.northwick).count() == 1
    assert Envelope.objects.count() == mails


def test_under_way_is_busy_and_cut_off_is_said(people: Cast) -> None:
    ines = _ines(people)
    assert ines.post("/clients", BODY, key="k").status_code == 201
    row = IdempotencyKey.objects.get(key="k")
    IdempotencyKey.objects.filter(pk=row.pk).update(status=None, body="")
    problem(ines.post("/clients", BODY, key="k"), 409, "busy")
    IdempotencyKey.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(minutes=5))
    problem(ines.post("/clients", BODY, key="k"), 409, "answer_unknown")
    assert Client.objects.filter(name="Fenwick Bakery").count() == 1
    IdempotencyKey.objects.filter(pk=row.pk).update(
        created_at=timezone.now() - api_answers.KEPT - timedelta(days=1)
    )
    assert ines.post("/clients", {"name": "Later"}, key="k").status_code == 201


def test_a_failure_frees_the_key(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from partwell.entrypoints.api.endpoints import clients

    def broken(**_: object) -> None:
        raise RuntimeError("no")

    ines = _ines(people)
    with monkeypatch.context() as patched:
        patched.setattr(clients, "add_client", broken)
        problem(ines.post("/clients", BODY, key="k"), 500, "unexpected")
    assert ines.post("/clients", BODY, key="k").status_code == 201


@pytest.mark.both_databases
def test_many_at_once_do_it_once(people: Cast) -> None:
    ines = _ines(people)
    answers: list[Any] = []
    start = threading.Barrier(6)

    def call() -> None:
        start.wait()
        try:
            answers.append(Caller(ines.token).post("/clients", BODY, key="race"))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    codes = [one.status_code for one in answers]
    assert 201 in codes and set(codes) <= {201, 409}, [one.content for one in answers]
    assert {one.json()["code"] for one in answers if one.status_code == 409} <= {"busy"}
    assert Client.objects.filter(name="Fenwick Bakery").count() == 1


def test_files_are_part_of_the_request(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    item = people.items["diagram"]
    path = f"/clients/{people.northwick.id}/items/{item.id}/document"

    def give(words: bytes) -> dict[str, SimpleUploadedFile]:
        return {"file": SimpleUploadedFile("net.txt", words)}

    assert dan.form(path, give(b"one"), key="f").status_code == 200
    version = Item.objects.get(pk=item.id).version
    assert dan.form(path, give(b"one"), key="f").headers["Idempotent-Replayed"] == "true"
    problem(dan.form(path, give(b"two"), key="f"), 409, "idempotency_conflict")
    assert Item.objects.get(pk=item.id).version == version


def test_a_secret_is_not_remembered_nor_guessable(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    path = f"/clients/{people.northwick.id}/items/{people.items['router'].id}/secrets"
    body = {"field": "password", "value": PASSWORD}
    assert dan.post(path, body, key="s").status_code == 200
    row = IdempotencyKey.objects.get(key="s")
    assert PASSWORD not in row.body
    plain = json.dumps(body).encode()
    for guess in (plain, f"POST /api/v1{path}\0".encode() + plain):
        assert row.request_digest not in (
            hashlib.sha256(guess).hexdigest(),
            hashlib.sha256(hashlib.sha256(guess).digest()).hexdigest(),
        )
