# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client answers one request a set; saying yes *decides again*, for consent may have been withdrawn meanwhile."""

from collections.abc import Collection
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.releases.gate import Target, approvals_of, judge, receiver_gone
from partwell.actions.releases.release_items import AnnouncementRefused, announce, record_sent
from partwell.actions.releases.stop_lines import record_stopped
from partwell.records.clients.models import Contact
from partwell.records.releases.models import ApprovalRequest, ReleaseLine
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Party, Verdict


def approve_release(
    *, actor: Actor, request_id: UUID, yes: Collection[UUID], words: str = ""
) -> ApprovalRequest | Refusal:
    """The signatory says yes to the lines in ``yes`` and no to the other open ones of this request.

    A yes that the gate no longer carries stops that line with the gate's reason. Answered once: a second
    answer gets ``already_decided``.
    """
    peek = (
        ApprovalRequest.objects.select_related("release")
        .filter(pk=request_id, release__client=actor.client_id)
        .first()
    )
    if actor.kind != "client" or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "release.approve")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(peek.release.client_id)
        request = ApprovalRequest.objects.select_related(
            "release__person__recipient", "release__authorisation"
        ).get(pk=request_id)
        release = request.release
        if request.state != "open":
            return deed.refuse(refuse("already_decided"), subject=request.id, verb="release.approve")
        lines = list(
            ReleaseLine.objects.filter(release=release, state="asked").select_related(
                "item__document", "release", "document"
            )
        )
        chosen = [line for line in lines if line.id in set(yes)]
        declined = [line for line in lines if line.id not in set(yes)]
        target = Target(Party.PROVIDER, contact=Contact.objects.get(pk=actor.id), person=release.person)
        sent: list[ReleaseLine] = []
        stopped: list[tuple[ReleaseLine, Refusal]] = []
        if chosen and release.authorisation is not None:
            bound = approvals_of(
                chosen, release.authorisation_id, request.authorisation_version, approved=True
            )
            judged, _ = judge(client, target, [line.item for line in chosen], now=deed.now, approvals=bound)
            gone = receiver_gone(target)
            for line, one in zip(chosen, judged, strict=True):
                if gone is None and one.decision.verdict is Verdict.SEND:
                    sent.append(deed.save(line, state="sent", sent_at=deed.now))
                else:
                    why = gone or one.decision.refusal or one.decision.reasons[0]
                    stopped.append((deed.save(line, state="stopped", refusal=why.code), why))
        for line in declined:
            deed.save(line, state="declined", refusal="client_declined")
        state = "approved" if len(sent) == len(lines) else ("partly" if sent else "declined")
        deed.save(request, state=state, decided_at=deed.now, decided_by_id=actor.id, words=words)
        if stopped:
            reason = "; ".join(dict.fromkeys(why.sentence for _, why in stopped))
            record_stopped(deed, release, [line for line, _ in stopped], target, reason)
        if sent or declined:
            _record_answers(deed, request, sent, declined, target)
        for line, why in stopped:
            deed.refuse(
                why, subject=line.item_id, version=request.authorisation_version, verb="release.approve"
            )
        if sent:
            problem = announce(deed, release, sent, target)
            if problem is not None:
                raise AnnouncementRefused(problem)
            record_sent(
                deed,
                release,
                [line.item for line in sent],
                [line.digest for line in sent],
                target,
                request.authorisation_version,
            )
        return request


def _record_answers(
    deed: Deed, request: ApprovalRequest, sent: list[ReleaseLine], declined: list[ReleaseLine], target: Target
) -> None:
    release = request.release
    titles = [line.title for line in sent] or [line.title for line in declined]
    answer = post(
        deed,
        Post(
            kind="ask_answered",
            dedupe=f"answer:{request.id.hex}",
            release=release,
            values={
                "portal_url": link("/client/releases/"),
                "reason": request.words or None,
                "decision": "approved" if sent else "declined",
                "decided_by": deed.actor.name,
                "recipient_firm": target.name,
                "items": [{"title": title, "note": ""} for title in titles],
                "at": deed.now,
            },
        ),
    )
    del answer  # without an address the portal still shows it; R2 concerns what goes to the provider
    if sent:
        deed.record(
            "release.approved",
            subjects=[release.id, *(line.item_id for line in sent)],
            public={"recipient": target.name, "items": [line.title for line in sent]},
            to_client={
                "item_ids": [line.item_id.hex for line in sent],
                "digests": [line.digest for line in sent],
                "authorisation_version": request.authorisation_version,
            },
        )
    if declined:
        deed.record(
            "release.declined",
            subjects=[release.id, *(line.item_id for line in declined)],
            public={"recipient": target.name, "items": [line.title for line in declined]},
            to_client={"item_ids": [line.item_id.hex for line in declined], "words": request.words},
        )
