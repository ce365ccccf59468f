"""Why a time can be booked, or why not. Pure: it looks at what `diary.read` has read, and it agrees
with `openings.require`, because both ask `openings.starts_in` first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.clock import instant_of, tick_of
from app.directory.facts import LocationFacts, VisitTypeFacts
from app.models import Appointment, HoursExceptionKind
from app.models import AppointmentStatus as Status
from app.scheduling.agenda import PlaceShape
from app.scheduling.days import date_of, next_start
from app.scheduling.diary import Diary, closure_at
from app.scheduling.openings import grid_of, length_of, starts_in


class Reason(StrEnum):
    BOOKABLE = "bookable"
    PAST = "past"
    OUTSIDE_HOURS = "outside_hours"
    TIME_OFF = "time_off"
    CLOSED = "closed"
    TAKEN = "taken"
    HELD = "held"
    BUFFER = "buffer"  # kept free around another visit
    NOTICE = "notice"
    HORIZON = "horizon"
    OFF_GRID = "off_grid"  # visits of this type start at other minutes
    TOO_SHORT = "too_short"  # free, but not for long enough
    NO_ROOM_AFTER = "no_room_after"  # its own buffers meet another visit
    NO_ROOM_BEFORE = "no_room_before"
    OTHER_TYPES = "other_types"  # these hours are for other visit types


@dataclass(frozen=True, slots=True)
class Why:
    """One reason and its facts. `note` is the time off's or the closure's; `visit` is what stands
    in the way; `until` is when the hold ends, the free time ends or the next start is; `then` is
    what follows a free time that is too short."""

    reason: Reason
    note: str = ""
    visit: Appointment | None = None
    until: datetime | None = None
    then: Reason | None = None
    location: LocationFacts | None = None

    @property
    def is_bookable(self) -> bool:
        return self.reason is Reason.BOOKABLE


def explain(diary: Diary, visit_type: VisitTypeFacts, tick: int) -> Why:
    """Whether a visit of that type can start at a tick of the window, and if not, why.

    Of several reasons it gives the one that holds longest: outside the hours rather than too soon.
    """
    for place in diary.places:
        starts = starts_in(diary.desk, place, diary.window, diary.busy, visit_type)
        if diary.has(starts, tick):
            return Why(Reason.BOOKABLE, location=place.location)
    if instant_of(tick) <= diary.desk.at:
        return Why(Reason.PAST)
    place_here = _place_at(diary, visit_type, tick)
    if place_here is None:
        return Why(Reason.OUTSIDE_HOURS)
    return (
        _obstacle(diary, place_here, visit_type, tick)
        or _out_of_reach(diary, place_here, tick)
        or _off_grid(diary, place_here, visit_type, tick)
        or _too_short(diary, place_here, visit_type, tick)
        or _no_room(diary, visit_type, tick)
        or Why(Reason.OTHER_TYPES)
    )


def _place_at(diary: Diary, visit_type: VisitTypeFacts, tick: int) -> PlaceShape | None:
    """The place where the doctor would be; the one that is open, if there are several."""
    here = [place for place in diary.places if diary.has(place.planned, tick)]
    here.sort(
        key=lambda place: (
            not diary.has(place.open_to(visit_type.id), tick),
            not diary.has(place.open, tick),
            not diary.has(place.present, tick),
        )
    )
    return here[0] if here else None


def _obstacle(diary: Diary, place: PlaceShape, visit_type: VisitTypeFacts, tick: int) -> Why | None:
    """What stands at a tick itself."""
    if not diary.has(place.planned, tick):
        return Why(Reason.OUTSIDE_HOURS)
    if not diary.has(place.present, tick):
        off = diary.exception_at(HoursExceptionKind.TIME_OFF, tick)
        return Why(Reason.TIME_OFF, note=off.note if off else "")
    if not diary.has(place.open, tick):
        return Why(Reason.CLOSED, note=closure_at(place, tick), location=place.location)
    if not diary.has(place.open_to(visit_type.id), tick):
        return Why(Reason.OTHER_TYPES)
    return _meeting(diary, tick)


def _meeting(diary: Diary, tick: int) -> Why | None:
    """The visit that takes a tick, or whose buffer does."""
    if not diary.has(diary.busy, tick):
        return None
    taking = [
        visit
        for visit in diary.visits
        if not visit.is_overbooked and visit.busy_from_tick <= tick < visit.busy_until_tick
    ]
    visit = taking[0]
    if not tick_of(visit.starts_at) <= tick < tick_of(visit.ends_at):
        return Why(Reason.BUFFER, visit=visit)
    if visit.status is Status.HELD:
        return Why(Reason.HELD, visit=visit, until=visit.hold_expires_at)
    return Why(Reason.TAKEN, visit=visit)


def _out_of_reach(diary: Diary, place: PlaceShape, tick: int) -> Why | None:
    if tick < diary.desk.first_tick:
        return Why(Reason.NOTICE)
    if date_of(tick, place.location.zone) > diary.desk.last_day(place.location):
        return Why(Reason.HORIZON)
    return None


def _off_grid(diary: Diary, place: PlaceShape, visit_type: VisitTypeFacts, tick: int) -> Why | None:
    grid = grid_of(diary.window, place.location, visit_type.step, diary.window.last_day)
    if diary.has(grid, tick):
        return None
    coming = next_start(tick, place.location.zone, visit_type.step)
    return Why(Reason.OFF_GRID, until=instant_of(coming))


def _too_short(
    diary: Diary, place: PlaceShape, visit_type: VisitTypeFacts, tick: int
) -> Why | None:
    for later in range(tick, tick + length_of(visit_type).ticks):
        obstacle = _obstacle(diary, place, visit_type, later)
        if obstacle is not None:
            return Why(
                Reason.TOO_SHORT,
                note=obstacle.note,
                visit=obstacle.visit,
                until=instant_of(later),
                then=obstacle.reason,
            )
    return None


def _no_room(diary: Diary, visit_type: VisitTypeFacts, tick: int) -> Why | None:
    length = length_of(visit_type)
    after = tick + length.ticks
    for later in range(after, after + length.after):
        if (next_one := _meeting(diary, later)) is not None:
            return Why(Reason.NO_ROOM_AFTER, visit=next_one.visit, until=instant_of(later))
    for earlier in range(tick - 1, tick - length.before - 1, -1):
        if (last := _meeting(diary, earlier)) is not None:
            return Why(Reason.NO_ROOM_BEFORE, visit=last.visit, until=instant_of(earlier + 1))
    return None
