"""The clinic's locations, as its admins keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import contains_eager

from app.directory import entries
from app.directory.entries import InUse, some_of
from app.errors import ClinicError, NotFound
from app.extensions import db
from app.models import Appointment, Closure, Doctor, HoursException, Location, User, WorkingHours
from app.paging import Page, page_of
from app.transaction import transactional

LONGEST_ADDRESS = 200
LONGEST_CITY = 80


class Sort(StrEnum):
    """What locations may be ordered by; a leading minus turns it round."""

    NAME = "name"
    NAME_DOWN = "-name"
    CITY = "city"
    CITY_DOWN = "-city"


@dataclass(frozen=True, slots=True)
class Place:
    """What a location is; `zone` is an IANA zone."""

    name: str
    address: str
    city: str
    zone: str
    directions: str = ""
    accessibility: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A location in the list, and how many doctors have hours there."""

    location: Location
    doctors: int


class ZoneUnconfirmed(ClinicError):
    """The zone would change, and nobody has said yet that this is meant."""

    def __init__(self, before: str, after: str) -> None:
        self.before, self.after = before, after
        super().__init__("Say that the zone is meant to change; nothing is saved yet.")


def find(search: str, sort: Sort, number: int) -> Page[Line]:
    """A page of the locations whose name or town holds what is searched for."""
    query = select(Location)
    if search:
        query = query.where(
            Location.name.icontains(search, autoescape=True)
            | Location.city.icontains(search, autoescape=True)
        )
    column = Location.city if sort in {Sort.CITY, Sort.CITY_DOWN} else Location.name
    is_down = sort.value.startswith("-")
    order = [column.desc() if is_down else column, Location.id]
    page = page_of(query, Location.id.expression, order, number)
    working = _working([row.id for row in page.rows])
    lines = [Line(row, working.get(row.id, 0)) for row in page.rows]
    return Page(lines, page.number, page.total, is_more=page.is_more)


def of_slug(slug: str) -> Location:
    """The location of that name in addresses. Raises NotFound."""
    found = db.session.scalars(select(Location).where(Location.slug == slug)).one_or_none()
    if found is None:
        raise NotFound("We could not find that location.")
    return found


def all_of_them() -> Sequence[Location]:
    """All locations, in order of name."""
    return db.session.scalars(select(Location).order_by(Location.name)).all()


def worked_at_by(location: Location) -> Sequence[Doctor]:
    """The doctors who have hours there by the week, in order of name."""
    there = select(WorkingHours.doctor_id).where(WorkingHours.location_id == location.id)
    query = select(Doctor).join(Doctor.user).options(contains_eager(Doctor.user))
    return db.session.scalars(
        query.where(Doctor.id.in_(there)).order_by(User.name, Doctor.id)
    ).all()


@transactional
def create(place: Place, actor: User) -> Location:
    """A new location. Raises NotAllowed, NameTaken."""
    location = Location(slug=entries.free_slug(Location, place.name), **asdict(place))
    entries.add(location, actor)
    return location


@transactional
def change(
    location: Location, place: Place, actor: User, *, version: int, zone: str | None = None
) -> bool:
    """Change a location; whether anything did. `zone` is the new one that the actor has confirmed.

    Appointments keep their instants, and are shown on the wall of the new zone; working hours are
    times on the wall, and move with it. Raises NotAllowed, NotFound, ChangedMeanwhile, NameTaken,
    ZoneUnconfirmed.
    """
    entries.lock(location, actor, version)
    if place.zone not in {location.zone, zone}:
        raise ZoneUnconfirmed(location.zone, place.zone)
    return entries.change(location, asdict(place), actor)


@transactional
def remove(location: Location, actor: User, *, version: int) -> int:
    """Remove a location where nobody works and nobody was ever seen, and its closures with it; the
    number by which `restore` knows it. Raises NotAllowed, NotFound, ChangedMeanwhile, InUse."""
    entries.lock(location, actor, version)
    if complaint := why_needed(location):
        raise InUse(f"“{location.name}” cannot be removed: {complaint}.")
    closures = _closures(location)
    db.session.execute(delete(Closure).where(Closure.location_id == location.id))
    return entries.remove(location, actor, closures=closures)


@transactional
def restore(number: int, actor: User) -> Location:
    """Bring back what was removed under that number, and its closures. They can hit nobody: without
    the location, nothing could be booked there.

    Raises NotAllowed, NotFound, Irretrievable.
    """
    location, more = entries.restore(Location, number, actor)
    for closure in more["closures"]:
        begin, end = (datetime.fromisoformat(closure[name]) for name in ("starts_at", "ends_at"))
        reason = closure["reason"]
        db.session.add(
            Closure(location_id=location.id, starts_at=begin, ends_at=end, reason=reason)
        )
    return location


def why_needed(location: Location) -> str | None:
    """Why the location cannot be removed, as the end of a sentence, or nothing."""
    if doctors := worked_at_by(location):
        who = some_of(doctor.name for doctor in doctors)
        return f"{who} {'has' if len(doctors) == 1 else 'have'} working hours there"
    if db.session.scalar(select(exists().where(HoursException.location_id == location.id))):
        return "a doctor has extra hours there"
    if db.session.scalar(select(exists().where(Appointment.location_id == location.id))):
        return "appointments were made there, and stay in the records"
    return None


def _closures(location: Location) -> list[dict[str, str]]:
    """The closures of a location as the audit trail keeps them."""
    here = select(Closure).where(Closure.location_id == location.id).order_by(Closure.starts_at)
    return [
        {
            "starts_at": closure.starts_at.isoformat(timespec="seconds"),
            "ends_at": closure.ends_at.isoformat(timespec="seconds"),
            "reason": closure.reason,
        }
        for closure in db.session.scalars(here)
    ]


def _working(ids: Sequence[int]) -> dict[int, int]:
    """How many doctors have hours at each of some locations."""
    column = WorkingHours.location_id
    doctors = func.count(WorkingHours.doctor_id.distinct())
    query = select(column, doctors).where(column.in_(ids)).group_by(column)
    return dict(db.session.execute(query).all())
