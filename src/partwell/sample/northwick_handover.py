# SPDX-License-Identifier: AGPL-3.0-or-later
"""Northwick's handover so far: what was recorded and tried, released to both, asked, confirmed and objected to."""

from typing import TYPE_CHECKING, Any

from partwell.actions.estate.record_handover import record_handover
from partwell.actions.estate.take_picture import take_picture
from partwell.actions.estate.try_credential import label_untested, second_credential, try_credential
from partwell.actions.releases.approve import approve_release
from partwell.actions.releases.gate import Target
from partwell.actions.releases.open_line import open_line
from partwell.actions.releases.receive import confirm_receipt, object_to_receipt
from partwell.actions.releases.release_items import Outcome, release_items
from partwell.importers.images import Rectangle
from partwell.rules.actor import Actor
from partwell.rules.terms import Party
from partwell.sample import made
from partwell.sample.steps import House, done, item, items

if TYPE_CHECKING:
    from partwell.sample.northwick import Story

HARDWARE = (
    "nw-fs01",
    "Edge firewall",
    "Core switch",
    "Access switch 1",
    "Access switch 2",
    "UPS rack",
    "Laptop Mara",
)
TRIED = ("Edge firewall admin", "nw-fs01 local administrator", "Tenant global administrator")
UNTESTED = (
    "Guest wireless key",
    "Label printer web page",
    "Telephone system",
    "Dock cameras",
    "Wireless controller",
)


def hand_over(house: House, story: "Story") -> None:
    """Records and trials first, then three sets: to the client, to Alder Row, and one that asks the client."""
    client = story.client.id
    _hardware(house, client)
    _credentials(house, client)
    house.say("Northwick: hardware recorded, credentials tried")
    contact = story.client.contacts.get(pk=story.mara.id)
    person = story.recipient.persons.get(pk=story.theo.id)
    to_client, to_theo = Target(Party.CLIENT, contact=contact), Target(Party.PROVIDER, person=person)
    papers = [one for one in items(client, kind="document") if one.owner == "client" and one.document_id]
    diagrams = [one for one in papers if one.category in ("diagrams", "audit_reports")]
    _release(
        house.dan,
        client,
        to_client,
        [*diagrams, *(item(client, words, kind="hardware") for words in HARDWARE)],
        "to-client-1",
    )
    normal = [one for one in papers if one.sensitivity == "normal" and one.category != "training"]
    secrets = [item(client, words, kind="credential") for words in (*TRIED[:1], *UNTESTED[:3])]
    first = _release(house.dan, client, to_theo, [*normal, *secrets], "to-alder-row-1").release
    _answers(story, first)
    asked = _release(house.priya, client, to_theo, [item(client, "month-end-runbook"), item(client, "Dock cameras", kind="credential"),
                     *(one for one in items(client, kind="document") if one.category == "audit_reports")], "to-alder-row-2")  # fmt: skip
    if asked.release is not None and asked.asked:
        lines = list(asked.release.lines.filter(state="asked"))
        done(
            approve_release(
                actor=story.mara,
                request_id=asked.release.approval.id,
                yes=[lines[0].id],
                words="The scan is enough for now.",
            )
        )
    _release(house.dan, client, to_theo, [item(client, "leaver"), item(client, "uplink")], "to-alder-row-3")
    house.say("Northwick: released to both, answered, asked")


def _release(actor: Actor, client: Any, target: Target, chosen: list[Any], key: str) -> Outcome:
    ids = list(dict.fromkeys(one.id for one in chosen))
    found = done(
        release_items(actor=actor, client_id=client, target=target, item_ids=ids, idempotency=f"sample-{key}")
    )
    if found.refused:
        item_, refusal = found.refused[0]
        raise RuntimeError(f"{item_.title}: {refusal.sentence}")
    return found


def _hardware(house: House, client: Any) -> None:
    for words in (*HARDWARE, "nw-hv01", "nw-bk01", "Warehouse firewall"):
        row = item(client, words, kind="hardware")
        done(
            record_handover(
                actor=house.dan, client_id=client, item_id=row.id, condition="good, in use", title="passed"
            )
        )
    row = item(client, "Warehouse switch", kind="hardware")
    done(
        record_handover(
            actor=house.dan, client_id=client, item_id=row.id, condition="one port dead", title="passed"
        )
    )


def _credentials(house: House, client: Any) -> None:
    for words in TRIED:
        row = item(client, words, kind="credential")
        done(
            record_handover(
                actor=house.priya,
                client_id=client,
                item_id=row.id,
                privilege="administrator",
                mfa="yes",
                clients_account=True,
            )
        )
        picture = made.screen(
            row.title,
            ["Signed in.", f"User: {row.details.get('username', '')}", "Session token: 8fd1-not-for-others"],
        )
        proof = done(take_picture(actor=house.priya, client_id=client, subject_kind="item", subject_id=row.id, data=picture,
                                  rectangles=[Rectangle(8, 96, 600, 28)], caption="The sign-in worked; the token is blacked out"))  # fmt: skip
        done(
            try_credential(
                actor=house.priya, client_id=client, item_id=row.id, outcome="worked", proof_id=proof.id
            )
        )
    for words in UNTESTED:
        row = item(client, words, kind="credential")
        done(record_handover(actor=house.priya, client_id=client, item_id=row.id, privilege="user"))
        if not row.critical:
            done(label_untested(actor=house.priya, client_id=client, item_ids=[row.id]))
    row = item(client, "directory restore mode", kind="credential")
    done(record_handover(actor=house.priya, client_id=client, item_id=row.id, privilege="administrator"))
    done(try_credential(actor=house.priya, client_id=client, item_id=row.id, outcome="cannot_be_tried",
                        reason="Trying it means restarting the only domain controller."))  # fmt: skip
    done(second_credential(actor=house.dan, client_id=client, item_id=row.id))


def _answers(story: "Story", release: Any) -> None:
    """Theo opens some, confirms most and objects to one; the rest stays open until the window closes."""
    lines = list(release.lines.filter(state="sent").order_by("title"))
    documents = [line for line in lines if line.kind == "document"]
    for line in documents[:4]:
        done(open_line(actor=story.theo, line_id=line.id, agent="Sample browser"))
    done(
        confirm_receipt(
            actor=story.theo, line_ids=[line.id for line in documents[:3]], words="Complete and legible."
        )
    )
    done(
        object_to_receipt(
            actor=story.theo,
            reasons={documents[3].id: "The page shows the state of 2024; the second uplink is missing."},
        )
    )
