# SPDX-License-Identifier: AGPL-3.0-or-later
"""A passkey in software: what a browser would answer to the options of a page (attestation "none")."""

import hashlib
import json
import os
import struct
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.utils import websafe_encode


class Passkey:
    """One credential on one device of a person who unlocked it (``flags`` 0x05: present and verified)."""

    def __init__(self, origin: str, rp_id: str = "localhost") -> None:
        self.key, self.id, self.count = ec.generate_private_key(ec.SECP256R1()), os.urandom(32), 0
        self.flags, self.origin, self.rp_id = 0x05, origin, rp_id
        self.user = b""

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _data(self, flags: int, rest: bytes = b"") -> bytes:
        self.count += 1
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.count) + rest

    def create(self, options: Any) -> dict[str, Any]:
        """The answer to creation options (JSON text, bytes or parsed)."""
        wanted = _parsed(options)
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        attested = b"\0" * 16 + struct.pack(">H", len(self.id)) + self.id + cbor.encode(cose)
        data = self._data(self.flags | 0x40, attested)
        made = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
        self.user = wanted["user"]["id"]
        return self._answer(
            {
                "clientDataJSON": self._client("webauthn.create", wanted["challenge"]),
                "attestationObject": made,
            }
        )

    def get(self, options: Any) -> dict[str, Any]:
        """The answer to request options."""
        client = self._client("webauthn.get", _parsed(options)["challenge"])
        data = self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        answer = self._answer({"clientDataJSON": client, "authenticatorData": data, "signature": signature})
        answer["response"]["userHandle"] = self.user
        return answer

    def _answer(self, parts: dict[str, bytes]) -> dict[str, Any]:
        name = websafe_encode(self.id)
        response: dict[str, Any] = {key: websafe_encode(value) for key, value in parts.items()}
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }


def _parsed(options: Any) -> dict[str, Any]:
    given = json.loads(options) if isinstance(options, str | bytes) else options
    return dict(given.get("publicKey", given))
