"""The codes of what can be found, what each means for a person, and what mends it.

A code never changes once published, and never means anything else: programs decide by it. protocol/CARE.md lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.care.answers import Finding

HEALTHY, FINDINGS, DAMAGED = "healthy", "findings", "damaged"
"""States of a database."""

EXIT_CODES = {HEALTHY: 0, FINDINGS: 120, DAMAGED: 121}
"""State -> exit code of the command ``check``."""

KEPT = 100
"""Findings of one code that are told of one by one."""

DAMAGE, FAULT, NOTE = "damage", "fault", "note"
REPAIR, IMPORT, COMPACT, APP, NONE = "repair", "import", "compact", "app", "none"


@dataclass(frozen=True)
class Kind:
    """What all findings of one code share; ``sentence`` has gaps for what one of them is about."""

    severity: str
    remedy: str
    sentence: str


KINDS = {
    "damaged": Kind(
        DAMAGE,
        IMPORT,
        "The file is damaged, and what its rows were is in doubt ({detail}). Import your latest backup as a"
        " replacement: a new database is made of it, and this file is kept beside; or export what can still be read",
    ),
    "empty": Kind(
        DAMAGE,
        IMPORT,
        "The database holds nothing at all. KiraPilot begins anew in it at its next start; for your data, import your"
        " latest backup as a replacement",
    ),
    "index_lacks_rows": Kind(
        FAULT,
        REPAIR,
        "The index {detail} lacks {rows} of {table}: KiraPilot does not find them where it looks by that index. A"
        " repair builds it anew from the rows, and changes none",
    ),
    "owner_missing": Kind(
        FAULT,
        REPAIR,
        "{Row} belongs to a {parent} that is not there: KiraPilot shows it nowhere, and removes it whenever it removes"
        " the {parent}. Bring {target} back from a backup that has it; a repair removes what belongs to it",
    ),
    "tie_missing": Kind(
        FAULT,
        REPAIR,
        "{Row} names a {parent} that is not there. A repair unties it, as KiraPilot does when the {parent} is removed",
    ),
    "list_missing": Kind(
        FAULT,
        REPAIR,
        "{Row} is in a task list that is not there: KiraPilot shows it in none. A repair moves it to the default list",
    ),
    "template_missing": Kind(
        FAULT,
        REPAIR,
        "{Row} comes from a periodic template that is not there. A repair unties it, as KiraPilot does when the"
        " template is removed",
    ),
    "parent_missing": Kind(
        NOTE,
        NONE,
        "{Row} is a subtask of a task that is not there: KiraPilot leaves it so when a task is removed. Nothing has to"
        " be done; {target} comes back from a backup that has it",
    ),
    "unknown_reference": Kind(
        FAULT,
        NONE,
        "{rows} of {table} name what is not there, in a way that this program does not know. They are left as they"
        " are: update KiraPilot, or import a backup that was made before",
    ),
    "no_default_list": Kind(
        FAULT,
        REPAIR,
        "No task list is the default one: new tasks, and those of a removed list, have nowhere to go. A repair makes"
        " one of your lists the default",
    ),
    "second_default_list": Kind(
        FAULT,
        REPAIR,
        "{Row} is a default list, and another one is, too. A repair makes it an ordinary list; what is in it stays",
    ),
    "value_missing": Kind(
        FAULT,
        REPAIR,
        "{Row} has no {column}, without which KiraPilot cannot read it. A repair fills it with what a new row has"
        " there, or for a time, with another one of the row",
    ),
    "wrong_type": Kind(
        FAULT,
        IMPORT,
        "{Row} has {detail} for its {column}, where KiraPilot wants {wanted}, and may fail to read it. Bring that row"
        " back from a backup",
    ),
    "unused_pages": Kind(
        NOTE,
        COMPACT,
        "{detail} hold nothing, and SQLite does not know that they are free. No row is missing; to compact the database"
        " with force makes the file anew without them",
    ),
    "running_timer": Kind(
        NOTE, APP, "{Row} is running since {detail}. Nothing has to be done: KiraPilot stops it at its next start"
    ),
    "no_list": Kind(
        NOTE, APP, "{Row} is in no task list. Nothing has to be done: KiraPilot moves it to the default list at its"
        " next start"
    ),
}  # fmt: skip
"""Code -> what it means."""


class Found:
    """What has been found so far: a bounded number of each code, all of them counted."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.counts: Counter[str] = Counter()

    @property
    def state(self) -> str:
        """The worst of it."""
        severities = {KINDS[code].severity for code in self.counts}
        return DAMAGED if DAMAGE in severities else FINDINGS if FAULT in severities else HEALTHY

    def add(self, code: str, where: Mapping[str, Any], **gaps: object) -> None:
        """One finding: ``where`` are fields of :class:`Finding`, which fill its sentence, and so do ``gaps``."""
        self.counts[code] += 1
        if self.counts[code] > KEPT:
            return
        kind = KINDS[code]
        message = kind.sentence.format(**{**where, **gaps})
        self.findings.append(Finding(code=code, severity=kind.severity, remedy=kind.remedy, message=message, **where))
