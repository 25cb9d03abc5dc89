"""Everything that decides a run, in one YAML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, ValidationError, model_validator

from tunery import tasks
from tunery.data.dataset import Schema
from tunery.errors import SettingError, reason_of
from tunery.i18n import N_, _
from tunery.settings import describe, unknown
from tunery.tasks.base import Task
from tunery.tuning import strategies
from tunery.tuning.space import Searched
from tunery.tuning.strategies.base import Strategy

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds(value: object) -> object:
    """Return a duration such as ``90s``, ``5m`` or ``1.5h`` in seconds; numbers are seconds already."""
    if isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smh])\w*\s*", value)):
        return float(match[1]) * _UNITS[match[2]]
    return value


class Recipe(BaseModel):
    """A base model, a task, a strategy, hyperparameters and a seed. None means: the strategy's default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(description=N_("Source of the base model, for example hf:bert-base-cased."))
    task: SerializeAsAny[Task] = Field(description=N_("What is predicted."))
    strategy: SerializeAsAny[Strategy] = Field(description=N_("How much of the base model learns. Default: auto."))
    seed: int = Field(default=42, ge=0, description=N_("Seed of everything random."))
    optimizer: Literal["adamw", "sgd"] = Field(default="adamw", description=N_("How weights are updated."))
    learning_rate: Annotated[float | None, Searched(0.2, 5.0, log=True, relative=True)] = Field(
        default=None, gt=0, description=N_("Size of the steps. Default: the strategy's.")
    )
    layer_decay: Annotated[float, Searched(0.7, 1.0)] = Field(
        default=1.0, gt=0, le=1,
        description=N_("At which share of the learning rate of the layer above it each layer learns."),
    )  # fmt: skip
    unfreeze: float = Field(
        default=0.0, ge=0, le=1,
        description=N_("Share of the run over which layers below the last begin to learn, one after another."),
    )  # fmt: skip
    schedule: Literal["linear", "cosine", "constant"] = Field(
        default="linear", description=N_("How the learning rate falls after the warm-up.")
    )
    warmup: Annotated[float, Searched(0.0, 0.2)] = Field(
        default=0.1, ge=0, lt=1, description=N_("Share of the run in which the learning rate rises.")
    )
    epochs: float | None = Field(
        default=None, gt=0, description=N_("How often the train split is gone through. Default: the strategy's.")
    )
    max_steps: int | None = Field(
        default=None, ge=1, description=N_("How many updates are made, whatever the number of epochs.")
    )
    batch_tokens: Annotated[int | None, Searched(0.5, 2.0, log=True, relative=True)] = Field(
        default=None, ge=16,
        description=N_("How many tokens, with padding, a training batch may have. Default: by the size of the data."),
    )  # fmt: skip
    batch_size: int | None = Field(
        default=None, ge=1, description=N_("How many windows a training batch may have. Default: no limit.")
    )  # fmt: skip
    weight_decay: Annotated[float, Searched(0.001, 0.1, log=True)] = Field(
        default=0.01, ge=0, description=N_("How strongly weights are drawn towards zero.")
    )
    dropout: Annotated[float | None, Searched(0.0, 0.3)] = Field(
        default=None, ge=0, lt=1, description=N_("Share of activations dropped in training. Default: the base model's.")
    )  # fmt: skip
    loss: Literal["cross-entropy", "focal"] = Field(
        default="cross-entropy",
        description=N_("What is minimised; focal learns less from what is answered rightly already."),
    )
    focal_gamma: float = Field(
        default=2.0, ge=0, description=N_("How much less focal loss learns from that; 0 makes it cross-entropy.")
    )
    label_smoothing: Annotated[float, Searched(0.0, 0.2)] = Field(
        default=0.0, ge=0, lt=1, description=N_("Share of probability spread over all labels while learning.")
    )
    class_weights: Literal["none", "balanced"] = Field(
        default="none", description=N_("Whether rare labels weigh more while learning.")
    )
    gradient_clipping: float = Field(default=1.0, ge=0, description=N_("Largest norm of the gradient; 0 for no limit."))
    patience: int = Field(
        default=4, ge=0, description=N_("Stop after so many measurements on dev without a better one; 0 to never stop.")
    )
    measure_every: float = Field(default=1.0, gt=0, description=N_("How many epochs lie between measurements on dev."))
    head_start: bool = Field(
        default=True, description=N_("Fit the head on the frozen base model before anything else learns.")
    )
    budget: Annotated[float | None, BeforeValidator(seconds)] = Field(
        default=None, gt=0,
        description=N_("Time the training may take, for example 90s, 5m or 1h; the schedule is fitted to it."),
    )  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _read_parts(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        result = dict(values)
        for field, find in (("task", tasks.get_class), ("strategy", strategies.get_class)):
            part = result.get(field)
            if isinstance(part, str):
                part = {"name": part}
            if isinstance(part, Mapping):
                settings = dict(part)
                result[field] = find(str(settings.pop("name", ""))).model_validate(settings)
        return result

    @classmethod
    def of(cls, recipe: Recipe | str | Path | None, schema: Schema | None, changes: Mapping[str, object]) -> Recipe:
        """Return a recipe from a file, another recipe or nothing, with single settings changed.

        Args:
            recipe: What to begin with.
            schema: What the data holds; decides the task where nothing else does. None: it has to be named.
            changes: Settings by name: the recipe's own, its task's or its strategy's.

        Raises:
            SettingError: A setting doesn't exist or has a value it can't have.
        """
        values = {} if recipe is None else recipe.given() if isinstance(recipe, Recipe) else _read(Path(recipe))
        given = {name: value for name, value in changes.items() if value is not None}
        parts = {
            "task": _part(given.pop("task", None), values.get("task"), _default_task(schema) if schema else ""),
            "strategy": _part(given.pop("strategy", None), values.get("strategy"), "auto"),
        }
        if not parts["task"]["name"]:
            raise SettingError(
                _("No task is named."),
                _("Give one, for example --task text-classification, or task: in the recipe."),
            )
        classes = (tasks.get_class(str(parts["task"]["name"])), strategies.get_class(str(parts["strategy"]["name"])))
        for name, value in given.items():
            owner = _owner(name, parts, classes)
            (values if owner is None else parts[owner])[name] = value
        return cls.from_dict({**values, **parts})

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Recipe:
        """Return the recipe that ``values`` describe."""
        if "base" not in values:
            raise SettingError(
                _("No base model is named."),
                _("Give one, for example --base hf:bert-base-cased, or base: in the recipe."),
            )
        for name in values:
            if name not in cls.model_fields:
                raise unknown(name, cls.model_fields)
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise SettingError(describe(error)) from None

    def to_dict(self) -> dict[str, object]:
        """Return plain values; settings left at their defaults of None are left out."""
        values: dict[str, object] = self.model_dump(mode="json", exclude_none=True)
        for field in ("task", "strategy"):
            part: Task | Strategy = getattr(self, field)
            values[field] = {"name": part.name, **part.model_dump(mode="json", exclude_none=True)}
        return values

    def given(self) -> dict[str, object]:
        """Return what `to_dict` does, without the settings that nobody gave."""
        values = {name: value for name, value in self.to_dict().items() if name in self.model_fields_set}
        for field in ("task", "strategy"):
            part: Task | Strategy = getattr(self, field)
            values[field] = {
                "name": part.name,
                **part.model_dump(mode="json", exclude_none=True, include=part.model_fields_set),
            }
        return values

    def to_yaml(self) -> str:
        """Return the recipe as the text of a file."""
        return yaml.safe_dump(self.to_dict(), allow_unicode=True, sort_keys=False)


def _default_task(schema: Schema) -> str:
    fitting = (name for name in tasks.available() if tasks.get_class(name).reads == schema)
    return next(fitting)


def _part(given: object, written: object, default: str) -> dict[str, object]:
    """Return the settings of a task or strategy: a new name begins afresh, the same name keeps what was written."""
    before = {"name": written} if isinstance(written, str) else dict(written) if isinstance(written, Mapping) else {}
    if given is None or given == before.get("name"):
        return {"name": default, **before}
    return {"name": given}


def _owner(name: str, parts: Mapping[str, object], classes: tuple[type[Task], type[Strategy]]) -> str | None:
    """Return which part a setting belongs to; None for the recipe itself."""
    if name in Recipe.model_fields:
        return None
    for part, of in zip(parts, classes, strict=True):
        if name in of.model_fields:
            return part
    known = [*Recipe.model_fields, *(field for of in classes for field in of.model_fields)]
    raise unknown(name, known)


def _read(path: Path) -> dict[str, object]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = _("The recipe {path} can't be read: {reason}.").format(path=path, reason=reason_of(error))
        raise SettingError(message, _("Check that it exists and that you may read it.")) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(_("The recipe {path} is not YAML: {reason}").format(path=path, reason=error)) from None
    if not isinstance(values, dict):
        raise SettingError(
            _("The recipe {path} holds no settings.").format(path=path), _("Write one setting a line: name: value.")
        )
    return {str(name): value for name, value in values.items()}
