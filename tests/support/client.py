"""A caller of the sidecar: starts it as a process, and talks to it over real pipes, with a deadline on every wait."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

PATIENCE = float(os.environ.get("KIRAPILOT_TESTS_PATIENCE", "1"))
"""How many times as long as on an idle machine of today things may take."""

DEADLINE = 30.0 * PATIENCE
"""Seconds after which a test gives up; generous, since only failures wait that long."""

Message = Any
"""A decoded message: a response, a notification, or a list of responses."""


class Client:
    """One sidecar process and the conversation with it; leaving the context kills what is left.

    :param reading: False for a page that stops reading: what the sidecar writes stays in the
        pipe until :meth:`resume`.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str] | None = None, reading: bool = True
    ) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, bufsize=0)
        self._received: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._logged = bytearray()
        self._log_grew = threading.Condition()
        self._last_id = 0
        self._reader = threading.Thread(target=self._read_all, daemon=True)
        self._log_reader = threading.Thread(target=self._read_log, daemon=True)
        self._log_reader.start()
        if reading:
            self.resume()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        # A frozen program's real process survives its killed parent, until the end of its input.
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait()
        for thread in (self._reader, self._log_reader):
            if thread.ident:
                thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def resume(self) -> None:
        """Begin to read what the sidecar writes."""
        self._reader.start()

    def send_bytes(self, raw: bytes) -> None:
        """Send bytes as they are, newline or not."""
        assert self.process.stdin
        rest = memoryview(raw)
        while rest:
            rest = rest[self.process.stdin.write(rest) :]

    def send(self, message: object) -> None:
        """Send one message."""
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def notify(self, method: str, params: object = None) -> None:
        """Send a notification."""
        self.send(_members(method, params))

    def call(self, method: str, params: object = None) -> int:
        """Send a request, and return its id without waiting for the answer."""
        self._last_id += 1
        self.send(_members(method, params) | {"id": self._last_id})
        return self._last_id

    def request(self, method: str, params: object = None) -> Message:
        """Send a request, and return its response; notifications before it are passed over."""
        return self.answer_to(self.call(method, params))

    def answer_to(self, request_id: object) -> Message:
        """The response of that id; what comes before it is passed over."""
        while True:
            message = self.read()
            if isinstance(message, dict) and "method" not in message and message["id"] == request_id:
                return message

    def read(self, seconds: float = DEADLINE) -> Message:
        """The next message. Raises EOFError at the end of output, queue.Empty after ``seconds``."""
        return json.loads(self.read_line(seconds))

    def read_line(self, seconds: float = DEADLINE) -> bytes:
        """The next line as it came, its newline included; raises as :meth:`read`."""
        line = self._received.get(timeout=seconds)
        if not line:
            self._received.put(line)
            raise EOFError
        return line

    def read_rest(self) -> list[Message]:
        """Everything until the end of output."""
        messages = []
        try:
            while True:
                messages.append(self.read())
        except EOFError:
            return messages

    def close_input(self) -> None:
        """Let the sidecar see the end of its input."""
        assert self.process.stdin
        self.process.stdin.close()

    def break_output(self) -> None:
        """Vanish as a reader; only for a client that is not reading."""
        assert self.process.stdout
        self.process.stdout.close()

    def wait(self, seconds: float = DEADLINE) -> int:
        """The exit code. Raises subprocess.TimeoutExpired if the sidecar is still there after ``seconds``."""
        return self.process.wait(seconds)

    def log(self) -> str:
        """All that the sidecar, which has ended, wrote to standard error."""
        self._log_reader.join(DEADLINE)
        return self._logged.decode()

    def wait_for_log(self, text: str) -> None:
        """Wait until the sidecar has written ``text`` to standard error."""
        with self._log_grew:
            assert self._log_grew.wait_for(lambda: text.encode() in self._logged, DEADLINE), self._logged.decode()

    def _read_all(self) -> None:
        assert self.process.stdout
        unfinished = b""
        while chunk := self.process.stdout.read(2**16):
            *lines, unfinished = (unfinished + chunk).split(b"\n")
            for line in lines:
                self._received.put(line + b"\n")
        if unfinished:
            self._received.put(unfinished)
        self._received.put(b"")

    def _read_log(self) -> None:
        assert self.process.stderr
        while chunk := self.process.stderr.read(2**16):
            with self._log_grew:
                self._logged += chunk
                self._log_grew.notify_all()


def _members(method: str, params: object) -> dict[str, object]:
    named = {} if params is None else {"params": params}
    return {"jsonrpc": "2.0", "method": method} | named
