# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which folder may be a place, when two are one, and how file names become text and back."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partwell.connectors import folder, folder_root
from partwell.connectors.errors import PathTrick
from partwell.connectors.folder import FolderPlace
from partwell.connectors.folder_names import decode, encode


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = Path(os.path.realpath(tmp_path)) / "sets" / "northwick"
    made.mkdir(parents=True)
    return made


# roots ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "//", "/srv", "/home/", "relative/path", "", "/srv/../etc/x", "/srv/./a", "/srv//a", "/srv/a/..", "/etc/partwell/x", "/usr/share", "/proc/self", "/dev/disk", "/srv/a\0b"]
)  # fmt: skip
def test_such_roots_are_refused(path: str) -> None:
    with pytest.raises(PathTrick):
        FolderPlace(path)


def test_a_root_over_a_link_names_the_true_path(root: Path, tmp_path: Path) -> None:
    link = Path(os.path.realpath(tmp_path)) / "short"
    link.symlink_to(root)
    with pytest.raises(PathTrick, match="northwick"):
        FolderPlace(link)
    with pytest.raises(PathTrick):
        FolderPlace(link / "below")


def test_the_installations_own_folders_are_refused_from_both_sides(root: Path) -> None:
    home = root / "partwell" / "home"
    home.mkdir(parents=True)
    for candidate in (root, root / "partwell", home, home / "vault"):
        with pytest.raises(PathTrick, match="Partwell"):
            FolderPlace(candidate, forbidden=[home])
    FolderPlace(root / "set", forbidden=[home])
    linked = root.parent / "by-link"
    linked.symlink_to(home)
    with pytest.raises(PathTrick):
        FolderPlace(home / "vault", forbidden=[linked])


def test_the_program_and_the_accounts_home_are_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PathTrick):
        FolderPlace(Path(folder.__file__).parent)
    monkeypatch.setenv("HOME", str(root / "me"))
    with pytest.raises(PathTrick, match="home folder"):
        FolderPlace(root)
    FolderPlace(root / "me" / "backups")


def test_a_file_is_no_root(root: Path) -> None:
    (root / "set").mkdir()
    (root / "set" / "index.xml").write_text("<i/>")
    with pytest.raises(PathTrick, match="no folder"):
        FolderPlace(root / "set" / "index.xml")


def test_overlaps_by_name_and_by_what_is_one_in_truth(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a").mkdir()
    (root / "ab").mkdir()
    whole, one, other = FolderPlace(root), FolderPlace(root / "a"), FolderPlace(root / "ab")
    assert whole.overlaps(one) and one.overlaps(whole) and one.overlaps(FolderPlace(root / "a"))
    assert not one.overlaps(other) and not one.overlaps(object())
    # a bind mount has another path and the same folder behind it
    real = folder_root._identity
    monkeypatch.setattr(
        folder_root, "_identity", lambda path: real(root / "a" if path == root / "ab" else path)
    )
    assert one.overlaps(other) and FolderPlace(root / "ab" / "deep").overlaps(one)


# names ------------------------------------------------------------------------


def test_names_that_are_no_text_can_be_listed_and_deleted(root: Path) -> None:
    names = [b"caf\xe9", b"back\\slash", b"\\xe9", b"new\nline", "ü 100%".encode(), b"-rf"]
    for name in names:
        (root / os.fsdecode(name)).write_bytes(b"1")
    place = FolderPlace(root)
    things = list(place.list())
    assert len({thing.key for thing in things}) == len(names)
    for thing in things:
        thing.key.encode()
    assert {one.state for one in place.delete(things)} == {"deleted"}
    assert list(root.iterdir()) == []


@given(st.binary(min_size=1, max_size=40))
def test_any_name_comes_back(raw: bytes) -> None:
    name = os.fsdecode(raw)
    text = encode(name)
    text.encode()
    assert decode(text) == name


@given(st.text(alphabet="./\\x2f0ae%\0", min_size=0, max_size=12))
def test_no_key_leads_out(key: str) -> None:
    place = FolderPlace.__new__(FolderPlace)
    place.root = Path("/srv/sets/northwick")
    try:
        parts = place._parts(key)
    except PathTrick:
        return
    assert parts and all(part not in ("", ".", "..") and "/" not in part for part in parts)
