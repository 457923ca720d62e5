# SPDX-License-Identifier: AGPL-3.0-or-later
"""Seals on letters: PAdES B-B by pyHanko, with a certificate that the installation made itself.

Such a seal proves that the bytes are the ones that were sealed, nothing about who sealed them; the letters
print that sentence (``sealed=True`` in ``pdf.render``). The seal is invisible, so that no drawn stamp has to
be tagged, and it is an incremental update: the letter's own bytes stay as they were. pyHanko takes over a
second to import, so it is imported where it is used.
"""

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from partwell.documents.texts import DocumentError, one_line

FIELD = "PartwellSeal"
YEARS = 10
COMMON_NAME_LIMIT = 64  # bytes; RFC 5280, ub-common-name


@dataclass(frozen=True)
class PdfSignature:
    """What a check of a PDF's seal found. ``ok`` is the one answer; the rest says why."""

    found: bool = False
    intact: bool = False  # the signed bytes are unchanged
    valid: bool = False  # the signature is by the certificate inside
    whole: bool = False  # it covers the whole file, nothing was added afterwards
    expected_signer: bool | None = None  # None where no certificate was given to compare with
    certificate_sha256: str = ""
    common_name: str = ""
    reason: str = ""
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Unchanged, whole, and by the expected certificate where one was given."""
        return self.found and self.intact and self.valid and self.whole and self.expected_signer is not False


def make_signing_identity(common_name: str, *, now: datetime | None = None) -> tuple[bytes, bytes]:
    """A new RSA-3072 key and its self-signed certificate, as (key PEM, certificate PEM).

    The key PEM is not encrypted: the caller stores it in the vault and never in a log. Valid for ten years
    from ``now`` (aware; default the clock). RSA because every PDF reader checks it.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    name = one_line(common_name).encode()[:COMMON_NAME_LIMIT].decode(errors="ignore").strip()
    if not name:
        raise DocumentError("The signing certificate needs the MSP's name; set it in the settings first.")
    start = (now or datetime.now(UTC)).replace(microsecond=0)
    key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(minutes=5))
        .not_valid_after(start + timedelta(days=365 * YEARS + 3))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_pem, certificate.public_bytes(serialization.Encoding.PEM)


def _off_the_loop(work: Callable[[], Any]) -> Any:
    """Does the work in a thread of its own: pyHanko calls ``asyncio.run``, which a running loop here forbids."""
    with ThreadPoolExecutor(1, "seal") as pool:
        return pool.submit(work).result()


def _certificate(pem: bytes) -> Any:
    from asn1crypto import pem as armour  # type: ignore[import-untyped]
    from asn1crypto import x509

    _kind, _headers, der = armour.unarmor(pem)
    return x509.Certificate.load(der)


def _signer(key_pem: bytes, cert_pem: bytes) -> Any:
    """pyHanko's signer with our key, which is read once and not proved prime again for each letter.

    That proof was two thirds of the time of a seal. Instead every signature is checked by the certificate's own key before
    it leaves, so a damaged key gives an error and never a signature from which the key could be worked out. Not pyHanko's
    ``SimpleSigner``: it reads and proves the key twice a letter.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from pyhanko.sign import signers
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    found = serialization.load_pem_private_key(key_pem, None, unsafe_skip_rsa_key_validation=True)
    named = x509.load_pem_x509_certificate(cert_pem).public_key()
    if not isinstance(found, rsa.RSAPrivateKey) or not isinstance(named, rsa.RSAPublicKey):
        raise ValueError("RSA only: every PDF reader checks it")
    if found.public_key().public_numbers() != named.public_numbers():
        raise ValueError("the key is not the certificate's")
    key, public = found, named

    class Sealer(signers.Signer):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            if dry_run:  # only the length counts
                return bytes(key.key_size // 8)
            made = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
            public.verify(made, data, padding.PKCS1v15(), hashes.SHA256())
            return made

    return Sealer(signing_cert=_certificate(cert_pem), cert_registry=SimpleCertificateStore())


def sign_pdf(pdf: bytes, key_pem: bytes, cert_pem: bytes, reason: str, location: str) -> bytes:
    """``pdf`` with an invisible PAdES B-B seal appended (SHA-256, PDF 2.0's ETSI.CAdES.detached).

    ``reason`` and ``location`` are readable in the signature panel: short, no personal data beyond the letter's.
    Raises DocumentError if the PDF, the key or the certificate cannot be used; no message quotes the key.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import fields, signers

    try:
        signer = _signer(key_pem, cert_pem)
    except Exception:  # noqa: BLE001  # many kinds are raised; none may carry the key onwards
        raise DocumentError(
            "The sealing key or its certificate cannot be read; make a new identity."
        ) from None
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=one_line(reason),
        location=one_line(location),
        subfilter=fields.SigSeedSubFilter.PADES,
        embed_validation_info=False,
    )
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        # PDF/A wants the print flag, PDF/UA an untagged widget outside the page: both, without size
        unseen = fields.InvisSigSettings(set_print_flag=True, set_hidden_flag=False, box_out_of_bounds=True)
        spec = fields.SigFieldSpec(FIELD, on_page=0, invis_sig_settings=unseen, readable_field_name="Seal")
        sealer = signers.PdfSigner(meta, signer=signer, new_field_spec=spec)
        out = _off_the_loop(lambda: sealer.sign_pdf(writer))
    except Exception as problem:  # noqa: BLE001  # pyHanko and asn1crypto raise many kinds for a broken file
        raise DocumentError(
            f"The PDF could not be sealed ({type(problem).__name__}); render it again."
        ) from None
    return bytes(out.getbuffer())


def _written_plainly(pdf: bytes, ranges: list[int]) -> bool:
    """Whether the one gap that no signature covers holds the signature as we write it and nothing else.

    In that gap a hex digit may change its case, and the zeros after the signature may be anything, without
    any reader noticing. What then still can change unseen is bookkeeping inside the signature's own wrapper
    that repeats what is signed elsewhere, never a bit of the letter.
    """
    gap = pdf[ranges[1] : ranges[2]]
    digits = gap[1:-1]
    if gap[:1] != b"<" or gap[-1:] != b">" or digits not in (digits.lower(), digits.upper()):
        return False
    der = bytes.fromhex(digits.decode())
    width = der[1] & 0x7F if der[1] & 0x80 else 0
    size = 2 + width + (int.from_bytes(der[2 : 2 + width], "big") if width else der[1])
    return not any(der[size:])


def check_pdf_signature(pdf: bytes, cert_pem: bytes | None = None) -> PdfSignature:
    """What the first seal in ``pdf`` is worth. Never raises: a broken file is a finding.

    With ``cert_pem`` the seal must be by exactly that certificate; without it anybody's own seal passes as
    intact, because a self-signed certificate vouches for nobody.
    """
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    try:
        seals = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if not seals:
            return PdfSignature(problem="The PDF carries no seal.")
        seal = seals[0]
        inside = seal.signer_cert
        context = ValidationContext(
            trust_roots=[inside],
            allow_fetching=False,
            revocation_mode="soft-fail",
            best_signature_time=seal.self_reported_timestamp,
        )
        status = _off_the_loop(lambda: validate_pdf_signature(seal, context))
        covered = status.coverage == SignatureCoverageLevel.ENTIRE_FILE and len(seals) == 1
        whole = covered and _written_plainly(pdf, list(seal.byte_range))
        expected = None if cert_pem is None else _certificate(cert_pem).sha256 == inside.sha256
        return PdfSignature(
            found=True,
            intact=bool(status.intact),
            valid=bool(status.valid),
            whole=whole,
            expected_signer=expected,
            certificate_sha256=inside.sha256.hex(),
            common_name=str(inside.subject.native.get("common_name", "")),
            reason=str(seal.sig_object.get("/Reason", "")),
            problem=""
            if status.intact and status.valid and whole
            else "The PDF was changed after it was sealed.",
        )
    except Exception as problem:  # noqa: BLE001  # a forged file may break the parser anywhere
        return PdfSignature(problem=f"The seal cannot be read ({type(problem).__name__}).")
