"""The system's timer, on each system: set, looked at, taken away; with the systems' own commands played."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sidecar.errors.databases import DatabaseNotFound
from sidecar.errors.jobs import CannotSchedule, NoTimerService, TimerRefused
from sidecar.installing import launchd, program
from sidecar.installing.program import call_of
from sidecar.installing.service import Service
from sidecar.installing.timers import install, installed, service_of, uninstall
from sidecar.system.paths import WORK_DIR_VARIABLE, Places
from tests.unit.installing.conftest import System

pytestmark = pytest.mark.usefixtures("system")

MOUNTED = str(Path("/tmp", ".mount_Kira"))

ALL = ["linux", "darwin", "win32"]


@pytest.fixture(params=ALL)
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(launchd, "_UNLOADING", 0.0)
    return service_of(request.param)


def test_it_is_set_seen_and_taken_away(service: Service, there: Places) -> None:
    assert not installed(service).installed
    done = install(there, service, dry_run=False)
    assert (done.changed, done.installed, done.active, done.is_working) == (True, True, True, True)
    seen = installed(service)
    assert (seen.is_working, seen.changed, seen.program) == (True, False, done.program)
    assert seen.files
    gone = uninstall(service, dry_run=False)
    assert (gone.changed, gone.installed, gone.active) == (True, False, False)
    assert not installed(service).installed


def test_doing_it_twice_is_doing_it_once(service: Service, system: System, there: Places) -> None:
    install(there, service, dry_run=False)
    before = len([command for command in system.called if not is_question(command)])
    again = install(there, service, dry_run=False)
    assert (again.changed, again.is_working, again.commands) == (False, True, [])
    assert len([command for command in system.called if not is_question(command)]) == before
    uninstall(service, dry_run=False)
    assert not uninstall(service, dry_run=False).changed


def is_question(command: list[str]) -> bool:
    return any(word in ("is-enabled", "is-active", "print", "/Query") for word in command)


def test_another_database_takes_the_place_of_the_first(service: Service, there: Places) -> None:
    install(there, service, dry_run=False)
    other = Places(there.database.with_name("other.db"), there.work_dir)
    there.database.rename(other.database)
    assert install(other, service, dry_run=False).changed
    assert "other.db" in "".join(file.content for file in installed(service).files)


@pytest.mark.parametrize("before", [False, True])
def test_trying_it_out_changes_nothing_and_shows_all(
    service: Service, system: System, there: Places, before: bool, tmp_path: Path
) -> None:
    if before:
        install(there, service, "/elsewhere", dry_run=False)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    tried = install(there, service, dry_run=True)
    assert (tried.changed, tried.installed) == (True, before)
    assert tried.commands
    assert str(there.database) in "".join(file.content for file in tried.files).replace("%%", "%").replace("\\\\", "\\")
    assert uninstall(service, dry_run=True).changed == before
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == files
    assert all(is_question(command) for command in system.called) or before


@pytest.mark.parametrize("before", [False, True])
def test_what_the_system_does_not_take_leaves_all_as_it_was(
    service: Service, system: System, there: Places, before: bool, tmp_path: Path
) -> None:
    if before:
        install(there, service, "/elsewhere", dry_run=False)
    contents = {path: path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()}
    task = system.task
    system.failing = {"systemd": "enable", "launchd": "bootstrap", "task_scheduler": "/Create"}[service.name]
    with pytest.raises(TimerRefused, match="no bus"):
        install(there, service, dry_run=False)
    assert {path: path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()} == contents
    assert system.task == task


def test_a_program_that_is_gone_is_told_of(
    service: Service, there: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    frozen = tmp_path / "kirapilot-sidecar"
    frozen.touch()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(frozen))
    assert install(there, service, dry_run=False).program == str(frozen)
    frozen.unlink()
    seen = installed(service)
    assert (seen.installed, seen.program, seen.program_there, seen.is_working) == (True, str(frozen), False, False)


def test_half_a_timer_is_taken_away_too(service: Service, system: System, there: Places) -> None:
    last = install(there, service, dry_run=False).files[-1]
    if service.name == "systemd":
        Path(last.path).unlink()
    system.active = service.name != "systemd"
    system.failing = "disable"
    assert uninstall(service, dry_run=False).changed
    assert not installed(service).installed


def test_without_a_home_there_is_no_place_for_a_timer(
    service: Service, there: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", fail)
    if service.name == "task_scheduler":
        assert install(there, service, dry_run=False).is_working
        return
    with pytest.raises(NoTimerService):
        install(there, service, dry_run=False)


def test_a_timer_that_somebody_switched_off_is_told_of_and_set_anew(
    service: Service, system: System, there: Places
) -> None:
    install(there, service, dry_run=False)
    system.active = False
    assert not installed(service).is_working
    assert install(there, service, dry_run=False).changed
    assert installed(service).is_working


@pytest.mark.parametrize("spoiled", ["", "no such thing", "<plist/>", "<Task/>", "\x00"])
def test_files_that_somebody_spoiled_are_told_of_and_written_anew(
    service: Service, system: System, there: Places, spoiled: str
) -> None:
    for file in install(there, service, dry_run=False).files:
        if Path(file.path).is_absolute():
            Path(file.path).write_text(spoiled)
    system.task = spoiled.encode()
    assert (installed(service).program, installed(service).is_working) == ("", False)
    assert install(there, service, dry_run=False).is_working


def test_without_a_database_no_timer_is_set(service: Service, system: System, tmp_path: Path) -> None:
    with pytest.raises(DatabaseNotFound):
        install(Places(tmp_path / "none.db", tmp_path), service, dry_run=False)
    assert system.called == []


def test_a_system_without_timers_says_so() -> None:
    with pytest.raises(NoTimerService):
        service_of("freebsd14")


# -- the program ---------------------------------------------------------------------------


def test_python_finds_the_package_wherever_it_lies(there: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    call = call_of(there)
    assert (call.program, call.arguments[:4]) == (
        str(Path(sys.executable).absolute()),
        ("-m", "sidecar", "auto", "run"),
    )
    assert (Path(call.folder) / "sidecar" / "__main__.py").is_file()


@pytest.mark.parametrize("name", ["kirapilot-sidecar", "kirapilot-sidecar.exe"])
def test_pips_script_is_called_by_its_path(
    there: Places, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).touch()
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "kirapilot-sidecar")])
    assert call_of(there).program == str(tmp_path / name)


def test_a_work_folder_is_named_if_somebody_named_it(there: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(WORK_DIR_VARIABLE, raising=False)
    assert "--work-dir" not in call_of(there).arguments
    assert call_of(there, "/w").arguments[-2:] == ("--work-dir", str(there.work_dir))
    monkeypatch.setenv(WORK_DIR_VARIABLE, "/w")
    assert call_of(there).arguments[-2:] == ("--work-dir", str(there.work_dir))


@pytest.mark.parametrize("folder", ["/private/var/folders/x/AppTranslocation/y/d", "/tmp/_MEI123", MOUNTED])
def test_a_program_that_will_not_last_is_refused(folder: str, there: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPDIR", MOUNTED)
    monkeypatch.setattr(program, "_this_program", lambda: (Path(folder, "kirapilot-sidecar"), (), ""))
    with pytest.raises(CannotSchedule, match="does not last"):
        call_of(there)
