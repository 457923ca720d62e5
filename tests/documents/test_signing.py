# SPDX-License-Identifier: AGPL-3.0-or-later
"""Seals: valid as made, broken by any change, and the PDF/A and PDF/UA claims survive."""

import asyncio
import random
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pytest
from cryptography.hazmat.primitives import serialization

from partwell.documents.pdf import render
from partwell.documents.signing import check_pdf_signature, make_signing_identity, sign_pdf
from partwell.documents.texts import DocumentError

from . import samples


@lru_cache(maxsize=1)
def made() -> tuple[bytes, bytes, bytes, bytes]:
    key, certificate = make_signing_identity("Harbourline IT GmbH, Łódź " + "x" * 80)
    pdf = render("authorisation", samples.letters()["authorisation"])
    return key, certificate, pdf, sign_pdf(pdf, key, certificate, "Sealed by Harbourline IT", "Hamburg\r\nx")


def test_a_seal_holds_and_leaves_the_letter_as_it_was() -> None:
    _key, certificate, pdf, sealed = made()
    assert sealed.startswith(pdf)
    found = check_pdf_signature(sealed, certificate)
    assert found.ok and found.expected_signer and not found.problem
    assert found.reason == "Sealed by Harbourline IT"
    assert b"/ETSI.CAdES.detached" in sealed


def test_a_seal_is_made_and_checked_beside_a_running_loop() -> None:
    # a browser test in the same process keeps a loop running; so would an asynchronous server
    async def inside() -> bool:
        key, certificate, pdf, _sealed = made()
        again = sign_pdf(pdf, key, certificate, "Sealed by Harbourline IT", "Hamburg")
        return check_pdf_signature(again, certificate).ok

    # in a thread of its own, because this one may hold such a loop already
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, inside()).result()


def test_a_flipped_byte_anywhere_is_found() -> None:
    _key, certificate, _pdf, sealed = made()
    chance = random.Random(7)
    start = sealed.index(b"/Contents <", len(made()[2])) + len(b"/Contents ")
    end = sealed.index(b">", start) + 1
    places = [chance.randrange(len(sealed)) for _each in range(200)]
    places = [at for at in places if not start <= at < end]
    # the hole for the signature: its borders, the zeros after it, and the case of its digits
    places += [start, end - 1, *(chance.randrange(end - 2000, end) for _each in range(20))]
    for at in places:
        changed = bytearray(sealed)
        changed[at] ^= 1 << chance.randrange(8)
        assert not check_pdf_signature(bytes(changed), certificate).ok, at
    letter = next(at for at in range(start + 40, end) if sealed[at : at + 1].isalpha())
    changed = bytearray(sealed)
    changed[letter] ^= 0x20
    assert not check_pdf_signature(bytes(changed), certificate).ok


def test_a_damaged_key_and_one_of_another_certificate_seal_nothing() -> None:
    # a signature by a damaged RSA key can give the key away (Boneh, DeMillo, Lipton 1997): it must not leave
    from cryptography.hazmat.primitives.asymmetric import rsa

    key, certificate, pdf, _sealed = made()
    loaded = serialization.load_pem_private_key(key, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    good = loaded.private_numbers()
    # OpenSSL mends a wrong part by the exponent; with both wrong it gives a wrong signature
    parts = {
        "p": good.p,
        "q": good.q,
        "d": good.d ^ 2,
        "dmp1": good.dmp1 ^ 2,
        "dmq1": good.dmq1,
        "iqmp": good.iqmp,
    }
    broken = rsa.RSAPrivateNumbers(**parts, public_numbers=good.public_numbers)
    pem = broken.private_key(unsafe_skip_rsa_key_validation=True).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(DocumentError, match="InvalidSignature"):
        sign_pdf(pdf, pem, certificate, "Sealed", "Hamburg")
    other, _certificate = make_signing_identity("Somebody else")
    with pytest.raises(DocumentError, match="make a new identity"):
        sign_pdf(pdf, other, certificate, "Sealed", "Hamburg")


def test_additions_other_signers_and_unsealed_files_are_found() -> None:
    _key, certificate, pdf, sealed = made()
    assert not check_pdf_signature(sealed + b"\n%more\n", certificate).ok
    assert not check_pdf_signature(sealed[:-40], certificate).ok
    other_key, other = make_signing_identity("Harbourline IT GmbH, Łódź")
    forged = sign_pdf(pdf, other_key, other, "Sealed by Harbourline IT", "Hamburg")
    assert check_pdf_signature(forged).ok
    assert not check_pdf_signature(forged, certificate).ok
    assert check_pdf_signature(pdf).problem == "The PDF carries no seal."
    for junk in (b"", b"%PDF-1.7\n", b"\x00" * 400):
        assert not check_pdf_signature(junk, certificate).ok


def test_the_claims_of_pdf_a_and_ua_survive_the_seal() -> None:
    """What can be checked without veraPDF: metadata, output intent, tags, and a widget that PDF/A allows."""
    from io import BytesIO

    from pyhanko.pdf_utils.reader import PdfFileReader

    _key, _certificate, pdf, sealed = made()
    for data in (pdf, sealed):
        root = PdfFileReader(BytesIO(data)).root
        xmp = root["/Metadata"].data.decode()
        assert re.search(r"pdfaid:part(=\"|>)2", xmp) and re.search(r"pdfaid:conformance(=\"|>)A", xmp)
        assert re.search(r"pdfuaid:part(=\"|>)1", xmp)
        assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
        assert root["/MarkInfo"]["/Marked"] and root["/StructTreeRoot"] and root["/Lang"]
        assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    form = PdfFileReader(BytesIO(sealed)).root["/AcroForm"]
    widget = form["/Fields"][0]
    assert widget["/F"] & 4 and not widget["/F"] & 2  # printed, not hidden
    left, low, right, high = widget["/Rect"]
    assert (
        left == right and low == high and left < 0
    )  # no size, outside the page: needs no appearance and no tag
    assert "/NeedAppearances" not in form and "/XFA" not in form and "/AA" not in widget


def test_poppler_agrees() -> None:
    if shutil.which("pdfsig") is None:
        pytest.skip("pdfsig is not installed")
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        file = Path(folder, "a.pdf")
        file.write_bytes(made()[3])
        said = subprocess.run(["pdfsig", "-nocert", str(file)], capture_output=True, text=True).stdout
    assert "Signature is Valid" in said and "Total document signed" in said


def test_unusable_input_is_a_sentence_without_the_key() -> None:
    key, certificate, pdf, _sealed = made()
    with pytest.raises(DocumentError) as caught:
        sign_pdf(
            pdf, b"-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", certificate, "", ""
        )
    assert "c2VjcmV0" not in str(caught.value)
    with pytest.raises(DocumentError, match="sealed"):
        sign_pdf(b"no pdf", key, certificate, "", "")
    with pytest.raises(DocumentError, match="name"):
        make_signing_identity(" \n")


def test_pyhanko_is_imported_only_when_used() -> None:
    code = "import sys, partwell.documents.signing, partwell.documents.pdf; print('pyhanko' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": "src"}
    )
    assert done.stdout.strip() == "False", done.stderr
