# SPDX-License-Identifier: Apache-2.0
import base64
import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealed import canonical, entry, merkle, proof
from sealed.entry import EntryError
from sealed.names import name_fault, safe_name
from tests.sealed.fakelog import START, FakeLog

SALT = bytes(range(32))


def a_leaf(**changes: object) -> bytes:
    values: dict[str, object] = {
        "v": 1, "uid": "0" * 32, "type": "release.sent", "at": "2026-11-23T09:00:00.123456Z", "subjects": ["ab" * 16],
        "rows": {"n": 0, "root": merkle.EMPTY_ROOT.hex()}, "commitments": {"public": "0" * 64},
    }  # fmt: skip
    values.update(changes)
    return canonical.dumps({k: v for k, v in values.items() if v is not ...})


def test_a_leaf_is_read_back() -> None:
    uid = uuid.UUID(int=5)
    moment = START.astimezone(timezone(timedelta(hours=2)))
    n, root = entry.rows_root([("estate_item", "ab", 3, entry.row_digest(SALT, {"name": "firewall"}))])
    leaf = entry.make_leaf(
        uid=uid, type="release.sent", at=moment, subjects=["ab" * 16, "cd" * 16, "ab" * 16], rows_n=n, rows_root=root,
        commitments={"public": entry.commit(SALT, {"to": "x"}), "internal": entry.commit(SALT, None)},
    )  # fmt: skip
    parsed = entry.parse_leaf(leaf)
    assert (parsed.uid, parsed.type, parsed.at) == (uid.hex, "release.sent", "2026-11-23T09:00:00.123456Z")
    assert parsed.when == START
    assert parsed.subjects == ("ab" * 16, "cd" * 16)
    assert (parsed.rows_n, parsed.rows_root) == (1, root)
    assert set(parsed.commitments) == {"public", "internal"}


def test_commitments_are_what_the_format_says() -> None:
    expected = hashlib.sha256(b"partwell disclosure v1\0" + SALT + b'{"a":1}').digest()
    assert entry.commit(SALT, {"a": 1}) == expected
    expected = hashlib.sha256(b"partwell row v1\0" + SALT + b'{"a":1}').digest()
    assert entry.row_digest(SALT, {"a": 1}) == expected
    leaf = b'{"digest":"%s","id":"ab","t":"item","ver":2}' % expected.hex().encode()
    assert entry.row_leaf("item", "ab", 2, expected) == leaf
    assert entry.rows_root([("item", "ab", 2, expected)]) == (1, merkle.leaf_hash(leaf))
    assert entry.rows_root([]) == (0, merkle.EMPTY_ROOT)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2}, {"v": True}, {"v": "1"}, {"uid": "0" * 31}, {"uid": "A" * 32}, {"uid": 3}, {"type": "Release"},
        {"type": "a..b"}, {"type": "a" * 101}, {"at": "2026-11-23T09:00:00Z"}, {"at": "2026-11-23T09:00:00.123456+00:00"},
        {"at": "2026-02-30T09:00:00.123456Z"}, {"at": "2026-11-23T09:00:00.12345\u0666Z"}, {"subjects": "ab"},
        {"subjects": ["Acme Ltd"]}, {"subjects": ["ab" * 4, "ab" * 4]}, {"rows": {"n": 0}}, {"rows": []},
        {"rows": {"n": 1, "root": merkle.EMPTY_ROOT.hex()}}, {"rows": {"n": 0, "root": "0" * 64}},
        {"rows": {"n": -1, "root": "0" * 64}}, {"commitments": {"secret": "0" * 64}}, {"commitments": {"public": "0"}},
        {"commitments": []}, {"extra": 1}, {"subjects": ...},
    ],
)  # fmt: skip
def test_other_leaves_are_refused(changes: dict[str, object]) -> None:
    entry.parse_leaf(a_leaf())
    with pytest.raises(EntryError):
        entry.parse_leaf(a_leaf(**changes))


def test_leaves_in_other_bytes_are_refused() -> None:
    for data in (
        a_leaf() + b"\n",
        a_leaf().replace(b":", b": "),
        b"[]",
        b"",
        a_leaf() * 2,
        b'"' + b"x" * 70000 + b'"',
    ):
        with pytest.raises(EntryError):
            entry.parse_leaf(data)
    with pytest.raises(EntryError, match="zone"):
        entry.make_leaf(uid="0" * 32, type="a", at=datetime(2026, 1, 1))
    with pytest.raises(EntryError, match="32"):
        entry.commit(b"short", {})
    with pytest.raises(EntryError):
        entry.commit(SALT, {"a": 1.5})
    assert entry.format_at(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000000Z"


def test_proofs_are_read_back_and_checked() -> None:
    log = FakeLog()
    for number in range(6):
        log.append("a.b", {"n": number})
    text = proof.TlogProof(
        4, tuple(merkle.inclusion_proof(4, 6, log.get)), log.checkpoint(), log.entries[4].leaf
    ).encode()
    parsed = proof.parse_proof(text)
    assert parsed.encode() == text
    for spoilt in (
        text.replace(b"index 4", b"index 04"), text.replace(b"@v1", b"@v2"), text.replace(b"index", b"indez"),
        text.replace(b"extra ", b"extra  "), text + b"x", text[:-1], text.replace(b"\n\n", b"\n", 1), b"",
    ):  # fmt: skip
        with pytest.raises(proof.ProofError):
            proof.parse_proof(spoilt)
    between = log.consistency(3).encode()
    assert proof.parse_consistency(between).encode() == between
    with pytest.raises(proof.ProofError):
        proof.parse_consistency(between.replace(b"old 3", b"old 03"))


def test_entry_lines_are_strict() -> None:
    log = FakeLog()
    log.append("a.b", {"n": 1}, "A thing happened.")
    item = log.entries[0]
    line = item.encode()
    assert proof.parse_disclosed(line) == item
    assert item.broken() == []
    salt, _ = item.disclosures["public"]
    assert proof.Disclosed(0, item.leaf, {"public": (salt, {"n": 2})}).broken() == ["public"]
    assert proof.Disclosed(0, item.leaf, {"client": (salt, {"n": 1})}).broken() == ["client"]
    value = json.loads(line)
    for change in (
        {"index": -1}, {"index": "0"}, {"index": True}, {"leaf": 1}, {"leaf": "!"}, {"sentence": 1}, {"other": 1},
        {"leaf": base64.b64encode(b"{}").decode()}, {"disclosures": []}, {"disclosures": {"x": {}}},
        {"disclosures": {"public": {"salt": "0" * 64}}}, {"disclosures": {"public": {"salt": "G" * 64, "content": 1}}},
    ):  # fmt: skip
        with pytest.raises(proof.ProofError):
            proof.parse_disclosed(canonical.dumps(value | change) + b"\n")
    with pytest.raises(proof.ProofError):
        proof.parse_disclosed(line[:-1])


@given(st.lists(st.text(max_size=120), max_size=12))
def test_any_original_name_becomes_a_safe_one(originals: list[str]) -> None:
    taken: set[str] = set()
    names = [safe_name(original, taken) for original in originals]
    assert len(set(names)) == len(names)
    assert all(name_fault(name) is None and "/" not in name for name in names)


def test_names_stay_recognisable() -> None:
    taken: set[str] = set()
    assert safe_name("Übersicht Straße (neu).PDF", taken) == "ubersicht-strasse-neu.pdf"
    assert safe_name("CON.txt", taken) == "file-con.txt"
    assert safe_name("../../etc/passwd", taken) == "etc-passwd"
    assert safe_name("a.txt", taken) == "a.txt"
    assert safe_name("A.TXT", taken) == "a-2.txt"
    assert safe_name("...", taken) == "file"
    many = {safe_name("config.txt", taken) for _ in range(5000)}
    assert len(many) == 5000
    for bad in (
        "",
        "a//b",
        "A",
        "a b",
        "../x",
        "a/..",
        "con",
        "x/nul.txt",
        "a.",
        "-a",
        "x" * 81,
        "é",
        "a\\b",
        "a%41",
    ):
        assert name_fault(bad)
