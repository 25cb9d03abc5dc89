"""The agreement of annotators as text."""

from __future__ import annotations

from tunery.evaluation.agreement import AnnotatorAgreement
from tunery.evaluation.bootstrap import Interval
from tunery.evaluation.tables import table
from tunery.evaluation.wording import interval_text, label_text, number, visible
from tunery.i18n import _

_SHOWN = 20


def agreement_text(found: AnnotatorAgreement) -> str:
    """Return an agreement as text, in the language in force."""
    parts = [
        [
            _(
                "{annotators} annotators; {texts} texts have at least two answers, and {differing} of them differ."
            ).format(annotators=len(found.annotators), texts=found.texts, differing=len(found.to_settle)),
            _("Krippendorff's alpha: {alpha}").format(alpha=_with_interval(found.alpha, found.interval)),
        ],
        _pair_table(found),
        _label_table(found),
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _with_interval(value: float | None, ends: Interval | None) -> str:
    return _score(value) + (f"  {interval_text(ends)}" if ends is not None else "")


def _score(value: float | None) -> str:
    return _("none") if value is None else number(value)


def _pair_table(found: AnnotatorAgreement) -> list[str]:
    if not found.pairs:
        return []
    score = _("F1 of spans") if found.kind == "spans" else _("Cohen's kappa")
    rows = [[_("Two annotators"), _("texts"), _("same answer"), score, _("95% interval")]]
    rows += [
        [
            f"{visible(pair.first)} - {visible(pair.second)}",
            str(pair.texts),
            number(pair.same),
            _score(pair.score),
            interval_text(pair.interval) if pair.interval is not None else "",
        ]
        for pair in found.pairs[:_SHOWN]
    ]
    return table(rows)


def _label_table(found: AnnotatorAgreement) -> list[str]:
    if not found.per_label:
        return []
    # Where people disagree most is where the guidelines need another sentence.
    worst = sorted(found.per_label.items(), key=lambda item: (item[1] is None, item[1] or 0.0))[:_SHOWN]
    return table(
        [[_("Label, least agreed first"), "alpha"], *([label_text(name), _score(value)] for name, value in worst)]
    )
