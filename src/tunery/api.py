"""The public functions: each ties the rooms together in a few lines and holds no logic of its own.

The command line calls exactly these, so whatever a terminal can do a notebook can do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tunery.data.dataset import Dataset
from tunery.types import Example, Input, Predictor, Span

if TYPE_CHECKING:
    from tunery.data.annotation_formats import Annotated
    from tunery.data.check import Check
    from tunery.evaluation.agreement import AnnotatorAgreement
    from tunery.evaluation.comparison import Comparison
    from tunery.evaluation.label_errors import LabelErrors
    from tunery.evaluation.report import Report
    from tunery.models.attributions import Attribution
    from tunery.models.export.result import ExportResult
    from tunery.models.model import Model
    from tunery.tuning.learning_curve_result import LearningCurve
    from tunery.tuning.planning import RunPlan
    from tunery.tuning.ranking import Ranking
    from tunery.tuning.recipe import Recipe
    from tunery.tuning.search_result import Search


def load_data(source: str | Path, task: str, **settings: object) -> Dataset:
    """Read labelled files into train, dev and test.

    Args:
        source: A file, a folder whose files are named for their split, or a source URI such as ``hf:user/data``.
        task: For example ``text-classification`` or ``token-classification``.
        **settings: The fields of `tunery.data.settings.DataSettings`, for example ``text_column="review"``.

    Raises:
        DataError: Something in the files can't be used; the error lists every fault with file and line.
        SettingError: A setting doesn't exist or has a value it can't have.
        SourceError: The source can't be had.
    """
    from tunery import tasks
    from tunery.data.loading import load
    from tunery.data.settings import DataSettings
    from tunery.settings import build

    return load(source, tasks.get(task).reads, build(DataSettings, settings))


def check(data: Dataset, base: str | None = None) -> Check:
    """Look for everything in ``data`` that would cost quality.

    Args:
        data: The data set.
        base: A base model's source; lengths are then counted in its tokens and held against its limit.
    """
    from tunery.data.check import check as check_data
    from tunery.models.base import token_counter

    if base is None:
        return check_data(data)
    counter = token_counter(base)
    return check_data(data, count_tokens=counter.count, limit=counter.limit)


def plan(
    data: Dataset,
    base: str | None = None,
    *,
    recipe: Recipe | str | Path | None = None,
    **settings: object,
) -> RunPlan:
    """Say what `tune` would do with the same arguments: strategies, time and memory on this machine.

    Args:
        data: The data set.
        base: Source of the base model; may stand in the recipe instead.
        recipe: A recipe, or the path of a recipe file; ``settings`` change single values of it.
        **settings: Fields of the recipe, of its task or of its strategy.

    Raises:
        SettingError: A setting doesn't exist or has a value it can't have.
        SourceError: The base model can't be had.
        ModelError: The base model can't be used for the task.
    """
    from tunery.tuning import plan as look_ahead
    from tunery.tuning.recipe import Recipe

    given = dict(settings) if base is None else {"base": base, **settings}
    return look_ahead(data, Recipe.of(recipe, data.schema, given))


def tune(
    data: Dataset,
    base: str | None = None,
    *,
    recipe: Recipe | str | Path | None = None,
    output: str | Path | None = None,
    resume: bool = False,
    **settings: object,
) -> Model:
    """Tune a base model to labelled examples.

    Args:
        data: The data set; train is learned from, dev is chosen by, test is not touched.
        base: Source of the base model; may stand in the recipe instead.
        recipe: A recipe, or the path of a recipe file; ``settings`` change single values of it.
        output: Folder for the model; by default a new temporary one.
        resume: Go on with the run that was interrupted in ``output``.
        **settings: Fields of the recipe, of its task or of its strategy, for example ``strategy="full", epochs=4``.

    Raises:
        SettingError: A setting doesn't exist or has a value it can't have.
        SourceError: The base model can't be had.
        ModelError: The base model can't be used for the task, or ``output`` holds something else.
    """
    from tunery.tuning import fit
    from tunery.tuning.recipe import Recipe

    given = dict(settings) if base is None else {"base": base, **settings}
    return fit(data, Recipe.of(recipe, data.schema, given), output, resume=resume)


def search(
    data: Dataset,
    base: str | None = None,
    *,
    trials: int = 16,
    budget: float | str | None = None,
    output: str | Path | None = None,
    recipe: Recipe | str | Path | None = None,
    resume: bool = False,
    **settings: object,
) -> Search:
    """Look for settings that are better on dev than the defaults, and keep the best model.

    Args:
        data: The data set; train is learned from, dev is chosen by, test is not touched.
        base: Source of the base model; may stand in the recipe instead.
        trials: How many settings are tried, in short runs; the first are the defaults.
        budget: Time that all of them together may take, for example ``"1h"``, or seconds.
        output: Folder for the best model and what was tried; by default a new temporary one.
        recipe: A recipe, or the path of a recipe file. What is given in it, or in ``settings``, is not searched.
        resume: Go on with the search that was interrupted in ``output``.
        **settings: Fields of the recipe, of its task or of its strategy, for example ``strategy="full"``.

    Raises:
        SettingError: A setting doesn't exist or has a value it can't have, or nothing is left to search.
        SourceError: The base model can't be had.
        ModelError: The base model can't be used for the task, or ``output`` holds something else.
    """
    from tunery.tuning import search as look_for
    from tunery.tuning.recipe import Recipe

    given = {**settings, "budget": budget} if base is None else {"base": base, **settings, "budget": budget}
    return look_for(data, Recipe.of(recipe, data.schema, given), output, trials=trials, resume=resume)


def learning_curve(
    data: Dataset,
    base: str | None = None,
    *,
    points: int = 5,
    output: str | Path | None = None,
    recipe: Recipe | str | Path | None = None,
    resume: bool = False,
    **settings: object,
) -> LearningCurve:
    """Tune on growing shares of the labels, and say what twice as many would bring.

    Args:
        data: The data set; shares of train are learned from, dev is measured on, test is not touched.
        base: Source of the base model; may stand in the recipe instead.
        points: How many numbers of rows: all of train, half of it, a quarter, ...
        output: Folder for the curve and its picture; by default a new temporary one.
        recipe: A recipe, or the path of a recipe file; ``settings`` change single values of it.
        resume: Go on with the curve that was interrupted in ``output``.
        **settings: Fields of the recipe, of its task or of its strategy; ``budget`` is for all runs together.

    Raises:
        DataError: Train or dev is missing, or train is too small to be divided.
        SettingError: A setting doesn't exist or has a value it can't have.
        SourceError: The base model can't be had.
        ModelError: The base model can't be used for the task, or ``output`` holds something else.
    """
    from tunery.tuning import learning_curve as measure
    from tunery.tuning.recipe import Recipe

    given = dict(settings) if base is None else {"base": base, **settings}
    return measure(data, Recipe.of(recipe, data.schema, given), output, points=points, resume=resume)


def rank(data: Dataset, bases: Sequence[str], task: str | None = None, **settings: object) -> Ranking:
    """Rank base models by how near they are to a task, without tuning any.

    Args:
        data: The data set; only train is looked at.
        bases: Sources of the base models. One that can't be used is listed with the reason.
        task: By default the first that the data fits.
        **settings: Fields of the task, for example ``max_length=128``.

    Raises:
        DataError: Train is missing or has no labels.
        SettingError: No base model is named, or a setting doesn't exist or has a value it can't have.
    """
    from tunery.tuning import rank as compare_bases

    return compare_bases(data, bases, task, settings)


def load_model(folder: str | Path) -> Model:
    """Load a tuned model from its folder.

    Raises:
        ModelError: The folder holds no model, or one that can't be used.
    """
    from tunery.models.model import Model

    return Model.load(folder)


def evaluate(predictor: Predictor, examples: Sequence[Example], task: str | None = None) -> Report:
    """Measure a predictor on labelled examples.

    Args:
        predictor: A tuned model, or anything with labels and ``predict``.
        examples: A split of a data set, or a list of examples.
        task: Needed for predictors that don't say what their task is.

    Raises:
        DataError: Examples have no right answer, or are rows that the model learned from.
    """
    from tunery import tasks
    from tunery.evaluation import evaluate as measure
    from tunery.models import learned
    from tunery.models.model import Model

    if isinstance(predictor, Model):
        learned.refuse(predictor.folder, examples)
        return measure(predictor, examples, predictor.task, baselines=predictor.baselines())
    return measure(predictor, examples, tasks.of(predictor, task))


def compare(first: Predictor, second: Predictor, examples: Sequence[Example], task: str | None = None) -> Comparison:
    """Measure two predictors on the same examples, and say whether their difference is more than chance.

    Args:
        first: The one that is there.
        second: The one that may be better.
        examples: A split of a data set, or a list of examples.
        task: Needed for predictors that don't say what their task is.
    """
    from tunery import tasks
    from tunery.evaluation import compare as measure

    return measure(first, second, examples, tasks.of(first, task))


def label_errors(
    examples: Sequence[Example], model: Model | str, task: str | None = None, *, count: int | None = None
) -> LabelErrors:
    """Find rows whose labels are likely wrong, the likeliest first.

    Args:
        examples: Labelled rows.
        model: Source of a base model: the rows then answer for each other, by cross-validation of a linear probe on its
            features. Or a tuned model, if the rows are new to it.
        task: By default what fits the rows' labels.
        count: How many rows to return, whether they are taken to be wrong or not; by default those that are.

    Raises:
        DataError: Rows have no label, or are too few, or are what the model learned from.
        MissingExtraError: The extra ``review`` is not installed.
        SourceError: The base model can't be had.
    """
    from tunery import tasks
    from tunery.evaluation import label_errors as ranking
    from tunery.models import learned

    ranking.require()
    spans = any(isinstance(item, Span) for example in examples for item in example.target or ())
    kind = tasks.get(task or ("token-classification" if spans else "text-classification"))
    if isinstance(model, str):
        from tunery.tuning import out_of_fold

        answered = out_of_fold(examples, model, kind)
        return ranking.find(examples, answered.predictions, answered.labels, answered.words, count=count)
    learned.refuse(model.folder, list(examples))
    words = model.word_scores(examples) if model.task.reads.target == "spans" else None
    return ranking.find(examples, model.predict(examples), model.labels, words, count=count)


def explain(
    model: Model, text: Input, label: str | None = None, *, span: Span | None = None, steps: int = 24
) -> Attribution:
    """Say which words of a text moved an answer, and how much.

    Args:
        model: A tuned model.
        text: The text.
        label: Why this label; by default the model's answer, and of several labels the surest.
        span: For entities: why this span; by default the surest that the model finds.
        steps: More steps take longer, and leave less unexplained.

    Raises:
        MissingExtraError: The extra ``explain`` is not installed.
        ModelError: The model doesn't know the label, or there is no span to explain.
        SettingError: ``steps`` is no usable number.
    """
    from tunery.models.attributions import explain as attribute

    return attribute(model, text, label, span=span, steps=steps)


def agreement(items: Sequence[Annotated]) -> AnnotatorAgreement:
    """Measure how far the annotators of some texts agree, and name the texts that somebody has to settle.

    Args:
        items: Texts with everybody's answers, as `tunery.data.annotation_formats.read` gives them.

    Raises:
        DataError: The answers are not all of one kind.
    """
    from tunery.evaluation.agreement import agreement as measure

    return measure(items)


def export(
    model: Model | str | Path,
    data: Dataset | Sequence[Example] | None = None,
    *,
    format: str = "auto",  # noqa: A002 - what its users know it by
    accuracy: float | None = None,
    out_of_scope: Sequence[str] | None = None,
) -> ExportResult:
    """Make a model ready for serving: faster than torch, and with the same answers, which is checked on dev.

    Args:
        model: A tuned model, or its folder. What is written goes into that folder.
        data: The data set whose dev answers are compared on, or rows of it. By default the data it was tuned with.
        format: ``onnx``, or ``onnx-int8`` with matrices of 8-bit integers; ``auto`` measures torch and both, and keeps
            the fastest that passes.
        accuracy: The share of given answers that is to be right: the model then abstains below a score that keeps it.
        out_of_scope: Texts that no label fits: the score is then chosen so that they are refused.

    Raises:
        ModelError: The format that was asked for doesn't answer as torch does or is not faster (the error says by how
            much, and the folder stays as it was), or no score keeps ``accuracy``.
        DataError: The data can't be used, or is what the model learned from.
        SettingError: ``format`` or ``accuracy`` has a value it can't have.
        MissingExtraError: The extra ``export`` is not installed.
    """
    from tunery.models import learned
    from tunery.models.export.exporting import export as carry_out
    from tunery.models.export.rows import dev_of
    from tunery.models.model import Model

    loaded = model if isinstance(model, Model) else Model.load(model)
    rows = dev_of(loaded.manifest, data)
    # As a list, rows that call themselves train are looked at as all others are.
    learned.refuse(loaded.folder, list(rows))
    return carry_out(loaded, rows, format=format, accuracy=accuracy, out_of_scope=out_of_scope or ())


def package(models: Mapping[str, str | Path] | str | Path, output: str | Path) -> Path:
    """Write a folder that serves exported models with Python or Docker, and needs neither Tunery nor torch.

    Args:
        models: Endpoints with the folders of their models; of one folder alone, the endpoint has the folder's name.
        output: The folder; a new one, or an empty one. It appears as a whole or not at all.

    Returns:
        ``output``.

    Raises:
        ModelError: A model was not exported, or can't answer.
        SettingError: A name can't be an endpoint's, or ``output`` can't be written or holds something.
    """
    from tunery.serving.package import package as write

    named = {Path(models).resolve().name: models} if isinstance(models, str | Path) else models
    return write({name: Path(folder) for name, folder in named.items()}, Path(output))
