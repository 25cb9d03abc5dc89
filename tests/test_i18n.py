"""Messages that are said again in another language."""

from __future__ import annotations

import json

from tunery import i18n
from tunery.i18n import _


def test_a_message_with_values_is_said_again_in_another_language() -> None:
    with i18n.use_language("zh"), i18n.remembering():
        said = _("{count} min ago").format(count=5)
    parts = json.loads(json.dumps(i18n.parts_of(said)))

    assert said == "5 分钟前"
    assert i18n.say(parts) == "5 min ago"


def test_messages_within_a_message_change_their_language_too() -> None:
    with i18n.use_language("zh"), i18n.remembering():
        said = i18n.composed("{what} = {column}", what=_("label"), column="{odd}")
    parts = json.loads(json.dumps(i18n.parts_of(said)))

    assert said == "标签 = {odd}"
    assert i18n.say(parts) == "label = {odd}"


def test_values_that_json_does_not_know_are_kept_as_words() -> None:
    with i18n.remembering():
        said = _("Saved to {path}.").format(path=ValueError("no"))

    assert i18n.parts_of(said) == {"message": "Saved to {path}.", "values": {"path": "no"}}


def test_messages_are_plain_texts_where_nobody_wants_to_say_them_again() -> None:
    assert i18n.parts_of(_("{count} min ago").format(count=5)) is None
