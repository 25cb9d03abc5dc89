"""Pairs grow into components, numbered as they occur."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from tunery.data.components import Components

SIZE = 12
pairs = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), max_size=20)


def test_nothing_joined_is_as_many_components() -> None:
    assert Components(3).numbers() == [0, 1, 2]


def test_equal_keys_are_joined_and_none_is_no_key() -> None:
    components = Components(5)
    components.join_equal(["x", None, "y", None, "x"])
    assert components.numbers() == [0, 1, 2, 3, 0]


def test_joins_add_up() -> None:
    components = Components(4)
    components.join_equal([1, 1, 2, 3])
    components.join_equal(["a", "b", "b", "c"])
    assert components.numbers() == [0, 0, 0, 1]


@given(pairs)
def test_they_are_the_connected_components_of_the_graph(edges: list[tuple[int, int]]) -> None:
    components = Components(SIZE)
    for first, second in edges:
        components.join(first, second)
    ends = np.array(edges, dtype=int).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(edges)), (ends[:, 0], ends[:, 1])), shape=(SIZE, SIZE))
    expected = connected_components(graph, directed=False)[1]
    numbers = components.numbers()
    assert [[a == b for b in numbers] for a in numbers] == [[a == b for b in expected] for a in expected]
