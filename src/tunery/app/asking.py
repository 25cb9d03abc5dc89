"""Asking endpoints for the playground and the public page, and handing on what people say about the answers.

The studio answers nothing itself: the server of the endpoints does, so that what is tried is what callers get.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from tunery.errors import ServerError
from tunery.i18n import _, language
from tunery.serving.replies import from_wire
from tunery.types import Prediction

_SECONDS = 30.0
_ORIGIN = "X-Tunery-Origin"
_NOT_YET = (None, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE)
"""What an endpoint's server answers that is starting, or doesn't know the endpoint yet."""
_PAUSE = 0.5


@dataclass(frozen=True)
class Answered:
    """An answer.

    Attributes:
        request: The server's name for the call, by which feedback finds it.
        version: Which model answered.
        prediction: The answer.
        abstained: Whether its score is below the endpoint's threshold.
        milliseconds: How long it took.
    """

    request: str
    version: str
    prediction: Prediction
    abstained: bool
    milliseconds: float


@dataclass(frozen=True)
class Asker:
    """Asks the server of the endpoints.

    Attributes:
        server: Its address.
        key: The application's own key; None where it asks for none.
    """

    server: str
    key: str | None = None

    async def ask(self, endpoint: str, text: str, *, origin: str, top: int = 5, patience: float = 0.0) -> Answered:
        """Return the answer to a text.

        Args:
            endpoint: Who is asked.
            text: The text.
            origin: ``playground`` or ``share``.
            top: How many labels are given with their scores.
            patience: Seconds that the endpoint's model may take to be there: one that was put into service a moment
                ago is still being loaded.

        Raises:
            ServerError: The server refused, or gave no answer.
        """
        body = {"inputs": [text], "top": top}
        end = time.monotonic() + patience
        while True:
            try:
                found, seconds = await self._post(f"/v1/predict/{endpoint}", body, origin)
                break
            except ServerError as error:
                if error.status not in _NOT_YET or time.monotonic() > end:
                    raise
            await asyncio.sleep(_PAUSE)
        row = found["predictions"][0]
        return Answered(
            str(found["request_id"]), str(found["version"]), from_wire(row), bool(row.get("abstain")), seconds * 1000
        )

    async def tell(
        self, endpoint: str, request: str, verdict: str, *, origin: str, target: object = None, note: str = ""
    ) -> None:
        """Hand on what somebody said about an answer.

        Args:
            endpoint: Who answered.
            request: The server's name for the call.
            verdict: ``right``, ``wrong`` or ``corrected``.
            origin: ``playground`` or ``share``.
            target: What would have been right, as the server reads it.
            note: Why.

        Raises:
            ServerError: It could not be kept.
        """
        body = {"request_id": request, "verdict": verdict, "note": note}
        if target is not None:
            body["target"] = target  # type: ignore[assignment]  # the server knows what it may be
        await self._post(f"/v1/endpoints/{endpoint}/feedback", body, origin)

    async def _post(self, path: str, body: object, origin: str) -> tuple[dict[str, Any], float]:
        headers = {_ORIGIN: origin, "Accept-Language": language()}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        try:
            async with httpx.AsyncClient(base_url=self.server, timeout=_SECONDS) as client:
                response = await client.post(path, json=body, headers=headers)
            found = response.json()
        except (httpx.HTTPError, ValueError):
            raise ServerError(
                _("The endpoints can't be reached just now."), _("They may be starting; try again in a moment.")
            ) from None
        if response.is_error:
            said = str(found.get("detail") or _("The endpoint gave no answer."))
            raise ServerError(said, status=response.status_code)
        return found, response.elapsed.total_seconds()


def ask(server: str, key: str | None, endpoint: str, body: object) -> dict[str, Any]:
    """Hand on what somebody asks an endpoint by the REST API, and return the server's own answer.

    Raises:
        ServerError: The server refused, or gave no answer.
    """
    headers = {_ORIGIN: "playground", "Accept-Language": language()}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    try:
        response = httpx.post(f"{server}/v1/predict/{endpoint}", json=body, headers=headers, timeout=_SECONDS)
        found: dict[str, Any] = response.json()
    except (httpx.HTTPError, ValueError):
        raise ServerError(
            _("The endpoints can't be reached just now."), _("They may be starting; try again in a moment.")
        ) from None
    if response.is_error:
        raise ServerError(str(found.get("detail") or _("The endpoint gave no answer.")))
    return found
