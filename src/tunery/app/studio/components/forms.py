"""Forms: fields with their names above and their errors below, and whole forms from pydantic declarations."""

from __future__ import annotations

import itertools
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Generic, Literal, TypeVar, Union, get_args, get_origin

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from tunery import settings
from tunery.app.studio.components.markup import Tag
from tunery.i18n import _

M = TypeVar("M", bound=BaseModel)
_numbers = itertools.count()
_INPUT = "outlined dense hide-bottom-space"


class Field:
    """A field with its name, what it means, and what is wrong with it.

    Args:
        name: What it is called, translated.
        make: Builds the element that holds the value.
        hint: What it means.
    """

    def __init__(self, name: str, make: Callable[[], ValueElement[Any]], hint: str = "") -> None:
        self.id = f"field-{next(_numbers)}"
        with Tag("div", classes="field") as self.root:
            if name:
                Tag("label", name, classes="field-name", **{"for": self.id})
            self.element = make()
            self.element.classes("field-input").props["for"] = self.id
            if hint:
                Tag("p", hint, classes="field-hint")
            self._error = Tag("p", classes="field-error", role="alert")
            self._error.set_visibility(False)

    @property
    def value(self) -> Any:
        """What is in it."""
        return self.element.value

    @value.setter
    def value(self, value: Any) -> None:
        self.element.value = value

    def complain(self, text: str) -> None:
        """Show what is wrong; nothing for that all is well."""
        self._error.text = text
        self._error.set_visibility(bool(text))
        self.root.classes(add="is-wrong" if text else "", remove="" if text else "is-wrong")


def text_field(name: str, value: str = "", *, hint: str = "", kind: str = "text", rows: int = 0) -> Field:
    """Build a field for text.

    Args:
        name: What it is called.
        value: What is in it at first.
        hint: What it means.
        kind: The type of HTML, for example ``password``.
        rows: How many lines it has; 0 for a field of one line.
    """
    if rows:
        return Field(name, lambda: ui.textarea(value=value).props(f"{_INPUT} rows={rows}"), hint)
    return Field(name, lambda: ui.input(value=value).props(f"{_INPUT} type={kind}"), hint)


def number_field(name: str, value: float | None = None, *, hint: str = "", whole: bool = False) -> Field:
    """Build a field for a number."""
    step = "1" if whole else "any"
    return Field(name, lambda: ui.number(value=value).props(f"{_INPUT} step={step}"), hint)


def choice_field(
    name: str, options: Mapping[Any, str] | Sequence[str], value: Any = None, *, hint: str = "", many: bool = False
) -> Field:
    """Build a field in which one of some things is chosen, or several."""
    kinds: Any = dict(options) if isinstance(options, Mapping) else list(options)

    def make() -> ValueElement[Any]:
        element = ui.select(kinds, value=value, multiple=many).props(f"{_INPUT} options-dense behavior=menu")
        return element.props("use-chips") if many else element

    return Field(name, make, hint)


def switch_field(name: str, value: bool = False, *, hint: str = "") -> Field:
    """Build a field that is on or off."""
    return Field("", lambda: ui.switch(name, value=value).props("dense"), hint)


class Form(Generic[M]):
    """The fields of a pydantic model.

    Args:
        model: What it makes.
        value: What is in it at first.
        names: What people read for the fields' names; the declared title, else the name, where one is missing.
        options: What people read for the choices of a field.
        skip: Fields that are left out.
    """

    def __init__(
        self,
        model: type[M],
        value: M | None = None,
        *,
        names: Mapping[str, str] | None = None,
        options: Mapping[str, Mapping[Any, str]] | None = None,
        skip: Sequence[str] = (),
    ) -> None:
        self._model = model
        self._value = value
        self.fields: dict[str, Field] = {}
        with Tag("div", classes="form"):
            for name, info in model.model_fields.items():
                if name not in skip:
                    title = (names or {}).get(name) or _(info.title or name.replace("_", " ").capitalize())
                    current = getattr(value, name) if value is not None else info.get_default(call_default_factory=True)
                    self.fields[name] = _field(info, title, current, (options or {}).get(name, {}))

    def read(self) -> M | None:
        """Return what the fields hold; None, with the errors beside the fields, where that can't be used."""
        for field in self.fields.values():
            field.complain("")
        values = self._value.model_dump() if self._value is not None else {}
        values |= {name: _plain(field.value, self._model.model_fields[name]) for name, field in self.fields.items()}
        try:
            return self._model.model_validate(values)
        except ValidationError as error:
            for item in error.errors():
                place = str(item["loc"][0]) if item["loc"] else ""
                (self.fields.get(place) or next(iter(self.fields.values()))).complain(settings.reason(item))
            return None


def form_from(model: type[M], value: M | None = None, **about: Any) -> Form[M]:
    """Build a form from a pydantic declaration; see `Form`."""
    return Form(model, value, **about)


def _field(info: FieldInfo, title: str, value: Any, words: Mapping[Any, str]) -> Field:
    hint = _(info.description) if info.description else ""
    kind = _bare(info.annotation)
    if kind is bool:
        return switch_field(title, bool(value), hint=hint)
    if get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return choice_field(
            title, {option: words.get(option, str(option)) for option in _options(kind)}, value, hint=hint
        )
    if get_origin(kind) in (list, tuple, set, frozenset):
        return _several(kind, title, value, hint, words)
    if kind in (int, float):
        return number_field(title, value, hint=hint, whole=kind is int)
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    return text_field(title, "" if value is None else str(value), hint=hint, rows=4 if extra.get("long") else 0)


def _several(kind: Any, title: str, value: Any, hint: str, words: Mapping[Any, str]) -> Field:
    inner = _bare(next(iter(get_args(kind)), str))
    chosen = list(value or ())
    if get_origin(inner) is Literal:
        options = {option: words.get(option, str(option)) for option in _options(inner)}
        return choice_field(title, options, chosen, hint=hint, many=True)
    return text_field(title, "\n".join(map(str, chosen)), hint=hint, rows=3)


def _bare(kind: Any) -> Any:
    """Return what an annotation is without "or None" and without pydantic's remarks."""
    while hasattr(kind, "__metadata__"):
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        return _bare(next(part for part in get_args(kind) if part is not type(None)))
    return kind


def _options(kind: Any) -> list[Any]:
    return list(get_args(kind)) if get_origin(kind) is Literal else list(kind)


def _plain(value: Any, info: FieldInfo) -> Any:
    kind = _bare(info.annotation)
    if get_origin(kind) in (list, tuple, set, frozenset) and isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip()]
    if value == "" and type(None) in get_args(info.annotation):
        return None
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return value
