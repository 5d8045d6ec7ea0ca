"""launchd's agent: read again by the parser of property lists."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from sidecar.errors.jobs import CannotSchedule
from sidecar.installing import launchd
from sidecar.installing.launchd import LABEL, Launchd
from sidecar.installing.program import Call
from sidecar.installing.timers import install, uninstall
from sidecar.system.paths import Places
from tests.unit.installing.conftest import PATHS, System

pytestmark = pytest.mark.usefixtures("system")


@pytest.mark.parametrize("name", PATHS)
def test_every_path_comes_back_out_of_the_property_list(name: str) -> None:
    call = Call(f"/opt/{name}/p", ("auto", "run", "--database", f"/{name}/x.db"), f"/{name}")
    (file,) = Launchd().written(call)
    told = plistlib.loads(file.content.encode())
    assert told["ProgramArguments"] == [call.program, *call.arguments]
    assert told["WorkingDirectory"] == call.folder
    assert (told["Label"], told["StartCalendarInterval"], told["RunAtLoad"]) == (LABEL, {"Minute": 7}, True)
    assert Path(file.path).parts[-3:] == ("Library", "LaunchAgents", f"{LABEL}.plist")


@pytest.mark.parametrize("name", ["a\x01b", "a\udcffb"])
def test_a_path_that_no_property_list_can_hold_is_refused(name: str) -> None:
    with pytest.raises(CannotSchedule):
        Launchd().written(Call(f"/opt/{name}", (), ""))


def test_what_is_loaded_goes_before_it_is_loaded_anew(
    system: System, there: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launchd, "_UNLOADING", 0.0)
    install(there, Launchd(), dry_run=False)
    install(there, Launchd(), "/w", dry_run=False)
    uninstall(Launchd(), dry_run=False)
    acts = [command[1] for command in system.called if command[1] != "print"]
    assert acts == ["bootstrap", "bootout", "bootstrap", "bootout"]
