# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hudu's CSVs: companies, assets of each layout, asset passwords, articles, websites."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from partwell.importers.base import ImportedItem, ImportRefused, Options, Read, normalise
from partwell.importers.csv_table import open_csv
from partwell.importers.identity import hardware_fingerprint
from partwell.importers.itglue import CONTROL, HARDWARE, PASSWORDS, PLAIN, SOFTWARE
from partwell.importers.mapping import Defaults
from partwell.importers.platform_export import Export, Platform, Table, members_of
from partwell.importers.synonyms import category_of
from partwell.importers.zips import names_in_tail
from partwell.rules.terms import Category, Custodian, ItemKind

KIND = "hudu"
LABEL = "Hudu export (CSV, or a ZIP or folder of them)"
UNDERSTANDS = (
    "asset passwords with one-time codes, articles, websites, companies",
    "assets of any layout: hardware where the file's name or the layout says so, documentation otherwise",
    "one client by its exact company name; everything of others is left out and only counted",
)
DOES_NOT_UNDERSTAND = (
    "Hudu's own backups (SQL dumps)",
    "pictures and uploads of articles, which its CSVs do not hold",
    "relations, procedures and expirations",
    "articles of the global knowledge base: they belong to no company and are the MSP's",
)

PLATFORM = Platform(
    name="Hudu",
    clients_table="companies",
    client_columns=("company name", "company", "organization"),
    tables={
        "asset_passwords": PASSWORDS, "asset-passwords": PASSWORDS, "passwords": PASSWORDS, "websites": CONTROL,
        "computers": HARDWARE, "computer assets": HARDWARE, "configurations": HARDWARE, "network devices": HARDWARE,
        "servers": HARDWARE, "people": PLAIN, "locations": PLAIN, "software": SOFTWARE, "applications": SOFTWARE,
        "articles": Table(Defaults(Category.PROCESS_DOCS, ItemKind.DOCUMENT, custodian=Custodian.MSP),
                          {"content": "detail", "title": "title"}),
    },
    other=Table(Defaults(Category.PROCESS_DOCS, ItemKind.DOCUMENT, custodian=Custodian.MSP)),
    common={
        "id": "external_id", "name": "title", "serial": "serial", "serial number": "serial", "primary serial": "serial",
        "make": "manufacturer", "primary manufacturer": "manufacturer", "manufacturer": "manufacturer", "model": "model",
        "primary model": "model", "asset type": "type", "asset layout": "type", "asset layout name": "type", "ip": "ip",
        "ip address": "ip", "mac address": "mac", "location": "location", "notes": "notes", "description": "notes",
        "username": "username", "login url": "url", "url": "url", "password": "password", "otp secret": "otp",
    },
    skipped=frozenset({"companies", "users", "activity_logs"}),
)  # fmt: skip
_OWN = ({"company name", "password", "username"}, {"company name", "otp secret"}, {"company name", "asset layout"},
        {"company name", "asset layout name"}, {"company name", "content"}, {"company name", "passwordable type"})  # fmt: skip


def sniff(path: Path, head: bytes) -> float:
    """By the names in the archive or folder, or by one CSV's headers."""
    wanted = ("companies.csv", "asset_passwords.csv", "articles.csv")
    if path.is_dir():
        return {0: 0.0, 1: 0.2}.get(sum((path / name).is_file() for name in wanted), 0.95)
    if head.startswith(b"PK"):
        return {0: 0.0, 1: 0.2}.get(names_in_tail(path, tuple(name.encode() for name in wanted)), 0.95)
    if path.suffix.lower() != ".csv":
        return 0.0
    first = head.replace(b"\r", b"\n").split(b"\n", 1)[0] + b"\n"
    try:
        headers = open_csv(lambda: BytesIO(first), Options(), path.name).headers
    except ImportRefused:
        return 0.0
    names = {normalise(header).replace("_", " ") for header in headers}
    return 0.85 if any(own <= names for own in _OWN) else 0.0


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """One client's records. Refuses to start without the client's name."""
    with ExitStack() as stack:
        export = Export(PLATFORM, source, members_of(source, options, stack), options)
        if not export.tables:
            raise ImportRefused("not_hudu", "There is no CSV in here.", source.name, "Choose another kind.")
        yield from export.check_client()
        for name in sorted(export.tables, key=lambda name: (name not in PLATFORM.tables, name)):
            if name in PLATFORM.skipped:
                continue
            yield from export.read_table(name, _decorated)


def _decorated(item: ImportedItem) -> ImportedItem:
    """An asset whose layout names a kind of thing is that thing, not a page about it."""
    found = category_of(item.details.get("Type", "")) if item.kind is ItemKind.DOCUMENT else None
    if found and found[1] in (ItemKind.HARDWARE, ItemKind.LICENCE):
        item = replace(item, category=found[0], kind=found[1])
    if item.kind is ItemKind.HARDWARE:
        print_ = hardware_fingerprint(item.details.get("Serial", ""), "hudu", item.external_id, item.title)
        return replace(item, fingerprint=print_)
    return item
