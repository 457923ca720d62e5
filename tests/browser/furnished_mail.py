# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that came in, in each of the states in which a page shows it."""

from typing import Any

from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.correspondence.disown_mail import disown_mail, disown_question
from partwell.actions.correspondence.roads import NewRoad, add_road
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.people.enter import person_actor
from partwell.connectors.secret import Secret
from partwell.records.correspondence.models import Envelope
from partwell.rules.terms import RecipientKind
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, dns, dsn, mail, mail_comes_in, signed, take
from tests.flows.mail_forwards import INLINE, attached, original
from tests.flows.mail_parts import parted


def mail_in(c: Cast) -> dict[str, Any]:
    """A question asked before consent, one the client disowned; a held mail with parts, one the client disowned, one of nobody, one that says it is Dan's, one that Dan forwarded; a report that nobody can prove."""
    with mail_comes_in():
        said = done(
            write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("Where to write", "Here."))
        )
        to = address()
        out = Envelope.objects.get(message=said)
        doubted = take(dsn(out, out.recipients[0]["address"]), road="imap")
        held = take(parted("Someone New <new@harbour.example>", to), to=to)
        disowned = take(mail("Stranger <who@knows.example>", to, "An offer"), to=to)
        done(disown_mail(actor=c.mara, mail_id=disowned.id))
        nobody = take(
            mail("Lost <lost@nowhere.example>", "reply@parting.example"), to="reply@parting.example"
        )
        dan = take(
            mail("Dan Frey <dan@harbourline.example>", to, "WG: Firewall", INLINE["outlook de"][1]), to=to
        )
        ours = dns("harbourline.example", "alderrow.example")
        passed_on = attached(signed(original(parts=True), "alderrow.example"), to=to, text="He asks again.")
        forwarded = take(signed(passed_on, "harbourline.example"), to=to, resolver=ours)
    assert held.message_id is not None
    firm = done(add_recipient(actor=c.ines, client_id=c.northwick.id, firm="Selby Networks", kind=RecipientKind.CONTRACTOR))  # fmt: skip
    iris = done(add_person(actor=c.ines, recipient_id=firm.id, name="Iris Lund", email="iris@selby.example"))
    asker = person_actor("provider", iris.id, strength="link", address="192.0.2.9")
    assert asker is not None
    asked = [
        done(
            write_message(
                actor=asker, client_id=c.northwick.id, draft=Draft(subject, "Which one do they use?")
            )
        )
        for subject in ("The alarm line", "The lift")
    ]
    done(disown_question(actor=c.mara, message_id=asked[1].id))
    road = done(add_road(actor=c.jonah, road=NewRoad("imap", "The mailbox", Secret("kept for the road"), {"host": "mail.harbourline.example", "user": "reply"})))  # fmt: skip
    part = held.parts.get(name="list.csv")
    return {"mail_id": held.id, "part_id": part.id, "mail disowned": disowned.id, "mail of nobody": nobody.id,
            "question": asked[0].id, "question disowned": asked[1].id, "mail of dan": dan.id, "mail forwarded": forwarded.id, "mail doubted": doubted.id, "forwarded": forwarded.message_id, "road_id": road.id, "came in": held.message_id}  # fmt: skip
