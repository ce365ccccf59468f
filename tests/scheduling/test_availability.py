"""Availability against a naive model that looks at each tick by itself."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.scheduling.availability import (
    VisitLength,
    bookable_starts,
    count,
    positions,
    starts_that_fit,
    ticks_in,
)

WINDOW = 90
sets = st.integers(0, (1 << WINDOW) - 1)
roomy = st.lists(st.tuples(st.integers(0, WINDOW), st.integers(0, WINDOW)), max_size=6)


def members(bits: int) -> set[int]:
    return {position for position in range(bits.bit_length()) if bits >> position & 1}


def covered(spans: list[tuple[int, int]]) -> int:
    return sum(1 << t for t in range(WINDOW) if any(a <= t < b for a, b in spans))


@given(roomy, st.integers(1, 30))
def test_a_run_fits_where_all_of_its_ticks_are_free(spans, ticks):
    free = covered(spans)
    expected = {t for t in range(WINDOW) if all(free >> t + n & 1 for n in range(ticks))}
    assert members(starts_that_fit(free, ticks)) == expected


@given(roomy, roomy, sets, st.integers(1, 12), st.integers(0, 6), st.integers(0, 6))
def test_a_visit_starts_where_it_lies_in_hours_and_its_buffers_meet_nobody(
    hours, visits, grid, ticks, before, after
):
    working, busy = covered(hours), covered(visits)
    grid &= ~0 << before  # the window reaches that far beyond what matters
    expected = {
        start
        for start in members(grid)
        if all(working >> t & 1 for t in range(start, start + ticks))
        and not any(busy >> t & 1 for t in range(start - before, start + ticks + after))
    }
    length = VisitLength(ticks, before, after, 5)
    assert members(bookable_starts(working, busy, grid, length)) == expected


@given(roomy, st.integers(0, 40), st.integers(41, 90))
def test_spans_become_the_ticks_of_the_window_that_any_of_them_covers(spans, first, last):
    expected = {t - first for t in range(first, last) if any(a <= t < b for a, b in spans)}
    assert members(ticks_in(spans, first, last)) == expected


@given(sets)
def test_positions_are_the_members_in_ascending_order(bits):
    assert list(positions(bits)) == sorted(members(bits))


@given(sets)
def test_the_count_is_the_number_of_members(bits):
    assert count(bits) == len(members(bits))


def test_a_buffer_may_lie_before_the_doors_open():
    opens_at_six = 0b111111 << 6
    length = VisitLength(ticks=6, before=2, after=2, step=5)
    assert members(bookable_starts(opens_at_six, 0, ~0, length)) == {6}


def test_a_buffer_may_not_meet_another_visit():
    opens_at_six = 0b111111 << 6
    length = VisitLength(ticks=6, before=2, after=2, step=5)
    assert bookable_starts(opens_at_six, 1 << 5, ~0, length) == 0
