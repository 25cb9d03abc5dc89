"""Documents say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import document_cli
from tunery import tasks
from tunery.tuning import strategies
from tunery.tuning.recipe import Recipe

ROOT = document_cli.ROOT
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("language", sorted(document_cli.PAGES))
def test_the_command_line_is_documented_as_it_is(language: str) -> None:
    assert document_cli.difference(language) == "", "run `make docs`"


@pytest.mark.parametrize("language", sorted(document_cli.PAGES))
def test_every_setting_is_an_option_of_tune(language: str) -> None:
    kinds = [tasks.get_class(name) for name in tasks.available()]
    kinds_of_tuning = [strategies.get_class(name) for name in strategies.available()]
    names = {name for model in (Recipe, *kinds, *kinds_of_tuning) for name in model.model_fields}
    page = document_cli.page(language)
    assert [name for name in sorted(names) if f"`--{name.replace('_', '-')}" not in page] == []


def test_every_setting_has_a_description() -> None:
    for model in (Recipe, *map(tasks.get_class, tasks.available()), *map(strategies.get_class, strategies.available())):
        assert [name for name, field in model.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_to_files_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_both_readmes_show_the_same_commands() -> None:
    def commands(path: Path) -> list[str]:
        blocks = re.findall(r"```(?:console|sh|bash)\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
        return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]

    english, chinese = map(commands, READMES)
    assert english == chinese
    assert english


@pytest.mark.parametrize("path", [*READMES, ROOT / "examples" / "news_entities.py"], ids=lambda path: path.name)
def test_only_options_that_exist_are_shown(path: Path) -> None:
    page = document_cli.page("en")
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", path.read_text(encoding="utf-8")))
    assert [option for option in sorted(options) if f"`{option}" not in page] == []
    assert options
