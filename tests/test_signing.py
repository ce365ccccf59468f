from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import clock
from app.signing import Purpose, Signer

SIGNER = Signer("a key that is long enough to be one")


@given(st.text(max_size=40))
def test_a_link_leads_back_to_what_it_was_made_for(subject: str) -> None:
    now = clock.now()
    token = SIGNER.token(Purpose.SEE_VISIT, subject, now + timedelta(hours=1))
    assert SIGNER.subject(Purpose.SEE_VISIT, token, now) == subject


def test_a_link_for_one_thing_is_no_link_for_another() -> None:
    token = SIGNER.token(Purpose.SEE_VISIT, "abc")
    others = [purpose for purpose in Purpose if purpose is not Purpose.SEE_VISIT]
    assert [SIGNER.subject(purpose, token, clock.now()) for purpose in others] == [None] * 5


def test_a_link_is_over_at_its_end() -> None:
    ends = clock.now().replace(microsecond=0)
    token = SIGNER.token(Purpose.MOVE_VISIT, "abc", ends)
    assert SIGNER.subject(Purpose.MOVE_VISIT, token, ends - timedelta(seconds=1)) == "abc"
    assert SIGNER.subject(Purpose.MOVE_VISIT, token, ends) is None


def test_another_installations_link_is_worth_nothing() -> None:
    token = Signer("another key that is long enough").token(Purpose.CALENDAR_FEED, "abc")
    assert SIGNER.subject(Purpose.CALENDAR_FEED, token, clock.now()) is None


@pytest.mark.parametrize("token", ["", ".", "a", "a.b.c", "\ud800", "é" * 20, "x" * 10_000, "\0"])
def test_a_mangled_link_is_worth_nothing(token: str) -> None:
    assert SIGNER.subject(Purpose.SEE_VISIT, token, clock.now()) is None


@given(st.data())
def test_a_link_with_one_letter_changed_is_worth_nothing(data: st.DataObject) -> None:
    token = SIGNER.token(Purpose.CANCEL_VISIT, "abc", clock.now() + timedelta(days=1))
    place = data.draw(st.integers(0, len(token) - 2))  # the last letter holds spare bits
    letter = data.draw(st.sampled_from("abcXYZ019-_").filter(lambda one: one != token[place]))
    changed = token[:place] + letter + token[place + 1 :]
    assert SIGNER.subject(Purpose.CANCEL_VISIT, changed, clock.now()) is None
