"""Writes docs/cli.md and docs/cli.zh-CN.md from the commands themselves, or says where they differ (``--check``)."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from tunery.cli.main import command
from tunery.i18n import _, use_language

ROOT = Path(__file__).resolve().parent.parent
PAGES = {"en": ROOT / "docs" / "cli.md", "zh": ROOT / "docs" / "cli.zh-CN.md"}
_TITLES = {"en": "# The command line", "zh": "# 命令行"}
_NOTES = {
    "en": "Made by `make docs` from the code; change it there. Results go to standard output, everything else to "
    "standard error. Exit codes: 0 done, 1 the data, model or source can't be used, 2 a wrong call, 130 interrupted.",
    "zh": "本页由 `make docs` 从代码生成，请在代码中修改。结果写到标准输出，其余信息写到标准错误。"
    "退出码：0 完成；1 数据、模型或来源不可用；2 命令用法有误；130 被中断。",
}


def page(language: str) -> str:
    """Return the documentation of every command in ``language``, as Markdown."""
    with use_language(language):
        root = command()
        parts = [_TITLES[language], _NOTES[language], *_sections(root, typer.Context(root, info_name="tunery"))]
    return "\n\n".join(parts) + "\n"


def difference(language: str) -> str:
    """Return how the stored page differs from what the code says; empty if it doesn't."""
    path = PAGES[language]
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    name = path.relative_to(ROOT).as_posix()
    lines = difflib.unified_diff(before.splitlines(True), page(language).splitlines(True), name, "the code says")
    return "".join(lines)


def _sections(node: Any, context: Any) -> Iterator[str]:
    yield f"## {context.command_path}"
    yield node.help or ""
    yield f"```\n{node.get_usage(context)}\n```"
    for panel, parameters in _panels(node, context).items():
        yield "\n".join([f"**{panel}**", "", *(_line(parameter, context) for parameter in parameters)])
    for name in getattr(node, "commands", {}) and node.list_commands(context):
        child = node.commands[name]
        yield from _sections(child, typer.Context(child, info_name=name, parent=context))


def _panels(node: Any, context: Any) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {}
    for parameter in node.get_params(context):
        standard = _("Arguments") if parameter.param_type_name == "argument" else _("Options")
        result.setdefault(getattr(parameter, "rich_help_panel", None) or standard, []).append(parameter)
    return result


def _line(parameter: Any, context: Any) -> str:
    if parameter.param_type_name == "argument":
        name = f"`{parameter.display_name_raw}`"
    else:
        metavar = "" if parameter.is_flag else f" {parameter.metavar or parameter.display_type(context)}"
        name = " / ".join(f"`{flag}{metavar}`" for flag in [*parameter.opts, *parameter.secondary_opts])
    required = f" **{_('[required]').strip('[]')}**" if parameter.required else ""
    about = (parameter.help or "").replace("\\[", "[").replace("<", "&lt;")
    return f"- {name}{required}: {about}{_default(parameter)}"


def _default(parameter: Any) -> str:
    if parameter.default in (None, False) or not parameter.show_default or parameter.required:
        return ""
    return f" {_('Default: {value}.').format(value=parameter.default)}"


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if the pages are not what the code says"
    )
    if parser.parse_args().check:
        found = "".join(difference(language) for language in PAGES)
        print(
            f"{found}\nThe documentation of the command line is out of date: run `make docs`." if found else "", end=""
        )
        return 1 if found else 0
    for language, path in PAGES.items():
        path.write_text(page(language), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
