# SPDX-License-Identifier: AGPL-3.0-or-later
"""Years after, what was said is found by whoever may see it, and by nobody else (R2, R4), on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.rebuild_search import rebuild_search
from partwell.actions.correspondence.write_message import (
    ALL,
    CLIENT,
    INTERNAL,
    PRIVILEGED,
    Draft,
    write_message,
)
from partwell.actions.evidence.check import CheckOptions, check_ledger
from partwell.records.correspondence import search_index
from partwell.records.correspondence.models import InboundMail, InboundPart, Message, SearchRow
from partwell.records.correspondence.queries import messages_visible_to
from partwell.records.correspondence.search import Found, found, understood
from partwell.records.guard import permit
from partwell.rules.actor import SYSTEM, Actor
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def said(db_world: World) -> Cast:
    c = cast(signed=True)
    write(c, c.ines, "The firewall’s café", "We moved the Überwachung to fw-01.northwick.example on Tuesday.")
    write(c, c.ines, "To all of you", "The cutover happens on Saturday evening.", ALL)
    write(c, c.dan, "Among us", "They never paid the pelican invoice.", INTERNAL)
    write(c, c.ines, "Lawyer", "Counsel says: settle the pelican claim.", PRIVILEGED)
    write(c, c.ines, "Other house", "The firewall of Quayside is called pelican too.", client=c.quayside.id)
    notes = CallNotes(with_whom="Mara Ellery", summary="The tape library was named.", happened_at=datetime.now(UTC),
                      promised="to send the albatross list", promised_by="Dan Frey", internal_note="She sounded heron.")  # fmt: skip
    done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    return c


def write(
    c: Cast, by: Actor, subject: str, text: str, audience: str = CLIENT, *, client: Any = None
) -> Message:
    draft = Draft(subject, text, audience, c.recipient.id if audience == ALL and by.is_staff else None)
    return done(write_message(actor=by, client_id=client or c.northwick.id, draft=draft))


def names(result: Found) -> list[str]:
    return [hit.name for hit in result.hits]


def inbound(
    c: Cast, text: str, attachment: str, *, message: Message | None = None, client: Any = None, **more: Any
) -> InboundMail:
    raw = files.store(SYSTEM, text.encode(), client_id=None, name="mail.eml", purpose="installation")
    part = files.store(SYSTEM, b"x", client_id=None, name=attachment, purpose="installation")
    with Deed(SYSTEM) as deed:
        deed.add(raw)
        deed.add(part)
        mail = deed.add(
            InboundMail(client=client, road="imap", received_at=deed.now, raw=raw, raw_sha256=raw.sha256, size=raw.size, same_key=uuid4().hex,
                        from_name="Theo Brandt", from_address="theo@alderrow.example", subject="About the switch", text=text,
                        state="filed" if message else "unmatched", message=message, **more)
        )  # fmt: skip
        deed.add(InboundPart(mail=mail, position=0, file=part, name=attachment, media_type="application/pdf"))
        deed.record(
            "client.changed",
            client=c.northwick.id,
            subjects=[mail.id],
            public={"what": "a mail that came in", "client": "Northwick"},
        )
    return mail


def test_words_phrases_beginnings_and_accents(said: Cast) -> None:
    mara = said.mara
    assert names(found(mara, "cafe")) == ["The firewall’s café"]
    assert names(found(mara, "UBERWACHUNG firewall")) == ["The firewall’s café"]
    assert (
        names(found(mara, "Überwachung"))
        == names(found(mara, "u\u0308berwachung"))
        == ["The firewall’s café"]
    )
    assert names(found(mara, "fw-01.northwick.example")) == ["The firewall’s café"]
    assert names(found(mara, '"moved the"')) == ["The firewall’s café"]
    assert names(found(mara, '"the moved"')) == []
    assert names(found(mara, "firew*")) == ["The firewall’s café"]
    assert names(found(mara, "firew")) == []
    assert names(found(mara, "saturday")) == ["To all of you"]
    assert names(found(mara, "albatross")) == ["Call with Mara Ellery Dan Frey"]
    assert names(found(mara, "theo alderrow cutover")) == ["To all of you"], (
        "to whom a mail went is found too"
    )
    hit = found(mara, "Uberw*").hits[0]
    assert [piece.text for piece in hit.pieces if piece.hit] == ["Überwachung"]
    assert "".join(piece.text for piece in hit.pieces).startswith("We moved the Überwachung")


def test_each_finds_what_it_may_see_and_strangers_nothing(said: Cast) -> None:
    c = said
    assert len(found(c.jonah, "pelican").hits) == 3 and len(found(c.kerstin, "pelican").hits) == 3
    assert len(found(c.jonah, "pelican", client_id=c.northwick.id).hits) == 2
    assert names(found(c.leo, "pelican")) == ["Other house"]
    for outside in (c.mara, c.tom, c.theo):
        assert found(outside, "pelican").total == 0
        assert found(outside, "heron").total == 0, "an internal note of a call"
        assert found(outside, "pelican", client_id=c.quayside.id).total == 0
    assert len(found(c.dan, "heron").hits) == 1
    assert names(found(c.theo, "cutover")) == names(found(c.sunniva, "cutover")) == ["To all of you"]
    assert found(c.theo, "firewall").total == found(c.theo, "albatross").total == 0
    assert found(c.theo, "cutover", stands=False).total == 0, "without consent only its own held questions"
    assert found(c.theo, "mara").total == 0, "who else got the mail is not a provider's to find"
    assert found(c.leo, "cutover").total == found(c.leo, "cutover", client_id=c.northwick.id).total == 0
    assert found(SYSTEM, "pelican").total == 0
    with permit("deed"):  # a row of the index that tells more than the row itself is not believed
        SearchRow.objects.filter(kind="message").update(audience="all")
        for row in SearchRow.objects.filter(subject="Lawyer"):
            SearchRow.objects.filter(pk=row.pk).update(scope=row.scope.replace("aprivileged", "aclient"))
    assert found(c.mara, "pelican").hits == []


def test_mail_that_came_in_is_found_by_staff_and_by_its_message(said: Cast) -> None:
    c = said
    inbound(c, "The gannet is on the roof.", "rooftop-plan.pdf", client=None)
    assert [hit.kind for hit in found(c.dan, "gannet rooftop").hits] == ["inbound"]
    assert found(c.mara, "gannet").total == found(c.theo, "gannet").total == 0
    message = write(c, c.theo, "About the switch", "The puffin is in the rack.", ALL)
    inbound(c, "The puffin is in the rack.", "rack-photo.pdf", message=message, client=c.northwick)
    assert [hit.kind for hit in found(c.mara, "puffin rack-photo").hits] == ["message"]
    assert len(found(c.dan, "puffin").hits) == 1, "the mail and its message are one thing"


def test_days_parties_and_pages(said: Cast) -> None:
    c = said
    now = timezone.now()
    for number in range(30):
        write(c, c.mara if number % 2 else c.ines, f"Sparrow {number}", "Sparrows came.")
    first, second = (found(c.mara, "sparrows", page=page) for page in (1, 2))
    assert (first.total, first.pages, len(first.hits), len(second.hits)) == (30, 2, 25, 5)
    assert names(first)[0] == "Sparrow 29" and names(second)[-1] == "Sparrow 0"
    assert found(c.mara, "sparrows", party="client").total == 15
    assert found(c.mara, "sparrows", after=now).total == 30
    assert (
        found(c.mara, "sparrows", before=now).total
        == found(c.mara, "sparrows", after=now + timedelta(days=1)).total
        == 0
    )
    assert (
        found(c.mara, "sparrows", page="nonsense").number == 1
        and found(c.mara, "sparrows", page=10**9).number == 1
    )
    assert found(c.mara, "sparrows", party="' OR 1").total == 0


HOSTILE = ['"', '""', "*", "AND", "NOT pelican", "pelican OR", "NEAR(a b, 2)", "scope:cnone", "subject : pelican", "{who} : pelican", "a\x00b",
           "'; DROP TABLE correspondence_searchrow; --", "pelican:*D", "!pelican", "a & | ! <-> b", "((((", "\\", "%s %d {}", "^pelican", "-pelican",
           "\u202e\ufeff", "\ud800", "𝔭𝔢𝔩𝔦𝔠𝔞𝔫", "👩‍💻", "→", "²", "ß", "İ", "x" * 100_000, '"' * 5000, "a* " * 3000, "日本語 テスト", "0" * 390, "1e999 -1.5e5 0x10 1,000"]  # fmt: skip


def test_whatever_is_typed_is_words(said: Cast) -> None:
    c = said
    for words in HOSTILE:
        for actor in (c.mara, c.theo, c.leo, c.dan):
            result = found(actor, words, client_id=c.northwick.id if actor is c.leo else None)
            texts = "".join(piece.text for hit in result.hits for piece in hit.pieces)
            assert actor is c.dan or "pelican" not in texts, (words, actor.name)
            assert actor is not c.leo or not result.hits
    assert names(found(c.leo, "NOT pelican")) == [], "operators are words"
    assert SearchRow.objects.exists()


def test_what_is_understood() -> None:
    terms, cut = understood('  "Tape  Library" fw-01* a\x00b cafés ')
    assert [(term.words, term.prefix) for term in terms] == [
        (("tape", "library"), False), (("fw", "01"), True), (("a",), False), (("b",), False), (("cafes",), False)]  # fmt: skip
    assert (
        not cut
        and understood("x" * 500)[1]
        and understood("a b " * 9 + " c d e f g h i j k l m n o p q r")[1]
    )


def test_the_index_is_kept_by_the_database_and_made_anew(said: Cast) -> None:
    c = said
    before = list(
        SearchRow.objects.order_by("at", "kind", "inside").values(
            "kind", "ref", "inside", "scope", "who", "subject", "body", "extra"
        )
    )
    assert Message.objects.count() == sum(1 for row in before if row["kind"] == "message")
    with permit("schema"):
        victim = SearchRow.objects.filter(subject="To all of you")
        victim.update(body="something else", scope="cnone")
        SearchRow.objects.filter(subject="The firewall’s café")._raw_delete("default")
        if connection.vendor == "sqlite":  # words that no row says any more, so that forgetting a row fails
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO correspondence_words (correspondence_words) VALUES ('delete-all')"
                )
    assert not found(c.mara, "cafe").hits
    done_ = rebuild_search()
    assert done_.rows == len(before) and done_.looked >= Message.objects.count()
    again = list(SearchRow.objects.order_by("at", "kind", "inside").values(*before[0]))
    assert again == before
    assert names(found(c.mara, "cafe")) == ["The firewall’s café"]
    assert check_ledger(options=CheckOptions(log_store=False)).findings == []


def test_what_is_deleted_leaves_the_index(said: Cast, db_world: World) -> None:
    c = said
    write(c, c.dan, "Gone", "xylophonequartz was here.", INTERNAL)
    row = Message.objects.get(subject="Gone")
    assert found(c.dan, "xylophonequartz").total == 1
    with permit("deed"):
        Message.objects.filter(pk=row.pk)._raw_delete("default")
    assert found(c.dan, "xylophonequartz").total == 0
    assert not SearchRow.objects.filter(ref=row.pk).exists()
    if connection.vendor == "sqlite":
        with permit("schema"), connection.cursor() as cursor:
            search_index.purge(connection)
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(
                "INSERT INTO correspondence_words (correspondence_words, rank) VALUES ('integrity-check', 1)"
            )
        assert b"xylophonequart" not in (db_world.home / "partwell.sqlite3").read_bytes()


def test_a_huge_text_is_searched_from_its_beginning(said: Cast) -> None:
    c = said
    inbound(
        c, "ostrich " + " ".join(f"w{number}" for number in range(120_000)), "big.txt", client=c.northwick
    )
    assert found(c.dan, "ostrich").total == 1


def test_words_of_other_languages(said: Cast) -> None:
    c = said
    write(
        c,
        c.ines,
        "日本語の件名",
        "ファイアウォールの設定をFW01に移しました。サーバー室の鍵は月曜日に渡します。",
    )
    write(
        c,
        c.ines,
        "Übergabe am Montag",
        "Die Schlüssel für den Serverraum übergeben wir; Straße und Gebäude stehen im Anhang.",
    )
    write(c, c.ines, "Ключи", "Пароли передадим во вторник.")
    write(c, c.ines, "ปิดระบบ", "เราจะปิดเซิร์ฟเวอร์ในวันจันทร์")
    write(c, c.dan, "内緒", "サーバー室の件は内緒です。", INTERNAL)
    for words in (
        "サーバー室",
        "設定",
        "fw01に",
        "日本語",
        "日本語 サーバー室",
        '"ファイアウォール 月曜日"',
        "サーバー*",
    ):
        assert names(found(c.mara, words)) == ["日本語の件名"], words
        assert found(c.leo, words).total == found(c.theo, words).total == 0, words
    assert (
        found(c.dan, "サーバー室").total == 2
        and found(c.dan, "サーバー室", client_id=c.quayside.id).total == 0
    )
    assert found(c.mara, "内緒").total == found(c.mara, "月曜日 pelican").total == 0
    hit = found(c.mara, "サーバー室 日本").hits[0]
    assert [piece.text for piece in (*hit.title, *hit.pieces) if piece.hit] == ["日本", "サーバー室"]
    assert (
        names(found(c.mara, "serverraum UBERGABE"))
        == names(found(c.mara, "schlussel"))
        == ["Übergabe am Montag"]
    )
    assert names(found(c.mara, "strasse")) == [] and names(found(c.mara, "straße")) == ["Übergabe am Montag"]
    assert names(found(c.mara, "пароли")) == ["Ключи"] and names(found(c.mara, "เซิร์ฟเวอร์")) == ["ปิดระบบ"]
    assert found(c.mara, "サーバー室", before=timezone.now() - timedelta(days=1)).total == 0


def test_what_waits_was_stopped_or_is_held_is_found_by_those_who_see_it(said: Cast) -> None:
    c = said
    waits = write(c, c.ines, "It waits", "The cormorant is in the store.", ALL)
    held = write(c, c.theo, "Which one is it", "Where is the kestrel?", ALL)
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        deed.save(waits, waits_until=deed.now + timedelta(minutes=30))
        deed.save(held, held=True)
        deed.record("client.changed", subjects=[waits.id], public={"what": "what waits"})
    for actor in (c.mara, c.tom, c.theo, c.leo):
        seen = messages_visible_to(actor).filter(pk=waits.id).exists()
        assert not seen and found(actor, "cormorant").total == 0, "not even a count tells of it"
        assert [hit.id for hit in found(actor, "cormorant").hits] == ([waits.id] if seen else [])
    assert not found(c.leo, "cormorant").total and [hit.id for hit in found(c.dan, "cormorant").hits] == [
        waits.id
    ]
    assert [hit.id for hit in found(c.theo, "kestrel", stands=False).hits] == [held.id], (
        "its own held question"
    )
    assert [hit.id for hit in found(c.mara, "kestrel").hits] == [held.id] and not found(
        c.leo, "kestrel"
    ).total


def test_names_of_files_that_outsiders_may_not_open_are_found_by_staff_alone(said: Cast) -> None:
    c = said
    own = write(c, c.ines, "With a list", "The curlew list.")
    inbound(c, "The curlew list.", "curlew-prices.xlsx", message=own, client=c.northwick, sender_kind="staff")
    inline = write(c, c.theo, "Forwarded", "An avocet walks.", ALL)
    inbound(c, "An avocet walks.", "avocet-remark.docx", message=inline, client=c.northwick,
            forwarded_by_id=c.dan.id, auth={"forward": {"how": "inline", "parts": []}})  # fmt: skip
    whole = write(c, c.theo, "Forwarded whole", "A dunlin flies.", ALL)
    inbound(c, "A dunlin flies.", "dunlin-photo.jpg", message=whole, client=c.northwick,
            forwarded_by_id=c.dan.id, auth={"forward": {"how": "attached", "parts": [0]}})  # fmt: skip
    with permit("schema"):
        for again in (False, True):
            if again:
                search_index.rebuild(connection)
            assert found(c.mara, "curlew-prices").total == found(c.mara, "avocet-remark").total == 0
            assert [hit.kind for hit in found(c.ines, "curlew-prices").hits] == ["inbound"]
            assert [hit.kind for hit in found(c.ines, "avocet-remark").hits] == ["inbound"]
            assert [hit.kind for hit in found(c.mara, "dunlin-photo").hits] == ["message"]
            assert len(found(c.ines, "curlew list").hits) == 1, "the words are told once"
            for outside in (c.theo, c.leo):
                assert found(outside, "curlew-prices").total == found(outside, "dunlin-photo").total == 0
            assert names(found(c.theo, "dunlin flies")) == ["Forwarded whole"]
