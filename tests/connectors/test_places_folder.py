# SPDX-License-Identifier: AGPL-3.0-or-later
"""A folder as a place: everything in it and nothing outside of it, whatever is planted there."""

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from partwell.connectors import folder, folder_root
from partwell.connectors.errors import PathTrick, PlaceMissing
from partwell.connectors.folder import FolderPlace
from partwell.connectors.places import Outcome, Place, Thing


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = Path(os.path.realpath(tmp_path)) / "sets" / "northwick"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def filled(root: Path) -> Path:
    (root / "2026" / "empty").mkdir(parents=True)
    (root / "2026" / "jan.vbk").write_bytes(b"x" * 10)
    (root / "2026" / "feb.vbk").write_bytes(b"y" * 20)
    (root / "index.xml").write_text("<i/>")
    return root


def keys(place: Place) -> list[str]:
    return [thing.key for thing in place.list()]


def states(outcomes: list[Outcome]) -> dict[str, tuple[str, str]]:
    return {one.key: (one.state, one.code) for one in outcomes}


def test_contents_come_before_their_folder_and_all_goes(filled: Path) -> None:
    place = FolderPlace(filled)
    things = list(place.list())
    assert [(thing.key, thing.kind, thing.size) for thing in things] == [
        ("2026/empty", "folder", 0),
        ("2026/feb.vbk", "file", 20),
        ("2026/jan.vbk", "file", 10),
        ("2026", "folder", 0),
        ("index.xml", "file", 4),
    ]
    assert place.locks(things) == []
    outcomes = place.delete(things)
    assert {one.state for one in outcomes} == {"deleted"}
    assert [one.key for one in outcomes] == [thing.key for thing in things]
    assert keys(place) == [] and filled.is_dir()
    assert {one.state for one in place.delete(things)} == {"gone"}


def test_facts_tell_what_lies_there(filled: Path) -> None:
    facts = FolderPlace(filled).facts()
    assert facts.reachable and facts.versioning == "n/a" and not facts.object_lock
    assert str(filled) in facts.identity and "inode" in facts.raw[0].text


def test_a_folder_that_is_not_there_is_never_an_empty_one(root: Path) -> None:
    place = FolderPlace(root / "gone")
    facts = place.facts()
    assert not facts.reachable and "mounted" in facts.raw[-1].text
    with pytest.raises(PlaceMissing, match="mounted"):
        list(place.list())
    with pytest.raises(PlaceMissing):
        place.delete([])


def test_another_folder_at_the_same_path_is_not_what_was_approved(filled: Path) -> None:
    identity = FolderPlace(filled).facts().identity
    things = list(FolderPlace(filled, expect=identity).list())
    assert len(things) == 5
    filled.rename(filled.with_name("moved"))
    filled.mkdir()  # as an unmounted share leaves its empty mount point
    place = FolderPlace(filled, expect=identity)
    assert not place.facts().reachable
    for call in (lambda: list(place.list()), lambda: place.delete(things)):
        with pytest.raises(PlaceMissing, match="approved"):
            call()


def test_every_marker_goes_on_right_behind_its_thing(filled: Path) -> None:
    (filled / "2026" / "a" / "b").mkdir(parents=True)
    (filled / "2026" / "a" / "b" / "c").write_text("c")
    (filled / "2026.txt").write_text("t")
    place = FolderPlace(filled)
    things = list(place.list())
    for number, thing in enumerate(things):
        assert list(place.list(place.marker_of(thing))) == things[number + 1 :]
    place.delete(things[:4])
    assert [thing.key for thing in place.list(place.marker_of(things[3]))] == [
        thing.key for thing in things[4:]
    ]
    with pytest.raises(PathTrick):
        list(place.list("../x"))


# links ----------------------------------------------------------------------


@pytest.fixture
def treasure(root: Path) -> Iterator[Path]:
    """Another client's file, next door: must be there, unchanged, when the test is over."""
    other = root.parent / "quayside"
    other.mkdir()
    (other / "keep.vbk").write_bytes(b"keep")
    yield other
    assert (other / "keep.vbk").read_bytes() == b"keep"


def test_a_link_is_a_thing_of_its_own_and_its_target_stays(filled: Path, treasure: Path) -> None:
    (filled / "to-folder").symlink_to(treasure)
    (filled / "to-file").symlink_to(treasure / "keep.vbk")
    (filled / "dangling").symlink_to("nowhere")
    place = FolderPlace(filled)
    things = {thing.key: thing for thing in place.list()}
    assert {things[name].kind for name in ("to-folder", "to-file", "dangling")} == {"link"}
    assert not any(key.startswith("to-folder/") for key in things)
    assert {one.state for one in place.delete(list(things.values()))} == {"deleted"}
    assert keys(place) == []


def test_a_folder_swapped_for_a_link_leads_nowhere(filled: Path, treasure: Path) -> None:
    (filled / "2026" / "keep.vbk").write_bytes(b"keep")
    os.utime(filled / "2026" / "keep.vbk", ns=(1, 1))
    os.utime(treasure / "keep.vbk", ns=(1, 1))
    place = FolderPlace(filled)
    things = list(place.list())
    (filled / "2026").rename(filled.parent / "aside")
    (filled / "2026").symlink_to(treasure)  # the same name, time and size lie behind it
    found = states(place.delete(things))
    assert found["2026/keep.vbk"] == ("failed", "link_in_path")
    assert found["2026"] == ("failed", "changed")
    assert found["index.xml"] == ("deleted", "")


def test_a_root_swapped_for_a_link_is_not_followed(filled: Path, treasure: Path) -> None:
    place = FolderPlace(filled)
    things = list(place.list())
    filled.rename(filled.parent / "aside")
    filled.symlink_to(treasure)
    with pytest.raises(PathTrick):
        list(place.list())
    with pytest.raises(PathTrick):
        place.delete(things)


def test_links_planted_all_the_while_never_lead_out(root: Path, treasure: Path) -> None:
    for number in range(40):
        (treasure / f"{number}.vbk").write_bytes(b"keep")
        os.utime(treasure / f"{number}.vbk", ns=(1, 1))
    inner, aside, stop = root / "in", root / "aside", threading.Event()

    def plant() -> None:
        while not stop.is_set():
            try:
                inner.rename(aside)
                inner.symlink_to(treasure)
                inner.unlink()
                aside.rename(inner)
            except OSError:
                pass

    for _ in range(10):
        inner.mkdir(exist_ok=True)
        for number in range(40):
            (inner / f"{number}.vbk").write_bytes(b"gone")
            os.utime(inner / f"{number}.vbk", ns=(1, 1))
        place = FolderPlace(root)
        things = [thing for thing in place.list() if thing.kind == "file"]
        assert len(things) == 40
        stop.clear()
        planter = threading.Thread(target=plant)
        planter.start()
        try:
            for thing in things:
                place.delete([thing])
        finally:
            stop.set()
            planter.join()
        if aside.exists() and not aside.is_symlink():
            if inner.is_symlink():
                inner.unlink()
            if not inner.exists():
                aside.rename(inner)
        place.delete(list(place.list()))
    assert len(list(treasure.iterdir())) == 41


def test_hard_links_are_counted(filled: Path, treasure: Path) -> None:
    os.link(treasure / "keep.vbk", filled / "second.vbk")
    place = FolderPlace(filled)
    thing = next(thing for thing in place.list() if thing.key == "second.vbk")
    assert thing.links == 2
    (outcome,) = place.delete([thing])
    assert outcome.state == "deleted" and "1 other names" in outcome.words


# what is not as it was listed ------------------------------------------------


def test_newer_data_is_left_and_said(filled: Path) -> None:
    place = FolderPlace(filled)
    things = list(place.list())
    (filled / "2026" / "jan.vbk").write_bytes(b"a new backup")
    found = states(place.delete(things))
    assert found["2026/jan.vbk"] == ("failed", "changed")
    assert found["2026"] == ("failed", "not_empty")
    assert keys(place) == ["2026/jan.vbk", "2026"]


def test_a_folder_that_became_a_file_is_left(filled: Path) -> None:
    place = FolderPlace(filled)
    things = list(place.list())
    (filled / "2026" / "empty").rmdir()
    (filled / "2026" / "empty").write_text("now a file")
    assert states(place.delete(things))["2026/empty"] == ("failed", "changed")


@pytest.mark.parametrize(
    "key", ["../quayside/keep.vbk", "/etc/passwd", "a/../../quayside/keep.vbk", "", ".", "..", "a//b"]
)
def test_what_lies_outside_is_not_touched(filled: Path, treasure: Path, key: str) -> None:
    place = FolderPlace(filled)
    real = (treasure / "keep.vbk").lstat()
    model = next(thing for thing in place.list() if thing.kind == "file")
    thing = replace(model, key=key, version=f"{real.st_mtime_ns}-{real.st_size}")
    assert states(place.delete([thing])) == {key: ("failed", "outside")}


def test_things_of_another_kind_of_place_are_refused(filled: Path) -> None:
    model = next(iter(FolderPlace(filled).list()))
    (outcome,) = FolderPlace(filled).delete([replace(model, kind="object", key="index.xml")])
    assert (outcome.state, outcome.code) == ("failed", "outside")
    assert (filled / "index.xml").exists()


def test_one_failure_does_not_stop_the_others(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.unlink

    def unlink(path: str, *, dir_fd: int | None = None) -> None:
        if path == "jan.vbk":
            raise PermissionError(1, "Operation not permitted")
        real(path, dir_fd=dir_fd)

    monkeypatch.setattr(folder.os, "unlink", unlink)
    found = states(FolderPlace(filled).delete(list(FolderPlace(filled).list())))
    assert found["2026/jan.vbk"] == ("failed", "no_permission")
    assert found["2026/feb.vbk"] == found["index.xml"] == ("deleted", "")
    assert found["2026"] == ("failed", "not_empty")


# mounts -----------------------------------------------------------------------


def test_a_file_system_mounted_below_stops_it(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    things = list(FolderPlace(filled).list())
    monkeypatch.setattr(folder_root, "_mounts", lambda: [(filled / "2026", "ext4 /dev/sdz1 /")])
    for call in (lambda: list(FolderPlace(filled).list()), lambda: FolderPlace(filled).delete(things)):
        with pytest.raises(PathTrick, match="mounted"):
            call()
    assert len(list(FolderPlace(filled, cross_devices=True).list())) == 5


def test_another_device_is_seen_where_no_mount_table_is(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS, or where the table lies: the number of the device itself differs."""
    things = list(FolderPlace(filled).list())
    monkeypatch.setattr(folder_root, "_mounts", list)
    real, inode = os.fstat, (filled / "2026").stat().st_ino

    def fstat(handle: int) -> os.stat_result:
        found = real(handle)
        return os.stat_result((*found[:2], 999_999, *found[3:10])) if found.st_ino == inode else found

    monkeypatch.setattr(folder.os, "fstat", fstat)
    with pytest.raises(PathTrick, match="another file system"):
        list(FolderPlace(filled).list())
    found = states(FolderPlace(filled).delete(things))
    assert found["2026/jan.vbk"] == ("failed", "other_device")
    assert (filled / "2026" / "jan.vbk").exists()


def test_mounts_are_read_with_spaces_in_their_names() -> None:
    assert any(place == Path("/") for place, _ in folder_root._mounts()) or sys.platform != "linux"
    assert folder_root._plain(r"/srv/old\040backups") == "/srv/old backups"


# size ------------------------------------------------------------------------


def test_too_deep_is_said(root: Path) -> None:
    handle = os.open(root, os.O_RDONLY)
    for _ in range(folder.DEPTH + 2):
        os.mkdir("d", dir_fd=handle)
        below = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    before = len(list(Path("/proc/self/fd").iterdir())) if sys.platform == "linux" else 0
    with pytest.raises(PathTrick, match="folders within each other"):
        list(FolderPlace(root).list())
    assert not before or len(list(Path("/proc/self/fd").iterdir())) <= before


def test_listing_is_not_held_in_memory(root: Path) -> None:
    for number in range(50):
        (root / f"{number:03}").write_bytes(b"")
    stream = FolderPlace(root).list()
    first: Thing = next(stream)
    assert first.key == "000"
    (root / "049").unlink()
    assert [thing.key for thing in stream][-1] == "048"
