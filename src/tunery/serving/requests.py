"""Bodies of requests: read within limits of size and time, and checked."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError, from_json
from starlette.requests import ClientDisconnect, Request

from tunery.i18n import _
from tunery.serving.problems import Refused
from tunery.serving.settings import ServingSettings
from tunery.settings import reason

B = TypeVar("B", bound=BaseModel)
_MOST_FIELDS = 100
"""Fields that an object may have. Each that is wrong costs a thousand times what it cost to send it."""
_SHOWN = 100
"""Characters that are shown of a name that a caller made up."""


class Body(BaseModel):
    """What comes from outside: not so much of it that naming its faults would keep others waiting."""

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, values: Any) -> Any:
        if isinstance(values, dict) and len(values) > _MOST_FIELDS:
            raise PydanticCustomError("too_many_fields", _("has too many fields"))
        return values


class Text(Body):
    """A text as an object."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str


# The first wrong text is named, not each of a million.
Inputs = str | Text | Annotated[list[str | Text], Field(fail_fast=True)]


class PredictBody(Body):
    """What is asked of an endpoint."""

    model_config = ConfigDict(extra="forbid", strict=True)

    inputs: Inputs = Field(description="One text, or a list of them.")
    top: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None, description="How many labels are given with their scores; by default only the answer."
    )
    timeout: Annotated[float, Field(gt=0, le=3600)] | None = Field(
        default=None, description="Seconds after which the caller no longer waits."
    )


class Parameters(Body):
    """What Hugging Face's clients send along. Only `top_k` changes anything here."""

    model_config = ConfigDict(extra="allow", strict=True)

    top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    function_to_apply: Literal["sigmoid", "softmax", "none"] | None = None
    aggregation_strategy: Literal["none", "simple", "first", "average", "max"] | None = None


class HuggingFaceBody(Body):
    """What Hugging Face's inference API is asked."""

    model_config = ConfigDict(extra="allow", strict=True)

    inputs: str | Annotated[list[str], Field(fail_fast=True)] = Field(description="One text, or a list of them.")
    parameters: Parameters | None = None


class LoadBody(Body):
    """A model to load."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: str = Field(min_length=1, max_length=1000, description="Folder of the model, below the server's --models.")
    promote: bool = Field(default=True, description="Whether it answers from now on, or waits to be promoted.")


class PromoteBody(Body):
    """A version that is to answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: str = Field(min_length=1, max_length=200)


class SpanBody(Body):
    """An entity; what else an answer says of one may stand here too."""

    model_config = ConfigDict(extra="ignore", strict=True)

    start: int = Field(ge=0, le=10_000_000)
    end: int = Field(ge=0, le=10_000_000)
    label: str = Field(max_length=1_000)


class FeedbackBody(Body):
    """What is said about an answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    request_id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="As the answer has it.")
    number: int = Field(default=0, ge=0, le=2**31 - 1, description="Which text of the request, from 0.")
    verdict: Literal["right", "wrong", "corrected"]
    target: (
        str
        | Annotated[list[str], Field(max_length=1_000, fail_fast=True)]
        | Annotated[list[SpanBody], Field(max_length=1_000, fail_fast=True)]
        | None
    ) = Field(
        default=None,
        description="What would have been right, with the verdict corrected: a label, labels, or entities as they "
        "stand in the text that was sent.",
    )
    note: str = Field(default="", max_length=5_000, description="Why, for people.")


class Intake:
    """How much of all bodies together may be in memory before they have been read to their end.

    Args:
        limit: Bytes.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, size: int) -> None:
        """Make room for a piece.

        Raises:
            Refused: There is none.
        """
        if size > self._left:
            raise Refused(503, "intake-full", _("Too many requests are arriving. Ask again later."), 1.0)
        self._left -= size

    def give_back(self, size: int) -> None:
        """Say that so much has been dealt with."""
        self._left += size


async def read(request: Request, settings: ServingSettings, intake: Intake) -> bytes:
    """Return the body of a request.

    Raises:
        Refused: It is too large, comes too slowly, or is not JSON by its own account.
        ClientDisconnect: The caller left.
    """
    headers = request.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A page in a browser can send other types to a server on loopback without asking first; this one it can't.
        raise Refused(415, "not-json", _("Send JSON, with the header Content-Type: application/json."))
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > settings.max_body:
        raise too_large(settings.max_body)
    try:
        async with asyncio.timeout(settings.body_timeout):
            return await _collect(request, settings.max_body, intake)
    except TimeoutError:
        detail = _("The body did not arrive within {n:g} seconds.").format(n=settings.body_timeout)
        raise Refused(408, "slow-body", detail) from None


async def _collect(request: Request, limit: int, intake: Intake) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        while True:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part: bytes = message.get("body", b"")
            if size + len(part) > limit:
                raise too_large(limit)
            if not message.get("more_body", False):
                return b"".join([*parts, part]) if parts else part
            intake.take(len(part))
            size += len(part)
            parts.append(part)
    finally:
        intake.give_back(size)


def parse(kind: type[B], body: bytes, most_texts: int | None = None) -> B:
    """Return a body's content.

    Args:
        kind: What it must be.
        body: JSON.
        most_texts: How many texts there may be.

    Raises:
        Refused: It is not JSON, or not what is expected; the faults are named with their places.
    """
    try:
        values = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(422, "not-json", _("The body is not JSON: {reason}.").format(reason=error)) from None
    if most_texts is not None and isinstance(values, dict) and isinstance(values.get("inputs"), list):
        _check_number(len(values["inputs"]), most_texts)  # before each of them is looked at
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    found: dict[str, str] = {}
    for fault in faults:
        found.setdefault(_place(fault["loc"]), reason(fault))
    if any(place.startswith("inputs[") for place in found):
        found.pop("inputs", None)  # It could also have been a single text, which helps nobody to know.
    raise Refused(422, "wrong-body", "; ".join(f"{place}: {why}" for place, why in list(found.items())[:10]))


def texts_of(inputs: Inputs, settings: ServingSettings) -> list[str]:
    """Return the texts to answer.

    Raises:
        Refused: One is too long.
    """
    items = inputs if isinstance(inputs, list) else [inputs]
    texts = [item if isinstance(item, str) else item.text for item in items]
    for number, text in enumerate(texts):
        check_length(text, number, settings.max_characters)
    return texts


def _check_number(number: int, limit: int) -> None:
    if number > limit:
        detail = _("There are {n} texts, and at most {limit} in one request.")
        raise Refused(422, "too-many-texts", detail.format(n=number, limit=limit))


def check_length(text: str, number: int, limit: int) -> None:
    """Make sure that a text is not too long.

    Raises:
        Refused: It is.
    """
    if len(text) > limit:
        detail = _("inputs[{number}] has {n} characters, and a text at most {limit}.")
        raise Refused(422, "text-too-long", detail.format(number=number, n=len(text), limit=limit))


def to_json(values: object) -> bytes:
    """Return compact JSON in UTF-8."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def too_large(limit: int) -> Refused:
    """Return the refusal of a body that is too large."""
    detail = _("The body is larger than {n} bytes. Send fewer texts at a time, or use the stream.")
    return Refused(413, "too-large", detail.format(n=limit))


def _place(location: tuple[int | str, ...]) -> str:
    """Return where a fault is, as ``inputs[3]``; pydantic's names of types are left out."""
    place = ""
    for part in location:
        if isinstance(part, int):
            place += f"[{part}]"
        elif part.isidentifier() and part not in ("str", "Text"):
            name = part[:_SHOWN]
            place += f".{name}" if place else name
    return place or _("body")
