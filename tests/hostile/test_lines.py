"""Lines made to do harm, sent to the process itself: each is answered, in ASCII, and the conversation goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Cases
from tests.support.client import Client

HOSTILE_LINES = "A line made to do harm is answered with an error, and the conversation goes on"

INTERNAL_ERROR = -32603
PING = b'{"jsonrpc":"2.0","id":"ping","method":"ping"}'


def _request(method: str, params: str = "{}", request_id: str = '"x"') -> bytes:
    return f'{{"jsonrpc":"2.0","id":{request_id},"method":"{method}","params":{params}}}'.encode()


def _info(text: str) -> bytes:
    return _request("initialize", '{"clientInfo":{"a":' + text + "}}")


def _path(text: str) -> bytes:
    return _request("inspect_backup", f'{{"filePath":{text}}}')


REFUSED: dict[str, bytes] = {
    "nested without end": b"[" * 1_000_000,
    "params nested without end": _info("[" * 1_000_000),
    "params that nest as deep as json goes": _request("ping", '{"x":' + "[" * 960 + "]" * 960 + "}"),
    "params that nest half as deep": _request("ping", '{"x":' + "[" * 400 + "]" * 400 + "}"),
    "params that are a number": _request("ping", "1"),
    "a param of a megabyte": _request("ping", '{"' + "k" * 1_000_000 + '":1}'),
    "100,000 params": _request("ping", "[" + ",".join("1" for _ in range(100_000)) + "]"),
    "100,000 named params": _request("ping", "{" + ",".join(f'"k{i}":1' for i in range(100_000)) + "}"),
    "a param of a lone surrogate": _request("ping", '{"\\ud800":1}'),
    "a method of a megabyte": _request("m" * 1_000_000),
    "a method of control characters": _request("\\u0000\\u001b[2J\\n"),
    "a method of a lone surrogate": _request("\\udfff"),
    "a method of dunders": _request("__class__.__init__.__globals__"),
    "an empty method": _request(""),
    "an id that is an object": _request("ping", request_id='{"a":1}'),
    "an id that is true": _request("ping", request_id="true"),
    "an id beyond all numbers": _request("ping", request_id="1e999"),
    "an id of 5,000 digits": _request("ping", request_id="9" * 5000),
    "UTF-16": PING.decode().encode("utf-16"),
    "UTF-8 of a surrogate": PING.replace(b"ping", b"\xed\xa0\x80"),
    "a NUL": PING + b"\0",
    "two messages": PING + PING,
    "a batch of 10,001": b"[" + b",".join(b"1" for _ in range(10_001)) + b"]",
    "a batch within a batch": b"[[" + PING + b"]]",
    "more than 16 MiB": b'"' + b"x" * (17 << 20) + b'"',
    "a path of a megabyte": _path('"' + "p" * 1_000_000 + '"'),
    "a path with a NUL": _path('"a\\u0000b"'),
    "a path of lone surrogates": _path('"\\ud800\\udfff"'),
    "a path that is a list": _path("[]"),
    "a path that is nothing": _path('""'),
    "a device for a path": _path('"/dev/zero"'),
    "a process for a path": _path('"/proc/self/mem"'),
    "a folder for a path": _path('"/"'),
    "a cancellation of nothing": _request("$/cancelRequest", '{"id":[]}'),
}

ANSWERED: dict[str, tuple[bytes, object]] = {
    "an id of 4,000 digits": (_request("ping", request_id="9" * 4000), int("9" * 4000)),
    "an id of nothing": (_request("ping", request_id='""'), ""),
    "an id with a fraction": (_request("ping", request_id="-0.5e-3"), -0.0005),
    "an id of a megabyte": (_request("ping", request_id='"' + "i" * 1_000_000 + '"'), "i" * 1_000_000),
    "an id of control characters": (_request("ping", request_id='"\\u0000\\u2028\\n"'), "\0\u2028\n"),
    "a key given twice": (PING.replace(b"{", b'{"id":1,', 1), "ping"),
    "white space all around": (b" \t\r" + PING + b" \r", "ping"),
    "a byte-order mark": (b"\xef\xbb\xbf" + PING, "ping"),
}


@pytest.fixture
def client(sidecar_command: list[str]) -> Iterator[Client]:
    with Client([*sidecar_command, "serve"]) as client:
        yield client


@pytest.mark.slow
def test_each_line_made_to_do_harm_is_refused_and_the_next_one_answered(client: Client, cases: Cases) -> None:
    for kind, line in REFUSED.items():
        client.send_bytes(line + b"\n" + PING + b"\n")
        # A ping overtakes what the worker does.
        answers = [_first(client.read()), _first(client.read())]
        (refused,) = (answer for answer in answers if answer["id"] != "ping")
        assert refused.get("error", {}).get("code", INTERNAL_ERROR) != INTERNAL_ERROR, (kind, str(refused)[:500])
        assert len(json.dumps(refused)) < (3_000_000 if kind == "a path of a megabyte" else 10_000), kind
        cases.record(HOSTILE_LINES)


def test_each_odd_line_is_answered_to_its_very_id(client: Client, cases: Cases) -> None:
    for kind, (line, request_id) in ANSWERED.items():
        client.send_bytes(line + b"\n")
        answer = client.read()
        assert answer["id"] == request_id, kind
        assert answer["result"]["pong"], kind
        cases.record(HOSTILE_LINES)


def _first(message: Any) -> dict[str, Any]:
    found: dict[str, Any] = message[0] if isinstance(message, list) else message
    return found
