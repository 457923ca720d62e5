# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passkeys of contacts against a software authenticator written here (attestation "none")."""

import hashlib
import json
import os
import struct
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import websafe_decode, websafe_encode

from partwell.connectors import webauthn
from partwell.connectors.errors import PasskeyRefused
from partwell.connectors.webauthn import CredentialRecord

RP, ORIGIN = "portal.msp.example", "https://portal.msp.example"
DIGEST = hashlib.sha256(b"authorisation, version 3").digest()


class Authenticator:
    """One passkey on one device."""

    def __init__(self) -> None:
        self.key, self.id, self.count = ec.generate_private_key(ec.SECP256R1()), os.urandom(32), 0
        self.flags, self.origin, self.rp_id, self.cross = 0x05, ORIGIN, RP, False

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.cross}
        ).encode()

    def _data(self, flags: int, rest: bytes = b"") -> bytes:
        self.count += 1
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count) + rest

    def create(self, options: str, kind: str = "webauthn.create") -> dict[str, Any]:
        wanted = json.loads(options)["publicKey"]
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        attested = b"\0" * 16 + struct.pack(">H", len(self.id)) + self.id + cbor.encode(cose)
        made = cbor.encode(
            {"fmt": "none", "attStmt": {}, "authData": self._data(self.flags | 0x40, attested)}
        )
        client = self._client(kind, wanted["challenge"])
        return self._answer({"clientDataJSON": client, "attestationObject": made})

    def get(self, options: str, kind: str = "webauthn.get") -> dict[str, Any]:
        client = self._client(kind, json.loads(options)["publicKey"]["challenge"])
        data = self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": client, "authenticatorData": data, "signature": signature})

    def _answer(self, parts: dict[str, bytes]) -> dict[str, Any]:
        name = websafe_encode(self.id)
        response = {key: websafe_encode(value) for key, value in parts.items()}
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def register(device: Authenticator) -> CredentialRecord:
    options, state = webauthn.registration_options(RP, "Northgate IT", os.urandom(16), "Anna", [b"old-id-0"])
    state = json.loads(json.dumps(state))
    return webauthn.finish_registration(state, json.dumps(device.create(options)), ORIGIN)


@pytest.fixture
def device() -> Authenticator:
    return Authenticator()


def test_registration_asks_for_what_is_required() -> None:
    options = json.loads(
        webauthn.registration_options(RP, "Northgate IT", b"handle", "Anna", [b"old-id-0"])[0]
    )["publicKey"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none" and options["rp"] == {"id": RP, "name": "Northgate IT"}
    assert [websafe_decode(one["id"]) for one in options["excludeCredentials"]] == [b"old-id-0"]
    assert len(websafe_decode(options["challenge"])) >= 32


def test_register_and_sign_in(device: Authenticator) -> None:
    record = register(device)
    assert (record.id, record.sign_count, record.user_verified) == (device.id, 1, True)
    options, state = webauthn.authentication_options(RP, [register(Authenticator()), record])
    assert json.loads(options)["publicKey"]["userVerification"] == "required"
    state = json.loads(json.dumps(state))
    done = webauthn.finish_authentication(state, [record], json.dumps(device.get(options)), ORIGIN)
    assert (done.credential_id, done.sign_count, done.user_verified) == (device.id, 2, True)


def test_signature_covers_the_document(device: Authenticator) -> None:
    record = register(device)
    challenge = webauthn.challenge_for(DIGEST)
    assert challenge[32:] == DIGEST and challenge != webauthn.challenge_for(DIGEST)
    options, state = webauthn.authentication_options(RP, [record], challenge)
    answer = device.get(options)
    other = hashlib.sha256(b"authorisation, version 4").digest()
    with pytest.raises(PasskeyRefused, match="changed after it was shown"):
        webauthn.finish_authentication(state, [record], answer, ORIGIN, document_digest=other)
    signed = webauthn.finish_authentication(state, [record], answer, ORIGIN, document_digest=DIGEST)

    def holds(assertion: webauthn.Assertion = signed, **more: Any) -> bool:
        values = {
            "public_key": record.public_key,
            "rp_id": RP,
            "origin": ORIGIN,
            "document_digest": DIGEST,
        } | more
        return webauthn.verify_assertion(assertion, **values)

    assert holds()
    assert not holds(document_digest=other) and not holds(document_digest=b"")
    assert not holds(origin="https://evil.example") and not holds(rp_id="evil.example")
    assert not holds(public_key=register(Authenticator()).public_key) and not holds(public_key=b"\xff")
    for name in ("client_data", "authenticator_data", "signature"):
        raw = getattr(signed, name)
        for index in range(len(raw)):
            bad = bytearray(raw)
            bad[index] ^= 1
            assert not holds(replace(signed, **{name: bytes(bad)})), (name, index)


def test_a_plain_sign_in_is_no_signature_of_a_document(device: Authenticator) -> None:
    record = register(device)
    options, state = webauthn.authentication_options(RP, [record])
    with pytest.raises(PasskeyRefused):
        webauthn.finish_authentication(state, [record], device.get(options), ORIGIN, document_digest=DIGEST)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"origin": "https://evil.example"}, "another web address"),
    ({"origin": "http://portal.msp.example"}, "another web address"),
    ({"origin": "https://portal.msp.example.evil.example"}, "another web address"),
    ({"origin": "https://portal.msp.example:8443"}, "another web address"),
    ({"origin": "https://sub.portal.msp.example"}, "another web address"),
    ({"rp_id": "msp.example"}, "another site"),
    ({"flags": 0x01}, "not unlocked"),
    ({"flags": 0x04}, "nobody touched"),
    ({"cross": True}, "another site's page"),
]


@pytest.mark.parametrize(("change", "why"), BAD, ids=str)
def test_an_answer_from_elsewhere(device: Authenticator, change: dict[str, Any], why: str) -> None:
    record = register(device)
    vars(device).update(change)
    options, state = webauthn.authentication_options(RP, [record])
    with pytest.raises(PasskeyRefused, match=why):
        webauthn.finish_authentication(state, [record], device.get(options), ORIGIN)
    options, state = webauthn.registration_options(RP, "Northgate IT", b"h", "Anna")
    with pytest.raises(PasskeyRefused, match=why):
        webauthn.finish_registration(state, device.create(options), ORIGIN)


def test_challenge_credential_signature_and_kind(device: Authenticator) -> None:
    record = register(device)
    options, state = webauthn.authentication_options(RP, [record])
    another, _ = webauthn.authentication_options(RP, [record])

    def refused(why: str, answer: Any, credentials: list[CredentialRecord] | None = None) -> None:
        with pytest.raises(PasskeyRefused, match=why):
            webauthn.finish_authentication(state, credentials or [record], answer, ORIGIN)

    refused("another request", device.get(another))
    refused("not registered", device.get(options), [register(Authenticator())])
    refused(
        "signature does not hold",
        device.get(options),
        [replace(record, public_key=register(Authenticator()).public_key)],
    )
    refused("not be understood", device.get(options, kind="webauthn.create"))
    answer = device.get(options)
    refused("not be understood", answer | {"id": websafe_encode(b"other")})
    refused("not be understood", answer | {"response": {}})


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", "nonsense", "x" * 70000, '{"rawId": 5}', "[" * 9000]
)
def test_nonsense_is_refused(device: Authenticator, answer: str) -> None:
    record = register(device)
    _, state = webauthn.authentication_options(RP, [record])
    with pytest.raises(PasskeyRefused):
        webauthn.finish_authentication(state, [record], answer, ORIGIN)
    _, state = webauthn.registration_options(RP, "N", b"h", "Anna")
    with pytest.raises(PasskeyRefused):
        webauthn.finish_registration(state, answer, ORIGIN)


def test_hostile_attestation_is_refused_whatever_it_raises(device: Authenticator) -> None:
    options, state = webauthn.registration_options(RP, "N", b"h", "Anna")
    good = device.create(options)
    raw = websafe_decode(good["response"]["attestationObject"])
    for cut in range(0, len(raw), 3):
        bad = good | {"response": good["response"] | {"attestationObject": websafe_encode(raw[:cut])}}
        with pytest.raises(PasskeyRefused):
            webauthn.finish_registration(state, bad, ORIGIN)


def test_a_copied_passkey_shows_by_its_counter(device: Authenticator) -> None:
    record = replace(register(device), sign_count=7)
    options, state = webauthn.authentication_options(RP, [record])
    with pytest.raises(PasskeyRefused, match="copied"):
        webauthn.finish_authentication(state, [record], device.get(options), ORIGIN)
    record, device.count = replace(record, sign_count=0), -1  # synced passkeys count nothing: always 0
    assert webauthn.finish_authentication(state, [record], device.get(options), ORIGIN).sign_count == 0


def test_states_are_not_interchangeable(device: Authenticator) -> None:
    record = register(device)
    options, state = webauthn.authentication_options(RP, [record])
    answer = device.get(options)
    for bad in ({}, state | {"purpose": "register"}, state | {"challenge": ""}):
        with pytest.raises(PasskeyRefused, match="start again"):
            webauthn.finish_authentication(bad, [record], answer, ORIGIN)
    with pytest.raises(PasskeyRefused, match="register one first"):
        webauthn.authentication_options(RP, [])
    with pytest.raises(ValueError):
        webauthn.challenge_for(b"short")
