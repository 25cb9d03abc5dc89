"""One endpoint: who answers, what it does, how it is asked, and what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from tunery.app.actions import endpoints
from tunery.app.actions import models as model_actions
from tunery.app.actions.endpoints import StoredEndpoint
from tunery.app.studio import measures, notices
from tunery.app.studio.components.answers import answer_view
from tunery.app.studio.components.cards import card, note
from tunery.app.studio.components.code import code_block
from tunery.app.studio.components.dialogs import confirm
from tunery.app.studio.components.forms import choice_field, text_field
from tunery.app.studio.components.labels import text_cell
from tunery.app.studio.components.live import LiveTraffic
from tunery.app.studio.components.markup import Tag, button, link
from tunery.app.studio.components.tables import Column, DataTable, data_table
from tunery.app.studio.components.targets import spans_of, target_chips
from tunery.app.studio.components.times import relative_time
from tunery.app.studio.page import studio_page
from tunery.app.studio.pages.endpoints import model_names
from tunery.app.studio.serving import asker
from tunery.app.studio.shell import heading
from tunery.app.studio.views import calling, sizes
from tunery.app.studio.visits import in_background, visit
from tunery.app.studio.words import task_name
from tunery.i18n import N_, _
from tunery.store.paging import MOST
from tunery.store.tables import EndpointKey, Feedback, Model, Request
from tunery.store.targets import from_text

Asked = tuple[Request, list[Feedback]]
_EVENTS = {
    "deploy": N_("put into service"),
    "promote": N_("promoted"),
    "roll-back": N_("rolled back to"),
    "challenge": N_("put beside"),
    "stop": N_("stopped"),
    "start": N_("started"),
    "settings": N_("settings changed"),
}
_VERDICTS = {"right": N_("right"), "wrong": N_("wrong"), "corrected": N_("corrected")}
_CAME_BY = {"playground": N_("playground"), "share": N_("shared page")}
_LOADING = 60.0
"""Seconds that a model may take until it answers."""
_SHORT = 10
"""How much of a hash people are shown."""
_EXAMPLE = {"en": "My card has not arrived yet.", "zh": "我的卡还没有寄到。"}


@studio_page("/p/{project}/endpoints/{name}", title=N_("Endpoint"))
async def show(project: str, name: str) -> None:
    """Build the page of an endpoint."""
    measures.dress()
    context = visit().context
    stored = await in_background(endpoints.get, context, project, name)
    models = await in_background(lambda: model_actions.page(context, project, limit=MOST).items)
    page = _EndpointPage(project, stored, models)
    page.build()


class _EndpointPage:
    """The page; whatever changes the endpoint loads it anew."""

    def __init__(self, project: str, stored: StoredEndpoint, models: list[Model]) -> None:
        self._project = project
        self._stored = stored
        self._name = stored.record.name
        self._models = models
        self._may_edit = visit().role in ("editor", "owner")

    def build(self) -> None:
        """Build everything."""
        heading(
            self._name, calling.address(visit().parts.endpoints, self._name), kicker=_("Endpoint"),
            actions=self._actions,
        )  # fmt: skip
        if self._stored.record.stopped is not None:
            note(_("This endpoint is stopped; callers are told that it isn't there."), kind="warn")
        self._roles()
        self._playground()
        LiveTraffic(self._project, self._name)
        self._requests()
        self._code()
        self._keys()
        self._history()

    # -- who answers -----------------------------------------------------------------------------------------------

    def _actions(self) -> None:
        if not self._may_edit:
            return
        link(_("Public page"), f"/p/{self._project}/share?endpoint={self._name}", classes="button")
        if self._stored.record.stopped is None:
            button(_("Stop"), kind="danger").on("click", self._stop)
        else:
            button(_("Start"), kind="primary").on("click", lambda: self._do(endpoints.start))

    def _roles(self) -> None:
        champion, challenger = self._stored.champion, self._stored.challenger
        with card(_("Which model answers")), Tag("div", classes="roles"):
            with Tag("div", classes="role is-champion"):
                Tag("span", _("Champion: it answers"), classes="role-name")
                Tag("span", _called(champion), classes="role-model")
                Tag("p", f"{task_name(champion.task)} · {sizes.of_bytes(champion.size)}", classes="muted small")
                if self._may_edit and self._stored.before is not None:
                    with Tag("div", classes="buttons"):
                        button(_("Roll back")).on("click", self._roll_back)
            with Tag("div", classes="role"):
                Tag("span", _("Challenger: compared with it"), classes="role-name")
                if challenger is None:
                    self._choose_challenger(champion)
                    return
                Tag("span", _called(challenger), classes="role-model")
                Tag("p", f"{task_name(challenger.task)} · {sizes.of_bytes(challenger.size)}", classes="muted small")
                if self._may_edit:
                    with Tag("div", classes="buttons"):
                        button(_("Promote"), kind="primary").on("click", self._promote)
                        button(_("Take away")).on("click", lambda: self._do(endpoints.challenge, model=None))

    def _choose_challenger(self, champion: Model) -> None:
        others = {id_: name for id_, name in model_names(self._models).items() if id_ != champion.id}
        if not others or not self._may_edit:
            Tag("p", _("There is none."), classes="muted")
            return
        chosen = choice_field("", others, next(iter(others)))
        chosen.element.props["aria-label"] = _("Model")
        with Tag("div", classes="buttons"):
            button(_("Put beside it")).on("click", lambda: self._do(endpoints.challenge, model=chosen.value))
            button(_("Let it answer now")).on("click", lambda: self._do(endpoints.promote, model=chosen.value))

    async def _do(self, action: Callable[..., object], **more: Any) -> None:
        await in_background(lambda: action(visit().context, self._project, self._name, **more))
        ui.navigate.reload()

    async def _promote(self) -> None:
        challenger = self._stored.challenger
        if challenger is not None and await confirm(
            _("Promote {model}?").format(model=_called(challenger)),
            _("It answers all callers from then on. It can be rolled back."),
            act=_("Promote"),
        ):
            await self._do(endpoints.promote, model=challenger.id)

    async def _roll_back(self) -> None:
        before = self._stored.before
        text = _("{model} answers again, as it did before.").format(model=_called(before)) if before else ""
        if await confirm(_("Roll back?"), text, act=_("Roll back")):
            await self._do(endpoints.roll_back)

    async def _stop(self) -> None:
        text = _("Callers get no answers any more until it is started again.")
        if await confirm(_("Stop {name}?").format(name=self._name), text, act=_("Stop"), danger=True):
            await self._do(endpoints.stop)

    # -- trying it -------------------------------------------------------------------------------------------------

    def _playground(self) -> None:
        with card(_("Playground"), _("Answered by the server that callers ask, and stored as one of its requests.")):
            field = text_field("", rows=3)
            field.element.props["aria-label"] = _("Text")
            field.element.props["placeholder"] = _EXAMPLE.get(visit().language, _EXAMPLE["en"])
            place = Tag("div")

            async def ask() -> None:
                text = str(field.value or "")
                if not text.strip():
                    return
                place.clear()
                with place, Tag("div", classes="row"):
                    ui.spinner(size="22px")
                    Tag("p", _("A model that was put into service a moment ago is loaded first."), classes="muted")
                try:
                    answered = await asker(visit()).ask(self._name, text, origin="playground", patience=_LOADING)
                finally:
                    place.clear()
                with place:
                    answer_view(text, answered, model=self._answered_by(answered.version))

            with Tag("div", classes="buttons"):
                button(_("Ask"), kind="primary", symbol="play").on("click", ask)
            field.element.on("keydown.ctrl.enter", ask)
            place.move(target_index=-1)

    def _answered_by(self, version: str) -> str:
        """Return the name of the model behind a version that the server names, and the beginning of its hash."""
        short = version[:_SHORT]
        name = next((one.name for one in self._models if version.startswith(one.id)), "")
        return f"{name} · {short}" if name else short

    def _code(self) -> None:
        server, text = visit().parts.endpoints, _EXAMPLE.get(visit().language, _EXAMPLE["en"])
        lead = _("Put a key of this endpoint in the place of {key}.").format(key=calling.KEY)
        with card(_("Ask it from a program"), lead):
            place = Tag("div")
            programs = {"curl": calling.curl, "Python": calling.python, "JavaScript": calling.javascript}

            def choose(title: str) -> None:
                place.clear()
                for name, one in tabs.items():
                    one.props["aria-pressed"] = "true" if name == title else "false"
                    one.classes(add="primary" if name == title else "", remove="" if name == title else "primary")
                with place:
                    code_block(programs[title](server, self._name, text), title=title)

            tabs: dict[str, Tag] = {}
            with Tag("div", classes="code-tabs"):
                for title in programs:
                    tabs[title] = button(title).on("click", lambda title=title: choose(title))
            place.move(target_index=-1)
            choose("curl")

    # -- what it was asked -----------------------------------------------------------------------------------------

    def _requests(self) -> None:
        context = visit().context
        chosen: dict[str, object] = {}

        def fetch(after: str | None, limit: int) -> Any:
            return endpoints.asked(context, self._project, self._name, after=after, limit=limit, **chosen)

        with card(_("Requests"), _("What was asked and stored, redacted, with what people said about the answers.")):
            verdicts = {"": _("all"), "any": _("with feedback"), **{name: _(one) for name, one in _VERDICTS.items()}}
            with Tag("div", classes="filters"):
                verdict = choice_field(_("Feedback"), verdicts, "")
                words = text_field(_("Contains"))
                again = button(_("Renew"))
            nothing = _("Nothing was stored yet."), _("Whether requests are stored stands in the project's settings.")
            table: DataTable[Asked] = data_table(
                _request_columns(), fetch, label=_("Requests"), limit=10, empty=nothing
            )

            async def renew() -> None:
                chosen.clear()
                if verdict.value:
                    chosen["verdict"] = verdict.value
                if words.value:
                    chosen["text"] = words.value
                await table.refresh()

            verdict.element.on_value_change(renew)
            words.element.on("keydown.enter", renew)
            again.on("click", renew)

    # -- keys and history ------------------------------------------------------------------------------------------

    def _keys(self) -> None:
        with card(_("Keys"), _("A key is shown once, when it is made. Only its hash is kept.")):
            shown = Tag("div")
            place = Tag("div")

            def show() -> None:
                place.clear()
                with place:
                    self._key_list(endpoints.keys(visit().context, self._project, self._name), show)

            show()
            if not self._may_edit:
                return
            with Tag("div", classes="filters"):
                called = text_field(_("Name"))
                rate = text_field(_("Requests"))
                rate.element.props["placeholder"] = "100/minute"

                async def create() -> None:
                    called.complain("")
                    if not str(called.value or "").strip():
                        called.complain(_("Say whose it is."))
                        return
                    _key, secret = await in_background(
                        lambda: endpoints.create_key(
                            visit().context, self._project, self._name, called=str(called.value).strip(),
                            rate=str(rate.value or "").strip() or None,
                        )
                    )  # fmt: skip
                    shown.clear()
                    with shown:
                        note(_("Copy this key now; it is not shown again."), kind="ok")
                        code_block(secret, title=str(called.value))
                    called.value = ""
                    show()

                button(_("Make a key")).on("click", create)

    def _key_list(self, keys: list[EndpointKey], again: Callable[[], None]) -> None:
        if not keys:
            Tag("p", _("There is no key for this endpoint."), classes="muted")
        for key in keys:
            with Tag("div", classes="row"):
                Tag("strong", key.name)
                Tag("span", key.rate or _("no limit"), classes="tag")
                relative_time(key.created, classes="muted small")
                Tag("span", classes="grow")
                if self._may_edit:
                    button(_("Revoke"), kind="danger").on("click", lambda key=key: self._revoke(key, again))

    async def _revoke(self, key: EndpointKey, again: Callable[[], None]) -> None:
        text = _("Programs that use it are refused at once.")
        if await confirm(_("Revoke {name}?").format(name=key.name), text, act=_("Revoke"), danger=True):
            await in_background(endpoints.revoke_key, visit().context, self._project, key.id)
            notices.tell(_("The key is worthless now."))
            again()

    def _history(self) -> None:
        with card(_("History")), Tag("ol", classes="timeline"):
            for event, model in endpoints.history(visit().context, self._project, self._name):
                with Tag("li"):
                    relative_time(event.at, classes="muted small")
                    with Tag("div"):
                        Tag("span", _(_EVENTS.get(event.action, event.action)))
                        if model:
                            Tag("strong", f" {model}")
                        if event.reason:
                            Tag("p", event.reason, classes="muted small")


def _called(model: Model) -> str:
    return model.name or model.id[:_SHORT]


def _request_columns() -> tuple[Column[Asked], ...]:
    return (
        Column(_("Text"), _text, kind="text"),
        Column(_("Answered"), _answer),
        Column(_("Feedback"), _said),
        Column(_("Came by"), lambda pair: _(_CAME_BY.get(pair[0].origin, "API")), narrow=True),
        Column(_("When"), _when, narrow=True),
    )


def _text(pair: Asked) -> None:
    request = pair[0]
    if request.deleted is not None:
        Tag("span", _("deleted"), classes="muted")
        return
    text_cell(request.text, spans_of(from_text(request.answer)))


def _answer(pair: Asked) -> None:
    target = from_text(pair[0].answer)
    if spans_of(target):
        Tag("span", _("{count} entities").format(count=len(spans_of(target))), classes="muted")
    else:
        target_chips(target, pair[0].score)
    if pair[0].abstained:
        Tag("span", _("unsure"), classes="tag is-warn")


def _said(pair: Asked) -> None:
    for one in pair[1]:
        kind = "is-on" if one.verdict == "right" else "is-danger" if one.verdict == "wrong" else "is-warn"
        Tag("span", _(_VERDICTS.get(one.verdict, one.verdict)), classes=f"tag {kind}")
        if one.target is not None and not spans_of(from_text(one.target)):
            target_chips(from_text(one.target))
        if one.note:
            Tag("p", one.note, classes="muted small")


def _when(pair: Asked) -> None:
    relative_time(pair[0].at)
