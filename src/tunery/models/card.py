"""The model card: ``README.md`` of a model folder, in the reader's language."""

from __future__ import annotations

from tunery.i18n import _, language
from tunery.models.manifest import Manifest

_SHOWN = 40
"""Labels listed by name; the rest are counted."""


def model_card(name: str, manifest: Manifest) -> str:
    """Return the text of the card: what the model does, what it was made from, how good it is, how to use it."""
    return (
        "\n\n".join([_header(manifest), f"# {name}", *_origin(manifest), *_quality(manifest), *_use(name, manifest)])
        + "\n"
    )


def _header(manifest: Manifest) -> str:
    task = manifest.task["name"]
    return f"---\nlanguage: {language()}\nlibrary_name: transformers\npipeline_tag: {task}\ntags: [tunery]\n---"


def _origin(manifest: Manifest) -> list[str]:
    labels = ", ".join(f"`{label}`" for label in manifest.labels[:_SHOWN])
    if len(manifest.labels) > _SHOWN:
        labels += _(" and {n} more").format(n=len(manifest.labels) - _SHOWN)
    rows = ", ".join(f"{split} {count}" for split, count in manifest.rows.items())
    made = _("**Made from** the base model `{base}`, whose licence goes on to apply, and the data `{data}` ({rows}).")
    return [
        _("A model for {task}, tuned with Tunery {version} on {date}.").format(
            task=manifest.task["name"], version=manifest.versions.get("tunery", ""), date=manifest.created[:10]
        ),
        _("**Labels** ({n}): {labels}").format(n=len(manifest.labels), labels=labels),
        made.format(base=manifest.base.source, data=manifest.data.source, rows=rows),
    ]


def _quality(manifest: Manifest) -> list[str]:
    metrics = "\n".join(f"| {metric} | {value:.4f} |" for metric, value in manifest.metrics.items())
    chosen = _(
        "On the {rows} rows of dev, by which it was chosen. Measure it with `tunery evaluate` on rows it has never met."
    )
    scores = _("Scores are probabilities: a temperature of {temperature:.3f}, fitted on dev, is part of the weights.")
    return [
        "## " + _("How good it is"),
        chosen.format(rows=manifest.rows.get("dev", 0)),
        f"| {_('score')} | dev |\n|---|---|\n{metrics}",
        scores.format(temperature=manifest.calibration.temperature),
        "![](curves.png)",
    ]


def _use(name: str, manifest: Manifest) -> list[str]:
    plain = _('Plain transformers loads the folder too: `pipeline("{task}", "{name}")`.')
    warning = _(
        "It has learned what its examples show and nothing else: other languages, topics and ways of writing are "
        "untested, and whatever was wrong or one-sided in the labels is in its answers."
    )
    return [
        "## " + _("How to use it"),
        f'```python\nimport tunery\n\nmodel = tunery.load_model("{name}")\nmodel.predict(["..."])\n```',
        plain.format(task=manifest.task["name"], name=name),
        "## " + _("What to know before relying on it"),
        warning,
    ]
