"""A passkey as a phone has it: a key, and what it says to a page of `ORIGIN`."""

import base64
import hashlib
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2 import cbor
from fido2.cose import ES256

DOMAIN = "example.com"
ORIGIN = "https://app.example.com"
PRESENT, VERIFIED, NEW_KEY = 0x01, 0x04, 0x40


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Passkey:
    def __init__(self, origin: str = ORIGIN) -> None:
        self.id = secrets.token_bytes(16)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.owner = ""
        self.origin = origin

    def register(self, options: dict[str, Any]) -> dict[str, Any]:
        """The credential for `creation_options`."""
        self.owner = options["publicKey"]["user"]["id"]
        public = cbor.encode(dict(ES256.from_cryptography_key(self.key.public_key())))
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + public
        spoken = self._client_data("webauthn.create", options)
        data = self._data(PRESENT | VERIFIED | NEW_KEY) + attested
        response = {
            "clientDataJSON": text(spoken),
            "attestationObject": text(cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._credential(response) | {"clientExtensionResults": {"credProps": {"rk": True}}}

    def sign(self, options: dict[str, Any], flags: int = PRESENT | VERIFIED) -> dict[str, Any]:
        """The credential for `request_options`."""
        spoken = self._client_data("webauthn.get", options)
        data = self._data(flags)
        signature = self.key.sign(data + hashlib.sha256(spoken).digest(), ec.ECDSA(hashes.SHA256()))
        return self._credential(
            {
                "clientDataJSON": text(spoken),
                "authenticatorData": text(data),
                "signature": text(signature),
                "userHandle": self.owner,
            }
        )

    def _credential(self, response: dict[str, str]) -> dict[str, Any]:
        return {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "response": response}

    def _client_data(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {"type": kind, "challenge": options["publicKey"]["challenge"], "origin": self.origin, "crossOrigin": False}
        ).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(DOMAIN.encode()).digest() + bytes([flags]) + bytes(4)
