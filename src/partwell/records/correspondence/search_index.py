# SPDX-License-Identifier: AGPL-3.0-or-later
# ruff: noqa: S608  no value comes into these statements: they are made of names of ours
"""How the search's rows are kept by the database itself, in the transaction of what they tell of, on SQLite and PostgreSQL.

One SELECT a kind says what is found of a row; triggers run it for the row that changed, ``fill`` for rows that have
none yet. What is deleted leaves the index in the same transaction; ``purge`` removes its traces from FTS5's segments.
"""

from collections.abc import Callable, Iterator

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE, WORDS = "correspondence_searchrow", "correspondence_words"
LONGEST = 200_000  # characters of one text that are searched; PostgreSQL's tsvector holds a megabyte
COLUMNS = ("scope", "who", "subject", "body", "extra")
BATCH = 2000
# What separates words, the same for both databases whatever their locale; records/correspondence/search.py has it too.
APART = r"[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f\u00a0-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u2000-\u206f\u3000-\u303f]+"
MARKS = r"[\u0300-\u036f]+"

_MAILED = "SELECT {people} FROM correspondence_envelope e, {each} WHERE {mine}"


class _Sql:
    """One database's words for what both can do."""

    def __init__(self, vendor: str) -> None:
        self.lite = vendor == "sqlite"

    def hex(self, column: str) -> str:
        return column if self.lite else f"replace({column}::text, '-', '')"

    def milliseconds(self, column: str) -> str:
        if self.lite:
            return f"(CAST(strftime('%s', {column}) AS INTEGER) * 1000 + CAST(substr(strftime('%f', {column}), 4, 3) AS INTEGER))"
        return f"floor(extract(epoch FROM {column}) * 1000)::bigint"

    def key(self, column: str) -> str:
        base = f"({self.milliseconds(column)} * 1048576)"
        if self.lite:  # one writer at a time
            last = f"(SELECT MAX(x.id) + 1 FROM {TABLE} x WHERE x.id >= {base} AND x.id < {base} + 1048576)"
            return f"COALESCE({last}, {base}) + ROW_NUMBER() OVER (PARTITION BY {base} ORDER BY t.id) - 1"
        return f"{base} + (nextval('{TABLE}_id_seq') & 1048575)"

    def joined(self, *parts: str) -> str:
        if self.lite:
            return " || ' ' || ".join(f"COALESCE({part}, '')" for part in parts)
        return f"concat_ws(' ', {', '.join(parts)})"

    def people(self, column: str) -> tuple[str, str]:
        """Names and addresses of a JSON list, as (expression, what to select from)."""
        if self.lite:
            pair = "COALESCE(json_extract(j.value, '$.name'), '') || ' ' || COALESCE(json_extract(j.value, '$.address'), '')"
            return f"group_concat({pair}, ' ')", f"json_each({column}) j"
        return (
            "string_agg(concat_ws(' ', j->>'name', j->>'address'), ' ')",
            f"jsonb_array_elements({column}) j",
        )

    def mailed_to(self, condition: str) -> str:
        """(subquery) who the mails had as recipients."""
        people, each = self.people("e.recipients")
        return f"({_MAILED.format(people=people, each=each, mine=condition)})"

    def outside(self) -> str:
        """Whether a part ``p`` of a mail ``i`` is one that the client may open (``inbound_queries.shown_outside``)."""
        if self.lite:
            how = "json_extract(i.auth, '$.forward.how') = 'attached'"
            whole = f"{how} AND p.position IN (SELECT value FROM json_each(i.auth, '$.forward.parts'))"
        else:
            whole = "i.auth #>> '{forward,how}' = 'attached' AND (i.auth #> '{forward,parts}') @> to_jsonb(p.position)"
        return f"CASE WHEN i.forwarded_by_id IS NULL THEN i.sender_kind <> 'staff' ELSE {whole} END"

    def parts(self, condition: str, *, outside: bool = False) -> str:
        """(subquery) names of the attachments of mails that came in; with ``outside`` those that the client may open."""
        names = "group_concat(p.name, ' ')" if self.lite else "string_agg(p.name, ' ')"
        seen = f" AND {self.outside()}" if outside else ""
        return f"(SELECT {names} FROM correspondence_inboundpart p JOIN correspondence_inboundmail i ON i.id = p.mail_id WHERE {condition}{seen})"

    def kept_inside(self) -> str:
        """Whether a mail ``t`` has a part whose name its message must not tell: then staff find it by the mail alone."""
        return (
            "EXISTS (SELECT 1 FROM correspondence_inboundpart p JOIN correspondence_inboundmail i ON i.id = p.mail_id "
            f"WHERE i.id = t.id AND NOT COALESCE({self.outside()}, FALSE))"
        )

    def came_from(self, condition: str) -> str:
        """(subquery) who a message's mail came from."""
        return f"(SELECT {self.joined('i.from_name', 'i.from_address', 'i.subject')} FROM correspondence_inboundmail i WHERE {condition})"

    def firm(self) -> str:
        return "(SELECT r.firm FROM authorisations_recipient r WHERE r.id = t.recipient_id AND t.author_kind = 'provider')"

    def yes(self, value: bool) -> str:
        return str(int(value)) if self.lite else str(value).upper()


def _kinds(sql: _Sql) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """table → [(kind, its columns)]; ``t`` is the row."""
    call_key = "'call:' || " + sql.hex("t.id")
    provider = "CASE WHEN t.sender_kind = '' THEN 'unknown' ELSE t.sender_kind END"
    person, each = sql.people("t.attendees")
    said = "EXISTS (SELECT 1 FROM correspondence_message m WHERE m.id = t.message_id AND m.text = t.text)"
    return {
        "correspondence_message": [
            ("message", {
                "at": "t.written_at", "recipient": "t.recipient_id", "audience": "t.audience", "side": "t.author_kind",
                "held": "t.held", "who": sql.joined("t.author_name", sql.firm()), "subject": "t.subject", "body": "t.text",
                "extra": sql.joined(sql.mailed_to("e.message_id = t.id"), sql.came_from("i.message_id = t.id"), sql.parts("i.message_id = t.id", outside=True)),
            }),
        ],
        "correspondence_call": [
            ("call", {
                "at": "t.happened_at", "audience": "'client'", "side": "'staff'", "who": sql.joined("t.with_whom", "t.logged_by_name"),
                "body": sql.joined("t.summary", "t.promised", "t.promised_by", "t.correction"),
                "extra": sql.mailed_to(f"e.dedupe_key = {call_key}"),
            }),
            ("call", {"inside": "1", "at": "t.happened_at", "audience": "'internal'", "side": "'staff'", "who": "t.logged_by_name",
                      "body": "t.internal_note", "if": "t.internal_note <> ''"}),
        ],
        "correspondence_envelope": [
            ("mail", {
                "at": "t.queued_at", "recipient": "t.recipient_id", "audience": "'client'", "side": "'staff'", "subject": "t.subject",
                "body": "t.text", "extra": "(SELECT {} FROM {})".format(*sql.people("t.recipients")),
                "if": "t.message_id IS NULL AND t.dedupe_key NOT LIKE 'call:%'",
            }),
        ],
        "correspondence_inboundmail": [
            ("inbound", {
                "inside": "1", "at": "t.received_at", "recipient": "t.recipient_id", "audience": "'staff'", "side": provider,
                "who": sql.joined("t.from_name", "t.from_address"), "subject": f"CASE WHEN {said} THEN '' ELSE t.subject END",
                "body": f"CASE WHEN {said} THEN '' ELSE t.text END", "extra": sql.parts("i.id = t.id"),
                # What stands in its message word for word is found there; names of files that outsiders may not open only here.
                "if": f"NOT {said} OR {sql.kept_inside()}",
            }),
        ],
        "correspondence_meeting": [
            ("meeting", {
                "at": "t.called_at", "recipient": "t.recipient_id", "audience": "'client'", "side": "'staff'", "who": "t.called_by_name",
                "subject": "t.title", "body": sql.joined("t.agenda", "t.place"), "extra": f"(SELECT {person} FROM {each})",
            }),
        ],
    }  # fmt: skip


def _insert(sql: _Sql, table: str, kind: str, told: dict[str, str], which: str) -> str:
    """INSERT … SELECT of the rows of ``table`` (as ``t``) for which ``which`` holds."""
    held = f"CASE WHEN {told['held']} THEN ' held' ELSE '' END" if "held" in told else "''"
    firm = f"COALESCE(' r' || {sql.hex(told['recipient'])}, '')" if "recipient" in told else "''"
    scope = f"COALESCE('c' || {sql.hex('t.client_id')}, 'cnone') || {firm} || ' a' || {told['audience']} || ' s' || {told['side']} || {held}"
    texts = ", ".join(
        f"COALESCE(substr({told.get(name, chr(39) * 2)}, 1, {LONGEST}), '')" for name in COLUMNS[1:]
    )
    return (
        f"INSERT INTO {TABLE} (id, kind, ref, inside, client_id, audience, side, at, {', '.join(COLUMNS)}) "
        f"SELECT {sql.key(told['at'])}, '{kind}', t.id, {sql.yes('inside' in told)}, t.client_id, {told['audience']}, {told['side']}, {told['at']}, "
        f"{scope}, {texts} FROM {table} t WHERE {which}" + (f" AND ({told['if']})" if "if" in told else "")
    )


def _again(sql: _Sql, table: str, row: str) -> list[str]:
    """Statements that make the search's rows of one row of ``table`` anew; ``row``: an expression of its id."""
    return [
        f"DELETE FROM {TABLE} WHERE ref = {row}",
        *(_insert(sql, table, kind, told, f"t.id = {row}") for kind, told in _kinds(sql)[table]),
    ]


def _bodies(sql: _Sql) -> Iterator[tuple[str, str, list[str]]]:
    """(table, verb, statements) of every trigger on what is searched."""
    message = "correspondence_message"
    for table in _kinds(sql):
        yield table, "INSERT", _again(sql, table, "NEW.id")
        if table != "correspondence_envelope":  # its words are frozen
            yield table, "UPDATE", _again(sql, table, "NEW.id")
        yield table, "DELETE", [f"DELETE FROM {TABLE} WHERE ref = OLD.id"]
    # Rows that others are told of: the mail that carries a message or call, a mail that came in, its attachments.
    if not sql.lite:
        call = "(CASE WHEN NEW.dedupe_key ~ '^call:[0-9a-f]{32}$' THEN substr(NEW.dedupe_key, 6)::uuid END)"
    else:
        call = "(CASE WHEN NEW.dedupe_key LIKE 'call:%' THEN substr(NEW.dedupe_key, 6) END)"
    yield (
        "correspondence_envelope",
        "INSERT",
        [*_again(sql, message, "NEW.message_id"), *_again(sql, "correspondence_call", call)],
    )
    yield "correspondence_inboundmail", "INSERT", _again(sql, message, "NEW.message_id")
    yield "correspondence_inboundmail", "UPDATE", _again(sql, message, "NEW.message_id")
    its = "(SELECT i.message_id FROM correspondence_inboundmail i WHERE i.id = NEW.mail_id)"
    part = [*_again(sql, "correspondence_inboundmail", "NEW.mail_id"), *_again(sql, message, its)]
    yield "correspondence_inboundpart", "INSERT", part


def sqlite_triggers() -> dict[str, str]:
    """name → what follows CREATE TRIGGER and the name."""
    sql, out = _Sql("sqlite"), dict[str, str]()
    for table, verb, statements in _bodies(sql):
        name = f"pw_find_{table.removeprefix('correspondence_')}_{verb.lower()}"
        while name in out:
            name += "_more"
        out[name] = f"AFTER {verb} ON {table} BEGIN {'; '.join(statements)}; END"
    listed = ", ".join(COLUMNS)
    new, old = (", ".join(f"{side}.{one}" for one in COLUMNS) for side in ("NEW", "OLD"))
    put = f"INSERT INTO {WORDS} (rowid, {listed}) VALUES (NEW.id, {new})"
    take = f"INSERT INTO {WORDS} ({WORDS}, rowid, {listed}) VALUES ('delete', OLD.id, {old})"
    out["pw_find_words_insert"] = f"AFTER INSERT ON {TABLE} BEGIN {put}; END"
    out["pw_find_words_delete"] = f"AFTER DELETE ON {TABLE} BEGIN {take}; END"
    out["pw_find_words_update"] = f"AFTER UPDATE ON {TABLE} BEGIN {take}; {put}; END"
    return out


def postgresql_triggers() -> dict[str, tuple[str, str, str]]:
    """name → (table, when, function body)."""
    out: dict[str, tuple[str, str, str]] = {}
    for table, verb, statements in _bodies(_Sql("postgresql")):
        name = f"pw_find_{table.removeprefix('correspondence_')}_{verb.lower()}"
        while name in out:
            name += "_more"
        out[name] = (table, f"AFTER {verb} ON {table} FOR EACH ROW", f"{'; '.join(statements)}; RETURN NULL;")
    return out


def fold_sql(text: str) -> str:
    """PostgreSQL: a text without accents and marks, in small letters, words apart by spaces."""
    bare = f"normalize(regexp_replace(normalize({text}, NFD), '{MARKS}', '', 'g'), NFC)"
    return f"lower(regexp_replace({bare}, '{APART}', ' ', 'g'))"


def create(connection: BaseDatabaseWrapper) -> None:
    """The index beside the table: FTS5's, or a generated tsvector with GIN. Call it once, in the migration."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE VIRTUAL TABLE {WORDS} USING fts5({', '.join(COLUMNS)}, content='{TABLE}', content_rowid='id', "
                "tokenize='unicode61 remove_diacritics 2', prefix='2 3', columnsize=0)"
            )
            return
        weighed = " || ".join(
            f"setweight(to_tsvector('simple'::regconfig, {fold_sql(name)}), '{weight}')"
            for name, weight in zip(COLUMNS[1:], "ABCD", strict=True)
        )
        cursor.execute(
            f"ALTER TABLE {TABLE} ADD COLUMN words tsvector GENERATED ALWAYS AS "
            f"({weighed} || array_to_tsvector(string_to_array(scope, ' '))) STORED"
        )
        cursor.execute(f"CREATE INDEX correspondence_words ON {TABLE} USING gin (words)")


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Before a migration remakes a table: SQLite refuses to rename what a trigger elsewhere names."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        for name in sqlite_triggers():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}")


def fill(
    connection: BaseDatabaseWrapper, tell: Callable[[str, int], object] = lambda _table, _count: None
) -> int:
    """Make the search's rows of whatever has none, ``BATCH`` at a time; how many rows were looked at. Needs a permit."""
    sql, count = _Sql(connection.vendor), 0
    words = connection.vendor == "sqlite" and not _has(connection, "pw_find_words_insert")
    with connection.cursor() as cursor:
        if words:  # within a migration the triggers do not stand yet
            for name, body in sqlite_triggers().items():
                if name.startswith("pw_find_words"):
                    cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")
        for table, kinds in _kinds(sql).items():
            last, first = "", True
            while True:
                after = "" if first else "WHERE t.id > %s"
                cursor.execute(
                    f"SELECT t.id FROM {table} t {after} ORDER BY t.id LIMIT {BATCH}", [] if first else [last]
                )
                ids = [row[0] for row in cursor.fetchall()]
                if not ids:
                    break
                for kind, told in kinds:
                    there = f"SELECT 1 FROM {TABLE} s WHERE s.ref = t.id AND s.inside = {sql.yes('inside' in told)}"
                    put = _insert(sql, table, kind, told, f"t.id >= ? AND t.id <= ? AND NOT EXISTS ({there})")
                    cursor.execute(put.replace("%", "%%").replace("?", "%s"), [ids[0], ids[-1]])
                last, first = ids[-1], False
                count += len(ids)
                tell(table, count)
    return count


def _has(connection: BaseDatabaseWrapper, trigger: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = %s", [trigger])
        return cursor.fetchone() is not None


def rebuild(connection: BaseDatabaseWrapper) -> int:
    """Throw the search's rows away and make them anew from what was said; how many rows were looked at. Needs a permit."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute(f"DELETE FROM {TABLE}")
        else:  # row by row a damaged index would refuse to forget
            cursor.execute("DROP TRIGGER IF EXISTS pw_find_words_delete")
            cursor.execute(f"DELETE FROM {TABLE}")
            cursor.execute(f"INSERT INTO {WORDS} ({WORDS}) VALUES ('delete-all')")
            cursor.execute(f"CREATE TRIGGER pw_find_words_delete {sqlite_triggers()['pw_find_words_delete']}")
    return fill(connection)


def purge(connection: BaseDatabaseWrapper) -> None:
    """SQLite: merge FTS5's segments into one, which leaves words of deleted rows behind nowhere. Needs a permit.

    A deletion only marks them (FTS5's own ``secure-delete`` came with SQLite 3.42); freed pages are overwritten.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {WORDS} ({WORDS}) VALUES ('optimize')")
