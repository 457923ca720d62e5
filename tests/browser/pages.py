# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every page there is, with an address of the furnished cast: taken from the table of addresses, so a new one is looked at too.

An address of the table that cannot be filled in, or that answers neither with a page nor as it is listed below, fails: what is
listed as no page here, and every page where it is looked at (test_every_page.py, by what Chromium got).
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.browser.furnished import Furnished, furnish
from tests.support.kept import built_once

TABLE = Path(__file__).parents[1] / "permissions" / "urls.txt"
SEATS = {"staff": "jonah", "client": "mara", "provider": "theo", "open": "nobody"}

# Whose browser, where it is not the one of the door.
SEAT = {
    "/account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "forgot",
    "/account/2fa/": "known",
    "/account/2fa/authenticate/": "half",
    "/account/2fa/codes/": "known",
    "/account/2fa/codes/generate/": "known",
    "/account/2fa/reauthenticate/": "known",
    "/account/2fa/totp/activate/": "jonah",
    "/account/2fa/totp/deactivate/": "known",
    "/account/2fa/passkeys/": "known",
    "/account/2fa/passkeys/<int:pk>/remove/": "known",
    "/account/2fa/codes/download/": "known",
    "/account/logout/": "known",
    "/account/password/change/": "known",
    "/account/password/set/": "jonah",
    "/post-office/": "jonah",
    "/post-office/<str:message_id>/": "jonah",
    "/post-office/<str:message_id>/html/": "jonah",
    "/post-office/<str:message_id>/raw/": "jonah",
    "/account/reauthenticate/": "known",
    "/clients/<str:client_id>/items/<str:item_id>/secret/": "dan",
    "/clients/<str:client_id>/items/<str:item_id>/see/": "dan",
    "/provider/terms/": "sunniva",
    "/client/return/<str:quote_id>/": "ada",
}
# A deletion at every station of its way, as the furnished world names them.
DELETIONS = (
    "deletion_id", "deletion proposed", "deletion by hand", "deletion begun", "deletion left", "deletion executed", "deletion verified", "deletion cancelled",
    "deletion stopped", "deletion partial", "deletion listed", "deletion validated", "deletion looked at", "deletion running", "deletion certified",
)  # fmt: skip
# Filled in otherwise than by the names in the address; several where a page has several faces. Names in braces are Furnished.ids.
FACES = {
    "/authorisations/<str:authorisation_id>/": [
        "/authorisations/{authorisation_id}/", "/authorisations/{granted}/", "/authorisations/{draft}/",
    ],
    "/authorisations/<str:authorisation_id>/draft/": ["/authorisations/{draft}/draft/"],
    "/authorisations/<str:authorisation_id>/withdrawal/": ["/authorisations/{granted}/withdrawal/"],
    "/client/authorisations/<str:authorisation_id>/": [
        "/client/authorisations/{authorisation_id}/", "/client/authorisations/{granted}/",
    ],
    "/client/authorisations/<str:authorisation_id>/withdraw/": ["/client/authorisations/{granted}/withdraw/"],
    "/client/authorisations/<str:authorisation_id>/narrow/": [
        "/client/authorisations/{authorisation_id}/narrow/", "/client/authorisations/{granted}/narrow/",
    ],
    "/client/bundles/<str:job_id>/": ["/client/bundles/{job_id of client}/"],
    "/client/bundles/<str:job_id>/part/": ["/client/bundles/{job_id of client}/part/"],
    "/client/bundles/<str:job_id>/file/": ["/client/bundles/{job_id of client}/file/"],
    "/provider/bundles/<str:job_id>/": ["/provider/bundles/{job_id of provider}/"],
    "/provider/bundles/<str:job_id>/part/": ["/provider/bundles/{job_id of provider}/part/"],
    "/provider/bundles/<str:job_id>/file/": ["/provider/bundles/{job_id of provider}/file/"],
    "/recordings/<str:ask_id>/": ["/recordings/{ask_id}/", "/recordings/{ask kept}/", "/recordings/{ask ended}/"],
    "/client/recordings/<str:ask_id>/": ["/client/recordings/{ask_id}/", "/client/recordings/{ask kept}/", "/client/recordings/{ask ended}/"],
    "/calls/<str:call_id>/": ["/calls/{call_id}/", "/calls/{call recorded}/", "/calls/{call ended}/"],
    "/client/calls/<str:call_id>/": ["/client/calls/{call_id}/", "/client/calls/{call recorded}/"],
    "/calls/<str:call_id>/recording/": ["/calls/{call_id}/recording/", "/calls/{call recorded}/recording/"],
    "/digest/<str:token>/": ["/digest/{digest}/"],
    "/invited/<str:token>/": ["/invited/{invited}/"],
    "/offboardings/<str:offboarding_id>/acceptance/call/": ["/offboardings/{offboarding of quayside}/acceptance/call/"],
    "/account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": ["{reset}"],
    "/clients/<str:client_id>/pauses/<str:pause_id>/lift/": ["/clients/{quayside}/pauses/{pause_id}/lift/"],
    "/client/lines/<str:line_id>/reveal/": ["/client/lines/{line_id of client}/reveal/"],
    "/client/reveals/<str:reveal_id>/": ["/client/reveals/{reveal_id of client}/"],
    "/clients/<str:client_id>/estate/": ["/clients/{client_id}/estate/", "/clients/{client_id}/estate/?category=diagrams"],
    "/clients/<str:client_id>/release/": ["/clients/{client_id}/release/", "/clients/{client_id}/release/?category=diagrams&q=zz"],
    "/messages/<str:message_id>/": ["/messages/{written}/", "/messages/{came in}/"],
    "/settings/mail/add/<str:kind>/": ["/settings/mail/add/imap/", "/settings/mail/add/webhook/"],
    "/mail-in/": ["/mail-in/", "/mail-in/?show=loop"],
    "/mail-in/<str:mail_id>/": ["/mail-in/{mail_id}/", "/mail-in/{mail of nobody}/", "/mail-in/{mail of dan}/", "/mail-in/{mail forwarded}/"],
    "/client/questions/<str:message_id>/": ["/client/questions/{question}/", "/client/questions/{question disowned}/"],
    "/client/questions/<str:message_id>/authorise/": ["/client/questions/{question}/authorise/"],
    "/client/questions/<str:message_id>/not-ours/": ["/client/questions/{question}/not-ours/"],
    "/client/mail-in/<str:mail_id>/": ["/client/mail-in/{mail_id}/", "/client/mail-in/{mail disowned}/", "/client/mail-in/{mail forwarded}/"],
    "/requests/<str:request_id>/": [
        "/requests/{work asked}/", "/requests/{work}/", "/requests/{work approved}/", "/requests/{work}/?minutes=600&kind=other&line_class=further_service",
    ],
    "/requests/<str:request_id>/cancel/": ["/requests/{work asked}/cancel/"],
    "/requests/<str:request_id>/estimate/": ["/requests/{work asked}/estimate/"],
    "/requests/<str:request_id>/finish/": ["/requests/{work approved}/finish/"],
    "/client/requests/<str:request_id>/": ["/client/requests/{work}/", "/client/requests/{work approved}/"],
    "/client/requests/<str:request_id>/answer/": ["/client/requests/{work}/answer/"],
    "/search/": ["/search/", "/search/?q=northwick"],
    "/search/said/": ["/search/said/", "/search/said/?q=north*", "/search/said/?q=xylophone"],
    "/clients/<str:client_id>/messages/search/": ["/clients/{client_id}/messages/search/?q=north*"],
    "/client/messages/search/": ["/client/messages/search/", "/client/messages/search/?q=north*"],
    "/provider/messages/search/": ["/provider/messages/search/?q=the"],
    "/copies/<str:copy_id>/": ["/copies/{copy_id}/", "/copies/{copy refused}/", "/copies/{copy asked}/", "/copies/{copy arrived}/"],
    "/client/copies/<str:copy_id>/": [
        "/client/copies/{copy_id}/", "/client/copies/{copy refused}/", "/client/copies/{copy asked}/", "/client/copies/{copy arrived}/",
    ],
    "/clients/<str:client_id>/return/": ["/clients/{fenwick}/return/", "/clients/{hartley}/return/", "/clients/{client_id}/return/"],
    "/clients/<str:client_id>/return/quote/": ["/clients/{fenwick}/return/quote/"],
    "/clients/<str:client_id>/return/difference/": ["/clients/{client_id}/return/difference/", "/clients/{fenwick}/return/difference/"],
    "/certificates/<str:certificate_id>/": ["/certificates/{certificate_id}/", "/certificates/{certificate of a drive}/"],
    "/client/certificates/<str:certificate_id>/": ["/client/certificates/{certificate_id}/", "/client/certificates/{certificate of a drive}/"],
    "/destructions/<str:destruction_id>/": ["/destructions/{destruction_id}/", "/destructions/{destruction certified}/", "/destructions/{destruction turned down}/"],
    "/client/destructions/<str:destruction_id>/": ["/client/destructions/{destruction_id}/", "/client/destructions/{destruction certified}/"],
    "/retention/": ["/retention/", "/retention/?show=held", "/retention/?show=window&sort=-client", "/retention/?show=proof", "/retention/?q=zz", "/retention/?show=deletions"],
    "/clients/<str:client_id>/data/": ["/clients/{client_id}/data/", "/clients/{tindale}/data/", "/clients/{quayside}/data/"],
    "/clients/<str:client_id>/sets/add/": [
        "/clients/{client_id}/sets/add/", *(f"/clients/{{client_id}}/sets/add/?place={one}" for one in ("vendor", "bucket", "folder", "vault", "media", "none")),
    ],
    "/clients/<str:client_id>/holds/place/": ["/clients/{tindale}/holds/place/", "/clients/{quayside}/holds/place/"],
    "/sets/<str:set_id>/": ["/sets/{set_id}/", "/sets/{set of vendor}/", "/sets/{set of northwick}/", "/sets/{set held}/"],
    "/sets/<str:set_id>/change/": ["/sets/{set_id}/change/", "/sets/{set_id}/change/?choose", "/sets/{set of vendor}/change/"],
    "/sets/<str:set_id>/files/add/": ["/sets/{set of northwick}/files/add/"],
    "/sets/<str:set_id>/only-copies/add/": ["/sets/{set of northwick}/only-copies/add/", "/sets/{set of northwick}/only-copies/add/?q=zz"],
    "/sets/<str:set_id>/propose/": ["/sets/{set_id}/propose/", "/sets/{set held}/propose/"],
    "/holds/<str:hold_id>/": ["/holds/{hold_id}/", "/holds/{hold asked}/", "/holds/{hold lifted}/"],
    "/holds/<str:hold_id>/keep/": ["/holds/{hold asked}/keep/"],
    "/deletions/<str:deletion_id>/": [f"/deletions/{{{one}}}/" for one in DELETIONS],
    "/deletions/<str:deletion_id>/things/": ["/deletions/{deletion partial}/things/", "/deletions/{deletion partial}/things/?state=failed", "/deletions/{deletion begun}/things/"],
    "/deletions/<str:deletion_id>/except/": ["/deletions/{deletion partial}/except/", "/deletions/{deletion left}/except/"],
    "/deletions/<str:deletion_id>/left/": ["/deletions/{deletion begun}/left/"],
    "/deletions/<str:deletion_id>/validate/": ["/deletions/{deletion looked at}/validate/", "/deletions/{deletion verified}/validate/"],
    "/deletions/<str:deletion_id>/stop/": ["/deletions/{deletion begun}/stop/"],
    "/deletions/<str:deletion_id>/cancel/": ["/deletions/{deletion proposed}/cancel/"],
    "/deletions/<str:deletion_id>/file/<str:what>/": ["/deletions/{deletion listed}/file/listing/"],
    "/deletions/<str:deletion_id>/steps/<str:hand_id>/": ["/deletions/{deletion begun}/steps/{hand open}/"],
    "/deletions/<str:deletion_id>/steps/<str:hand_id>/undo/": ["/deletions/{deletion begun}/steps/{hand_id}/undo/"],
    "/deletions/<str:deletion_id>/steps/<str:hand_id>/proof/": ["/deletions/{deletion begun}/steps/{hand_id}/proof/"],
    "/client/retention/choose/": [
        "/client/retention/choose/", "/client/retention/choose/?choice=delete_now", "/client/retention/choose/?choice=keep&of={data set}",
    ],
    "/client/retention/waive/": ["/client/retention/waive/?copy={data copy}"],
    "/client/retention/sets/<str:set_id>/object/": ["/client/retention/sets/{data set}/object/"],
    "/client/retention/sets/<str:set_id>/object/send/": ["/client/retention/sets/{data set}/object/send/"],
    "/client/retention/deletions/<str:deletion_id>/": [
        "/client/retention/deletions/{data deletion}/", "/client/retention/deletions/{data deletion stopped}/", "/client/retention/deletions/{deletion_id}/",
    ],
    "/settings/letters/<str:key>/<str:language>/restore/": ["/settings/letters/reminder/de/restore/"],
    "/settings/letters/<str:key>/<str:language>/": ["/settings/letters/reminder/de/", "/settings/letters/goodbye/en/"],
    "/clients/<str:client_id>/messages/write/": ["/clients/{client_id}/messages/write/", "/clients/{client_id}/messages/write/?letter=release_set"],
    "/papers/": ["/papers/", "/papers/?show=overdue", "/papers/?q=zz"],
    "/papers/<str:paper_id>/": ["/papers/{paper_id}/", "/papers/{paid paper}/", "/papers/{cancelled paper}/", "/papers/{credit note}/"],
    "/papers/<str:paper_id>/refund/": ["/papers/{paid paper}/refund/"],
    "/papers/<str:paper_id>/unused/": ["/papers/{paid paper}/unused/"],
    "/papers/series/<str:kind>/": ["/papers/series/invoice/"],
    "/papers/series/<str:kind>/set/": ["/papers/series/invoice/set/", "/papers/series/credit_note/set/"],
    "/client/papers/<str:paper_id>/": ["/client/papers/{paper_id}/", "/client/papers/{paid paper}/", "/client/papers/{credit note}/"],
}  # fmt: skip
# Addresses that give no page to look at, and what they give.
NO_PAGE = {
    "/settings/letters/<str:key>/<str:language>/preview/<str:what>/": "plain words, for a frame beside the form",
    "/clients/<str:client_id>/messages/preview/<str:what>/": "plain words, for a frame beside the form",
    "/": "moves on to the departures or the set-up",
    "/account/2fa/codes/download/": "a file",
    "/recordings/files/<str:recording_id>/": "a file",
    "/client/recordings/files/<str:recording_id>/": "a file",
    "/brand/logo/<str:digest>/": "a picture",
    "/bundles/<str:job_id>/file/": "a file",
    "/authorisations/<str:authorisation_id>/file/<str:what>/": "a file",
    "/client/acceptance/<str:acceptance_id>/letter/": "a file",
    "/client/authorisations/<str:authorisation_id>/file/<str:what>/": "a file",
    "/client/bundles/<str:job_id>/file/": "a file",
    "/client/evidence/<str:index>/<str:what>/": "a file",
    "/client/evidence/log/<str:what>/": "a file",
    "/client/letters/agreement/": "a file",
    "/client/lines/<str:line_id>/file/": "a file",
    "/client/notice/<str:offboarding_id>/letter/": "a file",
    "/client/copies/<str:copy_id>/file/<str:what>/": "a file",
    "/certificates/<str:certificate_id>/letter/": "a file",
    "/client/certificates/<str:certificate_id>/letter/": "a file",
    "/client/destructions/<str:destruction_id>/report/": "a file",
    "/deletions/<str:deletion_id>/file/<str:what>/": "a file",
    "/sets/<str:set_id>/files/<str:file_id>/": "a file",
    "/client/retention/sets/<str:set_id>/files/<str:file_id>/": "a file",
    "/deletions/<str:deletion_id>/steps/<str:hand_id>/proof/": "a file",
    "/destructions/<str:destruction_id>/report/": "a file",
    "/client/return/<str:quote_id>/letter/": "a file",
    "/client/retention/deletions/<str:deletion_id>/files/<str:what>/": "a file",
    "/client/retention/deletions/<str:deletion_id>/steps/<str:step_id>/proof/": "a file",
    "/clients/<str:client_id>/return/<str:quote_id>/letter/": "a file",
    "/copies/<str:copy_id>/file/<str:what>/": "a file",
    "/clients/<str:client_id>/files/<str:file_id>/": "a file",
    "/clients/<str:client_id>/items/<str:item_id>/diagram.svg": "a picture",
    "/clients/<str:client_id>/items/<str:item_id>/files/<str:file_id>/": "a file",
    "/clients/<str:client_id>/items/<str:item_id>/preview.png": "a picture",
    "/clients/<str:client_id>/pictures/<str:picture_id>/": "a picture",
    "/client/statement/csv/": "a file",
    "/client/statement/<str:statement_id>/letter/": "a file",
    "/client/statement/vendor/<str:file_id>/": "a file",
    "/clients/<str:client_id>/statement/csv/": "a file",
    "/clients/<str:client_id>/statement/<str:statement_id>/letter/": "a file",
    "/evidence/<str:index>/<str:what>/": "a file",
    "/evidence/log/<str:what>/": "a file",
    "/evidence/of/<str:subject_id>/": "moves on to the subject's newest entry",
    "/mail-in/<str:mail_id>/file/": "a file",
    "/mail-in/<str:mail_id>/html/": "a mail as it was sent by a stranger, for a frame without scripts or styles of ours",
    "/mail-in/<str:mail_id>/parts/<str:part_id>/": "a file",
    "/mail-in/<str:mail_id>/raw/": "plain text",
    "/client/mail-in/<str:mail_id>/file/": "a file",
    "/client/mail-in/<str:mail_id>/html/": "a mail as it was sent by a stranger, for a frame without scripts or styles of ours",
    "/client/mail-in/<str:mail_id>/parts/<str:part_id>/": "a file",
    "/client/mail-in/<str:mail_id>/raw/": "plain text",
    "/mails/<str:envelope_id>/html/": "a mail as it was sent, for a frame without scripts or styles of ours",
    "/client/papers/<str:paper_id>/letter/": "a file",
    "/papers/<str:paper_id>/letter/": "a file",
    "/papers/<str:paper_id>/payments/<str:payment_id>/proof/": "a file",
    "/post-office/<str:message_id>/html/": "a mail as it was sent, for a frame without scripts or styles of ours",
    "/post-office/<str:message_id>/raw/": "a file",
    "/provider/bundles/<str:job_id>/file/": "a file",
    "/provider/evidence/<str:index>/<str:what>/": "a file",
    "/provider/evidence/log/<str:what>/": "a file",
    "/provider/lines/<str:line_id>/file/": "a file",
    "/search/palette/": "JSON for the palette",
    "/theme/brand.css": "a stylesheet",
    "/calendar/<str:token>.ics": "a calendar",
}
# Parts of a page that htmx fetches: a page when opened alone, but looked at within the page that they belong to.
PARTS = {
    "/bundles/<str:job_id>/part/",
    "/deletions/<str:deletion_id>/part/",
    "/client/bundles/<str:job_id>/part/",
    "/provider/bundles/<str:job_id>/part/",
    "/clients/<str:client_id>/import/<str:import_id>/job/",
}
# Looked at in an installation of another kind: empty, or a demonstration.
ELSEWHERE = {"/setup/", "/theme/gallery/", "/theme/gallery/<slug:page>/", "/theme/gallery/job/"}


@dataclass(frozen=True)
class Page:
    """One page: its pattern in the table, an address, and whose browser opens it."""

    pattern: str
    address: str
    seat: str


def patterns(door: str) -> list[str]:
    """The addresses of one door in the table; the API's are not for people, but its reference is."""
    lines = [
        line.split(" | ") for line in TABLE.read_text().splitlines() if line and not line.startswith("#")
    ]
    return [
        address for address, at, _ in lines if at == door and (not address.startswith("/api/") or address == "/api/v1/docs")
    ]  # fmt: skip


def _filled(pattern: str, made: Furnished) -> list[str]:
    faces = FACES.get(pattern) or [re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", pattern)]
    return [re.sub(r"{([^}]+)}", lambda name: made.ids[name[1]], face) for face in faces]


def pages(door: str, made: Furnished) -> tuple[list[Page], list[str]]:
    """Every page of a door; and what is wrong with the table or this list, in sentences.

    Pages are not asked for yet, only whether their address may be: some are there to be posted to alone.
    """
    found, wrong = [], []
    for pattern in patterns(door):
        if pattern in ELSEWHERE or pattern in PARTS:
            continue
        seat = SEAT.get(pattern, SEATS[door])
        try:
            addresses = _filled(pattern, made)
        except KeyError as missing:
            if pattern in NO_PAGE:
                continue
            wrong.append(f"{pattern}: furnish() makes no {missing}")
            continue
        for address in addresses:
            if pattern in NO_PAGE:
                said = made.at[seat].get(address)
                is_page = said.status_code == 200 and said.headers.get("Content-Type", "").startswith(
                    "text/html"
                )
                if is_page and "mail as it was sent" not in NO_PAGE[pattern]:
                    wrong.append(f"{pattern} is a page, listed as {NO_PAGE[pattern]}")
                continue
            said = made.at[seat].options(address)
            if said.status_code != 405 or "GET" in said.headers["Allow"]:
                found.append(Page(pattern, address, seat))
    return found, wrong


Found = tuple[list[Page], list[str]]


def furnished_pages() -> tuple[Furnished, dict[str, Found]]:
    """The furnished cast in this world, and ``pages()`` of each door; once and then copied, as the cast is."""
    return built_once("furnished-pages", _furnished_pages, minutes=4)


def _furnished_pages() -> tuple[Furnished, dict[str, Found]]:
    made = furnish()
    return made, {door: pages(door, made) for door in SEATS}
