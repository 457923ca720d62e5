# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can go wrong at a foreign system, as sentences.

    ConnectorError
    ├── KeyStoreError ─ KeyMissing, KeyDamaged, KeysNotApart
    ├── SealError ─ SealBroken, AssociatedDataMisused
    ├── BlobError ─ BlobMissing, BlobDamaged, BlobNotWritten
    ├── AddressInvalid
    ├── MailInvalid
    ├── PasskeyRefused
    ├── AgeError ─ RecipientInvalid
    └── ClockWentBack

No message ever contains a key, a password, a token or plaintext.
"""


class ConnectorError(Exception):
    """Base of all: ``code`` is stable, ``str()`` is one sentence with place and remedy."""

    code = "connector_error"


class KeyStoreError(ConnectorError):
    """The key store cannot be used as it is."""

    code = "key_store_unusable"


class KeyMissing(KeyStoreError):
    """The key-encryption key is not (or no longer) in the store."""

    code = "key_missing"


class KeyDamaged(KeyStoreError):
    """A key file is there, but is not a whole key."""

    code = "key_damaged"


class KeysNotApart(KeyStoreError):
    """Keys and data would share one folder, hence one backup."""

    code = "keys_not_apart"


class SealError(ConnectorError):
    """Base of what envelope encryption refuses."""

    code = "seal_error"


class SealBroken(SealError):
    """Ciphertext altered, wrong key, or another place than it was sealed for."""

    code = "seal_broken"


class AssociatedDataMisused(SealError):
    """Associated data that did not come from ``envelope.aad``, or a key of a wrong size."""

    code = "associated_data_misused"


class BlobError(ConnectorError):
    """Base of the file store's errors."""

    code = "blob_error"


class BlobMissing(BlobError):
    """No such stored file."""

    code = "blob_missing"


class BlobDamaged(BlobError):
    """A stored file was altered, cut or put in another's place, or the key is another."""

    code = "blob_damaged"


class BlobNotWritten(BlobError):
    """The disk did not take the file; nothing half-written is left."""

    code = "blob_not_written"


class AddressInvalid(ConnectorError, ValueError):
    """A mail address that could not be one, or that tries to smuggle a command."""

    code = "address_invalid"


class MailInvalid(ConnectorError, ValueError):
    """Values from which no safe mail message can be made."""

    code = "mail_invalid"


class PasskeyRefused(ConnectorError):
    """A passkey's answer does not hold."""

    code = "passkey_refused"


class AgeError(ConnectorError):
    """Encryption to the recipient's key did not work."""

    code = "age_failed"


class RecipientInvalid(AgeError, ValueError):
    """The text is not an age x25519 recipient."""

    code = "age_recipient_invalid"


class ClockWentBack(ConnectorError):
    """The computer's clock is behind what is already recorded."""

    code = "clock_went_back"
