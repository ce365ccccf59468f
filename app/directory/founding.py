"""The first location, specialty, visit type and working hours of a clinic that is being set up."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.clinic import audit
from app.errors import ClinicError, NotAllowed
from app.extensions import db
from app.models import Doctor, Location, Role, Specialty, User, VisitMode, VisitType, WorkingHours
from app.models.reference import new_ref
from app.transaction import is_duplicate, transactional

LONGEST_SLUG = 50


class NameTaken(ClinicError):
    sentence = "There is one of this name already."


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    address: str
    city: str
    zone: str
    directions: str = ""
    accessibility: str = ""


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
def add_location(place: Place, actor: User) -> None:
    """Add a location. Raises NotAllowed, NameTaken."""
    _check(actor)
    facts = asdict(place)
    _store(Location(slug=slug_of(place.name), **facts), facts, actor)


@transactional
def add_specialty(name: str, actor: User) -> None:
    """Add a specialty. Raises NotAllowed, NameTaken."""
    _check(actor)
    _store(Specialty(slug=slug_of(name), name=name), {"name": name}, actor)


@transactional
def add_visit_type(kind: Kind, actor: User) -> None:
    """Add a visit type. Raises NotAllowed, NameTaken."""
    _check(actor)
    facts = asdict(kind)
    _store(VisitType(**facts), facts | {"mode": kind.mode.value}, actor)


@transactional
def set_hours(doctor: Doctor, week: Week, actor: User) -> None:
    """Give a doctor their first working hours; where there are some, they stay. Raises
    NotAllowed."""
    _check(actor)
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
    after = {
        "weekdays": ", ".join(map(str, sorted(set(week.weekdays)))),
        "starts": _wall(week.starts_minute),
        "ends": _wall(week.ends_minute),
    }
    audit.record(actor, "doctor.hours", doctor, name=doctor.name, after=after)


def locations() -> list[Location]:
    """Where a doctor can work."""
    return list(db.session.scalars(select(Location).order_by(Location.name)))


def slug_of(name: str) -> str:
    """A name as it stands in an address: `Skin & Hair` is `skin-hair`; other scripts get a
    reference."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG] or new_ref()


def _check(actor: User) -> None:
    db.session.refresh(actor)
    if actor.role is not Role.ADMIN or not actor.is_active:
        raise NotAllowed


def _store(row: Location | Specialty | VisitType, after: dict[str, Any], actor: User) -> None:
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError as fault:
        if is_duplicate(fault, "name", "slug"):
            raise NameTaken from fault
        raise
    audit.record(actor, f"{audit.kind_of(row)}.created", row, name=row.name, after=after)


def _wall(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
