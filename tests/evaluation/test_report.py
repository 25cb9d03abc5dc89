from __future__ import annotations

import pytest

from tunery.errors import TuneryError
from tunery.evaluation import Comparison, Report


def test_what_is_no_report_is_said_so() -> None:
    with pytest.raises(
        TuneryError,
        match=r"This is not a report: missing or not as expected: task, model, split, rows, decisions, …\. Give",
    ):
        Report.from_dict({"kind": "report"})


def test_a_comparison_is_no_report() -> None:
    with pytest.raises(TuneryError, match="This is not a report: missing or not as expected: kind, "):
        Report.from_dict({"kind": "comparison"})
    with pytest.raises(TuneryError, match="This is not a comparison: missing or not as expected: kind, "):
        Comparison.from_dict({"kind": "report"})


def test_the_room_gives_its_four_names_and_no_others() -> None:
    import tunery.evaluation as room

    assert [getattr(room, name).__name__ for name in room.__all__] == ["Comparison", "Report", "compare", "evaluate"]
    with pytest.raises(AttributeError, match="has no attribute 'judge'"):
        room.judge  # noqa: B018
