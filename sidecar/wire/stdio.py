"""The pipe to the app: file descriptors 0 and 1, one message a line in, one a line out.

Owns bytes, lines and their limits. Deliberately knows nothing of what a message means,
and starts no thread: reading and writing block whoever calls.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator

import msgspec

from sidecar.system.streams import Diagnostics

MAX_LINE = 16 * 2**20
"""Most bytes of one incoming line, its newline not counted."""

_CHUNK = 2**16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class TooLong:
    """Stands for a line of more than :data:`MAX_LINE` bytes; what it said is gone."""


class Stdio(msgspec.Struct, frozen=True):
    """The two ends of the conversation, as file descriptors that nothing else in the process uses."""

    source: int
    sink: int

    def lines(self) -> Iterator[bytes | TooLong]:
        """The lines received, until the end of input; see :func:`split_lines`."""
        return split_lines(self._read)

    def write(self, message: object) -> None:
        """Send one message, all of it. Raises OSError when nobody will read it any more."""
        rest = memoryview(encode(message))
        while rest:
            rest = rest[os.write(self.sink, rest) :]

    def _read(self) -> bytes:
        # A reader that vanished with its terminal, or its pipe, is an end of input like any other.
        try:
            return os.read(self.source, _CHUNK)
        except OSError:
            return b""


def claim() -> Stdio:
    """Take descriptors 0 and 1 for the protocol, for good.

    Whatever else reads standard input finds it empty, and whatever else writes to standard
    output, a C library included, writes to standard error. Child processes inherit neither end.
    """
    _fill_closed_descriptors()
    stdio = Stdio(source=os.dup(0), sink=os.dup(1))
    _replace(0, os.open(os.devnull, os.O_RDONLY))
    os.dup2(2, 1)
    _make_binary_and_blocking(stdio.source, stdio.sink)
    sys.stdout = sys.stderr = Diagnostics(2)
    return stdio


def split_lines(read: Callable[[], bytes], limit: int = MAX_LINE) -> Iterator[bytes | TooLong]:
    """The lines of what ``read`` gives until it gives b"", as they come, without their endings.

    Blank lines are left out, a byte-order mark and a carriage return are taken off, and a last line
    without a newline counts. Of a line beyond ``limit`` bytes nothing is kept: it comes as TooLong.
    """
    line = _Line(limit)
    while chunk := read():
        *ends, beginning = chunk.split(b"\n")
        for end in ends:
            line.add(end)
            yield from line.take()
        line.add(beginning)
    yield from line.take()


def encode(message: object) -> bytes:
    """A message as one line of compact ASCII, so that nothing on the way can cut or misread it.

    Lone surrogates, which undecodable file names bring, become U+FFFD: strict readers refuse them.
    """
    text = _dump(message)
    if "\\ud" in text:
        text = _dump(json.loads(_replace_lone_surrogates(json.dumps(message, ensure_ascii=False))))
    return text.encode("ascii") + b"\n"


def _dump(message: object) -> str:
    return json.dumps(message, separators=(",", ":"), allow_nan=False)


def _replace_lone_surrogates(text: str) -> str:
    # UTF-16 is where a pair of surrogates is one character, and a single one an error.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Line(msgspec.Struct):
    """The line being received: its bytes so far, none once it is too long."""

    limit: int
    received: bytearray = msgspec.field(default_factory=bytearray)
    overlong: bool = False

    def add(self, piece: bytes) -> None:
        self.overlong = self.overlong or len(self.received) + len(piece) > self.limit
        if self.overlong:
            self.received.clear()
        else:
            self.received += piece

    def take(self) -> Iterator[bytes | TooLong]:
        """The line, unless it is blank; what is added next begins another one."""
        line = bytes(self.received).removeprefix(_BYTE_ORDER_MARK).strip()
        overlong, self.overlong = self.overlong, False
        self.received.clear()
        if overlong:
            yield TooLong()
        elif line:
            yield line


def _fill_closed_descriptors() -> None:
    # A parent may close 0, 1 or 2; the next file opened would then get that number, and the protocol.
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            _replace(descriptor, os.open(os.devnull, os.O_RDWR))


def _replace(descriptor: int, by: int) -> None:
    if by != descriptor:
        os.dup2(by, descriptor)
        os.close(by)


def _make_binary_and_blocking(*descriptors: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        for descriptor in descriptors:
            msvcrt.setmode(descriptor, os.O_BINARY)
    else:
        for descriptor in descriptors:
            os.set_blocking(descriptor, True)
