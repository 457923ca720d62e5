# SPDX-License-Identifier: Apache-2.0
"""The command line, alone: nothing but Python and the folder ``sealed``."""

import json
import os
import pty
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import sealed
from sealed import bag
from tests.sealed.fakelog import NAME, FakeLog, make_bundle, make_files, make_log, make_signer

SRC = Path(sealed.__file__).parent
KEY = str(make_signer().vkey)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds ``sealed`` and nothing else of ours."""
    folder = tmp_path_factory.mktemp("alone")
    shutil.copytree(SRC, folder / "sealed", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(alone: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    # -I -S: no site-packages, no environment, no current folder; the path is given by hand.
    code = (
        f"import sys; sys.path.insert(0, {str(alone)!r}); from sealed.__main__ import main; sys.exit(main())"
    )
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=alone,
    )


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "handover.zip"
    path.write_bytes(make_bundle())
    return path


def test_it_imports_nothing_but_the_standard_library(alone: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(alone)!r}); import pkgutil, importlib, sealed;"
        "[importlib.import_module('sealed.' + m.name) for m in pkgutil.iter_modules(sealed.__path__)];"
        "print('\\n'.join(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    foreign = set(done.stdout.split()) - set(sys.stdlib_module_names) - {"__main__", "sealed"}
    assert foreign == set()


def test_python_dash_m_works(bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "sealed", "verify", str(bundle), "--vkey", KEY],
        capture_output=True, text=True, cwd=SRC.parent, env={},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("All that was checked holds.\n")


def test_exit_codes(alone: Path, bundle: Path, tmp_path: Path) -> None:
    assert run(alone, "verify", bundle, "--vkey", KEY).returncode == 0
    bad = tmp_path / "bad.zip"
    spoilt = bytearray(bundle.read_bytes())
    spoilt[500] ^= 1
    bad.write_bytes(spoilt)
    done = run(alone, "verify", bad)
    assert done.returncode == 1 and "PROBLEM" in done.stdout
    (tmp_path / "text.txt").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    for wrong in ("missing.zip", "text.txt", "empty"):
        done = run(alone, "verify", tmp_path / wrong)
        assert done.returncode == 2 and done.stderr and not done.stdout, wrong
    assert run(alone, "verify", bundle, "--vkey", KEY[:-1]).returncode == 2
    assert run(alone, "verify", bundle, "--checkpoint", tmp_path / "missing").returncode == 2
    assert run(alone, "nonsense").returncode == 2
    assert run(alone).returncode == 2


def test_help_is_everywhere(alone: Path) -> None:
    for arguments in (["--help"], ["verify", "--help"], ["consistency", "--help"], ["--version"]):
        done = run(alone, *arguments)
        assert done.returncode == 0 and done.stdout


def test_json_is_one_object(alone: Path, bundle: Path, tmp_path: Path) -> None:
    value = json.loads(run(alone, "verify", "--json", bundle).stdout)
    assert value["ok"] is True
    assert [(f["code"], f["severity"]) for f in value["findings"]] == [("key-from-bundle", "warning")]
    assert value["facts"]["entries_proved"] == 3
    value = json.loads(run(alone, "verify", "--json", tmp_path / "missing").stdout)
    assert value["ok"] is False and "missing" in value["error"]


def test_nothing_raw_reaches_the_terminal(alone: Path, bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path)
    (tmp_path / NAME / "data" / "\x1b]0;owned\x07\u202egpj.exe").write_text("x")
    (tmp_path / NAME / "bag-info.txt").write_text("External-Identifier: \x1b[2J\n")
    for more in ([], ["--json"]):
        done = run(alone, "verify", tmp_path / NAME, *more)
        assert done.returncode == 1
        assert not set(done.stdout) & {"\x1b", "\x07", "\u202e"}
        assert "x1b]0;owned" in done.stdout


def test_single_files(alone: Path, tmp_path: Path) -> None:
    log = make_log(make_files())
    with zipfile.ZipFile(bundle_of(tmp_path, make_bundle(log=log))) as archive:
        archive.extractall(tmp_path)
    proof = tmp_path / NAME / "proof"
    for name in ("checkpoint.note", "3.tlog-proof"):
        assert run(alone, "verify", proof / name, "--vkey", KEY).returncode == 0
        assert run(alone, "verify", proof / name).returncode == 2
        assert run(alone, "verify", proof / name, "--vkey", str(make_signer(seed=2).vkey)).returncode == 1
    assert run(alone, "verify", proof / "entries.jsonl").returncode == 0
    lines = (proof / "entries.jsonl").read_bytes()
    (proof / "entries.jsonl").write_bytes(lines.replace(b"new provider", b"old provider"))
    assert run(alone, "verify", proof / "entries.jsonl").returncode == 1
    text = (proof / "3.tlog-proof").read_bytes()
    (proof / "3.tlog-proof").write_bytes(text.replace(b"index 3", b"index 2"))
    assert run(alone, "verify", proof / "3.tlog-proof", "--vkey", KEY).returncode == 1


def bundle_of(folder: Path, data: bytes) -> Path:
    (folder / "b.zip").write_bytes(data)
    return folder / "b.zip"


def test_consistency_between_two_checkpoints(alone: Path, tmp_path: Path) -> None:
    log = make_log(make_files())
    old, new, proof = tmp_path / "old.note", tmp_path / "new.note", tmp_path / "2.consistency"
    old.write_bytes(log.checkpoint(2))
    new.write_bytes(log.checkpoint(5))
    proof.write_bytes(log.consistency(2).encode())
    assert run(alone, "consistency", old, new, "--proof", proof, "--vkey", KEY).returncode == 0
    assert run(alone, "consistency", new, new, "--vkey", KEY).returncode == 0
    assert run(alone, "consistency", old, new, "--vkey", KEY).returncode == 1
    assert run(alone, "consistency", new, old, "--proof", proof, "--vkey", KEY).returncode == 1
    assert run(alone, "consistency", old, new, "--proof", old, "--vkey", KEY).returncode == 2
    fork = FakeLog()
    for number in range(5):
        fork.append("rewritten", {"n": number})
    new.write_bytes(fork.checkpoint(5))
    done = run(alone, "consistency", old, new, "--proof", proof, "--vkey", KEY)
    assert done.returncode == 1 and "log-forked" in done.stdout


def test_a_progress_bar_on_a_terminal_only(alone: Path, tmp_path: Path) -> None:
    path = bundle_of(tmp_path, make_bundle({"big.bin": bytes(40 << 20)}))
    assert run(alone, "verify", path, "--vkey", KEY).stderr == ""
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "sealed", "verify", str(path), "--vkey", KEY],
        cwd=SRC.parent, stderr=slave, stdout=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(slave)
    assert done.returncode == 0
    assert b"% of 40 MiB" in os.read(master, 65536)
    os.close(master)


def test_the_licence_lies_beside() -> None:
    assert "Apache License" in (SRC / "LICENSE").read_text()
    for path in SRC.glob("*.py"):
        assert path.read_text().startswith("# SPDX-License-Identifier: Apache-2.0\n"), path.name
    assert bag.BAGIT_TXT.startswith(b"BagIt-Version: 1.0\n")


def test_a_key_copied_out_of_a_letter_is_the_same_key() -> None:
    from sealed.__main__ import _typed

    assert (
        _typed(" log+86023ac7+ARMC6Pv5Q\u200bvSjRL12mJ\nSlFcxILFnQ\u200bt\n")
        == "log+86023ac7+ARMC6Pv5QvSjRL12mJSlFcxILFnQt"
    )
