# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every ledger event has a schema, a sentence for people, and no place for a secret."""

import pytest

from partwell.rules.events import EVENTS, EventError, sentence_of, validate
from partwell.rules.events.base import Event, registry

# Every step that the main job names (issue "Part with a client, end to end").
STEPS = [
    "client.added",
    "client.changed",
    "contact.added",
    "authority.recorded",
    "agreement.recorded",
    "import.staged",
    "import.confirmed",
    "import.undone",
    "item.added",
    "item.changed",
    "item.classified",
    "picture.taken",
    "offboarding.opened",
    "notice.acknowledged",
    "plan.proposed",
    "plan.changed",
    "plan.step_done",
    "date.proposed",
    "date.agreed",
    "date.declined",
    "term.agreed",
    "notice.withdrawn",
    "authorisation.proposed",
    "authorisation.read",
    "authorisation.signed",
    "authorisation.declined",
    "authorisation.narrowed",
    "authorisation.withdrawn",
    "authorisation.called_back",
    "authorisation.paper_recorded",
    "terms.accepted",
    "release.asked",
    "release.approved",
    "release.declined",
    "release.sent",
    "credential.tried",
    "credential.revealed",
    "credential.rotated",
    "receipt.confirmed",
    "receipt.objected",
    "receipt.window_ended",
    "message.written",
    "message.received",
    "message.held",
    "call.logged",
    "envelope.claimed",
    "envelope.data_started",
    "envelope.accepted",
    "envelope.failed",
    "envelope.unknown",
    "envelope.settled",
    "envelope.stopped",
    "bundle.requested",
    "bundle.built",
    "bundle.downloaded",
    "acceptance.signed",
    "offboarding.closed",
    "refusal.recorded",
    "staff.invited",
    "staff.left",
    "sign_in.succeeded",
    "ledger.checkpoint",
    "key.made",
]


def full(event):
    return {
        label: {name: f"<{name}>" for name in event.fields(label)}
        for label in ("public", "client", "internal")
        if event.fields(label)
    }


@pytest.mark.parametrize("name", STEPS)
def test_a_step_of_the_main_job_has_its_event(name):
    assert name in EVENTS


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_event_validates_and_reads_as_a_sentence(name):
    event = EVENTS[name]
    content = full(event)
    validate(name, content)
    text = sentence_of(name, content["public"])
    assert "{" not in text
    assert text[-1] in ".:>", text
    assert "actor" in event.required("public")


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_every_missing_or_unknown_field_is_found(name):
    event = EVENTS[name]
    for label in ("public", "client", "internal"):
        for field in event.required(label):
            content = full(event)
            del content[label][field]
            with pytest.raises(EventError, match=f"{label} field '{field}' is missing"):
                validate(name, content)
        content = full(event)
        content.setdefault(label, {})["surprise"] = 1
        with pytest.raises(EventError, match=f"{label} field 'surprise' is not in its schema"):
            validate(name, content)
        for field in event.fields(label) - event.required(label):
            content = full(event)
            del content[label][field]
            validate(name, content)


def test_unknown_types_and_labels_are_errors():
    with pytest.raises(EventError, match="no event"):
        validate("client.vanished", {})
    with pytest.raises(EventError, match="no label"):
        validate("client.added", {"public": {"actor": "A", "client": "C"}, "secret": {}})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"type": "a.b", "sentence": "{actor}.", "client": ("password",)}, "secret"),
        ({"type": "a.b", "sentence": "{actor}.", "internal": ("otp_secret?",)}, "secret"),
        ({"type": "a.b", "sentence": "{item}.", "client": ("item",)}, "not required public"),
        ({"type": "a.b", "sentence": "{item}.", "public": ("item?",)}, "not required public"),
        ({"type": "a.b", "sentence": "{actor}.", "public": ("item",), "client": ("item",)}, "twice"),
        ({"type": "noun", "sentence": "{actor}."}, "dotted"),
    ],
)
def test_a_bad_schema_is_refused_at_once(arguments, words):
    with pytest.raises(EventError, match=words):
        Event(**arguments)


def test_a_type_stands_once():
    event = Event("a.b", "{actor}.")
    with pytest.raises(EventError, match="twice"):
        registry([(event,), (event,)])


def test_sentences_read_well():
    public = {"actor": "Ana Kim", "client": "Harbour Bakery", "recipient": "Northwind IT"}
    assert sentence_of("release.sent", {**public, "items": ["Firewall"]}) == (
        "Ana Kim released Firewall to Northwind IT."
    )
    many = [f"Item {n}" for n in range(1, 62)]
    assert sentence_of("release.sent", {**public, "items": many}) == (
        "Ana Kim released Item 1, Item 2, Item 3 and 58 more to Northwind IT."
    )
    assert sentence_of("receipt.window_ended", {**public, "items": ["Firewall"], "day": "2026-03-05"}) == (
        "No objection to Firewall by 5 March 2026."
    )
    assert "{end}" in sentence_of("client.added", {"actor": "A", "client": "{end}"})
    with pytest.raises(EventError, match="missing"):
        sentence_of("client.added", {"actor": "A"})
