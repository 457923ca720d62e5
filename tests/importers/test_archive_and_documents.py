# SPDX-License-Identifier: AGPL-3.0-or-later
"""Archives of strangers and the sorting of documents."""

import contextlib
import dataclasses
import io
import os
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from partwell.importers import archive, documents, mediatype
from partwell.importers.archive import Budget, Extracted, checked_name, extract
from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Notice, Options, Read
from partwell.importers.detect import detect
from partwell.importers.limits import Limits
from partwell.importers.sandbox import read_guarded
from partwell.rules.terms import Category, ItemKind, Sensitivity
from tests.inputs import inputs

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def zipped(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as out:
        for name, data in members.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = name, method  # past ZipInfo's own tidying of names
            out.writestr(info, data)
    return path


def unpack(path: Path, into: Path | None, limits: Limits | None = None) -> list[Extracted | LeftOut]:
    return list(extract(path, into=into, budget=Budget(limits or Limits())))


def codes(found: list[Extracted | LeftOut]) -> list[str]:
    return [one.reason_code for one in found if isinstance(one, LeftOut)]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/../../x",
        "/etc/x",
        "C:\\x",
        "c:x",
        "..\\x",
        "a\\..\\x",
        "\\\\srv\\x",
        "a//b",
        "./x",
        "a/\x01b",
        "nul",
        "a/COM1.txt",
        "x" * 1001,
        "a/" * 60 + "x",
        " ",
    ],
)
def test_unsafe_names_are_left_out(tmp_path: Path, spool: Path, name: str) -> None:
    found = unpack(zipped(tmp_path / "x.zip", {name: b"evil", "good.txt": b"good"}), spool)
    assert codes(found) == ["unsafe_name"]
    assert [one.place for one in found if isinstance(one, Extracted)] == ["good.txt"]
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".zip"] == [
        spool
    ]


def test_a_name_behind_a_nul_is_not_hidden() -> None:
    assert checked_name("a.txt\x00.exe")[1]


def test_links_devices_duplicates_and_encrypted(tmp_path: Path, spool: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as out:
        for name, mode in (("link", stat.S_IFLNK | 0o777), ("pipe", stat.S_IFIFO | 0o666)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            out.writestr(info, "/etc/passwd")
        for name in ("A.txt", "a.TXT", "e\u0301.txt", "\u00e9.txt", "__MACOSX/._A.txt", ".DS_Store"):
            out.writestr(name, name)
    assert codes(unpack(path, spool)) == [
        "link",
        "link",
        "same_name",
        "same_name",
        "system_file",
        "system_file",
    ]
    data = bytearray(zipped(path, {"a.txt": b"x"}).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert codes(unpack(path, spool)) == ["encrypted"]


def test_bombs(tmp_path: Path, spool: Path) -> None:
    flat = zipped(tmp_path / "flat.zip", {"zeros": bytes(50_000_000), "good.txt": b"good"})
    assert codes(unpack(flat, spool)) == ["bomb"]
    small = dataclasses.replace(Limits(), archive_total_size=1_000_000, archive_ratio=10_000)
    with pytest.raises(ImportRefused, match="MiB") as caught:
        unpack(flat, spool, small)
    assert caught.value.code == "archive_bomb"
    assert list(spool.iterdir()) == [path for path in spool.iterdir() if path.read_bytes() == b"good"]
    with pytest.raises(ImportRefused) as caught:
        unpack(
            zipped(tmp_path / "many.zip", {f"{n}": b"" for n in range(200)}),
            spool,
            dataclasses.replace(Limits(), archive_members=100),
        )
    assert caught.value.code == "too_many_members"


def test_declared_size_that_lies(tmp_path: Path, spool: Path) -> None:
    data = bytearray(zipped(tmp_path / "x.zip", {"zeros": bytes(500_000)}).read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    path = tmp_path / "lie.zip"
    path.write_bytes(data)
    found = unpack(path, spool)
    assert codes(found)[0] in ("size_lie", "damaged")
    assert list(spool.iterdir()) == []


def test_wrong_crc_leaves_nothing_behind(tmp_path: Path, spool: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.txt": b"hello" * 100}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"hello", b"hallo", 1))
    assert codes(unpack(path, spool)) == ["damaged"]
    assert list(spool.iterdir()) == []


def test_overlapping_members(tmp_path: Path, spool: Path) -> None:
    data = bytearray(
        zipped(tmp_path / "x.zip", {"a": b"A" * 100, "b": b"B" * 100}, zipfile.ZIP_STORED).read_bytes()
    )
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 1)
    data[second + 42 : second + 46] = struct.pack("<I", 0)  # both now quote the first member's bytes
    path = tmp_path / "overlap.zip"
    path.write_bytes(data)
    assert "overlap" in codes(unpack(path, spool)) or "damaged" in codes(unpack(path, spool))


def test_nested_archives_go_one_deep(tmp_path: Path, spool: Path) -> None:
    inner = zipped(tmp_path / "2.zip", {"deep.txt": b"deep"}).read_bytes()
    middle = zipped(tmp_path / "1.zip", {"2.zip": inner, "mid.txt": b"mid"}).read_bytes()
    found = unpack(zipped(tmp_path / "0.zip", {"1.zip": middle, "top.txt": b"top"}), spool)
    assert {one.place for one in found if isinstance(one, Extracted)} == {"1.zip/mid.txt", "top.txt"}
    assert codes(found) == ["nested_archive"]
    assert len(list(spool.iterdir())) == 2


@pytest.mark.parametrize("cut", [0, 10, 30, 60, -1, -10, -30])
def test_cut_archives_are_sentences(tmp_path: Path, spool: Path, cut: int) -> None:
    path = zipped(tmp_path / "x.zip", {"a.txt": b"hello", "b.txt": b"world"})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ImportRefused) as caught:
        unpack(path, spool)
    assert caught.value.remedy


def test_a_directory_that_claims_millions(tmp_path: Path, spool: Path) -> None:
    data = bytearray(zipped(tmp_path / "x.zip", {"a.txt": b"hello"}).read_bytes())
    data[-12:-10] = b"\xfe\xff"
    path = tmp_path / "y.zip"
    path.write_bytes(data)
    with pytest.raises(ImportRefused):
        unpack(path, spool)


def test_folders_follow_no_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "a.txt").write_text("a")
    (root / "passwd").symlink_to("/etc/passwd")
    (root / "everything").symlink_to("/")
    os.mkfifo(root / "pipe")
    found = list(archive.walk_folder(root, budget=Budget(Limits())))
    assert [one.place for one in found if isinstance(one, Extracted)] == ["sub/a.txt"]
    assert codes(found) == ["link", "link", "link"]


def by_name(reads: list[Read]) -> dict[str, ImportedItem]:
    return {one.details["file_name"]: one for one in reads if isinstance(one, ImportedItem)}


OFFICE = {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}


def test_sorting_by_content_then_name(tmp_path: Path) -> None:
    def office(members: dict[str, bytes]) -> bytes:
        return zipped(tmp_path.parent / "office.zip", members).read_bytes()

    files = {
        "plan.xml": b'<?xml version="1.0"?><mxfile host="x"></mxfile>',
        "scan.xml": b"<?xml version='1.0'?><nmaprun></nmaprun>",
        "Incident-Response_Runbook.docx": office(OFFICE),
        "macro.docx": office(OFFICE | {"word/vbaProject.bin": b"x"}),
        "net.vsdx": office({"[Content_Types].xml": b"", "visio/document.xml": b""}),
        "UserGuide.md": b"# Hello\n",
        "invoice.pdf": PNG,
        "Passwords.txt": b"see vault",
        "server.pem": b"-----BEGIN RSA PRIVATE KEY-----\n",
        "setup.exe": b"MZ" + bytes(100),
        "empty.txt": b"",
        "deploy.ps1": b"Get-Item x",
        "unknown.bin": bytes(range(256)),
        "export.csv": b"name,url,username,password\r\na,b,c,d\r\n",
        "secret.pdf": b"%PDF-1.7\n1 0 obj\n<<>>\ntrailer << /Encrypt 5 0 R >>\n%%EOF",
        "a.kdbx": b"\x03\xd9\xa2\x9agf\xfbK\xb5",
        "locked.docx": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(600)
        + "EncryptedPackage".encode("utf-16-le"),
    }
    folder = tmp_path / "in"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    reads = list(documents.read(folder, options=Options()))
    found = by_name(reads)
    categories = {name: item.category for name, item in found.items()}
    assert categories["plan.xml"] is categories["net.vsdx"] is Category.DIAGRAMS
    assert categories["scan.xml"] is Category.AUDIT_REPORTS
    assert categories["Incident-Response_Runbook.docx"] is Category.PROCESS_DOCS
    assert categories["UserGuide.md"] is Category.TRAINING
    assert categories["unknown.bin"] is categories["invoice.pdf"] is Category.OTHER
    assert all(item.details["proposal"].endswith((".", "choose.")) for item in found.values())
    assert found["invoice.pdf"].details["media_type"] == "image/png"
    assert "PNG picture" in found["invoice.pdf"].details["mismatch"]
    assert found["macro.docx"].details["has_macros"] == "yes"
    assert (
        found["secret.pdf"].details["password_protected"]
        == found["locked.docx"].details["password_protected"]
        == "yes"
    )
    assert found["Passwords.txt"].sensitivity is Sensitivity.SENSITIVE
    assert found["server.pem"].kind is ItemKind.CREDENTIAL
    left = {one.line: one.reason_code for one in reads if isinstance(one, LeftOut)}
    assert left == {
        "setup.exe": "program",
        "empty.txt": "empty",
        "a.kdbx": "keepass",
        "export.csv": "plain_credentials",
    }
    assert {one.code for one in reads if isinstance(one, Notice)} == {
        "type_mismatch",
        "macros",
        "password",
        "credentials",
        "script",
    }
    assert not any(
        mediatype.mismatch(name, item.details["media_type"])
        for name, item in found.items()
        if name != "invoice.pdf"
    )


def test_real_documents_in_the_sandbox(tmp_path: Path) -> None:
    reads = list(read_guarded("documents", inputs("documents"), Options(spool=tmp_path)))
    found = by_name(reads)
    assert len(found) == 17
    locked = {name for name, item in found.items() if item.details.get("password_protected")}
    assert locked == {"paperless_encrypted.pdf", "paperless_password-is-test.pdf"}
    assert found["DHCP_instructions_1.png"].category is Category.TRAINING


def test_real_diagrams_audits_and_zip(tmp_path: Path) -> None:
    diagrams = by_name(list(documents.read(inputs("diagrams"), options=Options())))
    assert {item.category for item in diagrams.values()} == {Category.DIAGRAMS}
    audits = by_name(list(documents.read(inputs("net_audit"), options=Options())))
    rest = {name for name, item in audits.items() if item.category is not Category.AUDIT_REPORTS}
    assert rest == {"ms_defender__report_many_vulns.json"}
    reads = list(
        read_guarded("documents", inputs("documents/pdf/paperless_simple.zip"), Options(spool=tmp_path))
    )
    (item,) = by_name(reads).values()
    assert item.file is not None
    assert item.file.read_bytes().startswith(b"%PDF")


def test_real_password_stores_never_become_documents() -> None:
    reads = list(documents.read(inputs("credentials"), options=Options()))
    found = by_name(reads)
    assert set(found) == {"KeyFileProtected.key", "dashlane.csv"}
    assert {item.sensitivity for item in found.values()} == {Sensitivity.SENSITIVE}


def test_small_files_travel_without_a_spool(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a.txt": b"hello", "big.bin": os.urandom(5_000_000)})
    reads = list(documents.read(path, options=Options()))
    (item,) = by_name(reads).values()
    assert item.file is not None
    assert item.file.data == b"hello"
    assert [one.reason_code for one in reads if isinstance(one, LeftOut)] == ["no_spool"]


def test_same_content_is_the_same_document(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"a/plan.txt": b"hello", "b/plan.txt": b"hello"})
    reads = [one for one in documents.read(path, options=Options()) if isinstance(one, ImportedItem)]
    assert len({one.fingerprint for one in reads}) == 1


def test_an_archive_of_exports_is_read_by_what_each_is(tmp_path: Path) -> None:
    scan = inputs("net_audit/nmap/2_hosts_version.xml").read_bytes()
    spool = tmp_path / "spool"
    spool.mkdir()
    reads = list(
        read_guarded(
            "archive",
            zipped(tmp_path / "x.zip", {"scans/1.xml": scan, "note.txt": b"x"}),
            Options(spool=spool),
        )
    )
    found = [one for one in reads if isinstance(one, ImportedItem)]
    assert {one.kind for one in found} >= {ItemKind.DOCUMENT, ItemKind.HARDWARE}


@pytest.mark.parametrize(
    ("data", "media"),
    [
        (b"", mediatype.TEXT),
        (b"\xff\xfea\x00", mediatype.TEXT),
        (b"From: a@b\r\nTo: c@d\r\n\r\nx", mediatype.MAIL),
        (b"key: value\nother: value\n", mediatype.TEXT),
        (b"<html><body>", "text/html"),
        (b"<svg xmlns='x'/>", "image/svg+xml"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x01\x02", mediatype.BINARY),
        (b"  \n%PDF-1.4", mediatype.PDF),
    ],
)
def test_types_by_first_bytes(data: bytes, media: str) -> None:
    assert mediatype.of_bytes(data) == media
    assert mediatype.of_stream(io.BytesIO(data))[0] == media


@pytest.mark.parametrize(
    "path",
    [
        "net_audit/vuln/openvas__many_vuln.csv",
        "net_audit/vuln/nexpose__dns.xml",
        "diagrams/rack_1.xml",
        "net_audit/cloud_tls/testssl__demo.csv",
        "diagrams/network-topology.txt",
        "documents/pdf/habibi.pdf",
    ],
)
def test_reports_and_diagrams_are_proposed_as_documents_first(path: str) -> None:
    assert detect(inputs(path))[0].kind == "documents"


def test_noise_in_an_archive_is_never_an_exception(tmp_path: Path) -> None:
    source = zipped(tmp_path / "x.zip", {"a.txt": b"hello" * 50, "b/c.txt": b"world" * 50}).read_bytes()
    noise = random.Random(7)
    path = tmp_path / "noise.zip"
    for _ in range(400):
        data = bytearray(source)
        for _ in range(noise.choice((1, 2, 8))):
            data[noise.randrange(len(data))] = noise.randrange(256)
        path.write_bytes(data)
        with contextlib.suppress(ImportRefused):
            list(documents.read(path, options=Options()))
