# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of a bundle, and the README's shell lines run on a real bundle."""

import hashlib
import io
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from partwell.documents.bundle_pages import index_html, readme_txt, timeline_html
from partwell.documents.texts import DocumentError

from . import samples

WHEN = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
BASE: dict[str, Any] = {
    "msp": "Harbourline IT", "client": "Northwick Traders Ltd", "recipient": "Alder Row IT GmbH", "made_at": WHEN,
    "zone": "Europe/Berlin", "name": "northwick-2026-11-20",
}  # fmt: skip
FULL = BASE | {
    "purpose": "Handover to the new provider",
    "categories": [{"label": "Purchased hardware", "text": "3 items"}],
    "files": [{"path": "data/inventory.html", "title": "Inventory", "note": "to read and print"}],
    "missing": ["Firewall password: handed over by one-time reveal"],
    "vkey": samples.PROOF["vkey"],
    "checkpoint": samples.CHECKPOINT,
    "checkpoint_at": WHEN,
}


def test_the_index_says_all_and_needs_nothing() -> None:
    page = index_html(FULL)
    assert '<a href="data/inventory.html">Inventory</a>' in page and '<a href="README.txt">' in page
    assert samples.CHECKPOINT in page and samples.PROOF["vkey"] in page
    assert "python -m sealed verify northwick-2026-11-20.zip" in page
    assert "<script" not in page and "src=" not in page and "http" not in re.sub(r"http-equiv", "", page)
    assert index_html(FULL) == page


def test_hostile_values_stay_words() -> None:
    evil = dict.fromkeys(("msp", "client", "recipient", "purpose", "vkey", "checkpoint"), samples.HOSTILE)
    files = [
        {"path": path, "title": samples.HOSTILE}
        for path in ("../../x", "/etc", "javascript:alert(1)", "a b", '"x')
    ]
    page = index_html(FULL | evil | {"files": files, "missing": [samples.HOSTILE]})
    assert "<script" not in page and "href=" in page
    assert set(re.findall(r'href="([^"]*)"', page)) == {"README.txt"}
    line = timeline_html(
        {"msp": "M", "client": samples.HOSTILE, "zone": "UTC"},
        [{"at": WHEN, "sentence": samples.HOSTILE, "entry": 7, "proof": "proof/7.tlog-proof"}],
    )
    assert "<script" not in line and '<a href="proof/7.tlog-proof">entry 7</a>' in line


def test_empty_pages_say_so() -> None:
    assert "Nothing was left out" in index_html(BASE)
    assert "Nothing has happened yet." in timeline_html({"msp": "M", "client": "C", "zone": "UTC"}, [])


def test_unknown_fields_and_names_that_would_run_are_refused() -> None:
    with pytest.raises(DocumentError, match="secret"):
        index_html(FULL | {"secret": "x"})
    with pytest.raises(DocumentError, match="name"):
        readme_txt(BASE | {"name": "x; rm -rf ~"})
    assert "self-signed certificate proves integrity only" in " ".join(readme_txt(BASE).split())


def _bundle() -> tuple[bytes, str]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from sealed import bag, note

    # Every second key has a plus sign among its base64, which also parts a verifier key's fields: take such a one.
    seeds = (hashlib.sha256(b"test only %d" % number).digest() for number in range(100))
    keys = (Ed25519PrivateKey.from_private_bytes(seed) for seed in seeds)
    signers = (
        note.Signer("partwell.example/3f9a", key.public_key().public_bytes_raw(), key.sign) for key in keys
    )
    signer = next(one for one in signers if note.format_vkey(one.name, one.public_key).count("+") > 2)
    public = signer.public_key
    checkpoint = note.sign_checkpoint(note.Checkpoint(signer.name, 1, b"\x11" * 32), signer)
    out = io.BytesIO()
    bag.write_bundle(
        out,
        [bag.BundleFile.from_bytes("inventory.csv", b"x")],
        name=BASE["name"],
        bag_info={"Source-Organization": "Harbourline IT"},
        tag_files={"README.txt": readme_txt(BASE).encode(), "index.html": index_html(FULL).encode()},
        seal=signer,
    )
    # the proof folder is the bundle builder's; its two files stand here as the README expects them
    return out.getvalue(), f"{note.format_vkey(signer.name, public)}\n\0{checkpoint.decode()}"


@pytest.mark.skipif(
    not shutil.which("openssl") or sys.platform == "win32", reason="needs openssl and a POSIX shell"
)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_readme_is_true(tmp_path: Path, shell: str) -> None:
    data, proof = _bundle()
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        container.extractall(tmp_path)
    folder = tmp_path / BASE["name"]
    (folder / "proof").mkdir(exist_ok=True)
    for name, text in zip(("log.vkey", "checkpoint.note"), proof.split("\0"), strict=True):
        (folder / "proof" / name).write_text(text)
    readme = (folder / "README.txt").read_text()
    lines = [line[4:] for line in readme.splitlines() if line.startswith("    ")]
    script = "\n".join(lines[lines.index(f"cd {BASE['name']}") + 1 :])

    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run([shell, "-c", script], cwd=folder, capture_output=True, text=True)

    done = run()
    assert done.stdout.count("Signature Verified Successfully") == 2, done
    assert done.stdout.count(": OK") >= 4 and "FAILED" not in done.stdout
    last = done.stdout.splitlines()[-2:]
    assert last[0] == last[1].split()[0]
    seal = folder / "seal.note"
    seal.write_text(seal.read_text().replace("sha256 ", "sha256 0", 1))
    assert run().stdout.count("Signature Verified Successfully") == 1
