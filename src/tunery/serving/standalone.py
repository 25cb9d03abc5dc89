"""What ``serve.py`` of a packaged folder runs: the server and its keys, with the standard library's own parser."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic.fields import FieldInfo

from tunery.errors import SettingError, TuneryError
from tunery.i18n import _, joined
from tunery.serving.keys import ALL, Keys
from tunery.serving.settings import LOOPBACK, ServingSettings
from tunery.serving.supervisor import serve
from tunery.settings import build

_UNUSABLE, _WRONG_CALL = 1, 2


def main(models: Path, arguments: Sequence[str]) -> int:
    """Serve every model in a folder, or see to the keys; return the exit code.

    Args:
        models: Holds a folder for each model.
        arguments: What stands behind ``serve.py``.
    """
    try:
        if arguments[:1] == ["keys"]:
            return _keys(_keys_parser().parse_args(arguments[1:]))
        return _serve(models, _parser().parse_args(arguments))
    except TuneryError as error:
        _say(_("Error: ") + error.message + (f"\n  {error.hint}" if error.hint else ""))
        return _WRONG_CALL if isinstance(error, SettingError) else _UNUSABLE


def _serve(models: Path, given: argparse.Namespace) -> int:
    settings = build(ServingSettings, {name: value for name, value in vars(given).items() if value is not None})
    _check_keys(settings)
    found = {folder.name: folder for folder in sorted(models.iterdir()) if folder.is_dir()}
    return serve(found, settings, lambda url: _say(_("Serving on {url}  (description: {url}/docs)").format(url=url)))


def _check_keys(settings: ServingSettings) -> None:
    """Do what `supervisor.check` does, for people who have no ``tunery keys``."""
    if settings.keys is not None and not settings.keys.exists():
        message = _("There is no file of keys at {path}.").format(path=settings.keys)
    elif settings.keys is None and settings.host not in LOOPBACK:
        message = _("{host} can be reached from other machines, and no keys are asked for.").format(host=settings.host)
    else:
        return
    raise SettingError(
        message,
        _("Make a key: python serve.py keys create --file {path} --name NAME. Give the file with --keys.").format(
            path=settings.keys or "keys.db"
        ),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="serve.py",
        description=_("Serve the models in models/ until Ctrl-C."),
        epilog=_("Keys of the server: serve.py keys --help"),
        allow_abbrev=False,
    )
    for name, declared in ServingSettings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        if declared.annotation is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, help=_about(declared))
        else:
            parser.add_argument(flag, help=_about(declared))
    return parser


def _about(declared: FieldInfo) -> str:
    described, default = declared.description or "", declared.default
    # Where the default needs explaining, the description does it.
    shown = default is not None and not isinstance(default, bool) and "Default:" not in described
    about = joined(_(described), _("Default: {value}.").format(value=default) if shown else "")
    return about.replace("%", "%%")


def _keys_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="serve.py keys", description=_("Say who may ask a server."))
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help=_("Make a key and print it; it is shown only once."))
    create.add_argument("--name", required=True, help=_("What to call the key."))
    create.add_argument("--endpoints", default=ALL, help=_("Endpoints it may ask, with commas; * is every one."))
    create.add_argument("--rate", help=_("How many requests in how long, for example 100/minute."))
    create.add_argument("--quota", help=_("How many texts in which period, for example 10000/day."))
    create.add_argument(
        "--admin", action="store_true", help=_("It may also load, promote and remove what the server serves.")
    )
    listing = actions.add_parser("list", help=_("Print what is known of every key."))
    revoke = actions.add_parser("revoke", help=_("Make a key worthless, at once."))
    revoke.add_argument("id", metavar="ID", help=_("The key's id, as keys list shows it."))
    for action in (create, listing, revoke):
        action.add_argument("--file", required=True, type=Path, help=_("File that the keys are kept in."))
    return parser


def _keys(given: argparse.Namespace) -> int:
    with Keys(given.file, create=given.action == "create") as keys:
        if given.action == "create":
            names = [name.strip() for name in given.endpoints.split(",")]
            text, _key = keys.create(given.name, names, rate=given.rate, quota=given.quota, admin=given.admin)
            _write(text)
        elif given.action == "list":
            for key in keys.list():
                _write(json.dumps(key.to_dict(), ensure_ascii=False))
        else:
            _write(keys.revoke(given.id).id)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - there is no rich here


def _write(text: str) -> None:
    print(text, flush=True)  # noqa: T201
