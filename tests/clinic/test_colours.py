"""The clinic's colour: white can be read on it, and something of it on dark paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clinic import colours

ANY = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert colours.contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert colours.contrast(other, one) == colours.contrast(one, other)


@given(ANY)
def test_any_colour_has_a_tint_that_can_be_read_on_dark_paper(colour):
    tint = colours.on_dark(colour)
    assert colours.is_colour(tint)
    assert colours.contrast(tint, colours.DARK_PAPER) >= colours.ENOUGH


def test_a_colour_that_is_light_enough_stays_itself_on_dark_paper():
    assert colours.on_dark("#d9b3cb") == "#d9b3cb"


@pytest.mark.parametrize("text", ["", "76295c", "#76295C", "#76295c\n", "#76295c0", "red"])
def test_what_is_not_written_as_colours_are_kept_is_none(text):
    assert not colours.is_colour(text)
