"""The conversation, with real processes over real pipes: order, batches, cancellation, and every way it ends."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.client import Client, Message
from tests.support.slow_jobs import SLOW_JOBS

CANCELLED = -32800
INVALID_REQUEST = -32600
LEFT_AFTER = 2.0 if sys.platform != "win32" else 10.0
"""Seconds within which the sidecar leaves when told to; where Windows is played by wine, processes end slowly."""

PAGES = 1000
"""Reports of 1 kB: far more than any pipe holds."""


@pytest.fixture
def client(sidecar_command: list[str]) -> Iterator[Client]:
    """A conversation with the sidecar as it is."""
    with Client([*sidecar_command, "serve"]) as client:
        yield client


@pytest.fixture
def slow() -> Iterator[Client]:
    """A conversation with a sidecar that has slow jobs."""
    with Client(SLOW_JOBS) as client:
        yield client


def start(client: Client, method: str) -> int:
    """Begin a slow job, and return its id once it runs."""
    request_id = client.call(method, {"progressToken": "t"})
    while client.read().get("method") != "$/progress":
        pass
    return request_id


def codes(messages: list[Message]) -> dict[Any, int | None]:
    """Id -> error code, None for a result."""
    return {answer["id"]: answer.get("error", {}).get("code") for answer in messages if "id" in answer}


def request(request_id: object, method: str = "ping", **more: object) -> dict[str, object]:
    """A request as an element of a batch."""
    return {"jsonrpc": "2.0", "id": request_id, "method": method} | more


# -- requests ----------------------------------------------------------------------------


def test_requests_are_answered_before_the_end_of_input_is(client: Client) -> None:
    for number in range(100):
        client.send(request(number))
    client.close_input()
    assert codes(client.read_rest()) == dict.fromkeys(range(100))
    assert client.wait() == 0


@pytest.mark.slow(but=2)
@pytest.mark.parametrize("request_id", ["a", 0, -1, None, 1.5, 10**30])
def test_answer_has_the_id_of_its_request(client: Client, request_id: object) -> None:
    client.send(request(request_id))
    assert client.read()["id"] == request_id


def test_id_may_be_used_twice_and_is_answered_twice(client: Client) -> None:
    client.send([request(1), request(1)])
    assert [answer["id"] for answer in client.read()] == [1, 1]


def test_notifications_are_never_answered(client: Client) -> None:
    client.notify("ping")
    client.notify("no_such_method")
    client.notify("import_data_from_file", {"wrong": 1})
    client.notify("$/cancelRequest", {"wrong": 1})
    client.notify("$/setTrace", {"value": "off"})
    client.close_input()
    assert client.read_rest() == []
    assert client.wait() == 0


def test_malformed_lines_are_answered_and_the_next_is_read(client: Client) -> None:
    for line in (b"\xff\n", b"1\n", b"[" * 20_000 + b"\n", b'{"jsonrpc":"2.0","id":1,\n', b"[]\n", b"[1]\n", b"\x00\n"):
        client.send_bytes(line)
        answer = client.read()
        (refused,) = answer if isinstance(answer, list) else [answer]
        assert refused["error"]["code"] in (-32700, INVALID_REQUEST)
        assert refused["id"] is None
    assert client.request("ping")["result"]["pong"] is True


def test_half_a_line_at_the_end_of_input_is_answered(client: Client) -> None:
    client.send_bytes(b'{"jsonrpc":"2.0","id":1,"meth')
    client.close_input()
    assert [answer["error"]["code"] for answer in client.read_rest()] == [-32700]
    assert client.wait() == 0


def test_undecodable_names_are_answered_in_valid_utf8(slow: Client) -> None:
    slow.call("tell_surrogate")
    assert slow.read_line() == b'{"jsonrpc":"2.0","result":"caf\\ufffd","id":1}\n'


# -- batches -----------------------------------------------------------------------------


def test_batch_is_answered_as_one_array_in_order(client: Client) -> None:
    client.send([request(number, "initialize" if number % 2 else "ping") for number in range(1000)])
    assert [answer["id"] for answer in client.read()] == list(range(1000))


def test_batch_answers_each_element_on_its_own(client: Client) -> None:
    client.send(
        [request(1), 1, request(2, "no_such_method"), request(3, params=None), {"jsonrpc": "2.0", "method": "ping"}]
    )
    expected = [(1, None), (None, INVALID_REQUEST), (2, -32601), (3, INVALID_REQUEST)]
    assert [(answer["id"], answer.get("error", {}).get("code")) for answer in client.read()] == expected


def test_batch_of_notifications_gets_no_answer(client: Client) -> None:
    client.send([{"jsonrpc": "2.0", "method": "ping"}, {"jsonrpc": "2.0", "method": "initialize"}])
    assert client.request("ping")["id"] == 1


def test_batch_waits_for_its_cancelled_element(slow: Client) -> None:
    slow.send([request("long", "spin", params={"progressToken": 1}), request("short")])
    assert slow.read()["params"]["token"] == 1
    slow.notify("$/cancelRequest", {"id": "long"})
    answers = slow.read()
    while not isinstance(answers, list):
        answers = slow.read()
    assert codes(answers) == {"long": CANCELLED, "short": None}


# -- while a job runs --------------------------------------------------------------------


def test_ping_and_discover_are_answered_while_a_job_runs(slow: Client) -> None:
    start(slow, "spin")
    assert slow.request("ping")["result"]["pong"] is True
    assert slow.request("rpc.discover")["result"]["openrpc"]


def test_running_request_is_cancelled(slow: Client) -> None:
    running = start(slow, "spin")
    slow.notify("$/cancelRequest", {"id": running})
    assert slow.answer_to(running)["error"]["code"] == CANCELLED


def test_queued_request_is_cancelled_while_another_runs(slow: Client) -> None:
    start(slow, "spin")
    queued = slow.call("spin")
    slow.notify("$/cancelRequest", {"id": queued})
    assert slow.answer_to(queued)["error"]["code"] == CANCELLED


def test_cancel_may_be_sent_as_a_request(slow: Client) -> None:
    running = start(slow, "spin")
    cancel = slow.call("$/cancelRequest", [running])
    assert codes([slow.read(), slow.read()]) == {running: CANCELLED, cancel: None}


def test_job_that_finished_in_spite_of_a_late_cancel_gives_its_result(slow: Client) -> None:
    running = start(slow, "finish_anyway")
    slow.notify("$/cancelRequest", {"id": running})
    assert slow.answer_to(running)["result"] == "finished"


def test_cancelling_an_unknown_request_does_nothing(slow: Client) -> None:
    running = start(slow, "spin")
    unknown: object
    for unknown in (str(running), running + 1, None, True, {}):
        slow.notify("$/cancelRequest", {"id": unknown})
    assert slow.request("ping")["result"]
    slow.notify("$/cancelRequest", {"id": running})
    assert slow.answer_to(running)["error"]["code"] == CANCELLED


def test_queued_requests_use_the_places_in_force_when_they_run(slow: Client) -> None:
    running = start(slow, "spin")
    before = slow.call("where")
    slow.call("initialize", {"databasePath": "/elsewhere/other.db"})
    after = slow.call("where")
    slow.notify("$/cancelRequest", {"id": running})
    assert slow.answer_to(before)["result"].endswith("kirapilot.db")
    assert slow.answer_to(after)["result"].endswith("other.db")


def test_progress_carries_the_token_and_its_value(slow: Client) -> None:
    slow.call("spin", {"progressToken": 7})
    report = slow.read()
    assert report["method"] == "$/progress"
    assert "id" not in report
    value = {"phase": "spin", "done": 0, "total": 1, "unit": "turns", "percentage": 0, "message": "Spinning"}
    assert report["params"] == {"token": 7, "value": value}


def test_there_is_no_progress_without_a_token(slow: Client) -> None:
    running = slow.call("spin")
    slow.request("ping")
    slow.notify("$/cancelRequest", {"id": running})
    assert slow.read()["id"] == running


def test_there_is_no_progress_after_the_answer(slow: Client) -> None:
    flooding = slow.call("flood", {"progressToken": "t", "reports": PAGES})
    slow.close_input()
    messages = slow.read_rest()
    assert messages[-1] == {"jsonrpc": "2.0", "result": PAGES, "id": flooding}
    numbers = [message["params"]["value"]["done"] for message in messages[:-1]]
    assert numbers == sorted(numbers)
    assert numbers[-1] == PAGES - 1


# -- a page that does not read -----------------------------------------------------------


def fill_the_pipe(client: Client) -> None:
    """Have far more written than the pipe to the client holds."""
    for _ in range(PAGES):
        client.call("flood", {"progressToken": "t", "reports": 1})


def test_jobs_finish_though_nobody_reads_the_answers() -> None:
    with Client(SLOW_JOBS, reading=False) as client:
        fill_the_pipe(client)
        last = client.call("write_everywhere")
        client.wait_for_log("from print")
        client.resume()
        assert client.answer_to(last)["result"] is None


def test_cancels_are_seen_though_nobody_reads_the_answers() -> None:
    with Client(SLOW_JOBS, reading=False) as client:
        fill_the_pipe(client)
        running = client.call("spin")
        client.notify("$/cancelRequest", {"id": running})
        client.call("write_everywhere")
        client.wait_for_log("from print")
        client.resume()
        assert client.answer_to(running)["error"]["code"] == CANCELLED


def test_exit_leaves_though_nobody_reads_the_answers() -> None:
    with Client(SLOW_JOBS, reading=False) as client:
        fill_the_pipe(client)
        client.call("spin")
        client.notify("exit")
        assert client.wait(LEFT_AFTER) == 1


# -- how it ends -------------------------------------------------------------------------


def test_end_of_input_waits_for_everything_received(slow: Client) -> None:
    floods = [slow.call("flood", {"reports": 0, "progressToken": 1}) for _ in range(10)]
    slow.close_input()
    assert codes(slow.read_rest()) == dict.fromkeys(floods)
    assert slow.wait() == 0


def test_empty_input_ends_it_at_once(client: Client) -> None:
    client.close_input()
    assert client.read_rest() == []
    assert client.wait() == 0


def test_after_shutdown_only_exit_is_taken(client: Client) -> None:
    assert client.request("shutdown")["result"] is None
    for method in ("ping", "shutdown", "initialize", "inspect_backup", "no_such_method"):
        assert client.request(method)["error"]["code"] == INVALID_REQUEST
    client.notify("exit")
    assert client.read_rest() == []
    assert client.wait(LEFT_AFTER) == 0


def test_shutdown_is_answered_after_what_came_before_it(slow: Client) -> None:
    running = start(slow, "spin")
    shutdown = slow.call("shutdown")
    refused = slow.call("ping")
    slow.notify("$/cancelRequest", {"id": running})
    slow.notify("$/cancelRequest", {"id": shutdown})
    answers = [slow.read() for _ in range(3)]
    assert [answer["id"] for answer in answers] == [refused, running, shutdown]
    assert codes(answers) == {refused: INVALID_REQUEST, running: CANCELLED, shutdown: None}


def test_exit_without_shutdown_leaves_with_code_1(client: Client) -> None:
    client.notify("exit")
    assert client.wait(LEFT_AFTER) == 1


def test_exit_is_answered_when_it_is_a_request(client: Client) -> None:
    client.request("shutdown")
    assert client.request("exit")["result"] is None
    assert client.wait(LEFT_AFTER) == 0


def test_exit_cancels_what_runs_and_what_is_queued(slow: Client) -> None:
    running = start(slow, "spin")
    queued = slow.call("spin")
    slow.send([request("batched", "spin"), request("pinged")])
    slow.notify("exit")
    *singles, batch = sorted(slow.read_rest(), key=lambda message: isinstance(message, list))
    assert codes(singles) == {running: CANCELLED, queued: CANCELLED}
    assert codes(batch) == {"batched": CANCELLED, "pinged": None}
    assert slow.wait(LEFT_AFTER) == 1


def test_exit_after_shutdown_still_answers_shutdown(slow: Client) -> None:
    running = start(slow, "spin")
    shutdown = slow.call("shutdown")
    slow.notify("exit")
    assert codes(slow.read_rest()) == {running: CANCELLED, shutdown: None}
    assert slow.wait(LEFT_AFTER) == 0


def test_exit_in_a_batch_refuses_what_comes_after_it(client: Client) -> None:
    client.send([request(1), request(2, "exit"), request(3)])
    (answers,) = client.read_rest()
    assert codes(answers) == {1: None, 2: None, 3: INVALID_REQUEST}
    assert client.wait(LEFT_AFTER) == 1


def test_exit_does_not_wait_for_a_job_that_does_not_stop(slow: Client) -> None:
    hanging = start(slow, "ignore_cancel")
    slow.notify("exit")
    told = time.monotonic()
    (answer,) = slow.read_rest()
    assert slow.wait(LEFT_AFTER) == 1
    assert time.monotonic() - told < LEFT_AFTER
    assert (answer["id"], answer["error"]["code"]) == (hanging, -32603)
    assert "did not stop" in answer["error"]["message"]


def test_nothing_is_read_after_exit(slow: Client) -> None:
    slow.send_bytes(b"".join(json.dumps(request(n, m)).encode() + b"\n" for n, m in ((1, "exit"), (2, "ping"))))
    assert codes(slow.read_rest()) == {1: None}


def test_broken_output_cancels_the_job_and_leaves() -> None:
    with Client(SLOW_JOBS, reading=False) as client:
        client.call("spin")
        client.call("spin")
        client.break_output()
        client.call("ping")
        assert client.wait(LEFT_AFTER) == 1
        assert client.log() == ""


def test_broken_output_does_not_wait_for_a_job_that_does_not_stop() -> None:
    with Client(SLOW_JOBS, reading=False) as client:
        client.break_output()
        client.call("ignore_cancel", {"progressToken": 1})
        assert client.wait(LEFT_AFTER) == 1


def test_output_closed_before_anything_was_asked_is_noticed_with_the_first_answer(sidecar_command: list[str]) -> None:
    with Client([*sidecar_command, "serve"], reading=False) as client:
        client.break_output()
        client.call("ping")
        assert client.wait() == 1
        assert client.log() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals to send to one process")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signal_cancels_everything_and_leaves(slow: Client, name: str) -> None:
    running = start(slow, "spin")
    queued = slow.call("where")
    slow.request("ping")
    slow.process.send_signal(signal.Signals[name])
    assert codes(slow.read_rest()) == {queued: CANCELLED, running: CANCELLED}
    assert slow.wait(LEFT_AFTER) == 130
    assert slow.log() == ""


def test_vanished_app_cancels_a_job_that_reports_its_progress() -> None:
    with Client(SLOW_JOBS, reading=False) as client:
        client.call("spin", {"progressToken": 1})
        client.close_input()
        client.break_output()
        assert client.wait() == 1
        assert client.log() == ""
