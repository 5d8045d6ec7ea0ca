"""The file of the policy, beside the database: read with care, written in one step.

A person may edit it: keys that this version does not know are kept as they are. A file that cannot be read is never
guessed at: it is set aside under another name, the defaults are in force, and whoever asks is told.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sidecar.automatic.policy import Policy, PolicyFile
from sidecar.errors.jobs import InvalidPolicy
from sidecar.json_wording import in_words
from sidecar.own_json import decoded, encoded
from sidecar.system.files import resolved
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.replacing import Saving, replacing

FILE = "backup-policy.json"

MAX_BYTES = 1 << 20
"""Longest policy that is read; one of ours has some hundred bytes."""


def policy_path(database: Path) -> Path:
    """Where the policy of a database lies, whether or not it does; links to the database lead to one policy."""
    with file_errors(database):
        return resolved(database).parent / FILE


def read_policy(database: Path) -> PolicyFile:
    """The policy in force for a database: that of its file, else the defaults.

    A file that is no policy is renamed to ``backup-policy.broken-<time>.json`` and told of in ``remark``.
    Raises PathError for a file that cannot be read or set aside.
    """
    path = policy_path(database)
    with file_errors(path):
        try:
            text = _read(path)
        except (FileNotFoundError, NotADirectoryError):
            # A file in the folder's place is told of by whoever has to write there.
            broken = max(path.parent.glob(f"{path.stem}.broken-*.json"), default=None)
            return _defaults(path, f"An earlier one could not be read: it is {broken.name}" if broken else "")
    try:
        return PolicyFile(policy=parse_policy(text), path=str(path), exists=True)
    except InvalidPolicy as error:
        return _defaults(path, f"It could not be read ({error.detail}): it is {_set_aside(path).name} now")


def _defaults(path: Path, remark: str) -> PolicyFile:
    told = f"The policy of automatic backups is the usual one. {remark}" if remark else ""
    return PolicyFile(policy=Policy(), path=str(path), exists=False, remark=told)


def write_policy(database: Path, policy: Policy) -> Path:
    """Put a policy into force, in one step; keys of the file that this version does not know stay. Returns its path.

    Raises PathError; the file is then what it was.
    """
    path = policy_path(database)
    with file_errors(path):
        try:
            there = decoded(_read(path), object)
        except (FileNotFoundError, msgspec.DecodeError):
            there = None
    with replacing(Saving(path)) as file:
        file.write(encoded(_with_unknown(msgspec.to_builtins(policy), there), indent=2) + b"\n")
    return path


def parse_policy(text: bytes) -> Policy:
    """A policy out of JSON. Raises InvalidPolicy, whose detail names the key that is wrong."""
    if len(text) > MAX_BYTES:
        raise InvalidPolicy(detail=f"it is longer than {MAX_BYTES:,} bytes")
    try:
        return decoded(text.removeprefix(b"\xef\xbb\xbf"), Policy)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidPolicy(detail=in_words(error)) from error


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _set_aside(path: Path) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    aside = path.with_name(f"{path.stem}.broken-{moment}Z.json")
    with file_errors(path, Act.SAVE):
        path.rename(aside)
    return aside


def _with_unknown(known: Any, there: Any) -> Any:
    """``known``, and besides it the keys that only the file has; places are the same if their paths are."""
    if isinstance(known, dict) and isinstance(there, dict):
        return there | {key: _with_unknown(value, there.get(key)) for key, value in known.items()}
    if isinstance(known, list) and isinstance(there, list):
        by_path = {str(place.get("path")): place for place in there if isinstance(place, dict)}
        return [_with_unknown(place, by_path.get(place["path"])) for place in known]
    return known
