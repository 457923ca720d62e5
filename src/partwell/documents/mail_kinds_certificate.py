# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the mail about a certificate of destruction says; the others stand in ``mail_kinds``."""

from typing import Any

from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill, rows, some
from partwell.documents.texts import _

Values = dict[str, Any]


def certificate_issued(v: Values) -> Body:
    return Body(
        subject=fill(_("Certificate of destruction {label}: {what} ({client})"), v),
        title=_("It was deleted; here is the certificate"),
        happened=(
            fill(
                _("{msp_name} attests that “{what}” of {client} was destroyed. The certificate is attached."),
                v,
            )
            if not v["exceptions"]
            else fill(
                _(
                    "{msp_name} attests that “{what}” of {client} was destroyed, except what is named below. The certificate is attached."
                ),
                v,
            ),
            fill("{attested}", v),
        ),
        facts=facts(v, (_("Number"), "label"), (_("Method"), "method")),
        lists=some(
            (_("Not deleted"), rows(v["exceptions"])),
            (_("What it does not claim"), rows(v["limits"])),
        ),
        button=_("See it on your page"),
        link=v["portal_url"],
        after=(
            _(
                "Keep the certificate. Its entry stands in the log, and with the checkpoint on it you can check that without us."
            ),
        ),
    )


CERTIFICATE: dict[str, Kind] = {
    "certificate_issued": (
        certificate_issued,
        frozenset({"label", "what", "method", "attested", "exceptions", "limits", "portal_url"}),
        frozenset(),
    ),
}
