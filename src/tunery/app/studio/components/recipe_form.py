"""A recipe as a form: made from what recipes, tasks and strategies declare themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunery.app.studio.components.forms import Form, form_from, text_field
from tunery.app.studio.components.markup import Tag
from tunery.app.studio.views import recipes
from tunery.errors import SettingError
from tunery.i18n import N_, _

_NAMES = {
    "budget": N_("Time limit"),
    "epochs": N_("Epochs"),
    "seed": N_("Seed"),
    "optimizer": N_("Optimizer"),
    "learning_rate": N_("Learning rate"),
    "layer_decay": N_("Layer decay"),
    "unfreeze": N_("Gradual unfreezing"),
    "schedule": N_("Schedule"),
    "warmup": N_("Warm-up"),
    "max_steps": N_("Updates at most"),
    "batch_tokens": N_("Tokens in a batch"),
    "batch_size": N_("Windows in a batch"),
    "weight_decay": N_("Weight decay"),
    "dropout": N_("Dropout"),
    "loss": N_("Loss"),
    "focal_gamma": N_("Focal gamma"),
    "label_smoothing": N_("Label smoothing"),
    "class_weights": N_("Class weights"),
    "gradient_clipping": N_("Gradient clipping"),
    "patience": N_("Patience"),
    "measure_every": N_("Epochs between measurements"),
    "head_start": N_("Head start"),
    "max_length": N_("Longest window"),
    "overlap": N_("Overlap of windows"),
    "pooling": N_("Pooling"),
    "multi_label": N_("Several labels a text"),
    "at_least_one": N_("At least one label"),
    "words": N_("Words"),
    "context": N_("Neighbouring sentences"),
    "rank": N_("Rank"),
    "alpha": N_("Alpha"),
    "layers": N_("Layers"),
    "adapter_dropout": N_("Dropout of adapters"),
    "adapter": N_("Adapters afterwards"),
}
_STRATEGIES = {
    "auto": (N_("Automatic"), N_("Looks at data and machine, and goes on while dev says that it pays")),
    "full": (N_("Full"), N_("Everything learns: best where labels and time allow it")),
    "lora": (N_("LoRA"), N_("Small matrices beside the layers learn: little memory, small files")),
    "last-n": (N_("Last layers"), N_("Only the upper layers learn: faster than full")),
    "head": (N_("Head"), N_("Only what stands on top learns, by gradient descent")),
    "probe": (N_("Linear probe"), N_("A linear model on the frozen base: seconds")),
    "contrastive": (N_("Contrastive"), N_("Texts of one class draw together: for a handful of labels a class")),
}


class RecipeForm:
    """The form. Choosing a strategy shows that strategy's own settings.

    Args:
        task: The name of the task.
        base: The base model's source at first.
    """

    def __init__(self, task: str, base: str = "") -> None:
        self._task = task
        self._strategy = "auto"
        self._choices: dict[str, Tag] = {}
        self._own: Form[Any] | None = None
        self.base = text_field(_("Base model"), base, hint=_("A source, for example hf:google-bert/bert-base-cased."))
        with Tag("div", classes="field"):
            Tag("span", _("Strategy"), classes="field-name")
            with Tag("div", classes="choices", role="group", **{"aria-label": _("Strategy")}):
                for name in recipes.strategy_names():
                    self._choice(name)
        self._place = Tag("div")
        self._budget = text_field(_("Time limit"), hint=_("For example 90s, 5m or 1h; the schedule is fitted to it."))
        self._folded()
        self.choose("auto")

    def choose(self, strategy: str) -> None:
        """Show a strategy's own settings."""
        self._strategy = strategy
        for name, element in self._choices.items():
            element.props["aria-pressed"] = "true" if name == strategy else "false"
        self._place.clear()
        declared = recipes.strategy_settings(strategy)
        self._own = None
        if declared.model_fields:
            with self._place:
                self._own = form_from(declared, names=names())

    def read(self) -> dict[str, object] | None:
        """Return the recipe; None, with the errors beside the fields, where it can't be used."""
        self.base.complain("")
        self._budget.complain("")
        own = self._own.read() if self._own is not None else None
        task, rest = self._of_task.read(), self._rest.read()
        if (self._own is not None and own is None) or task is None or rest is None:
            return None
        if not str(self.base.value or "").strip():
            self.base.complain(_("Name a base model."))
            return None
        try:
            return recipes.compose(
                str(self.base.value).strip(),
                (self._task, task.model_dump()),
                (self._strategy, own.model_dump() if own is not None else {}),
                {**rest.model_dump(), "budget": self._budget.value or None},
            )
        except SettingError as error:
            self._budget.complain(error.message)
            return None

    def _choice(self, name: str) -> None:
        title, about = _STRATEGIES.get(name, (name, ""))
        with Tag("button", classes="choice", type="button") as element:
            Tag("strong", _(title))
            if about:
                Tag("span", _(about))
        element.on("click", lambda: self.choose(name))
        self._choices[name] = element

    def _folded(self) -> None:
        with Tag("details", classes="fold"):
            Tag("summary", _("Settings of the task"))
            self._of_task = form_from(recipes.task_settings(self._task), names=names())
        with Tag("details", classes="fold"):
            Tag("summary", _("Settings of learning"))
            self._rest = form_from(recipes.learning_settings(), names=names())


def names() -> Mapping[str, str]:
    """Return what people read for the names of settings."""
    return {name: _(title) for name, title in _NAMES.items()}


def name_of(setting: str) -> str:
    """Return what people read for the name of a setting; that of a part has the part in front."""
    part, _dot, name = setting.rpartition(".")
    own = _(_NAMES[name]) if name in _NAMES else name
    return (
        f"{part} · {own}"
        if part
        else {"base": _("Base model"), "task": _("Task"), "strategy": _("Strategy")}.get(name, own)
    )
