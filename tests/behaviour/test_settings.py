"""The frontend's settings in a backup: two keys, no secret, and back again with the device's own secrets."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sidecar.archive import limits
from sidecar.archive.redaction import redacted, with_secrets_of
from sidecar.archive.settings import NONE_THERE, read_settings
from sidecar.cli import commands
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.jobs.inspecting import inspect_backup
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import DATA, THIRD
from tests.support.archives import edited, entries_of, resigned, write
from tests.support.client import Client

PREFERENCES, PRIVACY = "kirapilot-preferences", "kirapilot-privacy-settings"

KEY = "AIzaSyD-0123456789abcdefghijklmnopqrstu"
OPAQUE = "no-pattern-knows-this-one"
"""A key that its name alone gives away."""

PLAIN = {
    "theme": "dark", "workingHours": {"start": "09:00", "end": "17:00"}, "maxTokens": 2048, "showApiKey": True,
    "aiSettings": {"model": "gemini-2.0-flash", "temperature": 0.7, "apiKeyValid": None}, "shortcuts": [{"key": "K"}],
}  # fmt: skip
"""Nothing of this is a secret, though some names come near."""

WITH_SECRETS: dict[str, Any] = PLAIN | {
    "aiSettings": PLAIN["aiSettings"] | {"geminiApiKey": OPAQUE},  # type: ignore[operator]
    "state": json.dumps({"api_key": OPAQUE, "open": True}),
    "providers": [{"id": "a", "API-Key": OPAQUE}, {"id": "b", "token": {"of": [OPAQUE]}}],
    "pasted": KEY,
}

Entries = dict[str, bytes]


def export(places: Places, path: Path, settings: dict[str, Any] | None) -> list[str]:
    """The warnings of an export."""
    return export_data(places, str(path), Progress(), settings).warnings


def archived(path: Path) -> dict[str, Any]:
    """The frontend's settings in an archive, which must stand in both of their places."""
    with zipfile.ZipFile(path) as archive:
        own = json.loads(archive.read("settings.json"))
        assert json.loads(archive.read("data.json"))["settings"] == own
    return {key: value for key, value in own.items() if key not in ("user_preferences", "logging_config")}


def unpacked(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "a.kpbackup"


# -- export ------------------------------------------------------------------------------


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


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


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


# -- secrets -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "geminiApiKey", "api_key", "kira_api_key", "API-Key", "APIKEY", "api key", "x.api.key.y", "ａｐｉＫｅｙ",
        "apiKeys", "tokens",
        "kirapilot-gemini-api-key", "apiToken", "clientSecret", "password", "token", "accessToken", "refresh_token",
        "openaiKey", "privateKey", "credentials", "Authorization",
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [OPAQUE, [OPAQUE], {"gemini": OPAQUE}, [[{"a": OPAQUE}]]], ids=type)
def test_whatever_is_named_like_a_key_is_one(name: str, value: object) -> None:
    for holder in ({name: value}, {"a": {"b": [{name: value}]}}, {"a": json.dumps({"b": json.dumps({name: value})})}):
        assert OPAQUE not in json.dumps(redacted(holder))


def test_a_number_is_a_key_where_it_is_called_one() -> None:
    assert redacted({"apiKey": 4711, "pin": {"password": 0.5}, "maxTokens": 2048}) == {"pin": {}, "maxTokens": 2048}


@pytest.mark.parametrize(
    "text",
    [
        KEY, f"key: {KEY}.", "sk-proj-abcdefghijklmnop", "sk-ant-api03-abcdefghijkl", "gsk_abcdefghijklmnopqrstuvwx",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "Bearer abcdefghijklmnop.qrs", "hf_abcdefghijklmnopqrst",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "ya29.a0AfH6SMBx1", "-----BEGIN RSA PRIVATE KEY-----\nMII",
        "https://example.org/v1?api_key=0123456789", "GEMINI_API_KEY=0123456789", '{"a": 1, apiKey: "0123456789"',
        '{"apiKey": "0123456789", "apiKey": true}', f'["{KEY}"]', f'"{KEY}"',
    ],
)  # fmt: skip
def test_whatever_looks_like_a_key_is_one_wherever_it_stands(text: str) -> None:
    key = KEY if KEY in text else text[-12:]
    holders: list[dict[str, Any]] = [
        {"note": text}, {"a": [text, "kept"]}, {text: 1}, {"a": {text: {}}}, {"a": json.dumps({"b": [text]})},
    ]  # fmt: skip
    for holder in holders if "\\" not in json.dumps(text) else holders[:2]:
        assert key not in str(redacted(holder))


@pytest.mark.parametrize(
    "pair",
    [{"name": "geminiApiKey", "value": OPAQUE}, {"key": "api_key", "value": [OPAQUE]}, ["API-Key", OPAQUE]],
)
def test_a_name_and_a_value_that_stand_beside_each_other_are_a_key(pair: object) -> None:
    assert OPAQUE not in str(redacted({"pairs": [pair, pair]}))


def test_what_is_no_secret_stays_as_it_is() -> None:
    harmless: dict[str, Any] = PLAIN | {
        "text": '{ "a" : 1.0 }', "words": "the desk-lamp, a task-management-list; ask-me", "keyboard": "Ctrl+K",
        "hasApiKey": False, "tokens": 5, "empty": [], "nothing": None, "unicode": "ü😀\u2028",
    }  # fmt: skip
    assert redacted(harmless) == harmless


@pytest.mark.slow
def test_no_secret_is_ever_written_or_told(sidecar_command: list[str], fresh_database: Path, tmp_path: Path) -> None:
    given = {PREFERENCES: json.dumps(WITH_SECRETS), PRIVACY: WITH_SECRETS, "kira_api_key": KEY, KEY: OPAQUE}
    backup = str(tmp_path / "a.kpbackup")
    path, told = {"filePath": backup, "progressToken": 1}, bytearray()
    with Client(
        [*sidecar_command, "serve", "--database", str(fresh_database), "--work-dir", str(tmp_path / "w")]
    ) as it:
        for method, params, outcome in (
            ("export_data_to_file", {"settings": given}, "result"),
            ("export_data_to_file", {"settings": given, "filePath": str(tmp_path / "no" / "a.kpbackup")}, "error"),
            ("export_data_to_file", {"settings": [given]}, "error"),
            ("export_data_to_file", {"settings": json.dumps(given)}, "error"),
            ("import_data_from_file", {"settings": given, "overwrite": 1}, "error"),
            ("import_data_from_file", {"settings": {PREFERENCES: f"{KEY}{OPAQUE}"}, "overwrite": True}, "result"),
            ("import_data_from_file", {"settings": given, "overwrite": True, "filePath": str(fresh_database)}, "error"),
            ("preview_import", {"overwrite": True}, "result"),
            ("validate_backup_comprehensive", {}, "result"),
            ("inspect_backup", {}, "result"),
        ):
            answer = it.request(method, path | params)
            assert outcome in answer
            told += json.dumps(answer).encode()
        # What comes back to the device is its own, and stands in one place alone.
        result = it.request("import_data_from_file", path | {"settings": given, "overwrite": True})["result"]
        assert unfolded(result.pop("settings")) == unfolded({PREFERENCES: WITH_SECRETS, PRIVACY: WITH_SECRETS})
        told += json.dumps(result).encode()
        # An import that changes rows, and its undo: both leave a safety copy with the settings of the device.
        shipped = {"filePath": str(DATA / f"{THIRD}.kpbackup"), "overwrite": True}
        told += json.dumps(it.request("import_data_from_file", shipped | {"settings": given})["result"]).encode()
        undone = it.request("undo_last_import", {"settings": given})["result"]
        assert unfolded(undone.pop("settings")) == unfolded({PREFERENCES: WITH_SECRETS, PRIVACY: WITH_SECRETS})
        told += json.dumps([undone, it.request("list_backups")["result"]]).encode()
        it.close_input()
        assert it.wait() == 0
        told += it.log().encode()
    copies = list((fresh_database.parent / "backups").iterdir())
    assert sum(PREFERENCES in archived(copy) for copy in copies) >= 2
    for archive in (Path(backup), *copies):
        told += unpacked(archive)
    for folder in (tmp_path, fresh_database.parent):
        for file in folder.rglob("*"):
            told += file.name.encode() + (file.read_bytes() if file.is_file() else b"")
    assert b"gemini-2.0-flash" in told
    for secret in (KEY, OPAQUE):
        assert secret.encode() not in told


def test_no_secret_is_in_a_throw_away_file_at_any_moment(places: Places, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    looked_at = set[str]()

    def look() -> bool:
        for folder in (target, places.work_dir, places.database.parent / "backups"):
            for file in folder.rglob("*"):
                if file.is_file():
                    looked_at.add(file.suffix)
                    assert OPAQUE.encode() not in file.read_bytes()
        return False

    given = {PREFERENCES: WITH_SECRETS}
    export_data(places, str(target / "a.kpbackup"), Progress(cancelled=look), given)
    import_data(places, str(target / "a.kpbackup"), True, Progress(cancelled=look), settings=given)
    assert {".db", ".tmp", ".kpbackup"} <= looked_at


# -- import ------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("device", "value", "expected"),
    [
        ({"a": {"apiKey": "k"}}, {}, {"a": {"apiKey": "k"}}),
        ({"a": {"b": {"apiKey": "k"}}}, {"a": None}, {"a": {"b": {"apiKey": "k"}}}),
        ({"apiKey": ""}, {"apiKey": None}, {"apiKey": ""}),
        ({"a": [1, {"apiKey": "k"}]}, {"a": [2, {"b": 3}]}, {"a": [2, {"b": 3, "apiKey": "k"}]}),
        ({"a": ["x", KEY]}, {"a": ["y", None, 5]}, {"a": ["y", KEY, 5]}),
        (
            {"a": [{"id": "p", "apiKey": "of p"}, {"id": "q", "apiKey": "of q"}]},
            {"a": [{"id": "q"}, {"id": "p", "b": 1}]},
            {"a": [{"id": "q", "apiKey": "of q"}, {"id": "p", "b": 1, "apiKey": "of p"}]},
        ),
        ({"a": '{"apiKey": "k", "b": 1}'}, {"a": '{"b":2}'}, {"a": '{"b":2,"apiKey":"k"}'}),
        ({"a": '{"apiKey": "k", "b": 1}'}, {}, {"a": '{"apiKey":"k"}'}),
        ({"a": ["api_key", "k"]}, {"a": ["api_key", None]}, {"a": ["api_key", "k"]}),
    ],
)
def test_a_secret_goes_back_to_its_own_place(
    device: dict[str, Any], value: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert with_secrets_of(device, value) == (expected, 0)


@pytest.mark.parametrize(
    ("device", "value"),
    [
        ({"a": {"apiKey": "k"}}, {"a": "text"}),
        ({"a": [{"id": "p", "apiKey": "k"}]}, {"a": [{"id": "q"}]}),
        ({"a": [{"id": "p", "apiKey": "k"}]}, {}),
        ({"a": ["x", KEY]}, {"a": ["x", "another"]}),
        ({"a": '{"apiKey":"k"}'}, {"a": "no JSON"}),
    ],
)
def test_a_secret_without_a_place_is_counted_and_goes_nowhere_else(
    device: dict[str, Any], value: dict[str, Any]
) -> None:
    assert with_secrets_of(device, value) == (value, 1)


def test_a_secret_that_found_no_place_is_told_of(places: Places, backup: Path) -> None:
    export(places, backup, {PREFERENCES: {"a": "text"}})
    _, (warning,) = restored(places, backup, {PREFERENCES: {"a": {"apiKey": OPAQUE}}})
    assert "enter it again" in warning
    assert OPAQUE not in warning


# -- any settings ------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5) | st.just(KEY)
NAMES = st.sampled_from(["a", "b", "id", "name", "value", "apiKey", "Api-Key", "token", "tokens", "é"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | inner.map(lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    ),
    max_leaves=12,
)
bounded = hypothesis_settings(
    max_examples=200, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@bounded
@given(value=st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_taken_out_of_any_settings_finds_back_into_them(value: dict[str, Any]) -> None:
    own = read_settings({PREFERENCES: value}).own[PREFERENCES]
    clean = redacted(own)
    assert KEY not in json.dumps(clean)
    assert redacted(clean) == clean
    assert unfolded(with_secrets_of(own, clean)[0]) == unfolded(own)
    assert with_secrets_of({}, clean) == (clean, 0)


def unfolded(value: Any) -> Any:
    """The value with JSON in texts read: the order of its members says nothing."""
    if isinstance(value, dict):
        return {key: unfolded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unfolded(item) for item in value]
    if isinstance(value, str):
        try:
            return unfolded(json.loads(value)) if value[:1] in '{["' else value
        except ValueError:
            return value
    return value


# -- the command line --------------------------------------------------------------------


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
