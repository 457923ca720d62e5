# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the database itself refuses, on SQLite and PostgreSQL.

Reinstalled after every migration (Django's SQLite table remakes drop triggers silently); their
presence is checked at start and by ``partwell ledger check``. ``INSERT OR REPLACE`` passes SQLite's
triggers unless ``recursive_triggers`` is on, which the connection settings see to.
"""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from sealed.entry import ERASED_VERSION

APPEND_ONLY = (
    "evidence_entry",
    "evidence_entrysubject",
    "evidence_node",
    "evidence_disclosure",
    "evidence_rowcommitment",
    "evidence_checkpoint",
)


# R2, of whatever writes to the table: the contact first, at an address on file, and a new provider under no other role.
PARTIES = (
    "R2: no envelope without a contact of the same client, first on it, nor to a new provider in disguise"
)

# An erasure stands when a tombstone for it is committed to by an entry that says so (docs/formats/entry.md, "Erasures").
# What may go then: a disclosure, an envelope, and the salt of a row's commitment (its digest stays).
ERASING = "('disclosure.erased', 'record.erased')"
_SALTED = ("id", "entry_uid", "position", "table", "row_ref", "version", "digest")


def _stands(table: str, ref: str) -> str:
    return (
        "EXISTS (SELECT 1 FROM evidence_rowcommitment r JOIN evidence_entry e ON e.uid = r.entry_uid "  # noqa: S608  no value comes in
        f'WHERE r."table" = {table} AND r.row_ref = {ref} AND r.version = {ERASED_VERSION} AND e.type IN {ERASING})'
    )


DISCLOSURE_GOES = _stands("'evidence_disclosure:' || OLD.label", "OLD.entry_uid")
ENVELOPE_GOES = _stands("'correspondence_envelope'", "OLD.id")
SALT_GOES = _stands('OLD."table"', "OLD.row_ref")


def _frozen_columns() -> list[str]:
    from django.apps import apps

    envelope = apps.get_model("correspondence", "Envelope")
    moving = {
        "state",
        "claim",
        "claimed_at",
        "data_started_at",
        "settled_at",
        "settled_by_name",
        "attempts",
        "next_attempt_at",
        "answer",
        "stop_code",
        "sent_sha256",
        "row_version",
    }
    columns = (str(field.column) for field in envelope._meta.concrete_fields)
    return [column for column in columns if column not in moving]


def _sqlite_unless(table: str, verb: str) -> str:
    if (table, verb) == ("evidence_disclosure", "DELETE"):
        return f"WHEN NOT {DISCLOSURE_GOES} "
    if (table, verb) == ("evidence_rowcommitment", "UPDATE"):
        same = " AND ".join(f'NEW."{one}" IS OLD."{one}"' for one in _SALTED)
        return f"WHEN NOT (length(NEW.salt) = 0 AND {same} AND {SALT_GOES}) "
    return ""


def _postgresql_unless(table: str) -> str:
    if table == "evidence_disclosure":
        return f"IF TG_OP = 'DELETE' AND {DISCLOSURE_GOES} THEN RETURN OLD; END IF; "
    if table == "evidence_rowcommitment":
        same = " AND ".join(f'NEW."{one}" IS NOT DISTINCT FROM OLD."{one}"' for one in _SALTED)
        # Nested: OLD and NEW are not both there for every verb.
        return f"IF TG_OP = 'UPDATE' THEN IF length(NEW.salt) = 0 AND {same} AND {SALT_GOES} THEN RETURN NEW; END IF; END IF; "
    return ""


def _sqlite() -> dict[str, str]:
    out: dict[str, str] = {}
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            out[f"pw_{table}_{verb.lower()}"] = (
                f"BEFORE {verb} ON {table} {_sqlite_unless(table, verb)}"
                f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {verb} on {table}'); END"
            )
    out["pw_entry_next"] = (
        'BEFORE INSERT ON evidence_entry WHEN NEW."index" <> COALESCE((SELECT MAX("index") + 1 FROM evidence_entry), 0) '
        "BEGIN SELECT RAISE(ABORT, 'the ledger has no gaps: not the next index'); END"
    )
    mine = (
        "(SELECT 1 FROM clients_contact c WHERE c.id = NEW.client_contact_id AND c.client_id = NEW.client_id "
        "AND lower(json_extract(NEW.recipients, '$[0].address')) IN (lower(c.email), lower(nullif(c.second_email, ''))))"
    )
    out["pw_envelope_client"] = (
        f"BEFORE INSERT ON correspondence_envelope WHEN NOT EXISTS {mine} OR "  # noqa: S608  no value comes in
        "json_extract(NEW.recipients, '$[0].role') IS NOT 'client' OR "
        "NEW.to_provider IS NOT EXISTS (SELECT 1 FROM json_each(NEW.recipients) WHERE json_extract(value, '$.role') = 'provider') OR "
        "EXISTS (SELECT 1 FROM json_each(NEW.recipients) r JOIN authorisations_recipientperson p "
        "ON lower(p.email) = lower(json_extract(r.value, '$.address')) JOIN authorisations_recipient f ON f.id = p.recipient_id "
        "WHERE f.client_id = NEW.client_id AND p.left_at IS NULL AND json_extract(r.value, '$.role') IS NOT 'provider') "
        f"BEGIN SELECT RAISE(ABORT, '{PARTIES}'); END"
    )
    columns = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in _frozen_columns())
    out["pw_envelope_frozen"] = (
        f"BEFORE UPDATE ON correspondence_envelope WHEN {columns} "
        "BEGIN SELECT RAISE(ABORT, 'an envelope is frozen once queued'); END"
    )
    out["pw_envelope_delete"] = (
        f"BEFORE DELETE ON correspondence_envelope WHEN NOT {ENVELOPE_GOES} "
        "BEGIN SELECT RAISE(ABORT, 'an envelope is never deleted'); END"
    )
    return out


def _postgresql() -> dict[str, tuple[str, str, str]]:
    """name -> (table, when, function body)."""
    out: dict[str, tuple[str, str, str]] = {}
    for table in APPEND_ONLY:
        out[f"pw_{table}_keep"] = (
            table,
            f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW",
            f"{_postgresql_unless(table)}RAISE EXCEPTION 'the ledger is append-only: % on {table}', TG_OP;",
        )
        out[f"pw_{table}_truncate"] = (
            table,
            f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT",
            f"RAISE EXCEPTION 'the ledger is append-only: TRUNCATE on {table}';",
        )
    out["pw_entry_next"] = (
        "evidence_entry",
        "BEFORE INSERT ON evidence_entry FOR EACH ROW",
        (
            'IF NEW."index" <> COALESCE((SELECT MAX("index") + 1 FROM evidence_entry), 0) THEN '
            "RAISE EXCEPTION 'the ledger has no gaps: not the next index'; END IF; RETURN NEW;"
        ),
    )
    out["pw_envelope_client"] = (
        "correspondence_envelope",
        "BEFORE INSERT ON correspondence_envelope FOR EACH ROW",
        (
            "IF NOT EXISTS (SELECT 1 FROM clients_contact c WHERE c.id = NEW.client_contact_id AND c.client_id = NEW.client_id "  # noqa: S608  no value comes in
            "AND lower(NEW.recipients::jsonb->0->>'address') IN (lower(c.email), lower(nullif(c.second_email, '')))) OR "
            "NEW.recipients::jsonb->0->>'role' IS DISTINCT FROM 'client' OR NEW.to_provider IS DISTINCT FROM "
            "EXISTS (SELECT 1 FROM jsonb_array_elements(NEW.recipients::jsonb) r WHERE r->>'role' = 'provider') OR "
            "EXISTS (SELECT 1 FROM jsonb_array_elements(NEW.recipients::jsonb) r JOIN authorisations_recipientperson p "
            "ON lower(p.email) = lower(r->>'address') JOIN authorisations_recipient f ON f.id = p.recipient_id "
            "WHERE f.client_id = NEW.client_id AND p.left_at IS NULL AND r->>'role' IS DISTINCT FROM 'provider') THEN "
            f"RAISE EXCEPTION '{PARTIES}'; END IF; RETURN NEW;"
        ),
    )
    columns = " OR ".join(
        f'NEW."{column}"{cast} IS DISTINCT FROM OLD."{column}"{cast}'
        for column, cast in (
            (column, "::text" if column in ("recipients", "documents") else "")
            for column in _frozen_columns()
        )
    )
    out["pw_envelope_frozen"] = (
        "correspondence_envelope",
        "BEFORE UPDATE ON correspondence_envelope FOR EACH ROW",
        f"IF {columns} THEN RAISE EXCEPTION 'an envelope is frozen once queued'; END IF; RETURN NEW;",
    )
    out["pw_envelope_delete"] = (
        "correspondence_envelope",
        "BEFORE DELETE ON correspondence_envelope FOR EACH ROW",
        f"IF {ENVELOPE_GOES} THEN RETURN OLD; END IF; RAISE EXCEPTION 'an envelope is never deleted';",
    )
    return out


def _more(vendor: str) -> dict[str, Any]:
    """Triggers that other nouns keep what they derive with (the search's rows); in the forms of the two above."""
    from django.apps import apps

    found = (getattr(config, "database_triggers", None) for config in apps.get_app_configs())
    return {name: body for each in found if each is not None for name, body in each(vendor).items()}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put every trigger in place, replacing older forms. Needs the owner role on PostgreSQL."""
    from partwell.records.guard import permit

    if "evidence_entry" not in connection.introspection.table_names():
        return
    if "correspondence_envelope" not in connection.introspection.table_names():
        return
    # Migrated half-way only: what the other triggers write to is not there yet.
    more = (
        _more(connection.vendor)
        if "correspondence_searchrow" in connection.introspection.table_names()
        else {}
    )
    with permit("schema"), connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name, body in {**_sqlite(), **more}.items():
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
                cursor.execute(f"CREATE TRIGGER {name} {body}")
        else:
            for name, (table, when, body) in {**_postgresql(), **more}.items():
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $pw$ BEGIN {body} END $pw$"
                )
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
                cursor.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {name}()")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of triggers that are absent, disabled or altered; empty when all stand."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            there = dict(cursor.fetchall())
            wanted = {**_sqlite(), **_more("sqlite")}
            return sorted(
                name for name, body in wanted.items() if there.get(name) != f"CREATE TRIGGER {name} {body}"
            )
        cursor.execute(
            "SELECT t.tgname, p.prosrc, t.tgenabled::text, c.relname, t.tgtype, t.tgqual IS NULL AND t.tgattr::text = '' "
            "FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND p.proname = t.tgname"
        )
        found = {name: rest for name, *rest in cursor.fetchall()}
        return sorted(
            name
            for name, (table, when, body) in {**_postgresql(), **_more("postgresql")}.items()
            # O, A: fires in ordinary sessions. D is switched off, R only fires on a replica.
            if name not in found
            or found[name][0].strip() != f"BEGIN {body} END"
            or found[name][1] not in ("O", "A")
            or found[name][2:] != [table, _kind(when), True]
        )


# Bits of pg_trigger.tgtype.
_BITS = {"FOR EACH ROW": 1, "BEFORE": 2, "INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}


def _kind(when: str) -> int:
    """How PostgreSQL stores a trigger's timing, verbs and level."""
    words = when.split(" ON ", 1)[0].split() + (["FOR EACH ROW"] if when.endswith("FOR EACH ROW") else [])
    return sum(bit for word, bit in _BITS.items() if word in words)


def owned_by_us(connection: BaseDatabaseWrapper) -> bool:
    """Whether this connection's role owns the ledger's tables on PostgreSQL, and so could drop what guards them."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('evidence_entry')"
        )
        row = cursor.fetchone()
    return bool(row and row[0])
