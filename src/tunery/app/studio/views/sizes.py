"""Large numbers as people read them."""

from __future__ import annotations

from tunery.i18n import _


def parameters(count: int) -> str:
    """Return how many parameters a model has, with its size on disk in 32-bit numbers."""
    millions = count / 1e6
    shown = f"{millions:.1f}" if millions < 100 else f"{millions:,.0f}"
    return _("{millions} M parameters, {size}").format(millions=shown, size=of_bytes(4 * count))


def of_bytes(count: float) -> str:
    """Return a number of bytes."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:,.0f} {unit}" if unit in ("B", "kB", "MB") else f"{count:,.1f} {unit}"
        count /= 1000
    raise AssertionError


def per_second(count: float) -> str:
    """Return a rate."""
    return f"{count:,.0f}/s" if count >= 10 else f"{count:.2g}/s"


def milliseconds(value: float | None) -> str:
    """Return a latency; a dash where nothing was measured."""
    if value is None:
        return "–"
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"
