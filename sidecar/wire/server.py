"""The server: three threads between the pipe and the methods, and the life cycle of the process.

::

    stdin -> reader -> Calls -> worker -> Outbox -> writer -> stdout
                 \\________________________^
                  ping, rpc.discover, $/cancelRequest, refusals

The reader never waits for work, the worker never for the pipe. They end in the order of the
arrow: end of input closes the calls, the last call closes the outbox, the last message ends the
writer. The main thread only waits, for that or for the order to leave.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from sidecar.errors.base import StartAgain
from sidecar.system.signals import Interrupts
from sidecar.system.streams import Diagnostics
from sidecar.wire.calls import Batch, Call, Calls, Reply
from sidecar.wire.context import Context, Session, Token
from sidecar.wire.dispatching import dispatch
from sidecar.wire.messages import Answer, Element, InvalidRequest, ParseError, notification, read_message, refusal
from sidecar.wire.methods import METHODS, Method, make_handler
from sidecar.wire.outbox import Outbox
from sidecar.wire.stdio import MAX_LINE, Stdio, TooLong, claim

if TYPE_CHECKING:
    from sidecar.progress import Report
    from sidecar.system.locks import Lock

GRACE = 1.2
"""Seconds that a job has to stop, and the pipe to take the last answers, before the process leaves anyway."""

LAST_WORDS = 0.2
"""Seconds more for the answer to a job that did not stop."""

BROKEN = 1
"""Exit code when nobody reads our answers, or after exit without shutdown."""

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell reports it."""

_LOOK_UP = 0.2
"""Seconds between two looks at Ctrl-C: a signal that comes just before a wait begins does not end it."""


def serve(database: str | None, work_dir: str | None, methods: Mapping[str, Method] = METHODS) -> int:
    """Answer requests on standard input until exit or the end of input; returns the exit code.

    :param database: KiraPilot's database, unless ``initialize`` names another one.
    :param work_dir: the folder for throw-away files, likewise.
    """
    server = Server(claim(), Session(database, work_dir), methods)
    with Interrupts() as interrupts:
        code = server.run(interrupts)
    if isinstance(sys.stderr, Diagnostics):
        sys.stderr.drain(LAST_WORDS)
    if server.is_stuck:
        # Threads that do not end would keep the process, and a transaction is undone by the next opener.
        os._exit(code)
    return code


class Server:
    """One conversation, over ``stdio``, about ``methods``."""

    def __init__(self, stdio: Stdio, session: Session, methods: Mapping[str, Method]) -> None:
        self._stdio = stdio
        self._session = session
        self._handlers = {name: make_handler(method) for name, method in methods.items()}
        self._at_once = {name for name, method in methods.items() if method.at_once}
        self._calls = Calls()
        self._outbox = Outbox(stdio.write, partial(self._leave, BROKEN))
        self._shut_down = False
        self._exiting = False
        self._code: int | None = None
        self._over = threading.Event()
        self._looked_after_folder = False
        self._folder: Lock | None = None
        self._reader = threading.Thread(target=self._read, name="reader", daemon=True)
        self._worker = threading.Thread(target=self._work, name="worker", daemon=True)
        self._writer = threading.Thread(target=self._write, name="writer", daemon=True)

    def run(self, interrupts: Interrupts | None = None) -> int:
        """Serve until it is over; returns the exit code. An interrupt is an order to leave."""
        for thread in (self._reader, self._worker, self._writer):
            thread.start()
        # Not by an exception: raised within a lock of the threading module, it leaves that lock taken.
        interrupted = interrupts or Interrupts()
        while not self._over.wait(_LOOK_UP) and not interrupted():
            self._keep_folder()
        if interrupted():
            self._leave(INTERRUPTED)
        self._writer.join(GRACE)
        if self._worker.is_alive():
            self._calls.abandon()
            self._outbox.close()
            self._writer.join(LAST_WORDS)
        return self._code or 0

    @property
    def is_stuck(self) -> bool:
        """True if something is still under way that did not stop when told to."""
        return self._worker.is_alive() or self._writer.is_alive()

    def _keep_folder(self) -> None:
        """Mark what this program was unpacked into as in use, and sweep what others left there; once.

        Not at the start: the first answers come first.
        """
        if self._looked_after_folder:
            return
        self._looked_after_folder = True
        from sidecar.wire.unpacked import keep, own_folder, sweep

        folder = own_folder()
        if folder is not None:
            self._folder = keep(folder)
            threading.Thread(target=sweep, args=(folder,), name="sweeper", daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._stdio.lines():
                self._receive(line)
                if self._exiting:
                    self._leave(0 if self._shut_down else BROKEN)
                    break
        finally:
            self._calls.close()

    def _work(self) -> None:
        try:
            while (call := self._calls.take()) is not None:
                call.answer(self._dispatch(call))
                self._session.tidy()
        finally:
            self._outbox.close()

    def _write(self) -> None:
        try:
            self._outbox.run()
        finally:
            self._over.set()

    def _receive(self, line: bytes | TooLong) -> None:
        if isinstance(line, TooLong):
            error = ParseError(detail=f"it is longer than {MAX_LINE} bytes")
            self._outbox.post(refusal(error))
            return
        message = read_message(line)
        if not isinstance(message, list):
            self._take_up(message, self._reply)
            return
        batch = Batch(len(message), self._outbox.post)
        for index, element in enumerate(message):
            self._take_up(element, batch.slot(index))

    def _reply(self, answer: Answer | None) -> None:
        if answer is not None:
            self._outbox.post(answer)

    def _take_up(self, element: Element, reply: Reply) -> None:
        if isinstance(element, dict):
            reply(element)
            return
        call = Call(element, reply)
        method = element.method
        if method == "exit":
            self._exiting = True
            call.answer(self._dispatch(call))
        elif self._is_closing and (method != "$/cancelRequest" or not element.is_notification):
            call.refuse(InvalidRequest(detail="the sidecar is shutting down and takes only exit"))
        elif method in self._at_once:
            call.answer(self._dispatch(call))
        else:
            self._shut_down = method == "shutdown"
            self._calls.put(call)

    @property
    def _is_closing(self) -> bool:
        return self._shut_down or self._exiting

    def _leave(self, code: int) -> None:
        if self._code is None:
            self._code = code
        self._calls.stop()
        self._over.set()

    def _dispatch(self, call: Call) -> Answer | None:
        report = partial(self._report, call)
        context = Context(self._session, report, call.cancelled.is_set, self._calls.cancel)
        answer = dispatch(call.request, self._handlers, context)
        if answer is not None and answer.get("error", {}).get("code") == StartAgain.code:
            # Whoever started this process starts another one, once this has ended.
            self._leave(BROKEN)
        return answer

    def _report(self, call: Call, token: Token, report: Report) -> None:
        value: dict[str, Any] = msgspec.to_builtins(report)
        self._outbox.post_newest(call, notification("$/progress", {"token": token, "value": value}))
