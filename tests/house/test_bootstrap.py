# SPDX-License-Identifier: AGPL-3.0-or-later
"""Set-up, quickly: everything but the downloads. ``make check-clean`` does it whole, from a copy of HEAD."""

import importlib.util
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import tree

TARGETS = re.findall(r"(?m)^([a-z-]+):.*## ", (tree.ROOT / "Makefile").read_text())


@pytest.fixture
def bootstrap(tmp_path: Path) -> ModuleType:
    """scripts/bootstrap.py as if it lay in an empty checkout with a space in its path."""
    root = tmp_path / "a checkout"
    for folder in ("scripts", "requirements"):
        shutil.copytree(tree.ROOT / folder, root / folder)
    (root / "src" / "partwell" / "entrypoints" / "cli").mkdir(parents=True)
    (root / "src" / "sealed").mkdir()
    answer = "import sys\ndef app(): print('partwell', *sys.argv[1:]); return 1\ndef main(): print('sealed'); return 0\n"
    (root / "src" / "partwell" / "entrypoints" / "cli" / "main.py").write_text(answer)
    (root / "src" / "sealed" / "__main__.py").write_text(answer)
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", root / "scripts" / "bootstrap.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert str(root) == module.ROOT
    return module


@pytest.fixture
def installed(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would have been installed, in order."""
    wanted: list[str] = []
    monkeypatch.setattr(bootstrap, "_install", wanted.append)
    return wanted


def test_a_second_run_does_nothing_and_a_changed_pin_does(
    bootstrap: ModuleType, installed: list[str]
) -> None:
    assert bootstrap.main(["base"]) == 0 == bootstrap.main(["base"])
    assert installed == ["requirements/base.txt"]
    pins = Path(bootstrap.ROOT, "requirements", "base.txt")
    pins.write_text(pins.read_text() + "# another\n")
    assert bootstrap.main(["base"]) == 0
    assert len(installed) == 2


def test_what_testing_needs_is_kept_when_only_running_is_asked_for(
    bootstrap: ModuleType, installed: list[str]
) -> None:
    for wanted in ("base", "dev", "base"):
        assert bootstrap.main([wanted]) == 0
    assert installed == ["requirements/base.txt", "requirements/dev.txt"]


def test_an_interrupted_set_up_is_done_again(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(bootstrap, "_install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bootstrap.main(["base"])
    assert not Path(bootstrap.STAMP).exists()


def test_the_commands_work_from_anywhere_and_pass_the_exit_code(
    bootstrap: ModuleType, installed: list[str], tmp_path: Path
) -> None:
    assert bootstrap.main(["base"]) == 0
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for name, output, code in (("partwell", "partwell a 'b\n", 1), ("sealed", "sealed\n", 0)):
        arguments = ["a", "'b"] if name == "partwell" else []
        command = [Path(bootstrap.BIN, name), *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert (done.stdout, done.returncode) == (output, code), done.stderr


def test_without_pip_and_uv_one_line_says_what_to_install(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "_pip", lambda: None)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    assert bootstrap.main(["base"]) == 2
    said = capsys.readouterr().err.strip()
    assert "install uv, or python3-venv, or python3-pip" in said and "\n" not in said


def test_without_python_make_says_in_one_line_what_to_install(tmp_path: Path) -> None:
    make = shutil.which("make")
    assert make
    (tmp_path / "bin").mkdir()
    for tool in ("sh", "echo"):
        (tmp_path / "bin" / tool).symlink_to(str(shutil.which(tool)))
    shutil.copy(tree.ROOT / "Makefile", tmp_path)
    done = subprocess.run(
        [make, "run"], cwd=tmp_path, env={"PATH": str(tmp_path / "bin")}, capture_output=True, text=True
    )
    said = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert done.returncode == 2 and len(said) == 1 and "Python 3.11 or newer" in said[0]


def test_the_commands_are_those_of_the_package(bootstrap: ModuleType) -> None:
    scripts = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {
        name: f"{module}:{function}" for name, (module, function) in bootstrap.COMMANDS.items()
    }


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_documented_and_sets_up_by_itself(target: str) -> None:
    written = (tree.ROOT / "CONTRIBUTING.md").read_text()
    assert f"make {target}" in written or f"make {target}" in (tree.ROOT / "docs" / "install.md").read_text()
    makefile = (tree.ROOT / "Makefile").read_text()
    recipe = makefile.split(f"\n{target}:", 1)[1].split("\n\n", 1)[0]
    assert "$(BOOTSTRAP)" in recipe or target in ("help", "check-clean", "clean")


def test_continuous_integration_runs_the_gates_strictly() -> None:
    path = tree.ROOT / ".ci" / "run"
    assert os.access(path, os.X_OK)
    assert subprocess.run(["sh", "-n", path]).returncode == 0
    assert "CI=true" in path.read_text() and "make test" in path.read_text()
