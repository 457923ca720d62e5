# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a file is by its first bytes, never by its name; the name only says whether it lies."""

import hashlib
import io
import re
import uuid
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from partwell.importers.base import FileRef, Options, safe_name

HEAD = 64 * 1024
"""How many bytes of a file are looked at."""

PDF, ZIP, OLE, TEXT, XML, BINARY = (
    "application/pdf",
    "application/zip",
    "application/x-ole-storage",
    "text/plain",
    "application/xml",
    "application/octet-stream",
)
MAIL, DRAWIO, KDBX, PROGRAM = (
    "message/rfc822",
    "application/vnd.jgraph.mxfile",
    "application/x-keepass2",
    "application/x-executable",
)
_OOXML = "application/vnd.openxmlformats-officedocument."
DOCX, XLSX, PPTX, VSDX = (
    _OOXML + "wordprocessingml.document",
    _OOXML + "spreadsheetml.sheet",
    _OOXML + "presentationml.presentation",
    "application/vnd.ms-visio.drawing.main+xml",
)
DOC, XLS, PPT, VSD, MSG, LOCKED_OFFICE = (
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.visio",
    "application/vnd.ms-outlook",
    "application/x-office-encrypted",
)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"BM", "image/bmp"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"\x03\xd9\xa2\x9a", KDBX),
    (b"MZ", PROGRAM),
    (b"\x7fELF", PROGRAM),
    (b"\xca\xfe\xba\xbe", PROGRAM),
    (b"\xcf\xfa\xed\xfe", PROGRAM),
    (b"{\\rtf", "application/rtf"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\x1f\x8b", "application/gzip"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"AC10", "image/vnd.dwg"),
)
_OLE_NAMES: tuple[tuple[str, str], ...] = (
    ("EncryptedPackage", LOCKED_OFFICE),
    ("WordDocument", DOC),
    ("Workbook", XLS),
    ("PowerPoint Document", PPT),
    ("VisioDocument", VSD),
    ("__substg1.0_", MSG),
    ("__properties_version1.0", MSG),
)
_MAIL_HEADER = re.compile(rb"^(?:\xef\xbb\xbf)?(?:[!-9;-~]+:[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*){2,}", re.I)
_MAIL_NAMES = re.compile(
    rb"^(from|date|received|return-path|message-id|mime-version|delivered-to):", re.I | re.M
)
_XML_ROOT = re.compile(rb"<(?![?!])([A-Za-z_][\w.:-]*)")

EXPECTED: dict[str, frozenset[str]] = {
    ext: frozenset(types)
    for ext, types in {
        ".pdf": (PDF,),
        ".png": ("image/png",),
        ".jpg": ("image/jpeg",),
        ".jpeg": ("image/jpeg",),
        ".gif": ("image/gif",),
        ".webp": ("image/webp",),
        ".tif": ("image/tiff",),
        ".tiff": ("image/tiff",),
        ".bmp": ("image/bmp",),
        ".svg": ("image/svg+xml",),
        ".docx": (DOCX, LOCKED_OFFICE),
        ".docm": (DOCX,),
        ".xlsx": (XLSX, LOCKED_OFFICE),
        ".xlsm": (XLSX,),
        ".pptx": (PPTX, LOCKED_OFFICE),
        ".pptm": (PPTX,),
        ".vsdx": (VSDX,),
        ".doc": (DOC, OLE, "application/rtf"),
        ".xls": (XLS, OLE),
        ".ppt": (PPT, OLE),
        ".vsd": (VSD, OLE),
        ".msg": (MSG, OLE),
        ".zip": (ZIP,),
        ".kdbx": (KDBX,),
        ".html": ("text/html",),
        ".htm": ("text/html",),
        ".eml": (MAIL, TEXT),
        ".drawio": (DRAWIO,),
        ".rtf": ("application/rtf",),
        ".txt": (TEXT, MAIL, XML, "text/html", "image/svg+xml"),
        ".md": (TEXT, "text/html"),
        ".csv": (TEXT,),
        ".odt": ("application/vnd.oasis.opendocument.text",),
        ".odg": ("application/vnd.oasis.opendocument.graphics",),
        ".ods": ("application/vnd.oasis.opendocument.spreadsheet",),
        ".odp": ("application/vnd.oasis.opendocument.presentation",),
    }.items()
}
_NAMES = {
    PDF: "PDF",
    ZIP: "ZIP archive",
    OLE: "old Office file",
    TEXT: "text",
    XML: "XML",
    BINARY: "unknown bytes",
    MAIL: "mail",
    DRAWIO: "draw.io diagram",
    KDBX: "KeePass database",
    PROGRAM: "program",
    DOCX: "Word document",
    XLSX: "Excel workbook",
    PPTX: "PowerPoint presentation",
    VSDX: "Visio drawing",
    DOC: "Word document",
    XLS: "Excel workbook",
    PPT: "PowerPoint presentation",
    VSD: "Visio drawing",
    MSG: "Outlook message",
    LOCKED_OFFICE: "encrypted Office document",
    "text/html": "HTML page",
    "image/svg+xml": "SVG picture",
}


def name_of(media_type: str) -> str:
    """A media type in a person's words."""
    if media_type in _NAMES:
        return _NAMES[media_type]
    group, _, kind = media_type.partition("/")
    return f"{kind.upper()} picture" if group == "image" else kind


def xml_root(head: bytes) -> str:
    """The name of the first element, or "" where the text is no XML."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"<"):
        return ""
    start = re.sub(rb"<!--.*?-->", b"", start[:HEAD], flags=re.S)
    found = _XML_ROOT.search(start)
    return found.group(1).decode("ascii", "replace") if found else ""


def _text_type(head: bytes) -> str:
    root = xml_root(head)
    name = root.rpartition(":")[2].casefold()
    if name in ("mxfile", "mxgraphmodel"):
        return DRAWIO
    if name == "svg":
        return "image/svg+xml"
    if name == "html" or head.lstrip()[:14].lower() == b"<!doctype html":
        return "text/html"
    if root and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<" + root.encode())):
        return XML
    if _MAIL_HEADER.match(head) and _MAIL_NAMES.search(head[:8192]):
        return MAIL
    return TEXT


def of_bytes(head: bytes) -> str:
    """The media type by magic bytes of a file's first ``HEAD`` bytes; ZIP-based formats stay ``application/zip``."""
    if b"%PDF-" in head[:1024]:
        return PDF
    for magic, media in _MAGIC:
        if head.startswith(magic):
            if media == PROGRAM and magic == b"MZ" and len(head) < 64:
                continue
            return _ole_type(head) if media == OLE else media
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:12] in (b"heic", b"heix", b"mif1") else "video/mp4"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return ZIP
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return TEXT
    if b"\x00" in head:
        return BINARY
    controls = sum(byte < 9 or (13 < byte < 32 and byte != 27) for byte in head[:4096])
    return BINARY if controls > len(head[:4096]) // 50 else _text_type(head)


def _ole_type(data: bytes) -> str:
    for name, media in _OLE_NAMES:
        if name.encode("utf-16-le") in data:
            return media
    return OLE


def of_file(path: Path) -> tuple[str, frozenset[str]]:
    """``of_stream`` for a file on disk. OSError where it cannot be read."""
    with path.open("rb") as stream:
        return of_stream(stream)


def of_stream(stream: BinaryIO) -> tuple[str, frozenset[str]]:
    """The media type and flags: ``macros``, ``password``, ``active``, ``embedded``.

    Looks into the directory of ZIP-based formats and scans PDFs for the words of their
    trailer; unpacks nothing but ODF's few bytes that name its type.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    head = stream.read(HEAD)
    media = of_bytes(head)
    if media == ZIP:
        return _zip_type(stream, size)
    if media == PDF:
        return media, _scan(stream, size, _PDF_MARKS)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        found = _scan(stream, size, _OLE_MARKS)
        media = next((kind for _, kind in _OLE_NAMES if kind in found), media)
        return media, (found & {"macros"}) | ({"password"} if media == LOCKED_OFFICE else set())
    return media, frozenset()


_PDF_MARKS = {
    "password": re.compile(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)"),
    "active": re.compile(rb"/(?:JavaScript|JS|Launch)\b"),
    "embedded": re.compile(rb"/EmbeddedFiles?\b"),
}
_OLE_MARKS = {
    kind: re.compile(re.escape(name.encode("utf-16-le"))) for name, kind in reversed(_OLE_NAMES)
} | {"macros": re.compile(re.escape("_VBA_PROJECT".encode("utf-16-le")))}
_SCAN = 64 * 1024 * 1024


def _scan(stream: BinaryIO, size: int, marks: dict[str, re.Pattern[bytes]]) -> frozenset[str]:
    """Which marks occur in the first and last 64 MiB."""
    found: set[str] = set()
    for start in sorted({0, max(0, size - _SCAN)}):
        stream.seek(start)
        left, tail = _SCAN, b""
        while left and (block := stream.read(min(left, 1024 * 1024))):
            left -= len(block)
            window = tail + block
            found |= {name for name, pattern in marks.items() if name not in found and pattern.search(window)}
            tail = window[-128:]
    return frozenset(found)


def _zip_type(stream: BinaryIO, size: int) -> tuple[str, frozenset[str]]:
    from partwell.importers.archive import checked_directory  # which asks here what lies inside archives

    try:
        checked_directory(stream, size)
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
            names = {info.filename for info in infos}
            flags = {"macros"} if any(name.endswith("vbaProject.bin") for name in names) else set()
            first = infos[0] if infos else None
            if first and first.filename == "mimetype" and not first.compress_type and first.file_size < 200:
                kind = archive.read("mimetype").decode("ascii", "replace").strip()
                if kind.startswith("application/vnd.oasis.opendocument."):
                    locked = "META-INF/manifest.xml" in names and _odf_locked(archive)
                    flags |= {"macros"} if any(n.startswith("Basic/") for n in names) else set()
                    return kind, frozenset(flags | ({"password"} if locked else set()))
            if "[Content_Types].xml" in names:
                for part, media in (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX), ("visio/", VSDX)):
                    if any(name.startswith(part) for name in names):
                        return media, frozenset(flags)
    except Exception:  # noqa: BLE001  # a hostile directory breaks zipfile in many ways; the walker says what is wrong
        return ZIP, frozenset()
    return ZIP, frozenset()


def _odf_locked(archive: zipfile.ZipFile) -> bool:
    info = archive.getinfo("META-INF/manifest.xml")
    with archive.open(info) as stream:
        return b"encryption-data" in stream.read(256 * 1024)


def mismatch(name: str, media: str) -> str:
    """A sentence where the name promises something else than the bytes hold, or ""."""
    expected = EXPECTED.get(PurePosixPath(name.casefold()).suffix)
    if not expected or media in expected:
        return ""
    return f"Named “{PurePosixPath(name).suffix}”, but its content is: {name_of(media)}."


def file_ref(name: str, media: str, data: bytes, options: Options) -> FileRef | None:
    """Bytes as a FileRef: inline where small, else in the spool under a random name; None without a spool."""
    name = safe_name(name)
    if len(data) <= options.limits.inline_file:
        return FileRef(name, media, len(data), data=data)
    if options.spool is None:
        return None
    path = options.spool / uuid.uuid4().hex
    path.write_bytes(data)
    return FileRef(name, media, len(data), path=path)


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
