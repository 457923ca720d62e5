# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mails about backups, the client's choice, holds and deletion say; the others stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill, rows, some
from partwell.documents.texts import _, clean

Values = dict[str, Any]

WAYS = (
    "If this is not what you want, answer this mail or say so on your page before the day has passed: you can object, "
    "choose otherwise, or ask for a copy. A legal hold stops it too."
)


def choice_asked(v: Values) -> Body:
    law = (
        (fill(_("The law asks for your word here ({laws}): without it we must not simply keep them."), v),)
        if v["laws"]
        else ()
    )
    return Body(
        subject=fill(_("Please decide what happens to your backups, {client}"), v),
        title=_("What shall happen to your backups?"),
        happened=(
            fill(
                _(
                    "Our service to {client} ends on {service_ends}. We hold these backups and archives of yours."
                ),
                v,
            ),
            *law,
        ),
        lists=some((_("What we hold"), rows(v["kept"]))),
        asked=_(
            "Choose on your page: keep them as agreed and then delete them, delete them after the end of service, or return "
            "them to you, on a drive or as a download. Your signatory decides, and can change it until the deletion has begun."
        ),
        by=v["service_ends"],
        button=_("Decide"),
        link=v["portal_url"],
    )


def choice_made(v: Values) -> Body:
    return Body(
        subject=fill(_("Your copy: {client} decided about its backups"), v),
        title=_("The decision is on record"),
        happened=(fill(_("{made_by} decided for {client}: {choice}."), v),),
        facts=facts(v, (_("Signed"), "made_at"), (_("Added"), "words")),
        quote=(_("What was signed"), clean(v["text"])),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(_("If this was not you, call us at once: it can be changed until the deletion has begun."),),
    )


def retention_dates(v: Values) -> Body:
    return Body(
        subject=fill(_("Until when we keep your backups, {client}"), v),
        title=_("Until when we keep your backups"),
        happened=(fill(_("{why}"), v), fill(_("These days hold for {client} from now on."), v)),
        lists=some((_("Kept until"), rows(v["kept"]))),
        asked=_("Tell us if you remember it otherwise."),
        button=_("See them on your page"),
        link=v["portal_url"],
    )


def retention_notice(v: Values) -> Body:
    passed = bool(v["passed"])
    happened = (
        (
            fill(
                _("These backups of {client} were kept until {until}, as promised. They are deleted next."), v
            ),
            _(
                "When they are gone you receive a certificate; until then your page says plainly that they are late."
            ),
        )
        if passed
        else (fill(_("These backups of {client} are kept until {until} and deleted after that day."), v),)
    )
    return Body(
        subject=fill(
            _("Your backups are deleted next, {client}")
            if passed
            else _("Your backups are deleted after {until} ({client})"),
            v,
        ),
        title=_("Your backups are deleted next") if passed else _("Your backups will be deleted"),
        happened=happened,
        facts=facts(v, (_("Kept until"), "until")),
        lists=some((_("What is deleted, and where it lies"), rows(v["kept"]))),
        asked=_("You have not said yet what shall happen to them. Please decide on your page.")
        if v["asked"]
        else "",
        by=v["until"] if v["asked"] else "",
        button=_("Object, choose, or ask for a copy"),
        link=v["portal_url"],
        after=(
            _(WAYS)
            if not passed
            else _("If you still need something of them, answer today: what is gone cannot be brought back."),
        ),
    )


def hold_lift_asked(v: Values) -> Body:
    return Body(
        subject=fill(_("May the hold “{title}” be lifted? ({client})"), v),
        title=_("May a legal hold be lifted?"),
        happened=(
            fill(_("{asked_by} of {msp_name} asks to lift the hold “{title}” on data of {client}."), v),
            _("Lifting a hold takes two people, and there is nobody else with us: the second is you."),
        ),
        quote=(_("The reason given"), clean(v["reason"])),
        asked=_("Agree on your page, or say no: then the hold stays and nothing it covers is deleted."),
        button=_("Decide"),
        link=v["portal_url"],
    )


def only_copy_waived(v: Values) -> Body:
    return Body(
        subject=fill(_("Your copy: {client} waived what only we held"), v),
        title=_("The waiver is on record"),
        happened=(fill(_("{made_by} signed for {client} that these need not be handed over."), v),),
        facts=facts(v, (_("Signed"), "made_at")),
        lists=some((_("Waived"), rows(v["items"]))),
        quote=(_("What was signed"), clean(v["text"])),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(_("If this was not you, call us at once."),),
    )


def erasure_proposed(v: Values) -> Body:
    """The signatory hears that a record is to end; ``second``: nobody else is there to agree (R15)."""
    asked = (
        _(
            "It takes two people, and there is nobody else with us: the second is you. Agree on your page, or say no."
        )
        if v["second"]
        else _(
            "If you need it longer, or want a copy, answer this mail now: what is erased cannot be brought back."
        )
    )
    return Body(
        subject=fill(_("To be erased: {what} ({client})"), v),
        title=_("Something of your record is to be erased"),
        happened=(
            fill(_("{proposed_by} of {msp_name} proposed to erase {what} that we keep of {client}."), v),
            _("Nothing is erased before a second person agrees."),
        ),
        facts=facts(v, (_("Its time is over since"), "due_on")),
        quote=(_("The reason given"), clean(v["basis"])) if v["basis"] else None,
        asked=asked,
        button=_("Decide") if v["second"] else _("See it on your page"),
        link=v["portal_url"],
    )


def office_note(v: Values) -> Body:
    """To the provider's own office, apart from evidence: nothing of it is for others."""
    return Body(
        subject=fill(_("{title} ({client})"), v),
        title=v["title"],
        happened=(fill(_("{what}"), v),),
        asked=fill(_("{next_step}"), v),
        button=_("Open the client’s page"),
        link=v["portal_url"],
    )


_f = frozenset
RETENTION: dict[str, Kind] = {
    "choice_asked": (choice_asked, _f({"service_ends", "kept", "portal_url"}), _f({"laws"})),
    "choice_made": (choice_made, _f({"choice", "text", "made_by", "made_at", "portal_url"}), _f({"words"})),
    "retention_dates": (retention_dates, _f({"why", "kept", "portal_url"}), _f(set())),
    "retention_notice": (retention_notice, _f({"until", "kept", "portal_url"}), _f({"passed", "asked"})),
    "hold_lift_asked": (hold_lift_asked, _f({"title", "asked_by", "reason", "portal_url"}), _f(set())),
    "only_copy_waived": (
        only_copy_waived,
        _f({"items", "text", "made_by", "made_at", "portal_url"}),
        _f(set()),
    ),
    "erasure_proposed": (
        erasure_proposed,
        _f({"what", "proposed_by", "portal_url"}),
        _f({"due_on", "basis", "second"}),
    ),
    "office_note": (office_note, _f({"title", "what", "next_step", "portal_url"}), _f(set())),
}
