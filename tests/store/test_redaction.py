"""What identifies a person leaves a text; all else stays, and spans stand where their words stand."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunery.store.redaction import KINDS, moved, redact
from tunery.types import Span

FOUND = [
    ("write to Zhang.San+a@mail.example.com.", "write to [email]."),
    ("邮箱zhangsan@qq.com，谢谢", "邮箱[email]，谢谢"),
    ("ｚｈａｎｇ＠ｑｑ．ｃｏｍ", "[email]"),
    ("13812345678@qq.com", "[email]"),
    ("我的电话13812345678。", "我的电话[phone]。"),
    ("电话：１３８１２３４５６７８", "电话：[phone]"),
    ("138-1234-5678 or 138 1234 5678", "[phone] or [phone]"),
    ("+86 138 1234 5678", "[phone]"),
    ("+8613812345678", "[phone]"),
    ("008613812345678", "[phone]"),
    ("13812345678 13912345678", "[phone] [phone]"),
    ("13812345678、13912345678", "[phone]、[phone]"),
    ("+33 6 12 34 56 78", "[phone]"),
    ("微信号wx13812345678", "微信号wx[phone]"),
    ("010-62345678", "[phone]"),
    ("(010) 6234 5678", "[phone]"),
    ("（０１０）６２３４５６７８", "[phone]"),
    ("0755-8234567, 021—62345678-801", "[phone], [phone]"),
    ("call +44 20 7946 0958 now", "call [phone] now"),
    ("(415) 555-2671", "[phone]"),
    ("+1 (415) 555-2671", "[phone]"),
    ("card 4111 1111 1111 1111", "card [card]"),
    ("卡号6222021234567890128", "卡号[card]"),
    ("3782-822463-10005", "[card]"),
    ("身份证11010519491231002X", "身份证[id]"),
    ("身份证１１０１０５１９４９１２３１００２ｘ。", "身份证[id]。"),
    ("110105 19491231 002X", "[id]"),
    ("旧证110105491231002", "旧证[id]"),
    ("SSN 219-09-9999", "SSN [id]"),
    ("护照号E12345678，passport no. 123456789", "护照号[id]，passport no. [id]"),
]
KEPT = [
    "order 4111 1111 1111 1112",  # as many digits as a card, and no check digit
    "订单号110105194912310021",
    "卡号6222021234567890123",
    "订单20251124123456789",
    "2025-11-24 12:30:05",
    "15 20 30 40 50 6",
    "3.1415926535897",
    "0.13812345678",
    "v1.2.3 and 10.0.0.1",
    "12 000 000 USD",
    "550e8400-e29b-41d4-a716-446655440000",
    "a@b and @user and x@localhost",
    "ISBN 978-7-111-54742-6",
    "",
]


@pytest.mark.parametrize(("text", "left"), FOUND)
def test_what_identifies_a_person_is_taken_out(text: str, left: str) -> None:
    assert redact(text).text == left


@pytest.mark.parametrize("text", KEPT)
def test_what_does_not_stays(text: str) -> None:
    assert redact(text).text == text


def test_what_was_taken_out_is_counted() -> None:
    found = redact("13812345678, 13912345678, a@b.cn")
    assert (found.text, found.counts) == ("[phone], [phone], [email]", {"phone": 2, "email": 1})


def test_only_what_is_asked_for_is_taken_out() -> None:
    text = "13812345678 a@b.cn 4111111111111111"
    assert redact(text, ["card"]).text == "13812345678 a@b.cn [card]"
    assert redact(text, []).text == text


def luhn(digits: str) -> str:
    total = sum(int(d) if i % 2 else sum(divmod(int(d) * 2, 10)) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


@given(st.from_regex(r"(4[0-9]{14}|62[0-9]{14,16})", fullmatch=True), st.integers(1, 9))
def test_a_card_is_found_by_its_check_digit_alone(digits: str, wrong: int) -> None:
    card = luhn(digits)
    assert redact(f"卡{card}号", ["card"]).text == "卡[card]号"
    other = digits + str((int(card[-1]) + wrong) % 10)
    assert redact(f"卡{other}号", ["card"]).text == f"卡{other}号"


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["{}", "+86{}", "86-{}", "(+86) {}", "电{}话"])
)
def test_every_mobile_number_is_found(number: str, written: str) -> None:
    for form in (number, f"{number[:3]} {number[3:7]} {number[7:]}", f"{number[:3]}-{number[3:]}"):
        for text in (form, form.translate({ord("0") + n: ord("０") + n for n in range(10)})):
            assert not any(character.isdigit() for character in redact(written.format(text)).text.replace("86", ""))


PIECES = st.sampled_from(
    ["13812345678", "a@b.cn", " ", "，", "word", "4111111111111111", "[phone]", "1", "-", ".", "字"]
)


@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60))
def test_what_is_left_stands_where_the_places_say(text: str) -> None:
    found = redact(text)
    assert len(found.places) == sum(found.counts.values())
    shift = last = 0
    for start, end, length in found.places:
        assert start >= last
        assert found.text[last + shift : start + shift] == text[last:start]
        assert found.text[start + shift : start + shift + length].strip("[]") in KINDS
        shift, last = shift + length - (end - start), end
    assert found.text[last + shift :] == text[last:]


@given(st.lists(PIECES, max_size=12).map("".join), st.data())
def test_spans_stand_where_their_words_stand(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    found = redact(text)
    target = moved((Span(start, end, "A", 0.5),), found.places)
    crossed = [one for one in found.places if one.start < end and one.end > start]
    if not crossed:
        (span,) = target  # type: ignore[misc]
        assert isinstance(span, Span)
        assert found.text[span.start : span.end] == text[start:end]
        assert span.score == 0.5
    elif any(one.start < start or one.end > end for one in crossed):
        assert target == ()


def test_a_span_grows_and_shrinks_with_what_it_holds_and_goes_with_what_it_is() -> None:
    text = "call 13812345678 or Ann"
    found = redact(text)
    target = (Span(0, 16, "ask"), Span(5, 16, "number"), Span(20, 23, "name"))
    assert moved(target, found.places) == (Span(0, 12, "ask"), Span(16, 19, "name"))
    assert moved("label", found.places) == "label"
    assert moved(("a", "b"), found.places) == ("a", "b")
    assert moved(None, found.places) is None


HOSTILE = [
    "1",
    "1 ",
    "1-",
    "1.",
    "1 (",
    "a@",
    "a.",
    "@",
    "+",
    "+1",
    "(+",
    "护照",
    "a@a.",
    "13812345678 ",
    "1234567890",
    "-",
    "X",
    "110105 ",
    "12 ",
    "1234 ",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_time_is_in_proportion_to_the_length(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        started = time.process_time()
        redact(text)
        return time.process_time() - started

    seconds(1000)
    # Twenty times as much takes about twenty times as long; where it grew with the square it would be four hundred.
    assert seconds(60_000) < 100 * max(seconds(3_000), 0.001)


def test_a_long_text_of_almost_numbers_is_read_to_its_end() -> None:
    for piece in ("1", "1.", "a@a.", "护照", "@", "(+"):
        text = piece * (1_000_000 // len(piece))
        assert redact(f"{text} tel 13812345678").text == f"{text} tel [phone]"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a@b.cn13812345678", "[email][phone]"),
        ("护照E1234567@qq.com", "护照[email]"),
        ("a [id] b [phone]", "a [id] b [phone]"),
    ],
)
def test_what_stands_right_beside_something_that_is_taken_out_is_found_too(text: str, left: str) -> None:
    assert redact(text).text == left


@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=60))
def test_a_redacted_text_has_nothing_more_to_take_out(text: str) -> None:
    left = redact(text).text
    assert redact(left).text == left
