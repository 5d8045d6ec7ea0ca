"""What an import or an undo changes, as text: totals in one line, the tables that change, and some rows by name."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from sidecar.results import LINES_SHOWN, Example, ImportPreview, SalvageReport, SelectedTable, TableAccount
from sidecar.screen.text import cut, number, plural, printable, table, when

EXAMPLES_SHOWN = 3
"""Examples shown of each table in a preview; --json has them all."""

LABEL_COLUMNS = 60
"""Columns of the terminal that a row's name takes at most."""

_COLUMNS = {
    "read": "read",
    "added": "added",
    "updated": "changed",
    "removed": "removed",
    "untied": "untied",
    "unchanged": "unchanged",
    "kept": "kept",
    "repaired": "made again",
}
"""Counts of a table -> what they are called for people."""

_ACTIONS = {"update": "change", "left out": "leave out"}
REASONS = {
    "differs_from_database": "KiraPilot has it with other content",
    "same_values_in_database": "KiraPilot has another one of the same name",
    "default_list_mapped": "its tasks go to KiraPilot's default list",
    "cannot_be_two": "it cannot stand twice",
    "exact_lost": "its exact value is lost",
    "broken_reference": "it belongs to a row that is left out",
    "no_such_table": "this KiraPilot has no place for it",
}

_OWN_STAYS = ("differs_from_database", "exact_lost")
"""Reasons for which a row of the backup is left out where KiraPilot has one of the same id, which stays as it is."""


def totals(tables: Mapping[str, TableAccount]) -> str:
    """One line for all tables: ``adds 120, changes 3, removes 30, keeps 4,785; a safety copy is made first``."""
    every = tables.values()
    own = sum(account.left_out.get(reason, 0) for account in every for reason in _OWN_STAYS)
    counts = {
        "adds": sum(account.added for account in every),
        "changes": sum(account.updated + account.untied for account in every),
        "removes": sum(account.removed for account in every),
        "leaves out": sum(sum(account.left_out.values()) for account in every),
        "keeps": own + sum(account.unchanged + account.kept - account.untied for account in every),
    }
    if not any(account.changes for account in every):
        return f"changes nothing: {_staying(counts['keeps'], 'row')}"
    said = ", ".join(f"{verb} {number(count)}" for verb, count in counts.items() if count or verb == "keeps")
    return f"{said}; a safety copy is made first"


def preview_lines(preview: ImportPreview) -> list[str]:
    """What would happen to each table, with reasons and some examples."""
    if preview.salvage is not None:
        mode = "add and update what can be proved of it" if preview.overwrite else "add what can be proved of it"
    elif preview.selected is not None:
        changes = preview.overwrite or any(account.updated for account in preview.tables.values())
        mode = "add a part of it, or change to it" if changes else "add what is missing of a part of it"
    elif preview.partial is not None:
        mode = "add what is in it, or change to it" if preview.overwrite else "add what is missing"
    else:
        mode = "replace what is there" if preview.overwrite else "add what is missing"
    return _preview_lines(f"Importing this backup of {when(preview.created_at)} would {mode}:", preview)


def undo_preview_lines(path: Path, preview: ImportPreview) -> list[str]:
    """The same for an undo, and the safety copy that would be put back."""
    return _preview_lines(f"Undoing would put back {printable(str(path))} of {when(preview.created_at)}:", preview)


def _preview_lines(head: str, preview: ImportPreview) -> list[str]:
    # The counts come last: what scrolls off a small screen is what matters least.
    lines = [head]
    for name, examples in preview.examples.items():
        lines += _example_lines(name, examples)
    return [
        *lines,
        *salvage_lines(preview.salvage),
        *selected_lines(preview.selected),
        *conflict_lines(preview.conflicts),
        *warnings(preview.warnings),
        "",
        *account_lines(preview.tables),
        "",
        f"In all, this {totals(preview.tables)}.",
    ]


def selected_lines(selected: Mapping[str, SelectedTable] | None) -> list[str]:
    """What was chosen of a backup, and what comes along since the chosen cannot be without it or it belongs to it."""
    lines = []
    for name, rows in (selected or {}).items():
        along = f", {number(rows.along)} along with them" if rows.along else ""
        untied = f", {plural(rows.untied, 'subtask')} untied" if rows.untied else ""
        lines.append(f"{printable(name)}: {number(rows.chosen)} chosen{along}{untied}")
    return ["", *lines] if lines else []


def conflict_lines(conflicts: int) -> list[str]:
    """How many rows of a merge differ, and how to look at them."""
    if not conflicts:
        return []
    differ = "row differs from KiraPilot's" if conflicts == 1 else "rows differ from KiraPilot's"
    shown = "it" if conflicts == 1 else "them"
    return ["", f"{number(conflicts)} {differ}: kirapilot-sidecar conflicts FILE shows {shown}"]


def account_lines(tables: Mapping[str, TableAccount]) -> list[str]:
    """One row for each table that changes or of which rows are left out; reasons follow below."""
    told = {name: account for name, account in tables.items() if account.changes or account.left_out}
    rest = len(tables) - len(told)
    same = f"{_staying(rest, 'table')}."
    if not told:
        return [same[:1].upper() + same[1:]]
    lines = _table(told)
    if max(map(len, lines)) > shutil.get_terminal_size().columns:
        lines = _sentences(told)
    reasons = [
        f"left out of {printable(name)}: {plural(count, 'row')} ({printable(REASONS.get(reason, reason))})"
        for name, account in told.items()
        for reason, count in account.left_out.items()
    ]
    return [*lines, *([same] if rest else []), *([""] if reasons else []), *reasons]


def _staying(count: int, noun: str) -> str:
    return f"{plural(count, noun)} {'stays as it is' if count == 1 else 'stay as they are'}"


def _table(tables: Mapping[str, TableAccount]) -> list[str]:
    shown = [name for name in _COLUMNS if any(getattr(account, name) for account in tables.values())]
    left_out = any(account.left_out for account in tables.values())
    header = ["table", *(_COLUMNS[name] for name in shown), *(["left out"] if left_out else [])]
    rows = [
        [
            name,
            *(number(getattr(account, column)) for column in shown),
            *([number(sum(account.left_out.values()))] if left_out else []),
        ]
        for name, account in tables.items()
    ]
    return table(header, rows, "l" + "r" * (len(header) - 1))


def _sentences(tables: Mapping[str, TableAccount]) -> list[str]:
    """The same for a terminal that the table does not fit on."""
    lines = []
    for name, account in tables.items():
        counts = [(getattr(account, column), word) for column, word in _COLUMNS.items()]
        counts.append((sum(account.left_out.values()), "left out"))
        lines.append(f"{printable(name)}:")
        lines += [f"  {number(count)} {word}" for count, word in counts if count]
    return lines


def _example_lines(name: str, examples: Sequence[Example]) -> list[str]:
    if not examples:
        return []
    lines = ["", f"{printable(name)}, for example:"]
    for example in examples[:EXAMPLES_SHOWN]:
        known_by = cut(printable(example.label), LABEL_COLUMNS) if example.label else "(without a title)"
        reason = f" ({printable(REASONS.get(example.reason, example.reason))})" if example.reason else ""
        lines.append(f"  {_ACTIONS.get(example.action, printable(example.action))}: {known_by}{reason}")
    return lines


def salvage_lines(salvage: SalvageReport | None) -> list[str]:
    """What is wrong with the file, and which records are left out for it."""
    if salvage is None:
        return []
    lines = [f"damage: {printable(line)}" for line in salvage.damage[:LINES_SHOWN]]
    if len(salvage.damage) > LINES_SHOWN:
        lines.append(f"damage: and {len(salvage.damage) - LINES_SHOWN:,} more")
    named = [
        f"left out of {printable(one.table)}: {printable(one.id or f'record {one.index}')} ({printable(one.reason)})"
        for one in salvage.records[:LINES_SHOWN]
    ]
    verdict = "Nothing of the backup is missing." if salvage.complete else "Not all of the backup could be saved."
    return ["", *lines, *named, verdict]


def warnings(lines: Sequence[str]) -> list[str]:
    """A line for each warning, with an empty one before the first."""
    return ["", *(f"warning: {printable(warning)}" for warning in lines)] if lines else []
