"""One application for the tests of the studio that don't need their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.app.rest.servers import Up, set_up


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running application with its first account made."""
    with Up(tmp_path_factory.mktemp("studio") / "workspace") as running:
        with running.person() as ada:
            set_up(ada)
        yield running
