"""What a run of `.ci/windows` comes to: passed, failed, and left out, with whose reason it is.

    python3 -m tests.support.windows_summary LIST RESULTS COLLECTED [--whole]
    python3 -m tests.support.windows_summary LIST RESULTS COLLECTED --frozen NAME...

LIST is `.ci/windows.tests`. RESULTS is a folder: for each line that was run NAME.xml (pytest's, "/" as "_"), and
NAME.again.xml and NAME.alone.xml where what failed was tried once more, and alone. COLLECTED is what `pytest
--collect-only -q` says on this system: it counts the tests of what was not run there. Fails where anything failed that
is not only to be tried, where a line names nothing, or where more than one test in twenty is left out; with --whole,
what the time did not allow counts as left out, too.
With --frozen: the account of the files named, run on the frozen program. All pass but those that are only tried.

Imports nothing but the standard library, for it runs beside wine's Python.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

MOST_LEFT_OUT = 1 / 20

VERBS = {"run", "try", "not", "out", "apart"}


@dataclass(frozen=True)
class Line:
    """One line of the list: what is done with a folder, a file or a test, and why."""

    verb: str
    name: str
    reason: str

    def covers(self, file: str) -> bool:
        return file == self.name or file.startswith(f"{self.name}/")


@dataclass
class Account:
    """All tests, each counted once."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unreached: Counter[str] = field(default_factory=Counter)
    apart: int = 0

    @property
    def total(self) -> int:
        """What could have been run: all but what is about another system."""
        return self.passed + len(self.failed) + len(self.tried) + self.left_out.total() + self.unreached.total()


def read_list(text: str) -> list[Line]:
    lines = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        verb, _, rest = line.partition(" ")
        name, _, reason = rest.strip().partition("  ")
        if verb not in VERBS:
            raise SystemExit(f"windows.tests: line {number}: {verb}?")
        lines.append(Line(verb, name, reason.strip()))
    return lines


def count_by_file(collected: str) -> Counter[str]:
    """Tests in each file, by pytest's list of them."""
    return Counter(line.partition("::")[0] for line in collected.splitlines() if "::" in line)


def outcomes(results: Path, name: str) -> dict[str, tuple[str, str]] | None:
    """Test -> (passed, failed or skipped; the reason of the last); None where the line was not run to its end."""
    stem = name.replace("/", "_")
    found: dict[str, tuple[str, str]] = {}
    for turn in ("", ".again", ".alone"):
        path = results / f"{stem}{turn}.xml"
        if path.is_file():
            for case in ElementTree.parse(path).iter("testcase"):
                found[f"{case.get('classname')}::{case.get('name')}"] = _outcome(case)
        elif not turn:
            return None
    return found


def _outcome(case: ElementTree.Element) -> tuple[str, str]:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed", ""
    skipped = case.find("skipped")
    if skipped is None:
        return "passed", ""
    return "skipped", skipped.get("message") or ""


def take_account(lines: list[Line], results: Path, by_file: Counter[str]) -> Account:
    account = Account()
    named = [line for line in lines if line.verb != "not"]
    counted: set[str] = set()
    for line in [*named, *_others(named, by_file)]:
        files = {file for file in by_file if line.covers(file)} - counted
        counted |= files
        number = sum(by_file[file] for file in files)
        if line.verb == "apart":
            account.apart += number
        elif line.verb == "out":
            account.left_out[line.reason] += number
        else:
            _count_run(account, line, outcomes(results, line.name), number)
    for line in lines:
        if line.verb == "not":
            account.left_out[line.reason] += 1
    return account


def take_account_of_frozen(lines: list[Line], results: Path, names: list[str]) -> Account:
    account = Account()
    for name in names:
        listed = [line.verb for line in lines if line.covers(name)]
        verb = "try" if listed in ([], ["try"]) else "run"
        _count_run(account, Line(verb, name, ""), outcomes(results, name), 1)
    return account


def report_frozen(account: Account) -> tuple[list[str], int]:
    """What to print, and the exit code."""
    said = [f"for want of time: {name}" for name in sorted(account.unreached)]
    said += [f"failed, and tried only: {test}" for test in account.tried]
    said += [f"failed: {test}" for test in account.failed]
    skipped = account.left_out.total() + len(account.tried)
    said.append(f"Frozen: {account.passed} passed, {len(account.failed)} failed, {skipped} skipped")
    return said, 1 if account.failed or not account.passed else 0


def _others(named: list[Line], by_file: Counter[str]) -> list[Line]:
    """Files that the list does not name: run, as `.ci/windows` does."""
    return [Line("run", file, "") for file in sorted(by_file) if not any(line.covers(file) for line in named)]


def _count_run(account: Account, line: Line, found: dict[str, tuple[str, str]] | None, number: int) -> None:
    if found is None:
        account.unreached[line.name] += number
        return
    for test, (outcome, reason) in found.items():
        if outcome == "passed":
            account.passed += 1
        elif outcome == "failed":
            (account.failed if line.verb == "run" else account.tried).append(test)
        else:
            account.left_out[reason if ":" in reason.partition(" ")[0] else f"Windows': {reason}"] += 1


def missing(lines: list[Line]) -> list[str]:
    return [line.name for line in lines if not Path(line.name.partition("::")[0]).exists()]


def report(account: Account, whole: bool) -> tuple[list[str], int]:
    """What to print, and the exit code."""
    share = account.left_out.total() + (account.unreached.total() if whole else 0)
    said = [f"{share:,} of {account.total:,} left out, and at most one in twenty may be:"]
    said += [f"{number:6,}  {reason}" for reason, number in account.left_out.most_common()]
    if account.unreached:
        said.append(f"{account.unreached.total():6,}  for want of time: {', '.join(sorted(account.unreached))}")
    said.append(f"{account.apart:6,}  not counted: of other systems alone")
    said += [f"failed, and tried only: {test}" for test in account.tried]
    said += [f"failed: {test}" for test in account.failed]
    too_many = share > MOST_LEFT_OUT * account.total
    if too_many:
        said.append("More than one test in twenty is left out.")
    skipped = account.left_out.total() + account.unreached.total() + len(account.tried)
    said.append(f"Windows: {account.passed} passed, {len(account.failed)} failed, {skipped} skipped")
    return said, 1 if account.failed or too_many or not account.passed else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("list", "results", "collected"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--frozen", nargs="+", metavar="NAME")
    given = parser.parse_args()
    lines = read_list(given.list.read_text("utf-8"))
    gone = missing(lines)
    if gone:
        sys.stdout.write(f"The list names what is not there: {', '.join(gone)}\n")
        return 1
    if given.frozen:
        said, code = report_frozen(take_account_of_frozen(lines, given.results, given.frozen))
    else:
        by_file = count_by_file(given.collected.read_text("utf-8"))
        said, code = report(take_account(lines, given.results, by_file), given.whole)
    sys.stdout.write("".join(f"{line}\n" for line in said))
    return code


if __name__ == "__main__":
    sys.exit(main())
