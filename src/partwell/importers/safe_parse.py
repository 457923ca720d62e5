# SPDX-License-Identifier: AGPL-3.0-or-later
"""XML and JSON of strangers: no entities, bounded depth, size and number of elements."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as DefusedTree
from defusedxml.common import DefusedXmlException

from partwell.importers.base import ImportRefused
from partwell.importers.limits import Limits


def read_json(path: Path, limits: Limits) -> Any:
    """A JSON document, its nesting counted before it is parsed. ImportRefused where it is none."""
    if path.stat().st_size > limits.json_size:
        raise ImportRefused(
            "too_large", f"This file is larger than {limits.json_size} bytes.", path.name, "Split it."
        )
    return parse_json(path.read_bytes(), limits, path.name)


def parse_json(raw: bytes, limits: Limits, where: str) -> Any:
    """As ``read_json``, of bytes: UTF-8, or UTF-16/32 as JSON allows, with or without a BOM."""
    try:
        text = (
            raw.decode("utf-8-sig") if raw[:3] == b"\xef\xbb\xbf" else raw.decode(json.detect_encoding(raw))
        )
    except UnicodeDecodeError:
        raise ImportRefused(
            "encoding_wrong", "This file is not written in UTF-8.", where, "Export it again as UTF-8."
        ) from None
    depth = json_depth(text)
    if depth > limits.json_depth:
        raise ImportRefused(
            "too_deep",
            f"This file is nested deeper than {limits.json_depth} levels.",
            where,
            "No tool we know writes such a file; ask where it comes from.",
        )
    try:
        return json.loads(text, parse_int=_number, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", "")
        place = f"{where}, line {line}" if line else where
        raise ImportRefused(
            "not_json", "This is not a readable JSON file.", place, "Export it again."
        ) from None


def json_depth(text: str) -> int:
    """The deepest nesting of [ and {, outside of strings; stops looking at 10,000."""
    depth = deepest = 0
    position = 0
    inside = False
    find = _next_mark
    while True:
        position, mark = find(text, position, inside)
        if mark == "":
            return deepest
        if mark == '"':
            inside = not inside
        elif mark == "\\":
            position += 1
        elif mark in "[{":
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest > 10_000:
                    return deepest
        else:
            depth -= 1
        position += 1


def _next_mark(text: str, position: int, inside: bool) -> tuple[int, str]:
    found = (_IN if inside else _OUT).search(text, position)
    return (found.start(), found.group()) if found else (len(text), "")


_IN = re.compile(r'["\\]')
_OUT = re.compile(r'["\[\]{}]')


def _number(digits: str) -> int | str:
    return int(digits) if len(digits) < 40 else digits


def _no_constant(name: str) -> str:
    return name


def iterate_xml(path: Path, limits: Limits, *, keep: tuple[str, ...]) -> Iterator[tuple[str, Element]]:
    """(event, element) of a file: "start" for every element, "end" for those named in ``keep``, whole.

    Other elements are emptied as they end, so that memory holds one of ``keep`` at a
    time. ImportRefused for entities, depth, size, too many elements, broken XML.
    """
    if path.stat().st_size > limits.xml_size:
        raise ImportRefused(
            "too_large", f"This file is larger than {limits.xml_size} bytes.", path.name, "Split it."
        )
    depth = count = inside = 0
    stack: list[Element] = []
    try:
        # A DOCTYPE alone is harmless (nmap writes one); what it could declare is forbidden.
        events = DefusedTree.iterparse(
            str(path), events=("start", "end"), forbid_dtd=False, forbid_entities=True, forbid_external=True
        )
        for event, element in events:
            if event == "start":
                depth, count = depth + 1, count + 1
                if depth > limits.xml_depth:
                    raise ImportRefused(
                        "too_deep",
                        f"This file is nested deeper than {limits.xml_depth} levels.",
                        path.name,
                        "No tool we know writes such a file; ask where it comes from.",
                    )
                if count > limits.xml_elements:
                    raise ImportRefused(
                        "too_many_elements",
                        f"This file has more than {limits.xml_elements} elements.",
                        path.name,
                        "Split it.",
                    )
                stack.append(element)
                inside += element.tag in keep
                yield "start", element
                continue
            depth -= 1
            stack.pop()
            if element.tag in keep:
                inside -= 1
                if not inside:
                    yield "end", element
            if not inside:
                element.clear()
                if stack:
                    stack[-1].remove(element)
    except DefusedXmlException:
        raise ImportRefused(
            "xml_entities",
            "This file declares entities, which are used to attack readers.",
            path.name,
            "Export it again without them.",
        ) from None
    except (ParseError, ValueError, LookupError) as error:
        line = getattr(error, "position", ("", ""))[0]
        raise ImportRefused(
            "not_xml",
            "This is not a readable XML file.",
            f"{path.name}, line {line}" if line else path.name,
            "It may be cut off; export it again.",
        ) from None
