# SPDX-License-Identifier: AGPL-3.0-or-later
"""nmap's XML: the scan as an audit report, with the devices that answered."""

import datetime
import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from partwell.importers.base import (
    FileRef,
    ImportedItem,
    ImportRefused,
    LeftOut,
    Options,
    Read,
    Understood,
    fingerprint_of,
    kept,
)
from partwell.importers.identity import hardware_fingerprint
from partwell.importers.safe_parse import iterate_xml
from partwell.rules.terms import Category, ItemKind, Sensitivity

KIND = "nmap"
LABEL = "nmap scan (XML)"
UNDERSTANDS = (
    "the scan itself, as a network audit report with the file attached",
    "each host that answered, with addresses, names, open ports, services and the guessed system",
)
DOES_NOT_UNDERSTAND = (
    "hosts that were down and the scanning machine itself, which are left out",
    "script output and traceroutes: they stay in the attached file",
    "whether a host is the client's: its owner is unknown",
    "nmap's grepable and normal output",
)

# Arguments of scripts are where people put passwords (R16); they stay in the attached file.
_SCRIPT_ARGS = re.compile(r"(--script-args(?:-file)?)[= ]\s*(?:\"[^\"]*\"|'[^']*'|\S+)")


def sniff(path: Path, head: bytes) -> float:
    """By the root element."""
    return 0.97 if b"<nmaprun" in head else 0.0


def read(source: Path, *, options: Options) -> Iterator[Read]:
    """Devices first, the report last: only the end of the file says whether the scan finished."""
    seen = False
    run: dict[str, str] = {}
    hosts = up = number = 0
    finished: Element | None = None
    for event, element in iterate_xml(source, options.limits, keep=("host", "finished")):
        if event == "start":
            if not seen:
                if element.tag != "nmaprun":
                    raise ImportRefused(
                        "not_nmap",
                        "This XML file is not a scan of nmap.",
                        source.name,
                        "Choose another kind.",
                    )
                seen, run = True, dict(element.attrib)
            continue
        if element.tag == "finished":
            finished = element
            continue
        number += 1
        hosts += 1
        answer = _host(element, f"host {number}")
        up += isinstance(answer, ImportedItem)
        yield answer
    if not seen:
        raise ImportRefused(
            "not_nmap", "This XML file is not a scan of nmap.", source.name, "Choose another kind."
        )
    when = _utc(run.get("start", ""))
    yield ImportedItem(
        title=f"Network scan of {when[:10] or 'unknown date'} (nmap)", category=Category.AUDIT_REPORTS, kind=ItemKind.DOCUMENT,
        sensitivity=Sensitivity.SENSITIVE,
        details=kept({
            "Scanner": f"nmap {run.get('version', '')}", "Command": _SCRIPT_ARGS.sub(r"\1 …", run.get("args", "")), "Started (UTC)": when,
            "Finished (UTC)": _utc(finished.get("time", "")) if finished is not None else "",
            "Hosts named": hosts, "Hosts that answered": up,
            "Complete": "yes" if finished is not None else "no: the file has no end of scan",
        }),
        file=FileRef(source.name, "application/xml", source.stat().st_size, path=source), source_line=source.name,
        fingerprint=fingerprint_of("nmap", run.get("start", ""), run.get("args", "")),
    )  # fmt: skip
    yield Understood(
        "count",
        f"The scan names {hosts} hosts; {up} of them are taken as devices.",
        {"hosts": str(hosts), "devices": str(up)},
    )


def _host(host: Element, place: str) -> ImportedItem | LeftOut:
    addresses = {address.get("addrtype", ""): address for address in host.findall("address")}
    ip = next((addresses[kind].get("addr", "") for kind in ("ipv4", "ipv6") if kind in addresses), "")
    status = host.find("status")
    if status is not None and status.get("state") != "up":
        return LeftOut(
            f"{place} ({ip})" if ip else place,
            "host_down",
            "This host did not answer, so nothing is known of it.",
        )
    if _is_loopback(ip):
        return LeftOut(
            f"{place} ({ip})",
            "scanner_itself",
            "This is the scanning machine itself, which the scan does not name.",
        )
    mac = addresses.get("mac")
    mac_text = mac.get("addr", "") if mac is not None else ""
    names = list(
        dict.fromkeys(name.get("name", "") for name in host.findall("hostnames/hostname") if name.get("name"))
    )
    title = names[0] if names else ip or mac_text
    if not title:
        return LeftOut(place, "no_title", "This host has neither a name nor an address.")
    ports = [
        f"{port.get('portid')}/{port.get('protocol')} {_service(port)}".strip()
        for port in host.findall("ports/port")
        if (state := port.find("state")) is not None and state.get("state") == "open"
    ]
    systems = host.findall("os/osmatch")
    return ImportedItem(
        title=title, category=Category.HARDWARE, kind=ItemKind.HARDWARE,
        details=kept({
            "IP address": ip, "MAC address": mac_text, "Manufacturer": mac.get("vendor", "") if mac is not None else "",
            "Names": ", ".join(names), "Open ports": "; ".join(ports),
            "Operating system (guess)": f"{systems[0].get('name', '')} ({systems[0].get('accuracy', '?')} %)" if systems else "",
            "Found by": "network scan",
        }),
        source_line=place, fingerprint=hardware_fingerprint("", mac_text or ip, "" if mac_text else title),
    )  # fmt: skip


def _service(port: Element) -> str:
    service = port.find("service")
    if service is None:
        return ""
    return " ".join(filter(None, (service.get("name"), service.get("product"), service.get("version"))))


def _is_loopback(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def _utc(seconds: str) -> str:
    try:
        return datetime.datetime.fromtimestamp(int(seconds), datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""
