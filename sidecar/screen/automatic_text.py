"""What is answered about backups that are made by themselves, as text for people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sidecar.results import AutomaticBackup, BackupList, ClearResult
from sidecar.screen.changes import warnings
from sidecar.screen.text import number, plural, printable, relative, size, table

if TYPE_CHECKING:
    # Importing them would load their room for the sake of one command.
    from sidecar.automatic.answers import (
        BackupStatus,
        CheckResult,
        DrillResult,
        HoldAnswer,
        Noted,
        PlaceHealth,
        PlaceOutcome,
        PruneResult,
        RunResult,
    )
    from sidecar.automatic.policy import Policy, PolicyFile
    from sidecar.automatic.retention import Keep
    from sidecar.installing.answers import SystemTimer

ACCEPT = "Nothing is removed until you have looked: kirapilot-sidecar auto accept"

_STATES = {
    "healthy": "The automatic backups are healthy.",
    "stale": "The automatic backups are stale: the newest in a place is older than it should be.",
    "failing": "The automatic backups are failing.",
    "held": "The data shrank. It is backed up, and nothing older is removed until you have looked.",
    "never": "No automatic backup has been made yet, or none in these places.",
}
_OUTCOMES = {
    "made": "made, and proved",
    "copied": "copied, and proved there",
    "current": "has it already",
    "missing": "NOT THERE",
    "failed": "FAILED",
}
_NONE = "There is no automatic backup yet."
_VERDICTS = {"fine": "fine", "rotten": "NOT WHOLE", "not_tried": "could not be tried"}


def clear_lines(result: ClearResult) -> list[str]:
    """What was cleared, and the way back."""
    return [*map(printable, filter(None, result.message.splitlines())), *warnings(result.warnings)]


def run_lines(result: RunResult) -> list[str]:
    """What a run did, in each place."""
    if result.outcome == "not_due":
        due = f"No backup is due{_next(result.next_due)}."
        brought = [_outcome(place) for place in result.places]
        late = ["", *table(("outcome", "place"), brought, "ll")] if brought else []
        return [due, *late, *_looked_after(result), *warnings(result.warnings)]
    if result.outcome == "made":
        head = f"Made a backup of {plural(sum(result.rows.values()), 'row')} ({printable(result.why)})."
    else:
        head = f"Nothing changed since the newest backup: verified, still current ({printable(result.why)})."
    return [
        head,
        "",
        *table(("outcome", "place"), [_outcome(place) for place in result.places], "ll"),
        *([""] if result.removed else []),
        *(f"removed: {printable(path)}" for path in result.removed),
        *_looked_after(result),
        *_held(result.held),
        *warnings(result.warnings),
    ]


def _looked_after(result: RunResult) -> list[str]:
    read = [f"re-read: {plural(len(result.checked), 'backup')}"] if result.checked else []
    tried = [f"restored on trial: {plural(len(result.drills), 'backup')}"] if result.drills else []
    return [*read, *tried]


def status_lines(result: BackupStatus, now: datetime) -> list[str]:
    """The worst that is to be said of them, then each place."""
    lines = [_STATES.get(result.state, printable(result.state))]
    for place in result.places:
        lines += ["", *_place_lines(place, now)]
    if not result.enabled:
        lines += ["", "They are off: none is made by itself (kirapilot-sidecar auto set --on)."]
    elif result.next_due is not None:
        lines += ["", f"Next due: {relative(result.next_due, now) if result.next_due > now else 'now'}"]
    else:
        lines += ["", "Next due: now"]
    if result.hold is not None:
        lines += _held(result.hold.detail)
    failures = [f"{relative(result.failure.when, now)}: {result.failure.message}"] if result.failure else []
    return [*lines, *warnings([*failures, *result.warnings])]


def policy_lines(result: PolicyFile) -> list[str]:
    """The policy, and where it is written down."""
    policy = result.policy
    lines = [
        f"Backups are made by themselves {_when_due(policy)}." if policy.enabled else "No backup is made by itself.",
        "",
        *table(
            ("place", "hours", "daily", "weekly", "monthly", "at most"),
            [(place.path, *_numbers(place.keep)) for place in policy.places],
            "lrrrrr",
        ),
        "",
        f"Before an update of KiraPilot: {_yes(policy.before_update)}; before all data is cleared:"
        f" {_yes(policy.before_clear)}; tried once a month: {_yes(policy.drill)}",
        f"Stale after {plural(policy.stale_hours, 'hour')}"
        if policy.stale_hours
        else "Stale after three times what lies between two",
        f"Written in {printable(result.path)}" if result.exists else "This is the default: nothing else was set.",
    ]
    return [*lines, *warnings([result.remark] if result.remark else [])]


def prune_lines(result: PruneResult, *, dry_run: bool) -> list[str]:
    """A verdict on each backup, and what is gone."""
    if not result.verdicts:
        return [_NONE, *warnings(result.warnings)]
    rows = [
        ("stays" if verdict.stays else "would go" if dry_run else "goes", verdict.reason, verdict.path)
        for verdict in result.verdicts
    ]
    gone = sum(1 for verdict in result.verdicts if not verdict.stays)
    told = f"{plural(gone, 'backup')} would go." if dry_run else f"Removed {plural(len(result.removed), 'backup')}."
    return [*table(("", "why", "backup"), rows, "lll"), "", told, *_held(result.held), *warnings(result.warnings)]


def hold_lines(result: HoldAnswer) -> list[str]:
    """What was accepted."""
    if result.lifted is None:
        return ["Nothing is held: old backups go as the policy says."]
    return [f"Accepted: {_sentence(result.lifted.detail)} Old backups go again as the policy says."]


def check_lines(result: CheckResult) -> list[str]:
    """What was re-read, and what of it is not whole."""
    if not result.checked:
        return [_NONE]
    bad = [one for one in result.checked if one.outcome != "fine"]
    fine = len(result.checked) - len(bad)
    lines = [f"Re-read {plural(len(result.checked), 'backup')}: {number(fine)} as written."]
    if result.left:
        lines.append(f"{plural(result.left, 'backup')} more: --all reads them, or the next check does.")
    return [*lines, *warnings([f"{_VERDICTS[one.outcome]}: {one.path} ({one.detail})" for one in bad])]


def drill_lines(result: DrillResult) -> list[str]:
    """Whether the newest backup of each place came back."""
    tried = [place.drill for place in result.places if place.drill is not None]
    if not tried:
        return [_NONE]
    rows = [
        (_VERDICTS[place.drill.outcome], str(Path(place.path, place.drill.name)))
        if place.drill
        else ("none there", place.path)
        for place in result.places
    ]
    head = "Restored on trial, each into a database that is thrown away; every value was compared."
    return [head, "", *table(("outcome", "backup"), rows, "ll"), *warnings([one.detail for one in tried if one.detail])]


def shelf_lines(result: BackupList, now: datetime) -> list[str]:
    """The automatic backups, a line for each number, and what else lies in their places."""
    lines = []
    if result.automatic:
        numbers = sorted({one.number for one in result.automatic}, reverse=True)
        copies = [[one for one in result.automatic if one.number == count] for count in numbers]
        header = ("id", "made", "rows", "size", "places", "last proved", "app", "why, and what was noted")
        lines += ["Automatic backups:", "", *table(header, [_shelved(each, now) for each in copies], "rlrrrlll"), ""]
    if result.manual:
        rows = [(relative(one.changed, now), size(one.size), one.path) for one in result.manual]
        lines += ["Put there by hand, and never removed:", "", *table(("changed", "size", "file"), rows, "lrl"), ""]
    rotten = [f"{one.path}: {one.rotten}" for one in result.automatic if one.rotten]
    return [*lines, *([*warnings(rotten)[1:], ""] if rotten else [])]


def _shelved(copies: Sequence[AutomaticBackup], now: datetime) -> tuple[str, ...]:
    """One backup in all its places; it is told by the copy that was looked at last."""
    one = max(copies, key=lambda copy: (not copy.rotten, copy.present, copy.proved or copy.made))
    there = sum(1 for copy in copies if copy.present and not copy.rotten)
    places = f"{there}" if there == len(copies) else f"{there} of {len(copies)}"
    proved = (
        "NOT WHOLE" if all(copy.rotten for copy in copies) else relative(one.proved, now) if one.proved else "never"
    )
    words = [one.why, *(["pinned"] if one.pinned else []), *([f'"{one.note}"'] if one.note else [])]
    rows = number(sum(one.rows.values()))
    made = relative(min(copy.made for copy in copies), now)
    return str(one.number), made, rows, size(one.size), places, proved, one.app_version, "; ".join(words)


def noted_lines(result: Noted) -> list[str]:
    """What is kept with a backup now."""
    pinned = "pinned: it is never removed by itself" if result.pinned else "not pinned"
    noted = f'; note: "{printable(result.note)}"' if result.note else ""
    return [f"Backup {result.number} is {pinned}{noted}."]


def _place_lines(place: PlaceHealth, now: datetime) -> list[str]:
    lines = [f"{printable(place.path)}: {place.state}{'' if place.present else ', not there now'}"]
    if place.made is not None:
        rows = plural(sum(place.rows.values()), "row")
        lines.append(f"  newest  {relative(place.made, now)}, proved; {rows}, {size(place.size)}; {place.kept} kept")
    if place.drill is not None:
        lines.append(f"  tried   {relative(place.drill.when, now)}: {_VERDICTS[place.drill.outcome]}")
    if place.rotten:
        lines.append(f"warning: no longer whole there: {plural(place.rotten, 'backup')} (backups names each)")
    if place.failure is not None:
        lines.append(f"warning: {relative(place.failure.when, now)}: {printable(place.failure.message)}")
    return lines


def _outcome(place: PlaceOutcome) -> tuple[str, str]:
    return _OUTCOMES.get(place.outcome, place.outcome), str(Path(place.path, place.backup or ""))


def _held(detail: str) -> list[str]:
    return ["", f"warning: {printable(_sentence(detail))} {ACCEPT}"] if detail else []


def _sentence(detail: str) -> str:
    return f"{detail.rstrip('.')}."


def _next(moment: datetime | None) -> str:
    return "" if moment is None else f" before {moment.astimezone():%Y-%m-%d %H:%M}"


def _when_due(policy: Policy) -> str:
    often = f"every {plural(policy.hours, 'hour')}" if policy.every == "hours" else policy.every
    return f"{often}, or after {plural(policy.after_changes, 'change')}" if policy.after_changes else often


def _numbers(keep: Keep) -> Sequence[str]:
    return [number(count) for count in (keep.hours, keep.daily, keep.weekly, keep.monthly, keep.most)]


def _yes(said: bool) -> str:
    return "yes" if said else "no"


_SYSTEMS = {"systemd": "systemd", "launchd": "launchd", "task_scheduler": "the Windows task scheduler"}


def timer_set_lines(result: SystemTimer, *, dry_run: bool) -> list[str]:
    """What was written, and called; or would be."""
    system = _SYSTEMS[result.system]
    if not result.changed:
        return [f"The timer is set already: {system} makes a backup whenever one is due.", *_timer_troubles(result)]
    if dry_run:
        return [f"Nothing was written. For {system} it would be this:", "", *timer_written_lines(result)]
    head = f"The timer is set: {system} makes a backup whenever one is due, also while KiraPilot is not open."
    return [head, "", *timer_written_lines(result), *_timer_troubles(result)]


def timer_lines(result: SystemTimer) -> list[str]:
    """Whether there is a timer, what it is made of, and what is wrong with it."""
    if not result.installed:
        return [
            "No timer of the system is set: backups are made while KiraPilot is open (kirapilot-sidecar auto install)."
        ]
    head = f"A timer is set: {_SYSTEMS[result.system]} starts {printable(result.program) or 'a program'} once an hour."
    return [head, "", *timer_written_lines(result), *_timer_troubles(result)]


def timer_gone_lines(result: SystemTimer, *, dry_run: bool) -> list[str]:
    """What was taken away, or would be."""
    if not result.changed:
        return ["No timer of the system is set: there is nothing to take away."]
    head = (
        "Nothing was changed. It would be this:" if dry_run else "The timer is gone; all backups are where they were."
    )
    return [head, "", *(f"removed: {printable(file.path)}" for file in result.files), *_timer_commands(result)]


def timer_written_lines(result: SystemTimer) -> list[str]:
    """Each file, whole, and each command."""
    lines = []
    for file in result.files:
        lines += [f"{printable(file.path)}:", *(f"    {printable(line)}" for line in file.content.splitlines()), ""]
    return [*lines, *_timer_commands(result)]


def _timer_commands(result: SystemTimer) -> list[str]:
    return [f"command: {printable(shlex.join(command))}" for command in result.commands]


def _timer_troubles(result: SystemTimer) -> list[str]:
    lines = []
    if not result.active:
        lines.append("warning: The system does not run it. Set it anew: kirapilot-sidecar auto install")
    if not result.program_there:
        gone = printable(result.program) or "The program that it starts"
        lines.append(f"warning: {gone} is not there. Set it anew: kirapilot-sidecar auto install")
    return lines
