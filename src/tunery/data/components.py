"""Rows that belong together: pairs grow into components."""

from __future__ import annotations

from collections.abc import Hashable, Iterable


class Components:
    """Disjoint sets of the numbers 0 to ``size - 1``, joined pair by pair.

    Union by size with path halving: Tarjan and van Leeuwen, "Worst-case Analysis of Set Union Algorithms", 1984.
    """

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))
        self._size = [1] * size

    def find(self, item: int) -> int:
        """Return the number that stands for the component of ``item``."""
        parent = self._parent
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    def join(self, first: int, second: int) -> None:
        """Make one component of the two that ``first`` and ``second`` are in."""
        large, small = self.find(first), self.find(second)
        if large == small:
            return
        if self._size[large] < self._size[small]:
            large, small = small, large
        self._parent[small] = large
        self._size[large] += self._size[small]

    def join_equal(self, keys: Iterable[Hashable | None]) -> None:
        """Join all numbers that have an equal key; a key of None joins nothing."""
        first_with: dict[Hashable, int] = {}
        for item, key in enumerate(keys):
            if key is not None:
                self.join(first_with.setdefault(key, item), item)

    def numbers(self) -> list[int]:
        """Return the component of each number, counted from 0 in the order in which they first occur."""
        number_of: dict[int, int] = {}
        return [number_of.setdefault(self.find(item), len(number_of)) for item in range(len(self._parent))]
