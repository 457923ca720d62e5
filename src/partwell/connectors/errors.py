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
    ├── ClockWentBack
    └── PlaceError ─ PlaceUnreachable ─ PlaceMissing; PlaceRefused ─ PlaceCredentialsExpired;
                     PlaceThrottled, PathTrick

No message ever contains a key, a password, a token or plaintext.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partwell.connectors.places import Outcome


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


class PlaceError(ConnectorError):
    """Base of what a place of backups cannot do. ``outcomes``: what was settled of the same call before it."""

    code = "place_error"

    def __init__(self, sentence: str, outcomes: "Sequence[Outcome]" = ()) -> None:
        super().__init__(sentence)
        self.outcomes: tuple[Outcome, ...] = tuple(outcomes)


class PlaceUnreachable(PlaceError):
    """The place gave no answer, or none that can be understood: try again later."""

    code = "place_unreachable"


class PlaceMissing(PlaceUnreachable):
    """It answered that there is no such bucket or folder: never the same as empty."""

    code = "place_missing"


class PlaceRefused(PlaceError):
    """Wrong secret, or no permission for what was asked."""

    code = "place_refused"


class PlaceCredentialsExpired(PlaceRefused):
    """The credentials were right and are not any more: give new ones, and go on."""

    code = "place_credentials_expired"


class PlaceThrottled(PlaceError):
    """It asked for patience more often than we wait in one go: go on later."""

    code = "place_throttled"


class PathTrick(PlaceError, ValueError):
    """A root, prefix or path that leads, or could lead, to what is not the client's."""

    code = "path_trick"
