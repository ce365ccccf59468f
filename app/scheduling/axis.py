"""The axis of an agenda: wall-clock rows of five minutes that several days share.

A day on which the clocks change has rows too many or too few; the axis then has them all, and the
other days a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from app.clock import tick_of
from app.scheduling.availability import ticks_in
from app.scheduling.days import MINUTES_PER_TICK, WHOLE_DAY, LocalDay
from app.scheduling.diary import Diary

DAY_STARTS, DAY_ENDS = 8 * 60, 18 * 60  # shown at least, in wall-clock minutes
ROWS_A_DAY = WHOLE_DAY // MINUTES_PER_TICK

Row = tuple[int, bool]  # a wall-clock minute, and whether it is shown for the second time


@dataclass(frozen=True, slots=True)
class Hour:
    """A label of the axis. `again` is the second time that an hour is shown."""

    minute: int
    again: bool
    rows: int

    @property
    def label(self) -> str:
        return f"{self.minute // 60:02}:{self.minute % 60:02}"


def hours_of(axis: Sequence[Row]) -> tuple[Hour, ...]:
    """The labels beside an axis."""
    return tuple(
        Hour(hour * 60, again, len(list(same)))
        for (hour, again), same in groupby(axis, key=lambda row: (row[0] // 60, row[1]))
    )


def rows_of(day: LocalDay) -> list[Row]:
    """The row of each tick of a day."""
    rows: list[Row] = []
    shown_until = 0
    for segment in day.segments:
        minutes = range(segment.minute, segment.ends_minute, MINUTES_PER_TICK)
        rows += [(minute, minute < shown_until) for minute in minutes]
        shown_until = max(shown_until, segment.ends_minute)
    return rows


def axis_of(diary: Diary, days: Sequence[LocalDay]) -> Sequence[Row]:
    """The rows that are worth showing: office hours, and all that lies beyond them."""
    whole = _whole_axis(days)
    least, most = _used(diary, days)
    first = next(n for n, (minute, _) in enumerate(whole) if minute >= least)
    last = max(n for n, (minute, _) in enumerate(whole) if minute < most)
    return whole[first : last + 1]


def _whole_axis(days: Sequence[LocalDay]) -> list[Row]:
    """The rows of an ordinary day, or of the one that shows an hour twice."""
    longest = max(days, key=lambda day: day.last - day.first)
    if longest.last - longest.first > ROWS_A_DAY:
        return rows_of(longest)
    return [(minute, False) for minute in range(0, WHOLE_DAY, MINUTES_PER_TICK)]


def _used(diary: Diary, days: Sequence[LocalDay]) -> tuple[int, int]:
    """The whole hours, in minutes, between which there are working hours and visits."""
    least, most = DAY_STARTS, DAY_ENDS
    spans = [(tick_of(visit.starts_at), tick_of(visit.ends_at)) for visit in diary.visits]
    used = ticks_in(spans, diary.window.first, diary.window.last)
    for place in diary.places:
        used |= place.planned
    for day in days:
        minutes = [
            minute
            for tick, (minute, _) in enumerate(rows_of(day), day.first)
            if diary.has(used, tick)
        ]
        if minutes:
            least = min(least, min(minutes) // 60 * 60)
            most = max(most, -(-(max(minutes) + MINUTES_PER_TICK) // 60) * 60)
    return least, most
