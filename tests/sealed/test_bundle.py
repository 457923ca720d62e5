# SPDX-License-Identifier: Apache-2.0
"""Bundles as other tools see them, and what a forger or an accident does to them."""

import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealed import bag, container, note
from sealed.findings import Report
from sealed.names import safe_name
from sealed.verify import verify, verify_zip
from tests.sealed.fakelog import FILES, NAME, TAGS, FakeLog, make_bundle, make_files, make_log, make_signer

KEY = make_signer().vkey


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def check(data: bytes, key: note.VerifierKey | None = KEY) -> Report:
    return verify_zip(io.BytesIO(data), len(data), key)


def unpack(data: bytes, where: Path) -> Path:
    zipfile.ZipFile(io.BytesIO(data)).extractall(where)
    return where / NAME


def rewrite(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A well-formed container of changed files: what someone makes who knows these rules but has no key."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        files = {info.filename.removeprefix(NAME + "/"): old.read(info) for info in old.infolist()}
    change(files)
    out = io.BytesIO()
    writer = container.ContainerWriter(out)
    for name in sorted(files):
        writer.add(
            container.Member(f"{NAME}/{name}", len(files[name]), zipfile.crc32(files[name])), files[name]
        )
    writer.close()
    return out.getvalue()


def recompute(files: dict[str, bytes]) -> None:
    def lines(names: list[str]) -> bytes:
        return "".join(f"{hashlib.sha256(files[n]).hexdigest()}  {n}\n" for n in sorted(names)).encode()

    files[bag.MANIFEST] = lines([n for n in files if n.startswith("data/")])
    files[bag.TAG_MANIFEST] = lines(
        [n for n in files if not n.startswith("data/") and n not in (bag.TAG_MANIFEST, bag.SEAL)]
    )


def test_a_whole_bundle_holds_in_both_forms(tmp_path: Path) -> None:
    data = make_bundle()
    report = check(data)
    assert report.findings == []
    assert report.facts["entries_proved"] == 3
    assert report.facts["manifest_logged_at"] == "2026-11-23T09:03:00.123456Z"
    assert report.facts["earlier_checkpoints"] == [2]
    assert verify(unpack(data, tmp_path), str(KEY)).findings == []
    assert verify(tmp_path, str(KEY)).findings == []  # the folder that it was unpacked into
    own = verify(tmp_path)
    assert own.ok and codes(own) == {"key-from-bundle"}


def test_the_same_input_gives_the_same_bytes() -> None:
    assert make_bundle() == make_bundle()


def test_bagit_accepts_our_bags(tmp_path: Path) -> None:
    folder = unpack(make_bundle(), tmp_path)
    # bagit changes the working directory of its process: it gets one of its own.
    done = subprocess.run(
        [sys.executable, "-m", "bagit", "--validate", str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (folder / "data/documents/network.txt").write_text("other")
    done = subprocess.run(
        [sys.executable, "-m", "bagit", "--validate", str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 1


def test_sha256sum_accepts_our_manifests(tmp_path: Path) -> None:
    folder = unpack(make_bundle(), tmp_path)
    for manifest in (bag.MANIFEST, bag.TAG_MANIFEST):
        subprocess.run(["sha256sum", "--strict", "--quiet", "-c", manifest], cwd=folder, check=True)


def test_other_zip_tools_accept_our_containers(tmp_path: Path) -> None:
    data = make_bundle()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("recomputed", [False, True])
def test_removed_added_renamed_files_are_named(tmp_path: Path, recomputed: bool) -> None:
    data = make_bundle()
    for name in [*("data/" + n for n in FILES), *TAGS, "proof/1.tlog-proof"]:
        for kind in ("removed", "renamed", "added", "changed"):
            new = name + "x"

            def change(files: dict[str, bytes], name: str = name, kind: str = kind, new: str = new) -> None:
                if kind in ("removed", "renamed"):
                    content = files.pop(name)
                if kind == "renamed":
                    files[new] = content
                if kind == "added":
                    files[new] = b"new"
                if kind == "changed":
                    files[name] += b"!"
                if recomputed:
                    recompute(files)

            forged = rewrite(data, change)
            for report in (check(forged), verify(unpack(forged, tmp_path / f"{name}-{kind}"), str(KEY))):
                assert not report.ok
                if recomputed:
                    assert "seal-mismatch" in codes(report)
                    if name.startswith("data/"):
                        assert "manifest-not-logged" in codes(report)
                else:
                    where = {finding.where for finding in report.findings}
                    assert (new if kind == "added" else name) in where, (name, kind)
                    assert new in where or kind != "renamed"


def test_a_forger_who_seals_with_another_key_is_found() -> None:
    forger = make_signer(seed=66)
    forged = make_bundle({**FILES, "documents/network.txt": b"forged"}, signer=forger)
    report = check(forged)
    assert {"seal-signature", "checkpoint-signature", "key-differs"} <= codes(report)
    alone = check(forged, None)
    assert alone.ok and codes(alone) == {
        "key-from-bundle"
    }  # so the key must come from outside: the report says so


def test_an_honest_log_with_a_foreign_list_of_files_is_found() -> None:
    contents = {**FILES, "documents/late.txt": b"slipped in"}
    log = make_log(make_files())
    with pytest.raises(bag.BagError, match="log plan_manifest"):
        make_bundle(contents, log=log)  # the writer itself refuses

    def slip(files: dict[str, bytes]) -> None:
        files["data/documents/late.txt"] = b"slipped in"
        size = sum(len(content) for name, content in files.items() if name.startswith("data/"))
        files["bag-info.txt"] = re.sub(rb"Oxum: .*", b"Oxum: %d.4" % size, files["bag-info.txt"])
        recompute(files)
        text = bag.seal_text(NAME, hashlib.sha256(files[bag.TAG_MANIFEST]).hexdigest())
        files[bag.SEAL] = note.sign(text, log.signer.name, log.signer.sign, log.signer.public_key)

    # Even who holds the key cannot add a file afterwards without logging a new list.
    assert codes(check(rewrite(make_bundle(log=log), slip))) == {"manifest-not-logged"}


def entries_changed(change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    def spoil(files: dict[str, bytes]) -> None:
        files[bag.ENTRIES] = b"".join(change(files[bag.ENTRIES].splitlines(keepends=True)))
        recompute(files)

    return rewrite(make_bundle(), spoil)


def test_dropped_reordered_repeated_entries_are_named() -> None:
    dropped = check(entries_changed(lambda lines: [lines[0], lines[2]]))
    assert any(f.code == "entry-missing" and f.where == "proof/1.tlog-proof" for f in dropped.findings)
    reordered = check(entries_changed(lambda lines: [lines[1], lines[0], lines[2]]))
    assert any(f.code == "entry-order" and f.where.endswith("entry 0") for f in reordered.findings)
    assert "entry-order" in codes(check(entries_changed(lambda lines: [lines[0], *lines])))
    last = check(entries_changed(lambda lines: lines[:2]))
    assert "manifest-not-logged" in codes(last)


def test_a_changed_disclosure_or_leaf_is_named() -> None:
    lied = check(
        entries_changed(lambda lines: [line.replace(b"new provider", b"old provider") for line in lines])
    )
    assert any(f.code == "disclosure-mismatch" and f.where.endswith("entry 1") for f in lied.findings)

    def swap(files: dict[str, bytes]) -> None:
        other = FakeLog()
        other.append("notice.received", {"reason": "forged"})
        files[bag.ENTRIES] = files[bag.ENTRIES].replace(
            files[bag.ENTRIES].splitlines(keepends=True)[0], other.entries[0].encode()
        )
        files["proof/0.tlog-proof"] = files["proof/0.tlog-proof"].replace(
            b"extra " + files["proof/0.tlog-proof"].split(b"extra ")[1].split(b"\n")[0],
            b"extra " + note.base64.b64encode(other.entries[0].leaf),
        )
        recompute(files)

    assert "entry-not-in-log" in codes(check(rewrite(make_bundle(), swap)))


def test_cut_prefixed_and_lengthened_containers_are_found() -> None:
    data = make_bundle()
    for size in [1, 2, 21, 22, 23, 100, 1000, len(data) // 2, len(data) - 200]:
        assert not check(data[:-size]).ok, size
        assert not check(data[size:]).ok, size
    for junk in (b"\0", b"PK", b"#!/bin/sh\n", b"x" * 5000):
        before, after = check(junk + data), check(data + junk)
        assert "container-start" in codes(before), junk
        assert "container-trailing" in codes(after), junk
        assert any(f.offset == len(data) for f in after.findings)
    assert not check(data + data).ok
    middle = len(data) // 2
    assert not check(data[:middle] + b"\0" + data[middle:]).ok


def test_a_container_made_by_another_tool_is_no_bundle(tmp_path: Path) -> None:
    folder = unpack(make_bundle(), tmp_path)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(tmp_path))
    assert not check(out.getvalue()).ok


def test_two_files_of_one_name_are_found() -> None:
    data = make_bundle()
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        files = [(info.filename, old.read(info)) for info in old.infolist()]
    out, offset, placed = b"", 0, []
    for name, content in [*files[:4], files[3], *files[4:]]:
        member = container.Member(name, len(content), zipfile.crc32(content))
        placed.append((member, len(out)))
        out += container.local_header(member) + content
    out += b"".join(record for _, record in container.directory(placed, len(out)))
    report = check(out)
    assert any(
        f.code == "container-duplicate" and f.where == files[3][0].removeprefix(NAME + "/")
        for f in report.findings
    )
    assert offset == 0


def test_links_and_wild_names_in_a_folder_are_found(tmp_path: Path) -> None:
    folder = unpack(make_bundle(), tmp_path)
    (folder / "data/link").symlink_to("/etc/passwd")
    (folder / "data/a\x1b[31mb\n").write_text("x")
    report = verify(folder, str(KEY))
    assert {"file-link", "file-name", "file-added"} <= codes(report)
    assert all("\x1b" not in str(f) and "\n" not in str(f) for f in report.findings)


def test_a_kept_checkpoint_is_compared() -> None:
    log = make_log(make_files())
    data = make_bundle(log=log)

    def against(earlier: bytes) -> set[str]:
        report = verify_zip(io.BytesIO(data), len(data), KEY, earlier)
        assert report.facts["given_checkpoint"] == report.ok
        return codes(report)

    assert against(log.checkpoint(2)) == set()
    assert against(log.checkpoint(5)) == set()
    assert against(log.checkpoint(3)) == {"earlier-no-proof"}
    log.append("later", {})
    assert against(log.checkpoint(6)) == {"earlier-newer"}
    other = FakeLog()
    for number in range(5):
        other.append("rewritten", {"n": number})
    assert against(other.checkpoint(2)) == {"log-forked"}
    assert against(other.checkpoint(5)) == {"log-forked"}
    stranger = FakeLog(make_signer(seed=3))
    stranger.append("a", {})
    assert against(stranger.checkpoint()) == {"earlier-signature"}
    assert against(b"nonsense") == {"earlier-signature"}


def test_a_file_that_changed_since_it_was_listed_stops_the_build(tmp_path: Path) -> None:
    listed = make_files()
    for content in (
        b"longer than it was listed, much",
        b"s",
        FILES["documents/network.txt"].replace(b"WAN", b"LAN"),
    ):
        changed = [
            bag.BundleFile(f.name, f.size, f.crc32, f.sha256, lambda content=content: io.BytesIO(content))
            if f.name == "documents/network.txt"
            else f
            for f in listed
        ]
        target = tmp_path / "handover.zip"
        wrong = pytest.raises((bag.BagError, container.ContainerError), match="network")
        with wrong, bag.atomic_output(target) as out:
            bag.write_bundle(out, changed, name=NAME, bag_info={}, tag_files={})
        assert list(tmp_path.iterdir()) == []
    crc_kept = [bag.BundleFile(f.name, f.size, f.crc32, "0" * 64, f.open) for f in listed]
    with pytest.raises(bag.BagError, match="changed"):
        bag.write_bundle(io.BytesIO(), crc_kept, name=NAME, bag_info={}, tag_files={})
    with bag.atomic_output(target) as out:
        result = bag.write_bundle(out, listed, name=NAME, bag_info={}, tag_files={}, digest_container=True)
    assert target.stat().st_size == result.size
    assert hashlib.sha256(target.read_bytes()).hexdigest() == result.sha256


@pytest.mark.parametrize("name", ["../x", "A.txt", "a b", "con", "x" * 81, "a//b", "", "inventory"])
def test_names_that_break_the_rules_are_refused(name: str) -> None:
    with pytest.raises(bag.BagError):
        bag.plan_manifest([*make_files(), bag.BundleFile.from_bytes(name, b"")])
    with pytest.raises(bag.BagError, match="twice"):
        bag.plan_manifest([*make_files(), *make_files()])


def test_what_the_caller_must_not_write_is_refused() -> None:
    def build(**changes: object) -> None:
        values: dict[str, object] = {"name": NAME, "bag_info": {}, "tag_files": {}} | changes
        bag.write_bundle(io.BytesIO(), make_files(), **values)  # type: ignore[arg-type]

    build()
    for tag in ("bagit.txt", "data/x", "proof/x", bag.SEAL, bag.MANIFEST, "Notes.txt", "data"):
        with pytest.raises(bag.BagError):
            build(tag_files={tag: b""})
    for info in ({"Payload-Oxum": "1.1"}, {"a:b": "c"}, {"a": "b\nc"}, {"": "x"}, {"a": ""}, {" a": "b"}):
        with pytest.raises(bag.BagError):
            build(bag_info=info)
    for name in ("A", "", "a/b", "README.txt"):
        with pytest.raises(bag.BagError):
            build(name=name)
    log = make_log(make_files())
    with pytest.raises(bag.BagError, match="logs the manifest"):
        build(proofs=log.proofs([0, 1], 3))
    with pytest.raises(bag.BagError, match="key"):
        build(proofs=log.proofs([0, 3], 3), seal=make_signer(seed=3))
    good = log.proofs([0, 3], 3)
    with pytest.raises(bag.BagError, match="checkpoint"):
        build(proofs=replace(good, checkpoint=FakeLog(make_signer(seed=3)).checkpoint()))
    with pytest.raises(bag.BagError, match="not under the checkpoint"):
        build(proofs=replace(good, hashes={0: good.hashes[0], 3: good.hashes[0]}))
    lied = replace(log.entries[0], disclosures={"public": (bytes(32), {"lie": 1})})
    with pytest.raises(bag.BagError, match="committed"):
        build(proofs=replace(good, entries=[lied, log.entries[3]]))
    with pytest.raises(bag.BagError, match="order"):
        build(proofs=log.proofs([1, 0, 3], 3))


def test_progress_is_told() -> None:
    seen: list[tuple[int, int]] = []
    files = [bag.BundleFile.from_bytes("big.bin", bytes(3 << 20))]
    bag.write_bundle(
        io.BytesIO(), files, name=NAME, bag_info={}, tag_files={}, progress=lambda d, t: seen.append((d, t))
    )
    assert len(seen) >= 3
    assert seen == sorted(seen) and seen[-1][0] == seen[-1][1]


@given(st.dictionaries(st.text(min_size=1, max_size=40), st.binary(max_size=200), max_size=8))
@settings(max_examples=40, deadline=None)
def test_any_files_make_a_bundle_that_holds(contents: dict[str, bytes]) -> None:
    taken: set[str] = set()
    assert (
        check(make_bundle({safe_name(name, taken): data for name, data in contents.items()})).findings == []
    )


def test_old_bundles_still_hold() -> None:
    """A bundle that a client holds is for ever: these files are never made anew."""
    golden = sorted((Path(__file__).parent / "golden").glob("*.zip"))
    assert golden
    for path in golden:
        assert verify(path, str(KEY)).findings == []
