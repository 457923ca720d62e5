# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mails say about copies that a vendor ships (R7) and to a client who comes back (R9)."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill, rows, some, spoken, spoken_exception
from partwell.documents.texts import _

Values = dict[str, Any]

AT_COST = "You pay what the vendor charges, without a markup; its invoice is yours to see."


def copy_asked(v: Values) -> Body:
    return Body(
        subject=fill(_("{asked_by} asks for a copy of {what} on a drive ({client})"), v),
        title=_("We have your wish for a copy"),
        happened=(
            fill(_("{asked_by} asked for a copy of {what} on a drive for {client}."), v),
            _("We ask the vendor what it costs, and tell you before anything is ordered."),
        ),
        facts=facts(v, (_("Goes to"), "ship_to"), (_("For our office"), "staff_url")),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(_(AT_COST),),
    )


def copy_approved(v: Values) -> Body:
    return Body(
        subject=fill(_("{approved_by} approved {amount} for a copy of {what} ({client})"), v),
        title=_("Approved: we order the copy"),
        happened=(
            fill(
                _(
                    "For {client}, {approved_by} approved exactly {amount}, net, for a copy of {what} on a drive."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("Net"), "amount"), (_("Vendor"), "vendor"), (_("For our office"), "staff_url")),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(_(AT_COST),),
    )


def copy_quoted(v: Values) -> Body:
    return Body(
        subject=fill(_("Please decide: a copy of {what} would cost {amount} ({client})"), v),
        title=_("What the vendor asks for the copy"),
        happened=(
            fill(
                _(
                    "{msp_name} asked for {client}: {vendor} wants {amount}, net, for a copy of {what} on a drive."
                ),
                v,
            ),
            _("Nothing is ordered before you have approved exactly this amount."),
        ),
        facts=facts(
            v,
            (_("Net"), "amount"),
            (_("Vendor"), "vendor"),
            (_("Stated in"), "source"),
            (_("On"), "quoted_on"),
        ),
        asked=_("Approve or decline it on your page."),
        button=_("Decide"),
        link=v["portal_url"],
        after=(_(AT_COST),),
    )


def copy_not_shipped(v: Values) -> Body:
    return Body(
        subject=fill(_("{vendor} does not ship a copy of {what} ({client})"), v),
        title=_("This vendor does not ship"),
        happened=(
            fill(
                _("For {client}, you asked for a copy of {what} on a drive. {vendor} does not send one."), v
            ),
            fill(_("{msp_name} keeps your backups as agreed all the same."), v),
        ),
        lists=some((_("What you can do instead"), rows(v["alternatives"]))),
        asked=_("Tell us which of these suits you."),
        button=_("See it on your page"),
        link=v["portal_url"],
    )


def copy_difference(v: Values) -> Body:
    return Body(
        subject=fill(_("Please decide: the copy of {what} cost {difference} more ({client})"), v),
        title=_("The vendor billed more than it quoted"),
        happened=(
            fill(
                _("For {client}, you approved {approved} for a copy of {what}. {vendor} billed {amount}."), v
            ),
            fill(
                _(
                    "We ask you again. If you say no, {msp_name} bears the difference, and you pay what you approved."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("Approved"), "approved"), (_("Billed"), "amount"), (_("More"), "difference")),
        asked=_("Approve or decline the difference on your page, where the vendor's invoice lies."),
        button=_("Decide"),
        link=v["portal_url"],
        after=(_(AT_COST),),
    )


def copy_shipped(v: Values) -> Body:
    return Body(
        subject=fill(_("The copy of {what} is on its way ({client})"), v),
        title=_("The drive has left"),
        happened=(
            fill(
                _(
                    "The drive with a copy of {what} that {msp_name} ordered for {client} left with {carrier}."
                ),
                v,
            ),
            _("It is encrypted. The key is not with it and never in a mail; it reaches you another way."),
        ),
        facts=facts(
            v,
            (_("Carrier"), "carrier"),
            (_("Tracking"), "tracking"),
            (_("Serial of the drive"), "drive_serial"),
            (_("Encrypted with"), "encryption"),
            (_("Left on"), "shipped_on"),
        ),
        asked=_("Compare the serial when it is there, and confirm its arrival on your page."),
        button=_("Confirm the arrival"),
        link=v["portal_url"],
    )


def return_quote(v: Values) -> Body:
    return Body(
        subject=fill(_("Welcome back: our quote for {client}"), v),
        title=_("Welcome back"),
        happened=(
            *((fill("{welcome}", v),) if v["welcome"] else ()),
            fill(
                _(
                    "We are glad that {client} thinks of coming back. Our quote is attached, with our answer to each point that you left us with."
                ),
                v,
            ),
        ),
        facts=facts(
            v | ({"exception": spoken_exception(v["exception"])} if v["exception"] else {}),
            (_("Onboarding, net"), "fee"),
            (_("An exception"), "exception"),
            (_("It stands until"), "valid_until"),
        ),
        lists=some((_("What you told us, and what we answer"), rows(v["answers"]))),
        asked=_(
            "Accept or decline it on your page. Your sign-in is enough; no second factor is asked for this."
        ),
        by=v["valid_until"] or "",
        button=_("Read and decide"),
        link=v["portal_url"],
    )


def welcome_back(v: Values) -> Body:
    return Body(
        subject=fill(_("{client} is with us again"), v),
        title=_("It is good to have you back"),
        happened=(
            fill(_("You accepted our quote over {fee}, net. From now on we look after {client} again."), v),
            _("The invoice comes by a mail of its own."),
        ),
        lists=some((_("What we do first"), rows(spoken(v["steps"])))),
        button=_("See your page"),
        link=v["portal_url"],
    )


def _f(names: set[str]) -> frozenset[str]:
    return frozenset(names)


RETURN: dict[str, Kind] = {
    "copy_asked": (copy_asked, _f({"what", "asked_by", "ship_to", "portal_url", "staff_url"}), _f(set())),
    "copy_approved": (
        copy_approved,
        _f({"what", "approved_by", "vendor", "amount", "portal_url", "staff_url"}),
        _f(set()),
    ),
    "copy_quoted": (copy_quoted, _f({"what", "vendor", "amount", "source", "portal_url"}), _f({"quoted_on"})),
    "copy_not_shipped": (copy_not_shipped, _f({"what", "vendor", "alternatives", "portal_url"}), _f(set())),
    "copy_difference": (
        copy_difference,
        _f({"what", "vendor", "approved", "amount", "difference", "portal_url"}),
        _f(set()),
    ),
    "copy_shipped": (
        copy_shipped,
        _f({"what", "carrier", "drive_serial", "portal_url"}),
        _f({"tracking", "encryption", "shipped_on"}),
    ),
    "return_quote": (
        return_quote,
        _f({"fee", "valid_until", "answers", "portal_url"}),
        _f({"exception", "welcome"}),
    ),
    "welcome_back": (welcome_back, _f({"fee", "steps", "portal_url"}), _f(set())),
}
