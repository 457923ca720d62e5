# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell import``: the same reading, preview and writing as the wizard, from the command line.

Exit code 0: imported (or, with --dry-run, read). 1: refused, nothing new, or nothing written. 2: the input
cannot be used: no such client, path or password file.
"""

import contextlib
import getpass
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

GOOD, REFUSED, UNUSABLE = 0, 1, 2


class _Stop(Exception):
    """Ends the command with a sentence and an exit code."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(sentence)
        self.code = code


def import_command(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH…",
            help="Files or folders: tables, exports, inventories, credential stores, documents.",
        ),
    ],
    client: Annotated[str, typer.Option("--client", help="The client's name, as Partwell knows it.")],
    source: Annotated[
        str,
        typer.Option(
            "--source", help="What the files are; found out by itself if not given.", metavar="KIND"
        ),
    ] = "",
    named: Annotated[
        list[str] | None,
        typer.Option("--named", help="How the files call the client, if otherwise. May be repeated."),
    ] = None,
    owner: Annotated[
        str,
        typer.Option(
            "--owner", help="Owner where the files do not say: agreement, client, msp, vendor or unknown."
        ),
    ] = "agreement",
    as_: Annotated[
        str,
        typer.Option(
            "--as", help="Mail address of the staff member who imports; the first owner if not given."
        ),
    ] = "",
    ask_password: Annotated[
        bool, typer.Option("--password", help="Ask for the password of a credential store.")
    ] = False,
    password_file: Annotated[
        Path | None, typer.Option("--password-file", help="Read that password from a file's first line.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Key file of a KeePass database.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be imported; write nothing at all.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")
    ] = False,
) -> None:
    """Import files into a client's estate."""
    try:
        result = _import(
            paths,
            client,
            source,
            list(named or ()),
            owner,
            as_,
            ask_password,
            password_file,
            key_file,
            dry_run,
            quiet=as_json,
        )
    except _Stop as stop:
        if as_json:
            typer.echo(json.dumps({"ok": False, "problem": str(stop)}, ensure_ascii=False))
        else:
            typer.echo(str(stop), err=True)
        raise typer.Exit(stop.code) from None
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False))
    else:
        _say(result)
    raise typer.Exit(GOOD if result["ok"] else REFUSED)


def _import(
    paths: list[Path],
    client: str,
    source: str,
    named: list[str],
    owner: str,
    as_: str,
    ask_password: bool,
    password_file: Path | None,
    key_file: Path | None,
    dry: bool,
    *,
    quiet: bool,
) -> dict[str, Any]:
    from partwell.actions.estate import look
    from partwell.actions.estate.confirm_import import confirm_import
    from partwell.actions.estate.run_import import dry_run, run_now
    from partwell.actions.estate.start_import import OWNERS, discard_import, start_import, work_of
    from partwell.actions.people.set_up import actor_of
    from partwell.importers.base import Secret
    from partwell.importers.detect import MODULES
    from partwell.records.estate.queries import import_of, lines_page
    from partwell.rules.refusals import Refusal

    found = look.find_client(client)
    if len(found) != 1:
        raise _Stop(
            f"There {'is no client' if not found else 'are several clients'} called “{client}”. Use the exact name.",
            UNUSABLE,
        )
    staff = look.staff_named(as_)
    if staff is None:
        raise _Stop(
            f"There is no staff member {as_ or 'yet'}. Set the service provider up first, or give a known address with --as.",
            UNUSABLE,
        )
    for path in paths:
        if not path.exists():
            raise _Stop(f"{path}: there is no such file or folder.", UNUSABLE)
        if not path.is_file() and not path.is_dir():  # a pipe without a writer would wait for ever
            raise _Stop(f"{path} is neither a file nor a folder.", UNUSABLE)
    if source and source not in MODULES:
        raise _Stop(f"There is no kind “{source}”. Choose one of: {', '.join(MODULES)}.", UNUSABLE)
    if owner not in OWNERS:
        raise _Stop(f"There is no owner “{owner}”. Choose one of: {', '.join(OWNERS)}.", UNUSABLE)
    password, key = _password(ask_password, password_file), _bytes_of(key_file)
    secret = Secret(password) if password else None
    with _bar(quiet) as tick:
        if dry:
            run = dry_run(
                found[0].id,
                paths,
                source=source,
                client_names=named,
                password=secret,
                key_file=key_file,
                tick=tick,
            )
            return {
                "ok": bool(run.items or run.duplicates) and not run.problems,
                "dry_run": True,
                "client": found[0].name,
                "items": run.items,
                "duplicates": run.duplicates,
                "left_out": run.left_out,
                "with_secrets": run.secrets,
                "understood": run.understood,
                "lines": run.lines,
                "problems": run.problems,
            }
        actor = actor_of(staff, door="cli")
        with contextlib.ExitStack() as stack:
            unread: list[dict[str, str]] = []
            uploads = [
                (name, stack.enter_context(file.open("rb"))) for name, file in _files(paths, stack, unread)
            ]
            batch = start_import(
                actor=actor,
                client_id=found[0].id,
                uploads=uploads,
                source=source,
                password=secret,
                key_file=key,
                options={"client_names": named, "owner": owner},
            )
        if isinstance(batch, Refusal):
            raise _Stop(f"{batch.sentence} {batch.next_step}", REFUSED)
        try:
            _ended(run_now(work_of(batch)[0], tick))
        except KeyboardInterrupt:
            discard_import(
                actor=actor, client_id=found[0].id, import_id=batch.id, reason="Stopped by Ctrl-C."
            )
            raise _Stop("Stopped; nothing was imported.", REFUSED) from None
        row = import_of(found[0].id, batch.id)
        assert row is not None
        result: dict[str, Any] = {
            "ok": False,
            "dry_run": False,
            "client": found[0].name,
            "import": row.id.hex,
            "duplicates": row.duplicate_count,
            "left_out": row.left_out_count + len(unread),
            "with_secrets": row.understood.get("secrets", 0),
            "understood": [one["sentence"] for one in row.understood.get("sentences", [])],
            "problems": [],
            "lines": unread
            + [
                {"line": line.line, "sentence": line.sentence}
                for line in lines_page(row.id, "left_out", 1, 1000)
            ],
        }
        if row.state == "refused" or not row.item_count:
            problem = row.problem or "Nothing in it is new."
            discard_import(actor=actor, client_id=found[0].id, import_id=row.id, reason=problem)
            return {**result, "items": 0, "problems": [problem]}
        job = confirm_import(actor=actor, client_id=found[0].id, import_id=row.id, owner=owner)
        if isinstance(job, Refusal):
            raise _Stop(f"{job.sentence} {job.next_step}", REFUSED)
        try:
            _ended(run_now(job, tick))
        except KeyboardInterrupt:
            raise _Stop(
                "Stopped while writing: nothing of it shows yet. The worker of `partwell run` finishes it; "
                "undo it in the staff pages if it is not wanted.",
                REFUSED,
            ) from None
        row = import_of(found[0].id, batch.id)
        assert row is not None
        return {**result, "ok": row.state == "confirmed", "items": row.item_count}


def _ended(job: Any) -> None:
    if job.state != "done":
        raise _Stop(job.error or "The work did not finish; look at the import in the staff pages.", REFUSED)


def _password(ask: bool, file: Path | None) -> str:
    """By prompt or from a file, never from the command line: others could read it there."""
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
        except (OSError, UnicodeDecodeError):
            raise _Stop(f"{file}: the password file cannot be read.", UNUSABLE) from None
    return getpass.getpass("Password of the credential store: ") if ask else ""


def _bytes_of(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        return file.read_bytes()
    except OSError:
        raise _Stop(f"{file}: the key file cannot be read.", UNUSABLE) from None


def _files(
    paths: list[Path], stack: contextlib.ExitStack, unread: list[dict[str, str]]
) -> Iterator[tuple[str, Path]]:
    """Files as they are; a folder as a ZIP of it, packed without compression and without what symlinks point to.

    What in a folder cannot be read is added to ``unread`` as a line with its reason, like what an importer leaves out.
    """
    from django.conf import settings

    for path in paths:
        if not path.is_dir():
            yield path.name, path
            continue
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="folder-", dir=settings.ENV.home / "tmp"))
        )
        packed = folder / f"{path.resolve().name or 'folder'}.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
            for one in _walk(path, unread):
                name = one.relative_to(path).as_posix()
                try:
                    with one.open("rb"):
                        pass
                except OSError as error:
                    unread.append({"line": name, "sentence": f"“{name}” is left out: {error.strerror}."})
                    continue
                archive.write(one, name)
        yield packed.name, packed


def _walk(top: Path, unread: list[dict[str, str]]) -> Iterator[Path]:
    def closed(error: OSError) -> None:
        name = Path(error.filename).relative_to(top).as_posix() + "/"
        unread.append({"line": name, "sentence": f"The folder “{name}” is left out: {error.strerror}."})

    for root, folders, names in os.walk(top, onerror=closed):
        folders.sort()
        for name in sorted(names):
            one = Path(root) / name
            if one.is_symlink() or not one.is_file():
                place = one.relative_to(top).as_posix()
                unread.append({"line": place, "sentence": f"“{place}” is left out: it is no ordinary file."})
            else:
                yield one


@contextlib.contextmanager
def _bar(quiet: bool) -> Iterator[Any]:
    """A progress bar on standard error where somebody watches; silent for scripts."""
    shown = not quiet and sys.stderr.isatty()
    last = ""

    def tick(stage: str, done: int, total: int) -> None:
        nonlocal last
        if not shown:
            return
        filled = min(30, done * 30 // total) if total else 0
        text = f"\r{(stage or 'waiting')[:10]:<10} [{'#' * filled:<30}] {done:,}{f' of {total:,}' if total else ''}"
        if text != last:
            sys.stderr.write(text)
            sys.stderr.flush()
            last = text

    try:
        yield tick
    finally:
        if last:
            sys.stderr.write("\n")


def _say(result: dict[str, Any]) -> None:
    for sentence in result["understood"]:
        typer.echo(sentence)
    for line in result["lines"][:50]:
        typer.echo(f"  left out, {line['line']}: {line['sentence']}")
    if len(result["lines"]) > 50:
        typer.echo(f"  … and {result['left_out'] - 50:,} more; --json lists them.")
    for problem in result["problems"]:
        typer.echo(problem, err=True)
    verb = "would be imported" if result["dry_run"] else "imported"
    typer.echo(
        f"{result['client']}: {result['items']:,} items {verb}, {result['duplicates']:,} duplicates, {result['left_out']:,} left out."
    )
