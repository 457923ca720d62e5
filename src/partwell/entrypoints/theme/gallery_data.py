# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invented data for the gallery, in the shapes that the tags document."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils import timezone

from partwell.rules.terms import ENTITLEMENT, Verdict

SIZE = 18_234


def _at(today: date, days: int, hour: int, minute: int) -> datetime:
    return datetime.combine(
        today + timedelta(days=days), time(hour, minute), tzinfo=timezone.get_current_timezone()
    )


class GalleryForm(forms.Form):
    """Each kind of field once."""

    name = forms.CharField(label="Name of the client", help_text="As it stands in the register.")
    notice = forms.DateField(label="Date of the notice", widget=forms.DateInput(attrs={"type": "date"}))
    reason = forms.ChoiceField(
        label="Why they leave", choices=[("a", "To another provider"), ("b", "To their own IT")]
    )
    channel = forms.ChoiceField(
        label="How it reached us",
        choices=[("l", "Letter"), ("m", "Mail"), ("c", "Call")],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label="In the client’s words", widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    scan = forms.FileField(
        label="The letter itself", required=False, help_text="PDF, picture or .eml, kept byte for byte."
    )
    agreed = forms.BooleanField(label="The client was told that we received it", required=False)


def _events(today: date) -> list[dict[str, Any]]:
    return [
        {
            "at": _at(today, 0, 12, 42),
            "who": "Dan Frey",
            "text": "tried to send the endpoint list to Alder Row IT. It was not sent: endpoints are outside the authorisation.",
            "note": "Rule R1. Mara Ellery was asked to widen the scope.",
            "state": "refusing",
            "index": 18236,
        },
        {
            "at": _at(today, 0, 10, 5),
            "who": "Alder Row IT",
            "text": "confirmed the firewall configuration, version 14.",
            "state": "open",
            "index": 18229,
        },
        {
            "at": _at(today, 0, 9, 2),
            "who": "Dan Frey",
            "text": "noted what counsel said about the invoice.",
            "internal": True,
            "index": 18227,
        },
        {
            "at": _at(today, -3, 16, 20),
            "who": "Mara Ellery",
            "text": "authorised read and full access in six categories, until 31 December.",
            "note": "Signed on her phone; a copy went to her by mail.",
            "state": "open",
            "index": 18190,
        },
        {
            "at": _at(today, -3, 11, 48),
            "who": "Alder Row IT",
            "text": "objected to the switch inventory: two serial numbers do not match.",
            "state": "waiting",
            "index": 18171,
            "proof_state": "broken",
        },
    ]


def _rows(today: date) -> list[dict[str, Any]]:
    def day(n: int) -> date:
        return today + timedelta(days=n)

    def row(
        name: str,
        to: str,
        notice: int,
        end: int,
        gone: int | None,
        tone: str,
        gate: str,
        on: str,
        why: str,
        after: str,
        used: int,
        prepaid: int = 0,
        **more: Any,
    ) -> dict[str, Any]:
        return {
            "id": name[:3].lower(),
            "name": name,
            "to": to,
            "notice": day(notice),
            "end": day(end),
            "gone": day(gone) if gone else None,
            "tone": tone,
            "gate": gate,
            "on": on,
            "why": why,
            "after": after,
            "hours": {"included": 240, "used": used, "prepaid": prepaid},
            **more,
        }

    return [
        row(
            "Penhallow Veterinary",
            "to its own IT",
            -102,
            -10,
            171,
            "refusing",
            "Withdrawal",
            "on Dan Frey, technician",
            "A VPN account of ours still answers",
            "Re-test today, 16:00",
            90,
            late=True,
        ),
        row(
            "Northwick Traders",
            "to Alder Row IT",
            -84,
            7,
            188,
            "waiting",
            "Consent",
            "on Mara Ellery, signatory",
            "Endpoints are not in the authorisation",
            "Handover call Wed 25 Nov",
            210,
        ),
        row(
            "Tindale & Rowe, Rechtsanwaltsgesellschaft und Partner mbB",
            "to Quayside Managed",
            -66,
            25,
            207,
            "waiting",
            "Hours",
            "on Tindale & Rowe, finance",
            "No hours left; a prepaid block is offered",
            "Offer ends Fri 27 Nov",
            240,
        ),
        row(
            "Hollin Bakeries",
            "closes down",
            -54,
            38,
            219,
            "refusing",
            "Retention",
            "on Jonah Reyes, owner",
            "Vendor purges backups before the promised day",
            "Move two sets by 18 Dec",
            120,
            alarm={"at": day(98), "word": "vendor purges"},
        ),
        row(
            "Eastgate Primary Trust",
            "to the trust’s own IT",
            -7,
            67,
            248,
            "open",
            "Clear",
            "",
            "All gates open",
            "Plan review Mon 30 Nov",
            0,
            60,
        ),
        row(
            "Brightmere Clinic",
            "closed down",
            -300,
            -84,
            97,
            "held",
            "Hold",
            "on Counsel for Brightmere",
            "Nothing is deleted until the hold is lifted",
            "Hold reviewed 15 Jan",
            240,
            held=True,
            closed=True,
        ),
        row(
            "Wick & Fenn",
            "to Alder Row IT",
            -280,
            -54,
            420,
            "open",
            "Clear",
            "",
            "Deletion is set",
            "Access test Tue 29 Dec",
            300,
            120,
            closed=True,
        ),
    ]


def page_data(request: HttpRequest) -> dict[str, Any]:
    """Everything the gallery pages show; dates hang on today so that near and far both occur."""
    today = timezone.localdate()
    rows = _rows(today)
    refused = GalleryForm({"name": "", "notice": "31.11.2026", "channel": ""})
    refused.is_valid()
    counts = [
        (18, 2, 1, 23),
        (9, 0, 0, 9),
        (6, 5, 0, 14),
        (31, 8, 0, 47),
        (6, 0, 0, 6),
        (10, 2, 0, 12),
        (0, 4, 0, 5),
        (0, 0, 0, 4),
    ]
    estate = [
        {"category": c, "counts": dict(zip(("confirmed", "released", "objected", "total"), n, strict=True))}
        for c, n in zip(ENTITLEMENT, counts, strict=True)
    ]
    return {
        "person": {
            "name": "Jonah Reyes",
            "role": "Account manager",
            "links": [{"label": "Your settings", "url": "#"}],
            "sign_out_url": "#",
        },
        "checkpoint": {"at": _at(today, 0, 12, 0), "size": SIZE, "digest": "q7Xf2mNc0uVdH3kK", "url": "#"},
        "size": SIZE,
        "today": today,
        "window": {"start": today - timedelta(days=131), "end": today + timedelta(days=260)},
        "rows": rows,
        "groups": [
            ("Overdue", rows[:1]),
            ("Leaving within 30 days", rows[1:3]),
            ("Under way", rows[3:5]),
            ("In retention", rows[5:]),
        ],
        "gates": [
            {
                "name": "Consent",
                "state": "waiting",
                "word": "Waiting on Mara Ellery",
                "reason": "Six of eight categories are authorised. Endpoints and audit reports are not.",
                "url": "#",
                "link": "Remind her",
            },
            {
                "name": "Client in the loop",
                "state": "open",
                "word": "Open",
                "reason": "Every message so far went to the client too.",
            },
            {
                "name": "Hours",
                "state": "open",
                "word": "Open, half an hour left",
                "reason": "3 h 30 min of 4 h used. The next step takes about 45 min.",
            },
            {
                "name": "Retention",
                "state": "refusing",
                "word": "Refusing",
                "reason": "One vendor purges before the promised day.",
            },
            {
                "name": "Hold",
                "state": "held",
                "word": "Held since 2 Nov",
                "reason": "Mailbox archive only, for a tax inquiry.",
            },
        ],
        "events": _events(today),
        "estate": estate,
        "form": GalleryForm(auto_id="plain_%s"),
        "refused": refused,
        "tabs": [
            {"label": label, "url": "#", "current": i == 0, "count": count}
            for i, (label, count) in enumerate(
                (
                    ("Overview", None),
                    ("Plan", 14),
                    ("Estate and handover", 120),
                    ("Correspondence", 38),
                    ("Hours and bills", None),
                    ("Withdrawal", None),
                    ("Data and retention", None),
                    ("Evidence", 18236),
                    ("Claims", 0),
                )
            )
        ],
        "course": {
            "end": today + timedelta(days=7),
            "gone": today + timedelta(days=188),
            "phases": [
                {
                    "name": name,
                    "start": today + timedelta(days=a),
                    "end": today + timedelta(days=b),
                    "state": s,
                }
                for name, a, b, s in (
                    ("Notice", -84, -56, ""),
                    ("Plan", -54, -18, ""),
                    ("Handover", -17, 17, "now"),
                    ("Consent", -77, 6, "now"),
                    ("Withdrawal", -7, 38, "now"),
                    ("Acceptance", 19, 52, "later"),
                    ("Retention", 40, 188, "keep"),
                )
            ],
        },
        "hours": {"included": 240, "used": 285, "prepaid": 120},
        "hours_over": {"included": 240, "used": 270, "prepaid": 0},
        "verdicts": [
            {"verdict": Verdict.SEND},
            {
                "verdict": Verdict.ASK_CLIENT,
                "reason": "It is sensitive: Mara Ellery is asked before each release.",
            },
            {
                "verdict": Verdict.REFUSE,
                "reasons": ["Who owns it is not known.", "The authorisation ended yesterday."],
            },
        ],
        "items": [
            {
                "id": 1,
                "name": "Firewall configuration, version 14",
                "note": "Login proved and confirmed",
                "category": "process_docs",
                "owner": "Northwick",
                "custodian": "Alder Row IT",
                "url": "#",
                "index": 18229,
            },
            {
                "id": 2,
                "name": "Administrator of the Microsoft 365 tenant",
                "note": "One-time reveal",
                "category": "admin_access",
                "owner": "Northwick",
                "custodian": "Harbourline IT",
                "url": "#",
                "verdict": {"verdict": Verdict.ASK_CLIENT, "reason": "Sensitive"},
            },
            {
                "id": 3,
                "name": "An uncommonly long name of a thing that somebody typed into a spreadsheet without ever pressing Enter",
                "category": "other",
                "owner": "unknown",
                "custodian": "unknown",
                "verdict": {"verdict": Verdict.REFUSE, "reason": "Owner unknown"},
            },
        ],
        "receipt": {
            "number": "0412",
            "state": "done",
            "word": "Confirmed",
            "text": "Firewall configuration, version 14",
            "note": "Received 10:05 CET by Theo Brandt",
            "pdf_url": "#",
            "index": 18229,
        },
        "ask": {
            "title": "One signature, so that Alder Row IT may receive the list of your computers.",
            "text": "They asked for it on Friday. Without your word we send nothing. You can take it back at any time.",
            "main": {"label": "Read and sign", "url": "#"},
            "other": {"label": "I have a question first", "url": "#"},
            "more": [
                {
                    "text": "Choose whether your mail archive is returned or deleted.",
                    "by": "30 November",
                    "label": "Choose",
                    "url": "#",
                }
            ],
        },
        "stations": [
            {
                "state": "done",
                "text": "You gave notice, and we made a plan with you.",
                "when": "31 Aug to 5 Nov",
            },
            {
                "state": "now",
                "strong": "We hand over.",
                "text": "80 of 120 things have arrived and were confirmed.",
                "when": "now",
            },
            {"text": "Our service ends. We take away our own access and prove it.", "when": "30 Nov"},
        ],
        "jobs": [
            {
                "label": "Bundle for Alder Row IT",
                "state": "running",
                "done": 412,
                "total": 1212,
                "unit": "files",
                "note": "About six minutes more.",
                "url": "/theme/gallery/job/",
                "stop_url": "#",
                "page_url": "#",
            },
            {"label": "Import of assets.csv", "state": "queued"},
            {
                "label": "Check of the ledger",
                "state": "failed",
                "done": 18101,
                "unit": "entries",
                "note": "Entry 18 102 does not match its row. Nothing was changed.",
            },
        ],
        "facts": [
            ("Signs", "Mara Ellery, director"),
            {"label": "Receives", "value": "Theo Brandt, Alder Row IT", "note": "Until 31 Dec 2026"},
            {"label": "Digest", "digest": "4f2a91c70be35d68a1f077c29e14d3b862aa0c5fe8714490bd26f15e83c97a02"},
        ],
        "tally": [
            (80, "confirmed"),
            (21, "await your answer"),
            (1, "you objected to"),
            (18, "not yet released"),
        ],
        "page": Paginator(range(1204), 50).page(4),
        "price": Decimal("1140.00"),
        "access_ends": today + timedelta(days=38),
        "bulk": [
            {"name": "do", "value": "release", "label": "See what would go out", "main": True},
            {"name": "do", "value": "owner", "label": "Set the owner"},
        ],
        "readiness": [
            ("Northgate Print", 5, []),
            ("Saltmarsh Dental", 3, ["signed agreement", "a second signatory"]),
            ("Old Quay Hotel", 0, ["all five exit facts"]),
        ],
    }
