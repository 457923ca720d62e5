# SPDX-License-Identifier: AGPL-3.0-or-later
"""How columns and categories are called in the exports we met, in several languages."""

import re
from functools import lru_cache

from partwell.importers.base import normalise
from partwell.rules.terms import Category, ItemKind

SECRET_FIELDS = ("password", "otp", "key", "secret_notes")

FIELDS: dict[str, tuple[str, ...]] = {
    "title": (
        "name",
        "title",
        "item name",
        "asset name",
        "device name",
        "display name",
        "hostname",
        "host name",
        "computer name",
        "account",
        "entry name",
        "bezeichnung",
        "gerätename",
        "titel",
        "nazwa",
        "nom",
        "nombre",
        "naam",
        "nome",
        "artikel",
        "urządzenie",
        "gerät",
        "device",
    ),
    "company": (
        "company",
        "company name",
        "organization",
        "organisation",
        "organization name",
        "organisation name",
        "client",
        "client name",
        "customer",
        "customer name",
        "tenant",
        "firma",
        "kunde",
        "mandant",
        "unternehmen",
        "klient",
        "spółka",
        "société",
        "entreprise",
        "cliente",
        "empresa",
        "azienda",
        "klant",
        "bedrijf",
    ),
    "external_id": ("id", "asset id", "item id", "uuid", "guid", "device id", "configuration id", "glue id"),
    "serial": (
        "serial",
        "serial number",
        "serial no",
        "serialnumber",
        "s/n",
        "sn",
        "service tag",
        "seriennummer",
        "serien-nr",
        "serien-nr.",
        "numer seryjny",
        "nr seryjny",
        "numéro de série",
        "número de serie",
        "numero di serie",
        "serienummer",
    ),
    "asset_tag": (
        "asset tag",
        "asset number",
        "inventory number",
        "tag",
        "inventarnummer",
        "inventar-nr",
        "inventar-nr.",
        "numer inwentarzowy",
        "nr inwentarzowy",
        "numéro d'inventaire",
    ),
    "category": ("category", "kategorie", "kategoria", "catégorie", "categoría", "categoria", "categorie"),
    "type": (
        "type",
        "asset type",
        "device type",
        "configuration type",
        "item type",
        "typ",
        "art",
        "rodzaj",
        "gerätetyp",
        "tipo",
    ),
    "model": ("model", "model name", "modell", "modèle", "modelo", "modello", "product", "produkt"),
    "model_number": (
        "model number",
        "model no",
        "modellnummer",
        "part number",
        "artikelnummer",
        "numer modelu",
    ),
    "manufacturer": (
        "manufacturer",
        "make",
        "vendor",
        "brand",
        "hersteller",
        "producent",
        "fabricant",
        "fabricante",
        "marke",
        "publisher",
    ),
    "supplier": ("supplier", "lieferant", "dostawca", "fournisseur", "proveedor", "leverancier"),
    "location": (
        "location",
        "site",
        "office",
        "standort",
        "ort",
        "raum",
        "lokalizacja",
        "lokalizacja/pokój",
        "miejsce",
        "emplacement",
        "lieu",
        "ubicación",
        "locatie",
        "default location",
    ),
    "quantity": (
        "quantity",
        "qty",
        "menge",
        "anzahl",
        "ilość",
        "quantité",
        "cantidad",
        "seats",
        "total",
        "aantal",
    ),
    "purchase_date": (
        "purchase date",
        "purchased at",
        "kaufdatum",
        "data zakupu",
        "date d'achat",
        "aankoopdatum",
    ),
    "purchase_cost": ("purchase cost", "cost", "price", "preis", "kaufpreis", "cena", "wartość", "prix"),
    "order_number": ("order number", "purchase order", "bestellnummer", "numer zamówienia", "invoice"),
    "warranty": (
        "warranty",
        "warranty expires",
        "warranty expires at",
        "garantie",
        "gwarancja",
        "garantie bis",
    ),
    "expires": (
        "expiration date",
        "expires",
        "expiry date",
        "expires at",
        "expires on",
        "ablaufdatum",
        "gültig bis",
        "data wygaśnięcia",
        "asset eol date",
        "eol",
    ),
    "status": ("status", "state", "configuration status", "zustand", "stan", "état", "estado"),
    "owner": ("owner", "owned by", "eigentümer", "besitzer", "właściciel", "propriétaire"),
    "assigned_to": (
        "assigned to",
        "user",
        "full name",
        "checked out to",
        "zugewiesen an",
        "benutzer",
        "użytkownik",
        "utilisateur",
        "checked out to: username",
    ),
    "username": (
        "username",
        "user name",
        "login",
        "login name",
        "user id",
        "login username",
        "loginname",
        "benutzername",
        "nazwa użytkownika",
        "identifiant",
        "usuario",
        "login_username",
    ),
    "email": ("email", "e-mail", "mail", "e-mail address", "email address"),
    "url": (
        "url",
        "website",
        "web site",
        "login uri",
        "login_uri",
        "uri",
        "address",
        "link",
        "webseite",
        "adres url",
    ),
    "ip": ("ip", "ip address", "primary ip", "ip-adresse", "ipv4", "adres ip", "adresse ip"),
    "mac": ("mac", "mac address", "mac-adresse", "adres mac"),
    "os": ("os", "operating system", "betriebssystem", "system operacyjny"),
    "folder": ("folder", "group", "grouping", "ordner", "gruppe", "grupa", "password category", "tags"),
    "notes": (
        "notes",
        "note",
        "description",
        "comments",
        "comment",
        "extra",
        "asset notes",
        "remarks",
        "bemerkung",
        "bemerkungen",
        "notiz",
        "notizen",
        "beschreibung",
        "uwagi",
        "opis",
        "notatki",
        "remarques",
        "notas",
    ),
    "password": (
        "password",
        "login password",
        "login_password",
        "passwort",
        "kennwort",
        "hasło",
        "mot de passe",
        "contraseña",
        "senha",
        "wachtwoord",
        "pass",
        "pwd",
    ),
    "otp": ("otp", "totp", "otp secret", "otp_secret", "otpauth", "login totp", "login_totp", "2fa", "mfa"),
    "key": (
        "license key",
        "licence key",
        "license key(s)",
        "product key",
        "serial key",
        "lizenzschlüssel",
        "produktschlüssel",
        "klucz produktu",
        "klucz licencyjny",
        "clé de licence",
        "licensekey",
        "product_key",
    ),
}

_BY_NAME = {normalise(name).replace("_", " "): field for field, names in FIELDS.items() for name in names}

_SECRET_HEADER = re.compile(
    r"(?P<otp>\botp|totp|\b2fa\b|\bmfa\b|one.?time)"
    r"|(?P<password>pass(word|wort|phrase|code)|\bpasswd|kennwort|has[lł]o|mot de passe|contrase|senha|wachtwoord|\bpwd\b"
    r"|\bpins?\b|\bpsk\b|\bwpa|credential|zugangsdaten|cvc|cvv|card.?number|enable secret)"
    r"|(?P<key>\bkeys?\b|schl[uü]ssel|\bklucz|\btoken|\bcl[eé]\b)"
    r"|(?P<secret_notes>secret|geheim|tajn|recovery|community|private|security (answer|question)|reminder answer)"
)
_NOT_SECRET = re.compile(
    r"(password|passwort).*(expir|changed|age|last|date|folder|category|policy|updated|strength|type)"
    r"|key (id|name|type)|keyboard|public key|(primary|foreign) key|credential (type|id)"
)


def field_of(header: str) -> tuple[str, float]:
    """The field that a header names and how sure that is (1 exact, 0.7 nearly, 0 none: ``detail``)."""
    name = normalise(header).replace("_", " ").strip(" :*")
    if name in _BY_NAME:
        return _BY_NAME[name], 1.0
    secret = secret_field_of(name)
    if secret:
        return secret, 0.8
    words = re.sub(r"[^\w ]+", " ", name).strip()
    if words in _BY_NAME:
        return _BY_NAME[words], 0.7
    bare = re.sub(r"^(asset|item|device|configuration|primary|computer) ", "", words)
    if bare in _BY_NAME:
        return _BY_NAME[bare], 0.7
    return "detail", 0.0


def secret_field_of(header: str) -> str:
    """Which secret a header sounds like, "" if none. Rather once too often (R16)."""
    name = normalise(header).replace("_", " ")
    if _NOT_SECRET.search(name):
        return ""
    found = _SECRET_HEADER.search(name)
    return (found.lastgroup or "") if found else ""


_KINDS: tuple[tuple[str, Category, ItemKind], ...] = (
    (
        r"licen[cs]e|lizenz|licencj|software|oprogramowanie|logiciel|application|anwendung",
        Category.SOFTWARE,
        ItemKind.LICENCE,
    ),
    (r"virtual machine|\bvm\b|container|maszyna wirtualna", Category.OTHER, ItemKind.OTHER),
    (r"password|credential|zugang|admin access|has[lł]", Category.ADMIN_ACCESS, ItemKind.CREDENTIAL),
    (r"backup|nas volume|datenbank|database|baza danych|file share", Category.ONSITE_DATA, ItemKind.DATA),
    (r"diagram|netzplan|schemat", Category.DIAGRAMS, ItemKind.DOCUMENT),
    (r"audit|scan report|assessment", Category.AUDIT_REPORTS, ItemKind.DOCUMENT),
    (r"training|schulung|szkoleni", Category.TRAINING, ItemKind.DOCUMENT),
    (
        r"process|procedure|runbook|dokumentation|documentation|handbuch",
        Category.PROCESS_DOCS,
        ItemKind.DOCUMENT,
    ),
    (
        (
            r"hardware|laptop|notebook|desktop|workstation|server|switch|router|firewall|printer|drucker|drukark|monitor|"
            r"phone|telefon|tablet|access point|\bups\b|\busv\b|nas\b|modem|camera|kamera|komputer|computer|rechner|gpu|ram\b|"
            r"keyboard|tastatur|klawiatur|mouse|maus|dock|scanner|projector|beamer|storage|network"
        ),
        Category.HARDWARE,
        ItemKind.HARDWARE,
    ),
)
_COMPILED = tuple((re.compile(pattern), category, kind) for pattern, category, kind in _KINDS)


@lru_cache(maxsize=4096)
def category_of(text: str) -> tuple[Category, ItemKind] | None:
    """What a category or type cell says about the thing, in R3's terms; None where it says nothing."""
    name = normalise(text).replace("_", " ")
    if not name:
        return None
    for category in Category:
        if name in (category.value.replace("_", " "), category.label.casefold()):
            return category, kind_for(category)
    for pattern, category, kind in _COMPILED:
        if pattern.search(name):
            return category, kind
    return None


def kind_for(category: Category) -> ItemKind:
    """The usual kind of a category's items."""
    return {
        Category.HARDWARE: ItemKind.HARDWARE,
        Category.SOFTWARE: ItemKind.LICENCE,
        Category.ONSITE_DATA: ItemKind.DATA,
        Category.ADMIN_ACCESS: ItemKind.CREDENTIAL,
        Category.OTHER: ItemKind.OTHER,
    }.get(category, ItemKind.DOCUMENT)
