# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a stranger can do with a bundle: check it with Python alone, with the README's own commands, and see where it was damaged."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from house import Surprise, expect

if TYPE_CHECKING:
    from main_job import World

SOURCE = Path(__file__).resolve().parents[1] / "src"


def printed_key(world: "World") -> str:
    """The log's verifier key as it is printed in the signed letter that arrived by mail."""
    from pypdf import PdfReader

    mails = (
        message_from_bytes(world.inbox.read_message(one.message_id), policy=policy.default)
        for one in world.inbox.list_messages(10_000)
    )
    letter = next(
        part
        for mail in mails
        for part in mail.iter_attachments()
        if str(part.get_filename()).startswith("authorisation-1")
    )
    printed = "\n".join(
        page.extract_text() for page in PdfReader(io.BytesIO(letter.get_payload(decode=True))).pages
    )
    found = re.search(r"verifier key\s+(partwell-log-[\s\S]+?)\nLast committed", printed)
    if found is None:
        raise Surprise("The signed letter does not carry the log's verifier key.")
    return found[1]


def kept_checkpoint(world: "World", opened: Path) -> Path:
    """The oldest checkpoint that a mail to client and provider carried, as either would keep it."""
    from main_job_end import _checkpoint, _text

    mails = [
        message_from_bytes(world.inbox.read_message(one.message_id), policy=policy.default)
        for one in world.inbox.list_messages(10_000)
    ]
    # Client and provider each check their bundle with it, so it is one that both have: a mail to both.
    theirs = {one.email for one in world.client.contacts.all()}
    persons = {one.email for firm in world.client.recipients.all() for one in firm.persons.all()}
    to_both = [
        mail
        for mail in mails
        if all(any(one in f"{mail['To']} {mail['Cc']}" for one in some) for some in (theirs, persons))
    ]
    notes = sorted(
        (note for mail in to_both if (note := _checkpoint(_text(mail)))),
        key=lambda note: int(note.split(b"\n")[1]),
    )
    path = opened / "kept.note"
    path.write_bytes(notes[0])
    return path


class Stranger:
    """Who has Python, a copy of ``sealed``, the letter's key and an old mail, and nothing of Partwell."""

    def __init__(self, opened: Path, key: str, kept: Path) -> None:
        self.opened, self.key, self.kept = opened, key, kept
        self.place = opened / "stranger"
        shutil.copytree(
            SOURCE / "sealed", self.place / "sealed", ignore=shutil.ignore_patterns("__pycache__")
        )

    def verify(self, path: Path) -> tuple[int, dict[str, Any]]:
        """``python -m sealed verify`` without site-packages, user folder or environment, in a folder with ``sealed`` alone."""
        command = [sys.executable, "-E", "-s", "-S", "-m", "sealed", "verify", str(path), "--vkey", self.key,
                   "--checkpoint", str(self.kept), "--json"]  # fmt: skip
        ran = subprocess.run(command, cwd=self.place, capture_output=True, text=True, env={}, timeout=300)
        expect(
            ran.returncode in (0, 1) and not ran.stderr, f"sealed could not check: {ran.stdout}{ran.stderr}"
        )
        return ran.returncode, json.loads(ran.stdout)


def run_readme(folder: Path) -> str:
    """Run the shell lines of the bundle's README as they stand, bagit, sha256sum and openssl; what they said."""
    text = (folder / "README.txt").read_text()
    lines = [
        line[4:] for line in text.split("\n2. ")[1].split("\n4. ")[0].splitlines() if line.startswith("    ")
    ]
    expect(lines[0] == f"bagit.py --validate {folder.name}" and any("openssl pkeyutl -verify" in line for line in lines),
           "The README does not explain bagit and openssl.")  # fmt: skip
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(["sh", "-e", "-c", "\n".join(lines)], cwd=folder.parent, capture_output=True, text=True,
                         env={"PATH": tools}, timeout=300)  # fmt: skip
    expect(ran.returncode == 0, f"The README's commands fail: {ran.stdout[-600:]}{ran.stderr[-600:]}")
    expect("is valid" in ran.stderr, "bagit does not say that the bag is valid.")
    return ran.stdout


def flipped(data: bytes, at: int) -> bytes:
    """The same bytes with the lowest bit of one turned over."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def damage(world: "World", container: Path, unpacked: Path, stranger: Stranger) -> None:
    """One bit in different places, then a file removed, added, and a list made anew: ``sealed`` names each."""
    data = container.read_bytes()
    with zipfile.ZipFile(container) as archive:
        name = archive.namelist()[0].partition("/")[0]
        places = {
            one.filename.partition("/")[2]: one.header_offset
            + 30
            + len(one.filename.encode())
            + one.file_size // 2
            for one in archive.infolist()
        }
        first = next(
            one for one in archive.infolist() if one.filename.endswith("/data/inventory/inventory.csv")
        )
    document = max((one for one in places if one.startswith("data/documents/diagrams/")), key=len)
    proof = min(one for one in places if one.endswith(".tlog-proof"))
    aims = [
        (one, places[one])
        for one in (
            document,
            "data/inventory/inventory.csv",
            "index.html",
            "proof/entries.jsonl",
            proof,
            "seal.note",
        )
    ]
    aims.append(("container", first.header_offset + 10))  # its time stamp, which no file's content covers
    copy = stranger.opened / "damaged.zip"
    world.log.say("  one bit flipped in the client's bundle, and what sealed says:")
    for where, at in aims:
        copy.write_bytes(flipped(data, at))
        code, report = stranger.verify(copy)
        found = [one for one in report["findings"] if one["severity"] == "problem"]
        named = [
            one
            for one in found
            if where in one["where"] or (where == "container" and one["offset"] is not None)
        ]
        expect(code == 1 and named, f"A bit flipped in {where} is not named: {found[:3]}")
        world.log.say(
            f"    byte {at:>9,} in {where}: {named[0]['code']}: {named[0]['where'].removeprefix(name + '/')}"
        )
    copy.unlink()
    folder = unpacked / name
    removed = folder / document
    kept = removed.read_bytes()
    removed.unlink()
    (folder / "data/added.txt").write_text("Added later.")
    found = {one["code"] for one in stranger.verify(folder)[1]["findings"]}
    expect({"file-missing", "file-added"} <= found, f"A removed and an added file are not found: {found}")
    (folder / "data/added.txt").unlink()
    removed.write_bytes(flipped(kept, 0))
    for line in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):  # a forger makes both lists anew
        path = folder / line
        rows = [row.split("  ", 1) for row in path.read_text().splitlines()]
        path.write_text(
            "".join(
                f"{hashlib.sha256((folder / file).read_bytes()).hexdigest()}  {file}\n" for _, file in rows
            )
        )
    quiet = subprocess.run(
        ["sha256sum", "--quiet", "-c", "manifest-sha256.txt"], cwd=folder, capture_output=True, timeout=60
    )
    found = {one["code"] for one in stranger.verify(folder)[1]["findings"]}
    expect(
        quiet.returncode == 0 and {"manifest-not-logged", "seal-mismatch"} <= found,
        f"A forger's lists are not found: {found}",
    )
    world.log.fact("A forger's new lists: sha256sum, sealed", f"satisfied, {', '.join(sorted(found))}")
    world.log.figures |= {"bits flipped and named": len(aims)}
