"""Folders as archives."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path
from tempfile import NamedTemporaryFile

from starlette.background import BackgroundTask
from starlette.responses import FileResponse


def zipped(folder: Path, name: str, place: Path) -> FileResponse:
    """Return an answer with a folder's files as a zip archive. They are not compressed: weights don't get smaller.

    Args:
        folder: Whose files are sent, under their paths below it.
        name: What the archive and the folder in it are called.
        place: Where it is made until it has been sent.
    """
    with NamedTemporaryFile(dir=place, suffix=".zip", delete=False) as file:
        try:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                    with (
                        path.open("rb") as source,
                        archive.open(
                            zipfile.ZipInfo(f"{name}/{path.relative_to(folder).as_posix()}"), "w", force_zip64=True
                        ) as target,
                    ):
                        shutil.copyfileobj(source, target, 1 << 20)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    remove = BackgroundTask(os.unlink, file.name)
    return FileResponse(file.name, media_type="application/zip", filename=f"{name}.zip", background=remove)
