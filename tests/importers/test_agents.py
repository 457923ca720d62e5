# SPDX-License-Identifier: AGPL-3.0-or-later
"""Inventories of agents and scans of nmap: real files, read in the child process."""

from pathlib import Path

import pytest

from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Options
from partwell.importers.detect import detect
from partwell.importers.identity import real_serial
from partwell.importers.sandbox import read_guarded
from partwell.rules.terms import Category, ItemKind, Owner
from tests.inputs import inputs, inputs_matching


def items(path: Path, kind: str) -> list[ImportedItem]:
    return [read for read in read_guarded(kind, path, Options()) if isinstance(read, ImportedItem)]


@pytest.mark.parametrize("path", inputs_matching("inventory_agent/glpi_json/*.json"), ids=lambda p: p.name)
def test_every_real_inventory_names_its_device(path: Path) -> None:
    assert detect(path)[0].kind == "glpi"
    device = items(path, "glpi")[0]
    assert (device.category, device.kind, device.owner) == (
        Category.HARDWARE,
        ItemKind.HARDWARE,
        Owner.UNKNOWN,
    )
    assert device.title and device.details["Serial"] and device.details["Manufacturer"]


@pytest.mark.parametrize(
    "path", inputs_matching("inventory_agent/ocs_fusion_xml/*.xml"), ids=lambda p: p.name
)
def test_every_real_xml_inventory_is_read(path: Path) -> None:
    assert detect(path)[0].kind == "glpi"
    reads = list(read_guarded("glpi", path, Options()))
    assert any(isinstance(read, ImportedItem | LeftOut) for read in reads)


def test_what_an_inventory_holds_besides() -> None:
    found = items(inputs("inventory_agent/glpi_json/computer_2_partial_dbs.json"), "glpi")
    assert [i.category for i in found] == [Category.HARDWARE, Category.ONSITE_DATA, Category.ONSITE_DATA]
    first, again = (
        items(inputs(f"inventory_agent/glpi_json/computer_3{x}.json"), "glpi")[0] for x in ("", "_updated")
    )
    assert first.fingerprint == again.fingerprint, "the same machine met again is a duplicate"
    assert first.details["Installed software"] == "3033"
    keys = [
        i
        for i in items(inputs("inventory_agent/ocs_fusion_xml/12.xml"), "glpi")
        if i.kind is ItemKind.LICENCE
    ]
    assert keys and keys[0].secrets["key"] and keys[0].secrets["key"].reveal() not in repr(keys)


@pytest.mark.parametrize(
    "text", ["To be filled by O.E.M.", "0000000000", "N/A", "3.01043E+13", "None", "", "123456789"]
)
def test_placeholders_are_no_serial_numbers(text: str) -> None:
    assert real_serial(text) == ""


@pytest.mark.parametrize("path", inputs_matching("net_audit/nmap/*.xml"), ids=lambda p: p.name)
def test_every_real_scan_is_a_report_with_its_file(path: Path) -> None:
    assert detect(path)[0].kind == "nmap"
    report = next(i for i in items(path, "nmap") if i.category is Category.AUDIT_REPORTS)
    assert report.file is not None and report.file.read_bytes() == path.read_bytes()
    assert report.kind is ItemKind.DOCUMENT and report.details["Complete"] == "yes"


def test_hosts_of_a_scan() -> None:
    reads = list(read_guarded("nmap", inputs("net_audit/nmap/full_sudo6.xml"), Options()))
    devices = [r for r in reads if isinstance(r, ImportedItem) and r.kind is ItemKind.HARDWARE]
    down = [r for r in reads if isinstance(r, LeftOut)]
    assert len(devices) == 4 and len(down) == 252 and {x.reason_code for x in down} == {"host_down"}
    assert all(d.owner is Owner.UNKNOWN for d in devices)
    assert "Sagem router telnetd" in devices[0].details["Open ports"]


def test_other_xml_and_json_are_refused_in_a_sentence() -> None:
    for kind, path in (
        ("nmap", "net_audit/vuln/nexpose__dns.xml"), ("glpi", "net_audit/vuln/nexpose__dns.xml"),
        ("glpi", "netbox/netbox-demo-v3.6.json"), ("nmap", "netbox/netbox-demo-v3.6.json"),
    ):  # fmt: skip
        with pytest.raises(ImportRefused) as refused:
            items(inputs(path), kind)
        assert refused.value.code in ("not_nmap", "not_inventory", "not_xml")


def test_script_arguments_of_a_scan_are_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "s.xml"
    path.write_text(
        '<nmaprun start="1" args="nmap -p445 --script-args smbuser=a,smbpass=hunter2 10.0.0.0/24"></nmaprun>'
    )
    report = items(path, "nmap")[0]
    assert "hunter2" not in repr(report) and "10.0.0.0/24" in report.details["Command"]
