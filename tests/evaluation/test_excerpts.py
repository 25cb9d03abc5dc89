from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tunery.evaluation.excerpts import crop, disputed, excerpt, focus, pieces
from tunery.evaluation.report import MarkedSpan, Mistake

texts = st.text(alphabet="ab 中文。é👍", max_size=120)


@st.composite
def marked(draw: st.DrawFn) -> tuple[str, list[MarkedSpan]]:
    text = draw(texts.filter(bool))
    starts = draw(st.lists(st.integers(0, len(text) - 1), max_size=6))
    return text, [MarkedSpan(start=s, end=draw(st.integers(s + 1, len(text))), label="x") for s in starts]


@given(marked())
def test_the_pieces_of_a_text_are_the_text(example: tuple[str, list[MarkedSpan]]) -> None:
    text, spans = example
    assert "".join(piece.text for piece in pieces(text, spans, [], (0, len(text)))) == text


@given(marked(), st.integers(1, 60))
def test_a_crop_is_short_and_holds_the_beginning_of_what_it_is_about(
    example: tuple[str, list[MarkedSpan]], length: int
) -> None:
    text, spans = example
    around = spans[0].offsets if spans else (0, 0)
    first, last = crop(text, around, length)
    assert 0 <= first < last <= len(text)
    assert last - first <= length
    assert first <= around[0] < last


def test_what_was_left_out_is_marked() -> None:
    text = "one two three four five six seven eight nine ten"
    assert excerpt(text, (0, 0), 20) == "one two three four…"
    assert excerpt(text, (24, 27), 20) == "…five six seven…"
    assert excerpt(text, (0, 0), 100) == text


def test_only_spans_that_not_all_have_are_disputed() -> None:
    same, other = MarkedSpan(start=0, end=1, label="x"), MarkedSpan(start=0, end=1, label="y")
    assert disputed([same], [same, other]) == [[], [other]]


def test_a_mistake_is_about_the_span_that_it_names() -> None:
    spans = (MarkedSpan(start=0, end=5, label="x"), MarkedSpan(start=10, end=15, label="x"))
    mistake = Mistake(
        row=1, text="Paris and Lyons", expected="O", answered="Lyons [x]", confidence=0.9, answered_spans=spans
    )
    assert focus(mistake) == (10, 15)
