"""How the program starts, as a process: on pipes it serves, on a terminal it is a command line."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import sidecar
from tests.conftest import ROOT
from tests.support.client import DEADLINE
from tests.support.pseudo_terminal import CTRL_C, PseudoTerminal

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n'


def answer_to_ping(command: list[str], folder: Path) -> object:
    """What the program answers to one ping before the end of input, started in ``folder``."""
    ended = subprocess.run(command, input=PING, capture_output=True, cwd=folder, timeout=2 * DEADLINE, check=True)
    (line,) = ended.stdout.splitlines()
    return json.loads(line)["id"]


@pytest.mark.parametrize("arguments", [[], ["serve"], ["serve", "--database", "elsewhere.db"]])
def test_a_pipe_on_its_input_makes_it_serve(sidecar_command: list[str], arguments: list[str], tmp_path: Path) -> None:
    assert answer_to_ping([*sidecar_command, *arguments], tmp_path) == 1


def test_it_can_be_started_through_a_symlink(sidecar_command: list[str], tmp_path: Path) -> None:
    link = tmp_path / "kirapilot-sidecar"
    link.symlink_to(one_file(sidecar_command, tmp_path))
    assert answer_to_ping([str(link)], tmp_path) == 1


def one_file(command: list[str], folder: Path) -> Path:
    """The frozen program; for the source, a launcher as an installation makes one."""
    if len(command) == 1:
        return Path(command[0])
    launcher = folder / "launcher"
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    launcher.chmod(0o755)
    return launcher


def test_no_argument_on_a_terminal_shows_the_help(sidecar_command: list[str], tmp_path: Path) -> None:
    with PseudoTerminal(sidecar_command, cwd=tmp_path) as terminal:
        assert terminal.finish() == 2
    assert "usage: kirapilot-sidecar" in terminal.seen
    assert "exit codes:" in terminal.seen


def test_ctrl_c_ends_a_server_on_a_terminal_without_a_traceback(sidecar_command: list[str], tmp_path: Path) -> None:
    with PseudoTerminal([*sidecar_command, "serve"], cwd=tmp_path) as terminal:
        terminal.press(PING.decode())
        terminal.until('"id":1,')
        terminal.until('"result"')
        terminal.press(CTRL_C)
        assert terminal.finish() != 0
    assert "Traceback" not in terminal.seen


def test_the_version_shown_is_the_packages(sidecar_command: list[str], tmp_path: Path) -> None:
    shown = subprocess.run([*sidecar_command, "--version"], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert shown.stdout == f"kirapilot-sidecar {sidecar.__version__}\n"


def test_starting_imports_nothing_that_serving_does_not_need() -> None:
    code = "import sys; before = set(sys.modules); import sidecar.__main__; print(sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    # Some ways of installing have loaded __future__ before.
    assert loaded.replace("'__future__', ", "").strip() == "['sidecar', 'sidecar.__main__']"


def test_a_server_loads_nothing_that_its_first_answer_has_no_use_for() -> None:
    libraries = {"argparse", "tqdm", "sqlite3", "pathlib", "shutil", "dataclasses"}
    answers = {f"sidecar.{room}.answers" for room in ("automatic", "care", "comparison", "merging", "report")}
    errors = {f"sidecar.errors.{one}" for one in ("backups", "databases", "jobs", "paths")}
    ours = {"sidecar.cli.commands", "sidecar.results", *answers, *errors}
    code = (
        "import sys; before = set(sys.modules); import sidecar.wire.server;"
        f" print(({libraries | ours} & set(sys.modules)) - before)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert loaded.strip() == "set()"


def test_what_is_typed_is_parsed_before_anything_of_a_job_is_loaded() -> None:
    jobs = {"peewee", "jinja2", "isal", "sidecar.results"}
    code = f"import sys; import sidecar.cli.commands; print({jobs} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert loaded.strip() == "set()"


def test_a_server_without_a_locale_uses_any_file_name(
    sidecar_command: list[str], fresh_database: Path, tmp_path: Path
) -> None:
    target = tmp_path / "Sicherung für 備份.kpbackup"
    request = {"jsonrpc": "2.0", "id": 1, "method": "export_data_to_file", "params": {"filePath": str(target)}}
    ended = subprocess.run(
        [*sidecar_command, "serve"],
        input=json.dumps(request).encode(),
        capture_output=True,
        cwd=tmp_path,
        env={**os.environ, "LC_ALL": "C", "KIRAPILOT_DATABASE": str(fresh_database)},
        timeout=2 * DEADLINE,
        check=True,
    )
    assert json.loads(ended.stdout)["result"]["path"] == str(target)
    assert target.is_file()
