# SPDX-License-Identifier: AGPL-3.0-or-later
"""A delivery report that came in, line by line: which mail of ours and which of its recipients it is about, and what it is worth.

No decision of its own (``rules.reports``), no writing. What a person later needs is kept with the mail (``InboundMail.auth["report"]``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from partwell.actions.correspondence import return_paths
from partwell.actions.correspondence.return_paths import Returned
from partwell.importers.inbound_mail import MailRead, ReportLine
from partwell.records.correspondence.models import Envelope
from partwell.rules.reports import WITHIN, Judgement, LineFacts, Worth, worth

UNREAD = "A mail server reports on it, and what the report says cannot be read."
_SERVERS = ("mailer-daemon", "postmaster")


@dataclass(frozen=True)
class Weighed:
    """One line. ``on_it``: the recipient of our mail that it is about (role, name, address), None where it names none."""

    line: ReportLine
    on_it: Mapping[str, str] | None
    judgement: Judgement


@dataclass(frozen=True)
class Report:
    """``doubt``: why a person must look; "" where nobody must. ``remark``: why nothing follows of it, where nothing does."""

    envelope: Envelope
    lines: tuple[Weighed, ...]
    doubt: str = ""
    remark: str = ""


def weigh(
    read: MailRead, client_id: UUID | None, returned: Returned | None, *, road: str, now: datetime
) -> Report | None:
    """The report that a mail is; None where it is none about a mail of this client's. One query where it names one."""
    if client_id is None:
        return None
    of = Envelope.objects.filter(internet_message_id__in=read.report_of, client_id=client_id)
    named = of.first() if read.report and read.report_of else None
    envelope = named or (returned.envelope if returned else None)
    if envelope is None or not (read.report or _by_a_server(read)):
        return None
    lines = tuple(_weighed(line, envelope, named, returned, road, now) for line in read.report)
    believed = [one for one in lines if one.judgement.worth is Worth.BELIEVED]
    # Beside what is proved, a line about nobody on the mail is where the client's own server sends on to.
    asked = [one for one in lines if one.judgement.worth is Worth.ASKED and (one.on_it or not believed)]
    if asked or not lines:
        return Report(envelope, lines, asked[0].judgement.why if asked else UNREAD)
    return Report(
        envelope, lines, remark="" if believed else f"{lines[0].judgement.why} Nothing follows from it."
    )


def _by_a_server(read: MailRead) -> bool:
    return any(one.address.partition("@")[0].casefold() in _SERVERS for one in read.from_)


def _weighed(
    line: ReportLine,
    envelope: Envelope,
    named: Envelope | None,
    returned: Returned | None,
    road: str,
    now: datetime,
) -> Weighed:
    on_it, marked = _recipient(line, envelope)
    left = envelope.data_started_at
    facts = LineFacts(
        failed=line.action == "failed",
        role=on_it["role"] if on_it else "",
        returned=returned is not None and returned.genuine and returned.envelope.id == envelope.id,
        marked=marked,
        provider_has_it=envelope.to_provider or any(one["role"] == "provider" for one in envelope.recipients),
        other=bool(named and returned and named.id != returned.envelope.id),
        late=left is None or now - left > WITHIN,
        brought=road == "upload",
    )
    return Weighed(line, on_it, worth(facts))


def _recipient(line: ReportLine, envelope: Envelope) -> tuple[Mapping[str, str] | None, bool]:
    """Whom of the mail a line is about, and whether it bears that recipient's mark."""
    people: list[dict[str, str]] = envelope.recipients
    if line.original:
        for one in people:
            if return_paths.is_mark(line.original, envelope.id, one["address"]):
                return one, True
    by_address = {one["address"].casefold(): one for one in reversed(people)}
    return by_address.get(line.original.casefold()) or by_address.get(line.address.casefold()), False


def kept(report: Report) -> dict[str, Any]:
    """As it stands with the mail: nothing of the marks, which prove only while nobody knows them."""
    return {
        "envelope": report.envelope.id.hex,
        "lines": [
            {
                "address": one.on_it["address"] if one.on_it else one.line.address,
                "name": one.on_it["name"] if one.on_it else "",
                "role": one.on_it["role"] if one.on_it else "",
                "action": one.line.action,
                "status": one.line.status,
                "diagnostic": one.line.diagnostic,
                "worth": one.judgement.worth.value,
                "why": one.judgement.why,
            }
            for one in report.lines
        ],
    }
