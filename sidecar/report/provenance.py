"""Where a backup comes from: the file, when and by what it was made, and what is known of its proofs."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sidecar.automatic.shelf import entry_of
from sidecar.jobs.inspecting import inspect_backup
from sidecar.progress import Progress
from sidecar.report import wording
from sidecar.results import AutomaticBackup, BackupSummary
from sidecar.sources.opening import Opened
from sidecar.sources.recognising import DATABASE, JSON
from sidecar.system.files import open_source
from sidecar.system.os_errors import file_errors
from sidecar.system.paths import Places

Facts = list[tuple[str, str]]
"""What is known, in the order of a page: the name of a fact, and what it is."""

_PIECE = 1 << 20

SHIPPED = "kirapilot"
"""How an inspection calls KiraPilot itself."""


def facts_of_file(path: Path, places: Places, progress: Progress) -> Facts:
    """What can be said of any file, whatever is in it, and of the automatic backup that it is."""
    if path.is_dir():
        # A backup that was unpacked: its files have no size and digest of their own together.
        return [("Folder", str(path))]
    facts: Facts = [("File", str(path))]
    digest = hashlib.sha256()
    with open_source(str(path), progress) as file, file_errors(path):
        file.seek(0)
        while piece := file.read(_PIECE):
            digest.update(piece)
            progress.check()
        facts += [("Size", wording.size(file.tell())), ("SHA-256", digest.hexdigest())]
    entry = entry_of(places, path)
    return [*facts, *(_facts_of_entry(entry) if entry else ())]


def facts_of_database(path: Path) -> Facts:
    """What can be said of the database as it is now. Raises PathError."""
    with file_errors(path):
        return [("File", str(path)), ("Size", wording.size(path.stat().st_size))]


def facts_of_backup(given: Opened, places: Places, progress: Progress) -> Facts:
    """When and by what it was made, as it says itself. Raises BackupError for one that says nothing readable."""
    summary = inspect_backup(given.path, progress.quietly(), places)
    made = [("Made", wording.moment_here(summary.created_at))]
    if given.form == DATABASE:
        # What stands for it here was made of it just now.
        return [("Form", "A database of KiraPilot")]
    if given.form == JSON:
        return [("Form", "A backup of KiraPilot's first releases (JSON)"), *made]
    revision = "none, as in all backups of KiraPilot's own" if summary.revision is None else str(summary.revision)
    return [
        ("Form", "A backup archive"),
        *([("Holds a part", wording.text(summary.partial, 400))] if summary.partial else ()),
        *made,
        ("Made by", _writer(summary)),
        ("Format", f"{summary.version}; revision of the manifest: {revision}"),
        ("Generation of KiraPilot", summary.generation),
        *([("Settings of the app", ", ".join(map(wording.text, summary.settings)))] if summary.settings else ()),
    ]


def _writer(summary: BackupSummary) -> str:
    return "KiraPilot itself" if summary.writer == SHIPPED else wording.text(summary.writer)


def _facts_of_entry(entry: AutomaticBackup) -> Facts:
    kept = [*(["pinned"] if entry.pinned else ()), *([entry.note] if entry.note else ())]
    facts: Facts = [
        ("Automatic backup", f"number {entry.number}, made {wording.moment(entry.made)} since: {entry.why}"),
        ("Last proved", wording.moment(entry.proved) if entry.proved else "never before this page"),
    ]
    if entry.app_version:
        facts.append(("Version of KiraPilot", wording.text(entry.app_version)))
    if kept:
        facts.append(("Kept with it", wording.text("; ".join(kept))))
    if entry.rotten:
        facts.append(("Found wrong", wording.text(entry.rotten)))
    return facts
