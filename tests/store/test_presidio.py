"""Presidio finds more than our patterns do; what both find is one, and nothing is ever fetched."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.errors import MissingExtraError, SettingError
from tunery.store import redactors
from tunery.store.presidio import finder
from tunery.store.projects import ProjectSettings
from tunery.store.redaction import Redacted, Redactor, moved, redact
from tunery.types import Span

pytest.importorskip("presidio_analyzer")

IBAN = "DE89370400440532013000"


def made_model(folder: Path, language: str, names: dict[str, str]) -> str:
    """Save a pipeline of spaCy that knows some names; return its path."""
    import spacy

    pipeline = spacy.blank(language)
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": label, "pattern": name} for name, label in names.items()])  # type: ignore[attr-defined]
    pipeline.to_disk(folder / language)
    return str(folder / language)


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> str:
    names = {"Ann Smith": "PERSON", "Ann": "PERSON", "Rome": "GPE", "phone": "PERSON", "b 13812345678": "PERSON"}
    return made_model(tmp_path_factory.mktemp("models"), "en", names)


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> str:
    return made_model(tmp_path_factory.mktemp("models"), "zh", {"王小明": "PERSON", "北京": "GPE"})


@pytest.fixture(scope="module")
def both(english: str, chinese: str) -> Redactor:
    return redactors.of(ProjectSettings(presidio=True, presidio_models=(english, chinese)))


@pytest.fixture(scope="module")
def patterns() -> Redactor:
    return redactors.of(ProjectSettings(presidio=True))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"my iban is {IBAN}.", "my iban is [iban_code]."),
        ("DE89 3704 0044 0532 0130 00 please", "[iban_code] please"),
        ("it came from 192.168.1.17, at night", "it came from [ip_address], at night"),
        (f"请向{IBAN}打款", "请向[iban_code]打款"),
        ("地址192.168.1.17是我的", "地址[ip_address]是我的"),
        ("地址１９２．１６８．１．１７是我的", "地址[ip_address]是我的"),
        ("주소는192.168.1.17은", "주소는[ip_address]은"),
        (f"👩‍👩‍👧 {IBAN} 🎉13812345678🎉", "👩‍👩‍👧 [iban_code] 🎉[phone]🎉"),
        (f"\ud83d\0 {IBAN}", "\ud83d\0 [iban_code]"),
        ("passport number is 912803456", "passport number is [us_passport]"),  # the words before it decide
        ("order number is 912803456", "order number is 912803456"),
        ("Ann lives in Rome", "Ann lives in Rome"),  # names take a model
        ("DE89370400440532013001", "DE89370400440532013001"),  # its check digits don't fit
        ("", ""),
    ],
)
def test_patterns_need_no_model(patterns: Redactor, text: str, left: str) -> None:
    assert patterns(text).text == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Ann Smith lives in Rome", "[person] lives in [location]"),
        ("王小明住在北京，电话13812345678", "[person]住在[location]，电话[phone]"),
        ("我叫Ann，来自Rome。", "我叫[person]，来自[location]。"),
        ("🎉王小明🎉Ann🎉", "🎉[person]🎉[person]🎉"),
        ("a@b.cn13812345678", "[email][phone]"),  # the number hides the address until it is out
    ],
)
def test_names_are_found_by_the_models_that_were_named(both: Redactor, text: str, left: str) -> None:
    assert both(text).text == left


def test_what_both_find_is_one_and_named_after_the_longer(both: Redactor) -> None:
    found = both("call b 13812345678 now, or DE89 3704 0044 0532 0130 00")
    assert found.text == "call [person] now, or [iban_code]"
    assert found.counts == {"person": 1, "iban_code": 1}


def test_what_was_put_in_place_of_something_stays(both: Redactor) -> None:
    # The model takes "phone" for a name.
    assert both("[phone] [person] [iban_code] phone").text == "[phone] [person] [iban_code] [person]"
    assert both("Ann[phone]Rome").text == "[person][phone][location]"


class Everything:
    """Finds all of a text, as the worst of models might."""

    kinds = ("person",)

    def find(self, text: str) -> Iterator[tuple[int, int, str]]:
        yield 0, len(text), "person"


def test_a_finding_around_a_placeholder_leaves_it_and_takes_the_rest() -> None:
    assert redact("a [phone] b [ann]", finder=Everything()).text == "[person][phone][person]"
    assert redact("[phone] [person]!", finder=Everything()).text == "[phone] [person]!"
    assert redact("call 13812345678 now", finder=Everything()).text == "[person]"


def test_spans_of_an_answer_stand_where_their_words_stand(both: Redactor) -> None:
    text = f"王小明 asked Bob about {IBAN} in Rome"
    found = both(text)
    start = text.index("Bob")
    target = moved((Span(0, 3, "PER"), Span(start, start + 3, "PER")), found.places)
    assert target == (Span(found.text.index("Bob"), found.text.index("Bob") + 3, "PER"),)


PIECES = st.sampled_from(
    ["Ann", "Rome", "王小明", "北京", "字", " ", "，", ".", "🎉", "\ud83d", "x", "7", "[person]", "[phone]", "phone",
     IBAN, "DE89 3704 0044 0532 0130 00", "10.1.2.3", "fe80::1", "13812345678", "a@b.cn", "219-09-9999", "ssn "]
)  # fmt: skip


def check_places(text: str, found: Redacted) -> None:
    shift = last = 0
    for start, end, length in found.places:
        assert start >= last
        assert found.text[last + shift : start + shift] == text[last:start]
        shift, last = shift + length - (end - start), end
    assert found.text[last + shift :] == text[last:]


@given(text=st.lists(PIECES, max_size=8).map("".join) | st.text(st.characters(), max_size=40))
def test_a_redacted_text_has_nothing_more_to_take_out_and_places_are_right(both: Redactor, text: str) -> None:
    found = both(text)
    check_places(text, found)
    again = both(found.text)
    assert (again.text, again.places) == (found.text, ())


@given(text=st.lists(PIECES, min_size=1, max_size=8).map(" ".join))
def test_nothing_that_stands_alone_is_left(both: Redactor, text: str) -> None:
    left = both(text).text.split()
    assert not {"Ann", "Rome", "王小明", "北京", IBAN, "10.1.2.3", "13812345678", "a@b.cn", "phone"} & set(left)


@given(before=st.integers(0, 2_500), after=st.integers(0, 2_500))
def test_in_a_long_text_nothing_is_cut_in_two(both: Redactor, before: int, after: int) -> None:
    text = f"{'字' * before} Ann Smith {IBAN} 192.168.101.117 {'字' * after}"
    found = both(text)
    assert found.text == f"{'字' * before} [person] [iban_code] [ip_address] {'字' * after}"
    check_places(text, found)


def test_only_the_entities_that_were_chosen_are_looked_for(english: str) -> None:
    chosen = ProjectSettings(presidio=True, presidio_models=(english,), presidio_entities=("LOCATION",), redact=())
    assert redactors.of(chosen)(f"Ann in Rome, {IBAN}, 13812345678").text == f"Ann in [location], {IBAN}, 13812345678"


def test_what_is_less_sure_than_the_threshold_stays(english: str) -> None:
    chosen = ProjectSettings(presidio=True, presidio_models=(english,), presidio_threshold=0.9)
    assert redactors.of(chosen)(f"Ann, {IBAN}").text == "Ann, [iban_code]"


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    finder.cache_clear()
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(MissingExtraError, match=r'pip install "tunery\[presidio\]"'):
        redactors.of(ProjectSettings(presidio=True))
    assert redactors.of(ProjectSettings())("13812345678").text == "[phone]"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"presidio_models": ["zz_none_web_sm"]}, "python -m spacy download zz_none_web_sm"),
        ({"presidio_models": ["relative/folder"]}, "no spaCy model relative/folder"),
        ({"presidio_models": ["blank:en"]}, "no spaCy model blank:en"),
        ({"presidio_models": ["numpy"]}, "no spaCy model numpy"),  # installed, and no model
        ({"presidio_entities": ["PERSONS"]}, "finds no PERSONS here. There are: .*PERSON"),
        ({"presidio_entities": ["EMAIL_ADDRESS"]}, "finds no EMAIL_ADDRESS here"),
    ],
)
def test_what_is_not_there_is_said_with_the_way_to_it(settings: dict[str, object], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        redactors.of(ProjectSettings.model_validate({"presidio": True, **settings}))


def test_a_damaged_model_and_two_of_one_language_are_refused(english: str, tmp_path: Path) -> None:
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = 1", encoding="utf-8")
    for models, words in (
        ((str(tmp_path),), "can't be used"),
        ((english, english), "second model for the language en"),
    ):
        with pytest.raises(SettingError, match=words):
            redactors.of(ProjectSettings(presidio=True, presidio_models=models))


def test_nothing_is_fetched(english: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise AssertionError("a connection was opened")

    finder.cache_clear()
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    everything = finder((), ("PERSON",), 0.0)._engine.get_supported_entities("en")
    redactor = redactors.of(
        ProjectSettings(presidio=True, presidio_models=(english,), presidio_entities=tuple(everything), redact=())
    )
    assert "Ann" not in redactor(f"Ann, a@b.cn, https://example.com, {IBAN}, +4915112345678").text
    with pytest.raises(SettingError):
        redactors.of(ProjectSettings(presidio=True, presidio_models=("en_core_web_lg",)))
