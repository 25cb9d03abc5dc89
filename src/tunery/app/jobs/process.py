"""The process that carries out a job.

Its standard input says which job, and stays open for as long as whoever attends it lives: when that is gone, so is the
process, and a later attempt goes on from its folder. What it prints is the job's log.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tunery.app.jobs import kind as job_kinds
from tunery.app.jobs.context import JobContext
from tunery.app.jobs.wire import Wire
from tunery.errors import TuneryError, reason_of
from tunery.i18n import _, use_language
from tunery.store import jobs
from tunery.store.settings import WorkspaceSettings
from tunery.store.tables import Job, User
from tunery.store.workspace import Workspace

_OOM_SCORE = 600
"""When memory runs out, Linux is to take a job rather than the studio (0 to 1000)."""


def main() -> None:
    """Carry out the job that standard input names."""
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _be_modest(order["niceness"])
    settings = WorkspaceSettings.model_validate(order["workspace"])
    with Wire(order["wire"]) as wire, Workspace.open(settings, create=False) as workspace:
        folder = workspace.place("jobs") / order["job"]
        folder.mkdir(exist_ok=True)
        with _alone(folder):
            with workspace.writing() as session:
                job = jobs.hold(session, order["job"], order["attempt"])
                language = _language(session.get(User, job.created_by) if job.created_by else None)
            wire.send(_carry_out(workspace, job, language, folder, wire))


def _carry_out(workspace: Workspace, job: Job, language: str, folder: Path, wire: Wire) -> dict[str, Any]:
    """Return the message that says how the job ended."""
    context = JobContext(workspace, job, folder, wire)
    with use_language(language):
        try:
            _stop_when_asked(context)
            return {"end": "done", "result": _run(context, job)}
        except KeyboardInterrupt:
            return {"end": "cancelled"}
        except TuneryError as error:
            return _failed(getattr(error, "message", str(error)), getattr(error, "hint", ""))
        except OSError as error:
            traceback.print_exc()
            return _failed(
                _("A file can't be read or written: {reason}.").format(reason=reason_of(error)),
                _("Check that the disk is not full; then start it again."),
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the job's user is to read it
            traceback.print_exc()
            return _failed(
                _("Something unexpected happened: {reason}.").format(reason=f"{type(error).__name__}: {error}"[:500]),
                _("The log says where."),
            )


def _run(context: JobContext, job: Job) -> dict[str, Any]:
    kind = job_kinds.get(job.kind)
    arguments = job_kinds.read(kind, job.arguments)
    context.progress(_(kind.title), always=True)
    with context.listening():
        return kind.run(context, arguments)


def _failed(message: str, hint: str) -> dict[str, Any]:
    return {"end": "failed", "error": {"message": message, "hint": hint}}


def _language(user: User | None) -> str:
    return str(user.preferences.get("language") or "en") if user is not None else "en"


def _stop_when_asked(context: JobContext) -> None:
    def ask(_number: int, _frame: object) -> None:
        context.ask()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, ask)


def _die_with_parent() -> None:
    """Wait until nobody attends this process any more, and end it at once: what it would write is not wanted."""
    while os.read(0, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


def _be_modest(niceness: int) -> None:
    """Leave the processor to whoever answers requests, and the memory too."""
    os.nice(niceness)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(_OOM_SCORE), encoding="ascii")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until an earlier attempt's process, which may be about to end, is gone from the folder."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
