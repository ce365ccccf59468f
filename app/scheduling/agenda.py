"""What a doctor's time looks like: three queries for its shape, one for what is busy.

`shapes` is remembered per revision of the schedule; `busy` is asked anew each time. The number of
queries is the same for one doctor and for a hundred, for a day and for two months.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from sqlalchemy import ColumnElement, Select, bindparam, or_, select

from app.clinic import revision
from app.clock import instant_of, tick_of
from app.directory import catalogue
from app.directory.facts import LocationFacts
from app.extensions import db
from app.models import Appointment, Closure, HoursException, HoursExceptionKind, WorkingHours
from app.models import AppointmentStatus as Status
from app.models.hours import working_hours_visit_types
from app.scheduling.availability import ticks_in
from app.scheduling.days import ONE_DAY, Window, local_day
from app.scheduling.pattern import Planned, Reservable, planned_at, ticks_of

LONGEST_VISIT_TICKS = 96
LONGEST_BUFFER_TICKS = 24
LONGEST_BUSY_TICKS = 288  # the check constraint on appointments
END_OF_TIME = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PlaceShape:
    """A doctor's time at one location, as sets of ticks of the window.

    `planned` is the weekly pattern and extra hours; `present` is without time off; `open` is
    without the location's closures, which are kept with their reasons. `reserved` is what only some
    visit types may have, and `reserved_to` says which.
    """

    location: LocationFacts
    planned: int
    present: int
    open: int
    closures: tuple[tuple[int, int, str], ...]
    reserved: int = 0
    reserved_to: Mapping[int, int] = field(default_factory=dict)  # by the visit type's number

    def open_to(self, visit_type_id: int) -> int:
        """What of `open` a visit type may have."""
        if not self.reserved:
            return self.open
        return self.open & ~(self.reserved & ~self.reserved_to.get(visit_type_id, 0))


@dataclass(frozen=True, slots=True)
class Shape:
    """A doctor's time in a window, place by place."""

    window: Window
    places: tuple[PlaceShape, ...]


@revision.remembered(maxsize=1024)
def shapes(
    number: int, doctor_ids: tuple[int, ...], first_day: date, last_day: date
) -> dict[int, Shape]:
    """The shape of each doctor's time on the dates from `first_day` to `last_day`."""
    locations = catalogue.at(number).places
    hours = _hours(doctor_ids, first_day, last_day)
    widest = _window(first_day, last_day, locations.values())
    exceptions = _exceptions(doctor_ids, widest)
    closures = _closures(locations, widest)
    return {
        doctor_id: Shape(
            widest,
            tuple(
                _place(
                    locations[place_id], widest, planned, exceptions[doctor_id], closures[place_id]
                )
                for place_id, planned in sorted(
                    planned_at(locations, hours[doctor_id], exceptions[doctor_id], widest).items()
                )
            ),
        )
        for doctor_id in doctor_ids
    }


def busy(
    doctor_ids: Iterable[int], window: Window, at: datetime | None, apart_from: int | None = None
) -> dict[int, int]:
    """The ticks of each doctor that appointments take at the instant `at`, as sets.

    A hold that has ended takes nothing; without an instant no hold does. `apart_from` leaves out
    one appointment: the one that is being moved.
    """
    taken: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for doctor_id, begin, end in busy_spans(doctor_ids, window, at, apart_from):
        taken[doctor_id].append((begin, end))
    return {
        doctor_id: ticks_in(spans, window.first, window.last) for doctor_id, spans in taken.items()
    }


def busy_spans(
    doctor_ids: Iterable[int], window: Window, at: datetime | None, apart_from: int | None = None
) -> list[tuple[int, int, int]]:
    """(doctor, from tick, until tick) of all that is busy; answered from one covering index."""
    ids = list(doctor_ids)
    values = {
        "doctors": ids[0] if len(ids) == 1 else ids,
        "first": window.first,
        "longest_before": window.first - LONGEST_BUSY_TICKS,
        "last": window.last,
        # No hold ends after the end of time, so without an instant no hold counts.
        "at": at or END_OF_TIME,
        "apart_from": apart_from or 0,
    }
    statement = _BUSY_OF_ONE if len(ids) == 1 else _BUSY_OF_MANY
    return [tuple(row) for row in db.session.connection().execute(statement, values)]  # type: ignore[misc]


def _busy_statement(whose: ColumnElement[bool]) -> Select[int, int, int]:
    """Built once: putting a statement together costs more than running this one."""
    row = Appointment.__table__.c
    return select(row.doctor_id, row.busy_from_tick, row.busy_until_tick).where(
        whose,
        row.busy_from_tick > bindparam("longest_before"),
        row.busy_from_tick < bindparam("last"),
        row.busy_until_tick > bindparam("first"),
        row.status.not_in([Status.CANCELLED, Status.EXPIRED]),
        or_(row.status != Status.HELD, row.hold_expires_at > bindparam("at")),
        row.is_overbooked.is_(False),
        row.id != bindparam("apart_from"),
    )


_doctor_id = Appointment.__table__.c.doctor_id
_BUSY_OF_ONE = _busy_statement(_doctor_id == bindparam("doctors"))
_BUSY_OF_MANY = _busy_statement(_doctor_id.in_(bindparam("doctors", expanding=True)))


def _window(first_day: date, last_day: date, places: Iterable[LocationFacts]) -> Window:
    zones = {place.zone for place in places}
    if not zones:
        first = last = tick_of(datetime.fromisoformat(f"{first_day}T00:00+00:00"))
        return Window(first_day, last_day, first, last)
    first = min(local_day(first_day, zone).first for zone in zones)
    last = max(local_day(last_day, zone).last for zone in zones)
    return Window(
        first_day,
        last_day,
        first - LONGEST_BUFFER_TICKS,
        last + LONGEST_VISIT_TICKS + LONGEST_BUFFER_TICKS,
    )


def _hours(
    doctor_ids: tuple[int, ...], first_day: date, last_day: date
) -> defaultdict[int, list[Reservable]]:
    only = working_hours_visit_types.c
    found = db.session.execute(
        select(WorkingHours, only.visit_type_id)
        .outerjoin(working_hours_visit_types, only.working_hours_id == WorkingHours.id)
        .where(
            WorkingHours.doctor_id.in_(doctor_ids),
            or_(WorkingHours.valid_from.is_(None), WorkingHours.valid_from <= last_day + ONE_DAY),
            or_(WorkingHours.valid_until.is_(None), WorkingHours.valid_until >= first_day),
        )
    )
    kinds: defaultdict[WorkingHours, set[int]] = defaultdict(set)
    for hours, kind in found:
        kinds[hours].update(() if kind is None else (kind,))
    groups: defaultdict[int, list[Reservable]] = defaultdict(list)
    for hours, of_types in kinds.items():
        groups[hours.doctor_id].append(Reservable(hours, frozenset(of_types)))
    return groups


def _exceptions(
    doctor_ids: tuple[int, ...], window: Window
) -> defaultdict[int, list[HoursException]]:
    rows = db.session.scalars(
        select(HoursException).where(
            HoursException.doctor_id.in_(doctor_ids),
            HoursException.ends_at > instant_of(window.first),
            HoursException.starts_at < instant_of(window.last),
        )
    )
    groups: defaultdict[int, list[HoursException]] = defaultdict(list)
    for row in rows:
        groups[row.doctor_id].append(row)
    return groups


def _closures(
    locations: Iterable[int], window: Window
) -> defaultdict[int, list[tuple[int, int, str]]]:
    groups: defaultdict[int, list[tuple[int, int, str]]] = defaultdict(list)
    query = select(Closure).where(
        Closure.location_id.in_(list(locations)),
        Closure.ends_at > instant_of(window.first),
        Closure.starts_at < instant_of(window.last),
    )
    for closure in db.session.scalars(query):
        begin, end = ticks_of(closure)
        groups[closure.location_id].append((begin, end, closure.reason))
    return groups


def _place(
    location: LocationFacts,
    window: Window,
    plan: Planned,
    exceptions: list[HoursException],
    closures: list[tuple[int, int, str]],
) -> PlaceShape:
    reserved = plan.reserved
    planned = plan.shared | reserved
    away = [ticks_of(off) for off in exceptions if off.kind is HoursExceptionKind.TIME_OFF]
    present = planned & ~ticks_in(away, window.first, window.last)
    closed = ticks_in(((begin, end) for begin, end, _ in closures), window.first, window.last)
    return PlaceShape(
        location,
        planned,
        present,
        present & ~closed,
        tuple(closures),
        reserved,
        plan.reserved_to,
    )
