"""Keeps what callers say about answers. Needs the workspace's libraries, as `tunery.serving.recording` does."""

from __future__ import annotations

from tunery.errors import SettingError
from tunery.i18n import _
from tunery.serving.problems import Refused
from tunery.serving.recording import Recorder
from tunery.serving.requests import FeedbackBody
from tunery.store import feedback, redaction, requests
from tunery.store.failures import NotFoundError, StoreError
from tunery.store.redaction import RedactionError
from tunery.types import Span, Target

_PATIENCE = 2.0
"""Seconds in which an answer that was given a moment ago should be written."""


def give(recorder: Recorder, endpoint: str, body: FeedbackBody, origin: str) -> str:
    """Keep what a caller says about an answer of an endpoint; return its name.

    Raises:
        Refused: The answer isn't known, what is said can't be meant, or the workspace can't be reached.
    """
    try:
        found = _give(recorder, endpoint, body, origin)
        if found is None:
            recorder.settle(_PATIENCE)
            found = _give(recorder, endpoint, body, origin)
    except SettingError as error:
        raise Refused(422, "wrong-body", str(error)) from None
    except RedactionError as error:
        detail = _("The note can't be kept: what has to be taken out of it first can't be found at the moment.")
        raise Refused(503, "not-redacted", detail, 60.0) from error
    except NotFoundError:
        found = None
    except StoreError as error:
        raise Refused(503, "no-workspace", _("The workspace can't be reached. Ask again later."), 1.0) from error
    if found is None:
        detail = _("There is no request {id} with a text {number} here. It may not have been kept.")
        raise Refused(404, "no-request", detail.format(id=body.request_id, number=body.number))
    return found


def _give(recorder: Recorder, endpoint: str, body: FeedbackBody, origin: str) -> str | None:
    workspace, policy = recorder.workspace, recorder.policy(endpoint)
    if workspace is None or policy is None:
        return None
    with workspace.writing() as session:
        request = requests.find(session, body.request_id, body.number, endpoint=policy.endpoint)
        if request is None:
            return None
        return feedback.give(
            session, request, verdict=body.verdict, note=body.note, origin=origin, redactor=policy.redactor,
            target=redaction.moved(target_of(body), request.places),
        ).id  # fmt: skip


def target_of(body: FeedbackBody) -> Target | None:
    """Return what a caller says would have been right."""
    target = body.target
    if target is None or isinstance(target, str):
        return target
    labels = tuple(item for item in target if isinstance(item, str))
    return labels or tuple(Span(item.start, item.end, item.label) for item in target if not isinstance(item, str))
