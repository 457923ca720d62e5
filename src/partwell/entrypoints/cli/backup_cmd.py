# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell backup``, ``backup-keys`` and ``restore``. Exit code 0: made, restored, or verified clean. 1: findings, or
refused. 2: unusable: a wrong key, a damaged archive, a place that cannot be used; then nothing appeared."""

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from partwell.entrypoints.cli.start import GOOD, REFUSED, UNUSABLE, bar, installed, stop

if TYPE_CHECKING:
    from partwell.actions.backup.make import Made
    from partwell.actions.backup.restore import Restored, Wanted

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]
Recipient = Annotated[
    list[str] | None,
    typer.Option(
        "--recipient", metavar="AGE_KEY", help="Encrypt to this age public key (age1…). May be repeated."
    ),
]
RecipientFile = Annotated[
    Path | None, typer.Option("--recipient-file", help="Read age public keys from a file, one a line.")
]
Identity = Annotated[
    Path | None, typer.Option("--identity", help="File with the age private key that opens the backup.")
]
KeysIdentity = Annotated[
    Path | None,
    typer.Option("--keys-identity", help="File with the age private key that opens the key archive."),
]


def _recipients(given: list[str] | None, file: Path | None, as_json: bool) -> list[str]:
    out = list(given or ())
    if file is not None:
        try:
            lines = file.read_text("ascii", "replace").splitlines()
        except OSError as error:
            stop(f"{file} cannot be read: {error.strerror}.", UNUSABLE, as_json)
        out += [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if not out:
            stop(f"{file} names no age public key.", UNUSABLE, as_json)
    return out


def backup(
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FOLDER|FILE", help="A folder, or a new file whose name ends in .data.age."
        ),
    ] = None,
    recipient: Recipient = None,
    recipient_file: RecipientFile = None,
    verify: Annotated[
        Path | None,
        typer.Option(
            "--verify",
            metavar="FILE",
            help="Make nothing: restore this backup into a folder that goes away, and check it.",
        ),
    ] = None,
    identity: Identity = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="With --verify: do not decrypt and hash every stored file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up the data, encrypted, while the program runs; the keys are not in it (backup-keys)."""
    if (to is None) == (verify is None):
        stop("Give either --to, where the backup goes, or --verify with a backup to try.", UNUSABLE, as_json)
    if verify is not None:
        _verify(verify, identity, not quick, as_json)
    assert to is not None
    installed(as_json)
    from partwell.actions.backup.make import back_up
    from partwell.connectors.errors import ConnectorError

    try:
        with bar(as_json) as tell:
            made = back_up(to, _recipients(recipient, recipient_file, as_json), tell=tell)
    except ConnectorError as error:
        stop(str(error), UNUSABLE, as_json)
    _say_made(made, as_json)
    raise typer.Exit(REFUSED if made.missing else GOOD)


def backup_keys(
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FOLDER|FILE",
            help="A folder, or a new file whose name ends in .keys.age; never the data's.",
        ),
    ],
    recipient: Recipient = None,
    recipient_file: RecipientFile = None,
    as_json: Json = False,
) -> None:
    """Back up the key store, to another place and for another key than the data; old ones of the folder expire."""
    installed(as_json)
    from partwell.actions.backup.make import back_up_keys
    from partwell.connectors.errors import ConnectorError

    try:
        with bar(as_json) as tell:
            made = back_up_keys(to, _recipients(recipient, recipient_file, as_json), tell=tell)
    except ConnectorError as error:
        stop(str(error), UNUSABLE, as_json)
    _say_made(made, as_json)
    raise typer.Exit(GOOD)


def _say_made(made: "Made", as_json: bool) -> None:
    if as_json:
        facts = {
            name: getattr(made, name)
            for name in ("kind", "size", "sha256", "members", "bytes", "entries", "files", "missing", "keys")
        }
        typer.echo(
            json.dumps(
                {"ok": not made.missing, "output": str(made.path), **facts, "removed": list(made.removed)},
                ensure_ascii=False,
            )
        )
        return
    what = f"{made.keys:,} keys" if made.kind == "keys" else f"{made.entries:,} entries, {made.files:,} files"
    typer.echo(f"{made.path}: {what}, {made.size:,} bytes, SHA-256 {made.sha256}")
    if made.missing:
        typer.echo(
            f"PROBLEM  {made.missing:,} files that rows name are not in the vault, so not in this backup: partwell ledger check names them."
        )
    for name in made.removed:
        typer.echo(f"  expired and removed: {name}")
    if made.kind == "data":
        typer.echo(f"Try it: partwell backup --verify {made.path.name} --identity KEYFILE")


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The data's backup (….data.age).")],
    into: Annotated[
        Path, typer.Option("--into", metavar="HOME", help="The home to make; it must not exist, or be empty.")
    ],
    identity: Identity = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            "--keys", metavar="FILE", help="The key archive (….keys.age), if the keys are lost too."
        ),
    ] = None,
    keys_into: Annotated[
        Path | None,
        typer.Option(
            "--keys-into",
            metavar="FOLDER",
            help="The key folder: to make with --keys, else the one that is there. Default PARTWELL_KEYS.",
        ),
    ] = None,
    keys_identity: KeysIdentity = None,
    vkey: Annotated[
        str, typer.Option("--vkey", help="The log's verifier key, where no log store is left to say it.")
    ] = "",
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not decrypt and hash every stored file.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore a backup into a new home; deletions made after it are carried out again before the home appears."""
    wanted = _wanted(file, into, identity, keys, keys_into, keys_identity, vkey, not quick, as_json)
    _finish(wanted, as_json, trying=False)


def _verify(file: Path, identity: Path | None, files: bool, as_json: bool) -> None:
    from partwell import environment

    try:
        scratch = environment.read().home / "tmp"
    except (ValueError, OSError) as error:
        stop(f"This installation cannot be used: {error}", UNUSABLE, as_json)
    wanted = _wanted(file, scratch / "home", identity, None, None, None, "", files, as_json)
    _finish(wanted, as_json, trying=True)


def _wanted(
    file: Path, into: Path, identity: Path | None, keys: Path | None, keys_into: Path | None, keys_identity: Path | None,
    vkey: str, files: bool, as_json: bool,
) -> "Wanted":  # fmt: skip
    from partwell.actions.backup.restore import Wanted
    from partwell.connectors.age import read_identities
    from partwell.connectors.errors import ConnectorError

    if identity is None:
        stop("Give --identity with the file of the age private key that opens the backup.", UNUSABLE, as_json)
    if keys is not None and keys_identity is None:
        stop(
            "Give --keys-identity with the file of the age private key that opens the key archive.",
            UNUSABLE,
            as_json,
        )
    get, home = os.environ.get, into.absolute()
    folder = keys_into or Path(
        get("PARTWELL_KEYS") or home.parent / (home.name + "-keys" if home.name != "home" else "keys")
    )
    log = Path(get("PARTWELL_LOG") or home.parent / f"{home.name}-log")
    if not keys and not folder.is_dir():
        if files:
            stop(
                f"The keys are not in {folder}. Give --keys-into, or --keys with their archive, or --quick to do without.",
                UNUSABLE,
                as_json,
            )
        folder = Path(tempfile.mkdtemp(prefix="partwell-no-keys-"))
    try:
        return Wanted(
            file, into, read_identities(identity), log, folder, keys, read_identities(keys_identity) if keys_identity else (),
            get("PARTWELL_DATABASE", ""), get("PARTWELL_DATABASE_OWNER", ""), vkey, files,
        )  # fmt: skip
    except ConnectorError as error:
        stop(str(error), UNUSABLE, as_json)


def _finish(wanted: "Wanted", as_json: bool, *, trying: bool) -> None:
    from partwell.actions.backup.restore import restore as put_back
    from partwell.actions.backup.restore import verify
    from partwell.connectors.errors import ConnectorError

    try:
        with bar(as_json) as tell:
            done = verify(wanted, tell) if trying else put_back(wanted, tell)
    except ConnectorError as error:
        stop(f"{error} {'' if trying else 'Nothing was restored.'}".strip(), UNUSABLE, as_json)
    except OSError as error:
        stop(f"{error.filename or wanted.into}: {error.strerror}. Nothing was restored.", UNUSABLE, as_json)
    _say_restored(done, wanted, as_json, trying)
    raise typer.Exit(GOOD if done.settled["ok"] and not done.seal.get("missing") else REFUSED)


def _say_restored(done: "Restored", wanted: "Wanted", as_json: bool, trying: bool) -> None:
    found: dict[str, Any] = done.settled
    if as_json:
        facts = {"made_at": done.header["made_at"], "origin": done.header["origin"], "known_by": done.known_by, "keys": done.keys,
                 "files": done.seal["files"], "missing": done.seal["missing"]}  # fmt: skip
        typer.echo(
            json.dumps(
                {
                    "ok": found["ok"],
                    "kept": not trying,
                    **facts,
                    **{k: v for k, v in found.items() if k != "ok"},
                },
                ensure_ascii=False,
            )
        )
        return
    verb = "was restored, checked and removed again" if trying else f"is restored into {wanted.into}"
    typer.echo(
        f"The backup of {done.header['made_at']} {verb}: {found['entries']:,} entries, {done.seal['files']:,} files."
    )
    if not done.known_by:
        typer.echo(
            "WARNING  No log store and no --vkey says whose backup this is; compare its origin: "
            + done.header["origin"]
        )
    for one in found["findings"]:
        typer.echo(
            f"{'PROBLEM ' if one['severity'] == 'problem' else 'WARNING '} {one['code']} ({one['where']}): {one['sentence']}"
        )
    if found["left_out"]:
        typer.echo(f"… and {found['left_out']:,} more.")
    if found["again"]["total"]:
        again = found["again"]
        typer.echo(
            f"Deleted again: {again['keys']:,} keys, {again['blobs']:,} files, {again['disclosures']:,} contents of entries."
        )
    typer.echo("Everything holds." if found["ok"] else "Not everything holds: see above.")
    if found["behind"] and not trying:
        typer.echo(
            f"The log store knows {found['behind']:,} entries more. Nothing is served below the newest known checkpoint: restore a newer "
            'backup, or, where there is none, as an owner: partwell ledger catch-up --reason "…"'
        )
