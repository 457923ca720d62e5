# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a bucket says of itself before a date of deletion is promised: versioning, locks, copies, rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from partwell.connectors import s3_calls
from partwell.connectors.places import Answer, PlaceFacts, Versioning
from partwell.connectors.s3_calls import Calls, Said

_NONE = {
    "ObjectLockConfigurationNotFoundError", "ReplicationConfigurationNotFoundError", "NoSuchLifecycleConfiguration",
    "NoSuchReplicationConfiguration", "404", "NoSuchConfiguration",
}  # fmt: skip


@dataclass(frozen=True)
class ObjectLock:
    """``on`` is true also where the storage would not tell (``known`` false): then each version is asked."""

    on: bool
    default: str
    known: bool


class _Asked:
    """Answers collected for evidence, and what was not answered."""

    def __init__(self, calls: Calls, bucket: str) -> None:
        self.calls, self.bucket = calls, bucket
        self.raw: list[Answer] = []
        self.unknown: list[str] = []

    def ask(self, operation: str, name: str, **more: Any) -> dict[str, Any] | None:
        """The answer; empty for "there is none"; None for no permission or not implemented."""
        try:
            answer = self.calls.ask(operation, Bucket=self.bucket, **more)
        except Said as said:
            text = {"code": said.code, "message": said.message}
            self.raw.append(self.calls.hear(operation, text))
            if said.code in _NONE:
                return {}
            self.unknown.append(name)
            return None
        self.raw.append(self.calls.hear(operation, s3_calls.plain(answer)))
        return answer


def object_lock(calls: Calls, bucket: str) -> ObjectLock:
    """Whether versions of this bucket can be locked, and what new ones are locked with."""
    return _object_lock(_Asked(calls, bucket))


def _object_lock(asked: _Asked) -> ObjectLock:
    answer = asked.ask("get_object_lock_configuration", "Object Lock")
    if answer is None:
        # a storage that does not know the question has no locks; one that forbids it may have
        missing = any(f'"code":"{code}"' in asked.raw[-1].text for code in s3_calls.NOT_THERE)
        return ObjectLock(not missing, "", False)
    found = answer.get("ObjectLockConfiguration") or {}
    rule = (found.get("Rule") or {}).get("DefaultRetention") or {}
    length = (
        f"{rule['Days']} days" if rule.get("Days") else f"{rule['Years']} years" if rule.get("Years") else ""
    )
    words = f"{str(rule['Mode']).lower()}, {length}" if rule.get("Mode") else ""
    return ObjectLock(found.get("ObjectLockEnabled") == "Enabled", words, True)


def gather(calls: Calls, bucket: str, prefix: str, identity: str) -> PlaceFacts:
    """Ask everything. Raises ``PlaceError``: also where the credentials may not even list."""
    asked = _Asked(calls, bucket)
    try:
        listed = calls.ask("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
    except Said as said:
        raise calls.denied(said, "the listing (s3:ListBucket)") from None
    asked.raw.append(calls.hear("list_objects_v2", s3_calls.plain(listed)))
    calls.is_listing(listed, "Name", prefix)
    status = asked.ask("get_bucket_versioning", "versioning")
    # not told: expect the harder case
    versioning: Versioning = "on"
    if status is not None:
        versions: dict[Any, Versioning] = {"Enabled": "on", "Suspended": "suspended"}
        versioning = versions.get(status.get("Status"), "off")
    lock = _object_lock(asked)
    replication = asked.ask("get_bucket_replication", "replication") or {}
    lifecycle = asked.ask("get_bucket_lifecycle_configuration", "lifecycle") or {}
    asked.ask("list_multipart_uploads", "incomplete uploads", Prefix=prefix, MaxUploads=1)
    return PlaceFacts(
        True, versioning, lock.on, lock.default,
        tuple(_replicas(replication.get("ReplicationConfiguration") or {})),
        (*_second_factor(status or {}), *_rules(lifecycle.get("Rules") or ())),
        tuple(asked.raw), tuple(asked.unknown), identity,
    )  # fmt: skip


def _second_factor(found: Mapping[str, Any]) -> Iterator[str]:
    if found.get("MFADelete") == "Enabled":
        yield "Versions can only be deleted by the account's owner with a second factor (MFA delete is on): switch it off first."


def _replicas(found: Mapping[str, Any]) -> Iterator[str]:
    for rule in found.get("Rules", ()):
        to = rule.get("Destination", {})
        target = str(to.get("Bucket", "")).removeprefix("arn:aws:s3:::")
        state = "" if rule.get("Status") == "Enabled" else " (switched off)"
        markers = (rule.get("DeleteMarkerReplication") or {}).get("Status") == "Enabled"
        deletions = "delete markers are copied too" if markers else "deletions are not copied"
        yield f"Copied to bucket {target}{state}; {deletions}, versions deleted here stay there."


def _rules(found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for rule in found:
        name = rule.get("ID") or "without a name"
        state = "" if rule.get("Status") == "Enabled" else ", switched off"
        where = (rule.get("Filter") or {}).get("Prefix") or rule.get("Prefix") or "everything"
        does = []
        if days := (rule.get("Expiration") or {}).get("Days"):
            does.append(f"expires after {days} days")
        if days := (rule.get("NoncurrentVersionExpiration") or {}).get("NoncurrentDays"):
            does.append(f"deletes old versions after {days} days")
        if days := (rule.get("AbortIncompleteMultipartUpload") or {}).get("DaysAfterInitiation"):
            does.append(f"ends incomplete uploads after {days} days")
        does += [f"moves to {one.get('StorageClass', '?')}" for one in rule.get("Transitions", ())]
        yield f"Rule {name} for {where}{state}: {', '.join(does) or 'see the storage answer'}."
