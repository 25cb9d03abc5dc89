"""The client asks, asks again where that helps, and says in words what went wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serving import small_server as can
from tests.serving.small_server import Handler, SmallServer

import tunery
from tunery import AsyncClient, Client, Example, Prediction, ServerError, SettingError, Span
from tunery.errors import MissingExtraError
from tunery.serving.calls import PORTION, PORTION_CHARACTERS, Portions
from tunery.serving.replies import from_wire, retry_after

Ask = Callable[..., list[Prediction]]


@pytest.fixture(params=["Client", "AsyncClient"])
def predict(request: pytest.FixtureRequest, small: SmallServer) -> Ask:
    """Ask the small server through either client."""

    def with_client(*arguments: object, **settings: object) -> list[Prediction]:
        about = {name: settings.pop(name) for name in ("key", "timeout", "retries") if name in settings}
        with Client(small.url, **about) as client:  # type: ignore[arg-type]
            return client.predict(*arguments, **settings)  # type: ignore[arg-type]

    def with_async_client(*arguments: object, **settings: object) -> list[Prediction]:
        about = {name: settings.pop(name) for name in ("key", "timeout", "retries") if name in settings}

        async def ask() -> list[Prediction]:
            async with AsyncClient(small.url, **about) as client:  # type: ignore[arg-type]
                return await client.predict(*arguments, **settings)  # type: ignore[arg-type]

        return asyncio.run(ask())

    return with_client if request.param == "Client" else with_async_client


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunery.serving.calls._FIRST_WAIT", 0.01)


# -- answers -----------------------------------------------------------------------------------------------------------


def test_classes_come_as_predictions(predict: Ask, small: SmallServer) -> None:
    found = predict("intents", ["Where is my card?", "What is the rate?"], top=2)
    assert found == [
        Prediction("card_arrival", 0.875, {"card_arrival": 0.875, "exchange_rate": 0.05}),
        Prediction("exchange_rate", 0.875, {"exchange_rate": 0.875, "card_arrival": 0.05}),
    ]
    (seen,) = small.seen
    assert (seen.method, seen.path) == ("POST", "/v1/predict/intents")
    assert seen.body == {"inputs": ["Where is my card?", "What is the rate?"], "top": 2}


def test_entities_come_as_spans_in_code_points(predict: Ask) -> None:
    text = "🙂安娜 met Anna"
    (found,) = predict("ner", [text])
    assert found.spans == (Span(1, 3, "PER"), Span(8, 12, "PER"))
    assert [text[span.start : span.end] for span in found.spans] == ["安娜", "Anna"]
    assert found.spans[0].score == 0.75
    assert predict("ner", ["nobody", "x" * 600]) == [Prediction(()), Prediction((), windows=2)]


def test_several_labels_come_as_a_set(predict: Ask) -> None:
    assert predict("moods", ["Hurray"]) == [Prediction(("joy",), 0.5, {"joy": 0.75})]


def test_examples_give_their_text_and_nothing_else(predict: Ask, small: SmallServer) -> None:
    predict("intents", [Example("secret rate", target="x", id="7", group="g"), "plain"])
    assert small.seen[0].body == {"inputs": ["secret rate", "plain"]}


def test_halves_of_characters_reach_the_server_as_json_spells_them(predict: Ask, small: SmallServer) -> None:
    predict("intents", ["a\ud800b", "好"])
    assert small.texts() == [["a\ud800b", "好"]]


def test_nothing_is_asked_about_nothing(predict: Ask, small: SmallServer) -> None:
    assert predict("intents", []) == []
    assert small.seen == []


def test_one_text_is_not_taken_for_a_list_of_letters(predict: Ask) -> None:
    with pytest.raises(SettingError, match=r"The inputs are one text, .* Put it into a list: \[text\]\."):
        predict("intents", "Where is my card?")


def test_ask_tells_version_request_and_who_abstains(small: SmallServer) -> None:
    with Client(small.url + "/") as client:
        answers = client.ask("intents", ["", "rate"])
    assert (answers.endpoint, answers.version, answers.request_id) == ("intents", "intents-1", "r-1")
    assert answers.abstained == (True, False)
    assert [one.label for one in answers.predictions] == ["card_arrival", "exchange_rate"]


def test_endpoints_are_described(small: SmallServer) -> None:
    with Client(small.url) as client:
        assert [one.name for one in client.endpoints()] == ["intents", "moods", "ner"]
        one = client.endpoint("ner")
    assert (one.task, one.labels, one.version, one.versions) == ("token-classification", ("PER",), "ner-1", ("ner-1",))

    async def ask() -> list[str]:
        async with AsyncClient(small.url) as client:
            return [one.name for one in [*await client.endpoints(), await client.endpoint("ner")]]

    assert asyncio.run(ask()) == ["intents", "moods", "ner", "ner"]


def test_names_can_not_leave_their_place_in_the_address(predict: Ask, small: SmallServer) -> None:
    with pytest.raises(ServerError, match="There is no endpoint"):
        predict("../../health?x", ["text"])
    assert small.seen[0].path == "/v1/predict/..%2F..%2Fhealth%3Fx"


def test_the_server_is_told_key_language_and_deadline(predict: Ask, small: SmallServer) -> None:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TUNERY_LANG", "zh")
        predict("intents", ["x"], key="tk_secret", timeout=9)
    headers = small.seen[0].headers
    assert headers["Authorization"] == "Bearer tk_secret"
    assert headers["Accept-Language"] == "zh"
    with Client(small.url) as client:
        client.predict("intents", ["x"], timeout=2.5)
    assert small.seen[1].body["timeout"] == 2.5
    assert "Authorization" not in small.seen[1].headers


def test_a_proxy_of_the_environment_does_not_come_between_loopback(
    predict: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert len(predict("intents", ["x"])) == 1


# -- asking again ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failures",
    [
        [can.refuse(503, "not-ready")] * 2,
        [can.refuse(429, "rate", Retry_After="0")] * 3,
        [can.refuse(503, "stopping", Retry_After="junk")],
        [can.say(b"busy", 503)],
        [can.hang_up, can.hang_up],
        [can.cut_off],
        [can.hang_up, can.refuse(503, "queue-full"), can.cut_off],
    ],
    ids=["503", "429", "junk", "no problem", "hung up", "cut off", "all"],
)
def test_what_may_succeed_is_asked_again(
    predict: Ask, small: SmallServer, failures: list[Callable[[Handler], None]]
) -> None:
    small.failures.extend(failures)
    assert [one.label for one in predict("intents", ["rate"])] == ["exchange_rate"]
    assert len(small.seen) == len(failures) + 1
    assert all(seen.body == {"inputs": ["rate"]} for seen in small.seen)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 422, 500, 502, 504])
def test_what_can_not_succeed_is_asked_once(predict: Ask, small: SmallServer, status: int) -> None:
    small.failures.append(can.refuse(status, "some-code"))
    with pytest.raises(ServerError, match=r"Refused: some-code\.") as raised:
        predict("intents", ["rate"])
    error = raised.value
    assert (error.status, error.code, error.request_id) == (status, "some-code", "r-9")
    assert len(small.seen) == 1


def test_retries_come_to_an_end(predict: Ask, small: SmallServer) -> None:
    small.failures.extend([can.refuse(503, "not-ready")] * 9)
    with pytest.raises(ServerError, match="Refused: not-ready") as raised:
        predict("intents", ["rate"], retries=2)
    assert raised.value.status == 503
    assert len(small.seen) == 3


def test_retry_after_is_waited_for(predict: Ask, small: SmallServer) -> None:
    small.failures.append(can.refuse(429, "rate", Retry_After="1"))
    started = time.monotonic()
    predict("intents", ["rate"])
    assert time.monotonic() - started >= 1


def test_nobody_waits_for_what_comes_after_the_deadline(predict: Ask, small: SmallServer) -> None:
    small.failures.append(can.refuse(429, "quota", Retry_After="3600"))
    started = time.monotonic()
    with pytest.raises(ServerError, match="Refused: quota"):
        predict("intents", ["rate"])
    assert time.monotonic() - started < 20
    assert len(small.seen) == 1


@pytest.mark.parametrize("failure", [can.sleep, can.drip])
def test_the_deadline_is_kept_whatever_the_server_does(
    predict: Ask, small: SmallServer, failure: Callable[[Handler], None]
) -> None:
    small.failures.append(failure)
    with pytest.raises(ServerError, match=r"did not answer within 0\.3 seconds\. Ask for less") as raised:
        predict("intents", ["rate"], timeout=0.3)
    assert (raised.value.code, raised.value.status) == ("timeout", None)
    assert len(small.seen) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            Client(url, retries=1) as client,
            pytest.raises(ServerError, match=rf"at {url} can't be reached: ") as raised,
        ):
            client.predict("intents", ["x"])
    assert raised.value.code == "unreachable"


@pytest.mark.parametrize(
    ("data", "status", "said"),
    [
        (b"<html>Welcome</html>", 200, "This is not the answer of a Tunery server: <html>Welcome</html>"),
        (b"{}", 200, "This is not the answer of a Tunery server: {}"),
        (b"[" * 100_000, 200, "This is not the answer of a Tunery server: [[["),
        (b'{"endpoint":"a","version":"b","request_id":"c","predictions":[]}', 200, "This is not the answer of"),
        (
            b'{"endpoint":"a","version":"b","request_id":"c","predictions":[{"label":"x","score":"high"}]}',
            200,
            "This is",
        ),
        (b"<h1>Bad\n Gateway</h1>", 502, "The server answered 502: <h1>Bad Gateway</h1>"),
        (b"", 500, "The server answered 500: -"),
    ],
)
def test_what_is_no_tunery_server_is_told(
    predict: Ask, small: SmallServer, data: bytes, status: int, said: str
) -> None:
    small.failures.append(can.say(data, status))
    with pytest.raises(ServerError) as raised:
        predict("intents", ["x"])
    assert raised.value.message.startswith(said)
    assert len(raised.value.message) < 300
    assert raised.value.code == "not-tunery"


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8000", "ftp://x", "http://", "http://[::1", "http://a:port", "http://a?b"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingError, match=r"is not the address of a server\. Write it with its beginning"):
        Client(url)


def test_a_key_that_can_not_be_sent_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingError, match="The key has characters") as raised:
        Client("http://localhost", "tk_secret\n")
    assert "secret" not in str(raised.value)
    assert "secret" not in repr(Client("http://localhost", "tk_secret")._server)


@pytest.mark.parametrize("settings", [{"timeout": 0}, {"timeout": -1}, {"retries": -1}])
def test_times_and_retries_have_to_be_possible(settings: dict[str, int]) -> None:
    with pytest.raises(SettingError, match="A timeout has to be more than 0"):
        Client("http://localhost", **settings)  # type: ignore[arg-type]


def test_a_date_is_as_good_as_seconds() -> None:
    assert retry_after("7") == 7
    assert retry_after(formatdate(time.time() + 60, usegmt=True)) == pytest.approx(60, abs=5)
    assert retry_after(formatdate(time.time() - 60, usegmt=True)) == 0
    assert retry_after("soon") is None
    assert retry_after(None) is None


# -- streams -----------------------------------------------------------------------------------------------------------


def test_a_stream_answers_in_order_though_later_requests_finish_first(predict: Ask, small: SmallServer) -> None:
    small.wait = lambda text: 0.2 if text.startswith("0 ") else 0.0
    texts = [f"{n} {'rate' if n % 3 else 'PIN'}" for n in range(PORTION * 6 + 5)]
    wanted = ["exchange_rate" if n % 3 else "pin_blocked" for n in range(len(texts))]
    assert [one.label for one in predict("intents", texts)] == wanted
    assert sorted(map(len, small.texts())) == [5, *[PORTION] * 6]
    assert 2 <= small.busiest <= 4


def test_a_stream_reads_no_further_than_it_has_to(small: SmallServer) -> None:
    read = itertools.count()
    with Client(small.url) as client:
        stream = client.stream("intents", (f"text {next(read)}" for _ in itertools.count()))
        assert [next(stream).label for _ in range(10)] == ["card_arrival"] * 10
        assert next(read) <= PORTION * 5
        stream.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tunery-client")]


def test_an_async_stream_takes_what_arrives_over_time(small: SmallServer) -> None:
    async def arriving() -> AsyncIterator[str]:
        for n in range(150):
            await asyncio.sleep(0)
            yield f"{n} rate"

    async def ask() -> int:
        async with AsyncClient(small.url) as client:
            found = [one.label async for one in client.stream("intents", arriving())]
            async for one in client.stream("intents", ["x"] * 500):
                assert one.label == "card_arrival"
                break
        assert set(found) == {"exchange_rate"}
        return len(found)

    assert asyncio.run(ask()) == 150


def test_a_portion_that_is_too_large_is_halved(predict: Ask, small: SmallServer) -> None:
    small.most = 20
    assert len(predict("intents", [f"{n}" for n in range(70)])) == 70
    assert sorted(itertools.chain(*(texts for texts in small.texts() if len(texts) <= 20)), key=int) == [
        f"{n}" for n in range(70)
    ]
    small.most = 0
    with pytest.raises(ServerError, match="That is too much at once"):
        predict("intents", ["x"])


def test_what_was_answered_before_a_failure_comes_before_it(small: SmallServer) -> None:
    def failing() -> Iterator[str]:
        yield from ["rate"] * PORTION * 5
        small.failures.append(can.refuse(401, "no-key"))
        yield from ["rate"] * PORTION

    got: list[Prediction] = []
    with Client(small.url) as client, pytest.raises(ServerError, match="Refused: no-key"):
        got.extend(client.stream("intents", failing()))
    assert len(got) >= PORTION


@given(st.lists(st.integers(0, PORTION_CHARACTERS), max_size=300))
def test_portions_are_the_texts_in_order_and_never_too_large(lengths: list[int]) -> None:
    texts = ["x" * length for length in lengths]
    collected = Portions()
    portions = [portion for text in texts if (portion := collected.add(text))]
    portions += [rest] if (rest := collected.rest()) else []
    assert list(itertools.chain(*portions)) == texts
    for portion in portions:
        assert 1 <= len(portion) <= PORTION
        assert len(portion) == 1 or sum(map(len, portion)) <= PORTION_CHARACTERS


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["label", "labels", "spans", "scores", "score", "start", "end"]), inner)
        ),
    )
)
def test_no_answer_is_more_than_refused(value: object) -> None:
    row = value if isinstance(value, dict) else {"spans": value}
    try:
        found = from_wire(json.loads(json.dumps(row)))
    except (KeyError, TypeError, ValueError, OverflowError):
        return
    assert isinstance(found.target, str | tuple)


# -- as a predictor ----------------------------------------------------------------------------------------------------

ROWS = [
    Example("Where is my card?", "card_arrival"),
    Example("What is the rate?", "exchange_rate"),
    Example("My PIN", "pin_blocked"),
    Example("Which currencies?", "exchange_rate"),
]


def test_an_endpoint_is_measured_like_a_model(small: SmallServer) -> None:
    with Client(small.url) as client:
        predictor = client.predictor("intents")
        assert isinstance(predictor, tunery.Predictor)
        report = tunery.evaluate(predictor, ROWS)
        assert report.metrics["accuracy"] == 0.75
        assert report.model == f"{small.url}/intents"
        assert tunery.compare(predictor, client.predictor("intents"), ROWS).to_dict()
        spans = [Example("Anna met 安娜", (Span(0, 4, "PER"), Span(9, 11, "PER")))]
        assert tunery.evaluate(client.predictor("ner"), spans).metrics["entity_f1"] == 1.0


# -- what it costs -----------------------------------------------------------------------------------------------------


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_the_client_loads_neither_the_server_nor_models() -> None:
    loaded = set(run("import sys, tunery\ntunery.Client('http://x')\nprint(*sys.modules)").split())
    assert "httpx" in loaded
    assert not loaded & {"torch", "transformers", "numpy", "pyarrow", "fastapi", "onnxruntime", "sqlite3"}
    assert "httpx" not in run("import sys, tunery\ntunery.Client\nprint(*sys.modules)").split()


def test_without_httpx_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    for kind in (Client, AsyncClient):
        with pytest.raises(MissingExtraError, match=r'Asking a server needs .* pip install "tunery\[serve\]"'):
            kind("http://localhost")
