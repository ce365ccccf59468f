"""What is planned of a doctor's time: the weekly pattern and extra hours. Pure arithmetic on rows
that the agenda has read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from app.clock import tick_of
from app.directory.facts import LocationFacts
from app.models import HoursException, HoursExceptionKind, WorkingHours
from app.scheduling.availability import ticks_in
from app.scheduling.days import ONE_DAY, Window, local_day


class Weekly(Protocol):
    """An interval of a week: stored, or only wished for."""

    @property
    def weekday(self) -> int: ...
    @property
    def starts_minute(self) -> int: ...
    @property
    def ends_minute(self) -> int: ...
    @property
    def valid_from(self) -> date | None: ...
    @property
    def valid_until(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Reservable:
    """Working hours, and the numbers of the visit types that alone may have them, if any."""

    hours: WorkingHours
    only: frozenset[int]


@dataclass(slots=True)
class Planned:
    """What is planned at one location: for every visit type, and for some only."""

    shared: int = 0
    reserved_to: dict[int, int] = field(default_factory=dict)

    def add(self, bits: int, only: frozenset[int] = frozenset()) -> None:
        if not only:
            self.shared |= bits
        for kind in only:
            self.reserved_to[kind] = self.reserved_to.get(kind, 0) | bits

    @property
    def reserved(self) -> int:
        bits = 0
        for of_type in self.reserved_to.values():
            bits |= of_type
        return bits & ~self.shared


def planned_at(
    locations: dict[int, LocationFacts],
    hours: Iterable[Reservable],
    exceptions: Iterable[HoursException],
    window: Window,
) -> dict[int, Planned]:
    """What is planned at each location at which the doctor works at all."""
    planned: dict[int, Planned] = defaultdict(Planned)
    for interval in hours:
        place = locations.get(interval.hours.location_id)
        if place is not None:
            planned[place.id].add(weekly(interval.hours, place, window), interval.only)
    for extra in exceptions:
        if extra.kind is HoursExceptionKind.EXTRA_HOURS and extra.location_id in locations:
            span = ticks_of(extra)
            planned[extra.location_id].add(ticks_in([span], window.first, window.last))
    return planned


def weekly(interval: Weekly, place: LocationFacts, window: Window) -> int:
    """The ticks of a window that an interval of the week covers, on the wall of its place."""
    bits = 0
    on = window.first_day + timedelta((interval.weekday - window.first_day.isoweekday()) % 7)
    while on <= window.last_day + ONE_DAY:
        begins = interval.valid_from is None or interval.valid_from <= on
        ends = interval.valid_until is None or on <= interval.valid_until
        if begins and ends:
            day = local_day(on, place.zone)
            bits |= day.mask(interval.starts_minute, interval.ends_minute) << (
                day.first - window.first
            )
        on += timedelta(7)
    return bits & ((1 << (window.last - window.first)) - 1)


class Dated(Protocol):
    """Anything from one instant to another."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


def ticks_of(span: Dated) -> tuple[int, int]:
    """The ticks that a span touches; a span that ends within a tick takes all of it."""
    return tick_of(span.starts_at), -(-int(span.ends_at.timestamp()) // 300)
