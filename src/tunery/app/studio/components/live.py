"""What an endpoint does just now."""

from __future__ import annotations

from nicegui import ui

from tunery.app.actions import endpoints
from tunery.app.studio.components.cards import card, note, stat, stats
from tunery.app.studio.components.charts import lines
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.views import sizes
from tunery.app.studio.visits import in_background, visit
from tunery.i18n import _
from tunery.store.traffic import Counts, Window

_SECONDS = 5.0
_MINUTES = 60


class LiveTraffic:
    """Numbers and charts of the last hour, renewed every few seconds.

    Args:
        project: The project.
        endpoint: The endpoint's name.
    """

    def __init__(self, project: str, endpoint: str) -> None:
        self._project, self._endpoint = project, endpoint
        with card(_("The last hour")):
            self._place = Tag("div", classes="stack")
        self._show(self._read())
        ui.timer(_SECONDS, self._look)

    async def _look(self) -> None:
        self._show(await in_background(self._read))

    def _read(self) -> Window:
        return endpoints.traffic_of(visit().context, self._project, self._endpoint, minutes=_MINUTES)

    def _show(self, window: Window) -> None:
        self._place.clear()
        with self._place:
            _numbers(window.counts)
            if window.counts.lost:
                note(
                    _("{count} texts could not be stored and are lost.").format(count=f"{window.counts.lost:,}"),
                    _("The database was away or too slow; callers got their answers all the same."),
                    kind="warn",
                )
            _charts(window)


def _numbers(counts: Counts) -> None:
    errors = counts.failed + counts.refused
    with stats():
        stat(_("Requests"), f"{counts.requests:,}", _("{count} texts").format(count=f"{counts.texts:,}"))
        stat(_("p50"), sizes.milliseconds(counts.quantile(0.5)))
        stat(_("p95"), sizes.milliseconds(counts.quantile(0.95)))
        stat(_("Errors"), f"{errors:,}", _("{failed} of ours, {refused} refused").format(
            failed=counts.failed, refused=counts.refused))  # fmt: skip
        stat(_("Lost"), f"{counts.lost:,}", _("texts not stored"))


def _charts(window: Window) -> None:
    points = list(enumerate((counts for _at, counts in window.points), 1 - len(window.points)))
    charts = (
        (_("Requests a minute"), {_("requests"): [(float(at), float(one.requests)) for at, one in points]}),
        (_("Latency in ms"), {
            name: [(float(at), one.quantile(share) or 0.0) for at, one in points]
            for name, share in ((_("p50"), 0.5), (_("p95"), 0.95))
        }),
        (_("Errors a minute"), {_("errors"): [(float(at), float(one.failed + one.refused)) for at, one in points]}),
    )  # fmt: skip
    with Tag("div", classes="live"):
        for title, series in charts:
            with Tag("div"):
                Tag("h3", title)
                most = max((y for line in series.values() for _x, y in line), default=0.0)
                lines(series, title=title, low=0.0, high=most or 1.0)
