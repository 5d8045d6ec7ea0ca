"""What an import hands back of the settings in a backup, to the app and to whoever types a command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.archive import limits
from sidecar.archive.redaction import redacted
from sidecar.archive.settings import NONE_THERE
from sidecar.cli import commands
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.archives import Entries, edited, entries_of, resigned, write
from tests.support.settings import KEY, OPAQUE, PLAIN, PREFERENCES, PRIVACY, WITH_SECRETS, export, nested


def restored(places: Places, backup: Path, settings: dict[str, Any] | None) -> tuple[Any, list[str]]:
    """What an import hands back, and its warnings about settings."""
    result = import_data(places, str(backup), True, Progress(), settings=settings)
    return result.settings, [warning for warning in result.warnings if "settings" in warning or PREFERENCES in warning]


def test_settings_come_back_with_the_secrets_of_this_device(places: Places, backup: Path) -> None:
    export(places, backup, {PREFERENCES: WITH_SECRETS, PRIVACY: {"analytics": True}})
    here = {"theme": "light", "aiSettings": {"model": "other", "geminiApiKey": "that of this device"}}
    settings, warnings = restored(places, backup, {PREFERENCES: json.dumps(here), PRIVACY: '{"analytics":false}'})
    assert warnings == []
    assert settings[PRIVACY] == {"analytics": True}
    assert settings[PREFERENCES]["aiSettings"] == PLAIN["aiSettings"] | {"geminiApiKey": "that of this device"}  # type: ignore[operator]
    assert settings[PREFERENCES]["theme"] == "dark"
    assert OPAQUE not in json.dumps(settings)


def test_settings_come_back_to_a_device_without_secrets_without_any(places: Places, backup: Path) -> None:
    export(places, backup, {PREFERENCES: WITH_SECRETS})
    for here in (None, {}, {PREFERENCES: "{}"}):
        settings, warnings = restored(places, backup, here)
        assert settings == {PREFERENCES: redacted(WITH_SECRETS)}
        assert warnings == []


@pytest.mark.parametrize("here", [None, {}, {PREFERENCES: WITH_SECRETS}])
def test_a_backup_without_settings_leaves_those_of_the_device_and_says_so(
    here: dict[str, Any] | None, places: Places, backup: Path
) -> None:
    export(places, backup, None)
    settings, warnings = restored(places, backup, here)
    assert settings is None
    assert warnings == ([] if here is None else [NONE_THERE])


def test_a_key_that_the_backup_lacks_is_not_spoken_of(places: Places, backup: Path) -> None:
    export(places, backup, {PRIVACY: {"analytics": True}})
    assert restored(places, backup, {PREFERENCES: WITH_SECRETS, PRIVACY: {}}) == ({PRIVACY: {"analytics": True}}, [])


def test_secrets_that_somebody_put_into_a_backup_do_not_come_out(places: Places, backup: Path) -> None:
    export(places, backup, {PREFERENCES: PLAIN})

    def plant(document: dict[str, Any]) -> None:
        for settings in (document.get("settings", document), document):
            if PREFERENCES in settings:
                settings[PREFERENCES] |= WITH_SECRETS
                settings["kira_api_key"] = KEY

    entries: Entries = entries_of(backup)
    for name in ("data.json", "settings.json"):
        entries = edited(entries, name, plant)
    write(backup, resigned(entries))
    settings, _ = restored(places, backup, {PREFERENCES: {"aiSettings": {"geminiApiKey": "mine"}}})
    assert set(settings) == {PREFERENCES}
    assert settings[PREFERENCES]["aiSettings"]["geminiApiKey"] == "mine"
    assert OPAQUE not in json.dumps(settings)
    assert KEY not in json.dumps(settings)


@pytest.mark.slow(but=1)
@pytest.mark.parametrize(
    "planted",
    ["text", 7, None, [{"a": 1}], nested(limits.MAX_SETTING_DEPTH + 1), {"a": "x" * limits.MAX_SETTING_BYTES}],
)
def test_settings_of_a_backup_that_are_none_are_left_out_and_told_of(
    planted: object, places: Places, backup: Path
) -> None:
    export(places, backup, {PREFERENCES: PLAIN, PRIVACY: {"analytics": True}})

    def plant(document: dict[str, Any]) -> None:
        document.get("settings", document)[PREFERENCES] = planted

    entries = edited(edited(entries_of(backup), "data.json", plant), "settings.json", plant)
    settings, warnings = restored(places, write(backup, resigned(entries)), {})
    assert settings == {PRIVACY: {"analytics": True}}
    assert [warning.startswith(f"{PREFERENCES} is not restored: ") for warning in warnings] == [True] * (
        planted is not None
    )


def test_settings_of_the_device_that_cannot_be_read_stay_as_they_are(places: Places, backup: Path) -> None:
    """Their secrets cannot be put back: the backup's must not take their place."""
    export(places, backup, {PREFERENCES: PLAIN})
    settings, (warning,) = restored(places, backup, {PREFERENCES: '{"geminiApiKey":"x'})
    assert settings is None
    assert "could not be read" in warning


def test_a_secret_that_found_no_place_is_told_of(places: Places, backup: Path) -> None:
    export(places, backup, {PREFERENCES: {"a": "text"}})
    _, (warning,) = restored(places, backup, {PREFERENCES: {"a": {"apiKey": OPAQUE}}})
    assert "enter it again" in warning
    assert OPAQUE not in warning


def test_the_command_line_says_that_only_the_app_restores_settings(
    places: Places, backup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--database", str(places.database), "--work-dir", str(places.work_dir)]
    export(places, backup, {PREFERENCES: WITH_SECRETS})
    assert commands.run(["import", "--yes", str(backup), *where]) == 0
    assert f"settings of the app ({PREFERENCES}): only an import in the app restores them" in capsys.readouterr().out
    assert commands.run(["inspect", str(backup), *where]) == 0
    shown = capsys.readouterr().out
    assert PREFERENCES in shown
    assert "gemini-2.0-flash" not in shown
    export(places, backup, None)
    assert commands.run(["import", "--yes", str(backup), *where]) == 0
    assert "settings of the app" not in capsys.readouterr().out
