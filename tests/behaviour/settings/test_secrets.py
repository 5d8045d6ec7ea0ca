"""Secrets in settings: what is one, that none is written or told, and that each goes back to its own place."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sidecar.archive.redaction import redacted, with_secrets_of
from sidecar.archive.settings import read_settings
from sidecar.export.exporting import export_data
from sidecar.jobs.importing import import_data
from sidecar.progress import Progress
from sidecar.system.paths import Places
from tests.conftest import DATA, THIRD
from tests.support.client import Client
from tests.support.settings import KEY, OPAQUE, PLAIN, PREFERENCES, PRIVACY, WITH_SECRETS, archived, unfolded


def unpacked(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


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


@pytest.mark.slow
@bounded
@given(value=st.dictionaries(NAMES, VALUES, max_size=4))
def test_what_is_taken_out_of_any_settings_finds_back_into_them(value: dict[str, Any]) -> None:
    own = read_settings({PREFERENCES: value}).own[PREFERENCES]
    clean = redacted(own)
    assert KEY not in json.dumps(clean)
    assert redacted(clean) == clean
    assert unfolded(with_secrets_of(own, clean)[0]) == unfolded(own)
    assert with_secrets_of({}, clean) == (clean, 0)
