"""The jobs' answers as text for people: each function turns one result into lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.results import (
    BackupList,
    BackupMetadata,
    BackupSummary,
    BackupValidationResult,
    ExportResult,
    ImportResult,
    Problem,
    UndoResult,
    WreckState,
)
from sidecar.screen.automatic_text import shelf_lines
from sidecar.screen.changes import account_lines, salvage_lines, selected_lines, warnings
from sidecar.screen.text import lately, number, plural, printable, size, table, when

if TYPE_CHECKING:
    # Importing it would load every job for the sake of one command.
    from sidecar.description.licences import Component, Licences
    from sidecar.jobs.demo import DemoResult


WITHOUT_SETTINGS = "The app's own settings (theme, language and the like) are not in it: only KiraPilot can save those."
"""They lie in the app's window, where the command line does not reach."""

OF_A_PART = "This is a backup of a part of the data: it does not take the place of one of all of it."


def export_lines(result: ExportResult) -> list[str]:
    """Where the backup lies, its rows per table, and what to know of it."""
    head = f"Exported {plural(sum(result.tables.values()), 'row')} to {printable(result.path)} ({size(result.size)})"
    if result.selected is not None:
        return [head, *selected_lines(result.selected), *warnings([OF_A_PART, *result.warnings])]
    return [head, "", *_rows_table(result.tables), "", WITHOUT_SETTINGS, *warnings(result.warnings)]


def licences_lines(result: Licences) -> list[str]:
    """A table of what the program is made of, and beneath it the texts that are there."""
    if result.complete:
        head = "This program carries, beside its own code (MIT License):"
    else:
        head = "This program is not frozen. It is under the MIT License; installed for it are:"
    rows = [[one.name, one.version, one.licence] for one in result.components]
    texts = [line for one in result.components for line in _texts(one)]
    return [head, "", *table(["component", "version", "licence"], rows, "lll"), *texts]


def _texts(component: Component) -> list[str]:
    lines = []
    for text in component.texts:
        title = f"{component.name} {component.version}: {text.file}"
        lines += ["", "", "=" * len(title), title, "=" * len(title), *([component.home] if component.home else [])]
        lines += ["", *text.text.strip("\n").split("\n")]
    return lines


def metadata_lines(metadata: BackupMetadata) -> list[str]:
    """The version, the time and the five counts the app shows."""
    return _pairs(
        [
            ("version", metadata.version),
            ("created", when(metadata.created_at)),
            ("tasks", number(metadata.task_count)),
            ("time sessions", number(metadata.session_count)),
            ("AI interactions", number(metadata.ai_interaction_count)),
            ("dependencies", number(metadata.dependency_count)),
            ("periodic templates", number(metadata.periodic_template_count)),
        ]
    )


def basic_lines(metadata: BackupMetadata) -> list[str]:
    """The verdict of a basic validation that raised nothing."""
    return ["The backup passes the basic checks.", "", *metadata_lines(metadata)]


def validation_lines(result: BackupValidationResult) -> list[str]:
    """The verdict, every problem that was kept, and what the backup holds."""
    found = f"{plural(result.error_count, 'error')}, {plural(result.warning_count, 'warning')}"
    verdict = f"The backup is valid ({found})." if result.is_valid else f"The backup is not valid: {found}."
    lines = [verdict]
    for severity, count in (("error", result.error_count), ("warning", result.warning_count)):
        lines += _problem_lines(severity, [p for p in result.problems if p.severity == severity], count)
    if result.metadata is not None:
        lines += ["", *metadata_lines(result.metadata)]
    return lines


def import_lines(result: ImportResult) -> list[str]:
    """What happened to each table."""
    if not any(account.changes for account in result.tables.values()):
        same = f"Nothing was changed: the data is what the backup of {when(result.created_at)} holds."
        return _import_lines(same, result)
    if result.salvage is not None:
        done = "Brought in what can be proved of"
    elif result.selected is not None:
        done = "Brought in a part of"
    elif result.partial is not None:
        done = "Brought in what there is in"
    else:
        merged = "Merged" if any(account.updated for account in result.tables.values()) else "Added the missing rows of"
        done = "Replaced the data with" if result.overwrite else merged
    return _import_lines(f"{done} the backup of {when(result.created_at)}:", result)


def undo_lines(result: UndoResult) -> list[str]:
    """What was put back, and what that did to each table."""
    changed = any(account.changes for account in result.tables.values())
    if not changed and result.safety_copy is None and result.wreck is None:
        return ["There is nothing to undo: the data is what the safety copies hold."]
    return _import_lines(f"Put back {printable(result.path)} of {when(result.created_at)}:", result)


def backups_lines(result: BackupList) -> list[str]:
    """The automatic backups, what else lies in their places, and the safety copies with what is wrong with them."""
    now = datetime.now(UTC)
    lines = [*shelf_lines(result, now), *_copies_lines(result, now), *_wrecks_lines(result, now)]
    return [*lines, *_others_lines(result)]


def _others_lines(result: BackupList) -> list[str]:
    if not result.others:
        return []
    head = "Of other databases in this folder, or of this one under another name (undo --to FILE brings one back):"
    return ["", head, "", *(f"  {printable(Path(path).name)}" for path in result.others)]


def _wrecks_lines(result: BackupList, now: datetime) -> list[str]:
    broken = [wreck for wreck in result.wrecks if not wreck.sound]
    sound = [wreck for wreck in result.wrecks if wreck.sound]
    return [
        *_files_lines("Broken databases that a restore has set aside", broken, now),
        *_files_lines("Safety copies that are databases, for no backup can hold what is in them", sound, now),
    ]


def _files_lines(what: str, kept: Sequence[WreckState], now: datetime) -> list[str]:
    if not kept:
        return []
    folders = {str(Path(file.path).parent) for file in kept}
    alike = len(folders) == 1
    rows = [
        (lately(file.created_at, now), size(file.size), Path(file.path).name if alike else printable(file.path))
        for file in kept
    ]
    where = f", in {printable(folders.pop())}" if alike else ""
    return ["", f"{what}{where}:", "", *table(("set aside", "size", "file"), rows, "lrl")]


def _copies_lines(result: BackupList, now: datetime) -> list[str]:
    if not result.backups:
        return [f"No import has made a safety copy yet in {printable(result.folder)}."]
    rows = [
        (
            lately(copy.created_at, now), size(copy.size), number(copy.task_count), number(copy.session_count),
            "yes" if copy.proved else "NO", Path(copy.path).name,
        )
        for copy in result.backups
    ]  # fmt: skip
    return [
        f"Safety copies in {printable(result.folder)}:",
        "",
        *table(("made", "size", "tasks", "sessions", "whole", "file"), rows, "lrrrll"),
        *warnings([f"{Path(copy.path).name}: {copy.reason}" for copy in result.backups if copy.reason is not None]),
        *warnings([f"{Path(copy.path).name} is partial: {copy.partial}" for copy in result.backups if copy.partial]),
    ]


def _import_lines(head: str, result: ImportResult) -> list[str]:
    return [
        head,
        "",
        *account_lines(result.tables),
        *_settings_lines(result.settings),
        *salvage_lines(result.salvage),
        *(["", f"What was there before: {printable(result.safety_copy)}"] if result.safety_copy else []),
        *(["", f"The broken database: {printable(result.wreck)}"] if result.wreck else []),
        *warnings(result.warnings),
    ]


def summary_lines(summary: BackupSummary) -> list[str]:
    """What an archive says of itself: who made it, its tables and its entries."""
    about = [
        ("file", f"{printable(summary.path)} ({size(summary.size)})"),
        *([("form", printable(summary.form))] if summary.form != "archive" else []),
        ("made by", printable(summary.writer)),
        ("generation", printable(summary.generation)),
        *([("partial", printable(summary.partial))] if summary.partial else []),
        ("revision", "none" if summary.revision is None else number(summary.revision)),
        ("migrations", number(len(summary.migrations))),
        ("settings", printable(", ".join(summary.settings)) or "none"),
    ]
    entries = [
        (entry.name, size(entry.size), size(entry.packed), "" if entry.rows is None else number(entry.rows))
        for entry in summary.entries
    ]
    return [
        *_pairs(about),
        *metadata_lines(summary)[:2],
        "",
        *_rows_table(summary.tables),
        "",
        *(table(("entry", "size", "packed", "rows"), entries, "lrrr") if entries else []),
        *(f"warning: {printable(line)}" for line in summary.warnings),
    ]


def demo_lines(result: DemoResult) -> list[str]:
    """Times of the steps, the comparison per table, the verdict, and where the archive lies."""
    steps = [(name, f"{seconds:.2f} s") for name, seconds in result.seconds.items()]
    rows = [
        (name, number(found.rows), number(found.restored), number(found.different))
        for name, found in result.tables.items()
    ]
    total = sum(found.rows for found in result.tables.values())
    different = sum(found.different for found in result.tables.values())
    verdict = "every value is identical" if result.identical else f"{plural(different, 'row')} differ"
    sizes = f"{size(result.archive_size)}, of a database of {size(result.database_size)}"
    return [
        *table(("step", "time"), steps, "lr"),
        "",
        *table(("table", "rows", "restored", "different"), rows, "lrrr"),
        "",
        f"Compared {plural(total, 'row')} in {plural(len(rows), 'table')}: {verdict}.",
        f"The archive: {printable(result.archive)} ({sizes})",
    ]


def _pairs(pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [f"{name:<18}  {value}" for name, value in pairs]


def _rows_table(tables: Mapping[str, int]) -> list[str]:
    return table(("table", "rows"), [(name, number(rows)) for name, rows in tables.items()], "lr")


def _problem_lines(severity: str, problems: Sequence[Problem], count: int) -> list[str]:
    lines = [f"{severity + ':':<8} {printable(problem.message)}" for problem in problems]
    if count > len(problems):
        lines.append(f"{severity + ':':<8} and {count - len(problems):,} more")
    return ["", *lines] if lines else []


def _settings_lines(settings: Mapping[str, object] | None) -> list[str]:
    """The names of the app's settings; never their values, and nothing that was done with them."""
    if not settings:
        return []
    names = printable(", ".join(settings))
    return ["", f"The backup also holds settings of the app ({names}): only an import in the app restores them."]
