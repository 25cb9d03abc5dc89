"""Options are derived from settings: their names, words and defaults."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
import typer
from pydantic import BaseModel, BeforeValidator, Field
from typer.testing import CliRunner

from tunery.cli.options import Setting, describe, pairs, settings_of, settings_of_kinds, with_settings
from tunery.errors import SettingError


class Part(BaseModel):
    depth: int = 1


class Common(BaseModel):
    rate: float | None = Field(default=None, description="Size of the steps. Default: the strategy's.")
    steps: int = Field(default=3, description="How many steps.")
    way: Literal["up", "down"] = Field(default="up", description="Which way.")
    shuffle: bool = Field(default=True, description="Whether order changes.")
    time: Annotated[float | None, BeforeValidator(float)] = Field(default=None, description="Time, for example [5m].")
    part: Part = Part()


class First(BaseModel):
    depth: int = Field(default=2, description="How deep.")
    both: str = Field(default="x", description="What both have.")


class Second(BaseModel):
    both: str = Field(default="x", description="What both have.")


def by_name(settings: list[Setting]) -> dict[str, Setting]:
    return {setting.name: setting for setting in settings}


def test_every_plain_field_is_a_setting_and_parts_are_not() -> None:
    assert list(by_name(settings_of(Common, "Panel"))) == ["rate", "steps", "way", "shuffle", "time"]


def test_a_setting_of_one_kind_says_whose_it_is() -> None:
    found = by_name(settings_of_kinds({"first": First, "second": Second}, "Panel"))
    assert describe(found["depth"]) == "How deep. Default: 2. (only first)"
    assert describe(found["both"]) == "What both have. Default: x."


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rate", "Size of the steps. Default: the strategy's."),
        ("steps", "How many steps. Default: 3."),
        ("way", "Which way. One of: up, down. Default: up."),
        ("shuffle", "Whether order changes. Default: yes."),
    ],
)
def test_the_help_tells_choices_and_default_once(name: str, text: str) -> None:
    assert describe(by_name(settings_of(Common, "Panel"))[name]) == text


def call(*arguments: str) -> tuple[dict[str, object], str]:
    seen: dict[str, object] = {}

    def command(word: str, **values: object) -> None:
        seen.update(values, word=word)

    app = typer.Typer()
    app.command()(with_settings(command, settings_of(Common, "Panel")))
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return seen, result.output


def test_what_is_not_given_is_none_so_that_the_recipe_decides() -> None:
    seen, _ = call("w")
    assert seen == {"word": "w", "rate": None, "steps": None, "way": None, "shuffle": None, "time": None}


def test_values_are_words_that_the_settings_read_later() -> None:
    seen, _ = call("w", "--rate", "1e-4", "--way", "down", "--no-shuffle", "--time", "5m")
    assert (seen["rate"], seen["way"], seen["shuffle"], seen["time"]) == ("1e-4", "down", False, "5m")


def test_brackets_in_a_description_are_shown() -> None:
    assert "[5m]" in call("--help")[1]


def test_pairs_are_split_at_the_first_equals_sign() -> None:
    assert pairs(["text_column=review", "label-separator=a=b", "delimiter="]) == {
        "text_column": "review",
        "label_separator": "a=b",
        "delimiter": "",
    }
    assert pairs(None) == {}


@pytest.mark.parametrize("value", ["text_column", "=review", ""])
def test_a_pair_without_name_or_value_is_refused(value: str) -> None:
    with pytest.raises(SettingError) as raised:
        pairs([value])
    assert str(raised.value) == (
        f"--set {value} has no name and value. Write name=value, for example --set text_column=review."
    )
