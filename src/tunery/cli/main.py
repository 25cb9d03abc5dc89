"""The application: which commands there are, and what becomes of their errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer
from typing_extensions import override

import tunery
from tunery.cli import (
    data,
    evaluate,
    export,
    jobs,
    keys,
    login,
    models,
    package,
    predict,
    search,
    serve,
    servers,
    tune,
    up,
    worker,
    workspace,
)
from tunery.cli.options import with_settings
from tunery.cli.output import print_error, say, write
from tunery.cli.typer_words import HELP_NAMES, Command, Group, complaint, speak
from tunery.errors import SettingError, TuneryError
from tunery.i18n import _

USABLE, UNUSABLE, WRONG_CALL, INTERRUPTED = 0, 1, 2, 130
"""Exit codes. A bad file, model or source is 1; a call that can't be meant is 2."""


_THERE = (
    "data check", "data upload", "data curve", "models rank", "models list", "models download",
    "tune", "search", "evaluate", "export", "predict",
    "deploy", "jobs list", "jobs log", "jobs cancel",
)  # fmt: skip
"""The commands that a server carries out."""


def run(arguments: Sequence[str]) -> int:
    """Carry out one call of the command line and return its exit code.

    Args:
        arguments: What stands behind ``tunery``.
    """
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except TuneryError as error:
        print_error(error)
        return WRONG_CALL if isinstance(error, SettingError) else UNUSABLE
    except BrokenPipeError:
        # Whoever read our output has enough; the interpreter would complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNUSABLE
    if code == INTERRUPTED:
        say(_("Stopped. Nothing was left half-written."))
    return code


def command() -> Any:
    """Return the whole tree of commands, with its help in the language in force."""
    tree = typer.main.get_command(_application())
    speak(tree)
    return tree


def _dispatch(arguments: Sequence[str]) -> int:
    try:
        code = command()(list(arguments), prog_name="tunery", standalone_mode=False)
    except KeyboardInterrupt:
        return INTERRUPTED
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            say(error.format_message())
            return WRONG_CALL
        raise complaint(error) from None
    return code if isinstance(code, int) else USABLE


def _application() -> typer.Typer:
    app = typer.Typer(
        cls=Group, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False,
        context_settings={"help_option_names": HELP_NAMES},
        help=_("A pretrained model and a few labelled examples in, a model that is yours out."),
        epilog=_("Language: TUNERY_LANG=en or zh. Documentation: docs/ of the project."),
    )  # fmt: skip
    app.callback()(_global)
    about_data = typer.Typer(name="data", cls=Group, no_args_is_help=True, help=_("Check and convert labelled files."))
    app.add_typer(about_data)
    _add(about_data, data.check, _("Find everything in labelled files that would cost quality."))
    _add(about_data, data.upload, _("Import labelled files into a project of a server."))
    _add(about_data, data.convert, _("Write labelled files in another format."))
    _add(
        about_data,
        with_settings(data.curve, tune.settings()),
        _("Say what more labels would bring."),
    )
    about_models = typer.Typer(
        name="models", cls=Group, no_args_is_help=True, help=_("Choose a base model; fetch your own.")
    )
    app.add_typer(about_models)
    _add(about_models, models.rank, _("Rank base models by how near they are to a task, without tuning any."))
    _add(about_models, models.list_models, _("Print the models of a project of a server."), name="list")
    _add(about_models, models.download, _("Fetch a model's folder from a server."))
    _add(app, with_settings(tune.tune, tune.settings()), _("Tune a base model to labelled examples."))
    _add(
        app, with_settings(search.search, tune.settings()), _("Search for settings that are better than the defaults.")
    )
    _add(app, evaluate.evaluate, _("Measure a model on a split of a data set."))
    _add(app, evaluate.compare, _("Say whether one model is better than another, beyond chance."))
    _add(app, export.export, _("Make a model ready for serving: faster, and with the same answers."))
    _add(app, predict.predict, _("Label texts with a model: one JSON line for each, in their order."))
    _add(app, with_settings(serve.serve, serve.settings()), _("Serve models: many at once, behind an API."))
    _add(app, with_settings(up.up, up.settings()), _("Run the whole application: the studio, its jobs and its API."))
    _add(app, with_settings(worker.worker, worker.settings()), _("Do jobs of a workspace on one more machine."))
    _add(app, login.login, _("Sign in to an application, for commands with --server."))
    _add(app, jobs.deploy, _("Let a model of a server answer under a name."))
    about_jobs = typer.Typer(
        name="jobs", cls=Group, no_args_is_help=True, help=_("Look at what a server does, and stop it.")
    )
    app.add_typer(about_jobs)
    _add(about_jobs, jobs.list_jobs, _("Print the jobs of a project."), name="list")
    _add(about_jobs, jobs.log, _("Print what a job has said."))
    _add(about_jobs, jobs.cancel, _("Stop a job."))
    _add(app, package.package, _("Write a folder that serves models without Tunery, with Python or Docker."))
    about_keys = typer.Typer(name="keys", cls=Group, no_args_is_help=True, help=_("Say who may ask a server."))
    app.add_typer(about_keys)
    _add(about_keys, keys.create, _("Make a key and print it; it is shown only once."))
    _add(about_keys, keys.list_keys, _("Print what is known of every key."), name="list")
    _add(about_keys, keys.revoke, _("Make a key worthless, at once."))
    about_workspace = typer.Typer(name="workspace", cls=Group, no_args_is_help=True, help=_("Look after a workspace."))
    app.add_typer(about_workspace)
    for function, about in (
        (workspace.backup, _("Write a workspace into one file, while it may be used.")),
        (workspace.restore, _("Fill an empty workspace from a backup, on whatever kind of store.")),
        (workspace.check, _("Say everything that is wrong with a workspace.")),
        (workspace.gc, _("Remove files that nothing needs any more.")),
        (workspace.info, _("Say where a workspace lies and what it holds.")),
    ):
        _add(about_workspace, with_settings(function, workspace.settings()), about)
    return app


def _add(app: typer.Typer, function: Callable[..., None], about: str, name: str | None = None) -> None:
    name = name or function.__name__
    group = app.info.name
    there = f"{group} {name}" if group else name
    app.command(name, cls=Command if there in _THERE else _OnlyHere, help=about)(function)


class _OnlyHere(Command):
    """A command that no server carries out."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # Before anything else is complained about: what is missing would be missing here.
        if not set(args) & set(HELP_NAMES):
            servers.refuse(ctx.command_path.partition(" ")[2], _THERE)
        return super().parse_args(ctx, args)


def _show_version(wanted: bool) -> None:
    if wanted:
        write(f"tunery {tunery.__version__}")
        raise typer.Exit


def _global(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help=_("Show the version and exit.")),
    ] = False,
    server: Annotated[
        str | None,
        typer.Option(
            "--server", metavar="<url>",
            help=_("Have it done by an application that runs there (tunery up); sign in with tunery login first."),
        ),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="<name>", help=_("The project there; needed if there are several.")),
    ] = None,
) -> None:  # fmt: skip
    del version
    servers.choose(server, project)
