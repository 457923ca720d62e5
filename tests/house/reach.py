# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a floor may reach outside Partwell: what import-linter does not see (standard library, submodules, calls).

``findings(source)`` reads every module under a ``src`` folder as syntax, so an import inside a function
counts like one at the top, and returns one sentence a violation.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# No clock, no chance, no I/O: time and facts come in as arguments.
OUTSIDE_WORLD = (
    "asyncio", "glob", "http", "io", "logging", "multiprocessing", "os", "pathlib", "random", "requests", "secrets",
    "shutil", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib",
)  # fmt: skip
CLOCK_CALLS = {"now", "utcnow", "today"}
IO_CALLS = {"open", "print", "input", "eval", "exec", "__import__"}


@dataclass(frozen=True)
class Rule:
    """``floor`` (a path prefix under src) may not import ``modules``, save in the files of ``except_in``."""

    name: str
    floor: str
    modules: tuple[str, ...]
    except_in: tuple[str, ...] = ()


RULES = (
    Rule("rules touch nothing outside", "partwell/rules/", (*OUTSIDE_WORLD, "django", "allauth", "ninja")),
    Rule("importers know no Django", "partwell/importers/", ("django", "ninja", "allauth")),
    Rule(
        "documents and connectors know no request and no rows",
        "partwell/documents/",
        ("django.http", "django.db"),
    ),
    Rule(
        "documents and connectors know no request and no rows",
        "partwell/connectors/",
        ("django.http", "django.db"),
    ),
    Rule(
        "only connectors.smtp speaks SMTP",
        "partwell/",
        ("smtplib", "django.core.mail", "anymail"),
        # Account mail (sign-in links of staff) is a channel apart from evidence; it goes through the same connector.
        # services.py takes anymail's checks of calls that come in; a rule below keeps it to those.
        except_in=(
            "partwell/connectors/smtp.py",
            "partwell/connectors/smtp_session.py",
            "partwell/entrypoints/mailbox/services.py",
        ),
    ),
    Rule(
        "a mail service's calls are checked, and nothing is sent through it",
        "partwell/entrypoints/mailbox/",
        ("smtplib", "django.core.mail", "anymail.backends", "anymail.message"),
    ),
    Rule(
        "doors reach no rows but through queries and actions",
        "partwell/entrypoints/",
        ("django.db.models", "sqlite3", "psycopg"),
    ),
    Rule(
        "workers reach no rows but through queries and actions",
        "partwell/workers/",
        ("django.db.models", "sqlite3", "psycopg"),
    ),
)
# importlib and the app registry would walk around every contract above.
DYNAMIC = {"import_module", "get_model", "get_models"}
DYNAMIC_ALLOWED: dict[str, str] = {
    "partwell/workers/jobs.py": "its table names actions only, which test_contracts.py checks",
}


def findings(source: Path) -> list[str]:
    """One sentence for each place under ``source`` (a src folder) that reaches too far."""
    found: list[str] = []
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix()
        if "/migrations/" in name:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        imported = list(_imports(tree))
        for rule in RULES:
            if name.startswith(rule.floor) and name not in rule.except_in:
                for module, line in imported:
                    if any(module == wanted or module.startswith(wanted + ".") for wanted in rule.modules):
                        found.append(f"{name}:{line} imports {module}: {rule.name}.")
        if name.startswith("sealed/"):
            found += [
                f"{name}:{line} imports {module}: sealed stands on the standard library alone."
                for module, line in imported
                if module.split(".")[0] not in sys.stdlib_module_names and module.split(".")[0] != "sealed"
            ]
        found += [f"{name}:{line} calls {call}: {why}" for call, line, why in _calls(tree, name)]
    return found


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module, node.lineno
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.lineno


def _calls(tree: ast.AST, name: str) -> Iterator[tuple[str, int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name.startswith("partwell/rules/"):
            if called in CLOCK_CALLS and isinstance(node.func, ast.Attribute):
                yield called, node.lineno, "a rule gets its time as an argument."
            if called in IO_CALLS and isinstance(node.func, ast.Name):
                yield called, node.lineno, "a rule touches nothing."
        outer = name.startswith(("partwell/entrypoints/", "partwell/workers/"))
        if outer and called in DYNAMIC and name not in DYNAMIC_ALLOWED:
            yield called, node.lineno, "doors and workers import what they use, so that the contracts see it."
