"""Cycles in a directed graph, in time and memory of its edges."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

MAX_CYCLES = 1000
"""Most cycles told of one graph."""


def find_cycles(edges: Iterable[tuple[str, str]]) -> Iterator[list[str]]:
    """Some cycles that share no node, each as its nodes in order: at least one of every knot."""
    after: dict[str, set[str]] = defaultdict(set)
    before: dict[str, set[str]] = defaultdict(set)
    for source, target in edges:
        after[source].add(target)
        before[target].add(source)
    _peel(after, before)
    _peel(before, after)
    told: set[str] = set()
    cycles = 0
    for start in after:
        if start in told or not after[start]:
            continue
        cycle = _walk(start, after, told)
        if cycle and cycles < MAX_CYCLES:
            cycles += 1
            yield cycle


def _peel(forward: dict[str, set[str]], backward: dict[str, set[str]]) -> None:
    """Remove, again and again, what nothing leads to: it is on no cycle."""
    loose = deque(node for node in forward if not backward.get(node))
    while loose:
        node = loose.popleft()
        for neighbour in forward.pop(node, ()):
            backward[neighbour].discard(node)
            if not backward[neighbour]:
                loose.append(neighbour)
        backward.pop(node, None)


def _walk(start: str, after: dict[str, set[str]], told: set[str]) -> list[str] | None:
    """Follow edges until a node comes again; None when the walk runs into what was told before."""
    path: list[str] = []
    position: dict[str, int] = {}
    node = start
    while node not in position:
        if node in told:
            told.update(path)
            return None
        position[node] = len(path)
        path.append(node)
        node = min(after[node])
    told.update(path)
    return path[position[node] :]
