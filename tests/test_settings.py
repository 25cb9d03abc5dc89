"""A setting that doesn't exist or can't have its value is told in the reader's language, all faults at once."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tunery.errors import SettingError
from tunery.i18n import use_language
from tunery.settings import build


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    epochs: int = Field(default=1, ge=1, le=9)
    rate: float = Field(default=0.5, gt=0, lt=1)
    way: Literal["up", "down"] = "up"
    shuffle: bool = True


def refusal(**values: object) -> str:
    with pytest.raises(SettingError) as raised:
        build(Settings, values)
    return str(raised.value)


def test_words_become_values() -> None:
    assert build(Settings, {"epochs": "3", "rate": "1e-1", "shuffle": "no"}) == Settings(
        epochs=3, rate=0.1, shuffle=False
    )


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epochs", "many", "must be a whole number"),
        ("epochs", 0, "must be at least 1"),
        ("epochs", 10, "must be at most 9"),
        ("epochs", 1.5, "must be a whole number"),
        ("rate", "fast", "must be a number"),
        ("rate", 0, "must be greater than 0"),
        ("rate", 1, "must be less than 1"),
        ("way", "left", "must be one of 'up', 'down'"),
        ("shuffle", "perhaps", "must be yes or no"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_what_it_must_be(name: str, value: object, reason: str) -> None:
    assert refusal(**{name: value}) == f"{name}: {reason} (found {value!r})."


def test_all_faults_are_told_together() -> None:
    assert refusal(epochs=0, rate=2).splitlines() == [
        "epochs: must be at least 1 (found 0).",
        "rate: must be less than 1 (found 2).",
    ]


def test_a_name_that_does_not_exist_is_told_with_the_nearest() -> None:
    assert refusal(epoch=3) == "There is no setting epoch. Did you mean epochs?"
    assert refusal(zzz=3) == "There is no setting zzz. There are: epochs, rate, shuffle, way."


def test_faults_are_told_in_chinese_too() -> None:
    with use_language("zh"):
        assert "必须是数字" in refusal(rate="fast")
