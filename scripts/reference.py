# SPDX-License-Identifier: AGPL-3.0-or-later
"""Write the reference pages that are made from the code: ``.venv/bin/python scripts/reference.py``.

What the registries hold (refusals, events, roles, mails, importers, rule functions) stands in docs/reference/ and
docs/importers.md as committed pages, so that they can be read and compared without running anything. A test
(tests/house/test_reference.py) fails when a page is not what this would write. ``--check`` only says so.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))
SOURCE = ROOT / "src/partwell"
MADE = "<!-- Made by scripts/reference.py from {}. Do not edit here. -->\n\n"
RULE_NAMES = {
    "R1": "Consent", "R2": "The client is in the loop", "R3": "What the client owns is handed over",
    "R4": "Records prove it", "R5": "Hours", "R6": "Retention", "R7": "Cloud backups at cost",
    "R8": "Transition takes time", "R9": "The returning client", "R10": "Always ready",
    "R11": "Ownership is not hostage", "R12": "Law profiles", "R13": "Vendor windows", "R14": "Order matters",
    "R15": "Two people", "R16": "Credentials", "R17": "Silence", "roles": "Who may do what",
}  # fmt: skip


def cell(text: object) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    names = list(head)
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    lines += [f"| {' | '.join(cell(one) for one in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _rule_order(name: str) -> tuple[int, str]:
    found = re.fullmatch(r"R(\d+)", name)
    return (int(found[1]), name) if found else (99, name)


def refusals() -> str:
    from partwell.entrypoints.api.problems import OWN
    from partwell.rules.refusals import REFUSALS

    by_rule = defaultdict(list)
    for kind in REFUSALS.values():
        by_rule[kind.rule].append(kind)
    page = "# Every refusal\n\n" + MADE.format("src/partwell/rules/refusal_kinds/") + (
        "A refusal has a stable code, the rule it comes from, an HTTP status, one sentence and a next step; words in\n"
        "braces are its fields, which the API gives as `data`. 404 says the same for what does not exist and for what you may not know of.\n"
    )  # fmt: skip
    for rule in sorted(by_rule, key=_rule_order):
        title = f"{rule}: {RULE_NAMES[rule]}" if rule in RULE_NAMES else rule
        page += f"\n## {title}\n" + table(
            ("code", "status", "sentence", "next step"),
            ((f"`{kind.code}`", kind.status, kind.sentence, kind.next_step) for kind in by_rule[rule]),
        )
    page += "\n## What only HTTP can refuse\nThe API alone, from `src/partwell/entrypoints/api/problems.py`.\n\n" + table(
        ("code", "status", "sentence", "next step"),
        ((f"`{one.code}`", one.status, one.sentence, one.next_step) for one in OWN.values()),
    )  # fmt: skip
    return page


# Understood when read, and recorded by nothing yet: each with what will record it.
COMING_EVENTS: Mapping[str, str] = {
    "retention.instructed": "retention and deletion",
    "ledger.origin_opened": "restoring a backup; `ledger check` understands it",
    "ledger.key_rotated": "changing the log's key; `ledger check` understands it",
}
COMING_MAILS: Mapping[str, str] = {
    "request_estimated": "requests for work",
    "hours_running_out": "hours and prepaid blocks",
}


def events() -> str:
    from partwell.rules.events import EVENTS

    by_noun = defaultdict(list)
    for event in EVENTS.values():
        by_noun[event.type.partition(".")[0]].append(event)
    page = "# Every event of the ledger\n\n" + MADE.format("src/partwell/rules/events/") + (
        "An entry discloses its fields in three labels: *public* to every party of the entry, *client* to the client and\n"
        "staff, *internal* to staff. A field with `?` may be absent. The sentence uses public fields alone, so it reads the same for all.\n"
        "No field of any event may hold a secret (R16): the registry refuses such a name.\n"
    )  # fmt: skip
    for noun in sorted(by_noun):
        page += f"\n## {noun.replace('_', ' ')}\n" + table(
            ("type", "sentence", "public", "client", "internal"),
            (
                (
                    f"`{e.type}`" + (f" (not yet: {COMING_EVENTS[e.type]})" if e.type in COMING_EVENTS else ""),
                    e.sentence,
                    *(" ".join(f"`{name}`" for name in getattr(e, label)) for label in ("public", "client", "internal")),
                )
                for e in by_noun[noun]
            ),
        )  # fmt: skip
    return page


def roles() -> str:
    from partwell.rules import roles as module

    names = {module.OWNER: "owner", module.MANAGER: "manager", module.TECHNICIAN: "tech", module.AUDITOR: "auditor",
             module.SIGNATORY: "signatory", module.OBSERVER: "observer", module.PROVIDER: "provider"}  # fmt: skip
    rows = []
    for verb, allowed in module.VERBS.items():
        marks = ["●" if role in allowed else "" for role in names]
        rows.append((f"`{verb}`", *marks, "Partwell itself" if module.SYSTEM in allowed else ""))
    return (
        "# Who may do what\n\n"
        + MADE.format("src/partwell/rules/roles.py")
        + "The role's floor only: whose client, whose item and which state are asked after it. What is not in the table is refused. Nobody can\n"
        "edit or erase evidence: there is no verb for it. A stranger to a client gets 404 whatever the role.\n\n"
        + table(("verb", *names.values(), "besides"), rows)
    )


def mails() -> str:
    from partwell.documents.mail_kinds import KINDS

    rows = []
    for name, (make, required, optional) in sorted(KINDS.items()):
        fields = " ".join(f"`{one}`" for one in sorted(required))
        also = " ".join(f"`{one}`" for one in sorted(optional))
        rows.append((f"`{name}`", _subject(make.__module__, make.__name__), fields, also))
    return (
        "# Every mail\n\n"
        + MADE.format("src/partwell/documents/mail_kinds.py")
        + "Each is made from plain values, as text and HTML, with the newest checkpoint at its foot. Mail to a new provider has the client on it (R2).\n"
        "Sign-in links and invitations are a channel apart (`actions/people/account_mail.py`): never evidence, wiped after they were sent.\n\n"
        + table(("kind", "subject", "must have", "may have"), rows)
    )


def _subject(module: str, function: str) -> str:
    path = SOURCE.parent / (module.replace(".", "/") + ".py")
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            for word in ast.walk(node):
                if isinstance(word, ast.keyword) and word.arg == "subject":
                    texts = [
                        n.value
                        for n in ast.walk(word.value)
                        if isinstance(n, ast.Constant) and isinstance(n.value, str)
                    ]
                    return " / ".join(text for text in texts if " " in text) or " ".join(texts)  # fmt: skip
    return ""


def _lead(text: str | None) -> str:
    """The first paragraph of a docstring, on one line, fit for Markdown."""
    return cell((text or "").split("\n\n")[0]).replace("``", "`").replace("\\|", "|")


def importers() -> str:
    from partwell.importers.detect import MODULES, importer
    from partwell.importers.limits import Limits

    page = "# What can be imported, and what is not understood\n\n" + MADE.format("src/partwell/importers/") + (
        "Every importer reads in a child process within limits, shows a preview by line, and writes nothing before it is confirmed. What it leaves\n"
        "out is listed with the reason. A format is found by itself; `--source KIND`, or *What they are* on the page, chooses it.\n"
    )  # fmt: skip
    for kind in MODULES:
        module = importer(kind)
        page += f"\n## {module.LABEL}\n`--source {kind}` · `src/partwell/importers/{MODULES[kind]}.py`\n\n"
        page += "Understands:\n" + "".join(f"- {cell(one)}\n" for one in module.UNDERSTANDS)
        page += "\nDoes **not** understand:\n" + "".join(
            f"- {cell(one)}\n" for one in module.DOES_NOT_UNDERSTAND
        )
    mib = 1024 * 1024
    limits = Limits()
    page += "\n## Limits\nBeyond them a file is refused with a sentence that names the limit (`src/partwell/importers/limits.py`).\n\n"
    rows = [
        ("a file as uploaded", f"{limits.file_size // mib} MiB"),
        ("rows of a table, items of a source", f"{limits.rows:,}; {limits.items:,}"),
        ("columns; characters of a cell", f"{limits.columns}; {limits.cell_chars:,}"),
        ("a JSON document; its depth", f"{limits.json_size // mib} MiB; {limits.json_depth}"),
        ("an XML document; its depth; its elements", f"{limits.xml_size // mib} MiB; {limits.xml_depth}; {limits.xml_elements:,}"),
        ("members of an archive; one of them; all unpacked", f"{limits.archive_members:,}; {limits.archive_member_size // mib} MiB; {limits.archive_total_size // mib} MiB"),
        ("unpacked to packed; archives inside archives", f"{limits.archive_ratio} to 1; {limits.archive_depth}"),
        ("memory that a KeePass database may ask for", f"{limits.kdf_memory // mib} MiB"),
        ("rounds of AES (KeePass), of PBKDF2 (Bitwarden)", f"{limits.kdf_rounds:,}; {limits.kdf_iterations:,}"),
        ("the child process: memory; processor; clock", f"{limits.memory // mib} MiB; {limits.cpu_seconds} s; {limits.wall_seconds:.0f} s"),
    ]  # fmt: skip
    return page + table(("of", "at most"), rows)


def _users() -> dict[str, str]:
    """Source by the part that asks ("actions", "entrypoints") → the text of its files, rules left out."""
    found: dict[str, str] = defaultdict(str)
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).parts
        if parts[0] != "rules":
            found[parts[0].removesuffix(".py")] += path.read_text()
    return found


def _lines_with(name: str, text: str) -> str:
    """The lines that hold ``name``: the whole source is long, and what is looked for stands on one line."""
    return "\n".join(line for line in text.split("\n") if name in line) if name in text else ""


def functions() -> str:
    users = _users()
    inside = {path: path.read_text() for path in (SOURCE / "rules").glob("*.py")}
    page = "# The functions of `rules/`\n\n" + MADE.format("src/partwell/rules/") + (
        "Plain functions over frozen facts: no database, no clock, no network. *Asked by* names the parts of the program that call them, or\n"
        "*other rules*; **nobody yet** says that a rule is written and tested and that nothing acts on it so far.\n"
    )  # fmt: skip
    for path in sorted(inside):
        tree = ast.parse(inside[path])
        mentions = re.compile(
            rf"\brules\.{path.stem}\b|from partwell\.rules import [^\n]*\b{path.stem}\b|^    {path.stem},",
            re.M,
        )
        told = {name: text for name, text in users.items() if mentions.search(text)}
        rows = []
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            word = re.compile(
                rf"(?<![\w.])(?:{path.stem}\.)?{node.name}\(|\b{path.stem}\.{node.name}\b|import [^\n]*\b{node.name}\b|^    {node.name},",
                re.M,
            )
            asked = [name for name, text in told.items() if word.search(_lines_with(node.name, text))]
            others = any(
                f"{node.name}(" in text
                and re.search(
                    rf"\b{node.name}\(", text if other != path else text.replace(f"def {node.name}(", "")
                )
                for other, text in inside.items()
            )
            by = ", ".join(f"`{one}`" for one in asked) or ("other rules" if others else "**nobody yet**")
            codes = sorted(
                {
                    one.value
                    for call in ast.walk(node)
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "refuse" and call.args
                    for one in ast.walk(call.args[0])
                    if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
            )
            rows.append(
                (f"`{node.name}`", _lead(ast.get_docstring(node)), " ".join(f"`{one}`" for one in codes), by)
            )
        if rows:
            page += f"\n## `rules/{path.name}`\n{_lead(ast.get_docstring(tree))}\n\n"
            page += table(("function", "what it answers", "refuses with", "asked by"), rows)
    return page  # fmt: skip


PAGES = {
    "docs/reference/refusals.md": refusals,
    "docs/reference/events.md": events,
    "docs/reference/roles.md": roles,
    "docs/reference/mails.md": mails,
    "docs/reference/rule-functions.md": functions,
    "docs/importers.md": importers,
}


def stale() -> list[str]:
    """The pages that are not what the code says now."""
    return [
        name
        for name, make in PAGES.items()
        if not (ROOT / name).exists() or (ROOT / name).read_text() != make()
    ]


def main() -> int:
    """Write what is stale and name it; with ``--check`` only name it. 1 when something was stale and not written."""
    names = stale()
    for name in names:
        if "--check" not in sys.argv:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(PAGES[name]())
        print(("stale: " if "--check" in sys.argv else "wrote ") + name)
    return 1 if names and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
