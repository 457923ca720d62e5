# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passkeys for contacts of clients and new providers, who are no Django users.

User verification is required (the passkey is two factors), the origin must be exactly ours, and a challenge can
carry a document's digest, so that the passkey's signature covers that very text (R1):

    challenge = 32 random bytes | SHA-256 of the document (32 bytes)

The ``state`` dictionaries hold JSON values only, for a session; take them out of it (once) before finishing.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.rpid import verify_rp_id
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from partwell.connectors.errors import PasskeyRefused

_RANDOM = 32
_DIGEST = 32


@dataclass(frozen=True)
class CredentialRecord:
    """A registered passkey: raw id, COSE public key (CBOR), counter, model id (hex with dashes)."""

    id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    user_verified: bool


@dataclass(frozen=True)
class Assertion:
    """A proven use: new counter to store, and what anyone can check again later (:func:`verify_assertion`)."""

    credential_id: bytes
    sign_count: int
    user_verified: bool
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    document_digest: bytes | None


def challenge_for(document_digest: bytes) -> bytes:
    """A fresh challenge that carries a document's SHA-256 (32 bytes): 32 random bytes, then the digest."""
    if len(document_digest) != _DIGEST:
        raise ValueError("A document's digest is a SHA-256 of 32 bytes.")
    return os.urandom(_RANDOM) + document_digest


def _server(rp_id: str, rp_name: str, origin: str | None = None) -> Fido2Server:
    def exactly(given: str) -> bool:
        return origin is not None and given == origin and verify_rp_id(rp_id, given)

    return Fido2Server(
        PublicKeyCredentialRpEntity(name=rp_name, id=rp_id),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=exactly,
    )


def registration_options(
    rp_id: str, rp_name: str, user_handle: bytes, name: str, exclude: Sequence[bytes] = ()
) -> tuple[str, dict[str, Any]]:
    """Options (JSON for the browser) and state, to register a passkey.

    ``user_handle``: 1 to 64 random bytes, no personal data. ``exclude``: ids of passkeys the contact has.
    """
    options, state = _server(rp_id, rp_name).register_begin(
        PublicKeyCredentialUserEntity(id=user_handle, name=name, display_name=name),
        credentials=[_descriptor(one) for one in exclude],
        resident_key_requirement=ResidentKeyRequirement.PREFERRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return json.dumps(dict(options)), _state("register", rp_id, state["challenge"])


def finish_registration(
    state: Mapping[str, Any], response_json: str | Mapping[str, Any], origin: str
) -> CredentialRecord:
    """Check the browser's answer; raises :class:`PasskeyRefused`. ``origin`` like https://portal.example."""
    rp_id = _expect(state, "register")
    try:
        response = RegistrationResponse.from_dict(_parsed(response_json))
        _no_frame(response.response.client_data)
        data = _server(rp_id, rp_id, origin).register_complete(_fido_state(state), response)
        credential = data.credential_data
        if credential is None or credential.credential_id != response.raw_id:
            raise ValueError("no credential")
        public_key = cbor.encode(dict(credential.public_key))
        if credential.public_key.ALGORITHM not in CoseKey.supported_algorithms():
            raise ValueError("algorithm")
        _check_usable(credential.public_key)
    except Exception as error:  # noqa: BLE001  hostile CBOR raises almost anything
        _refuse(error)
    return CredentialRecord(
        credential.credential_id, public_key, data.counter, str(credential.aaguid), data.is_user_verified()
    )


def authentication_options(
    rp_id: str, credentials: Sequence[CredentialRecord], challenge: bytes | None = None
) -> tuple[str, dict[str, Any]]:
    """Options (JSON) and state, to sign in or, with ``challenge_for(digest)``, to sign a document."""
    if not credentials:
        raise PasskeyRefused("No passkey is registered for this contact; register one first.")
    options, state = _server(rp_id, rp_id).authenticate_begin(
        [_descriptor(one.id) for one in credentials],
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return json.dumps(dict(options)), _state("authenticate", rp_id, state["challenge"])


def finish_authentication(
    state: Mapping[str, Any],
    credentials: Sequence[CredentialRecord],
    response_json: str | Mapping[str, Any],
    origin: str,
    document_digest: bytes | None = None,
) -> Assertion:
    """Check an answer against the contact's own passkeys; raises :class:`PasskeyRefused`.

    With ``document_digest`` the challenge must carry exactly that digest. A counter that did not grow means a
    copied passkey. The caller stores ``sign_count`` (by conditional UPDATE on the old one).
    """
    rp_id = _expect(state, "authenticate")
    challenge = websafe_decode(state["challenge"])
    if document_digest is not None and not _carries(challenge, document_digest):
        raise PasskeyRefused("The document changed after it was shown; read it again and sign anew.")
    try:
        response = AuthenticationResponse.from_dict(_parsed(response_json))
        _no_frame(response.response.client_data)
        data = response.response.authenticator_data
        known = [_attested(one) for one in credentials]
        _server(rp_id, rp_id, origin).authenticate_complete(_fido_state(state), known, response)
        stored = next(one for one in credentials if one.id == response.raw_id)
    except Exception as error:  # noqa: BLE001  hostile CBOR raises almost anything
        _refuse(error)
    if (data.counter or stored.sign_count) and data.counter <= stored.sign_count:
        raise PasskeyRefused(
            "This passkey's counter went back, so it may have been copied; remove it, register anew."
        )
    return Assertion(
        stored.id, data.counter, data.is_user_verified(), bytes(response.response.client_data), bytes(data),
        response.response.signature, document_digest,
    )  # fmt: skip


def verify_assertion(
    assertion: Assertion, public_key: bytes, rp_id: str, origin: str, document_digest: bytes
) -> bool:
    """Years later, from stored bytes alone: did this passkey, with its user verified, sign this document?"""
    try:
        client = json.loads(assertion.client_data)
        data = assertion.authenticator_data
        holds = (
            client["type"] == "webauthn.get"
            and client["origin"] == origin
            and _carries(websafe_decode(client["challenge"]), document_digest)
            and hmac.compare_digest(data[:32], hashlib.sha256(rp_id.encode()).digest())
            and data[32] & 0x05 == 0x05  # user present and verified
        )
        key = _key(public_key)
        key.verify(data + hashlib.sha256(assertion.client_data).digest(), assertion.signature)
    except Exception:  # noqa: BLE001  whatever is wrong with the bytes: it does not hold
        return False
    return bool(holds)


def _carries(challenge: bytes, digest: bytes) -> bool:
    whole = len(challenge) == _RANDOM + _DIGEST and len(digest) == _DIGEST
    return whole and hmac.compare_digest(challenge[_RANDOM:], digest)


def _state(purpose: str, rp_id: str, challenge: str) -> dict[str, Any]:
    return {"purpose": purpose, "rp_id": rp_id, "challenge": challenge}


def _fido_state(state: Mapping[str, Any]) -> dict[str, Any]:
    return {"challenge": state["challenge"], "user_verification": UserVerificationRequirement.REQUIRED}


def _expect(state: Mapping[str, Any], purpose: str) -> str:
    if state.get("purpose") != purpose or not state.get("challenge") or not state.get("rp_id"):
        raise PasskeyRefused("This passkey request was used already or has expired; start again.")
    return str(state["rp_id"])


def _parsed(response: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(response, str):
        if len(response) > 64 * 1024:
            raise ValueError("too long")
        response = json.loads(response)
    if not isinstance(response, Mapping) or response.get("id") != websafe_encode(
        websafe_decode(response["rawId"])
    ):
        raise ValueError("id")
    return response


def _no_frame(client_data: Any) -> None:
    # a page of another site may not frame ours and have people sign there
    if client_data.cross_origin:
        raise ValueError("cross-origin")


def _descriptor(credential_id: bytes) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(type=PublicKeyCredentialType.PUBLIC_KEY, id=credential_id)


def _key(public_key: bytes) -> CoseKey:
    decoded = cbor.decode(public_key)
    if not isinstance(decoded, Mapping):
        raise ValueError("not a COSE key")
    return CoseKey.parse(decoded)


def _check_usable(key: CoseKey) -> None:
    """A key cut short by its sender is refused now, not at the first sign-in (fido2's CBOR takes short strings)."""
    try:
        key.verify(b"", b"")
    except InvalidSignature:
        return
    raise ValueError("a key that takes an empty signature")


def _attested(record: CredentialRecord) -> AttestedCredentialData:
    key = _key(record.public_key)
    return AttestedCredentialData.create(Aaguid.parse(record.aaguid), record.id, key)


def _refuse(error: Exception) -> NoReturn:
    hints = {
        "Invalid origin": "it was made on another web address than this portal's",
        "Wrong challenge": "it belongs to another request; start again",
        "User verification": "it was not unlocked by PIN, finger or face, which is required",
        "User Present": "nobody touched it",
        "Wrong RP ID": "it belongs to another site",
        "Unknown credential": "it is not registered for this contact",
        "Invalid signature": "its signature does not hold",
        "cross-origin": "it was asked for inside another site's page",
    }
    why = next(
        (text for start, text in hints.items() if start in str(error)), "its answer could not be understood"
    )
    raise PasskeyRefused(f"The passkey was not accepted: {why}.") from None
