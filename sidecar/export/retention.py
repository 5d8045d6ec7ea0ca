"""Which safety copies go: a ring by what they hold, so that looking through backups pushes nothing out.

Whoever imports one backup, then another, then the first again makes a copy each time. What was there before all of
it is in the first copy, which is worth the most and is the first that a ring by count lets go of. Decides by names
and manifests; ``safety_copies`` removes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sidecar.archive.manifest import DATA, METADATA
from sidecar.archive.zip_reading import ZipReader
from sidecar.errors.backups import BackupError
from sidecar.errors.paths import PathError
from sidecar.stage.head import read_head
from sidecar.system.files import open_source
from sidecar.system.os_errors import file_errors

FIRST_KEPT = timedelta(days=30)
"""How long the first copy of a run of imports stays, whatever comes after it."""

RUN_GAP = timedelta(days=1)
"""A run of imports ends when none has made a copy for so long: at most one copy a day is the first of one."""


def outdated(copies: Sequence[tuple[datetime, Path]], kept: int) -> list[Path]:
    """The copies that may go.

    :param copies: all there are, the newest first, each with its time.
    :param kept: the newest so many stay; and the newest of each of so many contents, for equal ones count once.
    """
    if len(copies) <= kept:
        return []
    contents = {path: _content(path) for _, path in copies}
    staying = {path for _, path in copies[:kept]} | _of_each_content([path for _, path in copies], contents, kept)
    whole = [(moment, path) for moment, path in copies if contents[path] is not None]
    staying |= _firsts(whole, copies[0][0])
    return [path for _, path in copies if path not in staying]


def _of_each_content(
    paths: Sequence[Path], contents: dict[Path, frozenset[tuple[str, str]] | None], kept: int
) -> set[Path]:
    """The newest of each of the newest contents; one that cannot be read is like no other."""
    newest: dict[object, Path] = {}
    for path in paths:
        newest.setdefault(contents[path] or path, path)
    return set(list(newest.values())[:kept])


def _firsts(copies: Sequence[tuple[datetime, Path]], now: datetime) -> set[Path]:
    """The first copy of each run, for as long as it is kept; ``now`` is when the newest was made."""
    young = [path for moment, path in copies[-1:] if now - moment <= FIRST_KEPT]
    for (later, path), (earlier, _) in pairwise(copies):
        if later - earlier > RUN_GAP and now - later <= FIRST_KEPT:
            young.append(path)
    return set(young)


def _content(path: Path) -> frozenset[tuple[str, str]] | None:
    """The hash of each entry that holds data, and no time; None for what is no whole archive of ours."""
    try:
        with open_source(str(path)) as file, file_errors(path):
            _, manifest = read_head(ZipReader(file))
    except (BackupError, PathError):
        return None
    if manifest is None:
        return None
    return frozenset((name, entry.sha256) for name, entry in manifest.entries.items() if name not in (METADATA, DATA))
