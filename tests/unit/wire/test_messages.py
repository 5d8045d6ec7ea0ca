"""What a line says: requests, batches, and the answers that malformed ones get."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.wire.messages import MAX_BATCH, Element, Request, read_message

PARSE_ERROR = -32700
INVALID_REQUEST = -32600


def read(message: object) -> Element | list[Element]:
    """What a well-encoded message says."""
    return read_message(json.dumps(message).encode())


def refused(read: Element | list[Element]) -> tuple[int, object]:
    """Code and id of a refusal."""
    assert isinstance(read, dict)
    return read["error"]["code"], read["id"]


def read_batch(message: object) -> list[Element]:
    """The elements of a well-encoded batch."""
    elements = read(message)
    assert isinstance(elements, list)
    return elements


def test_request_keeps_its_members() -> None:
    request = read({"jsonrpc": "2.0", "id": "a", "method": "m", "params": [1]})
    assert isinstance(request, Request)
    assert (request.method, request.id, request.is_notification) == ("m", "a", False)


def test_request_without_id_is_a_notification_but_not_one_with_null() -> None:
    without, null = read({"jsonrpc": "2.0", "method": "m"}), read({"jsonrpc": "2.0", "method": "m", "id": None})
    assert isinstance(without, Request)
    assert isinstance(null, Request)
    assert (without.is_notification, null.is_notification) == (True, False)


@pytest.mark.parametrize("request_id", ["", "1", 0, -1, 1.5, 2**53, 10**30, 10**400, "\ud800", None])
def test_id_may_be_any_string_number_or_null(request_id: object) -> None:
    request = read({"jsonrpc": "2.0", "id": request_id, "method": "m"})
    assert isinstance(request, Request)
    assert request.id == request_id
    assert type(request.id) is type(request_id)


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b'{"jsonrpc":"2.0","id":1,"method":"ping"',
        b"x",
        b"\xff\xfe",
        b'"\xed\xa0\x80"',
        b"[" * 20_000,
        b'{"a":' * 20_000,
        b"[" * 20_000 + b"]" * 20_000,
        b"NaN",
        b'{"jsonrpc":"2.0","id":Infinity,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":1e400,"method":"ping"}',
        b'{"jsonrpc":"2.0","id":%s,"method":"ping"}' % (b"1" * 5000),
        b'"a\x00"',
        b"{} {}",
        b"\x00",
    ],
    ids=lambda line: repr(line[:60]),
)
def test_what_is_not_json_is_a_parse_error(line: bytes) -> None:
    assert refused(read_message(line)) == (PARSE_ERROR, None)


@pytest.mark.parametrize("message", [1, 1.5, "ping", True, None, {}, {"foo": "boo"}, []])
def test_json_that_is_no_request_is_invalid(message: object) -> None:
    assert refused(read(message)) == (INVALID_REQUEST, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"jsonrpc": "1.0"},
        {"jsonrpc": 2.0},
        {"method": 1},
        {"method": None},
        {"params": None},
        {"params": "bar"},
        {"params": 1},
    ],
)
def test_invalid_request_is_answered_to_its_id(wrong: dict[str, Any]) -> None:
    assert refused(read({"jsonrpc": "2.0", "id": 7, "method": "ping"} | wrong)) == (INVALID_REQUEST, 7)


@pytest.mark.parametrize("request_id", [True, False, {}, [], [1]])
def test_id_of_another_type_is_answered_with_null(request_id: object) -> None:
    assert refused(read({"jsonrpc": "2.0", "id": request_id, "method": "ping"})) == (INVALID_REQUEST, None)


def test_bad_element_of_a_batch_does_not_spoil_the_others() -> None:
    first, second, third = read_batch(
        [{"jsonrpc": "2.0", "id": 1, "method": "m"}, 1, {"jsonrpc": "2.0", "method": "m"}]
    )
    assert isinstance(first, Request)
    assert refused(second) == (INVALID_REQUEST, None)
    assert isinstance(third, Request)


def test_nested_batch_is_an_invalid_element() -> None:
    (element,) = read_batch([[{"jsonrpc": "2.0", "id": 1, "method": "m"}]])
    assert refused(element) == (INVALID_REQUEST, None)


def test_batch_of_millions_is_refused_as_a_whole() -> None:
    assert len(read_batch([1] * MAX_BATCH)) == MAX_BATCH
    assert refused(read([1] * (MAX_BATCH + 1))) == (INVALID_REQUEST, None)


def test_answer_does_not_repeat_what_was_sent() -> None:
    assert "secret" not in json.dumps(read_message(b'{"secret": tru'))


@pytest.mark.slow
@settings(deadline=None)
@given(st.binary() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_nothing_that_is_sent_raises(line: bytes | str) -> None:
    said = read_message(line if isinstance(line, bytes) else line.encode())
    for element in said if isinstance(said, list) else [said]:
        assert isinstance(element, Request) or "error" in element
