"""A doctor's weekly hours, as the doctor or an admin sets them.

The hours are stored as a whole, as they were seen: who saves over somebody else's change is told.
Hours whose last day has passed are history and stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from app import clock
from app.clinic import audit, revision, settings
from app.directory import catalogue
from app.directory.catalogue import LocationFacts
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed
from app.extensions import db
from app.models import Doctor, Location, Role, User, VisitType, WorkingHours
from app.scheduling import hits
from app.scheduling.agenda import ONE_DAY, Window
from app.scheduling.days import MINUTES_PER_TICK, local_day
from app.scheduling.hits import NO_ANSWER, Answer
from app.scheduling.pattern import weekly
from app.transaction import transactional

MOST = 70  # intervals of one doctor
WHOLE_DAY = 1440
A_YEAR = timedelta(371)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Interval:
    """Some hours of a weekday (Monday = 1) at a location, in minutes of its wall clock; from and to
    a date, both included; for some visit types, or for all."""

    weekday: int
    location_id: int
    starts_minute: int
    ends_minute: int
    valid_from: date | None = None
    valid_until: date | None = None
    visit_type_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with one field of an interval."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What hours can be given: locations, and visit types that the doctor offers or has hours
    for."""

    places: Sequence[Location]
    kinds: Sequence[VisitType]


class Faulty(ClinicError):
    """Hours that cannot be; `complaints` says which of them and why, by their place in the list."""

    status = 422

    def __init__(self, complaints: Mapping[int, Complaint]) -> None:
        self.complaints = complaints
        super().__init__(" ".join(one.sentence for one in complaints.values()))


def of(doctor: Doctor) -> Sequence[WorkingHours]:
    """A doctor's weekly hours that are not over, in the order of the week."""
    today = _today()
    return db.session.scalars(
        select(WorkingHours)
        .options(joinedload(WorkingHours.location), selectinload(WorkingHours.visit_types))
        .where(
            WorkingHours.doctor_id == doctor.id,
            or_(WorkingHours.valid_until.is_(None), WorkingHours.valid_until >= today),
        )
        .order_by(WorkingHours.weekday, WorkingHours.starts_minute, WorkingHours.id)
    ).all()


def choices_of(doctor: Doctor, rows: Iterable[WorkingHours]) -> Choices:
    """What the hours of a doctor, who has these, can be given."""
    offered = {kind.id: kind for kind in doctor.visit_types if kind.is_active}
    named = {kind.id: kind for row in rows for kind in row.visit_types}
    kinds = sorted((offered | named).values(), key=lambda kind: kind.name)
    return Choices(places(), kinds)


def places() -> Sequence[Location]:
    """Where one can work, by name."""
    return db.session.scalars(select(Location).order_by(Location.name)).all()


def interval_of(row: WorkingHours) -> Interval:
    """Stored hours, as they could be wished for again."""
    return Interval(
        row.weekday,
        row.location_id,
        row.starts_minute,
        row.ends_minute,
        row.valid_from,
        row.valid_until,
        frozenset(kind.id for kind in row.visit_types),
    )


@transactional
def save(
    doctor: Doctor,
    wanted: Sequence[Interval],
    actor: User,
    *,
    version: int,
    answer: Answer = NO_ANSWER,
) -> None:
    """Let a doctor work so from now on, in place of the hours that were seen at `version`.

    Raises Faulty, hits.Unanswered (and NoReason), ChangedMeanwhile, NotAllowed. Saving what is
    stored already is no fault, whatever the version.
    """
    lock(doctor, actor)
    rows = of(doctor)
    stored = Counter(map(interval_of, rows))
    if stored == Counter(wanted):
        return
    if doctor.version != version:
        raise ChangedMeanwhile
    if found := complaints(wanted):
        raise Faulty(found)
    before = in_words(rows)

    def change() -> None:
        _replace(doctor, rows, Counter(wanted))

    hits.settle(hits.of_timetable(doctor, change), answer, actor)
    doctor.version += 1
    after = in_words(of(doctor))
    changed = [day for day in WEEKDAYS if before.get(day) != after.get(day)]
    audit.record(
        actor,
        "doctor.hours_changed",
        doctor,
        name=doctor.name,
        before={day: before.get(day, []) for day in changed},
        after={day: after.get(day, []) for day in changed},
    )


def lock(doctor: Doctor, actor: User) -> None:
    """Let nobody book or change hours until this transaction ends. Raises NotAllowed for anybody
    but the doctor and the clinic's admins."""
    # Before any other lock, and in the order in which bookings take theirs.
    revision.bump()
    db.session.refresh(actor)
    is_own = actor.role is Role.DOCTOR and actor.id == doctor.user_id
    if not actor.is_active or not (is_own or actor.role is Role.ADMIN):
        raise NotAllowed
    db.session.refresh(doctor, with_for_update=True)


def complaints(wanted: Sequence[Interval]) -> dict[int, Complaint]:
    """What is wrong with some hours, by their place in the list; at most one thing for each."""
    known, today = catalogue.current().places, _today()
    found: dict[int, Complaint] = {}
    for number, interval in enumerate(wanted):
        if complaint := _complaint(interval, known, today):
            found[number] = complaint
    sound = [number for number in range(len(wanted)) if number not in found]
    for earlier, later in combinations(sound, 2):
        one, other = wanted[earlier], wanted[later]
        if later not in found and _overlap(one, other, known, today):
            when = f"{WEEKDAYS[one.weekday - 1]}, {times_in_words(one)}"
            where = known[one.location_id].name
            found[later] = Complaint("starts", f"These hours overlap with {when}, at {where}.")
    return found


def _today() -> date:
    return clock.today(settings.current().zoneinfo)


def _complaint(
    interval: Interval, places: Mapping[int, LocationFacts], today: date
) -> Complaint | None:
    for name, minute in (("starts", interval.starts_minute), ("ends", interval.ends_minute)):
        if minute % MINUTES_PER_TICK or not 0 <= minute <= WHOLE_DAY:
            return Complaint(name, "Use steps of five minutes, like 09:05.")
    if interval.location_id not in places:
        return Complaint("place", "Choose a location.")
    if interval.ends_minute <= interval.starts_minute:
        return Complaint("ends", "The end must come after the start.")
    since, until = interval.valid_from, interval.valid_until
    if until is not None and until < today:
        return Complaint("until", "This day has passed.")
    if since is not None and until is not None:
        if until < since:
            return Complaint("until", "The last day must not come before the first.")
        first = since + timedelta((interval.weekday - since.isoweekday()) % 7)
        if first > until:
            weekday = WEEKDAYS[interval.weekday - 1]
            return Complaint("until", f"There is no {weekday} between these days.")
    return None


def _overlap(
    one: Interval, other: Interval, places: Mapping[int, LocationFacts], today: date
) -> bool:
    """Whether the doctor would have to be in two places at once, on some day within a year."""
    since = max(filter(None, (one.valid_from, other.valid_from, today)))
    until = min(filter(None, (one.valid_until, other.valid_until, since + A_YEAR)))
    here, there = places[one.location_id], places[other.location_id]
    if here.zone.key == there.zone.key:
        first = since + timedelta((one.weekday - since.isoweekday()) % 7)
        return (
            one.weekday == other.weekday
            and first <= until
            and one.starts_minute < other.ends_minute
            and other.starts_minute < one.ends_minute
        )
    # Walls that show other times: compare the instants themselves.
    since, until = since - 2 * ONE_DAY, until + 2 * ONE_DAY
    window = Window(
        since,
        until,
        min(local_day(since, place.zone).first for place in (here, there)),
        max(local_day(until, place.zone).last for place in (here, there)),
    )
    return bool(weekly(one, here, window) & weekly(other, there, window))


def _replace(doctor: Doctor, rows: Iterable[WorkingHours], wanted: Counter[Interval]) -> None:
    """Store what is wanted; hours that stay keep their rows."""
    missing = Counter(wanted)
    for row in rows:
        interval = interval_of(row)
        if missing[interval]:
            missing[interval] -= 1
        else:
            db.session.delete(row)
    kinds = {kind.id: kind for kind in db.session.scalars(select(VisitType))}
    for interval in missing.elements():
        db.session.add(
            WorkingHours(
                doctor_id=doctor.id,
                location_id=interval.location_id,
                weekday=interval.weekday,
                starts_minute=interval.starts_minute,
                ends_minute=interval.ends_minute,
                valid_from=interval.valid_from,
                valid_until=interval.valid_until,
                visit_types=[kinds[number] for number in sorted(interval.visit_type_ids)],
            )
        )


def in_words(rows: Iterable[WorkingHours]) -> dict[str, list[str]]:
    """Weekly hours by the names of their days: `09:00–12:00, Main Street Practice`."""
    words: dict[str, list[str]] = {}
    for row in rows:
        said = [f"{times_in_words(row)}, {row.location.name}"]
        if row.valid_from:
            said.append(f"from {row.valid_from.isoformat()}")
        if row.valid_until:
            said.append(f"until {row.valid_until.isoformat()}")
        if row.visit_types:
            said.append("only " + " and ".join(sorted(kind.name for kind in row.visit_types)))
        words.setdefault(WEEKDAYS[row.weekday - 1], []).append(" ".join(said))
    return words


def times_in_words(interval: Interval | WorkingHours) -> str:
    """`09:00–12:30`."""
    return f"{_time(interval.starts_minute)}–{_time(interval.ends_minute)}"


def _time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
