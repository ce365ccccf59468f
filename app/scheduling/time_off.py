"""Time off and extra hours: dated exceptions to a doctor's week, once or every week for a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app import clock
from app.clinic import audit, revision, settings
from app.clock import tick_of
from app.errors import NotFound
from app.extensions import db
from app.formats import long_day
from app.models import AuditEvent, Doctor, HoursException, HoursExceptionKind, Location, User
from app.models.reference import new_ref
from app.scheduling import agenda, hits, timetable
from app.scheduling.availability import ticks_in
from app.scheduling.hits import NO_ANSWER, Answer
from app.scheduling.openings import ZONES_APART
from app.scheduling.wishes import EXTRA_HOURS, LONGEST_NOTE, Faulty, Span, Wish, spans_of
from app.transaction import transactional

ADDED, REMOVED = "added", "removed"


class Gone(NotFound):
    sentence = "This is over, or it was deleted already."


@dataclass(frozen=True, slots=True)
class Entry:
    """What was made together: one time off, or the coming ones of a series."""

    rows: tuple[HoursException, ...]

    @property
    def first(self) -> HoursException:
        return self.rows[0]

    @property
    def last(self) -> HoursException:
        return self.rows[-1]


@dataclass(frozen=True, slots=True)
class Lot:
    """What is added or removed at once: time off, or extra hours at a location."""

    kind: HoursExceptionKind
    spans: Sequence[Span]
    location: Location | None
    note: str

    @classmethod
    def of(cls, rows: Sequence[HoursException]) -> Lot:
        first, spans = rows[0], [(row.starts_at, row.ends_at) for row in rows]
        return cls(first.kind, spans, first.location, first.note)

    @property
    def facts(self) -> dict[str, Any]:
        """What the audit trail keeps of it."""
        return {
            "starts_at": [begin.isoformat() for begin, _ in self.spans],
            "ends_at": [end.isoformat() for _, end in self.spans],
            "location": self.location.name if self.location else "",
            "note": self.note,
        }


def zone_of(doctor: Doctor) -> ZoneInfo:
    """The wall on which a doctor's time off is told: that of the places where they work, or the
    clinic's where these show different times."""
    zones = {row.location.zone for row in timetable.of(doctor)}
    return ZoneInfo(zones.pop()) if len(zones) == 1 else settings.current().zoneinfo


def coming(doctor: Doctor) -> list[Entry]:
    """What is not over yet, in order of time; a series stands where its next one does."""
    rows = db.session.scalars(
        select(HoursException)
        .options(joinedload(HoursException.location))
        .where(
            HoursException.doctor_id == doctor.id,
            HoursException.ends_at > clock.database_now(),
        )
        .order_by(HoursException.starts_at, HoursException.id)
    )
    groups: dict[str, list[HoursException]] = {}
    for row in rows:
        groups.setdefault(row.series or f"row {row.id}", []).append(row)
    return [Entry(tuple(group)) for group in groups.values()]


@transactional
def add(doctor: Doctor, wish: Wish, actor: User, *, answer: Answer = NO_ANSWER) -> None:
    """Take time off, or work extra hours. What is there already is not added again.

    Raises Faulty, hits.Unanswered (and NoReason), NotAllowed.
    """
    timetable.lock(doctor, actor)
    _store(doctor, Lot(wish.kind, spans_of(wish), wish.location, wish.note), actor, answer)


@transactional
def remove(
    doctor: Doctor, number: int, actor: User, *, whole: bool, answer: Answer = NO_ANSWER
) -> int:
    """Take one exception back, or all that are to come of its series; the number by which
    `restore` brings it back.

    Raises Gone, NotFound, hits.Unanswered (and NoReason), NotAllowed.
    """
    timetable.lock(doctor, actor)
    entry = next((e for e in coming(doctor) if any(row.id == number for row in e.rows)), None)
    if entry is None:
        row = db.session.get(HoursException, number)
        raise NotFound if row is not None and row.doctor_id != doctor.id else Gone
    rows = [row for row in entry.rows if whole or row.id == number]
    lot = Lot.of(rows)

    def change() -> None:
        for row in rows:
            db.session.delete(row)

    hits.settle(hits.of_timetable(doctor, change), answer, actor)
    event = _record(REMOVED, doctor, lot, actor)
    db.session.flush()
    return event.id


@transactional
def restore(doctor: Doctor, number: int, actor: User, *, answer: Answer = NO_ANSWER) -> None:
    """Bring back what was removed under that number, as far as it is still to come. Raises
    NotFound, Faulty, hits.Unanswered (and NoReason), NotAllowed."""
    timetable.lock(doctor, actor)
    event = _removal(doctor, number)
    if event is None or event.before is None:
        raise NotFound("This can no longer be brought back.")
    said = event.before
    place = db.session.scalars(select(Location).where(Location.name == said["location"])).first()
    spans = [
        (datetime.fromisoformat(begin), datetime.fromisoformat(end))
        for begin, end in zip(said["starts_at"], said["ends_at"], strict=True)
    ]
    still = [(begin, end) for begin, end in spans if end > clock.now()]
    kind = _kind_of(event.action)
    if not still or (kind is EXTRA_HOURS and place is None):
        raise NotFound("This can no longer be brought back.")
    _store(doctor, Lot(kind, still, place, said["note"]), actor, answer)


def may_restore(doctor: Doctor, number: int) -> bool:
    """Whether something of this doctor's was removed under that number."""
    return _removal(doctor, number) is not None


def _store(doctor: Doctor, lot: Lot, actor: User, answer: Answer) -> None:
    place_id = lot.location.id if lot.location else None
    known = {
        (row.starts_at, row.ends_at)
        for entry in coming(doctor)
        for row in entry.rows
        if (row.kind, row.location_id) == (lot.kind, place_id)
    }
    lot = replace(lot, spans=[span for span in lot.spans if span not in known])
    if not lot.spans:
        return
    if lot.kind is EXTRA_HOURS and lot.location is not None:
        _refuse_two_places(doctor, lot.spans, lot.location)
    series = new_ref() if len(lot.spans) > 1 else None

    def change() -> None:
        for starts_at, ends_at in lot.spans:
            db.session.add(
                HoursException(
                    doctor_id=doctor.id,
                    kind=lot.kind,
                    location_id=place_id,
                    starts_at=starts_at,
                    ends_at=ends_at,
                    note=lot.note.strip()[:LONGEST_NOTE],
                    series=series,
                )
            )

    hits.settle(hits.of_timetable(doctor, change), answer, actor)
    _record(ADDED, doctor, lot, actor)


def _refuse_two_places(doctor: Doctor, spans: Sequence[Span], location: Location) -> None:
    """Nobody works at two places at once."""
    first = min(starts_at for starts_at, _ in spans).date() - ZONES_APART
    last = max(ends_at for _, ends_at in spans).date() + ZONES_APART
    shape = agenda.shapes(revision.current(), (doctor.id,), first, last)[doctor.id]
    for starts_at, ends_at in spans:
        span = [(tick_of(starts_at), tick_of(ends_at))]
        wanted = ticks_in(span, shape.window.first, shape.window.last)
        for place in shape.places:
            if place.location.id != location.id and place.planned & wanted:
                on = long_day(starts_at.astimezone(location.zoneinfo).date())
                raise Faulty("starts", f"On {on} there are hours at {place.location.name} then.")


def _record(deed: str, doctor: Doctor, lot: Lot, actor: User) -> AuditEvent:
    return audit.record(
        actor,
        f"doctor.{lot.kind.value}_{deed}",
        doctor,
        name=doctor.name,
        before=lot.facts if deed == REMOVED else None,
        after=lot.facts if deed == ADDED else None,
    )


def _removal(doctor: Doctor, number: int) -> AuditEvent | None:
    return db.session.scalars(
        select(AuditEvent).where(
            AuditEvent.id == number,
            AuditEvent.object_kind == "doctor",
            AuditEvent.object_id == doctor.id,
            AuditEvent.action.in_(
                [f"doctor.{kind.value}_{REMOVED}" for kind in HoursExceptionKind]
            ),
        )
    ).one_or_none()


def _kind_of(action: str) -> HoursExceptionKind:
    return HoursExceptionKind(action.removeprefix("doctor.").removesuffix(f"_{REMOVED}"))
