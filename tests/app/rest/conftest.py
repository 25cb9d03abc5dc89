"""One application for all tests of a module that don't need their own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.app.rest.servers import Up, set_up


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running application with its first account made."""
    with Up(tmp_path_factory.mktemp("up") / "workspace") as running:
        with running.person() as ada:
            set_up(ada)
        yield running


@pytest.fixture(scope="module")
def ada(up: Up) -> Iterator[httpx.Client]:
    """An administrator with an access token."""
    from tests.app.rest.servers import sign_in, token_of

    with up.person() as signed_in:
        token = token_of(sign_in(signed_in, "ada@example.com"))
    with up.person(Authorization=f"Bearer {token}") as person:
        yield person
