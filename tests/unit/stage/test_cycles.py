"""Cycles of dependencies: told where there is one, whatever hangs on it; graphlib says whether there is."""

from __future__ import annotations

import re
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sidecar.stage.checks import PEELINGS
from tests.support.databases import fresh, validate
from tests.support.shipped import dependency, shipped_archive, task

Edges = set[tuple[str, str]]

LONG = 3 * PEELINGS
"""More than what is peeled off before the search."""

NODES = st.sampled_from("abcdefgh")
GRAPHS = st.sets(st.tuples(NODES, NODES).filter(lambda edge: edge[0] != edge[1]), max_size=14)


def chain(name: str, *, into: str = "", out_of: str = "") -> Edges:
    nodes = [f"{name}{index:03}" for index in range(LONG)]
    return set(pairwise([*([out_of] if out_of else []), *nodes, *([into] if into else [])]))


RING: Edges = {("a", "b"), ("b", "c"), ("c", "a")}


def told(edges: Edges, folder: Path) -> list[list[str]]:
    """The cycles that a validation tells of, each as its nodes."""
    names = sorted({node for edge in edges for node in edge})
    archive = shipped_archive(
        folder / "b.kpbackup",
        tasks=[task(name) for name in names],
        task_dependencies=[dependency(f"{one}>{other}", one, other) for one, other in sorted(edges)],
    )
    verdict = validate(fresh(folder), archive)
    assert verdict.errors == []
    messages = (
        re.fullmatch("Task dependencies form a cycle: (.*) \\(it is kept as it is\\)", line)
        for line in verdict.warnings
    )
    return [message[1].split(" → ") for message in messages if message]


@pytest.mark.slow
@given(edges=GRAPHS)
@settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_cycle_is_told_where_there_is_one(edges: Edges, tmp_path_factory: pytest.TempPathFactory) -> None:
    graph: dict[str, set[str]] = {}
    for one, other in edges:
        graph.setdefault(one, set()).add(other)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        cyclic = True
    else:
        cyclic = False
    cycles = told(edges, tmp_path_factory.mktemp("graph"))
    assert bool(cycles) == cyclic
    for cycle in cycles:
        if "…" not in cycle:
            assert set(pairwise(cycle)) <= edges
            assert cycle[0] == cycle[-1]


@pytest.mark.parametrize(
    ("edges", "cycles"),
    [
        (chain("x"), []),
        (RING, [["a", "b", "c", "a"]]),
        (RING | chain("x", into="b") | chain("y", out_of="c"), [["a", "b", "c", "a"]]),
        (chain("x", into="x000"), [["x000", "x001", "x002", "x003", "x004", "…"]]),
    ],
)
def test_what_hangs_on_a_cycle_is_no_part_of_it(edges: Edges, cycles: list[list[str]], tmp_path: Path) -> None:
    assert [sorted(set(cycle)) for cycle in told(edges, tmp_path)] == [sorted(set(cycle)) for cycle in cycles]
