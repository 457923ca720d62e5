# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every action that an entry point or a worker can reach asks roles itself, or stands here with its reason.

The door asks as well, but a door can be forgotten. What counts as an action: a public function of
``partwell.actions`` that takes ``actor`` and is imported by an entry point. It asks when its own body, or a
function of its own module that it calls, names ``roles.may`` (or a helper of another module that does).
"""

import ast
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src"
ACTIONS = "partwell.actions"

# module.function -> why it needs no role of the table
WITHOUT: dict[str, str] = {
    "keys.unit_for": "a key unit is made for whoever writes next; sign-in needs the installation's before anybody has a role",
    "people.sign_in.note_sign_in": "it notes that staff came in, which nobody chooses to do",
}


@cache
def tree_of(module: str) -> ast.Module | None:
    path = SOURCE / (module.replace(".", "/") + ".py")
    if not path.exists():
        path = SOURCE / module.replace(".", "/") / "__init__.py"
    return ast.parse(path.read_text(encoding="utf-8")) if path.exists() else None


@cache
def functions_of(module: str) -> dict[str, ast.FunctionDef]:
    tree = tree_of(module)
    return {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)} if tree else {}


@cache
def names_in(module: str) -> dict[str, tuple[str, str]]:
    """Local name -> (module, name) of what a module imports from the actions; "" for the module itself."""
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(tree_of(module) or ast.Module([], [])):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(ACTIONS):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found[alias.asname or alias.name] = (
                    (whole, "") if tree_of(whole) else (node.module or "", alias.name)
                )
    return found


def calls(function: ast.FunctionDef, module: str) -> list[tuple[str, str]]:
    """What a function calls, of its own module and of the actions."""
    out = []
    known, here = names_in(module), functions_of(module)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            if node.func.id in here:
                out.append((module, node.func.id))
            elif node.func.id in known and known[node.func.id][1]:
                out.append(known[node.func.id])
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            target = known.get(node.func.value.id)
            if target and not target[1]:
                out.append((target[0], node.func.attr))
    return out


def asks(module: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> bool:
    """Whether a function, or one that it calls, asks ``may`` of the roles' table with the actor's role."""
    function = functions_of(module).get(name)
    if function is None or (module, name) in seen:
        return False
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            by_module = (
                isinstance(called, ast.Attribute)
                and called.attr == "may"
                and getattr(called.value, "id", "") == "roles"
            )
            if by_module or (isinstance(called, ast.Name) and called.id == "may"):
                return True
    return any(asks(*one, seen | {(module, name)}) for one in calls(function, module))


def takes_actor(function: ast.FunctionDef) -> bool:
    given = function.args
    return any(one.arg == "actor" for one in (*given.posonlyargs, *given.args, *given.kwonlyargs))


def writes(module: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> bool:
    """Whether it opens a deed, itself or through what it calls."""
    function = functions_of(module).get(name)
    if function is None or (module, name) in seen:
        return False
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Deed":
            return True
    return any(writes(*one, seen | {(module, name)}) for one in calls(function, module))


def reachable(floor: str) -> set[tuple[str, str]]:
    """Public functions of the actions that take an actor and that a floor imports or calls through a module."""
    found = set()
    for path in (SOURCE / "partwell" / floor).rglob("*.py"):
        module = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        known = names_in(module)
        found |= {one for one in known.values() if one[1]}
        for node in ast.walk(tree_of(module) or ast.Module([], [])):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                target = known.get(node.value.id)
                if target and not target[1]:
                    found.add((target[0], node.attr))
    return {
        (module, name)
        for module, name in found
        if name in functions_of(module) and takes_actor(functions_of(module)[name]) and writes(module, name)
    }


def test_every_action_behind_a_door_asks_roles_itself() -> None:
    silent = sorted(
        f"{module.removeprefix(ACTIONS + '.')}.{name}"
        for module, name in reachable("entrypoints")
        if not asks(module, name)
    )
    assert silent == sorted(WITHOUT), "ask roles.may in the action's first lines, or say here why not"


def test_the_reasons_are_sentences_and_the_walk_finds_what_it_should() -> None:
    assert all(len(reason.split()) > 4 for reason in WITHOUT.values())
    found = reachable("entrypoints")
    assert len(found) > 60
    for one in (
        ("partwell.actions.correspondence.deliver", "settle_unknown"),
        ("partwell.actions.releases.release_items", "release_items"),
        ("partwell.actions.authorisations.sign", "sign_authorisation"),
    ):
        assert one in found
        assert asks(*one)
    assert not asks("partwell.actions.correspondence.deliver", "settle")
