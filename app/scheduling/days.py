"""Local days as runs of ticks. Pure: no database, no clock.

A local day has 276, 288 or 300 ticks, more or less as clocks change. It is a few segments of
constant offset, so that a wall-clock interval is found by arithmetic on segments; a wall-clock
time that does not exist falls between two segments, one that exists twice lies in two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from app.clock import tick_of

MINUTES_PER_TICK = 5
TICKS_A_DAY = 288  # of 24 hours
WHOLE_DAY = 1440  # minutes on the wall, however long the day
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Segment:
    """Ticks `first` to `last` (not included) of a local day whose wall clock starts at `minute`."""

    first: int
    last: int
    minute: int

    @property
    def ends_minute(self) -> int:
        return self.minute + (self.last - self.first) * MINUTES_PER_TICK


@dataclass(frozen=True, slots=True)
class Window:
    """Ticks `first` until `last` (not included): some local dates, and room on both sides for
    buffers and for a visit that runs past midnight. Bit 0 of every set is `first`."""

    first_day: date
    last_day: date
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LocalDay:
    """One date on the wall of a zone. `first` and `last` (not included) are UTC ticks."""

    on: date
    first: int
    last: int
    segments: tuple[Segment, ...]

    def mask(self, starts_minute: int, ends_minute: int) -> int:
        """The bits (tick `first` is bit 0) whose wall clock lies in an interval of minutes."""
        bits = 0
        for segment in self.segments:
            start = max(starts_minute, segment.minute)
            end = min(ends_minute, segment.ends_minute)
            if start < end:
                offset = segment.first - self.first + (start - segment.minute) // MINUTES_PER_TICK
                bits |= run((end - start) // MINUTES_PER_TICK) << offset
        return bits

    def starts(self, step: int) -> int:
        """The bits at which a visit may start: every `step` wall-clock minutes, and only the
        first time that a wall-clock time is shown."""
        bits, shown_until = 0, -1
        for segment in self.segments:
            for tick in range(segment.first, segment.last):
                minute = segment.minute + (tick - segment.first) * MINUTES_PER_TICK
                if minute % step == 0 and minute > shown_until:
                    bits |= 1 << (tick - self.first)
            shown_until = max(shown_until, segment.ends_minute - MINUTES_PER_TICK)
        return bits


def run(ticks: int) -> int:
    """`ticks` one-bits."""
    return (1 << ticks) - 1


@lru_cache(maxsize=4096)
def local_day(on: date, zone: ZoneInfo) -> LocalDay:
    """The ticks of a date in a zone."""
    first, last = _midnight(on, zone), _midnight(on + timedelta(days=1), zone)
    segments: list[Segment] = []
    start = first
    while start < last:
        offset = _offset(start, zone)
        end = last
        if _offset(last - 1, zone) != offset:
            end = _change_after(start, last - 1, zone)
        minute = (start * MINUTES_PER_TICK + offset) % WHOLE_DAY
        segments.append(Segment(start, end, minute))
        start = end
    return LocalDay(on, first, last, tuple(segments))


@lru_cache(maxsize=8192)
def starts_of(on: date, zone: ZoneInfo, step: int) -> int:
    """`LocalDay.starts`, remembered."""
    return local_day(on, zone).starts(step)


def next_start(tick: int, zone: ZoneInfo, step: int) -> int:
    """The first tick from `tick` on at which a visit of that step may start in `zone`."""
    on = date_of(tick, zone)
    while True:
        day = local_day(on, zone)
        passed = max(0, tick - day.first)
        if ahead := starts_of(on, zone, step) >> passed:
            return day.first + passed + (ahead & -ahead).bit_length() - 1
        on += timedelta(1)


def date_of(tick: int, zone: ZoneInfo) -> date:
    """The date on the wall of `zone` at a tick."""
    return datetime.fromtimestamp(tick * 300, UTC).astimezone(zone).date()


def _midnight(on: date, zone: ZoneInfo) -> int:
    # Where midnight is skipped by the clock change, fold=0 names the instant of the change.
    return tick_of(datetime(on.year, on.month, on.day, tzinfo=zone))


def _offset(tick: int, zone: ZoneInfo) -> int:
    """Minutes that the wall clock is ahead of UTC."""
    offset = datetime.fromtimestamp(tick * 300, UTC).astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 (an aware time has an offset)
    return int(offset.total_seconds()) // 60


def _change_after(low: int, high: int, zone: ZoneInfo) -> int:
    """The first tick with another offset than `low`'s, by bisection."""
    before = _offset(low, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return high
