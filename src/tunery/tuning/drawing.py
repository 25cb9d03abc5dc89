"""Pictures in the reader's language, wherever a font for it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.i18n import language, use_language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CHINESE_FONTS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei",
    "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei",
)  # fmt: skip


@contextmanager
def picture(path: Path, width: float, height: float) -> Iterator[Figure]:
    """Give a figure to draw on and write it to ``path``.

    In Chinese where a Chinese font is installed, otherwise in English rather than in boxes.

    Args:
        path: The file, whose ending says the format.
        width: In inches.
        height: In inches.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = _font()
    family = [font, "DejaVu Sans"] if font else ["DejaVu Sans"]
    with (
        use_language(language() if font else "en"),
        rc_context({"font.family": family, "axes.unicode_minus": False}),
    ):
        figure = Figure(figsize=(width, height), dpi=144, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        figure.savefig(path)


def _font() -> str | None:
    if language() == "en":
        return "DejaVu Sans"
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return next((name for name in _CHINESE_FONTS if name in installed), None)
