# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mails about meetings and corrected summaries say; the others stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill, rows, some
from partwell.documents.texts import _, clean

Values = dict[str, Any]


def _meeting(v: Values, subject: str, title: str, happened: str, asked: str, after: str) -> Body:
    return Body(
        subject=fill(subject, v),
        title=fill(title, v),
        happened=(fill(happened, v),),
        facts=facts(v, (_("Begins"), "begins"), (_("Ends"), "ends"), (_("Where"), "place")),
        lists=some((_("Who is invited"), rows(v["attendees"]))),
        quote=(_("What it is about"), clean(v["agenda"])) if v["agenda"] else None,
        asked=asked,
        button=_("See the meeting"),
        link=v["portal_url"],
        after=(after,),
    )


def meeting_invitation(v: Values) -> Body:
    return _meeting(
        v,
        _("Invitation: {meeting} ({client})"),
        _("A meeting: {meeting}"),
        _("{called_by} of {msp_name} invites you to a meeting about {client}."),
        _("Accept or decline in your calendar: the invitation is attached. Another time? Answer this mail."),
        fill(_("{client} is invited to every meeting with a new provider, and receives its summary."), v),
    )


def meeting_changed(v: Values) -> Body:
    return _meeting(
        v,
        _("Changed: {meeting} ({client})"),
        _("The meeting changed: {meeting}"),
        _("{called_by} of {msp_name} changed a meeting about {client}. These facts hold now."),
        _(
            "Your calendar takes the change from the attached invitation. Answer this mail if it does not fit."
        ),
        fill(_("{client} is invited to every meeting with a new provider, and receives its summary."), v),
    )


def meeting_cancelled(v: Values) -> Body:
    return _meeting(
        v,
        _("Cancelled: {meeting} ({client})"),
        _("The meeting does not take place: {meeting}"),
        _("{called_by} of {msp_name} cancelled a meeting about {client}. Reason: {reason}"),
        "",
        _("Your calendar takes it out by the attached cancellation."),
    )


def recording_asked(v: Values) -> Body:
    return Body(
        subject=fill(_("May this be recorded? {what} ({client})"), v),
        title=fill(_("May it be recorded? {what}"), v),
        happened=(
            fill(
                _(
                    "{asked_by} of {msp_name} would like to record a conversation about {client}. It is recorded only if everybody who is heard agrees before."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("When"), "begins")),
        lists=some((_("Who will be heard"), rows(v["voices"]))),
        asked=_(
            "Say yes or no on your page. Without your yes nothing is recorded, and that has no consequence for you."
        ),
        button=_("Answer"),
        link=v["portal_url"],
        after=(
            *(
                (fill(_("The new provider’s people answer on their own page: {provider_url}"), v),)
                if v["provider_url"]
                else ()
            ),
            _(
                "You can take your consent back at any time: then nobody plays the recording any more, and it is destroyed."
            ),
        ),
    )


def recording_ended(v: Values) -> Body:
    return Body(
        subject=fill(_("A recording has ended: {what} ({client})"), v),
        title=fill(_("The recording is no longer played: {what}"), v),
        happened=(
            fill(
                _(
                    "{who} took the consent back. From now on nobody plays the recording, and it is destroyed with its key."
                ),
                v,
            ),
            _("What was said stays on record in words, and so does the fact that there was a recording."),
        ),
        facts=facts(v, (_("Client"), "client"), (_("The conversation"), "at")),
        button=_("See what was said"),
        link=v["portal_url"],
        after=(
            _(
                "While a legal hold covers your record, the destruction waits until it is lifted; the recording stays closed."
            ),
        ),
    )


_f = frozenset
_ALWAYS = _f({"meeting", "begins", "ends", "attendees", "called_by", "portal_url"})
MEETING: dict[str, Kind] = {
    "meeting_invitation": (meeting_invitation, _ALWAYS, _f({"place", "agenda"})),
    "meeting_changed": (meeting_changed, _ALWAYS, _f({"place", "agenda"})),
    "meeting_cancelled": (meeting_cancelled, _ALWAYS | {"reason"}, _f({"place", "agenda"})),
    "recording_asked": (
        recording_asked,
        _f({"what", "voices", "asked_by", "portal_url"}),
        _f({"begins", "provider_url"}),
    ),
    "recording_ended": (recording_ended, _f({"what", "who", "at", "portal_url"}), _f()),
}
