"""The system's timer on the command line: real processes, and a systemctl that only remembers what it was asked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import EVERY_KIND, Copy
from tests.support.described import assert_described
from tests.support.pseudo_terminal import PseudoTerminal
from tests.support.shell import Shell

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="plays the command of Linux; the others' are played in tests/unit/installing"
)

SYSTEMCTL = """#!/bin/sh
echo "$*" >> "$0.asked"
case "$2" in
  is-enabled | is-active) test -e "$0.on" ;;
  enable) touch "$0.on" ;;
  disable) rm -f "$0.on" ;;
esac
"""


class Device:
    """A shell whose system has that command, and a home of its own."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        self._shell = shell
        self.home = folder / "home"
        self.units = self.home / ".config" / "systemd" / "user"
        self.systemctl = folder / "bin" / "systemctl"
        self.systemctl.parent.mkdir()
        self.systemctl.write_text(SYSTEMCTL)
        self.systemctl.chmod(0o755)

    def run(self, typed: str) -> tuple[int, str, str]:
        """The exit code of ``auto ...``, and what it says on both streams."""
        ended = self._shell.run("auto", *typed.split(), env=self._environment())
        return ended.returncode, ended.stdout.decode(), ended.stderr.decode()

    def on_a_terminal(self, typed: str) -> PseudoTerminal:
        """The same, before a person's eyes."""
        places = ["--database", str(self._shell.database)]
        return PseudoTerminal(
            [*self._shell.command, "auto", *typed.split(), *places], cwd=self._shell.folder, env=self._environment()
        )

    def _environment(self) -> dict[str, str]:
        path = f"{self.systemctl.parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.home), "XDG_CONFIG_HOME": ""}

    def asked(self, typed: str, code: int = 0) -> Any:
        """What it says to a program, as its schema has it."""
        ended, said, complaint = self.run(f"{typed} --json")
        assert (ended, complaint) == (code, "")
        told = json.loads(said)
        assert_described(told, f"auto {typed.split()[0]}")
        return told


@pytest.fixture
def device(sidecar_command: list[str], database_copy: Copy, tmp_path: Path) -> Device:
    folder = tmp_path / "here"
    folder.mkdir()
    return Device(Shell(sidecar_command, folder, database_copy(EVERY_KIND)), tmp_path)


@pytest.mark.slow
def test_it_is_set_seen_and_taken_away(device: Device) -> None:
    assert device.asked("installed", 87)["installed"] is False
    done = device.asked("install --yes")
    assert (done["changed"], done["active"], done["program_there"]) == (True, True, True)
    assert [Path(file["path"]).read_text() for file in done["files"]] == [file["content"] for file in done["files"]]
    assert device.asked("install --yes")["changed"] is False
    assert device.asked("installed")["installed"] is True
    assert device.asked("uninstall")["changed"] is True
    assert list(device.units.iterdir()) == []
    assert device.asked("uninstall")["changed"] is False


def test_what_would_be_written_is_shown_and_nothing_is(device: Device) -> None:
    code, said, _ = device.run("install --dry-run")
    assert code == 0
    assert str(device.units / "kirapilot-backup.timer") in said
    assert "Persistent=true" in said
    assert not device.home.exists()
    assert not Path(f"{device.systemctl}.on").exists()


@pytest.mark.parametrize("form", ["", " --json"])
def test_nothing_is_written_unasked(device: Device, form: str) -> None:
    code, said, complaint = device.run(f"install{form}")
    assert code == 2
    assert "--yes" in said + complaint
    assert not device.home.exists()


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 130)])
def test_a_person_sees_all_of_it_and_is_asked(device: Device, answer: str, code: int) -> None:
    with device.on_a_terminal("install") as terminal:
        terminal.until("Go on? [y/N]")
        assert "Persistent=true" in terminal.seen
        assert "command: systemctl --user enable --now kirapilot-backup.timer" in terminal.seen
        assert not device.home.exists()
        terminal.press(f"{answer}\n")
        assert terminal.finish() == code
    assert device.home.exists() == (answer == "y")


@pytest.mark.slow
def test_people_are_told_what_was_written_and_what_was_called(device: Device) -> None:
    code, said, complaint = device.run("install --yes")
    assert (code, complaint) == (0, "")
    assert "The timer is set: systemd makes a backup whenever one is due" in said
    assert "command: systemctl --user enable --now kirapilot-backup.timer" in said
    assert "The timer is set already" in device.run("install")[1]
    assert "once an hour" in device.run("installed")[1]
    code, said, _ = device.run("uninstall")
    assert "The timer is gone" in said
    assert "No timer" in device.run("uninstall")[1]


def test_a_timer_that_somebody_switched_off_is_a_warning_and_an_exit_code(device: Device) -> None:
    device.run("install --yes")
    Path(f"{device.systemctl}.on").unlink()
    code, said, _ = device.run("installed")
    assert code == 87
    assert "warning: The system does not run it." in said


def test_a_system_that_refuses_says_why_and_keeps_nothing(device: Device) -> None:
    device.systemctl.write_text(SYSTEMCTL.replace("enable)", "enable) echo 'no bus' >&2; exit 1;;\n  never)"))
    code, _, complaint = device.run("install --yes")
    assert code == 85
    assert "no bus" in complaint
    assert list(device.units.iterdir()) == []
