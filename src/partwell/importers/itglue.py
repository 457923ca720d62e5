# SPDX-License-Identifier: AGPL-3.0-or-later
"""IT Glue's account export: a ZIP (or its unpacked folder) with every client of the MSP in it."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath

from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Options, Read, kept
from partwell.importers.identity import hardware_fingerprint
from partwell.importers.mapping import Defaults
from partwell.importers.platform_export import Export, Platform, Table, members_of
from partwell.importers.zips import names_in_tail
from partwell.rules.terms import Category, Custodian, ItemKind, Sensitivity

KIND = "itglue"
LABEL = "IT Glue account export (ZIP of CSVs)"
UNDERSTANDS = (
    "organizations, configurations, passwords with one-time codes, contacts, locations, documents, domains, SSL certificates",
    "flexible assets of any type: columns that sound like secrets become secrets",
    "documents as HTML files by their locator, attachments by their record",
    "one client by its exact name; everything of others is left out and only counted",
)
DOES_NOT_UNDERSTAND = (
    "exports protected by a password: unpack them first",
    "links between records, versions of documents, checklists and logs",
    "pictures inside documents that stand beside the HTML: each is taken as a file of its own",
    "embedded passwords' place in their record: they are taken as credentials by themselves",
    "what the MSP's quick notes say about the client: they are the MSP's and not taken",
)

PASSWORDS = Table(
    Defaults(Category.ADMIN_ACCESS, ItemKind.CREDENTIAL, custodian=Custodian.MSP, sensitivity=Sensitivity.SENSITIVE),
    {"password": "password", "otp secret": "otp", "notes": "notes", "username": "username", "url": "url",
     "password category": "folder", "password folder": "detail", "archived": "status", "resource type": "type",
     "resource id": "ignore", "created at": "ignore", "updated at": "ignore"},
)  # fmt: skip
HARDWARE = Table(Defaults(Category.HARDWARE, ItemKind.HARDWARE))
SOFTWARE = Table(
    Defaults(Category.SOFTWARE, ItemKind.LICENCE, custodian=Custodian.MSP),
    {"license key(s)": "key", "license keys": "key"},
)
PAGES = Table(Defaults(Category.PROCESS_DOCS, ItemKind.DOCUMENT, custodian=Custodian.MSP))
CONTROL = Table(Defaults(Category.ADMIN_ACCESS, ItemKind.OTHER))
PLAIN = Table(Defaults(Category.OTHER, ItemKind.OTHER))

PLATFORM = Platform(
    name="IT Glue",
    clients_table="organizations",
    client_columns=("organization", "organization name", "company"),
    tables={
        "configurations": HARDWARE, "passwords": PASSWORDS, "contacts": PLAIN, "locations": PLAIN, "documents": PAGES,
        "domains": CONTROL, "ssl-certificates": CONTROL, "ssl_certificates": CONTROL, "licensing": SOFTWARE,
        "pm-imaging-software": SOFTWARE, "applications": SOFTWARE, "software": SOFTWARE,
    },
    other=PAGES,
    common={
        "id": "external_id", "name": "title", "serial number": "serial", "asset tag": "asset_tag", "manufacturer": "manufacturer",
        "model": "model", "configuration type": "type", "configuration status": "status", "primary ip": "ip",
        "mac address": "mac", "operating system": "os", "location": "location", "notes": "notes", "hostname": "detail",
        "warranty expires at": "warranty", "purchased at": "purchase_date", "installed by": "detail", "url": "url",
    },
    skipped=frozenset({"organizations", "logs", "activity_logs", "users", "exports"}),
)  # fmt: skip


def sniff(path: Path, head: bytes) -> float:
    """By the names in the archive or folder."""
    wanted = ("organizations.csv", "passwords.csv", "configurations.csv")
    if path.is_dir():
        found = sum((path / name).is_file() for name in wanted)
    elif head.startswith(b"PK"):
        found = names_in_tail(path, tuple(name.encode() for name in wanted))
    else:
        return 0.0
    return {0: 0.0, 1: 0.2, 2: 0.9, 3: 0.98}[found]


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """One client's estate of the export. Refuses to start without the client's name."""
    with ExitStack() as stack:
        export = Export(PLATFORM, source, members_of(source, options, stack), options)
        if "organizations" not in export.tables and "passwords" not in export.tables:
            raise ImportRefused(
                "not_itglue",
                "This is not an account export of IT Glue: it holds no organizations.csv.",
                source.name,
                "Choose another kind.",
            )
        yield from export.check_client()
        locators: dict[str, str] = {}
        # The well-known tables first, so that a preview begins with what matters.
        names = sorted(export.tables, key=lambda name: (name not in PLATFORM.tables, name))
        for name in names:
            if name in PLATFORM.skipped:
                continue
            for item in export.read_table(name, _decorated):
                if isinstance(item, ImportedItem) and name == "documents":
                    locators.update(
                        {
                            value.casefold(): item.title
                            for key, value in item.details.items()
                            if key.casefold() == "locator"
                        }
                    )
                yield item
        yield from _documents(export, locators)
        yield from export.attachments()


def _decorated(item: ImportedItem) -> ImportedItem:
    """A virtual machine is no purchased hardware; archived records say so."""
    details = dict(item.details)
    flag = (
        "Status"
        if item.kind is ItemKind.CREDENTIAL
        else next((key for key in details if key.casefold() == "archived"), "")
    )
    if details.pop(flag, "").lower() in ("yes", "true", "1"):
        details["Archived"] = "yes"
    if item.kind is ItemKind.HARDWARE:
        if details.get("Type", "").lower() in ("vm", "virtual machine", "virtual server"):
            return replace(item, category=Category.OTHER, kind=ItemKind.OTHER, details=details)
        serial = details.get("Serial", "")
        return replace(
            item,
            details=details,
            fingerprint=hardware_fingerprint(serial, "itglue", item.external_id, item.title),
        )
    return replace(item, details=details)


def _documents(export: Export, locators: dict[str, str]) -> Iterator[Read]:
    """documents/…/<locator> <title>/<file>: taken where the locator is one of the client's documents."""
    others = 0
    for number, (path, member) in enumerate(export.members.items()):
        parts = PurePosixPath(path).parts
        if "documents" not in parts[:-1] or "attachments" in parts[: parts.index("documents")]:
            continue
        folders = parts[parts.index("documents") + 1 :]
        # The locator is a folder's (or file's) first word, whole: DOC-1-2 is not DOC-1-23.
        locator = next(
            (word for part in folders if (word := part.split(" ")[0].removesuffix(".html")) in locators), None
        )
        if locator is None:
            others += 1
            continue
        read = export.file_item(member, number, "Document", f"{locator}/{'/'.join(folders)}")
        if isinstance(read, ImportedItem):
            read = replace(
                read,
                title=locators[locator] if path.endswith((".html", ".htm")) else read.title,
                details={**read.details, **kept({"locator": locator.upper()})},
            )
        yield read
    if others:
        yield LeftOut(
            "documents", "other_client", f"{others} files of documents belong to nothing of this client."
        )
