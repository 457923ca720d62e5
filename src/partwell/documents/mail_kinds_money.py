# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mails about work, hours and papers say; the others stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill, rows, some
from partwell.documents.texts import _

Values = dict[str, Any]

NEVER_STOPS = "Handing over what exists, as it exists, never waits for hours or for a payment."


def request_asked(v: Values) -> Body:
    return Body(
        subject=fill(_("{asked_by} asks for work: “{title}” ({client})"), v),
        title=_("Work was asked for"),
        happened=(
            fill(_("{asked_by} asked for “{title}” for {client}."), v),
            _(
                "We say how long it would take and what it would cost; nothing of it begins before you have approved that."
            ),
        ),
        facts=facts(v, (_("For our office"), "staff_url")),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(_(NEVER_STOPS),),
    )


def payment_recorded(v: Values) -> Body:
    return Body(
        subject=fill(_("We have your payment for {label} ({client})"), v),
        title=_("Your payment has come in"),
        happened=(
            fill(_("{msp_name} recorded {amount} from {client} for {label}."), v),
            _("It is paid in full.")
            if v.get("opened") or not v.get("still_open")
            else _("It is paid in part. Hours that it asks for open when it is paid in full."),
        ),
        facts=facts(
            v,
            (_("Came in on"), "received_on"),
            (_("Still to be paid"), "still_open"),
            (_("Hours that are open now"), "opened"),
            (_("Reference"), "reference"),
        ),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(_(NEVER_STOPS),),
    )


def payment_refunded(v: Values) -> Body:
    return Body(
        subject=fill(_("Money goes back to you on {label} ({client})"), v),
        title=_("Money goes back to you"),
        happened=(
            fill(_("{msp_name} paid {amount} back to {client} on {label}."), v),
            fill(_("Why: {reason}"), v),
        ),
        facts=facts(
            v,
            (_("Paid back on"), "paid_on"),
            (_("Still to be paid"), "still_open"),
            (_("Hours that are closed until it is paid"), "closed"),
            (_("Reference"), "reference"),
        ),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(_(NEVER_STOPS),),
    )


def request_estimated(v: Values) -> Body:
    return Body(
        subject=fill(_("Please decide: “{title}” would take {estimate} ({client})"), v),
        title=_("Shall we do this work?"),
        happened=(
            fill(_("{asked_by} asked for “{title}” for {client}. We estimate {estimate}."), v),
            _("Nothing of it begins before you have approved it."),
        ),
        facts=facts(
            v,
            (_("Estimate"), "estimate"),
            (_("Left now"), "left"),
            (_("To be paid in advance"), "price"),
            (_("What the law says"), "verdict"),
        ),
        asked=_("Approve or decline it on your page. The new provider cannot approve work at your cost."),
        button=_("Decide"),
        link=v["portal_url"],
        after=(_(NEVER_STOPS),),
    )


def paper_issued(v: Values) -> Body:
    return Body(
        subject=fill(_("{label} for {client}"), v),
        title=fill(_("{label} is attached"), v),
        happened=(fill(_("{msp_name} issued {label} to {client}. The paper is attached."), v),),
        facts=facts(v, (_("To be paid"), "gross"), (_("Due"), "due_on")),
        lists=some((_("What it is for"), rows(v["lines"]))),
        button=_("See it on your page"),
        link=v["portal_url"] or "",
        after=(_(NEVER_STOPS),),
    )


def hours_running_out(v: Values) -> Body:
    return Body(
        subject=fill(_("{used_share} of the hours for {client} are used"), v),
        title=_("The hours are running out"),
        happened=(
            fill(_("Of {total} for the departure of {client}, {used} are used and {left} are left."), v),
            _("When they are used up, no further billable work begins unless you buy a block in advance."),
        ),
        facts=facts(v, (_("A block costs"), "price")),
        button=_("See what the time went on"),
        link=v["portal_url"] or "",
        after=(_(NEVER_STOPS),),
    )


def statement(v: Values) -> Body:
    return Body(
        subject=fill(_("Your statement: hours and money of {client}"), v),
        title=_("Your statement is attached"),
        happened=(
            fill(_("What was included, used, bought and given back for {client}, on one paper."), v),
            _("On your page every line leads to its time, approval, invoice and proof."),
        ),
        facts=facts(
            v,
            (_("Used"), "used"),
            (_("Left"), "left"),
            (_("Given without charge"), "goodwill"),
            (_("Still to be paid"), "open"),
            (_("To your credit"), "in_favour"),
        ),
        button=_("See every line"),
        link=v["portal_url"] or "",
        after=(_(NEVER_STOPS),),
    )


def _f(names: set[str]) -> frozenset[str]:
    return frozenset(names)


MONEY: dict[str, Kind] = {
    "request_estimated": (
        request_estimated,
        _f({"title", "estimate", "asked_by", "portal_url"}),
        _f({"left", "price", "verdict"}),
    ),
    "request_asked": (request_asked, _f({"title", "asked_by", "portal_url", "staff_url"}), _f({"asked_at"})),
    "payment_recorded": (
        payment_recorded,
        _f({"label", "amount", "received_on", "portal_url"}),
        _f({"still_open", "opened", "reference"}),
    ),
    "payment_refunded": (
        payment_refunded,
        _f({"label", "amount", "paid_on", "reason", "portal_url"}),
        _f({"still_open", "closed", "reference"}),
    ),
    "paper_issued": (paper_issued, _f({"label", "gross"}), _f({"due_on", "lines"})),
    "statement": (statement, _f({"used", "left"}), _f({"goodwill", "open", "in_favour"})),
    "hours_running_out": (hours_running_out, _f({"used_share", "total", "used", "left"}), _f({"price"})),
}
