"""The transcripts in protocol/: the sidecar answers them line by line, and all they hold is as the schemas say."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.description.openrpc import list_errors
from sidecar.wire.methods import METHODS
from tests.support import transcripts
from tests.support.described import faults
from tests.support.transcripts import FOLDER, LEFT, PROGRESS, RECEIVED, SENT, SENT_BYTES, Line, matches, play, read

TRANSCRIPTS = sorted(path.stem for path in FOLDER.glob("*.txt"))


def requests_of(lines: list[Line]) -> dict[Any, dict[str, Any]]:
    """The well-formed requests that a transcript sends, by their id."""
    sent: dict[Any, dict[str, Any]] = {}
    for line in lines:
        if line.mark in (SENT, SENT_BYTES):
            message = decoded(bytes.fromhex(line.text) if line.mark == SENT_BYTES else line.text.encode())
            for element in message if isinstance(message, list) else [message]:
                if isinstance(element, dict):
                    sent[element.get("id")] = element
    return sent


def decoded(raw: bytes) -> Any:
    """What a line says; nothing for a bad one, which is what some transcripts are about."""
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except ValueError:
        return None


def assert_described(message: Any, sent: dict[Any, dict[str, Any]]) -> None:
    """A message is what the schemas say: of its request's params and result, of errors, of progress."""
    for one in message if isinstance(message, list) else [message]:
        if one.get("method") == "$/progress":
            assert faults("progress", one["params"]) == []
        elif "error" in one:
            assert faults("error", one["error"]) == []
        else:
            request = sent[one["id"]]
            name = request["method"].removeprefix("$/")
            assert faults(f"results/{name}", one["result"]) == []
            if isinstance(params := request.get("params", {}), dict):
                assert faults(f"params/{name}", params) == []


@pytest.mark.slow(but=8)
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_it_is_answered_line_by_line(sidecar_command: list[str], name: str, tmp_path: Path) -> None:
    lines = read(FOLDER / f"{name}.txt")
    sent = requests_of(lines)
    heard = set()
    with transcripts.start(sidecar_command, tmp_path) as client:
        for line, message in play(lines, client, tmp_path):
            assert matches(json.loads(line.text), message, tmp_path), f"{line}\nbut came: {json.dumps(message)}"
            heard.add(line.mark)
            if line.mark != LEFT:
                assert_described(message, sent)
    assert heard == {line.mark for line in lines} & {RECEIVED, PROGRESS, LEFT}


def test_every_method_is_shown() -> None:
    shown = {request.get("method") for name in TRANSCRIPTS for request in requests_of(read_named(name)).values()}
    assert set(METHODS) <= shown


def test_every_family_of_errors_is_shown() -> None:
    families = {kind.kind: kind.__mro__[1].__name__ for kind in list_errors()}
    shown = {families[error["data"]["kind"]] for name in TRANSCRIPTS for error in errors_in(read_named(name))}
    assert {"PathError", "BackupError", "DatabaseError", "ProtocolError"} <= shown
    kinds = {error["data"]["kind"] for name in TRANSCRIPTS for error in errors_in(read_named(name))}
    assert {"cancelled", "work_folder_unusable"} <= kinds
    assert {kind.kind for kind in list_errors() if families[kind.kind] == "ProtocolError"} <= kinds


def read_named(name: str) -> list[Line]:
    return read(FOLDER / f"{name}.txt")


def errors_in(lines: list[Line]) -> list[dict[str, Any]]:
    """The errors that a transcript receives."""
    received = [json.loads(line.text) for line in lines if line.mark == RECEIVED]
    flat = itertools.chain.from_iterable(told if isinstance(told, list) else [told] for told in received)
    return [told["error"] for told in flat if "error" in told]


def test_a_transcript_that_says_something_else_is_noticed(tmp_path: Path) -> None:
    told = {"id": 1, "result": {"size": 5, "created_at": "2026-01-02T03:04:05Z", "path": f"{tmp_path}/b", "list": [1]}}
    said = {"id": 1, "result": {"size": "<number>", "created_at": "<time>", "path": "<folder>/b", "list": [1]}}
    assert matches(said, told, tmp_path)
    for wrong in ({"size": -1}, {"size": True}, {"created_at": "today"}, {"path": "/b"}, {"list": [1, 2]}, {"more": 1}):
        assert not matches(said, told | {"result": told["result"] | wrong}, tmp_path), wrong  # type: ignore[operator]
    assert not matches(True, 1, tmp_path)
    assert not matches(1, 1.0, tmp_path)
