"""``tunery keys``: who may ask a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunery.cli.output import aligned, say, write, write_json
from tunery.i18n import _

if TYPE_CHECKING:
    from tunery.serving.keys import Key


def _file() -> Any:
    return typer.Option("--file", metavar="<file>", help=_("File that the keys are kept in."))


def create(
    file: Annotated[Path, _file()],
    name: Annotated[str, typer.Option("--name", metavar="<text>", help=_("What to call the key."))],
    endpoints: Annotated[
        str,
        typer.Option("--endpoints", metavar="<names>", help=_("Endpoints it may ask, with commas; * is every one.")),
    ] = "*",
    rate: Annotated[
        str | None,
        typer.Option("--rate", metavar="<text>", help=_("How many requests in how long, for example 100/minute.")),
    ] = None,
    quota: Annotated[
        str | None,
        typer.Option("--quota", metavar="<text>", help=_("How many texts in which period, for example 10000/day.")),
    ] = None,
    admin: Annotated[
        bool, typer.Option("--admin", help=_("It may also load, promote and remove what the server serves."))
    ] = False,
) -> None:
    """Print a new key, which is shown this once."""
    from tunery.serving.keys import Keys

    names = [one.strip() for one in endpoints.split(",")]
    with Keys(file) as keys:
        text, key = keys.create(name, names, rate=rate, quota=quota, admin=admin)
    write(text)
    say(
        _(
            "Key {id} ({name}) for {endpoints} is in {file}. It is shown only now: keep it where secrets are kept."
        ).format(id=key.id, name=key.name, endpoints=_endpoints(key), file=file)
    )


def list_keys(
    file: Annotated[Path, _file()],
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of words."))] = False,
) -> None:
    """Print what is known of every key; the keys themselves nobody has."""
    from tunery.serving.keys import Keys

    with Keys(file, create=False) as keys:
        found = keys.list()
    if as_json:
        write_json({"keys": [key.to_dict() for key in found]})
        return
    titles = (_("id"), _("name"), _("endpoints"), _("rate"), _("quota"), _("created"), _("state"))
    for line in aligned([titles, *(_row(key) for key in found)]):
        write(line)


def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help=_("The key's id, as tunery keys list shows it."))],  # noqa: A002 - what it is called there
    file: Annotated[Path, _file()],
) -> None:
    """Make a key worthless."""
    from tunery.serving.keys import Keys

    with Keys(file, create=False) as keys:
        key = keys.revoke(id)
    say(_("Key {id} ({name}) is revoked; running servers refuse it from now on.").format(id=key.id, name=key.name))


def _row(key: Key) -> tuple[str, ...]:
    state = _("revoked") if key.revoked else _("admin") if key.admin else _("good")
    created = key.created.date().isoformat() if key.created else "-"
    return key.id, key.name, _endpoints(key), key.rate or "-", key.quota or "-", created, state


def _endpoints(key: Key) -> str:
    return ",".join(key.endpoints)
