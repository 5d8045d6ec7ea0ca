"""What a backup holds of the frontend's settings: two keys, in bounds, and nothing of the wrong kind."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sidecar.archive import limits
from sidecar.jobs.importing import import_data
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.support.settings import PLAIN, PREFERENCES, PRIVACY, archived, export, nested


@pytest.mark.parametrize("form", [json.dumps, lambda value: value], ids=["as text", "as JSON"])
def test_a_backup_holds_the_two_keys_and_no_other(form: Callable[[object], Any], places: Places, backup: Path) -> None:
    given = {PREFERENCES: form(PLAIN), PRIVACY: form({"analytics": False}), "kira_api_key": form("x"), "other": "{}"}
    assert export(places, backup, given) == []
    assert archived(backup) == {PREFERENCES: PLAIN, PRIVACY: {"analytics": False}}
    assert validate_comprehensive(places, str(backup), Progress()).errors == []


@pytest.mark.parametrize("given", [None, {}, {PREFERENCES: None}, {PREFERENCES: "null"}, {"other": "{}"}])
def test_a_backup_without_settings_is_a_backup(given: dict[str, Any] | None, places: Places, backup: Path) -> None:
    assert export(places, backup, given) == []
    assert archived(backup) == {}


@pytest.mark.slow(but=4)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("{", "not JSON"),
        ("dark", "not JSON"),
        ('{"a":"\\ud800"}', "not JSON"),
        ({"a": "\ud800"}, "characters"),
        ({"\ud800": 1}, "characters"),
        (7, "not an object"),
        ([1], "not an object"),
        ("[1]", "not an object"),
        ('"text"', "not an object"),
        (True, "not an object"),
        ({"a": "x" * limits.MAX_SETTING_BYTES}, "longer than"),
        (json.dumps({"a": "x" * limits.MAX_SETTING_BYTES}), "longer than"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_left_out_with_a_warning(
    value: object, reason: str, places: Places, backup: Path
) -> None:
    (warning,) = export(places, backup, {PREFERENCES: value, PRIVACY: "{}"})
    assert warning.startswith(f"{PREFERENCES} of this device was not backed up: it ")
    assert reason in warning
    assert archived(backup) == {PRIVACY: {}}


def test_settings_at_the_limits_are_read_again_and_beyond_them_left_out(places: Places, backup: Path) -> None:
    largest = {"a": "x" * (limits.MAX_SETTING_BYTES - len('{"a":""}'))}
    assert export(places, backup, {PREFERENCES: nested(limits.MAX_SETTING_DEPTH), PRIVACY: largest}) == []
    assert validate_comprehensive(places, str(backup), Progress()).errors == []
    assert {PREFERENCES, PRIVACY} <= set(inspect_backup(str(backup), Progress()).settings)
    result = import_data(places, str(backup), True, Progress())
    assert result.settings == {PREFERENCES: nested(limits.MAX_SETTING_DEPTH), PRIVACY: largest}
    for deep in (limits.MAX_SETTING_DEPTH + 1, 900):
        assert len(export(places, backup, {PREFERENCES: nested(deep)})) == 1
        assert archived(backup) == {}
