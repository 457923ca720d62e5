# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a backup set lies, said exactly: what is missing, one spelling for each place, and which places overlap (R6).

Two sets must never share a place, or one client's deletion would take another's data. Places are compared by their
*key*: a text for which "one lies within the other" is the same as "one key begins with the other". It is careful
rather than clever: letters' case does not count, and all addresses of one public storage service are one.
"""

import posixpath
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal, refuse

LONGEST = 600
# No user, no password, no path: the bucket has a field of its own.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[^/:@?#\s\[\]]+)(?::(?P<port>[0-9]{1,5}))?/?",
    re.IGNORECASE | re.ASCII,
)
FIELDS: Mapping[Place, tuple[str, ...]] = {
    Place.BUCKET: ("endpoint", "region", "bucket", "prefix", "whole_bucket", "access_key", "path_style"),
    Place.FOLDER: ("path", "resolved"),
    Place.VENDOR: ("console", "tenant"),
    Place.MEDIA: ("description",),
    Place.VAULT: (),
    Place.UNKNOWN: (),
}
_NEEDED: Mapping[Place, tuple[tuple[str, str], ...]] = {
    Place.BUCKET: (("endpoint", "the address of the storage"), ("bucket", "the bucket")),
    Place.FOLDER: (("path", "the path"),),
    Place.VENDOR: (("console", "the console in which it is emptied"),),
    Place.MEDIA: (("description", "which drives or tapes"),),
}
# May change when a deletion has begun: how the storage is reached, never what is emptied.
ACCESS = ("access_key", "region", "path_style")


@dataclass(frozen=True, slots=True)
class Spelled:
    """A place in its one spelling. ``key``: what it is compared by; empty where places cannot overlap."""

    whereabouts: Mapping[str, str | bool]
    key: str = ""


def spell(place: Place, said: Mapping[str, object], name: str) -> Spelled | Refusal:
    """The whereabouts of the set ``name`` in their one spelling, or what is missing or not understood.

    ``said`` may hold more than the place's own fields; the rest is left out. ``resolved`` of a folder: where links lead.
    """
    plain: dict[str, str | bool] = {}
    for field in FIELDS[place]:
        value = said.get(field)
        plain[field] = value if isinstance(value, bool) else _clean(value)
    missing = [words for field, words in _NEEDED.get(place, ()) if not plain.get(field)]
    if missing:
        return refuse("place_incomplete", subject=name, missing=" and ".join(missing))
    if place is Place.BUCKET:
        return _bucket(plain)
    if place is Place.FOLDER:
        return _folder(plain)
    return Spelled({field: value for field, value in plain.items() if value != ""})


def overlap(one: str, other: str) -> bool:
    """Whether two keys are of places of which one lies within the other, or that are the same."""
    return bool(one and other) and (one.startswith(other) or other.startswith(one))


def within(key: str) -> tuple[str, ...]:
    """Every key of a place that this one lies within, itself too: what to look for besides keys that begin with it."""
    kind, _, rest = key.partition(":")
    parts = rest.split("/")
    return tuple(f"{kind}:" + "/".join(parts[:n]) + "/" for n in range(1, len(parts)))


def _clean(value: object) -> str:
    # Not normalised: a storage tells composed from decomposed letters. Keys are.
    return str(value if value is not None else "").strip()


def _wrong(where: str, problem: str) -> Refusal:
    return refuse("invalid_input", where=where, problem=problem)


def _bucket(plain: dict[str, str | bool]) -> Spelled | Refusal:
    endpoint = str(plain["endpoint"])
    said = _ADDRESS.fullmatch(endpoint if "://" in endpoint else f"https://{endpoint}")
    if said is None or int(said["port"] or 0) > 65535:
        return _wrong(
            "The address of the storage", "write it like https://storage.example:9000, and nothing behind it"
        )
    host, port = said["host"].rstrip(".").lower(), int(said["port"]) if said["port"] else None
    bucket = str(plain["bucket"])
    if "/" in bucket or any(one.isspace() for one in bucket):
        return _wrong("The bucket", "it is one name, without slashes and spaces")
    # An address that names the bucket itself ("bucket.host") is the same place as the host.
    bare = host.removeprefix(f"{bucket.lower()}.")
    shown = f"{said['scheme'].lower()}://{bare}" + (f":{port}" if port not in (None, 80, 443) else "")
    prefix = str(plain["prefix"])
    if prefix.startswith("/") or any(one in ("", ".", "..") for one in prefix.rstrip("/").split("/")[:-1]):
        return _wrong("The prefix", "it begins with a name and has no empty part, no “.” and no “..”")
    prefix = prefix.rstrip("/")
    if prefix in (".", "..") or prefix.rpartition("/")[2] in (".", ".."):
        return _wrong("The prefix", "it begins with a name and has no empty part, no “.” and no “..”")
    prefix = f"{prefix}/" if prefix else ""
    if bool(prefix) == (plain["whole_bucket"] is True):
        return _wrong("The prefix", "give one, or say that the whole bucket is this set, but not both")
    service = (
        "aws"
        if bare.endswith((".amazonaws.com", ".amazonaws.com.cn")) or bare == "s3.amazonaws.com"
        else bare
    )
    where = service if port in (None, 80, 443) else f"{service}~{port}"
    out = {**plain, "endpoint": shown, "bucket": bucket, "prefix": prefix}
    return _keyed(out, f"bucket:{where}/{bucket}/{prefix}")


def _folder(plain: dict[str, str | bool]) -> Spelled | Refusal:
    path = _path(str(plain["path"]))
    if path is None:
        return _wrong("The path", "it begins at the root, like /srv/backups/name, and has no “..”")
    resolved = _path(str(plain.get("resolved") or "")) or path
    if path == "/" or resolved == "/":
        return _wrong("The path", "it is a folder that holds this set and nothing else")
    return _keyed({"path": path, "resolved": resolved}, f"folder:{resolved.lstrip('/')}/")


def _path(text: str) -> str | None:
    """One spelling of an absolute path or share; None where it is not one."""
    said = text.replace("\\", "/")
    if not said.startswith("/") or "\x00" in said or ".." in said.split("/"):
        return None
    return "/" + posixpath.normpath(said).lstrip("/")


def _keyed(whereabouts: dict[str, str | bool], key: str) -> Spelled | Refusal:
    folded = unicodedata.normalize("NFC", key.casefold())
    if len(folded.encode()) > LONGEST:
        return _wrong("Where the set lies", f"it is longer than {LONGEST} bytes")
    return Spelled({field: value for field, value in whereabouts.items() if value != ""}, folded)
