"""``tunery jobs`` and ``tunery deploy``: what a server does."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tunery.cli import servers
from tunery.cli.output import aligned, say, write, write_json
from tunery.i18n import _


def _job() -> Any:
    return typer.Argument(metavar="JOB", help=_("The job's name, as tunery jobs list shows it."))


def list_jobs(
    number: Annotated[int, typer.Option("--number", metavar="<int>", help=_("How many of the newest."))] = 20,
    as_json: Annotated[bool, typer.Option("--json", help=_("Print JSON instead of words."))] = False,
) -> None:
    """Print jobs, the newest first."""
    with servers.server() as server:
        path = server.in_project("/jobs")
        found = server.ask("GET", path, params={"limit": max(1, min(number, 1000))})["items"]
    if as_json:
        write_json({"jobs": found})
        return
    titles = (_("job"), _("kind"), _("state"), _("created"))
    for line in aligned([titles, *((one["id"], one["kind"], one["state"], one["created"][:19]) for one in found)]):
        write(line)


def log(
    job: Annotated[str, _job()],
    follow: Annotated[bool, typer.Option("--follow", help=_("Wait for the job to end."))] = False,
) -> None:
    """Print the lines of a job's log."""
    with servers.server() as server:
        if follow:
            server.follow(job)
        after = 0
        while lines := server.ask("GET", f"/jobs/{job}/log", params={"after": after})["items"]:
            for one in lines:
                write(one["line"])
            after = lines[-1]["number"]


def cancel(job: Annotated[str, _job()]) -> None:
    """Ask a job to stop."""
    with servers.server() as server:
        found = server.ask("POST", f"/jobs/{job}/cancel")
    if found["ended"] is None:
        say(_("The job {job} has been asked to stop.").format(job=job))
    else:
        say(_("The job {job} has ended already.").format(job=job))


def deploy(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=_("Name or id of the model."))],
    name: Annotated[str, typer.Option("--name", metavar="<text>", help=_("What callers use."))],
    reason: Annotated[str, typer.Option("--reason", metavar="<text>", help=_("Why, for those who look later."))] = "",
) -> None:
    """Let a model answer under a name, and print that name."""
    with servers.server() as server:
        body = {"name": name, "model": server.model(model), "reason": reason}
        found = server.ask("POST", server.in_project("/endpoints"), json=body)
    write(str(found["name"]))
