"""Models: folders as the hashes of their files, and copies of them on this machine."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tunery.errors import reason_of
from tunery.i18n import _
from tunery.store import kept
from tunery.store.failures import StoreError, not_found
from tunery.store.paging import Page
from tunery.store.paging import page as page_of
from tunery.store.tables import Blob, Model, ModelFile
from tunery.store.workspace import Workspace

MANIFEST = "tunery.json"


def upload(workspace: Workspace, folder: Path) -> None:
    """Put the files of a model's folder into blobs, before a transaction begins: `put` then has little left to do.

    Raises:
        StoreError: The folder is not a model's, or holds what must not be copied.
    """
    _manifest(folder)
    for path in _files(folder):
        workspace.blobs.put(path)


def put(
    workspace: Workspace,
    session: Session,
    *,
    project: str,
    folder: Path,
    user: str | None,
    name: str = "",
    run: str | None = None,
    derived: str | None = None,
) -> Model:
    """Store a model's folder; the same files in the same project are the model that is there already.

    Args:
        workspace: Where.
        session: A writing one of it.
        project: Whose model it is.
        folder: What `tunery tune` or `tunery export` wrote. Hidden files and folders are left out.
        user: Who made it; None for the workspace itself.
        name: What people call it.
        run: What it learned in.
        derived: The model that it was exported from.

    Raises:
        StoreError: The folder is not a model's, or holds what must not be copied.
    """
    manifest = _manifest(folder)
    paths = list(_files(folder))
    names = [path.relative_to(folder).as_posix() for path in paths]
    blobs = dict(zip(names, kept.keep(workspace, session, *paths), strict=True))
    parts = [part for path, blob in blobs.items() for part in (path, blob.hash)]
    identity = workspace.digest("model", project, *parts)
    found = session.get(Model, identity)
    if found is not None:
        return found
    base = manifest.get("base", {})
    made = Model(
        id=identity, project=project, run=run, derived=derived, name=name, task=str(manifest["task"]["name"]),
        labels=list(manifest["labels"]), base=str(base.get("source", "")), manifest=manifest,
        size=sum(blob.size for blob in blobs.values()), created=datetime.now(UTC), created_by=user,
    )  # fmt: skip
    session.add(made)
    session.flush()
    session.add_all(ModelFile(model=identity, path=path, blob=blob.hash) for path, blob in blobs.items())
    session.flush()
    return made


def get(session: Session, model: str) -> Model:
    """Return a model.

    Raises:
        NotFoundError: There is none with this name.
    """
    found = session.get(Model, model)
    if found is None:
        raise not_found(model)
    return found


def page(
    session: Session, *, project: str, run: str | None = None, after: str | None = None, limit: int = 50
) -> Page[Model]:
    """Return a project's models, or those of one run, the newest first."""
    statement = select(Model).where(Model.project == project)
    if run is not None:
        statement = statement.where(Model.run == run)
    by = [Model.created, Model.id]
    return page_of(session, statement, by=by, after=after, limit=limit, descending=True, total=True)


def rename(session: Session, model: str, *, name: str) -> Model:
    """Say what people call a model."""
    found = get(session, model)
    found.name = name.strip()
    session.flush()
    return found


def files(session: Session, model: str) -> dict[str, Blob]:
    """Return the files of a model's folder by their paths in it."""
    joined = select(ModelFile.path, Blob).join(Blob, Blob.hash == ModelFile.blob).where(ModelFile.model == model)
    found = session.execute(joined.order_by(ModelFile.path)).all()
    return {str(path): blob for path, blob in found}


def check_out(workspace: Workspace, model: str) -> Path:
    """Return the folder of a model on this machine, made if need be. Nobody may change what is in it.

    Several processes may do this at once, and die while they do: the folder appears complete or not at all.

    Raises:
        NotFoundError: There is no such model.
        StoreError: Its files can't be had.
    """
    with workspace.reading() as session:
        get(session, model)
        wanted = files(session, model)
    folder = workspace.place("models") / model
    if is_complete(folder, wanted):
        os.utime(folder)  # so that it is not taken for one that nobody uses
        return folder
    part = folder.with_name(f".{model}.{secrets.token_hex(4)}")
    try:
        for path, blob in wanted.items():
            place = part / path
            place.parent.mkdir(parents=True, exist_ok=True)
            workspace.blobs.fetch(blob.hash, place)
        _take_place(part, folder, wanted)
    except OSError as error:
        raise StoreError(
            _("The model can't be copied to {folder}: {reason}.").format(folder=folder, reason=reason_of(error)),
            _("Check that you may write there, and that there is room."),
        ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def is_complete(folder: Path, wanted: dict[str, Blob]) -> bool:
    """Say whether a folder holds all the files of a model, as long as they must be."""
    with suppress(OSError):
        return all((folder / path).stat().st_size == blob.size for path, blob in wanted.items())
    return False


def _take_place(part: Path, folder: Path, wanted: dict[str, Blob]) -> None:
    for _attempt in range(2):
        try:
            part.rename(folder)
        except OSError:
            if is_complete(folder, wanted):
                return  # another process was quicker
            # Somebody has taken files out of it: it goes, all of it.
            broken = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
            with suppress(FileNotFoundError):
                folder.rename(broken)
            shutil.rmtree(broken, ignore_errors=True)
        else:
            return
    part.rename(folder)


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if isinstance(found["task"]["name"], str) and isinstance(found["labels"], list):
            return dict(found)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise StoreError(
        _("{folder} is not a model: it holds no {name}.").format(folder=folder, name=MANIFEST),
        _("Give the folder that tunery tune wrote (its --output)."),
    )


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, sorted, without hidden ones.

    Raises:
        StoreError: One of them is not a file of this folder: a link that leads out of it, or a pipe.
    """
    whole = folder.resolve()
    found: list[Path] = []
    for place, names, files_here in os.walk(folder):
        # Links to folders are not followed by os.walk; they are looked at like files.
        linked = [name for name in names if (Path(place) / name).is_symlink() and not name.startswith(".")]
        names[:] = [name for name in names if not name.startswith(".")]
        found += [Path(place) / name for name in (*files_here, *linked) if not name.startswith(".")]
    for path in sorted(found):
        if not path.is_file() or not path.resolve().is_relative_to(whole):
            raise StoreError(
                _("{path} is not a file of the model.").format(path=path),
                _("Take it out: links that lead out of a model's folder are not followed."),
            )
        yield path
