# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every committed file keeps to: length, licence line, no address of this or that machine."""

import re
from pathlib import Path

import pytest

from tests.support import tree

LONGEST = 400
SOURCE = {".py", ".js", ".css", ".html", ".typ", ".sh", ".toml"}
# Path or folder -> why it may be longer.
LONG: dict[str, str] = {
    "src/partwell/records/retention/migrations/0002_sets_holds_deletions.py": "made by Django, one step of the schema",
    "src/partwell/entrypoints/theme/static/theme/vendor/": "other people's files, kept byte for byte",
    "src/partwell/entrypoints/theme/gallery_data.py": "example values for the gallery, one a part and state; no logic to split",
    "tests/importers/test_credential_stores.py": "two formats share their hostile stores and helpers",
    "tests/golden/": "bundles and entries of old versions, kept byte for byte",
}
# Split so that this file does not find itself.
HOSTS = re.compile(
    "|".join(
        re.escape(host)
        for host in (
            "pypi" + ".org", "python" + "hosted.org", "registry.npm" + "js", "npm" + "js.org", "yarn" + "pkg.com",
            "js" + "delivr", "un" + "pkg.com", "cdn" + "js.", "/opt/" + "pypi", "extra-" + "index-url",
        )
    )
)  # fmt: skip
MACHINE = re.compile("(?<![\\w.~-])/(?:ro" + "ot|wo" + "rk|Us" + "ers|ho" + "me)/[\\w.-]+/?")
MAIL = re.compile(r"(?<![\w.+%-])[A-Za-z0-9][\w.+%-]*@((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})\b")
MAIL_ALLOWED = re.compile(
    r"(?i)(^|\.)(example|test|invalid|localhost|local|internal)$|(^|\.)example\.(com|org|net)$"
)
# Path or folder -> why its addresses stay.
FOREIGN: dict[str, str] = {
    "LICENSE": "the licence's own text",
    "src/sealed/LICENSE": "the licence's own text",
    "src/partwell/entrypoints/theme/static/theme/vendor/": "other people's files, kept byte for byte",
    "src/partwell/entrypoints/theme/gallery_data.py": "example values for the gallery, one a part and state; no logic to split",
    "tests/importers/test_credential_stores.py": "two formats share their hostile stores and helpers",
    "tests/golden/": "kept byte for byte",
}


def _excused(path: Path, table: dict[str, str]) -> bool:
    name = tree.name(path)
    return any(name == key or (key.endswith("/") and name.startswith(key)) for key in table)


def _licence_text(path: Path) -> bool:
    return path.name.upper().startswith(("LICENSE", "LICENCE", "OFL"))


def test_no_file_is_longer_than_a_reader_bears() -> None:
    long = []
    for path in tree.files():
        if path.suffix in SOURCE and not _excused(path, LONG) and (text := tree.text(path)) is not None:
            lines = text.count("\n") + (not text.endswith("\n"))
            if lines > LONGEST:
                long.append(f"{tree.name(path)}: {lines} lines")
    assert not long


def test_every_module_names_its_licence() -> None:
    wrong = []
    for path in tree.files():
        text = tree.text(path)
        if path.suffix != ".py" or not text or not text.strip() or "migrations" in path.parts:
            continue
        # The verifier's tests go with the verifier.
        free = tree.name(path).startswith(("src/sealed/", "tests/sealed/"))
        licence = "Apache-2.0" if free else "AGPL-3.0-or-later"
        if f"# SPDX-License-Identifier: {licence}" not in text.split("\n")[:2]:
            wrong.append(f"{tree.name(path)} lacks '# SPDX-License-Identifier: {licence}' in its first lines")
    assert not wrong


@pytest.mark.parametrize(
    ("what", "pattern"), [("a registry's or CDN's host", HOSTS), ("a machine's path", MACHINE)]
)
def test_nothing_names_where_it_was_made(what: str, pattern: re.Pattern[str]) -> None:
    found = []
    for path in tree.files():
        if _licence_text(path) or _excused(path, FOREIGN) or (text := tree.text(path)) is None:
            continue
        found += [f"{tree.name(path)} names {what}: {match.group(0)}" for match in pattern.finditer(text)]
    assert not found


def test_no_address_of_a_real_domain() -> None:
    found = []
    for path in tree.files():
        if _licence_text(path) or _excused(path, FOREIGN) or (text := tree.text(path)) is None:
            continue
        for match in MAIL.finditer(text):
            if not MAIL_ALLOWED.search(match.group(1)):
                found.append(f"{tree.name(path)}: {match.group(0)}; use a name under example.com or .test")
    assert not found


def test_no_key_is_committed() -> None:
    private = re.compile("-----BEGIN [A-Z ]*PRIVATE" + " KEY-----|AGE-SECRET" + "-KEY-1[A-Z0-9]{20,}")
    found = [tree.name(path) for path in tree.files() if (text := tree.text(path)) and private.search(text)]
    assert not [name for name in found if not name.startswith("tests/")]
    assert not [tree.name(path) for path in tree.files() if path.name == "cookie-secret"]
