"""A doctor's time as an agenda: visits, openings, hours and what is taken out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from zoneinfo import ZoneInfo

from app.clock import tick_of
from app.directory.facts import LocationFacts, VisitTypeFacts
from app.models import Appointment, HoursExceptionKind
from app.models import AppointmentStatus as Status
from app.scheduling.axis import Hour, Row, axis_of, hours_of, rows_of
from app.scheduling.days import LocalDay, local_day
from app.scheduling.diary import Diary, closure_at

LEAST_ROWS = 3  # of a cell; where it is cut thinner, it is hard to hit


class Kind(StrEnum):
    """What a stretch of a day without a visit is."""

    OPEN = "open"  # within working hours, and free
    BUFFER = "buffer"  # kept free around a visit
    TIME_OFF = "time_off"
    CLOSED = "closed"
    OUTSIDE = "outside"  # outside working hours
    SKIPPED = "skipped"  # this day has no such hour


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of a stretch that can be asked about. `tick` is its first opening, or else its
    start; where it `opens`, there is one. `ends` is the tick after its last."""

    tick: int
    ends: int
    rows: int
    opens: bool
    is_now: bool


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows of a day that are alike. `note` says why the time is off or closed."""

    kind: Kind
    note: str
    is_extra: bool
    place: LocationFacts | None
    rows: int
    cells: tuple[Cell, ...]

    @property
    def opens(self) -> bool:
        return any(cell.opens for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Placed:
    """A visit in its lane: `gap` empty rows, then its own."""

    visit: Appointment = field(repr=False)
    ref: str
    version: int
    gap: int
    rows: int
    is_now: bool


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits that overlap, side by side; mostly it is one."""

    rows: int
    lanes: tuple[tuple[Placed, ...], ...]


@dataclass(frozen=True, slots=True)
class DayPlan:
    """One day, from the top of the axis to its end."""

    on: date
    blocks: tuple[Stretch | Visits, ...]
    now_row: int | None
    visits: int
    openings: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Some days beside one axis."""

    hours: tuple[Hour, ...]
    days: tuple[DayPlan, ...]


def lay_out(
    diary: Diary,
    zone: ZoneInfo,
    days: Sequence[date],
    visit_type: VisitTypeFacts | None,
    cell_minutes: int,
) -> Plan:
    """The days side by side, on the wall of `zone`, with the openings of a visit type."""
    local = [local_day(on, zone) for on in days]
    starts = diary.starts(visit_type) if visit_type else 0
    axis = axis_of(diary, local)
    return Plan(
        hours=hours_of(axis),
        days=tuple(_Column(diary, day, axis, starts, cell_minutes).plan() for day in local),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What one row is; equal neighbours make a stretch."""

    kind: Kind
    note: str = ""
    is_extra: bool = False
    place: LocationFacts | None = None


class _Column:
    """One day while it is laid out."""

    def __init__(
        self, diary: Diary, day: LocalDay, axis: Sequence[Row], starts: int, cell_minutes: int
    ) -> None:
        self.diary, self.day, self.axis = diary, day, axis
        self.starts, self.cell_minutes = starts, cell_minutes
        ticks = {row: tick for tick, row in enumerate(rows_of(day), day.first)}
        self.ticks = [ticks.get(row) for row in axis]
        self.index = {tick: n for n, tick in enumerate(self.ticks) if tick is not None}
        self.now = tick_of(diary.desk.at)

    def plan(self) -> DayPlan:
        placed = [
            (begin, end, visit)
            for visit in self.diary.visits
            if (span := self._span(visit)) is not None
            for begin, end in (span,)
        ]
        blocks: list[Stretch | Visits] = []
        row = 0
        for cluster in _clusters(placed):
            begin, end = cluster[0][0], max(one[1] for one in cluster)
            blocks += self._stretches(row, begin)
            blocks.append(Visits(end - begin, self._lanes(cluster, begin)))
            row = end
        blocks += self._stretches(row, len(self.axis))
        return DayPlan(
            on=self.day.on,
            blocks=tuple(blocks),
            now_row=self.index.get(self.now),
            visits=sum(v.status is not Status.HELD for _, _, v in placed),
            openings=sum(self.diary.has(self.starts, tick) for tick in self.index),
        )

    def _span(self, visit: Appointment) -> tuple[int, int] | None:
        """The rows of a visit on this day; a visit past midnight is cut."""
        begin, end = tick_of(visit.starts_at), tick_of(visit.ends_at)
        rows = [self.index[tick] for tick in range(begin, end) if tick in self.index]
        return (rows[0], rows[-1] + 1) if rows else None

    def _lanes(
        self, cluster: Sequence[tuple[int, int, Appointment]], top: int
    ) -> tuple[tuple[Placed, ...], ...]:
        lanes: list[list[Placed]] = []
        ends: list[int] = []
        for begin, end, visit in cluster:
            lane = next((n for n, until in enumerate(ends) if until <= begin), len(lanes))
            if lane == len(lanes):
                lanes.append([])
                ends.append(top)
            now = visit.starts_at <= self.diary.desk.at < visit.ends_at
            gap, rows = begin - ends[lane], end - begin
            lanes[lane].append(Placed(visit, visit.ref, visit.version, gap, rows, now))
            ends[lane] = end
        return tuple(tuple(lane) for lane in lanes)

    def _stretches(self, begin: int, end: int) -> list[Stretch]:
        found: list[Stretch] = []
        for look, same in groupby(range(begin, end), key=self._look):
            rows = list(same)
            cells = () if look.kind is Kind.SKIPPED else self._cells(rows)
            found.append(Stretch(look.kind, look.note, look.is_extra, look.place, len(rows), cells))
        return found

    def _cells(self, rows: Sequence[int]) -> tuple[Cell, ...]:
        """The rows cut where a new piece begins on the wall, but never too thin."""
        pieces: list[list[int]] = []
        for row in rows:
            tick = self.ticks[row]
            if tick is None:
                continue
            is_cut = self.axis[row][0] % self.cell_minutes == 0
            left = rows[-1] + 1 - row
            if not pieces or (is_cut and min(len(pieces[-1]), left) >= LEAST_ROWS):
                pieces.append([])
            pieces[-1].append(tick)
        return tuple(self._cell(ticks) for ticks in pieces)

    def _cell(self, ticks: Sequence[int]) -> Cell:
        opening = next((tick for tick in ticks if self.diary.has(self.starts, tick)), None)
        tick = ticks[0] if opening is None else opening
        return Cell(tick, ticks[-1] + 1, len(ticks), opening is not None, self.now in ticks)

    def _look(self, row: int) -> _Look:
        tick, diary = self.ticks[row], self.diary
        if tick is None:
            return _Look(Kind.SKIPPED)
        planned = [place for place in diary.places if diary.has(place.planned, tick)]
        if diary.has(diary.busy, tick):
            return _Look(Kind.BUFFER)
        if not planned:
            return _Look(Kind.OUTSIDE)
        present = [place for place in planned if diary.has(place.present, tick)]
        if not present:
            off = diary.exception_at(HoursExceptionKind.TIME_OFF, tick)
            return _Look(Kind.TIME_OFF, off.note if off else "")
        is_open = [place for place in present if diary.has(place.open, tick)]
        if not is_open:
            return _Look(Kind.CLOSED, closure_at(present[0], tick), place=present[0].location)
        extra = diary.exception_at(HoursExceptionKind.EXTRA_HOURS, tick)
        place = is_open[0].location
        is_extra = extra is not None and extra.location_id == place.id
        return _Look(Kind.OPEN, extra.note if extra and is_extra else "", is_extra, place)


def _clusters(
    placed: Sequence[tuple[int, int, Appointment]],
) -> list[list[tuple[int, int, Appointment]]]:
    """Visits in order of their start, those that overlap together."""
    clusters: list[list[tuple[int, int, Appointment]]] = []
    until = -1
    for one in placed:
        if one[0] >= until:
            clusters.append([])
        clusters[-1].append(one)
        until = max(until, one[1])
    return clusters


def monday_of(on: date) -> date:
    """The Monday of a date's week."""
    return on - timedelta(on.isoweekday() - 1)
