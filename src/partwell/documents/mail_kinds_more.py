# SPDX-License-Identifier: AGPL-3.0-or-later
"""The other half of the mails: answers, messages, dates, acceptance, closing, accounts, bundles."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, cautions, facts, fill, greets, rows, sets, some
from partwell.documents.texts import _, clean

Values = dict[str, Any]


def ask_answered(v: Values) -> Body:
    approved = v["decision"] == "approved"
    words = (
        _(
            "{decided_by} said yes for {client}. What is listed may leave to {recipient_firm}, and each is checked again when it does."
        )
        if approved
        else _("{decided_by} said no for {client}. What is listed stays here.")
    )
    return Body(
        subject=fill(
            _("{client} said yes to {recipient_firm}")
            if approved
            else _("{client} said no to {recipient_firm}"),
            v,
        ),
        title=_("The client said yes") if approved else _("The client said no"),
        happened=(fill(words, v),),
        facts=facts(v, (_("Decided"), "at")),
        lists=some((_("What was asked for"), rows(v["items"]))),
        quote=(_("The reason given"), clean(v["reason"])) if v["reason"] else None,
        button=_("See where things stand"),
        link=v["portal_url"] or "",
    )


def receipt_answer(v: Values) -> Body:
    objected = rows(v["objections"])
    counts = (_("Confirmed"), "confirmed_count"), (_("Still open"), "open_count")
    return Body(
        subject=fill(
            _("Objection to release {number} for {client}")
            if objected
            else _("Receipt for release {number} for {client}"),
            v,
        ),
        title=_("The recipient objects") if objected else _("The recipient confirms"),
        happened=(fill(_("{answered_by} answered release {number} for {client}."), v),),
        facts=facts(v, (_("Answered"), "at"), *counts, (_("Objections until"), "window_until")),
        lists=some((_("Objected to"), objected), (_("Confirmed items"), rows(v["confirmed"]))),
        asked=fill(_("{msp_name} answers each objection on its page; you need do nothing."), v)
        if objected
        else "",
        button=_("See the receipt"),
        link=v["portal_url"] or "",
    )


def _body(v: Values) -> str:
    """What was written; of Partwell's own words each paragraph stands alone."""
    return v["body"] if isinstance(v["body"], str) else "\n\n".join(v["body"])


def message(v: Values) -> Body:
    return Body(
        subject=fill(_("{topic} ({client})"), v),
        title=v["topic"],
        happened=(
            fill(
                _(
                    "{sender} ({sender_firm}) wrote about {client}. Everybody concerned has this message, {client} always."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("Forwarded to us by"), "forwarded_by")),
        quote=(fill(_("{sender} writes"), v), clean(_body(v))),
        greeted=greets(_body(v), v["to_name"]),
        lists=some(
            (_("Be careful"), rows(cautions(v["warnings"]))),
            (_("Goes to"), rows(v["recipients"])),
            (_("Released with it, each item in the portal"), rows(sets(v["attachments"]))),
            (_("Came with it, and can be seen in the portal"), rows(v["came_with"])),
        ),
        button=_("Answer in the portal"),
        link=v["portal_url"] or "",
    )


def call_summary(v: Values) -> Body:
    return Body(
        subject=fill(_("Summary of the call about {client}"), v),
        title=_("Summary of our call"),
        happened=(
            fill(
                _(
                    "We write down every call about the handover of {client}, so that nobody has to remember it."
                ),
                v,
            ),
        ),
        facts=facts(
            v,
            (_("When"), "at"),
            (_("How long"), "duration"),
            (_("Who took part"), "participants"),
            (_("Written down by"), "logged_by"),
        ),
        lists=some(
            (_("What was decided"), rows(v["decisions"])), (_("What happens next"), rows(v["next_steps"]))
        ),
        quote=(_("What was said"), "\n".join(clean(str(each)) for each in v["said"])),
        asked=_("Tell us if you remember it otherwise."),
        button=_("See the call"),
        link=v["portal_url"] or "",
    )


def date_change(v: Values) -> Body:
    state = v["state"]
    subjects = {
        "proposed": _("A date would move, {client}: {what}"),
        "agreed": _("A date moved, {client}: {what}"),
        "declined": _("A date stays, {client}: {what}"),
    }
    words = {
        "proposed": _(
            "{asked_by} asks to move a date of the offboarding of {client}. It stays where it is until {client} agrees."
        ),
        "agreed": _("{client} agreed to move a date. These dates hold from now on."),
        "declined": _("{client} did not agree to move a date. It stays where it is."),
    }
    titles = {
        "proposed": _("May a date move?"),
        "agreed": _("A date has moved"),
        "declined": _("A date stays"),
    }
    return Body(
        subject=fill(subjects[state], v),
        title=titles[state],
        happened=(fill(words[state], v),),
        facts=facts(
            v,
            (_("What"), "what"),
            (_("Before"), "before"),
            (_("After"), "after"),
            (_("Transition term"), "term"),
        ),
        lists=some((_("What moves with it"), rows(v["dependent"]))),
        quote=(_("The reason given"), clean(v["reason"])) if v["reason"] else None,
        asked=_("Agree or say no; every date that depends on it stands above, before and after.")
        if state == "proposed"
        else "",
        by=(v["by"] or "") if state == "proposed" else "",
        button=_("See the dates"),
        link=v["portal_url"] or "",
    )


def acceptance_request(v: Values) -> Body:
    return Body(
        subject=fill(_("Please go through what was handed over to {client}"), v),
        title=_("Is everything there?"),
        happened=(
            fill(
                _(
                    "{msp_name} has handed over what is on list version {list_version} for {client}. Before we close, your signatory goes through it."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("Items"), "item_count"), (_("Objections so far"), "objection_count")),
        asked=_("Accept each item, accept it with an exception, object to it or waive it, and sign."),
        by=v["by"] or "",
        button=_("Go through the list"),
        link=v["portal_url"],
        after=(v["silence"],) if v["silence"] else (),
    )


def acceptance_signed(v: Values) -> Body:
    return Body(
        subject=fill(_("Your copy: {client} signed the acceptance"), v),
        title=_("The acceptance is signed"),
        happened=(
            fill(
                _(
                    "{signed_by} signed for {client} what was accepted and what was not. The letter is attached."
                ),
                v,
            ),
        ),
        facts=facts(
            v,
            (_("Signed"), "signed_at"),
            (_("List version"), "list_version"),
            (_("Accepted"), "accepted_count"),
            (_("Rejected"), "rejected_count"),
            (_("Waived"), "waived_count"),
        ),
        lists=some((_("Exceptions"), rows(v["exceptions"]))),
        button=_("See the acceptance"),
        link=v["portal_url"] or "",
    )


def closing(v: Values) -> Body:
    return Body(
        subject=fill(_("We have parted: {client} and {msp_name}"), v),
        title=_("We have parted"),
        happened=(
            fill(_("The handover to {client} is complete. Our letter is attached."), v),
            _(
                "Your page stays readable: every letter, every release with its receipt, and the proof of each."
            ),
        ),
        facts=facts(v, (_("End of service"), "end_of_service"), (_("Closed"), "closed_at")),
        lists=some(
            (_("Data we still keep"), rows(v["kept"])), (_("Left open, by agreement"), rows(v["open_points"]))
        ),
        asked=_("Download everything once, and keep it together with this mail."),
        button=_("Your page"),
        link=v["portal_url"] or "",
        after=(_("Thank you for the years. We wish you well, and you are welcome back."),),
    )


def sign_in(v: Values) -> Body:
    return Body(
        subject=fill(_("Your sign-in link for {msp_name}"), v),
        title=_("Sign in"),
        happened=(
            fill(
                _(
                    "Somebody, we hope you, asked to sign in at {msp_name}. The link works once and only for a short time."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("Works until"), "valid_until"), (_("Asked for from"), "asked_from")),
        button=_("Sign in"),
        link=v["link"],
        after=(_("If it was not you, do nothing. Pass the link to nobody; we never ask for it."),),
    )


def passkey_added(v: Values) -> Body:
    return Body(
        subject=fill(_("A passkey was added for you at {msp_name}"), v),
        title=_("A passkey was added"),
        happened=(
            fill(
                _(
                    "From now on it can sign for {client} in the portal of {msp_name}, together with your sign-in link."
                ),
                v,
            ),
            _("If this was not you, call us at once: somebody else may read your mail."),
        ),
        facts=facts(v, (_("Named"), "label"), (_("Added"), "at"), (_("From the address"), "address")),
    )


def staff_invitation(v: Values) -> Body:
    return Body(
        subject=fill(_("{invited_by} invites you to {msp_name}"), v),
        title=fill(_("Welcome to {msp_name}"), v),
        happened=(fill(_("{invited_by} made an account for you, as {role}."), v),),
        asked=_("Open the page, which works once, choose a password and then set up a second factor."),
        by=v["until"] or "",
        button=_("Open the page"),
        link=v["portal_url"],
    )


def bundle_ready(v: Values) -> Body:
    return Body(
        subject=fill(_("The handover bundle for {client} is ready"), v),
        title=_("The handover bundle is ready"),
        happened=(
            fill(
                _(
                    "The bundle for {recipient} holds what was handed over for {client}, with its proof. Open index.html in it first."
                ),
                v,
            ),
        ),
        facts=facts(
            v,
            (_("Files"), "file_count"),
            (_("Size"), "size"),
            (_("SHA-256 of the manifest"), "digest"),
            (_("SHA-256 of the encrypted file"), "ciphertext_digest"),
        ),
        asked=_("Sign in, download it, and check it; its README says how, with and without our program."),
        by=v["until"] or "",
        button=_("Download"),
        link=v["portal_url"],
    )


_f = frozenset
MORE: dict[str, Kind] = {
    "ask_answered": (
        ask_answered,
        _f({"decision", "decided_by", "recipient_firm", "items"}),
        _f({"at", "reason"}),
    ),
    "receipt_answer": (
        receipt_answer,
        _f({"number", "answered_by", "at"}),
        _f({"objections", "confirmed", "confirmed_count", "open_count", "window_until"}),
    ),
    "message": (
        message,
        _f({"topic", "sender", "sender_firm", "body"}),
        _f({"recipients", "attachments", "forwarded_by", "warnings", "came_with"}),
    ),
    "call_summary": (
        call_summary,
        _f({"at", "participants", "said", "logged_by"}),
        _f({"duration", "decisions", "next_steps"}),
    ),
    "date_change": (
        date_change,
        _f({"state", "what", "before", "after", "asked_by"}),
        _f({"dependent", "term", "reason", "by"}),
    ),
    "acceptance_request": (
        acceptance_request,
        _f({"list_version", "portal_url"}),
        _f({"item_count", "objection_count", "by", "silence"}),
    ),
    "acceptance_signed": (
        acceptance_signed,
        _f({"signed_by", "signed_at", "list_version"}),
        _f({"accepted_count", "rejected_count", "waived_count", "exceptions"}),
    ),
    "closing": (closing, _f({"closed_at"}), _f({"end_of_service", "kept", "open_points"})),
    "sign_in": (sign_in, _f({"link"}), _f({"valid_until", "asked_from"})),
    "passkey_added": (passkey_added, _f({"label", "at"}), _f({"address"})),
    "staff_invitation": (staff_invitation, _f({"invited_by", "role", "portal_url"}), _f({"until"})),
    "bundle_ready": (
        bundle_ready,
        _f({"recipient", "portal_url"}),
        _f({"file_count", "size", "digest", "ciphertext_digest", "until"}),
    ),
}
