"""Files on their way into a workspace."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from tunery.app.actions import data
from tunery.app.context import Context
from tunery.app.rest.bodies import Answer
from tunery.app.rest.callers import Caller

router = APIRouter(prefix="/uploads", tags=["uploads"])

_BYTES: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class UploadAnswer(Answer):
    """A file that is there now."""

    name: str
    blob: str | None = Field(description="The sha256 of its bytes; what an import names.")


@router.post("", status_code=201, summary="Upload a file", openapi_extra=_BYTES)
async def upload(
    request: Request,
    context: Caller,
    project: Annotated[str, Query(max_length=128, description="Where it belongs.")],
    name: Annotated[str, Query(min_length=1, max_length=200, description="What it is called, for its type.")],
) -> UploadAnswer:
    """Keep the body's bytes as a file; the same bytes are kept once."""
    await run_in_threadpool(data.may_upload, context, project)  # before anything is read
    place = await run_in_threadpool(context.workspace.place, "uploads")
    with NamedTemporaryFile(dir=place) as file:
        async for piece in request.stream():
            await run_in_threadpool(file.write, piece)
        await run_in_threadpool(file.flush)
        return await run_in_threadpool(_keep, context, project, Path(file.name), name)


def _keep(context: Context, project: str, path: Path, name: str) -> UploadAnswer:
    return UploadAnswer.model_validate(data.upload(context, project, path=path, name=name))
