# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files made to do harm: each is refused with a sentence, and the server goes on."""

import io
import json
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partwell.importers import detect as detection
from partwell.importers import fork_server, sandbox, wire
from partwell.importers.base import (
    FileRef,
    ImportedItem,
    ImportRefused,
    LeftOut,
    Notice,
    Options,
    Read,
    Secret,
    Understood,
    safe_name,
)
from partwell.importers.limits import MIB, Limits
from partwell.importers.mapping import propose
from partwell.importers.safe_parse import json_depth
from partwell.importers.zips import plain_path
from partwell.rules.terms import Category, ItemKind


def refusal(kind: str, path: Path, **limits: float) -> ImportRefused:
    options = Options(client_names=("Acme",), limits=replace(Limits(), **limits))  # type: ignore[arg-type]
    with pytest.raises(ImportRefused) as refused:
        list(sandbox.read_guarded(kind, path, options))
    assert refused.value.sentence.endswith(".")
    return refused.value


def book(tmp_path: Path, rows: list[list[object]], name: str = "b.xlsx") -> Path:
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    made.save(tmp_path / name)
    return tmp_path / name


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def test_a_workbook_keeps_zeros_dates_and_lines(tmp_path: Path) -> None:
    import datetime

    path = book(tmp_path, [["Name", "Asset tag", "Qty", "Purchase date", "Passwort"],
                           ["a", "00123", 123.0, datetime.datetime(2024, 2, 29), "geheim1"], [],
                           ["b", 7, 1.5, None, None]])  # fmt: skip
    reads = list(sandbox.read_guarded("xlsx", path, Options()))
    items = [r for r in reads if isinstance(r, ImportedItem)]
    assert [(i.title, i.source_line) for i in items] == [("a", 2), ("b", 4)]
    assert items[0].details == {"Asset tag": "00123", "Quantity": "123", "Purchase date": "2024-02-29"}
    assert items[0].secrets["password"].reveal() == "geheim1" and "geheim1" not in repr(reads)
    assert detection.detect(path)[0].kind == "xlsx"


def test_a_sheet_is_chosen_and_the_others_are_named(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.title = "Cover"  # type: ignore[union-attr]
    made.create_sheet("Devices").append(["Name", "Serial"])
    made["Devices"].append(["sw-1", "S1"])
    made.create_sheet("More").append(["Name", "Serial"])
    made["More"].append(["sw-2", "S2"])
    made.save(tmp_path / "m.xlsx")
    first = list(sandbox.read_guarded("xlsx", tmp_path / "m.xlsx", Options()))
    assert next(r for r in first if isinstance(r, Understood)).facts["sheets"] == "Cover\nDevices\nMore"
    assert [r.title for r in first if isinstance(r, ImportedItem)] == ["sw-1"]
    more = list(sandbox.read_guarded("xlsx", tmp_path / "m.xlsx", Options(sheet="More")))
    assert [r.title for r in more if isinstance(r, ImportedItem)] == ["sw-2"]
    with pytest.raises(ImportRefused, match="no sheet"):
        list(sandbox.read_guarded("xlsx", tmp_path / "m.xlsx", Options(sheet="Nope")))


def test_zip_bombs_by_ratio_size_number_and_lie(tmp_path: Path) -> None:
    bomb = {"xl/workbook.xml": b"<x/>", "organizations.csv": b"id,name\n1,Acme\n"}
    assert (
        refusal("xlsx", zipped(tmp_path / "a.zip", bomb | {"xl/s.xml": bytes(300 * MIB)})).code == "zip_bomb"
    )
    ratio = zipped(tmp_path / "b.zip", bomb | {"z.csv": bytes(20 * MIB)})
    assert refusal("itglue", ratio).code == "zip_bomb"
    assert refusal("itglue", ratio, archive_ratio=10**9, archive_total_size=MIB).code == "too_large"
    many = zipped(tmp_path / "c.zip", {f"{n}.csv": b"" for n in range(50)} | bomb)
    assert refusal("itglue", many, archive_members=20).code == "too_many_files"
    # A member whose directory entry understates its size.
    raw = bytearray(zipped(tmp_path / "d.zip", {"xl/workbook.xml": b"x" * 70_000}).read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        raw[raw.index(mark) + at : raw.index(mark) + at + 4] = (10).to_bytes(4, "little")
    (tmp_path / "d.zip").write_bytes(raw)
    assert refusal("xlsx", tmp_path / "d.zip").code in ("zip_bomb", "zip_damaged")
    # Overlapping members: twenty directory entries that all point at one piece of data.
    source = zipped(tmp_path / "e.zip", {"0.csv": os.urandom(100_000)})
    with zipfile.ZipFile(source, "a") as archive:
        first = archive.infolist()[0]
        for n in range(1, 20):
            twin = zipfile.ZipInfo(f"{n}.csv")
            for slot in ("compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                setattr(twin, slot, getattr(first, slot))
            archive.filelist.append(twin)
            archive.NameToInfo[twin.filename] = twin
        archive._didModify = True
    assert refusal("itglue", source).code == "zip_bomb"


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "C:\\evil.csv", "a/../../evil.csv", "..\\evil.csv"]
)
def test_paths_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "t.zip", {"organizations.csv": b"id,name\n1,Acme\n", name: b"x"})
    assert refusal("itglue", path).code == "path_outside"
    assert plain_path(name) == "" and "/" not in safe_name(name) and "\\" not in safe_name(name)


def test_links_and_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "l.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("documents/DOC-1-1 x/passwd")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal("itglue", path).code == "zip_link"
    raw = bytearray(zipped(tmp_path / "e.zip", {"organizations.csv": b"id,name\n1,Acme\n"}).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "e.zip").write_bytes(raw)
    assert refusal("itglue", tmp_path / "e.zip").code == "zip_encrypted"


XML_BOMBS = {
    "laughs": '<!DOCTYPE nmaprun [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><nmaprun args="&b;"/>',
    "external": '<!DOCTYPE nmaprun [<!ENTITY x SYSTEM "file:///etc/passwd">]><nmaprun>&x;</nmaprun>',
    "parameter": '<!DOCTYPE nmaprun [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]><nmaprun/>',
}


@pytest.mark.parametrize("name", XML_BOMBS)
@pytest.mark.parametrize("kind", ["nmap", "glpi"])
def test_entities_are_refused(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(XML_BOMBS[name])
    assert refusal(kind, path).code == "xml_entities"


def test_nmaps_own_doctype_is_welcome(tmp_path: Path) -> None:
    path = tmp_path / "n.xml"
    path.write_text('<?xml version="1.0"?><!DOCTYPE nmaprun><nmaprun start="1"><host><status state="up"/>'
                    '<address addr="10.0.0.9" addrtype="ipv4"/></host></nmaprun>')  # fmt: skip
    reads = list(sandbox.read_guarded("nmap", path, Options()))
    assert next(r.title for r in reads if isinstance(r, ImportedItem)) == "10.0.0.9"
    assert "no end of scan" in repr(reads)


def test_depth_size_and_number_of_elements(tmp_path: Path) -> None:
    deep = tmp_path / "d.xml"
    deep.write_text("<nmaprun>" + "<a>" * 100_000)
    assert refusal("nmap", deep).code == "too_deep"
    wide = tmp_path / "w.xml"
    wide.write_text("<nmaprun>" + "<a/>" * 5000 + "</nmaprun>")
    assert refusal("nmap", wide, xml_elements=1000).code == "too_many_elements"
    assert refusal("nmap", wide, xml_size=1000).code == "too_large"
    for text in ("[" * 1_000_000, '{"deviceid":' + '{"a":' * 200_000, '{"x":"' + "[" * 500):
        path = tmp_path / "d.json"
        path.write_text(text)
        assert refusal("glpi", path).code in ("too_deep", "not_json")
    path.write_text(
        '{"content": {"n": ' + "9" * 1_000_000 + ', "hardware": {"name": "pc"}}, "deviceid": "d"}'
    )
    assert [
        r.title for r in sandbox.read_guarded("glpi", path, Options()) if isinstance(r, ImportedItem)
    ] == ["pc"]
    path.write_bytes(b'{"content": "\xff\xfe\xfa"}')
    assert refusal("glpi", path).code == "encoding_wrong"


@pytest.mark.parametrize(
    ("text", "depth"),
    [("[]", 1), ('{"a":"[[[["}', 1), ('{"a\\"[":[{}]}', 3), ('"\\\\"[[', 2), ("", 0), ('["\\\\",[]]', 2)],
)
def test_json_depth_is_counted_outside_of_strings(text: str, depth: int) -> None:
    assert json_depth(text) == depth


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(st.none() | st.text(), lambda c: st.lists(c) | st.dictionaries(st.text(), c), max_leaves=20)
)
def test_json_depth_agrees_with_the_parser(value: object) -> None:
    def real(part: object) -> int:
        if isinstance(part, list):
            return 1 + max((real(x) for x in part), default=0)
        if isinstance(part, dict):
            return 1 + max((real(x) for x in part.values()), default=0)
        return 0

    assert json_depth(json.dumps(value)) == real(value)
    assert json_depth(json.dumps(value, ensure_ascii=False)) == real(value)


# ── The child process ──────────────────────────────────────────────────────────────────

BAD = """
import os, socket, subprocess, sys, time
from partwell.importers.base import *
KIND = LABEL = "bad"
UNDERSTANDS = DOES_NOT_UNDERSTAND = ()
def sniff(path, head): return 0.0
def read(source, *, options):
    yield LeftOut(1, "first", "It began.")
    {what}
"""


@pytest.fixture(params=["fresh", "forked"])
def bad(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., ImportRefused]]:
    """Runs a misbehaving importer in the child, in both ways to begin one: its start is told to load it from a file."""

    def attempt(what: str, **limits: float) -> ImportRefused:
        module = tmp_path / "bad_importer.py"
        module.write_text(BAD.replace("{what}", what))
        start = (
            "import sys; sys.path.insert(0, sys.argv[1]); sys.path.insert(0, " + repr(str(tmp_path)) + "); "
            "import bad_importer; sys.modules['partwell.importers.bad_importer'] = bad_importer; "
            "from partwell.importers import detect; detect.MODULES['bad'] = 'bad_importer'; "
        )
        monkeypatch.setattr(
            sandbox, "_START", f"{start}from partwell.importers.sandbox import child_main; child_main()"
        )
        monkeypatch.setattr(
            fork_server, "_START", f"{start}from partwell.importers.fork_server import serve; serve()"
        )
        monkeypatch.setattr(sandbox, "FORKED", {"bad"} if request.param == "forked" else set())
        fork_server.end()
        monkeypatch.setattr(detection, "importer", lambda kind: SimpleNamespace(KIND=kind))
        source = tmp_path / "s"
        source.write_text("x")
        got: list[Read] = []
        options = Options(limits=replace(Limits(), **limits), password=Secret("kdbx-pass"))  # type: ignore[arg-type]
        before = time.monotonic()
        with pytest.raises(ImportRefused) as refused:
            got.extend(sandbox.read_guarded("bad", source, options))
        assert time.monotonic() - before < 30
        assert "kdbx-pass" not in str(refused.value)
        assert (fork_server._server.process is not None) == (request.param == "forked")
        return refused.value

    yield attempt
    fork_server.end()


@pytest.mark.parametrize(
    ("what", "limits", "codes"),
    [
        ("x = bytearray(3 << 30)", {}, ("too_costly",)),
        ("x = [b'y' * 1000000 for _ in range(4000)]", {"memory": 400 * MIB}, ("too_costly",)),
        ("while True: pass", {"cpu_seconds": 1}, ("too_costly",)),
        ("time.sleep(60)", {"idle_seconds": 1.0}, ("too_slow",)),
        ("os.kill(os.getpid(), 11)", {}, ("parser_died",)),
        ("os._exit(0)", {}, ("parser_died",)),
        ("import ctypes; ctypes.string_at(0)", {}, ("parser_died",)),
        ("socket.create_connection(('127.0.0.1', 9), 1)", {}, ("unreadable",)),
        ("subprocess.run(['id'])", {}, ("unreadable",)),
        ("os.system('id')", {}, ("unreadable",)),
        ("raise ValueError('the password is ' + options.password.reveal())", {}, ("unreadable",)),
        ("yield LeftOut(2, 'x', 'y' * (9 << 20))", {}, ("item_too_large",)),
        ("print('not json'); sys.stdout.flush(); os.write(1, b'{}'); time.sleep(60)", {"idle_seconds": 1.0}, ("too_slow",)),
        ("while True: yield LeftOut(1, 'a', 'b')", {"items": 1000}, ("too_many_items",)),
        ("yield ImportedItem('t', Category.OTHER, ItemKind.OTHER, file=FileRef('p', 't/x', 1, Path('/etc/passwd')))", {},
         ("answer_invalid",)),
        ("open(options.spool or '/tmp/partwell-too-big', 'wb').write(b'x' * (2 << 20))", {"written_file": MIB},
         ("unreadable", "parser_died")),
    ],
)  # fmt: skip
def test_a_misbehaving_parser_becomes_a_sentence(
    bad: Callable[..., ImportRefused], what: str, limits: dict[str, float], codes: tuple[str, ...]
) -> None:
    assert bad(what, **limits).code in codes
    Path("/tmp/partwell-too-big").unlink(missing_ok=True)


def test_leaving_early_ends_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "n.xml"
    host = '<host><status state="down"/><address addr="10.0.0.9" addrtype="ipv4"/></host>'
    path.write_text("<nmaprun>" + host * 50_000 + "</nmaprun>")
    started = []
    real = sandbox.subprocess.Popen
    monkeypatch.setattr(
        sandbox.subprocess, "Popen", lambda *a, **k: started.append(real(*a, **k)) or started[-1]
    )
    reads = sandbox.read_guarded("nmap", path, Options())
    next(reads)
    reads.close()  # type: ignore[attr-defined]
    assert started[0].poll() is not None
    assert threading.active_count() < 20


def test_the_wire_gives_back_what_went_in(tmp_path: Path) -> None:
    file = tmp_path / "f.txt"
    file.write_text("content")
    values: list[Read] = [
        ImportedItem("t", Category.HARDWARE, ItemKind.HARDWARE, details={"a": "b\u2028"}, secrets={"otp": Secret("\ud800x")},
                     file=FileRef("f.txt", "text/plain", 7, path=file), source_line=3, external_id="9", fingerprint="f"),
        ImportedItem("t", Category.OTHER, ItemKind.OTHER, file=FileRef("g", "x/y", 3, data=b"\x00\xff1"), source_line="p/q"),
        LeftOut("a", "b", "c"), Notice(1, "b", "c"), Understood("a", "b", {"c": "d"}),
    ]  # fmt: skip
    for value in values:
        assert wire.from_wire(json.loads(json.dumps(wire.to_wire(value))), allowed=(tmp_path, None)) == value
    options = Options(
        ("Acme",), mapping=propose(["Name", "Serial"]), password=Secret("p"), spool=tmp_path, key_file=file
    )
    assert wire.options_from_wire(json.loads(json.dumps(wire.options_to_wire(options)))) == options
    for broken in (
        {},
        {"t": "item"},
        {"t": "left", "v": [1]},
        {"t": "item", "title": "x", "category": "nonsense"},
    ):
        with pytest.raises(ImportRefused):
            wire.from_wire(broken, allowed=())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=600))
def test_any_bytes_as_csv_end_in_items_or_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(data)
    try:
        list(sandbox.read_guarded("csv", path, Options()))
    except ImportRefused as refused:
        assert refused.sentence
    detection.detect(path)


def test_unknown_kinds_and_missing_files() -> None:
    assert refusal("nonsense", Path("/nowhere")).code == "kind_unknown"
    assert refusal("csv", Path("/nowhere")).code == "missing"


def test_secrets_show_themselves_to_nobody() -> None:
    secret = Secret("hunter2")
    buffer = io.StringIO()
    print(secret, f"{secret} {secret:>10}", [secret], {"a": secret}, file=buffer)
    assert "hunter2" not in buffer.getvalue() and secret.reveal() == "hunter2"
    with pytest.raises(TypeError):
        __import__("pickle").dumps(secret)
