"""Availability is integer arithmetic. Pure: no database, no clock.

A Python int is a set of ticks: bit *i* stands for tick *start + i* of some window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.scheduling.days import run


@dataclass(frozen=True, slots=True)
class VisitLength:
    """What a visit takes of a doctor's calendar, in ticks, and on what grid it starts (minutes)."""

    ticks: int
    before: int
    after: int
    step: int


def ticks_in(spans: Iterable[tuple[int, int]], first: int, last: int) -> int:
    """The set of ticks that any of the `spans` (from, until; not included) covers, within a
    window from `first` until `last`."""
    bits = 0
    for begin, end in spans:
        start, stop = max(begin, first), min(end, last)
        if start < stop:
            bits |= run(stop - start) << (start - first)
    return bits


def starts_that_fit(free: int, ticks: int) -> int:
    """The bits of `free` at which a run of `ticks` free ticks begins."""
    fits, width = free, 1
    while width < ticks:
        step = min(width, ticks - width)
        fits &= fits >> step
        width += step
    return fits


def bookable_starts(working: int, busy: int, starts: int, length: VisitLength) -> int:
    """The bits at which a visit can start.

    The visit itself must lie in `working`; its buffers need only be free of other visits, so that
    the first visit of a day may be prepared before the doors open. `starts` is the grid. The
    window must reach `length.before` ticks beyond the first and `length.after` beyond the last
    bit that matters.
    """
    visit = starts_that_fit(working & ~busy, length.ticks)
    if length.before or length.after:
        whole = length.before + length.ticks + length.after
        visit &= starts_that_fit(~busy, whole) << length.before
    return visit & starts


def positions(bits: int) -> Iterator[int]:
    """The positions of the one-bits, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def count(bits: int) -> int:
    """How many ticks the set has."""
    return bits.bit_count()
