# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files of the sample that are made when it is loaded: PDF, Word, pictures, a ZIP, the notice's mail. All invented."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw

FILES = Path(__file__).parent / "files"


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """A PDF 1.4 of one A4 page in Helvetica; ASCII only."""
    text = ["BT /F1 16 Tf 60 780 Td (" + _pdf(title) + ") Tj ET"]
    text += [f"BT /F1 10 Tf 60 {750 - 15 * n} Td ({_pdf(line)}) Tj ET" for n, line in enumerate(lines[:46])]
    stream = "\n".join(text).encode("ascii", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _pdf(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELS = (
    '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)


def docx(paragraphs: Iterable[str]) -> bytes:
    """A Word document of plain paragraphs."""
    body = "".join(f"<w:p><w:r><w:t>{escape(one)}</w:t></w:r></w:p>" for one in paragraphs)
    document = (
        '<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/'
        f'2006/main"><w:body>{body}</w:body></w:document>'
    )
    return packed(
        {
            "[Content_Types].xml": _TYPES.encode(),
            "_rels/.rels": _RELS.encode(),
            "word/document.xml": document.encode(),
        }
    )


def packed(files: dict[str, bytes]) -> bytes:
    """A ZIP of these files, with a fixed date."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 15, 9, 0, 0)), data)
    return out.getvalue()


def screen(heading: str, lines: Sequence[str], *, width: int = 720) -> bytes:
    """A PNG that looks like a small console window: what a technician photographs as proof."""
    picture = Image.new("RGB", (width, 96 + 22 * len(lines)), "#10222b")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, 40), fill="#0f4f63")
    draw.text((16, 14), heading, fill="#ffffff")
    for number, line in enumerate(lines):
        draw.text((16, 58 + 22 * number), line, fill="#b9e4d0")
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def notice_mail(
    *, sender: tuple[str, str], to: tuple[str, str], at: datetime, subject: str, words: str
) -> bytes:
    """The notice as a mail file. ``at`` aware."""
    mail = EmailMessage()
    mail["From"] = f"{sender[0]} <{sender[1]}>"
    mail["To"] = f"{to[0]} <{to[1]}>"
    mail["Subject"] = subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{at:%Y%m%d%H%M%S}.notice@{sender[1].rpartition('@')[2]}>"
    mail.set_content(words)
    return mail.as_bytes()
