"""What commands print with --json: one object, as protocol/schemas/cli and the wire's own schemas describe it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sidecar.cli.arguments import UsageError
from sidecar.cli.commands import COMMANDS
from sidecar.description.command_schemas import RESULT_OF, TIMER, USAGE, file_of
from sidecar.description.openrpc import list_errors
from sidecar.wire.messages import ProtocolError
from tests.conftest import EVERY_KIND, THIRD
from tests.support.client import DEADLINE
from tests.support.described import SCHEMAS, assert_described, faults

SILENT = {"serve", "help", "completion"}
"""Commands that print no result: what the server says is the wire's own, and help is text, as is a script."""


@dataclass
class Terminal:
    """The program, without a terminal to ask at, in a folder of its own."""

    command: list[str]
    folder: Path

    def run(self, *arguments: str) -> tuple[int, Any]:
        """Exit code and the object printed, of a command with --json."""
        places = {"KIRAPILOT_DATABASE": str(self.folder / "kirapilot.db"), "XDG_CACHE_HOME": str(self.folder / "cache")}
        ended = subprocess.run(
            [*self.command, *arguments, "--json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=self.folder,
            env=os.environ | places,
            timeout=4 * DEADLINE,
            check=False,
        )
        assert ended.stderr == b""
        return ended.returncode, json.loads(ended.stdout)

    def result(self, *arguments: str) -> Any:
        """The result of a command that succeeds."""
        code, told = self.run(*arguments)
        assert code == 0, told
        return told

    def error(self, *arguments: str) -> Any:
        """The error of one that fails, its code the exit code but for those that are negative on the wire."""
        code, told = self.run(*arguments)
        assert faults("cli/error", told) == []
        error = told["error"]
        assert code == error["code"] or error["code"] < 0
        return error


@pytest.fixture
def terminal(sidecar_command: list[str], fresh_database: Path, real_files: Path) -> Terminal:
    folder = fresh_database.parent
    shutil.copy(real_files / f"{EVERY_KIND}.kpbackup", folder / "backup.kpbackup")
    shutil.copy(real_files / f"{THIRD}.kpbackup", folder / "other.kpbackup")
    whole = (folder / "backup.kpbackup").read_bytes()
    (folder / "damaged.kpbackup").write_bytes(whole[:2000] + b"?" + whole[2001:])
    return Terminal(sidecar_command, folder)


def test_every_command_that_prints_a_result_has_a_schema() -> None:
    described = {path.stem for path in (SCHEMAS / "cli").iterdir()}
    assert described == {file_of(command) for command in (*RESULT_OF, *TIMER, "demo", "licences", "error")}
    assert COMMANDS.keys() - SILENT == {command.split()[0] for command in RESULT_OF} | {"demo", "licences"}


@pytest.mark.slow
def test_every_commands_result_is_described(terminal: Terminal) -> None:
    for typed, command in (
        ("export new.kpbackup", "export"),
        ("validate new.kpbackup", "validate"),
        ("validate --basic new.kpbackup", "validate --basic"),
        ("inspect new.kpbackup", "inspect"),
        ("preview backup.kpbackup", "preview"),
        ("import --merge backup.kpbackup", "import"),
        ("import --yes other.kpbackup", "import"),
        ("preview --salvage damaged.kpbackup", "preview"),
        ("import --yes --salvage damaged.kpbackup", "import"),
        ("backups", "backups"),
        ("undo --yes", "undo"),
        ("demo --rows 20 --folder .", "demo"),
        ("licences", "licences"),
        ("auto set --every weekly", "auto set"),
        ("auto run", "auto run"),
        ("status", "status"),
        ("find task", "find"),
        ("check", "check"),
        ("report backup.kpbackup", "report"),
        ("report --force -o backup.html other.kpbackup", "report"),
        ("repair --dry-run", "repair"),
        ("compact --force", "compact"),
        ("clear --yes", "clear"),
    ):
        assert_described(terminal.result(*typed.split()), command)


def test_a_backup_that_is_not_valid_is_a_result_and_an_exit_code(terminal: Terminal) -> None:
    code, told = terminal.run("validate", "damaged.kpbackup")
    assert code == 25
    assert not told["is_valid"]
    assert_described(told, "validate")


@pytest.mark.slow(but=2)
@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("export no/folder.kpbackup", "folder_not_found"),
        ("import --yes missing.kpbackup", "file_not_found"),
        ("import backup.kpbackup", "usage"),
        ("import --yes damaged.kpbackup", "damaged"),
        ("preview damaged.kpbackup", "damaged"),
        ("validate --basic kirapilot.db", "same_file"),
        ("inspect missing.kpbackup", "file_not_found"),
        ("undo --yes", "no_safety_copy"),
        ("demo --folder missing", "folder_not_found"),
        ("demo --rows 0", "usage"),
        ("no-such-command", "usage"),
    ],
)
def test_every_failure_has_the_shape_of_the_wires_error(terminal: Terminal, typed: str, kind: str) -> None:
    error = terminal.error(*typed.split())
    assert error["kind"] == kind
    assert error["data"] == {key: value for key, value in error.items() if key not in ("code", "message", "data")}
    on_the_wire = {key: error[key] for key in ("code", "message", "data")}
    assert (faults("error", on_the_wire) == []) == (error["kind"] != "usage")


def test_the_one_kind_that_the_wire_does_not_have_is_described_as_it_is() -> None:
    assert (USAGE["code"], USAGE["data"]) == (UsageError.exit_code, {"kind": UsageError.kind})
    kinds = {kind.kind: kind.code for kind in list_errors() if not issubclass(kind, ProtocolError)}
    assert "usage" not in kinds
    for kind, code in kinds.items():
        hint = next(error.hint for error in list_errors() if error.kind == kind)
        data = {"kind": kind, "hint": hint}
        assert faults("cli/error", {"error": {"code": code, "message": "A sentence.", "data": data, **data}}) == []
        assert faults("cli/error", {"error": {"code": code, "message": "A sentence.", **data}}) != []
