"""The frontend's settings: which of them a backup holds, without secrets, and what an import hands back.

They live in the webview's localStorage, not in the database; the caller brings them and puts them back. Owns
the list of those that are taken. Whoever calls, and whatever an archive says: no secret leaves this module
but those a caller gave itself, on their way back to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sidecar.archive import limits
from sidecar.archive.redaction import depth_of, redacted, with_secrets_of

KEYS = ("kirapilot-preferences", "kirapilot-privacy-settings")
"""Keys of localStorage that are backed up. All others are secrets, or of no interest, and are never looked at."""

NONE_THERE = "The backup holds no settings of the app: those of this device stay as they are"


@dataclass(frozen=True)
class DeviceSettings:
    """What a caller gave.

    ``own`` is as it is on the device, secrets and all, and is never written; ``clean`` is what a backup may
    hold. ``unread`` are the keys whose value was given but could not be taken; ``given`` whether there was
    anything at all.
    """

    given: bool = False
    own: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    clean: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    unread: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_settings(given: Mapping[str, object] | None) -> DeviceSettings:
    """The settings of a request: localStorage key -> the string as it stands there, or the JSON value itself.

    A value that cannot be taken is left out, with a warning; null is no value. Raises nothing.
    """
    own: dict[str, dict[str, Any]] = {}
    unread: dict[str, str] = {}
    for key in KEYS:
        value = (given or {}).get(key)
        try:
            taken = _taken(value)
        except ValueError as error:
            unread[key] = f"{key} of this device was not backed up: {error}"
        else:
            if taken is not None:
                own[key] = taken
    clean = {key: redacted(value) for key, value in own.items()}
    return DeviceSettings(given is not None, own, clean, tuple(unread), tuple(unread.values()))


@dataclass(frozen=True)
class RestoredSettings:
    """What an import hands back: ``values`` (None where the backup has none) go into localStorage as they are.

    ``differ`` tells whether that changes anything on the device, as far as it showed its settings.
    """

    values: dict[str, Any] | None = field(repr=False)
    warnings: tuple[str, ...]
    differ: bool


def any_in(archived: Mapping[str, msgspec.Raw]) -> bool:
    """Whether an archive holds settings of the frontend, whatever they are worth."""
    return any(bytes(archived.get(key, b"null")) != b"null" for key in KEYS)


def restore_settings(archived: Mapping[str, msgspec.Raw], device: DeviceSettings) -> RestoredSettings:
    """The settings an archive holds, with the device's own secrets put back at the same paths. Raises nothing."""
    values: dict[str, Any] = {}
    warnings: list[str] = []
    for key in KEYS:
        if key not in archived:
            continue
        try:
            value = _taken(bytes(archived[key]).decode())
        except ValueError as error:
            warnings.append(f"{key} is not restored: {error}")
            continue
        if key in device.unread:
            warnings.append(f"{key} is not restored: that of this device could not be read, and stays as it is")
        elif value is not None:
            values[key], lost = with_secrets_of(device.own.get(key, {}), redacted(value))
            if lost:
                warnings.append(f"A key or password in {key} of this device found no place in it: enter it again")
    if device.given and not values and not warnings:
        warnings.append(NONE_THERE)
    differ = device.given and any(device.own.get(key) != value for key, value in values.items())
    return RestoredSettings(values or None, tuple(warnings), differ)


def _taken(value: object) -> dict[str, Any] | None:
    """A value as an object; None for null. Raises ValueError that says what is wrong, without a word of its content."""
    try:
        if isinstance(value, str):
            value = msgspec.json.decode(value)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise ValueError("it is not an object")
        if depth_of(value) > limits.MAX_SETTING_DEPTH:
            raise ValueError(f"it is nested more than {limits.MAX_SETTING_DEPTH} levels deep")
        encoded = msgspec.json.encode(value)
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("it is not JSON that a backup can hold") from None
    except UnicodeError:
        raise ValueError("it holds characters that no file can") from None
    except OverflowError:
        raise ValueError("it holds a number out of range") from None
    if len(encoded) > limits.MAX_SETTING_BYTES:
        raise ValueError(f"it is longer than {limits.MAX_SETTING_BYTES:,} bytes")
    # Decoded once more: no object of the caller's is shared, and what is written is what was looked at.
    taken: dict[str, Any] = msgspec.json.decode(encoded)
    return taken
