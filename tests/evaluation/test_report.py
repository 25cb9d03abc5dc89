from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tunery.errors import TuneryError
from tunery.evaluation import Comparison, Report, evaluate
from tunery.tasks import Task
from tunery.types import Example, Prediction


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


def test_numbers_that_cant_belong_together_are_refused(fixed: Any, task: Task) -> None:
    report = evaluate(fixed(("a",), [Prediction("a", 0.5)]), [Example("x", "a")], task).to_dict()
    for field, value in (("metric", "bleu"), ("intervals", {}), ("created", "yesterday"), ("rows", "many")):
        with pytest.raises(TuneryError, match="This is not a report: missing or not as expected: "):
            Report.from_dict({**report, field: value})
    with pytest.raises(TuneryError, match=r"expected: confusion\."):
        Report.from_dict({**report, "confusion": {"labels": ["a", "b"], "counts": [[1]]}})


def test_the_room_gives_its_four_names_and_no_others() -> None:
    import tunery.evaluation as room

    assert [getattr(room, name).__name__ for name in room.__all__] == ["Comparison", "Report", "compare", "evaluate"]
    with pytest.raises(AttributeError, match="has no attribute 'judge'"):
        room.judge  # noqa: B018


@pytest.mark.parametrize("page", ["reports.md", "reports.zh-CN.md"])
def test_every_field_is_documented(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / page).read_text(encoding="utf-8")
    fields = {*Report.model_fields, *Comparison.model_fields, "p_value", "p_holm", "expected_calibration_error"}
    assert [field for field in sorted(fields) if f"`{field}`" not in text] == []


def test_measuring_loads_no_library_of_machine_learning() -> None:
    code = (
        "import sys\n"
        "from tunery import tasks\n"
        "from tunery.evaluation import compare, evaluate\n"
        "from tunery.evaluation.recorded import RecordedAnswers\n"
        "from tunery.types import Example, Prediction\n"
        "answers = RecordedAnswers(('a',), {'x': Prediction('a', 0.5)})\n"
        "rows, task = [Example('x', 'a')], tasks.get('text-classification')\n"
        "evaluate(answers, rows, task).to_html(), compare(answers, answers, rows, task).to_html()\n"
        "print([name for name in ('torch', 'transformers', 'sklearn') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
