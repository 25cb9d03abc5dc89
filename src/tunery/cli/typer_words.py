"""What typer says by itself, in the reader's language: headings of the help, and what is wrong with a call."""

from __future__ import annotations

import difflib
from typing import Any

import typer
from rich.columns import Columns
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from typer import rich_utils
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

from tunery.errors import SettingError
from tunery.i18n import N_, _

HELP_NAMES = ["--help", "-h"]
"""What asks for help, at every command."""
_PARAMETER_HELP = {
    "help": N_("Show this message and exit."),
    "install_completion": N_("Install completion for the current shell."),
    "show_completion": N_("Show completion for the current shell, to copy it or change how it is installed."),
}


class Command(TyperCommand):
    """A command whose usage line and complaints are translated."""

    @override
    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    @override
    def get_help_option_names(self, ctx: Any) -> list[str]:
        # Typer's come from a set, in an order that differs from run to run.
        return sorted(super().get_help_option_names(ctx), key=len, reverse=True)

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # Typer would refuse what is left over in English.
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if ctx.args:
            raise SettingError(
                _("{command} does not take {words}.").format(command=ctx.command_path, words=" ".join(ctx.args)),
                _help_hint(ctx.command_path),
            )
        return rest


class Group(TyperGroup):
    """A group of commands whose usage line and complaints are translated."""

    @override
    def get_usage(self, ctx: Any) -> str:
        return _usage(super().get_usage(ctx))

    @override
    def get_help_option_names(self, ctx: Any) -> list[str]:
        # Typer's come from a set, in an order that differs from run to run.
        return sorted(super().get_help_option_names(ctx), key=len, reverse=True)

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        # Groups first: data is checked before a model is tuned.
        return sorted(super().list_commands(ctx), key=lambda name: not isinstance(self.commands[name], TyperGroup))

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            raise SettingError(
                _("There is no command {name}.").format(name=f"{ctx.command_path} {name}"),
                _near(name, self.list_commands(ctx)),
            )
        return super().resolve_command(ctx, args)


class FoldingTable(Table):
    """A table that continues long words on the next line: Chinese has no spaces, and would be cut off."""

    @override
    def add_row(self, *cells: RenderableType | None, **style: Any) -> None:
        super().add_row(*cells, **style)
        for column in self.columns:
            column.overflow = "fold"


class FoldingColumns(Columns):
    """Columns that continue long words on the next line."""

    @override
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in super().__rich_console__(console, options):
            if isinstance(part, Table):
                for column in part.columns:
                    column.overflow = "fold"
            yield part


def speak(command: Any) -> None:
    """Put typer's own words into the language in force, for ``command`` and all below it."""
    # Typer has no other place to say these.
    vars(rich_utils).update(
        ARGUMENTS_PANEL_TITLE=_("Arguments"),
        OPTIONS_PANEL_TITLE=_("Options"),
        COMMANDS_PANEL_TITLE=_("Commands"),
        DEFAULT_STRING=_("[default: {}]"),
        REQUIRED_LONG_STRING=_("[required]"),
        Columns=FoldingColumns,
        Table=FoldingTable,
    )
    _translate_parameters(command)


def complaint(error: typer.TyperException) -> SettingError:
    """Return what is wrong with a call, in our words."""
    context = getattr(error, "ctx", None)
    hint = _help_hint(context.command_path) if context is not None else ""
    # Of these classes typer exports only BadParameter, so they are told apart by name.
    kind = type(error).__name__
    if kind == "MissingParameter":
        return SettingError(_("{name} is missing.").format(name=_name(getattr(error, "param", None))), hint)
    if kind == "NoSuchOption":
        option = str(getattr(error, "option_name", ""))
        known = [] if context is None else [flag for one in context.command.get_params(context) for flag in one.opts]
        return SettingError(_("There is no option {name}.").format(name=option), _near(option, known) or hint)
    if kind == "BadOptionUsage":
        option = str(getattr(error, "option_name", ""))
        message = _("Option {name} lacks its value, or was given one that it does not take.").format(name=option)
        return SettingError(message, hint)
    return SettingError(error.format_message(), hint)


def _translate_parameters(command: Any) -> None:
    context = typer.Context(command, help_option_names=HELP_NAMES)
    for parameter in command.get_params(context):
        if parameter.name in _PARAMETER_HELP:
            parameter.help = _(_PARAMETER_HELP[parameter.name])
    for child in getattr(command, "commands", {}).values():
        _translate_parameters(child)


def _usage(text: str) -> str:
    return text.replace("Usage:", _("Usage:"), 1)


def _help_hint(command_path: str) -> str:
    return _("See what there is: {command} --help").format(command=command_path)


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return _("Did you mean {near}?").format(near=near[0])
    return _("There are: {names}.").format(names=", ".join(known))


def _name(parameter: Any) -> str:
    if parameter is None:
        return _("Something")
    if parameter.param_type_name == "argument":
        return _("Argument {name}").format(name=parameter.display_name_raw.upper())
    return _("Option {name}").format(name=max(parameter.opts, key=len))
