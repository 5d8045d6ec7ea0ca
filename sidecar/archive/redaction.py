"""Secrets in JSON values: found by their names and by their looks, taken out, and put back where they were.

A secret is an API key, or what serves as one: a password, a token. Neither a name alone nor a look alone
finds them all, so each is enough; a setting that only looks like one is taken out too, and comes back on the
device that has it. Knows nothing of files or of which settings there are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from sidecar.archive import limits

_NAMES = (
    "apikey", "apitoken", "apisecret", "secret", "passwor", "passwd", "passphrase", "privatekey", "accesskey",
    "credential", "accesstoken", "refreshtoken", "authtoken", "bearertoken", "idtoken", "sessiontoken", "authorization",
)  # fmt: skip
"""What is in the name of a secret, however it is spelled: ``geminiApiKey``, ``api_key``, ``API-Key``."""

_PROVIDERS_KEY = re.compile(
    r"(?:gemini|google|openai|anthropic|claude|openrouter|mistral|groq|azure|deepseek|xai)keys?"
)

_TOKEN = re.compile(r"\w*tokens?")
"""A token that is a number is a limit: ``maxTokens``."""

_LOOKS = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"AIza[\w-]{10}|AQ\.[\w-]{20}|ya29\.[\w-]{10}"  # Google
    r"|sk-[\w-]{12}|gsk_\w{16}|xai-\w{16}|pplx-\w{16}|hf_\w{16}|r8_\w{16}"  # OpenAI, Anthropic and their like
    r"|gh[opsur]_\w{20}|github_pat_\w{16}|xox[abeprs]-\w{8}|AKIA[0-9A-Z]{16}|[rs]k_(?:live|test)_\w{12}"
    r"|eyJ[\w-]{8,400}\.eyJ[\w-]{8}|Bearer [\w.~+/-]{16}|-----BEGIN [A-Z ]{0,20}PRIVATE KEY"
    r")"
)

_ASSIGNED = re.compile(r"api[\W_]{0,3}key\w{0,20}\W{0,3}[:=]\W{0,8}\w{6}", re.IGNORECASE)
"""A key given in a text that is no JSON, such as an address or a line of a settings file. Bounded: texts are long."""

_NAMING, _NAMED = ("name", "key", "id", "setting"), ("value", "val", "data")
"""Members of an object that is a name and a value in itself."""

_IDENTIFYING = ("id", "name", "key", "provider", "type")
"""Members that tell one element of an array from another, the surest first."""

_SECRET, _MISSING = object(), object()


def redacted(value: dict[str, Any]) -> dict[str, Any]:
    """``value`` without its secrets: members are left out, elements of an array become null."""
    cleaned: dict[str, Any] = _clean(value)
    return cleaned


def with_secrets_of(device: dict[str, Any], value: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """``value``, which has no secrets, with those of ``device`` at the same paths; and how many found no place."""
    returning = _Returning()
    merged: dict[str, Any] = returning.into(value, device)
    return merged, returning.lost


def depth_of(value: object) -> int:
    """Levels of nesting: 0 for a scalar. Takes values of any depth."""
    depth, level = 0, [value]
    while level := [item for outer in level for item in _items(outer)]:
        depth += 1
        if depth > 2 * limits.MAX_SETTING_DEPTH:
            break
    return depth


def _items(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values()) or [None]
    return (value or [None]) if isinstance(value, list) else []


def _clean(value: Any) -> Any:
    """The value without secrets; the very same object if it has none, _SECRET if it is one."""
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        hidden = _secret_members(value)
        kept = {name: _clean(item) for name, item in value.items() if name not in hidden}
        kept = {name: item for name, item in kept.items() if item is not _SECRET}
        return value if kept.keys() == value.keys() and all(kept[name] is value[name] for name in kept) else kept
    if isinstance(value, list):
        items = [None if _is_paired(value, index) else _clean(item) for index, item in enumerate(value)]
        items = [None if item is _SECRET else item for item in items]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


def _clean_text(text: str) -> Any:
    nested = _nested(text)
    cleaned = nested if nested is _MISSING else _clean(nested)
    if cleaned is _SECRET:
        return _SECRET
    if cleaned is not nested:
        return msgspec.json.encode(cleaned).decode()
    return _SECRET if _LOOKS.search(text) or _ASSIGNED.search(text) else text


def _nested(text: str) -> Any:
    """What a text says that is JSON itself; _MISSING for any other."""
    if not text.lstrip().startswith(("{", "[", '"')):
        return _MISSING
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return _MISSING
    return value if depth_of(value) <= limits.MAX_SETTING_DEPTH and _is_encodable(value) else _MISSING


def _is_encodable(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except (OverflowError, UnicodeError):
        return False
    return True


def _secret_members(value: Mapping[str, Any]) -> set[str]:
    hidden = {name for name, item in value.items() if _LOOKS.search(name) or _is_secret(name, item)}
    if any(isinstance(value.get(name), str) and _is_secret_name(value[name]) for name in _NAMING):
        hidden.update(name for name in _NAMED if value.get(name) is not None)
    return hidden


def _is_paired(items: list[Any], index: int) -> bool:
    """Whether an element is the value of a pair [name, value], as a Map is written."""
    return len(items) == 2 and index == 1 and isinstance(items[0], str) and _is_secret_name(items[0])


def _is_secret(name: str, item: object) -> bool:
    """Whether a member is a secret; "has a key" and "is shown" are none."""
    if item is None or isinstance(item, bool):
        return False
    is_number = isinstance(item, int | float)
    return _is_secret_name(name) and not (is_number and _TOKEN.fullmatch(_letters(name)))


def _is_secret_name(name: str) -> bool:
    letters = _letters(name)
    whole = _PROVIDERS_KEY.fullmatch(letters) or _TOKEN.fullmatch(letters)
    return whole is not None or any(part in letters for part in _NAMES)


def _letters(name: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", name).casefold() if char.isalnum())


class _Returning:
    """Puts the secrets of a device back; counts those for which there is no place any more."""

    def __init__(self) -> None:
        self.lost = 0

    def into(self, value: Any, device: Any) -> Any:
        """``value`` with the secrets in ``device``, which holds some."""
        if isinstance(device, dict):
            return self._into_object(value, device)
        if isinstance(device, list):
            return self._into_array(value, device)
        if isinstance(device, str):
            return self._into_text(value, device)
        return value

    def _into_object(self, value: Any, device: dict[str, Any]) -> Any:
        if value is _MISSING or value is None:
            value = {}
        if not isinstance(value, dict):
            return self._give_up(value)
        hidden = _secret_members(device)
        merged = dict(value)
        for name, item in device.items():
            if name in hidden or _clean(item) is _SECRET:
                merged[name] = item
            elif _clean(item) is not item:
                merged[name] = self.into(merged.get(name, _MISSING), item)
        # A place that could not be made is no member.
        return {name: item for name, item in merged.items() if item is not _MISSING}

    def _into_array(self, value: Any, device: list[Any]) -> Any:
        merged = list(value) if isinstance(value, list) else []
        for index, item in enumerate(device):
            cleaned = _clean(item)
            whole = _is_paired(device, index) or cleaned is _SECRET
            if not whole and cleaned is item:
                continue
            place = _counterpart(merged, cleaned, index, whole)
            if place is None:
                self.lost += 1
            elif whole:
                merged[place] = item
            else:
                merged[place] = self.into(merged[place], item)
        return merged if isinstance(value, list) else value

    def _into_text(self, value: Any, device: str) -> Any:
        """Both are texts that hold JSON; a text that is not cannot take a part of another."""
        nested = _nested(value) if isinstance(value, str) else _MISSING
        if nested is _MISSING and value is not _MISSING and value is not None:
            return self._give_up(value)
        merged = self.into(nested, _nested(device))
        return value if merged is _MISSING or merged == nested else msgspec.json.encode(merged).decode()

    def _give_up(self, value: Any) -> Any:
        self.lost += 1
        return value


def _counterpart(items: list[Any], item: Any, index: int, whole: bool) -> int | None:
    """Where in ``items`` the element belongs that stood at ``index``: a key must not come to another's provider.

    :param whole: the element is a secret as a whole, and has left a null.
    """
    same_place = [index] if index < len(items) else []
    name = next((name for name in _IDENTIFYING if isinstance(item, dict) and isinstance(item.get(name), str)), None)
    if name is None:
        return index if same_place and not (whole and items[index] is not None) else None
    places = (*same_place, *range(len(items)))
    return next((i for i in places if isinstance(items[i], dict) and items[i].get(name) == item[name]), None)
