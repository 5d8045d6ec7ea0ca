"""Messages: what a line says, sorted before anyone acts on it, and the errors of the protocol itself.

Owns the shape that JSON-RPC 2.0 gives requests, batches and answers. Knows no method.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

import msgspec

from sidecar.errors.base import SidecarError

Id = str | int | float | None
"""What identifies a request: the caller's own, given back unchanged."""

Answer = dict[str, Any]
"""A response object of JSON-RPC 2.0, ready to be encoded."""

MAX_BATCH = 10_000
"""Most elements of one batch: 16 MiB hold millions of nonsense elements, each owed an answer."""

_DETAIL_SHOWN = 200


class ProtocolError(SidecarError):
    """The message cannot be acted on. {detail}"""

    kind = "protocol_error"


class ParseError(ProtocolError):
    """The message cannot be read: {detail}. Send one JSON-RPC 2.0 message on each line, in UTF-8."""

    kind, code, hint = "parse_error", -32700, "Send one JSON-RPC 2.0 message on each line, in UTF-8."


class InvalidRequest(ProtocolError):
    """The message is not a request that can be answered now: {detail}."""

    kind, code, hint = "invalid_request", -32600, "See protocol/ for what a request looks like."


class MethodNotFound(ProtocolError):
    """There is no method {detail}. Ask rpc.discover for those there are."""

    kind, code, hint = "method_not_found", -32601, "rpc.discover lists the methods."


class InvalidParams(ProtocolError):
    """The params do not fit the method: {detail}."""

    kind, code, hint = "invalid_params", -32602, "rpc.discover describes the params of each method."


class Request(msgspec.Struct, frozen=True):
    """A well-formed request, or a notification: ``members`` are those of the JSON object."""

    members: dict[str, Any]

    @property
    def method(self) -> str:
        """The name of what is to be done."""
        return str(self.members["method"])

    @property
    def id(self) -> Id:
        """The caller's id; None for a notification too."""
        return self.members.get("id")

    @property
    def is_notification(self) -> bool:
        """True if nothing may be answered."""
        return "id" not in self.members


Element = Request | Answer
"""One thing asked for; or the answer that something malformed gets at once."""


def read_message(line: bytes) -> Element | list[Element]:
    """What a line says: one element, or those of a batch (one at least). Raises nothing."""
    try:
        message = _decode(line)
    except ParseError as error:
        return refusal(error)
    if not isinstance(message, list):
        return _sort(message)
    if not 0 < len(message) <= MAX_BATCH:
        return refusal(InvalidRequest(detail=f"a batch has 1 to {MAX_BATCH} elements, not {len(message)}"))
    return [_sort(element) for element in message]


def refusal(error: SidecarError, request_id: Id = None) -> Answer:
    """The answer that reports ``error``."""
    body = {"code": error.code, "message": error.message, "data": error.data()}
    return {"jsonrpc": "2.0", "error": body, "id": request_id}


def notification(method: str, params: dict[str, Any]) -> dict[str, Any]:
    """A message of our own accord, which nobody answers."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def shorten(text: str) -> str:
    """``text`` as a detail of an error: callers can send names of any length."""
    return text if len(text) <= _DETAIL_SHOWN else f"{text[:_DETAIL_SHOWN]}…"


def _decode(line: bytes) -> Any:
    # json, not msgspec: it takes the lone surrogates that undecodable file names bring.
    try:
        return json.loads(line.decode("utf-8"), parse_float=_read_float, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise ParseError(detail=f"byte {error.start} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise ParseError(detail=f"{error.msg} at character {error.pos}") from None
    except RecursionError:
        raise ParseError(detail="it is nested too deeply") from None
    except ValueError:
        raise ParseError(detail="it holds a number out of range") from None


def _read_float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse_constant(digits)
    return number


def _refuse_constant(name: str) -> NoReturn:
    # NaN, Infinity: json would take them, and give them back, though they are not JSON.
    raise ValueError(name)


def _sort(element: object) -> Element:
    if not isinstance(element, dict):
        return refusal(InvalidRequest(detail="it is not an object"))
    fault = _find_fault(element)
    if fault is None:
        return Request(element)
    known = element.get("id") if _is_id(element.get("id")) else None
    return refusal(InvalidRequest(detail=fault), known)


def _find_fault(members: dict[str, Any]) -> str | None:
    if members.get("jsonrpc") != "2.0":
        return '"jsonrpc" must be "2.0"'
    if not isinstance(members.get("method"), str):
        return '"method" must be a string'
    if not isinstance(members.get("params", {}), dict | list):
        return '"params" must be an object or an array, or be left out'
    if not _is_id(members.get("id")):
        return '"id" must be a string, a number or null'
    return None


def _is_id(value: object) -> bool:
    # True and False are integers to Python, but not to JSON.
    return value is None or (isinstance(value, str | int | float) and not isinstance(value, bool))
