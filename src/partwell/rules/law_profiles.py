# SPDX-License-Identifier: AGPL-3.0-or-later
"""The law profiles that Partwell knows, each with its source and the day somebody last read it (R12).

Not legal advice. Changing one means a new ``version`` and a new ``last_checked``: bills keep the version
that they were judged by.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType

from partwell.rules.law import Charge, ChargeRule, LawProfile, LineClass

_CHECKED = date(2026, 11, 23)

DATA_ACT = LawProfile(
    code="eu_data_act",
    title="the EU Data Act",
    version=1,
    source="Regulation (EU) 2023/2854, Articles 25, 29, 31 and recital 89",
    last_checked=_CHECKED,
    binds="Providers of data processing services and their customers in the Union.",
    charges=(
        ChargeRule(
            "Article 29(2)",
            frozenset({LineClass.SWITCHING}),
            Charge.AT_COST,
            date(2024, 1, 11),
            date(2027, 1, 12),
        ),
        ChargeRule("Article 29(1)", frozenset({LineClass.SWITCHING}), Charge.BANNED, date(2027, 1, 12)),
    ),
    notes=(
        "Notice at most 2 months, transition at most 30 days, retrieval at least 30 days, then full erasure.",
        "Further services that the customer asks for may be agreed at a price (recital 89).",
        "Custom-built services differ (Article 31). Changes were under debate in 2026: read the source again.",
    ),
)

GDPR = LawProfile(
    code="gdpr",
    title="the GDPR",
    version=1,
    source="Regulation (EU) 2016/679, Article 28(3)(g)",
    last_checked=_CHECKED,
    binds="Processors of personal data.",
    notes=(
        "Delete or return is the client's choice, until the end of service; copies at sub-processors included.",
    ),
)

HIPAA = LawProfile(
    code="hipaa",
    title="HIPAA",
    version=2,
    source="45 CFR 164.504(e)(2)(ii)(J) and 164.316(b)(2)(i)",
    last_checked=_CHECKED,
    binds="Business associates of covered entities.",
    notes=("Return or destroy, if feasible; required documentation is kept for 6 years.",),
    # 164.316(b)(2)(i): six years from when a document last was in effect, which the end of service is at the latest.
    record_years=6,
)

PROFILES: Mapping[str, LawProfile] = MappingProxyType({one.code: one for one in (DATA_ACT, GDPR, HIPAA)})


def record_years(codes: Iterable[str]) -> tuple[int, ...]:
    """How long the profiles of these codes want the evidence record kept (R4, R12), for ``keeping.record_until``."""
    return tuple(PROFILES[code].record_years for code in codes if code in PROFILES)
