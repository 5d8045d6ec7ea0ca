"""The frontend's settings in tests: with secrets and without, and what an archive holds of them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from sidecar.export.exporting import export_data
from sidecar.progress import Progress
from sidecar.system.paths import Places

PREFERENCES, PRIVACY = "kirapilot-preferences", "kirapilot-privacy-settings"

KEY = "AIzaSyD-0123456789abcdefghijklmnopqrstu"
OPAQUE = "no-pattern-knows-this-one"
"""A key that its name alone gives away."""

PLAIN = {
    "theme": "dark", "workingHours": {"start": "09:00", "end": "17:00"}, "maxTokens": 2048, "showApiKey": True,
    "aiSettings": {"model": "gemini-2.0-flash", "temperature": 0.7, "apiKeyValid": None}, "shortcuts": [{"key": "K"}],
}  # fmt: skip
"""Nothing of this is a secret, though some names come near."""

WITH_SECRETS: dict[str, Any] = PLAIN | {
    "aiSettings": PLAIN["aiSettings"] | {"geminiApiKey": OPAQUE},  # type: ignore[operator]
    "state": json.dumps({"api_key": OPAQUE, "open": True}),
    "providers": [{"id": "a", "API-Key": OPAQUE}, {"id": "b", "token": {"of": [OPAQUE]}}],
    "pasted": KEY,
}


def export(places: Places, path: Path, settings: dict[str, Any] | None) -> list[str]:
    """The warnings of an export."""
    return export_data(places, str(path), Progress(), settings).warnings


def archived(path: Path) -> dict[str, Any]:
    """The frontend's settings in an archive, which must stand in both of their places."""
    with zipfile.ZipFile(path) as archive:
        own = json.loads(archive.read("settings.json"))
        assert json.loads(archive.read("data.json"))["settings"] == own
    return {key: value for key, value in own.items() if key not in ("user_preferences", "logging_config")}


def nested(levels: int) -> dict[str, Any]:
    """Settings within settings, so many deep."""
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def unfolded(value: Any) -> Any:
    """The value with JSON in texts read: the order of its members says nothing."""
    if isinstance(value, dict):
        return {key: unfolded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unfolded(item) for item in value]
    if isinstance(value, str):
        try:
            return unfolded(json.loads(value)) if value[:1] in '{["' else value
        except ValueError:
            return value
    return value
