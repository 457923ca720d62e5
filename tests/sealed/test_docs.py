# SPDX-License-Identifier: Apache-2.0
"""docs/formats/: each worked example is recomputed, each command is run.

To write the examples anew after a deliberate change: ``python -m tests.sealed.test_docs``.
"""

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from sealed import canonical, container, entry, merkle, note, proof
from tests.sealed.fakelog import NAME, make_bundle, make_files, make_log

FORMATS = Path(__file__).parents[2] / "docs" / "formats"
_MARK = re.compile(r"<!-- example: ([a-z-]+) -->\n(?:```text\n(.*?)\n```\n)?", re.DOTALL)
_COMMANDS = re.compile(r"<!-- commands: ([a-z]+) -->\n```sh\n(.*?)```", re.DOTALL)


def examples() -> dict[str, str]:
    log = make_log(make_files())
    item = log.entries[1]
    salt, content = item.disclosures["public"]
    row = (
        "estate_item",
        "5e" * 16,
        2,
        entry.row_digest(salt, {"name": "Firewall", "serial": "FG-100F-7781"}),
    )
    data = make_bundle(log=log)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {i.filename.removeprefix(NAME + "/"): archive.read(i) for i in archive.infolist()}
        first = archive.infolist()[0]
    head = container.local_header(container.Member(first.filename, first.file_size, first.CRC))
    path = merkle.inclusion_proof(1, 5, log.get)
    return {
        "leaf": item.leaf.decode(),
        "leaf-hash": merkle.leaf_hash(item.leaf).hex(),
        "commitment": f"{salt.hex()}\n{canonical.dumps(content).decode()}\n{entry.commit(salt, content).hex()}",
        "row": f"{entry.row_leaf(*row).decode()}\n{entry.rows_root([row])[1].hex()}",
        "vkey": str(log.signer.vkey),
        "checkpoint": log.checkpoint().decode().removesuffix("\n"),
        "tlog-proof": proof.TlogProof(1, tuple(path), log.checkpoint(), item.leaf)
        .encode()
        .decode()
        .removesuffix("\n"),
        "consistency": log.consistency(2).encode().decode().removesuffix("\n"),
        "entries": item.encode().decode().removesuffix("\n"),
        "manifest": files["manifest-sha256.txt"].decode().removesuffix("\n"),
        "bag-info": files["bag-info.txt"].decode().removesuffix("\n"),
        "seal": files["seal.note"].decode().removesuffix("\n"),
        "container": f"{head.hex(' ')}\n{data[-22:].hex(' ')}",
    }


def pages() -> list[Path]:
    return [FORMATS / f"{name}.md" for name in ("entry", "checkpoint", "proof", "bundle")]


def test_every_example_is_what_the_code_computes() -> None:
    computed, seen = examples(), set()
    for page in pages():
        for name, text in _MARK.findall(page.read_text()):
            assert text == computed[name], (page.name, name)
            seen.add(name)
    assert seen == set(computed)


def test_the_examples_follow_the_formulas_of_the_pages() -> None:
    values = examples()
    leaf = values["leaf"].encode()
    assert hashlib.sha256(b"\0" + leaf).hexdigest() == values["leaf-hash"]
    salt, content, commitment = values["commitment"].split("\n")
    message = b"partwell disclosure v1\0" + bytes.fromhex(salt) + content.encode()
    assert hashlib.sha256(message).hexdigest() == commitment
    assert commitment in values["leaf"]
    assert note.verify_checkpoint(values["checkpoint"].encode() + b"\n", [values["vkey"]]).size == 5


def commands() -> dict[str, str]:
    return dict(_COMMANDS.findall((FORMATS / "bundle.md").read_text()))


@pytest.mark.parametrize("name", ["files", "bagit", "openssl"])
def test_the_commands_of_the_page_accept_a_bundle_and_refuse_a_spoilt_one(tmp_path: Path, name: str) -> None:
    zipfile.ZipFile(io.BytesIO(make_bundle())).extractall(tmp_path)
    folder = tmp_path / NAME
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run() -> int:
        script = "set -eu\n" + commands()[name]
        return subprocess.run(
            ["sh", "-c", script], cwd=folder, env=os.environ | {"PATH": path}, capture_output=True
        ).returncode

    assert run() == 0
    for spoil in (
        ("proof/checkpoint.note", "tagmanifest-sha256.txt", "seal.note")
        if name == "openssl"
        else ("bagit.txt",)
    ):
        good = (folder / spoil).read_bytes()
        (folder / spoil).write_bytes(good.replace(b"1", b"2", 1))
        assert run() != 0, spoil
        (folder / spoil).write_bytes(good)
    assert run() == 0


def test_every_code_is_explained() -> None:
    page = (FORMATS / "bundle.md").read_text()
    used = set()
    for path in (Path(proof.__file__).parent).glob("*.py"):
        used |= set(re.findall(r'\.add\(\s*"([a-z-]+)"', path.read_text()))
    used |= {"container-duplicate", "container-order"}
    assert len(used) > 25
    for code in used:
        short = "-" + code.partition("-")[2]
        assert f"`{code}`" in page or (code.startswith("container-") and f"`{short}`" in page), code


def write() -> None:
    computed = examples()
    for page in pages():
        page.write_text(
            _MARK.sub(
                lambda m: f"<!-- example: {m[1]} -->\n```text\n{computed[m[1]]}\n```\n", page.read_text()
            )
        )


if __name__ == "__main__":
    write()
