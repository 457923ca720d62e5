# SPDX-License-Identifier: AGPL-3.0-or-later
"""CSV: encodings, delimiters, line numbers, ragged and hostile tables, memory and speed."""

import tracemalloc
from collections.abc import Iterable
from pathlib import Path

import pytest

from partwell.importers import csv_table, snipeit
from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Notice, Options, Read, Understood
from partwell.importers.detect import detect
from partwell.importers.limits import Limits
from partwell.importers.mapping import ColumnMapping, propose
from partwell.rules.terms import Category, ItemKind, Owner, Sensitivity
from tests.inputs import inputs, inputs_matching


def table(tmp_path: Path, data: bytes | str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def items(reads: Iterable[Read]) -> list[ImportedItem]:
    return [read for read in reads if isinstance(read, ImportedItem)]


def left_out(reads: Iterable[Read]) -> list[LeftOut]:
    return [read for read in reads if isinstance(read, LeftOut)]


def read(path: Path, **options: object) -> list[Read]:
    return list(csv_table.read(path, options=Options(**options)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encoding", "text", "guessed"),
    [
        ("utf-8", "Name,Ort\nDrucker,Köln\n", "utf-8"),
        ("utf-8-sig", "Name,Ort\nDrucker,Köln\n", "utf-8-sig"),
        ("utf-16", "Name,Ort\nDrucker,Köln\n", "utf-16"),
        ("utf-16-le", "Name,Ort\nDrucker,Koeln\n", "utf-16-le"),
        ("cp1250", "Nazwa;Lokalizacja\nGłówny przełącznik;Łódź, piętro żółte\n", "cp1250"),
        ("cp1252", "Name;Ort\nDrucker;Köln Süd, Straße\n", "cp1252"),
        ("cp1252", "Nom;Lieu\nImprimante réseau;Siège à Évreux, côté forêt\n", "cp1252"),
    ],
)
def test_the_encoding_is_guessed_and_the_guess_is_said(
    tmp_path: Path, encoding: str, text: str, guessed: str
) -> None:
    reads = read(table(tmp_path, text.encode(encoding)))
    understood = next(r for r in reads if isinstance(r, Understood) and r.code == "encoding")
    assert understood.facts["encoding"] == guessed
    assert items(reads)[0].details["Location"] == text.splitlines()[1].replace(";", ",", 1).split(",", 1)[1]
    if encoding.startswith("cp"):
        assert understood.facts["alternatives"], "people must be able to choose another"


def test_a_chosen_encoding_that_is_wrong_is_refused_with_the_place(tmp_path: Path) -> None:
    path = table(tmp_path, "Name;Ort\nDrucker;Köln\n".encode("cp1252"))
    with pytest.raises(ImportRefused, match=r"not written in utf-8.*Choose another encoding"):
        read(path, encoding="utf-8")
    with pytest.raises(ImportRefused) as refused:
        read(path, encoding="klingon")
    assert refused.value.code == "encoding_unknown"


def test_line_numbers_are_true_after_quoted_line_breaks(tmp_path: Path) -> None:
    path = table(tmp_path, 'Name,Notes\r\na,"one\r\ntwo\r\nthree"\r\n\r\nb,x\r\n')
    assert [(i.title, i.source_line) for i in items(read(path))] == [("a", 2), ("b", 6)]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_any_line_end(tmp_path: Path, end: str) -> None:
    path = table(tmp_path, end.join(["Name,Serial", "a,S1", "b,S2"]))
    assert [i.source_line for i in items(read(path))] == [2, 3]


def test_ragged_rows_blank_and_double_headers_nul_bytes(tmp_path: Path) -> None:
    path = table(tmp_path, b"Name,,Color,Color,\nshort\nlong,1,red,blue,,extra\nn\x00ul,\x00,x,y,\n")
    reads = read(path)
    found = items(reads)
    assert [i.title for i in found] == ["short", "long", "nul"]
    assert found[1].details["Color"] == "red" and found[1].details["Color (2)"] == "blue"
    assert found[1].secrets["notes"].reveal() == "extra", "a cell without a header may be a password"
    assert {n.code for n in reads if isinstance(n, Notice)} == {"short_row", "long_row"}


def test_a_stray_quote_costs_one_row(tmp_path: Path) -> None:
    rows = "".join(f"n{i},s{i}\n" for i in range(5000))
    reads = read(table(tmp_path, 'Name,Serial\nbad,"never closed\n' + rows))
    assert len(items(reads)) == 5000
    assert [(x.line, x.reason_code) for x in left_out(reads)] == [(2, "row_too_long")]


def test_only_stray_quotes_are_refused(tmp_path: Path) -> None:
    limits = Limits(record_chars=2000)
    path = table(tmp_path, "Name,Serial\n" + ('x,"' + ("y" * 100 + "\n") * 25) * 60)
    with pytest.raises(ImportRefused) as refused:
        read(path, limits=limits)
    assert refused.value.code == "quotes_unbalanced"


def test_a_cell_of_ten_megabytes_leaves_its_row_out(tmp_path: Path) -> None:
    path = table(tmp_path, "Name,Notes\nbig," + "x" * 10_000_000 + "\nsmall,y\n")
    reads = read(path)
    assert [i.title for i in items(reads)] == ["small"] and items(reads)[0].source_line == 3
    assert left_out(reads)[0].line == 2
    middle = table(tmp_path, "Name,Notes\nbig," + "x" * 200_000 + "\nsmall,y\n")
    assert [x.reason_code for x in left_out(read(middle))] == ["cell_too_long"]


def test_formulas_are_kept_as_text_and_flagged(tmp_path: Path) -> None:
    path = table(tmp_path, "Name,Notes\na,=cmd|' /C calc'!A0\nb,+48 22 123 45 67\nc,-5\nd,@SUM(1+1)\n")
    reads = read(path)
    assert items(reads)[0].details["Notes"] == "=cmd|' /C calc'!A0"
    assert [n.line for n in reads if isinstance(n, Notice) and n.code == "formula_cell"] == [2, 5]


def test_other_clients_are_left_out_and_never_named(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "Company,Name,Serial\nAcme,a,1A\nZenith Bank,secret-thing,2B\nACME ,b,3C\n,nobody,4D\nAcme Corp,c,5E\n",
    )
    reads = read(path, client_names=("Acme",))
    assert [i.title for i in items(reads)] == ["a", "b"]
    assert [(x.line, x.reason_code) for x in left_out(reads)] == [
        (3, "other_client"), (5, "no_client"), (6, "other_client")
    ]  # fmt: skip
    assert "Zenith" not in repr(reads) and "secret-thing" not in repr(reads) and "Corp" not in repr(reads)
    assert any(isinstance(n, Notice) and n.code == "several_clients" for n in read(path))


def test_secrets_never_become_details(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "Title,User name,Kennwort,WLAN Schlüssel,PIN,TOTP,URL,Bemerkung,Wartung\n"
        "vpn,admin,p4ss,w1fi,9876,JBSWY3DP,https://u:inurl@host/x,noted,free text 55\n",
    )
    reads = read(path)
    item = items(reads)[0]
    assert (item.category, item.kind, item.sensitivity) == (
        Category.ADMIN_ACCESS, ItemKind.CREDENTIAL, Sensitivity.SENSITIVE
    )  # fmt: skip
    assert item.secrets["password"].reveal() == "p4ss" and item.secrets["otp"].reveal() == "JBSWY3DP"
    assert item.details == {"Username": "admin", "URL": "https://host/x"}
    for secret in ("p4ss", "w1fi", "9876", "JBSWY3DP", "inurl", "noted", "free text 55"):
        assert secret not in repr(reads)


def test_headerless_tables_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="data where the names"):
        read(table(tmp_path, "mysite,https://a.example,bob,hunter2\n"))
    with pytest.raises(ImportRefused, match="one column"):
        read(inputs("credentials/pass_import/dashlane.csv"))


def test_a_mapping_is_remembered_checked_and_cannot_turn_a_secret_into_a_detail(tmp_path: Path) -> None:
    path = table(tmp_path, "Ding,Passwort,Besitzer\na,x,Kunde\n")
    mapping = propose(["Ding", "Passwort", "Besitzer"]).with_field("Ding", "title")
    again = ColumnMapping.from_json(mapping.to_json())
    assert again == mapping and again.signature == propose(["ding ", "PASSWORT", "Besitzer"]).signature
    assert items(read(path, mapping=again))[0].owner is Owner.CLIENT
    with pytest.raises(ImportRefused, match="sounds like a secret"):
        read(path, mapping=mapping.with_field("Passwort", "detail"))
    with pytest.raises(ImportRefused, match="names no column"):
        read(table(tmp_path, "Foo,Bar\n1,2\n"), mapping=mapping)
    with pytest.raises(ValueError):
        mapping.with_field("Ding", "nonsense")


@pytest.mark.parametrize("data", [b"", b"\n\n\n", b"\xff\xfe\x00", b"\x00" * 5000, b"a,b\n\x81\x8d"])
def test_what_is_no_table_is_refused_or_empty(tmp_path: Path, data: bytes) -> None:
    try:
        assert not items(read(table(tmp_path, data))) or data.startswith(b"a")
    except ImportRefused as refused:
        assert refused.sentence


def test_a_hundred_thousand_rows_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("Company,Name,Serial number,Location,Notes\n")
        for n in range(100_000):
            out.write(f'Acme,Laptop {n},SN-{n:07d},Köln,"a note, with a comma {n}"\n')
    tracemalloc.start()
    count = sum(
        isinstance(x, ImportedItem) for x in csv_table.read(path, options=Options(client_names=("Acme",)))
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 8 * 1024 * 1024, f"{peak} bytes at the peak"


@pytest.mark.parametrize(
    ("name", "table_name", "count", "category"),
    [
        ("accessories-sample.csv", "accessories", 3, Category.HARDWARE),
        ("assets-sample-BLANKS.csv", "assets", 200, Category.HARDWARE),
        ("assets-sample.csv", "assets", 22, Category.HARDWARE),
        ("components-sample.csv", "components", 1, Category.HARDWARE),
        ("licenses-sample.csv", "licences", 50, Category.SOFTWARE),
        ("models-sample.csv", "models", 20, Category.OTHER),
    ],
)
def test_snipe_it_maps_by_itself(name: str, table_name: str, count: int, category: Category) -> None:
    path = inputs(f"csv_assets/snipeit/{name}")
    assert snipeit.sniff(path, path.read_bytes()[:65536]) > 0.9
    reads = list(snipeit.read(path, options=Options()))
    assert next(r for r in reads if isinstance(r, Understood)).facts["table"] == table_name
    assert len(items(reads)) == count and not left_out(reads)
    assert {i.category for i in items(reads)} == {category}
    if table_name == "licences":
        assert all(i.secrets.get("key") for i in items(reads))


def test_snipe_it_takes_one_company_of_many() -> None:
    path = inputs("csv_assets/snipeit/assets-sample.csv")
    reads = list(snipeit.read(path, options=Options(client_names=("abshire and sons",))))
    assert [i.title for i in items(reads)] == ["Backhoe"]
    assert len(left_out(reads)) == 21


WITHOUT_HEADER = "dashlane.csv"


@pytest.mark.parametrize(
    "path",
    [path for path in inputs_matching("credentials/pass_import/*.csv") if path.name != WITHOUT_HEADER],
    ids=lambda p: p.name,
)
def test_password_managers_tables_leak_nothing(path: Path) -> None:
    reads = read(path)
    credentials = [i for i in items(reads) if i.kind is ItemKind.CREDENTIAL]
    assert len(credentials) >= 11
    shown = repr(reads)
    for item in items(reads):
        for secret in item.secrets.values():
            assert len(secret.reveal()) < 8 or secret.reveal() not in shown
    assert "ws5T@;_UB[Q|P!8" not in shown


def test_a_table_without_a_header_is_refused_and_leaks_nothing() -> None:
    """Its first line is data: taking it for names of columns would print a password among what was understood."""
    path = inputs(f"credentials/pass_import/{WITHOUT_HEADER}")
    with pytest.raises(ImportRefused) as refused:
        read(path)
    assert "SoNEwvU,kJ%-cIKJ9[c#S;]jB" not in f"{refused.value!r} {refused.value.sentence}"
    assert refused.value.sentence


def test_real_tables_of_any_tool_are_read_or_refused() -> None:
    inputs("net_audit")
    for path in inputs_matching("**/*.csv"):
        try:
            read(path)
        except ImportRefused as refused:
            assert refused.sentence, path


def test_a_scanners_report_is_a_document_first() -> None:
    inputs("net_audit/vuln")
    for path in [*inputs_matching("net_audit/vuln/*.csv"), *inputs_matching("net_audit/cloud_tls/*.csv")]:
        assert detect(path)[0].kind == "documents", path.name
    assert detect(inputs("m365/ConversionTable.csv"))[0].kind == "csv"
