# SPDX-License-Identifier: AGPL-3.0-or-later
"""A folder or ZIP of documents, or one document, sorted into R3's categories by proposal.

Every proposal says its reason in words, because a person confirms it. Documents are kept
byte for byte; they are looked at only as far as the proposal needs.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from partwell.importers import mailfile, mediatype
from partwell.importers.archive import Budget, Extracted, extract, walk_folder
from partwell.importers.base import (
    FileRef,
    ImportedItem,
    ImportRefused,
    LeftOut,
    Notice,
    Options,
    Read,
    Understood,
    clean,
    fingerprint_of,
    kept,
    safe_name,
)
from partwell.rules.terms import Category, Custodian, ItemKind, Owner, Sensitivity

KIND = "documents"
LABEL = "Documents: a folder, a ZIP, or one file"
UNDERSTANDS = (
    "PDF, pictures, draw.io (as .drawio or .xml) and Visio diagrams, mail, Word, Excel, PowerPoint, OpenDocument, text",
    "the file's kind from its content, with a word where its name says another",
    "network diagrams, audit reports, procedures, training material, contracts and licences by name, folder and first lines",
)
DOES_NOT_UNDERSTAND = (
    "what stands in PDFs, pictures and Office files: they are kept whole and sorted by their names",
    "password-protected documents: kept whole and marked",
    "programs and KeePass databases: left out; archives other than ZIP: kept whole",
)

_CONTENT: tuple[tuple[re.Pattern[bytes], Category, str], ...] = (
    (re.compile(rb"<nmaprun\b|Nmap scan report for "), Category.AUDIT_REPORTS, "its content is an nmap scan"),
    (re.compile(rb"<NessusClientData"), Category.AUDIT_REPORTS, "its content is a Nessus report"),
    (
        re.compile(rb"<NexposeReport|<report[^>]{0,300}(?:format_id|content_type)|<get_reports_response"),
        Category.AUDIT_REPORTS,
        "its content is a vulnerability scanner's report",
    ),
    (
        re.compile(
            rb"^\W{0,4}(?:IP,Hostname,Port,Port Protocol,CVSS|Plugin ID,CVE,|\"?Plugin\"?,\"?Plugin Name)"
        ),
        Category.AUDIT_REPORTS,
        "its columns are those of a vulnerability scan",
    ),
    (
        re.compile(rb"^#+ (?:label|namespace|connect):", re.M),
        Category.DIAGRAMS,
        "its content is a draw.io diagram as CSV",
    ),
    (
        re.compile(rb"@startuml|^(?:graph|flowchart) (?:TD|LR|TB|RL)\b|^(?:di)?graph \w*\s*\{", re.M),
        Category.DIAGRAMS,
        "its content is a diagram as text",
    ),
)
_NAMES: tuple[tuple[str, Category, str], ...] = (
    (
        (
            r"nmap|nessus|openvas|greenbone|qualys|nexpose|tenable|testssl|prowler|pen.?test|vulnerabilit\w*|audit\w*"
            r"|assessments?|security report|compliance report"
        ),
        Category.AUDIT_REPORTS,
        "an audit or assessment",
    ),
    (
        (
            r"diagrams?|topolog\w*|network map|rack ?(plan|layout|diagram)?|lan plan|floor ?plans?|visio|drawio"
            r"|netzplan|wiring|cabling|patch ?panel"
        ),
        Category.DIAGRAMS,
        "a network diagram",
    ),
    (
        r"training|user guide|guides?|handbook|tutorial|how.?to|manuals?|onboarding|instructions?|quick ?start|faq|schulung",
        Category.TRAINING,
        "training material",
    ),
    (
        (
            r"run ?books?|polic(y|ies)|procedures?|process(es)?|sops?|business continuity|disaster recovery|bcp|drp|workflow"
            r"|checklists?|playbooks?|escalation|incident response|verfahren"
        ),
        Category.PROCESS_DOCS,
        "process documentation",
    ),
    (r"licen[cs]es?|product keys?|entitlement|eula|proof of purchase", Category.SOFTWARE, "licences"),
    (
        r"warrant(y|ies)|hardware|serials?|asset ?(list|register|inventory)|packing slip|delivery note",
        Category.HARDWARE,
        "hardware",
    ),
    (r"backups?|exports?|dumps?|archive data", Category.ONSITE_DATA, "data or backups"),
)
_COMPILED = [
    (re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.I), category, what) for words, category, what in _NAMES
]
_CONTRACT = re.compile(
    r"(?<![a-z])(contracts?|agreements?|msa|sla|nda|invoices?|quotes?|vertrag|purchase orders?)(?![a-z])",
    re.I,
)
_SECRET_NAME = re.compile(
    r"(?<![a-z])(passwords?|passwor[dt]e?r?|credentials?|creds|logins?|recovery (codes?|keys?)|secrets?"
    r"|bitlocker|private ?keys?|kennw\w+|dashlane|last ?pass|\d?passwords?\d?|bitwarden|keepass(xc)?"
    r"|nord ?pass|robo ?form|safe ?in ?cloud|passpack|passman|enpass)(?![a-z])",
    re.I,
)
_SECRET_CONTENT = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY|PuTTY-User-Key-File|BitLocker.{0,40}recovery key", re.I | re.S
)
_KEY_FILE = re.compile(r"\.(key|keyx|pem|ppk|pfx|p12|jks|ovpn|kdb|agekey)$", re.I)
_COLUMN = rb"(?:password|passwd|pwd|passwor[dt]|kennwort|login_password|totp|otp|otpauth|otp_secret|otpsecret|login_totp)"
_STORE = re.compile(  # what password managers write in plain text: a column, a JSON member, KeePass's XML
    rb"\A[^\r\n]{0,2000}(?:^|[,;\t|\"])" + _COLUMN + rb"[\"]?(?:[,;\t|]|\r?$)"
    rb"|\"(?:password|totp|otpauth)\"\s*:\s*\"[^\"]"
    rb"|<KeePassFile\b|\"encKeyValidation_DO_NOT_EDIT\"",
    re.I | re.M,
)
_SCRIPT = re.compile(r"\.(ps1|psm1|bat|cmd|vbs|js|sh|py|pl|rb|lua)$", re.I)
_TEXTS = frozenset({mediatype.TEXT, mediatype.XML, mediatype.DRAWIO, "text/html", "image/svg+xml"})


def sniff(path: Path, head: bytes) -> float:
    """The last resort for anything that is a document; surer for folders, ZIPs and what only this reads."""
    if path.is_dir():
        return 0.6
    media = mediatype.of_bytes(head)
    if media in (mediatype.KDBX, mediatype.PROGRAM):
        return 0.0
    if media == mediatype.ZIP:
        return 0.4
    if media in (mediatype.PDF, mediatype.DRAWIO) or media.startswith("image/"):
        return 0.9
    if media in _TEXTS and propose(path.name, media, head)[0] in (Category.AUDIT_REPORTS, Category.DIAGRAMS):
        return 0.85  # a scan as CSV is a report, not a list of assets
    return 0.1 if media in (mediatype.BINARY, mediatype.TEXT, mediatype.XML) else 0.5


def propose(place: str, media: str, head: bytes) -> tuple[Category, str]:
    """A category for a document and the reason in words. ``place``: its path in the source; content goes before name."""
    if media == mediatype.DRAWIO:
        return Category.DIAGRAMS, "Network diagrams, because its content is a draw.io diagram."
    if media in (mediatype.VSD, mediatype.VSDX):
        return Category.DIAGRAMS, "Network diagrams, because its content is a Visio drawing."
    for pattern, category, why in _CONTENT if media in _TEXTS else ():
        if pattern.search(head):
            return category, f"{category.label}, because {why}."
    folder, _, name = place.rpartition("/")
    for text, where in ((name, "its name"), (folder, "its folder")):
        words = re.sub(r"[_\-.]+", " ", re.sub(r"([a-z])([A-Z])", r"\1 \2", text))
        if _SECRET_NAME.search(words):
            return (
                Category.ADMIN_ACCESS,
                f"{Category.ADMIN_ACCESS.label}, because {where} speaks of credentials.",
            )
        if found := _CONTRACT.search(words):
            return Category.OTHER, (
                f"Outside the eight categories, because {where} speaks of “{found[0].lower()}”: "
                "it belongs to the agreement and the suppliers."
            )
        for compiled, category, what in _COMPILED:
            if found := compiled.search(words):
                return (
                    category,
                    f"{category.label}, because {where} speaks of {what} (“{found[0].strip().lower()}”).",
                )
    return Category.OTHER, "Nothing in its name, folder or first lines says what it is: please choose."


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """Each document as an item with its file. Raises ImportRefused where the source as a whole is not taken."""
    budget = Budget(options.limits)
    found: Iterator[Extracted | LeftOut]
    if source.is_dir():
        what, found = "A folder of documents", walk_folder(source, budget=budget)
    else:
        if source.stat().st_size > options.limits.file_size:
            raise ImportRefused("too_large", "This file is too large.", source.name, "Split it.")
        media, _ = mediatype.of_file(source)
        if media == mediatype.ZIP:
            what, found = "A ZIP archive of documents", extract(source, into=options.spool, budget=budget)
        else:
            one = Extracted(source.name, source.stat().st_size, mediatype.sha256_of(source), path=source)
            what, found = f"One document ({mediatype.name_of(media)})", iter((one,))
    yield Understood("documents", f"{what}.", {"source": source.name})
    taken = left = 0
    try:
        for thing in found:
            for value in (thing,) if isinstance(thing, LeftOut) else _document(thing, options):
                taken += isinstance(value, ImportedItem)
                left += isinstance(value, LeftOut)
                yield value
    except ImportRefused as refusal:
        refusal.where = refusal.where or source.name
        raise
    if not taken and not left:
        raise ImportRefused(
            "empty", "There is nothing in here.", source.name, "Choose another file or folder."
        )
    yield Understood(
        "count", f"{taken:,} documents, {left:,} left out.", {"items": str(taken), "left_out": str(left)}
    )


def _document(found: Extracted, options: Options) -> Iterator[Read]:
    place = found.place
    with found.open() as stream:
        media, flags = mediatype.of_stream(stream)
        stream.seek(0)
        head = stream.read(mediatype.HEAD)
    reason = {
        mediatype.KDBX: (
            "keepass",
            "it is a KeePass database; import it by itself, so that its entries go to the vault",
        ),
        mediatype.PROGRAM: ("program", "it is a program, not a document"),
    }.get(media)
    head = _as_utf8(head)
    if media in _TEXTS and media != mediatype.DRAWIO and _STORE.search(head):
        reason = (
            "plain_credentials",
            (
                "it is a password store in plain text; import it by itself as what it is, so that "
                "its entries go to the vault, and delete the file"
            ),
        )
    if not found.size:
        reason = ("empty", "it is empty")
    if reason:
        yield LeftOut(place, reason[0], f"“{clean(place, 120)}” is left out: {reason[1]}.")
        found.drop()
        return
    category, why = propose(place, media, head)
    title, extra = clean(found.name, 200), {}
    if media == mediatype.MAIL and found.size <= mailfile.MAX_SIZE:
        with found.open() as stream:
            mail = mailfile.parse(stream.read())
        title = clean(mail.subject, 200) or title
        extra = {
            "from": mail.sender,
            "date": mail.date.isoformat() if mail.date else "",
            "message_id": mail.message_id,
        }
    lies = mediatype.mismatch(found.name, media)
    is_key = bool(_SECRET_CONTENT.search(head) or _KEY_FILE.search(found.name))
    if is_key:
        category, why = (
            Category.ADMIN_ACCESS,
            f"{Category.ADMIN_ACCESS.label}, because it is a key or holds one.",
        )
    secret = is_key or category is Category.ADMIN_ACCESS
    notices = _notices(found, flags, lies, secret)
    name = safe_name(found.name)
    yield ImportedItem(
        title=title,
        category=category,
        kind=ItemKind.CREDENTIAL if is_key else ItemKind.DOCUMENT,
        owner=Owner.UNKNOWN,
        custodian=Custodian.MSP,
        sensitivity=Sensitivity.SENSITIVE if secret else Sensitivity.NORMAL,
        details=kept(
            {
                "file_name": name,
                "folder": place.rpartition("/")[0],
                "media_type": media,
                "size": str(found.size),
                "sha256": found.sha256,
                "proposal": why,
                "mismatch": lies,
                **{f"has_{flag}" if flag != "password" else "password_protected": "yes" for flag in flags},
                "script": "yes" if _SCRIPT.search(name) else "",
                **extra,
            }
        ),
        file=FileRef(name, media, found.size, path=found.path, data=found.data),
        external_id=found.sha256,
        source_line=place,
        fingerprint=fingerprint_of("document", found.sha256),
    )
    yield from notices


def _as_utf8(head: bytes) -> bytes:
    """Text in UTF-16 as UTF-8, so that the searches find it too."""
    if not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head
    return head[: len(head) // 2 * 2].decode("utf-16", "replace").encode("utf-8", "replace")


def _notices(found: Extracted, flags: frozenset[str], lies: str, secret: bool) -> list[Notice]:
    name = f"“{clean(found.name, 120)}”"
    notices = [
        Notice(found.place, code, f"{name} {what}.")
        for code, what in (
            ("password", "is protected by a password and kept whole: hand its password over separately"),
            ("macros", "holds macros: open it with care"),
            ("active", "is a PDF that can run scripts: open it with care"),
        )
        if code in flags
    ]
    if lies:
        notices.append(Notice(found.place, "type_mismatch", f"{name}: {lies}"))
    if secret:
        notices.append(
            Notice(found.place, "credentials", f"{name} may hold credentials; it is proposed as sensitive.")
        )
    if _SCRIPT.search(found.name):
        notices.append(
            Notice(found.place, "script", f"{name} is a script: say whether it is the client's or yours.")
        )
    return notices
