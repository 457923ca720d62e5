# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an announcement is stopped: lines that no longer pass stop with it, the rest is announced anew (R1, R2)."""

from collections import defaultdict
from datetime import datetime

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import names
from partwell.actions.releases.gate import Target, judge_again
from partwell.actions.releases.release_items import announce, announcement_key
from partwell.records.correspondence.models import Envelope
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules.refusals import Refusal
from partwell.rules.terms import EnvelopeState, Party

ANNOUNCEMENTS = 20  # of one release; beyond that something is wrong that a person must look at


def lines_of(envelope: Envelope) -> list[ReleaseLine]:
    """The sent lines that an announcement speaks of: those that left together and whose ids are in its key.

    Falls back to all sent lines of the release, so that nothing escapes the gate for want of a match.
    """
    lines = list(
        ReleaseLine.objects.filter(release=envelope.release_id, state="sent")
        .order_by("category", "title")
        .select_related(
            "item__document", "release__person__recipient", "release__authorisation", "release__contact"
        )
    )
    together: dict[datetime | None, list[ReleaseLine]] = defaultdict(list)
    for line in lines:
        together[line.sent_at].append(line)
    for group in together.values():
        if envelope.dedupe_key.startswith(announcement_key(group[0].release_id, group)):
            return group
    return lines


def stop_lines(deed: Deed, envelope: Envelope, refusal: Refusal, *, whole: bool = False) -> None:
    """Within the deed that stopped ``envelope``: judge its lines again, stop what fails, announce what remains.

    ``whole`` stops every line. The client must be locked.
    """
    client = deed.client
    assert client is not None  # stop() is only called under the client's lock
    lines = lines_of(envelope)
    if not lines:
        return
    release = lines[0].release
    reasons: list[Refusal | None] = (
        [refusal] * len(lines) if whole else judge_again(client, release, lines, deed.now)
    )
    stopped = [(line, why) for line, why in zip(lines, reasons, strict=True) if why is not None]
    rest = [line for line, why in zip(lines, reasons, strict=True) if why is None]
    target = Target(Party(release.party), release.contact, release.person)
    if stopped:
        for line, why in stopped:
            deed.save(line, state="stopped", refusal=why.code)
        record_stopped(
            deed,
            release,
            [line for line, _ in stopped],
            target,
            "; ".join(dict.fromkeys(why.sentence for _, why in stopped)),
        )
    if rest:
        _announce_rest(deed, release, rest, target)


def record_stopped(
    deed: Deed, release: Release, lines: list[ReleaseLine], target: Target, reason: str
) -> None:
    """The entry of what was stopped; it is not the recipient's to read."""
    deed.record(
        "release.stopped",
        subjects=[release.id, *(line.item_id for line in lines)],
        public={"recipient": target.name, "items": [line.title for line in lines]},
        to_client={"item_ids": [line.item_id.hex for line in lines], "reason": reason},
    )


def _announce_rest(deed: Deed, release: Release, rest: list[ReleaseLine], target: Target) -> None:
    made = Envelope.objects.filter(release=release, kind="release_announcement")
    tries = made.count()
    if tries >= ANNOUNCEMENTS:
        return
    if announce(deed, release, rest, target, again=f":{tries}") is None:
        queued = made.filter(entry__uid=deed.next_uid, state=EnvelopeState.QUEUED).first()
        if queued is not None:
            deed.record(
                "envelope.queued",
                recipient=None,
                subjects=[queued.id, release.id],
                public={"recipients": names(queued)},
                to_client={"digest": queued.digest, "kind": queued.kind},
            )
