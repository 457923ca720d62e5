# SPDX-License-Identifier: AGPL-3.0-or-later
"""One sample of each letter; all names are invented."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from partwell.documents.pdf import authorisation_data
from partwell.documents.wording import AuthorisationFacts
from partwell.rules.terms import Category

from .sample_items import DIGEST as DIGEST
from .sample_items import inventory as inventory
from .sample_items import png as png

HOSTILE = '#read("/etc/passwd") $x^2$ *b* _i_ @ref <tag> `raw` \\ [c] // c <script>alert(1)</script> {{x}} {msp} &amp; "q"'
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " + "A" * 180
POLISH = "Zażółć gęślą jaźń Sp. z o.o., Łódź"
JAPANESE = "株式会社山田製作所"
CHECKPOINT = (
    "partwell.example/3f9a\n18234\nq7Xf2mNc0uVdS1b8x4lqQm9o0Zr3T2fWcV1yK5hJp0E=\n\n"
    "— partwell.example/3f9a Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8="
)
PROOF = {
    "entry": 18190,
    "entry_url": "https://part.harbourline.example/proof/e-6hq2m9",
    "checkpoint": CHECKPOINT,
    "checkpoint_at": datetime(2026, 11, 23, 11, 0, tzinfo=UTC),
    "vkey": "partwell.example/3f9a+9c1f2d3e+AQ3h1tq8S9mY6w0kV2rT5xL7bN4cP1dF8gJ0aE6iU9sO",
}
SIGNATURE = {
    "name": "Mara Ellery",
    "title": "Director, Northwick Traders Ltd",
    "at": datetime(2026, 11, 20, 15, 20, tzinfo=UTC),
    "intent": "Typed her full name and pressed “Sign and authorise”",
    "electronic_consent": "yes; paper was offered",
    "authority": "Companies register extract of 3 March 2026",
    "identity": "Link mailed to mara@northwick.example, then passkey",
    "second_factor": "Passkey “Mara's phone”, registered 4 May 2025 after a call-back",
    "address": "203.0.113.24",
    "agent": "Firefox 132 on Android",
    "shown": "The text above, version 1, English, with 64 items",
}


def common(client: str = "Northwick Traders Ltd") -> dict[str, Any]:
    return {
        "msp": {
            "name": "Harbourline IT",
            "address": [
                "Harbourline IT GmbH",
                "Speicherstrasse 8, 20457 Hamburg",
                "part@harbourline.example",
            ],
            "colour": "#0f4f63",
            "logo": None,
            "line": "Harbourline IT GmbH · Hamburg HRB 12345",
        },
        "to": {"name": client, "address": ["Mara Ellery", "14 Corn Quay", "Northwick"]},
        "date": date(2026, 11, 23),
        "zone": "Europe/Berlin",
        "reference": "Offboarding NT-7",
        "proof": dict(PROOF),
        "sealed": True,
    }


def authorisation_facts(**changes: Any) -> AuthorisationFacts:
    facts = AuthorisationFacts(
        msp_name="Harbourline IT",
        client_name="Northwick Traders Ltd",
        signatory_name="Mara Ellery",
        signatory_title="Director",
        authority_proof="Companies register extract of 3 March 2026",
        recipient_firm="Alder Row IT GmbH",
        recipient_persons=("Theo Brandt, theo@alderrow.example", "Sunniva Aas, sunniva@alderrow.example"),
        access="read",
        end=datetime(2026, 12, 31, 22, 59, tzinfo=UTC),
        zone="Europe/Berlin",
        systems=("Endpoints",),
        categories=(Category.DIAGRAMS.label, Category.AUDIT_REPORTS.label),
        exclusions=("Passwords and recovery keys", "Anything in our mail archive"),
        items=tuple((f"NT-{n:03}", f"ThinkPad T14, asset {n}, with user and warranty") for n in range(1, 7)),
        number="3",
        replaces="no other",
        withdraw_contact="part@harbourline.example",
    )
    return replace(facts, **changes)


def letters() -> dict[str, dict[str, Any]]:
    """Data for every letter, by template name."""
    when = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
    noted = [{"id": f"NT-{n:03}", "title": f"Item {n}", "what": "as described"} for n in range(1, 5)]
    own: dict[str, dict[str, Any]] = {
        "notice_acknowledgement": {
            "received_at": when,
            "received_by": "Jonah Reyes",
            "channel": "Mail",
            "clause": "§ 9.2, three months to the end of a month",
            "effective_date": date(2027, 2, 28),
            "reason": "Moves to another provider",
            "destination": "Another managed service provider",
            "renewal": "Microsoft 365 renews on 1 February 2027 unless cancelled by 2 January",
            "owner": "Jonah Reyes, +49 40 5550 114",
            "outside_contact": "mara.ellery@post.example",
            "next_steps": [
                {
                    "what": "You sign the authorisation for Alder Row IT",
                    "who": "Mara Ellery",
                    "by": date(2026, 12, 1),
                },
                {
                    "what": "We send the inventory as we know it",
                    "who": "Jonah Reyes",
                    "by": date(2026, 12, 4),
                },
            ],
            "pain_points": ["Tickets took too long on Mondays", "Nobody told us about the firewall"],
        },
        "authorisation": {
            **authorisation_data(authorisation_facts()),
            "signature": dict(SIGNATURE),
            "received_by": "Jonah Reyes, Friday 20 November 2026, 16:34 CET",
        },
        "narrowing_or_withdrawal": {
            "act": "narrowed",
            "number": "3",
            "recipient_firm": "Alder Row IT GmbH",
            "at": when,
            "by": "Mara Ellery, Director",
            "channel": "Portal",
            "words_given": "They do not need the audit reports.",
            "removed": [Category.AUDIT_REPORTS],
            "remains": [Category.DIAGRAMS, "Endpoints"],
            "stopped": ["NT-017 Audit 2025"],
            "already_left": [{"id": "NT-016", "title": "Audit 2024", "at": when}],
            "signature": dict(SIGNATURE),
        },
        "receipt": {
            "number": "R-12",
            "client": "Northwick Traders Ltd",
            "recipient_firm": "Alder Row IT GmbH",
            "recipient_person": "Theo Brandt",
            "released_at": when,
            "consent": "Authorisation 2 of 20 November 2026",
            "window_until": date(2026, 12, 4),
            "copies": ["mara@northwick.example", "mara.ellery@post.example"],
            "silence": "Without an answer the record will say “no objection by 4 December 2026”. Silence binds nobody.",
            "lines": [
                {
                    "id": f"NT-{n:03}",
                    "title": f"Firewall documentation, part {n}",
                    "category": Category.DIAGRAMS,
                    "method": "Download",
                    "version": "2",
                    "digest": DIGEST,
                    "answer": ("Confirmed", "Objected", "No answer yet")[n % 3],
                    "answered": "Theo Brandt, 21 November 2026" if n % 3 != 2 else "",
                    "reason": "Page 3 is missing" if n % 3 == 1 else "",
                }
                for n in range(3)
            ],
        },
        "credential_receipt": {
            "number": "R-13",
            "client": "Northwick Traders Ltd",
            "recipient_firm": "Northwick Traders Ltd",
            "recipient_person": "Mara Ellery",
            "released_at": when,
            "lines": [
                {
                    "system": "Firewall FW-01",
                    "account": "admin-northwick",
                    "privilege": "Administrator",
                    "recovery": "TOTP moved to client; recovery codes in the safe",
                    "tried": "20 November 2026 by J. Reyes: signed in, configuration read",
                    "delivered": "Mara Ellery, shown once",
                    "opened": when,
                },
                {
                    "system": "Domain registrar",
                    "account": "NW-4471",
                    "untried_reason": "Vendor locks for 60 days",
                },
            ],
        },
        "handover_inventory": {
            "client": "Northwick Traders Ltd",
            "as_of": when,
            "list_version": "4",
            "counts": [{"label": Category.HARDWARE, "text": "3 items, 2 handed over"}],
            "rows": inventory(3),
        },
        "acceptance": {
            "list_version": "4",
            "list_digest": DIGEST,
            "accepted_count": 61,
            "rejected_count": 2,
            "waived_count": 1,
            "deadline": date(2026, 12, 14),
            "accepted": noted,
            "rejected": noted[:2],
            "waived": noted[:1],
            "exceptions": [{"id": "NT-003", "title": "Server NAS-2", "what": "One drive bay is cracked"}],
            "signature": dict(SIGNATURE),
        },
        "closing_letter": {
            "end_of_service": date(2027, 2, 28),
            "closed_at": when,
            "closed_by": "Ada Lindqvist, owner",
            "handed_over": "64 items, all answered",
            "access": "given up on 28 February 2027, tried again after 30 and 90 days",
            "acceptance": "20 November 2026 by Mara Ellery",
            "open_points": ["The cracked drive bay of NAS-2; we pay the repair."],
            "kept": [
                {
                    "what": "Backups of NAS-2",
                    "where": "Vault A, Frankfurt",
                    "until": date(2027, 8, 31),
                    "basis": "R6",
                }
            ],
            "page": "https://part.harbourline.example/client",
            "signed_name": "Ada Lindqvist",
            "signed_title": "for Harbourline IT",
        },
        "invoice": {
            "kind": "request",
            "number": "PR-7",
            "external_number": "2027-0115",
            "issued_on": date(2026, 11, 20),
            "due_on": date(2026, 12, 4),
            "issuer": "Harbourline IT GmbH, Hamburg",
            "pay_to": "by transfer, to the account that you know",
            "words_given": "Work begins when this is paid.",
            "lines": [
                {
                    "title": "2 h 00 min in advance",
                    "note": "for “New network diagram”",
                    "quantity": "2 h",
                    "price": "125.00 EUR",
                    "tax": "19 %",
                    "net": "250.00 EUR",
                }
            ],
            "net": "250.00 EUR",
            "taxes": [{"label": "Tax, 19 %", "text": "47.50 EUR"}],
            "gross": "297.50 EUR",
        },
        "return_quote": {
            "client": "Northwick Traders Ltd",
            "fee": "2400.00 EUR",
            "normal_fee": "2400.00 EUR",
            "valid_until": date(2026, 12, 31),
            "welcome": "It was good to hear from you.",
            "exception": None,
            "page": "https://part.harbourline.example/client/",
            "signed_name": "Ines Duarte",
            "signed_title": "Account manager",
            "answers": [
                {"title": "We could not reach anybody on Saturdays.", "what": "Somebody is on call now."}
            ],
            "steps": ["Sign the new agreement", "Import the estate anew"],
        },
        "correspondence": {
            "client": "Northwick Traders Ltd",
            "period": "4 May 2026 to 1 September 2026",
            "count": "412",
            "numbers": "1 to 2",
            "volume": "1 of 3",
            "parties": [
                "Ines Duarte (service provider), 12 messages",
                "Mara Ellery (Northwick Traders Ltd), 1 message",
            ],
            "items": [
                {
                    "number": "1",
                    "what": "message",
                    "at": when,
                    "who": "Ines Duarte",
                    "to": "Mara Ellery",
                    "title": "The cutover",
                    "text": "On Saturday.\n\nYours, Ines",
                    "digest": "ab" * 32,
                    "entry": "17",
                    "proof": "proof/17.tlog-proof",
                    "mails": ["left; the server took it, to Mara Ellery <mara@northwick.example>"],
                    "held": ["Held: it came before the client's consent, so nobody answered it."],
                    "came": ["from a mailbox, from Theo Brandt <theo@alderrow.example>", "Not proved."],
                    "attached": ["plan.pdf, SHA-256 " + "cd" * 32],
                    "files": ["mails/000001-1.eml", "messages/000001.txt"],
                },
                {
                    "number": "2",
                    "what": "call",
                    "at": when,
                    "who": "Dan Frey",
                    "title": "Call with Mara Ellery",
                    "text": "The tape library was named.",
                },
            ],
        },
        "statement": {
            "as_of": when,
            "departure": "notice of 4 May 2026",
            "page": "https://part.harbourline.example/client/statement/",
            "entries": "12",
            "real": "6 h 48 min",
            "unused": "Prepaid time that is not used is paid back to you at closing, at the price you paid for it.",
            "hours": [{"label": "Included", "text": "4 h 00 min"}, {"label": "Left", "text": "1 h 00 min"}],
            "months": [
                {
                    "title": "2026-05",
                    "included": "4 h 00 min",
                    "goodwill": "0 h 30 min",
                    "total": "4 h 30 min",
                }
            ],
            "blocks": [
                {
                    "title": "2 h 00 min for “New network diagram”",
                    "paid": "6 May 2026",
                    "used": "1 h 00 min",
                    "left": "1 h 00 min",
                    "price": "250.00 EUR",
                    "entry": "18001",
                }
            ],
            "papers": [
                {
                    "title": "PR-7, payment request",
                    "issued": "5 May 2026",
                    "gross": "297.50 EUR",
                    "open": "0.00 EUR",
                    "entry": "17990",
                }
            ],
            "payments": [{"title": "PR-7", "day": "6 May 2026", "amount": "297.50 EUR", "entry": "18010"}],
            "passed": [
                {
                    "title": "Mail archive on a drive",
                    "vendor": "Keepsafe",
                    "number": "KS-9",
                    "cost": "310.50 EUR",
                    "billed": "310.50 EUR",
                    "markup": "0.00 EUR",
                    "entry": "18020",
                }
            ],
            "money": [{"label": "Asked", "text": "607.50 EUR"}, {"label": "Paid", "text": "297.50 EUR"}],
        },
        "certificate": {
            "number": "CD-7",
            "client": "Northwick Traders Ltd",
            "what": "Nightly set",
            "method": "Clear: recovery by ordinary means is prevented",
            "attested": "Attested by Harbourline IT GmbH, supported by the list made before it and the check of a second person.",
            "sections": [
                {
                    "title": "What, and where it lay",
                    "rows": [
                        {"label": "Bucket", "lines": ["harbourline-backups"]},
                        {"label": "SHA-256 of that list", "lines": [DIGEST]},
                        {"label": "Snapshots", "lines": ["not known"]},
                    ],
                }
            ],
            "exceptions": [
                {
                    "title": f"northwick/locked/{n}.vbk",
                    "version": f"v{n}",
                    "why": "compliance lock until 2031",
                }
                for n in range(3)
            ],
            "unnamed": 2,
            "except_reason": "Object Lock",
            "limits": ["That no copy exists anywhere cannot be proved."],
        },
        "call_summary": {
            "at": when,
            "duration": "35 minutes",
            "participants": [
                "Mara Ellery, Northwick Traders Ltd",
                "Theo Brandt, Alder Row IT",
                "Jonah Reyes",
            ],
            "logged_by": "Jonah Reyes",
            "said": ["Theo asked for the switch configuration.", "Mara will decide by Friday."],
            "decisions": ["The cut-over is on a Saturday."],
            "next_steps": [{"what": "Send dates", "who": "Jonah Reyes", "by": date(2026, 11, 25)}],
        },
    }
    return {name: common() | data for name, data in own.items()}
