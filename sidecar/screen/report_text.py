"""Pages that were written, as text for people: where they lie, and what they do not show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sidecar.screen.text import number, plural, printable, size

if TYPE_CHECKING:
    # Importing it would load its room for the sake of one command.
    from sidecar.report.answers import DifferencePage, Page, ReportPage


def report_lines(page: ReportPage) -> list[str]:
    """Where the page lies, and what it says of the backup in a few words."""
    found = f"{plural(page.error_count, 'error')}, {plural(page.warning_count, 'warning')}"
    verdict = f"The backup is valid ({found})." if page.is_valid else f"The backup is not valid: {found}."
    return [_written(page), verdict, *_cut(page)]


def difference_page_lines(page: DifferencePage) -> list[str]:
    """Where the page lies, and how many rows differ."""
    if page.identical:
        told = "Both sides hold the same."
    elif not page.total:
        told = "What both sides speak of is the same."
    else:
        differ = "differs" if page.total == 1 else "differ"
        told = f"{plural(page.total, 'row')} {differ}; the page shows {number(page.shown)}."
    return [_written(page), told, *_cut(page)]


def _written(page: Page) -> str:
    return f"Wrote {printable(page.path)} ({size(page.size)}): any browser shows it."


def _cut(page: Page) -> list[str]:
    return [f"not shown: {printable(line)}" for line in page.cut]
