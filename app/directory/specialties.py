"""The clinic's specialties, as its admins keep them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from app.directory import entries
from app.directory.entries import InUse, some_of
from app.errors import NotFound
from app.extensions import db
from app.models import Doctor, Specialty, User
from app.models.doctor import doctor_specialties
from app.paging import Page, page_of
from app.transaction import transactional


class Sort(StrEnum):
    """What specialties may be ordered by; a leading minus turns it round."""

    NAME = "name"
    NAME_DOWN = "-name"


@dataclass(frozen=True, slots=True)
class Line:
    """A specialty in the list, and how many doctors practise it."""

    specialty: Specialty
    doctors: int


def find(search: str, sort: Sort, number: int) -> Page[Line]:
    """A page of the specialties whose name holds what is searched for."""
    query = select(Specialty)
    if search:
        query = query.where(Specialty.name.icontains(search, autoescape=True))
    is_down = sort.value.startswith("-")
    order = [Specialty.name.desc() if is_down else Specialty.name]
    page = page_of(query, Specialty.id.expression, order, number)
    practised = _practised([row.id for row in page.rows])
    lines = [Line(row, practised.get(row.id, 0)) for row in page.rows]
    return Page(lines, page.number, page.total, is_more=page.is_more)


def of_slug(slug: str) -> Specialty:
    """The specialty of that name in addresses. Raises NotFound."""
    found = db.session.scalars(select(Specialty).where(Specialty.slug == slug)).one_or_none()
    if found is None:
        raise NotFound("We could not find that specialty.")
    return found


def practised_by(specialty: Specialty) -> Sequence[Doctor]:
    """The doctors who practise it, published or not, in order of name."""
    query = (
        select(Doctor)
        .join(Doctor.user)
        .options(contains_eager(Doctor.user))
        .join(doctor_specialties, doctor_specialties.c.doctor_id == Doctor.id)
        .where(doctor_specialties.c.specialty_id == specialty.id)
        .order_by(User.name, Doctor.id)
    )
    return db.session.scalars(query).all()


@transactional
def create(name: str, actor: User) -> Specialty:
    """A new specialty. Raises NotAllowed, NameTaken."""
    specialty = Specialty(slug=entries.free_slug(Specialty, name), name=name)
    entries.add(specialty, actor)
    return specialty


@transactional
def rename(specialty: Specialty, name: str, actor: User, *, version: int) -> bool:
    """Call a specialty something else; its address stays. Whether that changed anything.

    Raises NotAllowed, NotFound, ChangedMeanwhile, NameTaken.
    """
    entries.lock(specialty, actor, version)
    return entries.change(specialty, {"name": name}, actor)


@transactional
def remove(specialty: Specialty, actor: User, *, version: int) -> int:
    """Remove a specialty that no doctor practises; the number by which `restore` knows it. Raises
    NotAllowed, NotFound, ChangedMeanwhile, InUse."""
    entries.lock(specialty, actor, version)
    if doctors := practised_by(specialty):
        who = some_of(doctor.name for doctor in doctors)
        raise InUse(f"“{specialty.name}” cannot be removed: {who} would be left without it.")
    return entries.remove(specialty, actor)


@transactional
def restore(number: int, actor: User) -> Specialty:
    """Bring back what was removed under that number. Raises NotAllowed, NotFound, Irretrievable."""
    return entries.restore(Specialty, number, actor)[0]


def _practised(ids: Sequence[int]) -> dict[int, int]:
    """How many doctors practise each of some specialties."""
    column = doctor_specialties.c.specialty_id
    query = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return dict(db.session.execute(query).all())
