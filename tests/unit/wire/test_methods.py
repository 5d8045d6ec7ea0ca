"""The methods: names and params of the frontend, results of its contract, and errors that tell no secrets."""

from __future__ import annotations

import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.errors.paths import DiskFull
from sidecar.wire.calls import Calls
from sidecar.wire.context import Context, Session
from sidecar.wire.dispatching import dispatch
from sidecar.wire.messages import Answer, Request
from sidecar.wire.methods import METHODS, PROTOCOL_VERSION, Method, make_handler
from sidecar.wire.params import ImportParams, NoParams, UndoParams, names_of, read_params
from tests.conftest import DATA, EVERY_KIND, THIRD
from tests.support.client import DEADLINE, Client

INVALID_PARAMS = -32602
COUNTS = ("task_count", "session_count", "ai_interaction_count", "dependency_count", "periodic_template_count")
BACKUP_METHODS = [name for name, method in METHODS.items() if "filePath" in method.params.__struct_encode_fields__]


def call(method: str | Method, params: object = None) -> Answer:
    """The answer to one request, without a server."""
    chosen = METHODS[method] if isinstance(method, str) else method
    members: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": chosen.name}
    context = Context(Session(), lambda *_: None, lambda: False, Calls().cancel)
    named = {} if params is None else {"params": params}
    answer = dispatch(Request(members | named), {chosen.name: make_handler(chosen)}, context)
    assert answer is not None
    return answer


def failing(error: Exception) -> Method:
    """A method that raises ``error``."""

    def fail(_params: NoParams, _context: Context) -> None:
        raise error

    return Method("fail", fail, NoParams)


# -- params ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_unknown_param_is_refused_by_name(name: str) -> None:
    valid = {"filePath": "x", "overwrite": True, "id": 1}
    fields = METHODS[name].params.__struct_encode_fields__
    answer = call(name, {key: value for key, value in valid.items() if key in fields} | {"filepath": "x"})
    assert answer["error"]["code"] == INVALID_PARAMS
    assert "filepath" in answer["error"]["message"]


@pytest.mark.parametrize("name", BACKUP_METHODS)
@pytest.mark.parametrize("wrong", [{}, {"filePath": 1}, {"filePath": None}, {"filePath": ["x"]}, [], [1]])
def test_path_of_the_backup_is_required_and_a_string(name: str, wrong: object) -> None:
    answer = call(name, wrong)
    assert answer["error"]["code"] == INVALID_PARAMS
    assert "filePath" in answer["error"]["message"]


@pytest.mark.parametrize("name", ["import_data_from_file", "preview_import"])
@pytest.mark.parametrize("wrong", [{}, {"overwrite": 1}, {"overwrite": "true"}, {"overwrite": None}])
def test_overwrite_is_required_and_a_boolean(name: str, wrong: dict[str, object]) -> None:
    answer = call(name, {"filePath": "x"} | wrong)
    assert answer["error"]["code"] == INVALID_PARAMS
    assert "overwrite" in answer["error"]["message"]


@pytest.mark.parametrize("token", [True, 1.5, [], {}])
def test_progress_token_is_a_string_or_an_integer(token: object) -> None:
    answer = call("ping", {"progressToken": token})
    assert answer["error"]["code"] == INVALID_PARAMS
    assert "progressToken" in answer["error"]["message"]


@pytest.mark.parametrize("token", ["", "t", 0, 2**70, None])
@pytest.mark.parametrize("name", ["ping", "initialize", "shutdown", "exit"])
def test_every_method_takes_a_progress_token(name: str, token: object) -> None:
    assert "result" in call(name, {"progressToken": token})


def test_params_may_be_given_by_position() -> None:
    params = read_params(ImportParams, ["a.kpbackup", True, None, False, False, "token"], {})
    assert params == ImportParams(file_path="a.kpbackup", overwrite=True, progress_token="token")


def test_what_was_added_comes_after_what_was_there_before() -> None:
    assert names_of(UndoParams) == ["settings", "progressToken", "to"]


def test_too_many_params_by_position_are_refused_with_the_names_there_are() -> None:
    answer = call("validate_backup_file", ["a", "b", "c"])
    assert answer["error"]["code"] == INVALID_PARAMS
    assert "filePath, progressToken" in answer["error"]["message"]


@pytest.mark.parametrize("name", ["context", "self", "x" * 100_000, "\ud800", ""])
def test_hostile_names_of_params_are_refused_in_few_words(name: str) -> None:
    answer = call("ping", {name: 1})
    assert answer["error"]["code"] == INVALID_PARAMS
    assert len(answer["error"]["message"]) < 500


# -- errors ------------------------------------------------------------------------------


def test_application_error_keeps_its_code_sentence_and_data() -> None:
    answer = call(failing(DiskFull(path="/disk/b.kpbackup", detail="1 MB are missing")))
    assert answer["error"] == {
        "code": 16,
        "message": "There is not enough free space for /disk/b.kpbackup. "
        "Free some space, or choose another disk. 1 MB are missing",
        "data": {
            "kind": "disk_full",
            "hint": "Free some disk space and try again.",
            "path": "/disk/b.kpbackup",
            "detail": "1 MB are missing",
        },
    }


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("secret"),
        ZeroDivisionError("secret"),
        sqlite3.OperationalError("secret"),
        KeyError("secret"),
        UnicodeEncodeError("utf-8", "secret\ud800", 6, 7, "secret"),
        RecursionError("secret"),
    ],
    ids=repr,
)
def test_unexpected_error_tells_its_type_and_nothing_else(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = call(failing(error))
    assert answer["error"]["code"] == -32603
    assert answer["error"]["data"]["detail"] == type(error).__name__
    assert "secret" not in json.dumps(answer)
    assert "in fail" in caplog.text, "where it was raised"
    assert "secret" not in caplog.text


def test_result_that_cannot_be_encoded_is_an_internal_error() -> None:
    answer = call(Method("odd", lambda _params, _context: object(), NoParams))
    assert answer["error"]["code"] == -32603


def test_unknown_method_is_named(sidecar_command: list[str]) -> None:
    with Client([*sidecar_command, "serve"]) as client:
        answer = client.request("no_such_method")
    assert answer["error"]["code"] == -32601
    assert answer["error"]["data"]["detail"] == "no_such_method"


# -- what needs no job -------------------------------------------------------------------


def test_initialize_introduces_the_sidecar_and_says_which_places_are_in_force(tmp_path: Path) -> None:
    database, work = tmp_path / "k.db", tmp_path / "work"
    result = call("initialize", {"databasePath": str(database), "workDir": str(work)})["result"]
    assert result == {
        "name": "kirapilot-sidecar",
        "version": "1.0.0",
        "protocolVersion": PROTOCOL_VERSION,
        "capabilities": {"methods": list(METHODS), "progress": True, "cancel": True},
        "databasePath": str(database),
        "workDir": str(work),
    }


def test_initialize_takes_what_a_client_says_of_itself() -> None:
    assert "result" in call("initialize", {"protocolVersion": "1.0", "clientInfo": {"name": "app"}, "capabilities": {}})


@pytest.mark.slow
def test_database_is_that_of_initialize_then_of_the_command_line_then_of_the_environment(
    sidecar_command: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def database(arguments: list[str], params: dict[str, str]) -> object:
        with Client([*sidecar_command, "serve", *arguments]) as client:
            return client.request("initialize", params)["result"]["databasePath"]

    named, typed, set_ = (str(tmp_path / name) for name in ("named.db", "typed.db", "set.db"))
    default = database([], {})
    monkeypatch.setenv("KIRAPILOT_DATABASE", set_)
    assert database(["--database", typed], {"databasePath": named}) == named
    assert database(["--database", typed], {"databasePath": ""}) == typed
    assert database(["--database", typed], {}) == typed
    assert database([], {}) == set_
    assert isinstance(default, str)
    assert default.endswith("kirapilot.db")


def test_second_initialize_replaces_the_first() -> None:
    session = Session("typed.db", "work")
    session.move("named.db", None)
    assert session.move(None, None) == Session("typed.db", "work").places


# -- the jobs ----------------------------------------------------------------------------


@pytest.fixture
def client(sidecar_command: list[str], fresh_database: Path, tmp_path: Path) -> Iterator[Client]:
    """A conversation with the sidecar about a copy of a real database."""
    places = ["--database", str(fresh_database), "--work-dir", str(tmp_path / "work")]
    with Client([*sidecar_command, "serve", *places]) as client:
        yield client


def test_every_job_answers_with_the_counts_that_the_frontend_shows(client: Client, tmp_path: Path) -> None:
    backup = {"filePath": str(tmp_path / "b.kpbackup")}
    exported = client.request("export_data_to_file", backup)["result"]
    counts = {key: exported[key] for key in ("version", *COUNTS)}
    assert counts["version"] == "1.0.0"
    assert all(counts.values())
    validated = client.request("validate_backup_comprehensive", backup)["result"]
    assert (validated["is_valid"], validated["errors"]) == (True, [])
    for result in (
        validated["metadata"],
        client.request("validate_backup_file", backup)["result"],
        client.request("inspect_backup", backup)["result"],
        client.request("preview_import", backup | {"overwrite": True})["result"],
        client.request("import_data_from_file", backup | {"overwrite": True})["result"],
    ):
        assert {key: result[key] for key in counts} == counts
        assert result["created_at"] == exported["created_at"]


def test_an_import_is_undone_and_its_safety_copies_are_listed(
    client: Client, real_files: Path, fresh_database: Path
) -> None:
    here = {"kirapilot-preferences": '{"theme":"dark","geminiApiKey":"mine"}'}
    backup = {"filePath": str(real_files / f"{THIRD}.kpbackup"), "overwrite": True}
    assert client.request("undo_last_import")["error"]["data"]["kind"] == "no_safety_copy"
    done = client.request("import_data_from_file", backup | {"settings": here})["result"]
    assert done["settings"] is None
    undone = client.request("undo_last_import", {"settings": here})["result"]
    assert undone["path"] == done["safety_copy"]
    assert undone["task_count"] == 12
    assert undone["settings"] == {"kirapilot-preferences": {"theme": "dark", "geminiApiKey": "mine"}}
    listed = client.request("list_backups", {"progressToken": 1})["result"]
    assert listed["folder"] == str(fresh_database.parent / "backups")
    assert [copy["path"] for copy in listed["backups"]] == [undone["safety_copy"], done["safety_copy"]]
    for copy in listed["backups"]:
        assert (copy["proved"], copy["reason"]) == (True, None)
        assert set(COUNTS) <= set(copy)


@pytest.mark.slow
def test_salvage_is_a_param_that_is_off_unless_it_is_given(client: Client, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.kpbackup"
    damaged.write_bytes((DATA / f"{EVERY_KIND}.kpbackup").read_bytes()[:-200])
    params = {"filePath": str(damaged), "overwrite": True}
    for name in ("preview_import", "import_data_from_file"):
        error = client.request(name, params)["error"]
        assert (error["code"], error["data"]["salvage"]) == (21, True)
    expected = client.request("preview_import", params | {"salvage": True})["result"]
    done = client.request("import_data_from_file", params | {"salvage": True})["result"]
    assert done["salvage"] == expected["salvage"]
    assert (done["salvage"]["complete"], done["task_count"]) == (True, 12)


def test_comprehensive_validation_answers_even_for_a_missing_file(client: Client, tmp_path: Path) -> None:
    result = client.request("validate_backup_comprehensive", {"filePath": str(tmp_path / "none.kpbackup")})["result"]
    assert result["is_valid"] is False
    assert result["errors"]
    assert result["metadata"] is None


@pytest.mark.slow(but=1)
@pytest.mark.parametrize("name", ["validate_backup_file", "inspect_backup", "preview_import", "import_data_from_file"])
def test_missing_file_is_an_error_that_names_it(client: Client, tmp_path: Path, name: str) -> None:
    path = str(tmp_path / "none.kpbackup")
    overwrite = {"overwrite": True} if "import" in name else {}
    error = client.request(name, {"filePath": path} | overwrite)["error"]
    assert (error["code"], error["data"]["kind"], error["data"]["path"]) == (10, "file_not_found", path)
    assert path in error["message"]


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("name", BACKUP_METHODS)
@pytest.mark.parametrize("path", ["", "\0", "a\0b", "\ud800", "x" * 100_000, "/", "\udcff/\udcff"])
def test_hostile_paths_are_answered_without_an_internal_error(client: Client, name: str, path: str) -> None:
    overwrite = {"overwrite": False} if "import" in name else {}
    answer = client.request(name, {"filePath": path} | overwrite)
    if name == "validate_backup_comprehensive":
        assert answer["result"]["is_valid"] is False
    else:
        assert answer["error"]["code"] > 0
    assert not list(Path().glob("*\udcff*"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has undecodable file names")
def test_undecodable_path_is_worked_on_and_told_in_valid_utf8(client: Client, tmp_path: Path) -> None:
    backup = {"filePath": f"{tmp_path}/caf\udce9.kpbackup"}
    assert client.request("export_data_to_file", backup)["result"]["path"].endswith("caf\ufffd.kpbackup")
    assert client.request("validate_backup_file", backup)["result"]["version"] == "1.0.0"


@pytest.mark.slow
def test_progress_of_a_job_names_its_phases_and_never_falls(client: Client, tmp_path: Path) -> None:
    for method, more in (("export_data_to_file", {}), ("import_data_from_file", {"overwrite": True})):
        params = {"filePath": str(tmp_path / "b.kpbackup"), "progressToken": method} | more
        client.call(method, params)
        percentages = []
        while (message := client.read()).get("method") == "$/progress":
            assert message["params"]["token"] == method
            value = message["params"]["value"]
            assert set(value) == {"phase", "done", "total", "unit", "percentage", "message"}
            percentages.append(value["percentage"])
        assert "result" in message
        assert percentages
        assert percentages == sorted(percentages)


# -- start-up ----------------------------------------------------------------------------


def test_nothing_heavy_is_loaded_before_the_first_job() -> None:
    heavy = (
        "jsonschema", "asyncio", "http", "email", "sqlite3", "peewee", "isal", "platformdirs", "tqdm", "argparse",
        "jinja2", "markupsafe",
    )  # fmt: skip
    script = f"import sys, sidecar.wire.server; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=DEADLINE, check=True)
    assert done.stdout.strip() == "[]"
