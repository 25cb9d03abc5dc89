"""The arguments that several commands share. They are functions because their words depend on the language in force."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from tunery.errors import SettingError
from tunery.i18n import _


def path() -> Any:
    """The data, where it is what the command is about."""
    return typer.Argument(
        metavar="PATH", help=_("A file, a folder with train, dev and test, or a source such as hf:user/data.")
    )


def data() -> Any:
    """The data, where it is one thing among others."""
    return typer.Option("--data", metavar="<text>", help=_("File, folder or source of the labelled data."))


def task() -> Any:
    """What is predicted."""
    return typer.Option("--task", metavar="<text>", help=_("What is predicted: {names}.").format(names=_task_names()))


def strategy() -> Any:
    """How much of the base model learns."""
    from tunery.tuning import strategies

    names = ", ".join(strategies.available())
    return typer.Option(
        "--strategy",
        metavar="<text>",
        help=_("How much of the base model learns: {names}. Default: auto.").format(names=names),
    )


def recipe() -> Any:
    """A recipe file."""
    return typer.Option("--recipe", metavar="<file>", help=_("A recipe file; options change single values of it."))


def model() -> Any:
    """A tuned model."""
    return typer.Argument(metavar="MODEL", help=_("Folder of the model."))


def named_models() -> Any:
    """Models that are served."""
    return typer.Argument(
        metavar="[NAME=]MODEL...", help=_("Folders of models, each with the name callers use for it.")
    )


def by_name(models: list[str]) -> dict[str, Path]:
    """Return the folders of `named_models` by their names; where none is given, it is the folder's.

    Raises:
        SettingError: Two have the same.
    """
    found: dict[str, Path] = {}
    for model in models:
        name, equals, folder = model.partition("=")
        path = Path(folder if equals else model)
        name = name if equals else path.resolve().name
        if name in found:
            raise SettingError(
                _("Two models have the name {name}.").format(name=name),
                _("Give each its own: NAME=FOLDER."),
            )
        found[name] = path
    return found


def split() -> Any:
    """What is measured on."""
    return typer.Option("--split", metavar="<train|dev|test>", help=_("The split to measure on."))


def html() -> Any:
    """A page to write."""
    return typer.Option("--html", metavar="<file>", help=_("Also write the result as one HTML page."))


def json() -> Any:
    """A JSON file to write."""
    return typer.Option("--json", metavar="<file>", help=_("Also write the result as JSON; - prints only that."))


def settings() -> Any:
    """Settings of how files are read."""
    from tunery.data.settings import DataSettings

    about = _("A setting of how files are read, for example text_column=review. There are: {names}.")
    return typer.Option("--set", metavar="<name=value>", help=about.format(names=", ".join(DataSettings.model_fields)))


def _task_names() -> str:
    from tunery import tasks

    return ", ".join(tasks.available())
