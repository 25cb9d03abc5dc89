"""Command-line options derived from settings, so that a new setting is an option without a line here.

Every derived option is a word that pydantic reads later: there is one place where values are checked, and it reports
all faults together in the reader's language. An option that was not given stays out, so that recipes keep their say.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel, BeforeValidator
from pydantic.fields import FieldInfo

from tunery.errors import SettingError
from tunery.i18n import _, joined

_TYPE_NAMES: Mapping[object, str] = {int: "int", float: "float"}


@dataclass
class Setting:
    """A setting that the command line offers.

    Attributes:
        name: Its name, the same in code, recipes and, with hyphens, as an option.
        declared: Its declaration.
        panel: Under which heading of the help it stands.
        owners: The tasks or strategies that alone have it; empty for what everyone has.
    """

    name: str
    declared: FieldInfo
    panel: str
    owners: list[str] = dataclasses.field(default_factory=list)


def settings_of(model: type[BaseModel], panel: str) -> list[Setting]:
    """Return the settings that a model declares; parts that are models themselves are left out."""
    return [
        Setting(name, declared, panel) for name, declared in model.model_fields.items() if not _is_part(declared)
    ]  # fmt: skip


def settings_of_kinds(kinds: Mapping[str, type[BaseModel]], panel: str) -> list[Setting]:
    """Return the union of what several kinds (tasks, strategies) declare, each with the kinds that have it."""
    found: dict[str, Setting] = {}
    for kind, model in kinds.items():
        for setting in settings_of(model, panel):
            found.setdefault(setting.name, setting).owners.append(kind)
    for setting in found.values():
        if len(setting.owners) == len(kinds) > 1:
            setting.owners.clear()
    return list(found.values())


def with_settings(function: Callable[..., None], settings: Sequence[Setting]) -> Callable[..., None]:
    """Return ``function``, whose ``**settings`` typer now sees as options."""
    signature = inspect.signature(function, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]

    @functools.wraps(function)
    def command(**values: object) -> None:
        function(**values)

    derived = [_parameter(setting) for setting in settings]
    command.__signature__ = signature.replace(parameters=[*own, *derived])  # type: ignore[attr-defined]
    return command


def pairs(values: Iterable[str] | None) -> dict[str, str]:
    """Return what ``--set name=value`` options say.

    Raises:
        SettingError: One of them has no ``=``.
    """
    result: dict[str, str] = {}
    for value in values or ():
        name, equals, rest = value.partition("=")
        if not equals or not name.strip():
            raise SettingError(
                _("--set {value} has no name and value.").format(value=value),
                _("Write name=value, for example --set text_column=review."),
            )
        result[name.strip().replace("-", "_")] = rest
    return result


def describe(setting: Setting) -> str:
    """Return the help of a setting: its description, its choices, its default, and whom it is for."""
    described = setting.declared.description or ""
    parts = [_(described)]
    if choices := _choices(setting):
        parts.append(_("One of: {names}.").format(names=", ".join(choices)))
    default = setting.declared.get_default()
    # Where the default needs explaining, the description does it.
    if default is not None and not setting.declared.is_required() and "Default:" not in described:
        value = (_("yes") if default else _("no")) if isinstance(default, bool) else default
        parts.append(_("Default: {value}.").format(value=value))
    if setting.owners:
        parts.append(_("(only {names})").format(names=", ".join(setting.owners)))
    return joined(*parts)


def _parameter(setting: Setting) -> inspect.Parameter:
    flag = f"--{setting.name.replace('_', '-')}"
    wanted = _without_none(setting.declared.annotation)
    help_text = describe(setting).replace("[", "\\[")  # a bracket would begin a style
    if wanted is bool:
        option = typer.Option(f"{flag}/--no-{flag[2:]}", help=help_text, rich_help_panel=setting.panel)
        annotation: object = Annotated[bool | None, option]
    else:
        # A validator that comes first reads what the plain type can't, such as 5m.
        parsed = any(isinstance(one, BeforeValidator) for one in setting.declared.metadata)
        metavar = "text" if parsed else _TYPE_NAMES.get(wanted, "text")
        option = typer.Option(flag, help=help_text, metavar=f"<{metavar}>", rich_help_panel=setting.panel)
        annotation = Annotated[str | None, option]
    return inspect.Parameter(setting.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _choices(setting: Setting) -> list[str]:
    wanted = _without_none(setting.declared.annotation)
    return [str(choice) for choice in get_args(wanted)] if get_origin(wanted) is Literal else []


def _is_part(declared: FieldInfo) -> bool:
    wanted = _without_none(declared.annotation)
    return inspect.isclass(wanted) and issubclass(wanted, BaseModel)


def _without_none(annotation: object) -> object:
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [one for one in get_args(annotation) if one is not type(None)]
        return rest[0] if len(rest) == 1 else annotation
    return annotation
