"""Examples of every method for the OpenRPC document, taken from the transcripts in protocol/transcripts.

Run by developers alone, from a checkout: the program neither has the transcripts nor answers with examples. What
a transcript leaves open, because it differs from run to run, has one value here, so that an example is as its schema
says. The form of transcripts is described in their README.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

TRANSCRIPTS = Path(__file__).parents[2] / "protocol" / "transcripts"

FOLDER = "/home/me"
"""What stands for the folder of a transcript's run."""

VALUES: Mapping[str, Any] = {
    "<time>": "2026-11-22T16:07:21.689983550Z",
    "<number>": 4096,
    "<token>": "-".join(("0f" * 16, "1e" * 16, "7", "3c" * 8, "4b" * 8, "2d" * 16)),
    "<document>": {"openrpc": "1.3.2"},
}
"""What stands for a whole value that differs from run to run."""

_FURTHER = {"progressToken", "salvage", "allowLoss"}
"""Params that a first call does without."""

_OF_TROUBLE = ("bad-", "batch", "cancel", "end-", "errors-")
"""Transcripts that are about something else than their methods."""

_PARTS = {"<folder>": FOLDER, "<stamp>": "20261122T160721.689983Z"}


class Exchange(msgspec.Struct, frozen=True):
    """A request and the result it was answered with, as the transcript of that name has them."""

    transcript: str
    method: str
    params: dict[str, Any]
    result: Any


def add_examples(document: dict[str, Any]) -> dict[str, Any]:
    """The document with one example of each method. Raises LookupError for a method that no transcript shows."""
    shown = first_exchanges()
    missing = [method["name"] for method in document["methods"] if method["name"] not in shown]
    if missing:
        raise LookupError(f"no transcript in {TRANSCRIPTS} shows a result of {', '.join(missing)}: write one")
    methods = [method | {"examples": [_pairing(shown[method["name"]])]} for method in document["methods"]]
    return document | {"methods": methods}


def first_exchanges() -> dict[str, Exchange]:
    """Method -> the exchange that shows it best: first the plain ones, then by the order of the transcripts' names."""
    found = [exchange for path in sorted(TRANSCRIPTS.glob("*.txt")) for exchange in _exchanges(path)]
    found.sort(key=_strangeness)
    return {exchange.method: exchange for exchange in reversed(found)}


def _strangeness(exchange: Exchange) -> tuple[bool, bool, bool]:
    """How far an exchange is from what a method is first asked for."""
    parts = [part for part in exchange.result.values() if isinstance(part, dict | list)] if exchange.result else []
    return (
        not exchange.params.keys().isdisjoint(_FURTHER),
        bool(parts) and not any(parts),
        exchange.transcript.startswith(_OF_TROUBLE),
    )


def _exchanges(path: Path) -> Iterator[Exchange]:
    """The single requests of a transcript, with params by name if any, that were answered with a result."""
    waiting: dict[Any, dict[str, Any]] = {}
    # By line feeds alone: titles hold other characters that end a line to some.
    for line in path.read_text("utf-8").split("\n"):
        mark, _, text = line.partition(" ")
        message = _message(text) if mark in ("-->", "<--") else {}
        if mark == "-->" and isinstance(message.get("id"), str | int) and isinstance(message.get("method"), str):
            waiting[message["id"]] = message
        elif mark == "<--" and message.get("id") in waiting:
            request = waiting.pop(message["id"])
            params = request.get("params", {})
            if "result" in message and isinstance(params, dict):
                yield Exchange(path.name, request["method"], filled(params), filled(message["result"]))


def _message(text: str) -> dict[str, Any]:
    """What a line says; nothing for a batch, or for a line that some transcripts have because it is bad."""
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def filled(value: Any) -> Any:
    """A value of a transcript, with something in every place that it leaves open."""
    if isinstance(value, dict):
        return {key: filled(part) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part) for part in value]
    if not isinstance(value, str):
        return value
    for gap, text in _PARTS.items():
        value = value.replace(gap, text)
    return VALUES.get(value, value)


def _pairing(exchange: Exchange) -> dict[str, Any]:
    return {
        "name": exchange.transcript.removesuffix(".txt"),
        "description": f"From protocol/transcripts/{exchange.transcript}.",
        "params": [{"name": name, "value": value} for name, value in exchange.params.items()],
        "result": {"name": "result", "value": exchange.result},
    }
