# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words of the domain as values (DOMAIN.md, "Terms").

Every enum is a ``StrEnum``: its value is what the database, the API, the ledger and
the files of a bundle hold, so a value never changes once released; only labels do.
"""

from enum import StrEnum


class Category(StrEnum):
    """The eight categories of the entitlement (R3), and what lies outside them."""

    HARDWARE = "hardware"
    SOFTWARE = "software"
    ONSITE_DATA = "onsite_data"
    ADMIN_ACCESS = "admin_access"
    TRAINING = "training"
    PROCESS_DOCS = "process_docs"
    DIAGRAMS = "diagrams"
    AUDIT_REPORTS = "audit_reports"
    OTHER = "other"

    @property
    def label(self) -> str:
        """The category as people read it, in the words of R3."""
        return _CATEGORY_LABELS[self]


_CATEGORY_LABELS = {
    Category.HARDWARE: "Purchased hardware",
    Category.SOFTWARE: "Purchased perpetual software",
    Category.ONSITE_DATA: "Onsite data",
    Category.ADMIN_ACCESS: "Administrator access to all systems",
    Category.TRAINING: "User training material",
    Category.PROCESS_DOCS: "Business process documentation",
    Category.DIAGRAMS: "Network diagrams",
    Category.AUDIT_REPORTS: "Network audit reports",
    Category.OTHER: "Outside the eight categories",
}

ENTITLEMENT = tuple(category for category in Category if category is not Category.OTHER)


class Owner(StrEnum):
    """Who owns an item. Unknown is never in scope of an authorisation (R1)."""

    CLIENT = "client"
    MSP = "msp"
    VENDOR = "vendor"
    UNKNOWN = "unknown"


class Custodian(StrEnum):
    """Who holds or controls an item now: owner and custodian are asked apart."""

    CLIENT = "client"
    MSP = "msp"
    VENDOR = "vendor"
    NEW_PROVIDER = "new_provider"
    UNKNOWN = "unknown"


class Sensitivity(StrEnum):
    """Sensitive items ask the client before each release (R1, AskClient)."""

    NORMAL = "normal"
    SENSITIVE = "sensitive"


class ItemKind(StrEnum):
    """How an item is handed over (R3: each in its own way)."""

    HARDWARE = "hardware"
    LICENCE = "licence"
    DATA = "data"
    CREDENTIAL = "credential"
    DOCUMENT = "document"
    OTHER = "other"


class ScopePreset(StrEnum):
    """R1's dynamic presets: what the signatory says yes to in one word."""

    SYSTEMS = "systems"
    DOCUMENTATION = "documentation"
    ENDPOINTS = "endpoints"


class Access(StrEnum):
    """Full or read. Read never yields a credential (R1)."""

    FULL = "full"
    READ = "read"


class ClientState(StrEnum):
    ACTIVE = "active"
    DEPARTING = "departing"
    INACTIVE = "inactive"
    RETURNING = "returning"


class Reason(StrEnum):
    """Why clients leave (DOMAIN.md)."""

    NEW_PROVIDER = "new_provider"
    IN_HOUSE = "in_house"
    SOLD = "sold"
    CLOSES = "closes"
    MSP_ENDS = "msp_ends"


class Destination(StrEnum):
    """Where the estate goes."""

    NEW_MSP = "new_msp"
    CLIENT_STAFF = "client_staff"
    ACQUIRER_IT = "acquirer_it"
    NOBODY = "nobody"


class Channel(StrEnum):
    """How a notice or consent reached the MSP."""

    LETTER = "letter"
    MAIL = "mail"
    CALL = "call"
    MEETING = "meeting"
    PORTAL = "portal"


class StaffRole(StrEnum):
    OWNER = "owner"
    ACCOUNT_MANAGER = "account_manager"
    TECHNICIAN = "technician"
    AUDITOR = "auditor"


class ContactRole(StrEnum):
    SIGNATORY = "signatory"
    OBSERVER = "observer"


class RecipientKind(StrEnum):
    """Who may receive under an authorisation (R1: the same gate for a contractor)."""

    NEW_PROVIDER = "new_provider"
    CONTRACTOR = "contractor"


class Party(StrEnum):
    """To whom a release or a bundle goes."""

    CLIENT = "client"
    PROVIDER = "provider"


class Verdict(StrEnum):
    """R1: what the gate says of one item to one recipient, now."""

    SEND = "send"
    ASK_CLIENT = "ask_client"
    REFUSE = "refuse"


class AuthorisationState(StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


class SecondFactor(StrEnum):
    """R1: what makes a signature more than a mailed link."""

    PASSKEY = "passkey"
    CALL_BACK = "call_back"


class EnvelopeState(StrEnum):
    """HOUSE.md, the one natural way, step 6; paused is a person's or a withdrawal's doing."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    DATA_STARTED = "data_started"
    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"
    STOPPED = "stopped"


class Phase(StrEnum):
    """The phases of an offboarding; they overlap, gates decide what blocks what."""

    NOTICE = "notice"
    CONSENT = "consent"
    PLAN = "plan"
    HANDOVER = "handover"
    WITHDRAWAL = "withdrawal"
    ACCEPTANCE = "acceptance"
    RETENTION = "retention"
    CLOSED = "closed"


class OffboardingState(StrEnum):
    OPEN = "open"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
