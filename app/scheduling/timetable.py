"""A doctor's weekly hours, as the doctor or an admin sets them.

The hours are stored as a whole, as they were seen: who saves over somebody else's change is told.
Hours whose last day has passed are history and stay as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from app import clock
from app.clinic import audit, revision, settings
from app.directory import catalogue
from app.errors import ChangedMeanwhile, ClinicError, NotAllowed
from app.extensions import db
from app.models import (
    Doctor,
    HoursException,
    HoursExceptionKind,
    Location,
    Role,
    User,
    VisitType,
    WorkingHours,
)
from app.scheduling import hits
from app.scheduling.hits import NO_ANSWER, Answer
from app.scheduling.intervals import (
    WEEKDAYS,
    Complaint,
    Interval,
    complaints,
    hours_in_words,
    times_in_words,
)
from app.transaction import transactional

MOST = 70  # intervals of one doctor
FULL = f"There is room for {MOST} intervals. Remove one first."


@dataclass(frozen=True, slots=True)
class Choices:
    """What hours can be given: locations, and visit types that the doctor offers or has hours
    for; which of these are `offered` at present, by reference."""

    places: Sequence[Location]
    kinds: Sequence[VisitType]
    offered: frozenset[str]

    def is_idle(self, kinds: frozenset[str]) -> bool:
        """Whether hours that only these visit types may have cannot be booked at all."""
        return bool(kinds) and kinds.isdisjoint(self.offered)


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
    return Choices(places(), kinds, frozenset(kind.ref for kind in offered.values()))


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
    if found := complaints_about(doctor, wanted):
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


def complaints_about(doctor: Doctor, wanted: Sequence[Interval]) -> dict[int, Complaint]:
    """What is wrong with hours that are wished for, by their place in the list."""
    if len(wanted) > MOST:
        return {MOST: Complaint("starts", FULL)}
    extra = db.session.scalars(
        select(HoursException).where(
            HoursException.doctor_id == doctor.id,
            HoursException.kind == HoursExceptionKind.EXTRA_HOURS,
            HoursException.ends_at > clock.database_now(),
        )
    ).all()
    return complaints(wanted, catalogue.current().places, extra, _today())


def _today() -> date:
    return clock.today(settings.current().zoneinfo)


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
        said = hours_in_words(
            times_in_words(row),
            row.location.name,
            row.valid_from.isoformat() if row.valid_from else "",
            row.valid_until.isoformat() if row.valid_until else "",
            [kind.name for kind in row.visit_types],
        )
        words.setdefault(WEEKDAYS[row.weekday - 1], []).append(said)
    return words
