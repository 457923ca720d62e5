# SPDX-License-Identifier: AGPL-3.0-or-later
"""Inventories of GLPI-Agent (JSON) and of FusionInventory and OCS agents (XML)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from partwell.importers.base import (
    ImportedItem,
    ImportRefused,
    LeftOut,
    Notice,
    Options,
    Read,
    Secret,
    Understood,
    fingerprint_of,
    kept,
)
from partwell.importers.identity import hardware_fingerprint, real_serial
from partwell.importers.safe_parse import iterate_xml, read_json
from partwell.rules.terms import Category, Custodian, ItemKind, Sensitivity

KIND = "glpi"
LABEL = "GLPI-Agent inventory (JSON), FusionInventory or OCS (XML)"
UNDERSTANDS = (
    "computers with system, memory, processors, disks, addresses and users, monitors apart",
    "switches, routers and printers with serial, firmware, ports and addresses",
    "licence keys that the agent found, kept as secrets",
    "databases as onsite data, virtual machines and containers as details of their host",
    "partial inventories, discovery results of FusionInventory and OCS",
)
DOES_NOT_UNDERSTAND = (
    "installed software one by one: its number is kept, and who bought what stands in no agent's file",
    "network topology: neighbours and VLANs of ports are not kept",
    "who owns the device: it is unknown until somebody says so",
    "remote-management and SNMP credentials, which such files only name by number",
)


def sniff(path: Path, head: bytes) -> float:
    """By the words that every such file has."""
    if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        if b'"deviceid"' in head and (b'"content"' in head or b'"itemtype"' in head):
            return 0.95
        return 0.8 if b'"versionclient"' in head or (b'"hardware"' in head and b'"bios"' in head) else 0.0
    return 0.9 if b"<REQUEST>" in head[:400] and b"<CONTENT>" in head[:2000] else 0.0


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """One inventory as items: the device first, then what hangs on it."""
    with source.open("rb") as stream:
        first = stream.read(64).lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
    if first == b"<":
        yield from _read_xml(source, options)
        return
    data = read_json(source, options.limits)
    if not isinstance(data, dict) or not isinstance(data.get("content"), dict):
        raise ImportRefused(
            "not_inventory",
            "This JSON file is not an inventory of GLPI-Agent.",
            source.name,
            "Choose another kind.",
        )
    yield from _inventory(
        data["content"],
        _text(data.get("itemtype")) or "Computer",
        _text(data.get("deviceid")),
        bool(data.get("partial")),
        source.name,
    )


def _read_xml(source: Path, options: Options) -> Iterator[Read]:
    data: Any = None
    for event, element in iterate_xml(source, options.limits, keep=("REQUEST",)):
        if event == "end":
            data = _as_dict(element)  # at once: the element is emptied when the next is read
    content = data.get("content") if isinstance(data, dict) else None
    if not isinstance(content, dict):
        raise ImportRefused(
            "not_inventory", "This XML file holds no inventory.", source.name, "Choose another kind."
        )
    device_id = _text(data.get("deviceid"))
    devices = _list(content.get("device"))
    if not devices:
        yield from _inventory(content, "Computer", device_id, False, source.name)
        return
    for number, device in enumerate(devices, 1):
        place = f"{source.name}, device {number}"
        info = dict(device.get("info") or {}) if isinstance(device.get("info"), dict) else dict(device)
        for section in ("firmwares", "components", "ports"):
            info.pop(section, None)
        info["name"] = (
            _text(info.get("name")) or _text(info.get("snmphostname")) or _text(info.get("dnshostname"))
        )
        ports = device.get("ports")
        network = {
            "network_device": info,
            "firmwares": device.get("firmwares"),
            "network_ports": _list(ports.get("port")) if isinstance(ports, dict) else [],
        }
        yield from _inventory(network, _text(info.get("type")) or "Unmanaged", device_id, False, place)


def _inventory(
    content: dict[str, Any], itemtype: str, device_id: str, partial: bool, where: str
) -> Iterator[Read]:
    yield Understood(
        "inventory", f"This is an agent's inventory of one device ({itemtype}).", {"itemtype": itemtype}
    )
    if partial:
        yield Notice(where, "partial", "This inventory is partial: it says nothing of what it leaves out.")
    if isinstance(content.get("network_device"), dict):
        yield from _network_device(content, itemtype, device_id, where)
    else:
        yield from _computer(content, itemtype, device_id, where)


def _computer(content: dict[str, Any], itemtype: str, device_id: str, where: str) -> Iterator[Read]:
    bios, hardware, system = (_dict(content.get(name)) for name in ("bios", "hardware", "operatingsystem"))
    name = _text(hardware.get("name")) or _text(system.get("fqdn"))
    serial = real_serial(_text(bios.get("ssn"))) or real_serial(_text(bios.get("msn")))
    if not (name or serial or device_id):
        yield LeftOut(where, "no_title", "This inventory neither names its device nor has its serial number.")
        return
    title = name or serial or device_id
    networks = _list(content.get("networks"))
    virtual = _list(content.get("virtualmachines"))
    is_virtual = _text(hardware.get("vmsystem")).lower() not in ("", "physical")
    details = kept({
        "Type": _text(hardware.get("chassis_type")) or itemtype,
        "Manufacturer": bios.get("smanufacturer") or bios.get("mmanufacturer") or bios.get("bmanufacturer"),
        "Model": bios.get("smodel") or bios.get("mmodel"), "Serial": serial, "Asset tag": real_serial(_text(bios.get("assettag"))),
        "Operating system": system.get("full_name") or hardware.get("osname") or system.get("name"),
        "Memory (MB)": hardware.get("memory"),
        "Processors": _names(content.get("cpus"), "name", "type"),
        "Disks": _names(content.get("storages"), "model", "name"),
        "IP addresses": _names(networks, "ipaddress", "ip"), "MAC addresses": _names(networks, "macaddr", "mac"),
        "Workgroup": hardware.get("workgroup"), "Last user": hardware.get("lastloggeduser"),
        "Virtual system": hardware.get("vmsystem") if is_virtual else "", "UUID": hardware.get("uuid"),
        "Installed software": _count(content.get("softwares")),
        "Virtual machines": _names(virtual, "name"), "Local printers": _names(content.get("printers"), "name"),
        "Inventory of": _dict(content.get("accesslog")).get("logdate"), "Agent": content.get("versionclient"),
    })  # fmt: skip
    yield ImportedItem(
        title=title, category=Category.OTHER if is_virtual else Category.HARDWARE,
        kind=ItemKind.OTHER if is_virtual else ItemKind.HARDWARE, details=details, external_id=device_id, source_line=where,
        fingerprint=hardware_fingerprint(serial, title, device_id),
    )  # fmt: skip
    yield from _monitors(content, title, where)
    yield from _licences(content, title, where)
    yield from _databases(content, title, where)


def _monitors(content: dict[str, Any], host: str, where: str) -> Iterator[Read]:
    for number, monitor in enumerate(_list(content.get("monitors")), 1):
        serial = real_serial(_text(monitor.get("serial")))
        name = _text(monitor.get("caption")) or _text(monitor.get("description")) or "Monitor"
        if not serial:
            yield LeftOut(
                f"{where}, monitor {number}", "no_serial", "This monitor has no serial number to know it by."
            )
            continue
        yield ImportedItem(
            title=name, category=Category.HARDWARE, kind=ItemKind.HARDWARE,
            details=kept({"Type": "Monitor", "Manufacturer": monitor.get("manufacturer"), "Serial": serial, "Attached to": host}),
            source_line=f"{where}, monitor {number}", fingerprint=hardware_fingerprint(serial),
        )  # fmt: skip


def _licences(content: dict[str, Any], host: str, where: str) -> Iterator[Read]:
    for number, licence in enumerate(_list(content.get("licenseinfos")), 1):
        name = _text(licence.get("fullname")) or _text(licence.get("name"))
        if not name:
            continue
        key = _text(licence.get("key"))
        yield ImportedItem(
            title=name, category=Category.SOFTWARE, kind=ItemKind.LICENCE,
            details=kept({"Installed on": host, "Product id": licence.get("productid"), "Components": licence.get("components"),
                          "Trial": "yes" if licence.get("trial") in (True, "1", 1) else ""}),
            secrets={"key": Secret(key)} if key else {}, source_line=f"{where}, licence {number}",
            fingerprint=fingerprint_of("licence", name, host),
        )  # fmt: skip


def _databases(content: dict[str, Any], host: str, where: str) -> Iterator[Read]:
    for number, service in enumerate(_list(content.get("databases_services")), 1):
        name = _text(service.get("name")) or _text(service.get("type")) or "Database service"
        bases = _list(service.get("databases"))
        yield ImportedItem(
            title=f"{name} on {host}", category=Category.ONSITE_DATA, kind=ItemKind.DATA,
            details=kept({"Type": service.get("type"), "Version": service.get("version"), "Manufacturer": service.get("manufacturer"),
                          "Port": service.get("port"), "Path": service.get("path"), "Size (MB)": service.get("size"),
                          "Databases": _names(bases, "name"), "Location": host, "Last backup": service.get("last_backup_date")}),
            source_line=f"{where}, database service {number}", fingerprint=fingerprint_of("data", name, _text(service.get("type")), host),
            sensitivity=Sensitivity.SENSITIVE,
        )  # fmt: skip


def _network_device(content: dict[str, Any], itemtype: str, device_id: str, where: str) -> Iterator[Read]:
    device = _dict(content.get("network_device"))
    serial = real_serial(_text(device.get("serial")))
    ips = device.get("ips")
    addresses = ips.get("ip") if isinstance(ips, dict) else ips
    ip_text = (
        ", ".join(_text(ip) for ip in addresses if _text(ip))
        if isinstance(addresses, list)
        else _text(addresses)
    )
    ip_text = ip_text or _text(device.get("ip"))
    title = _text(device.get("name")) or serial or ip_text or _text(device.get("mac"))
    if not title:
        yield LeftOut(where, "no_title", "This device has no name, serial number or address.")
        return
    pages = _dict(content.get("pagecounters"))
    stack = [
        part for part in _list(content.get("network_components")) if _text(part.get("type")) == "chassis"
    ]
    details = kept({
        "Type": itemtype, "Manufacturer": device.get("manufacturer"), "Model": device.get("model"), "Serial": serial,
        "Firmware": device.get("firmware") or _names(content.get("firmwares"), "version"), "Location": device.get("location"),
        "Contact": device.get("contact"), "IP addresses": ip_text, "MAC addresses": device.get("mac"),
        "Memory (MB)": device.get("ram"), "Ports": _count(content.get("network_ports")),
        "Chassis serials": _names(stack, "serial"), "Pages printed": pages.get("total"),
        "Description": device.get("description") or device.get("comments"), "Agent": content.get("versionclient"),
        "Asset tag": device.get("assettag"),
    })  # fmt: skip
    yield ImportedItem(
        title=title, category=Category.HARDWARE, kind=ItemKind.HARDWARE, custodian=Custodian.UNKNOWN, details=details,
        external_id=device_id, source_line=where, fingerprint=hardware_fingerprint(serial, title, _text(device.get("mac")), ip_text),
    )  # fmt: skip


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value).strip()


def _dict(value: object) -> dict[str, Any]:
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[dict[str, Any]]:
    """A section as a list: XML gives one element where JSON gives a list of one."""
    if isinstance(value, dict):
        value = [value]
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _names(section: object, *fields: str) -> str:
    found: dict[str, None] = {}
    for part in _list(section):
        for field in fields:
            if _text(part.get(field)):
                found[_text(part.get(field))] = None
                break
    names = list(found)
    return ", ".join(names[:40]) + (f" and {len(names) - 40} more" if len(names) > 40 else "")


def _count(section: object) -> str:
    return str(len(_list(section))) if section else ""


def _as_dict(element: Element) -> Any:
    """XML as the JSON format writes it: lower-case names, repeated elements as lists."""
    if not len(element):
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in element:
        name = child.tag.lower()
        value = _as_dict(child)
        if name in found:
            if not isinstance(found[name], list):
                found[name] = [found[name]]
            found[name].append(value)
        else:
            found[name] = value
    return found
