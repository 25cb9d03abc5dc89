"""How often strangers may ask."""

from __future__ import annotations

from tunery.app import visitors
from tunery.app.visitors import Visitors


class _Clock:
    def __init__(self) -> None:
        self.now = 600.0

    def __call__(self) -> float:
        return self.now


def test_an_address_may_ask_so_often_and_then_has_to_wait() -> None:
    clock = _Clock()
    found = Visitors(clock)

    assert [found.take("intents", "10.0.0.1", "3/minute") for _ in range(3)] == [0.0, 0.0, 0.0]
    wait = found.take("intents", "10.0.0.1", "3/minute")
    assert 0 < wait <= 120
    clock.now += wait
    assert found.take("intents", "10.0.0.1", "3/minute") == 0.0


def test_addresses_and_endpoints_are_counted_apart() -> None:
    found = Visitors(_Clock())
    found.take("intents", "10.0.0.1", "1/minute")

    assert found.take("intents", "10.0.0.2", "1/minute") == 0.0
    assert found.take("topics", "10.0.0.1", "1/minute") == 0.0
    assert found.take("intents", "10.0.0.1", "1/minute") > 0.0


def test_there_is_no_double_portion_where_a_minute_ends() -> None:
    clock = _Clock()
    clock.now = 659.0
    found = Visitors(clock)
    for _ in range(4):
        found.take("intents", "10.0.0.1", "4/minute")

    clock.now = 661.0

    assert found.take("intents", "10.0.0.1", "4/minute") > 0.0


def test_a_flood_of_addresses_does_not_fill_the_memory() -> None:
    found = Visitors(_Clock())
    for number in range(visitors._MOST + 10):
        found.take("intents", str(number), "1/minute")

    assert len(found._used) == visitors._MOST
