"""``tunery tune``: a base model and labelled examples into a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import tunery
from tunery.cli import arguments, servers
from tunery.cli.options import Setting, pairs, settings_of, settings_of_kinds
from tunery.cli.output import say, show, write, write_json
from tunery.errors import SettingError
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.models.model import Model
    from tunery.tuning.recipe import Recipe


def tune(
    data: Annotated[str, arguments.data()],
    output: Annotated[
        Path | None, typer.Option("--output", metavar="<folder>", help=_("Folder for the model."))
    ] = None,
    task: Annotated[str | None, arguments.task()] = None,
    strategy: Annotated[str | None, arguments.strategy()] = None,
    recipe: Annotated[Path | None, arguments.recipe()] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help=_("Go on with the run that was interrupted in the output folder."))
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("Print the plan with its time and memory, and stop."))
    ] = False,
    settings: Annotated[list[str] | None, arguments.settings()] = None,
    **values: object,
) -> None:
    """Tune, and print where the model is and how it does on dev."""
    from tunery.tuning.recipe import Recipe

    given = {"task": task, "strategy": strategy, **values}
    # The recipe comes first: a wrong setting should not wait for a download.
    complete = Recipe.of(recipe, None, given)
    if servers.wanted():
        _tune_there(data, complete, output, dry_run, pairs(settings))
        return
    if output is None and not dry_run:
        raise SettingError(_("No folder for the model is named."), _("Give one, for example --output my-model."))
    dataset = tunery.load_data(data, complete.task.name, **pairs(settings))
    if dry_run:
        show(tunery.plan(dataset, recipe=complete))
        return
    model = tunery.tune(dataset, recipe=complete, output=output, resume=resume)
    _tell(model, data)


def _tune_there(data: str, recipe: Recipe, output: Path | None, dry_run: bool, settings: dict[str, str]) -> None:
    servers.vacant(output)
    with servers.server() as server:
        version = server.version(data, recipe.task.name, settings)
        arguments_of_it = {"version": version, "recipe": servers.as_job(recipe)}
        if dry_run:
            write_json(server.run("plan", arguments_of_it)["plan"])
            return
        made = server.run("tune", arguments_of_it)
        model = server.ask("GET", f"/models/{made['model']}")
        servers.fetch(server, model["id"], output)
    write(str(output or model["id"]))
    for name, value in model["manifest"].get("metrics", {}).items():
        if name == recipe.task.metric:
            say(_("dev {metric}: {value:.4f}").format(metric=name, value=value))


def settings() -> list[Setting]:
    """Return the settings of recipes, and those that single tasks and strategies add."""
    from tunery import tasks
    from tunery.tuning import strategies
    from tunery.tuning.recipe import Recipe

    return [
        *settings_of(Recipe, _("Recipe")),
        *settings_of_kinds({name: tasks.get_class(name) for name in tasks.available()}, _("Task")),
        *settings_of_kinds({name: strategies.get_class(name) for name in strategies.available()}, _("Strategy")),
    ]


def _tell(model: Model, data: str) -> None:
    write(str(model.folder))
    metric = model.task.metric
    say(_("dev {metric}: {value:.4f}").format(metric=metric, value=model.manifest.metrics[metric]))
    say(_("Measure it:  tunery evaluate {folder} --data {data}").format(folder=model.folder, data=data))
    say(_('Use it:      tunery predict {folder} "..."').format(folder=model.folder))
