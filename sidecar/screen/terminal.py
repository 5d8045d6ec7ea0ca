"""The two ends of the command line: answers on standard output, everything else on standard error.

Owns encodings, closed pipes, progress bars and questions; knows nothing of commands.
"""

from __future__ import annotations

import errno
import io
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from sidecar.errors.paths import ReadFailed
from sidecar.progress import Progress
from sidecar.system import names
from sidecar.system.signals import Interrupts
from sidecar.system.streams import is_terminal

_LEAST_COLUMNS = 20
"""A terminal narrower than that, or of a width that is not known, breaks lines itself."""


class Terminal:
    """Where one command speaks and listens.

    :param as_json: answers are one JSON object, and nobody is asked anything.
    :param quiet: nothing but errors and questions.
    """

    def __init__(self, interrupts: Interrupts, *, as_json: bool = False, quiet: bool = False) -> None:
        self._interrupts = interrupts
        self.as_json = as_json
        self.quiet = quiet
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # A console that lacks a character shows its escape; a path that is not text is shown, too.
                # Into pipes and files Windows would write the code page of old programs.
                stream.reconfigure(encoding="utf-8" if names.ON_WINDOWS else None, errors="backslashreplace")

    def answer(self, value: object, lines: Callable[[], Sequence[str]]) -> None:
        """Print a command's result: ``value`` as JSON, or ``lines()`` for people; of the latter, quietly, nothing."""
        if self.as_json:
            self.say(as_json(value))
        elif not self.quiet:
            self.say("\n".join(lines()))

    def say(self, text: str) -> None:
        """Print ``text`` on standard output; that its reader has gone is no failure of ours.

        :raises ReadFailed: when it cannot be written for another reason, a full disk say.
        """
        if sys.stdout is None:
            return
        try:
            sys.stdout.write(_wrapped(text.rstrip("\n"), sys.stdout) + "\n")
            sys.stdout.flush()
        except OSError as error:
            _abandon(sys.stdout)
            if not _is_closed_pipe(error):
                # The object that tells of it would go the same way: a sentence on standard error does not.
                self.as_json = False
                raise ReadFailed(path="the standard output", detail=error.strerror or str(error)) from error

    def remark(self, lines: Sequence[str]) -> None:
        """Say on standard error what would be an answer if standard output were not taken; quietly, nothing."""
        if lines and not self.quiet:
            self.note("\n".join(lines))

    def note(self, text: str) -> None:
        """Print ``text`` on standard error; there is nobody to tell when that fails."""
        if sys.stderr is None:
            return
        try:
            sys.stderr.write(_wrapped(text.rstrip("\n"), sys.stderr) + "\n")
            sys.stderr.flush()
        except OSError:
            _abandon(sys.stderr)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """The progress of one job: cancelled by the user's signals, shown by a bar when a terminal can show it."""
        if self.quiet or self.as_json or not is_terminal(sys.stderr):
            yield Progress(cancelled=self._interrupts)
            return
        from sidecar.screen.bar import Bar

        bar = Bar(sys.stderr)
        try:
            yield Progress(listen=bar.show, cancelled=self._interrupts)
        finally:
            bar.close()

    @property
    def can_ask(self) -> bool:
        """True if a person can see a question and type the answer."""
        return not self.as_json and is_terminal(sys.stdin) and is_terminal(sys.stderr)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Within, a person is waited for: a signal to stop raises KeyboardInterrupt."""
        with self._interrupts.raising():
            yield

    def ask(self, question: str) -> bool:
        """Ask on standard error, for standard output may be a file; only "y" or "yes" is a yes.

        :raises KeyboardInterrupt: when a signal comes instead of an answer.
        """
        sys.stderr.write(f"\n{question} [y/N] ")
        sys.stderr.flush()
        try:
            with self._interrupts.raising():
                self._interrupts.wait_for(sys.stdin)
                typed = sys.stdin.readline()
        except KeyboardInterrupt:
            # What the terminal shows of Ctrl-C stands on the question's line.
            self.note("")
            raise
        if not typed.endswith("\n"):
            self.note("")
        return typed.strip().lower() in {"y", "yes"}


def as_json(value: object) -> str:
    """``value`` as JSON in plain ASCII, which no console or pipe can spoil; halves of characters become "?"."""
    import msgspec

    whole = json.dumps(msgspec.to_builtins(value), ensure_ascii=False).encode("utf-8", "replace")
    return json.dumps(json.loads(whole), indent=2)


def _wrapped(text: str, stream: TextIO) -> str:
    """On a terminal, lines that are too long for it broken between words; what goes to a file or a pipe as it is."""
    if not is_terminal(stream):
        return text
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        width = 0
    if width < _LEAST_COLUMNS or all(len(line) <= width for line in text.split("\n")):
        return text
    return "\n".join(_broken(line, width) if len(line) > width else line for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    # Paths are left in one piece, to be copied.
    return textwrap.fill(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _is_closed_pipe(error: OSError) -> bool:
    # Windows says EINVAL of a pipe whose reader has gone.
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


def _abandon(stream: TextIO) -> None:
    """Let what is left in a broken stream's buffer go nowhere, for the interpreter flushes it once more at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
