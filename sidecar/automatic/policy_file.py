"""The file of the policy, beside the database: read with care, written in one step.

A person may edit it: keys that this version does not know are kept as they are. A file that cannot be read is never
guessed at: it is set aside under another name, the defaults are in force, and whoever asks is told.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from sidecar.automatic.catalogue import require_ours
from sidecar.automatic.policy import Place, Policy, PolicyFile
from sidecar.errors.jobs import InvalidPolicy
from sidecar.json_wording import in_words
from sidecar.own_json import decoded, encoded, with_unknown
from sidecar.system.files import resolved
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.replacing import Saving, replacing

FILE = "backup-policy.json"

MAX_BYTES = 1 << 20
"""Longest policy that is read; one of ours has some hundred bytes."""

USUAL = "The policy of automatic backups is the usual one, and no older backup is removed, until it is set anew."
"""What is told where the defaults stand in for a policy that could not be read: it may have kept more than they do."""


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
        except IsADirectoryError:
            return _defaults(path, f"A folder had its name: it is {_set_aside(path).name} now")
        except (FileNotFoundError, NotADirectoryError):
            # A file in the folder's place is told of by whoever has to write there.
            broken = max(path.parent.glob(f"{path.stem}.broken-*.json"), default=None)
            return _defaults(path, f"An earlier one could not be read: it is {broken.name}" if broken else "")
    try:
        policy = parse_policy(text)
        return PolicyFile(policy=policy, path=str(path), exists=True, remark=named_twice(policy, database))
    except InvalidPolicy as error:
        return _defaults(
            path, f"The policy of before could not be read ({error.detail}): it is {_set_aside(path).name} now"
        )


def _defaults(path: Path, remark: str) -> PolicyFile:
    told = f"{USUAL} {remark}" if remark else ""
    return PolicyFile(policy=Policy(), path=str(path), exists=False, remark=told)


def write_policy(database: Path, policy: Policy) -> Path:
    """Put a policy into force, in one step; keys of the file that this version does not know stay. Returns its path.

    Raises PathError, NotADatabase, NotKiraPilot, NoDatabaseFile; the file is then what it was.
    """
    require_ours(database, may_be_missing=True)
    path = policy_path(database)
    with file_errors(path):
        # One that is a link stays one.
        path = resolved(path)
        try:
            there = decoded(without_mark(_read(path)), object)
        except FileNotFoundError:
            there = None
        except (IsADirectoryError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            there = None
            _set_aside(path)
    with replacing(Saving(path)) as file:
        file.write(encoded(with_unknown(policy, there), indent=2) + b"\n")
    return path


def put_in_force(database: Path, change: Callable[[Policy], Policy]) -> PolicyFile:
    """Write what ``change`` makes of the policy, and answer what is in force now.

    ``remark`` tells of an earlier one that could not be read. Raises what ``write_policy`` and ``change`` raise.
    """
    require_ours(database, may_be_missing=True)
    before = read_policy(database)
    write_policy(database, change(before.policy))
    result = read_policy(database)
    # It is set anew by now; which file could not be read before is worth a word all the same.
    result.remark = result.remark or before.remark.removeprefix(USUAL).strip()
    return result


def parse_policy(text: bytes) -> Policy:
    """A policy out of JSON. Raises InvalidPolicy, whose detail names the key that is wrong."""
    if len(text) > MAX_BYTES:
        raise InvalidPolicy(detail=f"it is longer than {MAX_BYTES:,} bytes")
    try:
        return decoded(without_mark(text), Policy)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidPolicy(detail=in_words(error)) from error


def beside(database: Path) -> Path:
    """The folder that relative places are taken from: the database's, and of a link to it that of the file itself."""
    return (resolved(database) if database.is_symlink() else database.absolute()).parent


def folder_of(place: Place, database: Path) -> Path:
    """Where a place is: the folder that its path stands for, seen from the database's, or with ``~/`` from home."""
    path = Path(place.path)
    if path.parts[:1] == ("~",):
        with suppress(RuntimeError):  # nobody knows where home is
            path = path.expanduser()
    return beside(database) / path


def distinct_places(policy: Policy, database: Path) -> dict[Path, Place]:
    """Each folder of the policy with its place.

    One that is named twice, by a link perhaps, counts once, as named first: of two rules for the same files each would
    remove what the other keeps.
    """
    found: dict[Path, Place] = {}
    for place in policy.places:
        found.setdefault(folder_of(place, database), place)
    return {folder: found[folder] for folder in distinct(found)}


def distinct(folders: Iterable[Path]) -> list[Path]:
    """Each folder once, by the name that comes first."""
    found: list[Path] = []
    for folder in folders:
        if not any(is_one(folder, known) for known in found):
            found.append(folder)
    return found


def named_twice(policy: Policy, database: Path) -> str:
    """A sentence on the places that are not looked at, since an earlier one is the same folder; "" for none."""
    looked_at = [id(place) for place in distinct_places(policy, database).values()]
    others = [str(folder_of(place, database)) for place in policy.places if id(place) not in looked_at]
    if not others:
        return ""
    return f"A folder is named twice as a place for backups, and counts once, as named first: {', '.join(others)}"


def is_one(first: Path, second: Path) -> bool:
    """Whether two names stand for one folder."""
    # Names that differ in case are two folders, unless the disk says otherwise: one too many costs room, one too few
    # would cost a backup.
    with suppress(OSError, ValueError):
        return first.samefile(second)
    return first == second


def without_mark(text: bytes) -> bytes:
    """Text in UTF-8 without the byte-order mark that some editors put before it."""
    return text.removeprefix(b"\xef\xbb\xbf")


def _read(path: Path) -> bytes:
    if path.is_dir():
        # Windows says of a folder only that it may not be opened.
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _set_aside(path: Path) -> Path:
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    aside = path.with_name(f"{path.stem}.broken-{moment}Z.json")
    with file_errors(path, Act.SAVE):
        path.rename(aside)
    return aside
