"""The first visit type and the first working hours of a clinic that is being set up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import select

from app.clinic import audit
from app.directory import entries
from app.extensions import db
from app.models import Doctor, Location, User, VisitMode, VisitType, WorkingHours
from app.transaction import transactional


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be booked, in minutes and cents."""

    name: str
    minutes: int
    price_cents: int
    currency: str
    mode: VisitMode
    needs_approval: bool


@dataclass(frozen=True, slots=True)
class Week:
    """The same hours on some days of each week, in ISO weekdays and wall-clock minutes."""

    location_id: int
    weekdays: Collection[int]
    starts_minute: int
    ends_minute: int


@transactional
def add_visit_type(kind: Kind, actor: User) -> None:
    """Add a visit type with what cannot be left out. Raises NotAllowed, NameTaken."""
    entries.add(VisitType(**asdict(kind)), actor)


@transactional
def set_hours(doctor: Doctor, week: Week, actor: User) -> None:
    """Give a doctor their first working hours; where there are some, they stay. Raises
    NotAllowed."""
    entries.check_admin(actor)
    db.session.refresh(doctor, with_for_update=True)
    known = select(WorkingHours.id).where(WorkingHours.doctor_id == doctor.id).limit(1)
    if db.session.scalar(known) is not None:
        return
    for weekday in sorted(set(week.weekdays)):
        row = WorkingHours(
            doctor_id=doctor.id,
            location_id=week.location_id,
            weekday=weekday,
            starts_minute=week.starts_minute,
            ends_minute=week.ends_minute,
        )
        db.session.add(row)
    doctor.version += 1
    after = {
        "weekdays": ", ".join(map(str, sorted(set(week.weekdays)))),
        "starts": _wall(week.starts_minute),
        "ends": _wall(week.ends_minute),
    }
    audit.record(actor, "doctor.hours", doctor, name=doctor.name, after=after)


def locations() -> list[Location]:
    """Where a doctor can work."""
    return list(db.session.scalars(select(Location).order_by(Location.name)))


def _wall(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
