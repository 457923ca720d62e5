# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every importer has a name that people know it by."""

from partwell.importers.detect import MODULES, NAMES, name_of


def test_each_source_has_a_name_that_is_not_its_key() -> None:
    assert set(NAMES) == {*MODULES, "files"}
    assert name_of("keepass") == "KeePass"
    assert name_of("itglue") == "IT Glue"
    assert name_of("snipeit") == "Snipe-IT"
    assert name_of("made-elsewhere") == "made-elsewhere"
