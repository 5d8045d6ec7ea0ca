"""The pipe: lines in, lines out, and descriptors 0 and 1 for the protocol alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.wire.stdio import MAX_LINE, TooLong, encode, split_lines
from tests.support.client import DEADLINE, Client
from tests.support.slow_jobs import SLOW_JOBS

PING = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'


def reading(*chunks: bytes) -> Callable[[], bytes]:
    """A source that gives these chunks and then its end."""
    left: Iterator[bytes] = iter(chunks)
    return lambda: next(left, b"")


def lines_of(*chunks: bytes, limit: int = MAX_LINE) -> list[bytes | None]:
    """The lines of the chunks, None standing for one that is too long."""
    return [None if isinstance(line, TooLong) else line for line in split_lines(reading(*chunks), limit)]


def test_one_chunk_may_hold_many_lines_and_one_line_many_chunks() -> None:
    assert lines_of(b"one\ntwo\nth", b"r", b"ee\n") == [b"one", b"two", b"three"]


def test_last_line_counts_without_a_newline() -> None:
    assert lines_of(b"one\ntw", b"o") == [b"one", b"two"]


def test_byte_order_mark_and_carriage_return_are_taken_off() -> None:
    assert lines_of(b"\xef\xbb\xbfone\r\n\xef\xbb\xbf two\r\n") == [b"one", b"two"]


def test_blank_lines_are_left_out() -> None:
    assert lines_of(b"\n\r\n  \t\none\n\n\xef\xbb\xbf\n") == [b"one"]


def test_line_at_the_limit_is_kept_and_one_byte_more_is_not() -> None:
    assert lines_of(b"12345\n", limit=5) == [b"12345"]
    assert lines_of(b"123456\n", limit=5) == [None]


def test_line_after_a_too_long_one_is_read_from_its_beginning() -> None:
    assert lines_of(b"123", b"456", b"789\nnext\n", limit=5) == [None, b"next"]


def test_too_long_line_without_a_newline_still_comes_at_the_end() -> None:
    assert lines_of(b"123", b"456", limit=5) == [None]


@settings(deadline=None)
@given(st.lists(st.text("abc\n", max_size=20).map(str.encode)))
def test_lines_do_not_depend_on_how_they_arrive(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    expected = [line if len(line) <= 5 else None for line in whole.split(b"\n") if line]
    assert lines_of(*[chunk for chunk in chunks if chunk], limit=5) == expected


def test_message_is_one_line_of_compact_ascii() -> None:
    assert encode({"a": ["é\n\u2028", 1]}) == b'{"a":["\\u00e9\\n\\u2028",1]}\n'


def test_lone_surrogates_are_replaced_and_pairs_kept() -> None:
    assert json.loads(encode(["\ud800", "a\udce9b", "😀", "\\ud800"])) == ["�", "a�b", "😀", "\\ud800"]


@pytest.mark.slow
@settings(deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_what_can_be_said_in_utf8_survives_encoding(message: object) -> None:
    assert json.loads(encode(message)) == message


@settings(deadline=None)
@given(st.text(st.characters(categories=["Cs", "Ll", "So"])))
def test_every_encoded_text_is_strict_utf8_after_decoding(text: str) -> None:
    json.loads(encode(text)).encode("utf-8")


def test_stray_output_goes_to_standard_error_and_not_into_the_protocol() -> None:
    with Client(SLOW_JOBS) as client:
        assert client.request("write_everywhere")["result"] is None
        client.close_input()
        assert client.read_rest() == []
        assert client.wait() == 0
        for origin in ("from print", "from a C library", "from a warning"):
            assert origin in client.log()


def test_nobody_else_can_read_the_protocol() -> None:
    with Client(SLOW_JOBS) as client:
        reading_id = client.call("read_input")
        ping_id = client.call("ping")
        assert {client.read()["id"], client.read()["id"]} == {reading_id, ping_id}


def test_standard_error_that_nobody_reads_stops_nothing() -> None:
    with subprocess.Popen(SLOW_JOBS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"log_much"}\n')
        process.stdin.close()
        assert b'"result":null' in process.stdout.readline()
        assert process.wait(DEADLINE) == 0


@pytest.mark.slow(but=2)
@pytest.mark.skipif(sys.platform == "win32", reason="the shell of POSIX closes descriptors")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_descriptors_closed_by_the_parent_do_not_crash_it(sidecar_command: list[str], closed: str) -> None:
    script = f'"$0" "$@" {closed}'
    done = subprocess.run(
        ["sh", "-c", script, *sidecar_command, "serve"], input=PING + b"\n", capture_output=True, timeout=DEADLINE
    )
    assert done.returncode == 0
    assert (b"pong" in done.stdout) == (closed == "2>&-")
    assert done.stderr == b""


def test_line_of_16_mib_is_read_and_a_longer_one_answered(sidecar_command: list[str]) -> None:
    with Client([*sidecar_command, "serve"]) as client:
        client.send_bytes(PING.ljust(MAX_LINE) + b"\n")
        assert client.read()["result"]["pong"] is True
        client.send_bytes(PING.ljust(MAX_LINE + 2**20, b"x") + b"\n")
        refused = client.read()
        assert refused["error"]["code"] == -32700
        assert refused["id"] is None
        assert client.request("ping")["result"]["pong"] is True
