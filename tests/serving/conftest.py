"""What the tests of server and client share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.serving.small_server import SmallServer, running


@pytest.fixture
def small() -> Iterator[SmallServer]:
    """A small server that speaks the contract."""
    with running() as server:
        yield server
