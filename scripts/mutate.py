# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mutation testing of the rules: change one thing, run the rules' tests, see one fail.

Usage: ``python scripts/mutate.py [--sample N] [--seed S] [--jobs J] [module …]`` (modules as in ``release consent``).
A mutant that no test notices survives: it is printed as file, line and change. Exit code 1 when any
survives that ``ACCEPTED`` does not explain, 2 when the tests fail without a mutant.

Own, because rules need no Django and no database: each mutant is a fork of a process that has pytest
and the tests' libraries loaded, with the changed module put in by an import hook; nothing is written.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "src" / "partwell" / "rules"
TESTS = "tests/rules"
SECONDS = 90
# "module: change" -> why no test can notice (an equivalent mutant).
ACCEPTED: dict[str, str] = {}

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
}  # fmt: skip


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module from a changed syntax tree."""

    def __init__(self, module: str, path: Path, tree: ast.Module) -> None:
        self.module, self.path, self.tree = module, path, tree

    def find_spec(self, name, path=None, target=None):  # type: ignore[no-untyped-def]
        """Only for the one module."""
        return (
            importlib.util.spec_from_file_location(name, self.path, loader=self)
            if name == self.module
            else None
        )

    def create_module(self, spec):  # type: ignore[no-untyped-def]
        """The usual module object."""
        return None

    def exec_module(self, module) -> None:  # type: ignore[no-untyped-def]
        """Run the changed tree."""
        exec(compile(self.tree, str(self.path), "exec"), module.__dict__)  # noqa: S102  our own source, changed in one place


def mutants(path: Path) -> Iterator[tuple[str, ast.Module]]:
    """(description, tree) of every single change to the module at ``path``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    told = {id(part) for node in ast.walk(tree) for outer in _not_behaviour(node) for part in ast.walk(outer)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in told:
            continue
        for kind, description in _changes(node):
            changed = copy.deepcopy(tree)
            target = next(found for at, found in enumerate(ast.walk(changed)) if at == index)
            _apply(target, kind)
            ast.fix_missing_locations(changed)
            yield f"line {getattr(node, 'lineno', '?')}: {description}", changed


def _not_behaviour(node: ast.AST) -> list[ast.AST]:
    """Parts that say something to readers and checkers only: annotations and decorators."""
    parts = [
        getattr(node, "annotation", None),
        getattr(node, "returns", None),
        *getattr(node, "decorator_list", []),
    ]
    return [part for part in parts if part is not None]


def _changes(node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in COMPARISONS:
            yield "compare", f"{ast.unparse(node)}  → {COMPARISONS[type(operator)].__name__}"
        case ast.BoolOp():
            yield "bool", f"{ast.unparse(node)}  → {'or' if isinstance(node.op, ast.And) else 'and'}"
        case ast.UnaryOp(op=ast.Not()):
            yield "not", f"{ast.unparse(node)}  → without not"
        case ast.BinOp() if type(node.op) in ARITHMETIC and not isinstance(
            node.left, ast.Constant | ast.JoinedStr
        ):
            yield "arithmetic", f"{ast.unparse(node)}  → {ARITHMETIC[type(node.op)].__name__}"
        case ast.If() | ast.IfExp():
            yield "never", f"if {ast.unparse(node.test)}  → never"
            yield "always", f"if {ast.unparse(node.test)}  → always"
        case ast.Constant(value=bool()):
            yield "flip", f"{node.value}  → {not node.value}"
        case ast.Constant(value=int()):
            yield "more", f"{node.value}  → {node.value + 1}"


def _apply(node: ast.AST, kind: str) -> None:
    match kind, node:
        case "compare", ast.Compare():
            node.ops = [COMPARISONS[type(node.ops[0])]()]
        case "bool", ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case "not", ast.UnaryOp():
            node.op = ast.UAdd()
            node.operand = ast.Call(ast.Name("bool", ast.Load()), [node.operand], [])
        case "arithmetic", ast.BinOp():
            node.op = ARITHMETIC[type(node.op)]()
        case "never", ast.If() | ast.IfExp():
            node.test = ast.Constant(False)
        case "always", ast.If() | ast.IfExp():
            node.test = ast.Constant(True)
        case "flip", ast.Constant():
            node.value = not node.value
        case "more", ast.Constant(value=int()):
            node.value = node.value + 1


def survivors(work: list[Changed | None], jobs: int) -> Iterator[int]:
    """The places in ``work`` whose tests pass (None: the modules as they are), as they end.

    One thread forks and waits: a fork of a process with threads can hang. A mutant that runs longer
    than ``SECONDS`` counts as noticed, because an endless loop is noticed by whoever waits.
    """
    running: dict[int, tuple[int, float]] = {}
    waiting = list(enumerate(work))[::-1]
    while waiting or running:
        while waiting and len(running) < jobs:
            index, finder = waiting.pop()
            child = os.fork()
            if child == 0:
                _child(finder)
            running[child] = index, time.monotonic() + SECONDS
        for child, (index, until) in list(running.items()):
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                del running[child]
                if os.waitstatus_to_exitcode(status) == 0:
                    yield index
            elif time.monotonic() > until:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                del running[child]
        time.sleep(0.02)


def _child(finder: Changed | None) -> None:
    code = 1
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        if finder is not None:
            sys.meta_path.insert(0, finder)
        import pytest

        plain = [
            "-p",
            "no:django",
            "-p",
            "no:xdist",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:schemathesis",
            "--noconftest",
        ]
        code = int(pytest.main(["-x", "-q", "-W", "ignore", *plain, TESTS]))
    finally:
        os._exit(code)


def main() -> int:
    """Run the chosen mutants and print the survivors."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--sample", type=int, default=0, help="try only this many, chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("modules", nargs="*", help="rules' modules, default all")
    options = parser.parse_args()
    os.chdir(ROOT)
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = f"{os.devnull}/none"  # a fork must not write examples
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    for library in ("pytest", "hypothesis", "dateutil.relativedelta", "zoneinfo", "decimal"):
        importlib.import_module(library)
    if list(survivors([None], 1)) != [0]:
        print(f"{TESTS} fails as it is; mutants would tell nothing.", file=sys.stderr)
        return 2
    work = [
        (path.stem, text, Changed(f"partwell.rules.{path.stem}", path, tree))
        for path in sorted(RULES.glob("*.py"))
        if path.stem != "__init__" and (not options.modules or path.stem in options.modules)
        for text, tree in mutants(path)
    ]
    if options.sample and options.sample < len(work):
        work = random.Random(options.seed).sample(work, options.sample)  # noqa: S311  chosen, not secret
    unexplained = survived = 0
    for index in survivors([finder for _, _, finder in work], options.jobs):
        one = f"{work[index][0]}.py {work[index][1]}"
        survived += 1
        unexplained += one not in ACCEPTED
        print(f"survived: {one}" + (f"  ({ACCEPTED[one]})" if one in ACCEPTED else ""), flush=True)
    print(
        f"{len(work)} mutants, {len(work) - survived} noticed, {survived} survived ({survived - unexplained} explained)."
    )
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
