"""Sample databases, made from nothing as the app would make them: a fresh one, and one full of realistic rows.

For the demo, the benchmark and the tests; never touches a database that exists.
"""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from sidecar.database.generations import make_generation
from sidecar.database.introspection import quote
from sidecar.database.models import KNOWN


def make_fresh(path: Path, default_list: str = "00000000-0000-4000-8000-000000000001") -> None:
    """A new database as the app leaves it after its first start: the tables, a default list, a logging configuration.

    :param default_list: id of the list "Default"; the app's is random.
    """
    make_generation(path, default_list=default_list)


def make_sample(path: Path, tasks: int, seed: int = 1) -> dict[str, int]:
    """A new database with ``tasks`` tasks, twice as many time sessions, half as many AI rows, and the rest.

    The same arguments make the same rows. Answers the number of rows per table.
    """
    sample = _Sample(random.Random(seed), max(tasks, 1))
    make_fresh(path, sample.uuid())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -32768")
        for table, rows in sample.tables():
            columns = list(KNOWN[table])
            marks = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {quote(table)} VALUES ({marks})", rows)
        connection.commit()
        return {name: connection.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()[0] for name in KNOWN}


_TEXT = """
review budget plan ship call design fix write draft report meeting garden invoice release backlog sprint
customer interview dentist holiday birthday kitchen laptop server database migration window focus energy
morning evening weekly quarterly roadmap estimate deadline follow up with the for and about before after
größe Büro 会議 計画 café naïve 🌱 “quoted” don't <b>bold</b> back\\slash 100% C++ e-mail
"""
_WORDS = _TEXT.split()

_LANGUAGES = ("de", "en", "ja", "fr")

Row = tuple[object, ...]


class _Sample:
    """Rows that look like a person's, from one random generator."""

    def __init__(self, rng: random.Random, tasks: int) -> None:
        self._rng = rng
        self._count = tasks
        self._start = datetime(2024, 9, 1, 8, tzinfo=UTC)
        self._lists = [self.uuid() for _ in range(5)]
        self._templates = [self.uuid() for _ in range(max(tasks // 100, 3))]
        self._tasks = [self.uuid() for _ in range(tasks)]
        self._threads = [self.uuid() for _ in range(max(tasks // 50, 2))]
        self._logs = [self.uuid() for _ in range(max(tasks // 50, 2))]

    def uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))

    def tables(self) -> Iterator[tuple[str, Iterator[Row]]]:
        """Tables with their rows, each after those it refers to."""
        makers: dict[str, Callable[[], Iterator[Row]]] = {
            "task_lists": self._task_lists,
            "periodic_task_templates": self._periodic_task_templates,
            "tasks": self._task_rows,
            "task_dependencies": self._task_dependencies,
            "time_sessions": self._time_sessions,
            "ai_interactions": self._ai_interactions,
            "focus_sessions": self._focus_sessions,
            "productivity_patterns": self._productivity_patterns,
            "user_preferences": self._user_preferences,
            "ai_suggestions": self._ai_suggestions,
            "ai_interaction_logs": self._ai_interaction_logs,
            "tool_execution_logs": self._tool_execution_logs,
            "threads": self._thread_rows,
            "thread_messages": self._thread_messages,
        }
        for table, maker in makers.items():
            yield table, maker()

    def _words(self, least: int, most: int) -> str:
        return " ".join(self._rng.choices(_WORDS, k=self._rng.randint(least, most)))

    def _time(self) -> str:
        """A moment of two years, with 0, 3, 6 or 9 fraction digits as the app writes them."""
        moment = self._start + timedelta(seconds=self._rng.randrange(63_072_000))
        digits = self._rng.choice((0, 3, 6, 9, 9, 9))
        fraction = f".{self._rng.randrange(10**digits):0{digits}}" if digits else ""
        return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}+00:00"

    def _maybe(self, share: float, value: Callable[[], object]) -> object:
        return value() if self._rng.random() < share else None

    def _json(self, least: int, most: int) -> str:
        return msgspec.json.encode(self._rng.choices(_WORDS, k=self._rng.randint(least, most))).decode()

    def _task_lists(self) -> Iterator[Row]:
        for list_id in self._lists:
            yield list_id, self._words(1, 3), 0, self._time(), self._time()

    def _periodic_task_templates(self) -> Iterator[Row]:
        kinds = ("daily", "weekly", "biweekly", "every_three_weeks", "monthly", "custom")
        for template_id in self._templates:
            kind = self._rng.choice(kinds)
            unit = "days" if kind == "custom" else None
            start = self._time()
            yield (
                template_id, self._words(2, 5), self._maybe(0.5, lambda: self._words(3, 12)),
                self._rng.randrange(4), self._rng.randrange(5, 120, 5), self._json(0, 3),
                self._rng.choice([*self._lists, None]), kind, self._rng.randint(1, 4), unit, start, start,
                self._rng.randrange(2), self._time(), self._time(),
            )  # fmt: skip

    def _task_rows(self) -> Iterator[Row]:
        rng = self._rng
        for order, task_id in enumerate(self._tasks):
            status = rng.choice(("pending", "in_progress", "completed", "cancelled"))
            template = self._maybe(0.1, lambda: rng.choice(self._templates))
            yield (
                task_id, self._words(2, 8), self._maybe(0.7, lambda: self._words(5, 40)), rng.randrange(4), status,
                "[]", rng.randrange(0, 480, 15), rng.randrange(600), self._maybe(0.4, self._time),
                self._maybe(0.3, self._time), self._json(0, 4), self._maybe(0.1, lambda: f"proj-{rng.randrange(9)}"),
                self._maybe(0.05, lambda: rng.choice(self._tasks)), self._maybe(0.5, lambda: "[]"),
                self._time() if status == "completed" else None, self._time(), self._time(),
                rng.choice(self._lists), order, template, int(template is not None),
                self._time() if template else None,
            )  # fmt: skip

    def _task_dependencies(self) -> Iterator[Row]:
        # A task depends on later ones only, once each: no cycles, no doubles.
        for first in range(0, self._count - 1, 5):
            second = self._rng.randrange(first + 1, self._count)
            yield self.uuid(), self._tasks[first], self._tasks[second], self._time()

    def _time_sessions(self) -> Iterator[Row]:
        for _ in range(2 * self._count):
            start = self._start + timedelta(seconds=self._rng.randrange(63_072_000))
            end = start + timedelta(seconds=self._rng.randrange(60, 14_400))
            yield (
                self.uuid(), self._rng.choice(self._tasks), f"{start:%Y-%m-%dT%H:%M:%S}.500+00:00",
                f"{end:%Y-%m-%dT%H:%M:%S}.{self._rng.randrange(10**9):09}+00:00", self._rng.randrange(900), 0,
                self._maybe(0.6, lambda: self._words(2, 15)), self._maybe(0.5, lambda: "[]"), self._time(),
            )  # fmt: skip

    def _ai_interactions(self) -> Iterator[Row]:
        for _ in range(max(self._count // 2, 1)):
            yield (
                self.uuid(), self._words(3, 20), self._words(20, 300), self._maybe(0.3, lambda: "CREATE_TASK"),
                self._maybe(0.4, lambda: self._words(5, 60)), self._json(0, 3), self._maybe(0.8, self._rng.random),
                self._time(),
            )  # fmt: skip

    def _focus_sessions(self) -> Iterator[Row]:
        for _ in range(max(self._count // 10, 2)):
            yield (
                self.uuid(), self._rng.choice(self._tasks), self._rng.choice((25, 45, 90)),
                self._maybe(0.8, lambda: self._rng.randrange(90)), self._maybe(0.8, self._rng.random),
                self._rng.randrange(9), self._rng.choice(("minimal", "moderate", "full")),
                self._maybe(0.3, lambda: '{"type":"rain","volume":40}'), self._words(0, 10), "[]", "{}",
                self._time(), self._maybe(0.8, self._time),
            )  # fmt: skip

    def _productivity_patterns(self) -> Iterator[Row]:
        for hour in range(6, 22):
            yield (
                self.uuid(), "default", self._rng.choice(("daily", "weekly")), f"{hour:02}:00-{hour + 1:02}:00",
                self._rng.uniform(0, 10), self._rng.random(), self._rng.randrange(1, 60), self._time(), self._time(),
            )  # fmt: skip

    def _user_preferences(self) -> Iterator[Row]:
        yield (
            "default", '{"start":"09:00","end":"17:00"}', '{"shortBreakDuration":5}', '{"defaultDuration":45}',
            '{"breakReminders":true}', "dark", self._rng.choice(_LANGUAGES), "2024-09-01 08:00:00",
            "2024-09-01 08:00:00",
        )  # fmt: skip

    def _ai_suggestions(self) -> Iterator[Row]:
        for _ in range(max(self._count // 50, 2)):
            yield (
                self.uuid(), self._rng.choice(("break", "task", "schedule")), self._words(2, 6), self._words(5, 30),
                self._rng.random(), self._rng.randrange(2), self._rng.randrange(4), self._rng.uniform(0, 5),
                self._words(3, 20), "[]", self._time(), self._maybe(0.3, self._time), self._maybe(0.3, self._time),
            )  # fmt: skip

    def _ai_interaction_logs(self) -> Iterator[Row]:
        for log_id in self._logs:
            yield (
                log_id, self._time(), self.uuid(), "gemini", '{"name":"gemini-2.0-flash"}', self._words(3, 20),
                self._maybe(0.5, lambda: self._words(20, 60)), "{}", self._words(20, 200), "[]", "[]",
                self._maybe(0.4, lambda: self._words(5, 40)), self._rng.randrange(200, 9000),
                self._maybe(0.9, lambda: self._rng.randrange(4000)), None, None, 0, "internal", self._time(),
                self._time(),
            )  # fmt: skip

    def _tool_execution_logs(self) -> Iterator[Row]:
        for log_id in self._logs:
            yield (
                self.uuid(), log_id, "get_tasks", '{"status":"pending"}', "[]", self._rng.randrange(500), 1, None,
                self._time(),
            )  # fmt: skip

    def _thread_rows(self) -> Iterator[Row]:
        for index, thread_id in enumerate(self._threads):
            task = self._rng.choice(self._tasks) if index % 2 else None
            yield (
                thread_id, self._words(2, 6), "task" if task else "day", task,
                None if task else f"{self._time()[:10]}T00:00:00Z", None, 4, self._time(), self._time(), self._time(),
            )  # fmt: skip

    def _thread_messages(self) -> Iterator[Row]:
        for thread_id in self._threads:
            for kind in ("user", "assistant") * 2:
                yield (
                    self.uuid(), thread_id, kind, self._words(5, 120), None, self._maybe(0.3, lambda: "[]"), None,
                    None, None, self._time(), self._time(),
                )  # fmt: skip
