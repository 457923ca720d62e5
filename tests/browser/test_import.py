# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dan brings in a CSV file of no known product: sees each line, maps a column, confirms, and takes it back as a whole."""

from typing import Any

import pytest

from partwell.records.estate.models import Import, Item
from partwell.workers.jobs import run_one
from tests.flows.cast import cast

pytestmark = pytest.mark.browser
ROWS = (
    "Machine;SN;Whereabouts;Client\n"
    "till-1;T-100;Shop;Northwick Traders\n"
    "till-2;T-101;Shop;Northwick Traders\n"
    "till-2;T-101;Shop;Northwick Traders\n"
    "chair-1;Q-1;Surgery;Quayside Dental\n"
)


def test_a_file_is_read_mapped_confirmed_and_undone(sit: Any) -> None:
    c = cast(items=False)
    dan = sit(c.dan)
    dan.goto(f"/clients/{c.northwick.id}/import/")
    dan.locator("input[name=uploads]").set_input_files(
        {"name": "tills.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
    )
    dan.get_by_role("button", name="Read the files").click()
    dan.wait_for_url("**/import/*-*/")
    while run_one():
        pass
    dan.reload()
    dan.get_by_role("heading", name="What was understood").wait_for()
    assert not Item.objects.exists(), "nothing is written before the word"

    dan.get_by_label("Machine becomes").select_option("title")
    dan.get_by_label("Whereabouts becomes").select_option("location")
    dan.get_by_label("Client becomes").select_option("company")
    dan.get_by_role("button", name="Read it again").click()
    dan.wait_for_load_state()
    while run_one():
        pass
    dan.reload()
    seen = dan.locator("#lines").inner_text()
    assert "till-1" in seen and "till-2" in seen and "chair-1" not in seen
    dan.get_by_role("link", name="Left out").click()
    assert "chair-1" not in dan.locator("#lines").inner_text(), "another client's row is counted, not shown"

    dan.get_by_label("Owner where the file does not say").select_option("client")
    dan.get_by_role("button", name="Import 2 items").click()
    dan.wait_for_load_state()
    while run_one():
        pass
    dan.reload()
    dan.get_by_role("heading", name="What was imported").wait_for()
    assert sorted(Item.objects.present().values_list("title", flat=True)) == ["till-1", "till-2"]
    dan.get_by_role("button", name="Undo the import").click()
    dan.get_by_text("was undone as a whole").wait_for()
    assert not Item.objects.present().exists() and Import.objects.get().state == "undone"
