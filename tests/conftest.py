"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and base models that lies beside the checkout."""
    if not _SHARED.is_dir():
        pytest.skip("there is no folder of shared data beside the checkout")
    return _SHARED


@pytest.fixture(autouse=True)
def _in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read messages in English unless they ask for another language."""
    monkeypatch.setenv("TUNERY_LANG", "en")
    monkeypatch.setenv("TUNERY_PROGRESS", "0")
