"""What a run will do, before it is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunery.app.studio.components.cards import scrolled, stat, stats
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.components.times import duration
from tunery.app.studio.views import sizes
from tunery.i18n import _


def plan_table(plan: Mapping[str, Any]) -> None:
    """Build a plan.

    Args:
        plan: What `tunery.tuning.planning.RunPlan.to_dict` gives.
    """
    with stats():
        stat(_("Expected time"), duration(plan["seconds"]), _budget(plan["budget"]))
        stat(_("Memory"), sizes.of_bytes(plan["memory"]))
        stat(_("To learn from"), f"{plan['rows']:,}", _("{labels} labels, {tokens} tokens").format(
            labels=plan["labels"], tokens=f"{plan['tokens']:,}"))  # fmt: skip
        stat(_("Speed here"), sizes.per_second(plan["speed"]["learning"]), _("tokens learned from"))
    with scrolled(_("The plan")), Tag("table"):
        with Tag("thead"), Tag("tr"):
            Tag("th", _("Strategy"), scope="col")
            Tag("th", _("Expected time"), classes="number", scope="col")
            Tag("th", _("Why"), scope="col")
        with Tag("tbody"):
            for stage in plan["stages"]:
                with Tag("tr"):
                    Tag("td", stage["strategy"])
                    Tag("td", duration(stage["seconds"]), classes="number")
                    Tag("td", stage["why"])


def _budget(seconds: float | None) -> str:
    return _("no limit") if seconds is None else _("limit {time}").format(time=duration(seconds))
