"""The clinic's visit types, as its admins keep them. What was agreed for an appointment is stored
with it, so none of this ever touches one that exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, contains_eager

from app.clinic import audit
from app.directory import entries
from app.directory.entries import InUse, some_of
from app.errors import ChangedMeanwhile, NotFound
from app.extensions import db
from app.models import Appointment, Doctor, PayWhen, User, VisitMode, VisitType, WhoMayBook
from app.models.doctor import doctor_visit_types
from app.models.hours import working_hours_visit_types
from app.paging import Page, page_of
from app.transaction import transactional

STEPS = (5, 10, 15, 20, 30, 60)
SHORTEST, LONGEST, LONGEST_BUFFER, MULTIPLE = 5, 480, 120, 5  # minutes


class Sort(StrEnum):
    """What visit types may be ordered by; a leading minus turns it round."""

    NAME = "name"
    NAME_DOWN = "-name"
    MINUTES = "minutes"
    MINUTES_DOWN = "-minutes"
    PRICE = "price"
    PRICE_DOWN = "-price"


class State(StrEnum):
    """Which visit types are listed."""

    ACTIVE = "active"
    INACTIVE = "inactive"


COLUMNS: dict[str, InstrumentedAttribute[str] | InstrumentedAttribute[int]] = {
    "name": VisitType.name,
    "minutes": VisitType.minutes,
    "price": VisitType.price_cents,
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a visit type is; minutes, and cents or what else the currency's smallest unit is."""

    name: str
    minutes: int
    buffer_before: int
    buffer_after: int
    step: int
    mode: VisitMode
    needs_approval: bool
    who_may_book: WhoMayBook
    price_cents: int
    currency: str
    preparation: str
    own_reminders: list[int] | None  # hours before; none for the clinic's
    pay_when: PayWhen = PayWhen.AT_CLINIC


@dataclass(frozen=True, slots=True)
class Line:
    """A visit type in the list, and how many doctors offer it."""

    visit_type: VisitType
    doctors: int


@dataclass(frozen=True, slots=True)
class Offered:
    """By whom a visit type is offered, in order of name, and how many have a length or a price of
    their own for it."""

    doctors: Sequence[Doctor]
    on_own_terms: int


def find(search: str, state: State | None, sort: Sort, number: int) -> Page[Line]:
    """A page of the visit types whose name holds what is searched for."""
    query = select(VisitType)
    if search:
        query = query.where(VisitType.name.icontains(search, autoescape=True))
    if state is not None:
        query = query.where(VisitType.is_active.is_(state is State.ACTIVE))
    column = COLUMNS[sort.value.removeprefix("-")]
    first: ColumnElement[str] | ColumnElement[int] = (
        column.desc() if sort.value.startswith("-") else column.asc()
    )
    page = page_of(query, VisitType.id.expression, [first, VisitType.name], number)
    offered = _offered([row.id for row in page.rows])
    lines = [Line(row, offered.get(row.id, 0)) for row in page.rows]
    return Page(lines, page.number, page.total, is_more=page.is_more)


def of_ref(ref: str) -> VisitType:
    """The visit type of that reference, active or not. Raises NotFound."""
    found = db.session.scalars(select(VisitType).where(VisitType.ref == ref)).one_or_none()
    if found is None:
        raise NotFound("We could not find that visit type.")
    return found


def offered_by(visit_type: VisitType) -> Offered:
    """The doctors who offer it, published or not."""
    row = doctor_visit_types.c
    doctors = (
        select(Doctor)
        .join(Doctor.user)
        .options(contains_eager(Doctor.user))
        .join(doctor_visit_types, row.doctor_id == Doctor.id)
        .where(row.visit_type_id == visit_type.id)
        .order_by(User.name, Doctor.id)
    )
    own = select(func.count()).where(
        row.visit_type_id == visit_type.id,
        row.own_minutes.is_not(None) | row.own_price_cents.is_not(None),
    )
    return Offered(db.session.scalars(doctors).all(), db.session.scalar(own) or 0)


@transactional
def create(terms: Terms, actor: User) -> VisitType:
    """A new visit type. Raises NotAllowed, NameTaken."""
    visit_type = VisitType(**asdict(terms))
    entries.add(visit_type, actor)
    return visit_type


@transactional
def change(visit_type: VisitType, terms: Terms, actor: User, *, version: int) -> bool:
    """Change what will be booked from now on; whether that changed anything.

    Raises NotAllowed, NotFound, ChangedMeanwhile, NameTaken.
    """
    entries.lock(visit_type, actor, version)
    return entries.change(visit_type, asdict(terms), actor)


@transactional
def set_active(visit_type: VisitType, is_active: bool, actor: User, *, version: int) -> None:
    """Let a visit type be booked, or not any more. Raises NotAllowed, NotFound,
    ChangedMeanwhile."""
    entries.lock(visit_type, actor, version)
    if visit_type.is_active is is_active:
        raise ChangedMeanwhile
    visit_type.is_active = is_active
    visit_type.version += 1
    before, after = {"is_active": not is_active}, {"is_active": is_active}
    action, name = "visit_type.active", visit_type.name
    audit.record(actor, action, visit_type, name=name, before=before, after=after)


@transactional
def remove(visit_type: VisitType, actor: User, *, version: int) -> int:
    """Remove a visit type that was never used; the number by which `restore` knows it. Raises
    NotAllowed, NotFound, ChangedMeanwhile, InUse."""
    entries.lock(visit_type, actor, version)
    if complaint := why_needed(visit_type):
        raise InUse(f"“{visit_type.name}” cannot be removed: {complaint}.")
    return entries.remove(visit_type, actor)


@transactional
def restore(number: int, actor: User) -> VisitType:
    """Bring back what was removed under that number. Raises NotAllowed, NotFound, Irretrievable."""
    return entries.restore(VisitType, number, actor)[0]


def why_needed(visit_type: VisitType) -> str | None:
    """Why the visit type cannot be removed, as the end of a sentence, or nothing."""
    if db.session.scalar(select(exists().where(Appointment.visit_type_id == visit_type.id))):
        return "appointments of it were made, and stay in the records"
    if doctors := offered_by(visit_type).doctors:
        who = some_of(doctor.name for doctor in doctors)
        return f"{who} {'offers' if len(doctors) == 1 else 'offer'} it"
    reserved = working_hours_visit_types.c.visit_type_id == visit_type.id
    if db.session.scalar(select(exists().where(reserved))):
        return "a doctor keeps hours for it"
    return None


def _offered(ids: Sequence[int]) -> dict[int, int]:
    """How many doctors offer each of some visit types."""
    column = doctor_visit_types.c.visit_type_id
    query = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return dict(db.session.execute(query).all())
