# SPDX-License-Identifier: AGPL-3.0-or-later
"""The recipient's answer to what was released, line by line or a set at once (R17); the client has a copy of each."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import zone
from partwell.actions.releases.standing import named_persons
from partwell.actions.releases.windows import closes_at, receipt_facts
from partwell.actions.retention import only_copies
from partwell.documents.texts import phrase
from partwell.records.people.queries import the_msp
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.silence import may_answer
from partwell.rules.terms import Party

LONGEST = 4000


def own_lines(actor: Actor, line_ids: Sequence[UUID]) -> list[ReleaseLine]:
    """The sent lines among these that were released to the actor's own side; strangers' ids are simply not found."""
    lines = ReleaseLine.objects.filter(pk__in=list(line_ids), state="sent", release__client=actor.client_id)
    if actor.kind == "client":
        lines = lines.filter(release__party=Party.CLIENT)
    elif actor.kind == "provider":
        lines = lines.filter(release__party=Party.PROVIDER, release__recipient=actor.recipient_id)
    else:
        return []
    return list(
        lines.select_related(
            "release__recipient", "release__person__recipient", "release__contact", "item"
        ).order_by("release__number", "category", "title")
    )


def _checked(actor: Actor, verb: str, line_ids: Sequence[UUID]) -> list[ReleaseLine] | Refusal:
    lines = own_lines(actor, line_ids)
    if not lines or len(lines) != len(set(line_ids)):
        return refuse("not_found")
    return roles.may(actor.role, verb) or lines


def confirm_receipt(
    *, actor: Actor, line_ids: Sequence[UUID], words: str = ""
) -> list[ReleaseLine] | Refusal:
    """Confirm that these lines arrived. All or none: the first that cannot be answered any more refuses the set.

    A line that was confirmed before stays as it was.
    """
    lines = _checked(actor, "receipt.confirm", line_ids)
    if isinstance(lines, Refusal):
        return lines
    with Deed(actor) as deed:
        deed.lock(lines[0].release.client_id)
        lines = own_lines(actor, line_ids)
        refusal = _first_refusal(deed, lines)
        if refusal is not None:
            return deed.refuse(refusal, subject=lines[0].release_id, verb="receipt.confirm")
        fresh = [line for line in lines if line.answer != "confirmed"]
        for line in fresh:
            deed.save(line, answer="confirmed", answered_at=deed.now, answered_by_name=actor.name)
        for release, group in _by_release(fresh):
            _tell(deed, release, confirmed=group, objected=[])
            deed.record(
                "receipt.confirmed",
                recipient=release.recipient_id,
                subjects=[release.id, *(line.item_id for line in group)],
                public={"items": [line.title for line in group]},
                to_client={"item_ids": [line.item_id.hex for line in group], "words": words[:LONGEST]},
            )
            if release.party == Party.CLIENT:
                only_copies.received(deed, [line.item_id for line in group], release.number)
        return lines


def object_to_receipt(*, actor: Actor, reasons: Mapping[UUID, str]) -> list[ReleaseLine] | Refusal:
    """Object to lines, each with its reason, within the window. An objection outlives a confirmation (R17)."""
    lines = _checked(actor, "receipt.object", list(reasons))
    if isinstance(lines, Refusal):
        return lines
    words = {line_id: text.strip()[:LONGEST] for line_id, text in reasons.items()}
    if not all(words.values()):
        return refuse("objection_needs_words")
    with Deed(actor) as deed:
        deed.lock(lines[0].release.client_id)
        lines = own_lines(actor, list(reasons))
        refusal = _first_refusal(deed, lines)
        if refusal is not None:
            return deed.refuse(refusal, subject=lines[0].release_id, verb="receipt.object")
        for release, group in _by_release(lines):
            for line in group:
                deed.save(
                    line,
                    answer="objected",
                    answered_at=deed.now,
                    answered_by_name=actor.name,
                    objection=words[line.id],
                    window_outcome="",
                )
            _tell(deed, release, confirmed=[], objected=group)
            for text in dict.fromkeys(words[line.id] for line in group):
                same = [line for line in group if words[line.id] == text]
                deed.record(
                    "receipt.objected",
                    recipient=release.recipient_id,
                    subjects=[release.id, *(line.item_id for line in same)],
                    public={"items": [line.title for line in same], "words": text},
                    to_client={"item_ids": [line.item_id.hex for line in same]},
                )
            if release.party == Party.CLIENT:
                only_copies.objected(deed, [line.item_id for line in group])
        return lines


def _first_refusal(deed: Deed, lines: list[ReleaseLine]) -> Refusal | None:
    zone_name = zone()
    found = (may_answer(receipt_facts(line, zone_name), deed.now, line.title) for line in lines)
    return next((refusal for refusal in found if refusal is not None), None)


def _by_release(lines: list[ReleaseLine]) -> list[tuple[Release, list[ReleaseLine]]]:
    groups: dict[UUID, list[ReleaseLine]] = {}
    for line in lines:
        groups.setdefault(line.release_id, []).append(line)
    return [(group[0].release, group) for group in groups.values()]


def _tell(deed: Deed, release: Release, *, confirmed: list[ReleaseLine], objected: list[ReleaseLine]) -> None:
    """The client's copy, and the recipient's while the consent stands. What the client answers itself needs no mail."""
    if deed.actor.kind == "client":
        return
    persons = named_persons(release.recipient_id, deed.now) if release.recipient_id else []
    still_open = ReleaseLine.objects.filter(release=release, state="sent", answer="").count()
    post(
        deed,
        Post(
            kind="receipt_answer",
            dedupe=f"receipt:{deed.next_uid.hex}",
            release=release,
            authorisation=release.authorisation if persons else None,
            persons=persons,
            values={
                "number": str(release.number),
                "answered_by": deed.actor.name,
                "at": deed.now,
                "objections": [{"title": line.title, "note": line.objection} for line in objected],
                "confirmed": [line.title for line in confirmed],
                "confirmed_count": str(len(confirmed)) if confirmed else None,
                "open_count": str(still_open),
                "portal_url": link(f"/client/releases/{release.id}/"),
            },
        ),
    )


def answer_objection(*, actor: Actor, line_id: UUID, words: str) -> ReleaseLine | Refusal:
    """Staff answer an objection; the client has the answer by mail, the recipient too while the consent stands."""
    line = ReleaseLine.objects.select_related("release__recipient").filter(pk=line_id).first()
    if not actor.is_staff or line is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "receipt.answer")) is not None:
        return refusal
    text = words.strip()[:LONGEST]
    if not text:
        return refuse("required", where="The answer")
    with Deed(actor) as deed:
        client = deed.lock(line.release.client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "receipt.answer")) is not None:
            return deed.refuse(gone, subject=line.id, verb="receipt.answer")
        line = ReleaseLine.objects.select_related("release__recipient", "release__authorisation").get(
            pk=line_id
        )
        if line.answer != "objected" or line.objection_answer:
            answer = "answered" if line.objection_answer else (line.answer or "not answered")
            return deed.refuse(
                refuse("already_answered", item=line.title, answer=answer),
                subject=line.item_id,
                verb="receipt.answer",
            )
        release = line.release
        deed.save(line, objection_answer=text, objection_answered_at=deed.now)
        persons = named_persons(release.recipient_id, deed.now) if release.recipient_id else []
        post(
            deed,
            Post(
                kind="message",
                dedupe=f"objection-answer:{line.id.hex}",
                release=release,
                authorisation=release.authorisation if persons else None,
                persons=persons,
                values={
                    "topic": phrase("Your objection to “{title}”", title=line.title),
                    "sender": actor.name,
                    "sender_firm": msp_name(),
                    "body": text,
                    "portal_url": link(f"/client/releases/{release.id}/"),
                },
            ),
        )
        deed.record(
            "receipt.answered",
            recipient=release.recipient_id,
            subjects=[release.id, line.item_id],
            public={"items": [line.title]},
            to_client={"item_ids": [line.item_id.hex], "words": text},
        )
        return line


def msp_name() -> str:
    """The MSP's name for mails."""
    msp = the_msp()
    return msp.name if msp else "The service provider"


def confirm_rotation(
    *, actor: Actor, line_ids: Sequence[UUID], words: str = ""
) -> list[ReleaseLine] | Refusal:
    """The recipient confirms that credentials were changed (R16); the MSP's copy may be purged after withdrawal.

    As long as the recipient sees the line: while the authorisation stands or the window is open.
    """
    lines = _checked(actor, "rotation.confirm", line_ids)
    if isinstance(lines, Refusal):
        return lines
    if any(line.kind != "credential" for line in lines):
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(lines[0].release.client_id)
        lines = own_lines(actor, line_ids)
        for line in lines:
            late = line.release.recipient_id is not None and deed.now >= closes_at(line)
            if late and line.release.recipient_id and not named_persons(line.release.recipient_id, deed.now):
                return deed.refuse(refuse("not_found"), subject=line.item_id, verb="rotation.confirm")
        for line in lines:
            if line.rotated_at is not None:
                continue
            deed.save(line, rotated_at=deed.now)
            if line.item.rotation_confirmed_at is None:
                deed.save(line.item, rotation_confirmed_at=deed.now)
            deed.record(
                "credential.rotated",
                recipient=line.release.recipient_id,
                subjects=[line.item_id, line.release_id],
                public={"item": line.title},
                to_client={"words": words[:LONGEST]},
            )
        return lines
