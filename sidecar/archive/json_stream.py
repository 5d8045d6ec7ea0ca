"""JSON records cut out of a stream, with bounded memory.

msgspec decodes whole documents only. So a window of the stream is cut at its last closing
brace, or before its last comma, and the decoder itself confirms the cut: one inside a string or
a nested value does not decode. Where that fails a few times, a scanner finds the end of each
value exactly.

Knows the shape of the document ({"key": [record, ...], ...} or [record, ...]), not of records.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from sidecar.archive import limits
from sidecar.errors.backups import DamagedBackup, LimitExceeded
from sidecar.json_wording import in_words

WINDOW_BYTES = 256 << 10
"""Bytes of records decoded at once."""

_TRIES = 3
_LAST_BRACE = re.compile(rb"}[ \t\r\n]*+]")
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{},]', re.DOTALL)
"""Possessive: a string that the window cuts off is gone through once, not back again."""

_SPACE = re.compile(rb"[ \t\r\n]*")
_BOM = codecs.BOM_UTF8

T = TypeVar("T")

_anything = msgspec.json.Decoder(msgspec.Raw)
"""Confirms that bytes are JSON, and keeps none of it."""


class Window:
    """The part of a stream that is looked at; grows at its end, shrinks at its start.

    Checks that the whole stream is UTF-8: msgspec does not look at what it skips.
    """

    def __init__(self, name: str, pieces: Iterator[bytes]) -> None:
        self.name = name
        self.buffer = b""
        self.position = 0
        self._pieces = pieces
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._begun = False

    def more(self, least: int = 1) -> bool:
        """Read at least ``least`` more bytes; false when the stream ended before the first of them."""
        pieces = [self.buffer[self.position :]]
        read = 0
        for piece in self._pieces:
            self._check(piece, final=False)
            pieces.append(piece)
            read += len(piece)
            if read >= least:
                break
        else:
            self._check(b"", final=True)
        if read:
            self.buffer, self.position = b"".join(pieces), 0
        if not self._begun:
            self._begun = True
            if read and len(self.buffer) < len(_BOM) and _BOM.startswith(self.buffer):
                self.more(len(_BOM) - len(self.buffer))
            self.buffer = self.buffer.removeprefix(_BOM)
        if len(self.buffer) - self.position > limits.MAX_RECORD_BYTES + 2 * WINDOW_BYTES:
            raise LimitExceeded(detail=f"a record in {self.name} is longer than {limits.MAX_RECORD_BYTES:,} bytes")
        return read > 0

    def peek(self) -> bytes:
        """The next byte that is no white space, not taken; b"" at the end."""
        while True:
            match = _SPACE.match(self.buffer, self.position)
            self.position = match.end() if match else self.position
            if self.position < len(self.buffer):
                return self.buffer[self.position : self.position + 1]
            if not self.more():
                return b""

    def take(self, expected: bytes) -> None:
        if self.peek() != expected:
            raise self.damaged(f"{expected.decode()} is missing")
        self.position += 1

    def damaged(self, what: str) -> DamagedBackup:
        return DamagedBackup(detail=f"{self.name} is not valid JSON ({what})")

    def _check(self, piece: bytes, final: bool) -> None:
        try:
            self._utf8.decode(piece, final)
        except UnicodeDecodeError as error:
            raise DamagedBackup(detail=f"{self.name} is not UTF-8") from error


class Document:
    """One JSON document as a stream.

    Use either ``records`` (the document is an array) or ``members`` (it is an object), once.
    Raises DamagedBackup, LimitExceeded.
    """

    def __init__(self, name: str, pieces: Iterator[bytes]) -> None:
        self._window = Window(name, pieces)

    def records(self, decode: Callable[[bytes], T]) -> Iterator[T]:
        """``decode`` of each batch of records of the document, which is an array of them."""
        yield from Array(self._window).batches(decode)
        self._end()

    def members(self) -> Iterator[tuple[str, Array | bytes]]:
        """The members of the document, an object: key and value; an array must be read before the next member.

        Raises DamagedBackup for a key given twice: which of the two counts would be a guess.
        """
        window, seen = self._window, set[str]()
        window.take(b"{")
        while window.peek() != b"}":
            if seen:
                window.take(b",")
            key = self._key()
            if key in seen:
                raise window.damaged(f'the key "{key[:80]}" stands twice')
            if len(seen) >= limits.MAX_KEYS:
                raise LimitExceeded(detail=f"{window.name} has more than {limits.MAX_KEYS:,} keys")
            seen.add(key)
            window.take(b":")
            if window.peek() == b"[":
                array = Array(window)
                yield key, array
                array.skip()
            else:
                yield key, self._value()
        window.take(b"}")
        self._end()

    def _value(self) -> bytes:
        value = _value(self._window)
        try:
            _anything.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._window.damaged(in_words(error)) from error
        return value

    def _key(self) -> str:
        window = self._window
        if window.peek() != b'"':
            raise window.damaged("a key is missing")
        text = _value(window)
        if len(text) > limits.MAX_KEY_BYTES:
            raise LimitExceeded(detail=f"a key in {window.name} is longer than {limits.MAX_KEY_BYTES:,} bytes")
        try:
            return msgspec.json.decode(text, type=str)
        except msgspec.DecodeError as error:
            raise window.damaged(in_words(error)) from error

    def _end(self) -> None:
        if self._window.peek():
            raise self._window.damaged("data follows its end")


class Array:
    """An array in a stream, read in batches.

    ``observe`` is called with its bytes in order: brackets, commas and the batches between them.
    """

    def __init__(self, window: Window, observe: Callable[[bytes], object] | None = None) -> None:
        self._window = window
        self.observe = observe
        self._read = False

    def skip(self) -> None:
        """Read past the array, if nobody has read it."""
        if not self._read:
            for _ in self.batches(_anything.decode):
                pass

    def batches(self, decode: Callable[[bytes], T]) -> Iterator[T]:
        """``decode`` of each batch: a JSON array of some records.

        ``decode`` raises msgspec.DecodeError for what is not JSON (never for its meaning: a
        ValidationError); a wrong cut is told by that.
        """
        self._read = True
        window = self._window
        self._take(b"[")
        if window.peek() == b"]":
            self._take(b"]")
            return
        while True:
            yield self._batch(decode)
            if window.peek() == b"]":
                self._take(b"]")
                return
            self._take(b",")
            if window.peek() == b"]":
                raise window.damaged("a record is missing")

    def _take(self, expected: bytes) -> None:
        self._window.take(expected)
        self._observed(expected)

    def _batch(self, decode: Callable[[bytes], T]) -> T:
        window = self._window
        while True:
            if len(window.buffer) - window.position < WINDOW_BYTES:
                window.more(WINDOW_BYTES)
            for cut in self._likely_cuts():
                try:
                    return self._decoded(cut, decode)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue
            exact = _last_value_end(window)
            if exact == window.position:
                raise window.damaged("a record is missing")
            if exact is not None:
                try:
                    return self._decoded(exact, decode)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise window.damaged(in_words(error)) from error
            # One record is longer than the window: look at twice as much of the stream.
            if not window.more(len(window.buffer) - window.position):
                raise window.damaged("it ends in the middle of a record")

    def _likely_cuts(self) -> Iterator[int]:
        # Records that are none, numbers say, have no brace; they too are to be told of in a moment.
        for mark, length in ((b"}", 1), (b",", 0)):
            cut = len(self._window.buffer)
            for _ in range(_TRIES):
                cut = self._window.buffer.rfind(mark, self._window.position, cut)
                if cut + length <= self._window.position:
                    break
                yield cut + length
        # Of a small document all of it is in the window: what follows the array, too.
        end = _LAST_BRACE.search(self._window.buffer, self._window.position)
        if end is not None:
            yield end.start() + 1

    def _decoded(self, cut: int, decode: Callable[[bytes], T]) -> T:
        window = self._window
        body = window.buffer[window.position : cut]
        try:
            decoded = decode(b"[" + body + b"]")
        except RecursionError as error:
            raise LimitExceeded(detail=f"{window.name} is nested too deeply") from error
        self._observed(body)
        window.position = cut
        return decoded

    def _observed(self, data: bytes) -> None:
        if self.observe is not None:
            self.observe(data)


def _value(window: Window) -> bytes:
    """The bytes of one value that is no array of records, taken."""
    while True:
        end = _first_value_end(window)
        if end is not None:
            value = window.buffer[window.position : end]
            window.position = end
            return value
        if not window.more(max(len(window.buffer) - window.position, 1)):
            raise window.damaged("it ends in the middle of a value")


def _first_value_end(window: Window) -> int | None:
    for part, (start, end, depth, mark) in enumerate(_marks(window)):
        if part > limits.MAX_PARTS:
            raise _too_many_parts(window)
        if depth < 0 or (depth == 0 and mark == _COMMA):
            return start
        if depth == 0:
            return end
    return None


def _last_value_end(window: Window) -> int | None:
    """Where the last whole record of the window ends, or the last record of the array."""
    last, begun = None, 0
    for part, (start, _end, depth, mark) in enumerate(_marks(window)):
        if part - begun > limits.MAX_PARTS:
            raise _too_many_parts(window)
        if depth < 0:
            return start
        if depth == 0 and mark == _COMMA:
            last, begun = start, part
    return last


def _too_many_parts(window: Window) -> LimitExceeded:
    return LimitExceeded(detail=f"a record in {window.name} has more than {limits.MAX_PARTS:,} parts")


_QUOTE, _COMMA = b'",'
_STEP = dict.fromkeys(b"[{", 1) | dict.fromkeys(b"]}", -1)


def _marks(window: Window) -> Iterator[tuple[int, int, int, int]]:
    """Strings and structural characters up to the end of the window, or to a string it cuts.

    Of each where it starts and ends, the depth behind it, and its first byte.
    """
    depth, buffer = 0, window.buffer
    for match in _TOKEN.finditer(buffer, window.position):
        start, end = match.span()
        mark = buffer[start]
        if mark in _STEP:
            depth += _STEP[mark]
            if depth > limits.MAX_DEPTH:
                raise LimitExceeded(detail=f"{window.name} is nested too deeply")
        elif mark == _QUOTE and end - start == 1:
            return
        yield start, end, depth, mark
