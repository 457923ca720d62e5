# SPDX-License-Identifier: AGPL-3.0-or-later
"""IT Glue's and Hudu's exports, made here: one client is taken, the others leave no trace."""

import zipfile
from pathlib import Path

import pytest

from partwell.importers.base import ImportedItem, ImportRefused, LeftOut, Options, Read, Secret
from partwell.importers.sandbox import read_guarded
from partwell.rules.terms import Category, ItemKind, Sensitivity

OTHERS = (
    "Zenith",
    "Acme East",
    "hunter2-zenith",
    "ZENITHOTP",
    "zen-fw",
    "SN-ZEN",
    "zenith-notes",
    "Zen Runbook",
    "zen-plan",
)

ITGLUE = {
    "organizations.csv": "id,name,organization_type,quick_notes\n1,Acme,Customer,pays late\n2,Zenith Bank,Customer,zenith-notes\n"
    "3,Acme East,Customer,\n",
    "configurations.csv": "id,organization,name,configuration_type,manufacturer,model,serial_number,primary_ip,location,notes,archived\n"
    "11,Acme,acme-fw,Firewall,Fortinet,60F,SN-ACME-1,10.0.0.1,HQ,rack 3,No\n"
    "12,Zenith Bank,zen-fw,Firewall,Fortinet,60F,SN-ZEN-1,10.9.9.9,Vault,zenith-notes,No\n"
    "13,Acme,acme-vm,Virtual Machine,,,,10.0.0.5,HQ,,Yes\n",
    "passwords.csv": "id,organization,name,username,password,otp_secret,url,notes,password_category,resource_type,resource_id,archived\n"
    '21,Acme,Domain admin,administrator,s3cr3t-acme,ACMEOTP234,https://dc.acme.example,"line one\nline two",Admin,,,No\n'
    "22,Zenith Bank,Domain admin,administrator,hunter2-zenith,ZENITHOTP,https://dc.zenith.example,zenith-notes,Admin,,,No\n"
    "23, ACME ,Firewall,admin,fw-pass,,,,Network,Configuration,11,No\n"
    "24,,Orphan,x,orphan-pass,,,,,,,No\n",
    "contacts.csv": "id,organization,first_name,last_name,name,title\n31,Acme,Ann,Lee,Ann Lee,Director\n32,Zenith Bank,Zoe,Zen,Zoe Zenith,CEO\n",
    "locations.csv": "id,organization,name,address_1,primary\n41,Acme,HQ,Main St 1,Yes\n42,Zenith Bank,Zenith Vault,,Yes\n",
    "documents.csv": "id,organization,locator,name,archived\n51,Acme,DOC-1-51,Acme Runbook,No\n52,Zenith Bank,DOC-2-52,Zen Runbook,No\n"
    "53,Acme East,DOC-1-515,Acme East book,No\n",
    "licensing.csv": "id,organization,Name,Manufacturer,Version,License Key(s),archived\n61,Acme,Office 2021,Microsoft,2021,AAAA-BBBB,No\n"
    "62,Zenith Bank,Zenith Core,Zen,1,ZEN-KEY,No\n",
    "backup.csv": "id,organization,Backup name,Encryption Passphrase,Target\n71,Acme,Nightly,pass-phrase-acme,NAS\n72,Zenith Bank,Zenith tape,zz,Tape\n",
    "checklist-templates.csv": "id,name\n1,Zenith onboarding\n",
    "documents/DOC-1-51 Acme Runbook/acme.html": "<p>how Acme runs</p>",
    "documents/Ops/DOC-2-52 Zen Runbook/zen.html": "<p>Zenith Bank secrets</p>",
    "documents/DOC-1-515 Acme East book/east.html": "<p>Acme East</p>",
    "attachments/configurations/11/rack.png": "PNG",
    "attachments/configurations/12/zen-plan.png": "PNG Zenith",
    "attachments/passwords/11/zen-plan2.png": "an id of another table",
}

HUDU = {
    "companies.csv": "id,name,nickname\n1,Acme,\n2,Zenith Bank,\n",
    "asset_passwords.csv": "id,company_name,name,username,password,otp_secret,description,url\n"
    "1,Acme,Router,admin,s3cr3t-acme,ACMEOTP234,in rack,https://r\n2,Zenith Bank,Router,root,hunter2-zenith,ZENITHOTP,zenith-notes,\n",
    "articles.csv": "id,company_name,name,content\n1,Acme,How to print,<p>press print</p>\n2,Zenith Bank,Zen Runbook,x\n3,,Global zen-plan,x\n",
    "computers.csv": "id,company_name,name,primary_serial,make\n1,Acme,pc-1,SN-ACME-9,Dell\n2,Zenith Bank,pc-2,SN-ZEN-9,Dell\n",
}  # fmt: skip


def export(tmp_path: Path, files: dict[str, str], name: str = "export.zip") -> Path:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


def everything(reads: list[Read]) -> str:
    """All that could be shown or stored, secrets and files included."""
    parts = [repr(reads)]
    for read in reads:
        if isinstance(read, ImportedItem):
            parts += [secret.reveal() for secret in read.secrets.values()]
            if read.file:
                parts.append(read.file.read_bytes().decode(errors="replace"))
    return "\n".join(parts)


def run(kind: str, path: Path, spool: Path | None = None, client: str = "Acme") -> list[Read]:
    return list(read_guarded(kind, path, Options(client_names=(client,), spool=spool)))


@pytest.mark.parametrize("shape", ["zip", "zip in a folder", "folder", "spool"])
def test_it_glue_takes_one_client_and_leaks_no_other(tmp_path: Path, shape: str) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    files = (
        {f"export-2026/{name}": text for name, text in ITGLUE.items()}
        if shape == "zip in a folder"
        else ITGLUE
    )
    if shape == "folder":
        path = tmp_path / "unpacked"
        for name, text in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
    else:
        path = export(tmp_path, files)
    reads = run("itglue", path, spool if shape == "spool" else None)
    items = {item.title: item for item in reads if isinstance(item, ImportedItem)}
    assert set(items) == {
        "acme-fw", "acme-vm", "Domain admin", "Firewall", "Ann Lee", "HQ", "Acme Runbook", "Office 2021", "Nightly", "rack.png"
    }  # fmt: skip
    shown = everything(reads)
    for word in OTHERS:
        assert word not in shown
    assert "pays late" not in shown and "orphan-pass" not in shown
    admin = items["Domain admin"]
    assert (admin.category, admin.kind, admin.sensitivity) == (
        Category.ADMIN_ACCESS, ItemKind.CREDENTIAL, Sensitivity.SENSITIVE
    )  # fmt: skip
    assert admin.secrets["password"] == Secret("s3cr3t-acme") and admin.secrets["otp"] == Secret("ACMEOTP234")
    assert admin.secrets["notes"].reveal() == "line one\nline two"
    assert admin.details == {"Username": "administrator", "URL": "https://dc.acme.example", "Folder": "Admin"}
    assert admin.source_line == "passwords.csv, line 2"
    assert items["Firewall"].source_line == "passwords.csv, line 5"
    assert items["acme-fw"].kind is ItemKind.HARDWARE and items["acme-vm"].kind is ItemKind.OTHER
    assert items["acme-vm"].details["Archived"] == "yes"
    assert items["Office 2021"].secrets["key"].reveal() == "AAAA-BBBB"
    assert items["Nightly"].secrets["password"].reveal() == "pass-phrase-acme"
    page = next(i for i in reads if isinstance(i, ImportedItem) and i.file and i.title == "Acme Runbook")
    assert page.file and page.file.read_bytes() == b"<p>how Acme runs</p>"
    reasons = {(x.line, x.reason_code) for x in reads if isinstance(x, LeftOut)}
    assert {("passwords.csv", "other_client"), ("passwords.csv", "no_client"), ("documents", "other_client"),
            ("attachments", "other_client"), ("checklist-templates.csv", "no_client_column")} <= reasons  # fmt: skip


def test_it_glue_refuses_without_the_client_or_with_a_wrong_one(tmp_path: Path) -> None:
    path = export(tmp_path, ITGLUE)
    with pytest.raises(ImportRefused) as missing:
        list(read_guarded("itglue", path, Options()))
    assert missing.value.code == "client_missing"
    for wrong in ("Acm", "Acme Inc", "zenith"):
        with pytest.raises(ImportRefused) as unknown:
            run("itglue", path, client=wrong)
        assert unknown.value.code == "client_unknown" and "Zenith" not in str(unknown.value)
    double = ITGLUE | {"organizations.csv": "id,name\n1,Acme\n2,ACME\n"}
    with pytest.raises(ImportRefused) as ambiguous:
        run("itglue", export(tmp_path, double, "double.zip"))
    assert ambiguous.value.code == "client_ambiguous"


def test_hudu_takes_one_client_and_leaks_no_other(tmp_path: Path) -> None:
    reads = run("hudu", export(tmp_path, HUDU))
    items = {item.title: item for item in reads if isinstance(item, ImportedItem)}
    assert set(items) == {"Router", "How to print", "pc-1"}
    assert items["Router"].secrets["password"].reveal() == "s3cr3t-acme"
    assert items["How to print"].details["content"] == "<p>press print</p>"
    assert items["pc-1"].category is Category.HARDWARE
    shown = everything(reads)
    for word in OTHERS:
        assert word not in shown


def test_one_csv_of_hudu_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "asset_passwords.csv"
    path.write_text(HUDU["asset_passwords.csv"])
    reads = run("hudu", path)
    assert [i.title for i in reads if isinstance(i, ImportedItem)] == ["Router"]
    assert "Zenith" not in everything(reads)
